// Patchable calls, turned off and on in placed code. The CLIF interpreter says what comes out, of a text in which the calls that are off are not there.
import { CodegenError, compile, patchableCalls } from '@k23/codegen'
import { dataValue, formatDataValues, I64, parseFunctions } from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { FUEL, patchCode, RETURNED } from '@k23/machine'
import { describe, expect, test } from 'vitest'
import { emulators, Guest, machines } from './guest.ts'

/** Lines that end with `; patch` are the patchable calls, in order. */
const hooks: Readonly<Record<string, string>> = {
  'preserve_all and the usual convention, with values that live on': `function %f(i64, i64) -> i64, i64 {
    ss0 = explicit_slot 8
    fn0 = colocated patchable %note(i64, i64) preserve_all
    fn1 = colocated patchable %count(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) system_v
block0(v0: i64, v1: i64):
    v2 = stack_addr.i64 ss0
    store v0, v2
    v3 = imul v0, v1
    v4 = iadd v3, v1
    v5 = bxor v3, v0
    v6 = isub v4, v5
    v7 = bor v6, v0
    v8 = fcvt_from_sint.f64 v7
    call fn0(v2, v1) ; patch
    call fn1(v2, v1, v3, v4, v5, v6, v7, v0, v3, v4) ; patch
    call fn0(v2, v4) ; patch
    v9 = iadd v3, v4
    v10 = iadd v5, v6
    v11 = bxor v9, v10
    v12 = iadd v11, v7
    v13 = fcvt_to_sint_sat.i64 v8
    v14 = isub v12, v13
    v15 = load.i64 v2
    return v14, v15
}`,
  'calls that may end in a handler, and those of functions that need no frame': `function %f(i64, i64) -> i64, i64 {
    ss0 = explicit_slot 8
    fn0 = colocated patchable %note(i64, i64) preserve_all
    fn1 = colocated patchable %leaf(i64, i64) tail
block0(v0: i64, v1: i64):
    v2 = stack_addr.i64 ss0
    store v1, v2
    v3 = imul v1, v0
    call fn1(v2, v3) ; patch
    try_call fn0(v2, v0), sig0, block1(v3), [ default: block2 ] ; patch: jump block1(v3)
block1(v4: i64):
    call fn1(v2, v4) ; patch
    v5 = load.i64 v2
    return v4, v5
block2:
    return v1, v1
}`,
}
const callees = `
function %note(i64, i64) preserve_all {
    fn0 = %busy(i64) -> i64 system_v
block0(v0: i64, v1: i64):
    v2 = load.i64 v0
    v3 = call fn0(v2)
    v4 = iadd v3, v1
    store v4, v0
    return
}
function %busy(i64) -> i64 system_v {
block0(v0: i64):
    v1 = imul v0, v0
    v2 = fcvt_from_sint.f64 v1
    v3 = fadd v2, v2
    v4 = fcvt_to_sint_sat.i64 v3
    v5 = iadd v4, v1
    return v5
}
function %leaf(i64, i64) tail {
block0(v0: i64, v1: i64):
    store v1, v0
    return
}
function %count(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) system_v {
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64, v9: i64):
    v10 = load.i64 v0
    v11 = isub v8, v9
    v12 = iadd v10, v11
    store v12, v0
    return
}`

const PATCH = /^.*; patch(?:: (.*))?$/gm

/** The text without the calls whose bit in `off` is set. */
function without(text: string, off: number): string {
  let k = 0
  return text.replace(PATCH, (line, instead: string | undefined) => ((off >> k++) & 1 ? (instead ?? '') : line))
}

function expected(text: string, args: readonly bigint[]): string {
  const functions = parseFunctions(text + callees).functions.map((f) => f.func)
  const values = args.map((a) => dataValue(I64, a))
  const o = createInterpreter(functions).invoke('f', values)
  if (!('results' in o)) throw new Error(JSON.stringify(o))
  return formatDataValues(o.results)
}

const allocators = ['single_pass', 'backtracking']
const cases = Object.entries(hooks).flatMap(([name, text]) => allocators.map((a) => [name, a, text] as const))
const ARGS = [
  [3n, 5n],
  [-7n, 1n << 40n],
]

