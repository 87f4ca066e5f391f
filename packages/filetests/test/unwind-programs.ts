// Programs whose frames differ in what unwinding has to know: saved registers, sizes, probes, stack arguments of tail calls.

/** A body that keeps many values in registers over its calls. */
function busy(name: string, conv: string, callee: string, calleeConv: string, slot: number): string {
  const n = 14
  const sums = Array.from({ length: n }, (_, i) => `    v${10 + i} = iadd v${i === 0 ? 0 : 9 + i}, v1`)
  const calls = [0, 1].map((k) => `    v${60 + k} = call fn0(v${10 + k}, v1)`)
  const uses = Array.from({ length: n }, (_, i) => `    v${40 + i} = bxor v${i === 0 ? 60 : 39 + i}, v${10 + i}`)
  return `function %${name}(i64, i64) -> i64 ${conv} {
    ss0 = explicit_slot ${slot}
    fn0 = %${callee}(i64, i64) -> i64 ${calleeConv}
block0(v0: i64, v1: i64):
    v2 = stack_addr.i64 ss0
    store v0, v2
    brif v1, block1, block2
block2:
    return v0
block1:
${[...sums, ...calls, ...uses].join('\n')}
    v3 = iadd v${40 + n - 1}, v61
    return v3
}`
}

export const leaf: string =
  'function %leaf(i64, i64) -> i64 tail { block0(v0: i64, v1: i64): v2 = isub v0, v1 return v2 }'
const leafC = leaf.replace('%leaf', '%leafc').replace(' tail', ' system_v')
const many = Array.from({ length: 14 }, () => 'i64').join(', ')
const list = (from: number): string => Array.from({ length: 14 }, (_, i) => `v${from + i}: i64`).join(', ')

export interface UnwindProgram {
  readonly text: string
  readonly settings?: Readonly<Record<string, boolean | number>>
}

/** The first function is the one to call, with two i64. */
export const unwindPrograms: Readonly<Record<string, UnwindProgram>> = {
  'callee-saved registers and early returns': {
    text: `${busy('f', 'system_v', 'g', 'tail', 16)}\n${busy('g', 'tail', 'leafc', 'system_v', 8)}\n${leafC}`,
  },
  'large frames': {
    text: `${busy('f', 'system_v', 'g', 'system_v', 70_000)}\n${busy('g', 'system_v', 'leaf', 'tail', 3000)}\n${leaf}`,
  },
  'probed frames': {
    text: `${busy('f', 'system_v', 'g', 'system_v', 70_000)}\n${busy('g', 'system_v', 'leaf', 'tail', 9000)}\n${leaf}`,
    settings: { enable_probestack: true },
  },
  'frame pointers in leaves': {
    text: `${busy('f', 'fast', 'leaf', 'tail', 16)}\n${leaf}`,
    settings: { preserve_frame_pointers: true },
  },
  'stack arguments that the callee removes, tail calls that need more': {
    text: `function %f(i64, i64) -> i64 system_v {
    fn0 = %some(i64, i64) -> i64 tail
block0(v0: i64, v1: i64):
    v2 = call fn0(v0, v1)
    v3 = iadd v2, v0
    v4 = call fn0(v3, v0)
    return v4
}
function %some(i64, i64) -> i64 tail {
    fn0 = %many(${many}) -> i64 tail
block0(v0: i64, v1: i64):
    v2 = iadd v0, v1
    return_call fn0(${Array.from({ length: 14 }, (_, i) => `v${i % 3}`).join(', ')})
}
function %many(${many}) -> i64 tail {
    fn0 = %leaf(i64, i64) -> i64 tail
    fn1 = %fewer(i64, i64) -> i64 tail
block0(${list(0)}):
    v20 = call fn0(v13, v12)
    v21 = iadd v20, v11
    return_call fn1(v21, v10)
}
function %fewer(i64, i64) -> i64 tail {
    fn0 = %leaf(i64, i64) -> i64 tail
block0(v0: i64, v1: i64):
    v2 = call fn0(v0, v1)
    v3 = iadd v2, v1
    return v3
}
${leaf}`,
  },
}