describe.each(machines)('$name', (m) => {
  test.skipIf(m.missing !== undefined).each(cases)('%s, %s', (_, regalloc_algorithm, text) => {
    const guest = new Guest(m)
    for (const features of m.target === 'riscv64' ? [{}, { has_c: true }] : [{}]) {
      const program = guest.load(text + callees, { target: m.target, features, settings: { regalloc_algorithm } })
      const calls = patchableCalls(program.module)
      expect(calls.length).toBe(text.match(PATCH)?.length)
      const seen = new Set<string>()
      // All on at first, then every choice; the last is all on again.
      for (const off of [0, ...Array.from({ length: 2 ** calls.length }, (_, i) => i), 0]) {
        calls.forEach(({ offset, enabled, disabled }, k) => {
          expect(disabled.length).toBe(enabled.length)
          patchCode(guest.machine, program.base + offset, (off >> k) & 1 ? disabled : enabled)
        })
        for (const args of ARGS) {
          guest.enter(
            program,
            args.map((a) => dataValue(I64, a)),
          )
          expect(guest.machine.run(guest.hart).kind).toBe(RETURNED)
          const got = guest.results(program)
          expect(`${off} ${got}`).toBe(`${off} ${expected(without(text, off), args)}`)
          seen.add(got)
        }
      }
      expect(seen.size).toBeGreaterThan(calls.length)
    }
  })
})

describe.each(emulators)('$name', (m) => {
  const text = `function %f(i64, i64) -> i64 {
    fn0 = colocated patchable %note(i64, i64) preserve_all
block0(v0: i64, v1: i64):
    v2 = imul v0, v1
    call fn0(v0, v2)
    v3 = iadd v2, v1
    return v3
}${callees}`

  /** Registers before and behind the call. */
  function aroundCall(off: boolean): { before: bigint[]; behind: bigint[]; steps: number } {
    const guest = new Guest(m)
    const { hart, machine } = guest
    const program = guest.load(text, { target: m.target })
    const [call] = patchableCalls(program.module)
    if (off) patchCode(machine, program.base + call.offset, call.disabled)
    const start = program.base + call.offset
    const word = machine.memory.map(8, 3)
    guest.enter(program, [dataValue(I64, BigInt(word)), dataValue(I64, 3n)])
    const step = (): void => {
      hart.fuel = 1
      expect(machine.run(hart).kind).toBe(FUEL)
    }
    const all = (): bigint[] => Array.from({ length: guest.registers.count }, (_, r) => guest.read(r))
    while (hart.pc !== start) step()
    const before = all()
    let steps = 0
    for (; hart.pc !== start + call.enabled.length; steps++) step()
    return { before, behind: all(), steps }
  }

  test('a call that is off touches no register, one that is on only what preserve_all leaves open', () => {
    const off = aroundCall(true)
    expect(off.behind).toEqual(off.before)
    expect(off.steps).toBeLessThan(3)
    const on = aroundCall(false)
    expect(on.steps).toBeGreaterThan(10)
    const { lost } = new Guest(m).registers
    const kept = (all: readonly bigint[]): bigint[] => all.filter((_, r) => !lost.includes(r))
    expect(kept(on.behind)).toEqual(kept(on.before))
  })

  test('no nops for half an instruction', () => {
    const { target } = compile('function %f() { block0: return }', { target: m.target })
    for (const n of [-1, 1.5, m.target === 'riscv64' ? 6 : Number.NaN]) expect(() => target.nops(n)).toThrow(RangeError)
    expect(target.nops(0).length).toBe(0)
    expect(target.nops(20).length).toBe(20)
  })

  test('stack arguments that only the callee could remove', () => {
    const many = Array.from({ length: 12 }, () => 'i64').join(', ')
    const fn = (conv: string): string => `function %f(i64) {
    fn0 = colocated patchable %g(${many}) ${conv}
block0(v0: i64):
    call fn0(${Array.from({ length: 12 }, () => 'v0').join(', ')})
    return
}`
    expect(() => compile(fn('system_v'), { target: m.target })).not.toThrow()
    let error: unknown
    try {
      compile(fn('tail'), { target: m.target })
    } catch (e) {
      error = e
    }
    expect(error).toBeInstanceOf(CodegenError)
    expect((error as CodegenError).code).toBe('unsupported')
    expect((error as CodegenError).message).toMatch(/patchable call whose callee removes \d+ bytes/)
  })

  test('a callee outside of the image: what calls it is known where it is linked', () => {
    const module = compile(
      'function %f(i64) { fn0 = colocated patchable %far(i64) preserve_all block0(v0: i64): call fn0(v0) return }',
      { target: m.target },
    )
    const linked = module.image.slice()
    const [reloc] = module.relocs
    expect(module.target.relocate(linked, reloc.offset, reloc.kind, 0x1234_5678 + Number(reloc.addend))).toBe(true)
    const [there] = patchableCalls(module)
    const [here] = patchableCalls(module, linked)
    expect([there.callee, there.func.name]).toEqual(['%far', '%f'])
    expect(here.enabled).not.toEqual(there.enabled)
    expect(here.enabled).toEqual(linked.slice(there.offset, there.offset + there.enabled.length))
  })
})
