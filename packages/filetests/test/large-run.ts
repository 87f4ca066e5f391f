// Functions at a machine's limits: branches beyond every form, far traps and tables, frames beyond every offset field, more arguments and results than
// registers, tail calls between frames of different sizes. Results are compared with the CLIF interpreter's.
import { type DataValue, dataValue, F64, formatDataValues, type Func, I32, I64, parseFunctions } from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { describe, expect, test } from 'vitest'
import type { EmulatedOptions } from '../src/emulated.ts'
import type { Backend, Isa, Outcome } from '../src/index.ts'

const i64 = (n: number | bigint): DataValue => dataValue(I64, n)
const i32 = (n: number | bigint): DataValue => dataValue(I32, n)

function parse(text: string): Func[] {
  return parseFunctions(text).functions.map((f) => f.func)
}

function shown(o: Outcome): string {
  return 'results' in o ? formatDataValues(o.results) : JSON.stringify(o)
}

/** What runs the code of a target. */
export interface LargeTarget {
  readonly target: Isa
  readonly backend: (options: EmulatedOptions) => Backend
  readonly variants: readonly (readonly [
    name: string,
    features: readonly string[],
    algorithm: 'backtracking' | 'single_pass',
  ])[]
  /** Features for the function of more than 3 MB. */
  readonly hugeFeatures: readonly string[]
  /** Reversals of bits that it has. */
  readonly hugeCount: number
  /** Additions in the chains that branches go over: around where each form ends. */
  readonly distances: readonly number[]
}

/** Runs all calls of `name` both ways. */
function agree(
  on: LargeTarget,
  functions: Func[],
  name: string,
  calls: readonly (readonly DataValue[])[],
  features: readonly string[],
  algorithm: 'backtracking' | 'single_pass',
  checker = true,
  size: (bytes: number) => void = () => {},
): void {
  const backend = on.backend({ algorithm, checker, compiled: (f) => size(f.code.length) })
  const code = backend.compile(functions, {
    target: on.target,
    flags: new Map(features.map((f) => [f, 'true'])),
    settings: new Map(),
    opt: 'none',
  })
  if ('unsupported' in code) throw new Error(code.unsupported)
  const oracle = createInterpreter(functions)
  for (const args of calls) {
    const want = oracle.invoke(name, args)
    expect('unsupported' in want).toBe(false)
    expect(`${name}(${formatDataValues(args)}) = ${shown(code.invoke(name, args))}`).toBe(
      `${name}(${formatDataValues(args)}) = ${shown(want)}`,
    )
  }
  code.dispose?.()
}

/** A chain of `n` additions to v`from` with constants of two instructions, and the name of its end. Each takes 12 bytes. */
function chain(from: string, n: number, prefix: number): { lines: string[]; last: string } {
  const lines: string[] = []
  let x = from
  for (let k = 0; k < n; k++) {
    lines.push(
      `    v${prefix + 2 * k} = iconst.i64 ${0x12345 + k}`,
      `    v${prefix + 2 * k + 1} = iadd ${x}, v${prefix + 2 * k}`,
    )
    x = `v${prefix + 2 * k + 1}`
  }
  return { lines, last: x }
}

export function testLimits(on: LargeTarget): void {
  describe.each(on.variants)('%s', (_, features, algorithm) => {
    test.each(on.distances)('branches forwards and backwards over %i additions', (n) => {
      const a = chain('v2', n, 100)
      const text = `function %f(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
    jump block1(v0, v1)
block1(v2: i64, v3: i64):
    v4 = band_imm v3, 1
    brif v4, block3(v2), block2
block2:
${a.lines.join('\n')}
    jump block3(${a.last})
block3(v5: i64):
    v6 = iadd_imm v3, -1
    v7 = icmp_imm eq v6, 0
    brif v7, block4, block1(v5, v6)
block4:
    return v5
}`
      agree(
        on,
        parse(
          text.replace(
            /(v\d+) = (\w+)_imm (\w+ )?(v\d+), (-?\d+)/g,
            (_m, d, op, cc, x, k) => `${d}9000 = iconst.i64 ${k}\n    ${d} = ${op} ${cc ?? ''}${x}, ${d}9000`,
          ),
        ),
        'f',
        [
          [i64(5), i64(1)],
          [i64(5), i64(4)],
        ],
        features,
        algorithm,
      )
    })

    test('traps at a distance', () => {
      const a = chain('v0', 1500, 100)
      const lines = a.lines.flatMap((l, k) =>
        k % 40 === 1
          ? [l, `    v${9000 + k} = icmp eq v${100 + k}, v1`, `    trapnz v${9000 + k}, user${(k % 200) + 1}`]
          : [l],
      )
      const functions = parse(
        `function %f(i64, i64) -> i64 {\nblock0(v0: i64, v1: i64):\n${lines.join('\n')}\n    return ${a.last}\n}`,
      )
      let x = 7n
      const stops: bigint[] = []
      for (let k = 0; k < 1500; k++) {
        x += BigInt(0x12345 + k)
        if ((2 * k + 1) % 40 === 1) stops.push(x)
      }
      agree(on, functions, 'f', [[i64(7), i64(0)], ...stops.map((s) => [i64(7), i64(s)])], features, algorithm)
    })

    test.each([2, 400])('a table of 300 entries of %i additions each', (n) => {
      const blocks = Array.from({ length: 300 }, (_, k) => {
        const a = chain('v0', n, 1000 * (k + 1))
        return `block${k + 2}:\n${a.lines.join('\n')}\n    return ${a.last}`
      })
      const text = `function %f(i64, i32) -> i64 {
block0(v0: i64, v1: i32):
    br_table v1, block1, [${Array.from({ length: 300 }, (_, k) => `block${k + 2}`).join(', ')}]
block1:
    v2 = bnot v0
    return v2
${blocks.join('\n')}
}`
      agree(
        on,
        parse(text),
        'f',
        [0, 1, 2, 150, 298, 299, 300, 301, 0x7fffffff, -1].map((k) => [i64(3), i32(k)]),
        features,
        algorithm,
        n < 400,
      )
    })

    test.each([40, 2000, 2048, 2056, 70_000, 1_100_000])(
      'stack slots of %i bytes, a call with stack arguments, and spills',
      (size) => {
        const values = Array.from({ length: 40 }, (_, k) => k)
        const text = `function %g(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64, i64, i64, i64 {
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64, v9: i64, v10: i64):
    v11 = isub v8, v9
    v12 = iadd v11, v10
    v13 = bxor v0, v7
    return v12, v13, v9, v10
}
function %f(i64, i64) -> i64 {
    ss0 = explicit_slot 16
    ss1 = explicit_slot ${size}
    ss2 = explicit_slot 8
    fn0 = %g(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64, i64, i64, i64
block0(v0: i64, v1: i64):
    v2 = stack_addr.i64 ss1
    v3 = stack_addr.i64 ss1+${size - 8}
    v4 = stack_addr.i64 ss2
    store v0, v2
    store v1, v3
    v5 = iadd v0, v1
    store v5, v4
${values.map((k) => `    v${100 + k} = imul v${k === 0 ? 0 : 99 + k}, v1`).join('\n')}
    v6, v7, v8, v9 = call fn0(v100, v101, v102, v103, v104, v105, v106, v107, v108, v109, v110)
    v10 = load.i64 v2
    v11 = load.i64 v3
    v12 = load.i64 v4
    v13 = iadd v10, v11
    v14 = bxor v13, v12
    v15 = iadd v14, v6
    v16 = iadd v15, v7
    v17 = bxor v16, v8
    v18 = iadd v17, v9
${values.map((k) => `    v${200 + k} = ${k % 2 === 0 ? 'iadd' : 'bxor'} v${k === 0 ? 18 : 199 + k}, v${139 - k}`).join('\n')}
    return v239
}`
        agree(
          on,
          parse(text),
          'f',
          [
            [i64(3), i64(5)],
            [i64(-9), i64(0x123456789abcdefn)],
          ],
          features,
          algorithm,
        )
      },
    )

    test('more arguments and results than registers, of all types', () => {
      const types = ['i8', 'f64', 'i128', 'i32', 'f32', 'i64', 'i128', 'i16', 'f64']
      const params = Array.from({ length: 45 }, (_, k) => types[k % types.length])
      for (const convention of ['system_v', 'fast', 'tail']) {
        const sig = `(${params.join(', ')}) -> ${[...params].reverse().join(', ')} ${convention}`
        const args = (base: number): string => params.map((_, k) => `v${base + k}`).join(', ')
        const reversed = (base: number): string =>
          [...params.keys()]
            .reverse()
            .map((k) => `v${base + k}`)
            .join(', ')
        const text = `function %g${sig} {
block0(${params.map((t, k) => `v${k}: ${t}`).join(', ')}):
    return ${reversed(0)}
}
function %f${sig} {
    fn0 = %g${sig}
block0(${params.map((t, k) => `v${k}: ${t}`).join(', ')}):
    ${reversed(100)} = call fn0(${args(0)})
    ${reversed(200)} = call fn0(${args(100)})
    return ${reversed(200)}
}`
        const functions = parse(text)
        const list = functions[0].signature.params.map((p, k) =>
          dataValue(p.type, BigInt(k + 1) * 0x0123456789abcdef_fedcba9876543211n),
        )
        agree(on, functions, 'f', [list], features, algorithm)
      }
    })

    test('extended arguments and results', () => {
      const text = ['uext', 'sext']
        .flatMap((ext) =>
          ['i8', 'i16', 'i32'].map(
            (t) => `function %g_${t}_${ext}(${t} ${ext}) -> ${t} ${ext} {
block0(v0: ${t}):
    return v0
}
function %f_${t}_${ext}(i64) -> i64 {
    fn0 = %g_${t}_${ext}(${t} ${ext}) -> ${t} ${ext}
block0(v0: i64):
    v1 = ireduce.${t} v0
    v2 = call fn0(v1)
    v3 = ${ext === 'uext' ? 'uextend' : 'sextend'}.i64 v2
    return v3
}`,
          ),
        )
        .join('\n')
      const functions = parse(text)
      for (const ext of ['uext', 'sext'])
        for (const t of ['i8', 'i16', 'i32'])
          agree(
            on,
            functions,
            `f_${t}_${ext}`,
            [[i64(0x8080808080808080n)], [i64(-1)], [i64(0x7f7f7f7f7f7f7f7fn)]],
            features,
            algorithm,
          )
    })

    test('a structure by value', () => {
      const text = `function %g(i64, i64 sarg(56), i64) -> i64 {
block0(v0: i64, v1: i64, v2: i64):
    v3 = load.i64 v1
    v4 = load.i64 v1+48
    store v0, v1+8
    v5 = iadd v3, v4
    v6 = isub v5, v2
    return v6
}
function %f(i64, i64) -> i64, i64 {
    ss0 = explicit_slot 56
    fn0 = %g(i64, i64 sarg(56), i64) -> i64
block0(v0: i64, v1: i64):
    v2 = stack_addr.i64 ss0
    store v0, v2
    store v1, v2+8
    store v0, v2+48
    v3 = call fn0(v0, v2, v1)
    v4 = load.i64 v2+8
    return v3, v4
}`
      const backend = on.backend({ algorithm })
      const code = backend.compile(parse(text), {
        target: on.target,
        flags: new Map(),
        settings: new Map(),
        opt: 'none',
      })
      if ('unsupported' in code) throw new Error(code.unsupported)
      // the callee's store goes to its own copy
      expect(shown(code.invoke('f', [i64(10), i64(3)]))).toBe('[17, 3]')
    })

    test.each([100, 4096, 16384, 70_000])(
      'a stack that overflows by frames of %i bytes is noticed at its guard page',
      (size) => {
        const text = `function %f(i64, i64, i64, i64, i64, i64, i64, i64) -> i64 {
    ss0 = explicit_slot ${size}
    fn0 = %f(i64, i64, i64, i64, i64, i64, i64, i64) -> i64
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64):
    brif v0, block1, block2
block1:
    v8 = iconst.i64 -1
    v9 = iadd v0, v8
    v10 = stack_addr.i64 ss0
    store notrap v0, v10
    v11 = call fn0(v9, v2, v3, v4, v5, v6, v7, v1)
    v12 = iadd v11, v0
    return v12
block2:
    v13 = isub v1, v7
    return v13
}`
        const backend = on.backend({ algorithm })
        const flags = new Map(features.map((f) => [f, 'true']))
        const code = backend.compile(parse(text), {
          target: on.target,
          flags,
          settings: new Map([['enable_probestack', 'true']]),
          opt: 'none',
        })
        if ('unsupported' in code) throw new Error(code.unsupported)
        const args = (n: number): DataValue[] => [n, 1, 2, 3, 4, 5, 6, 70].map(i64)
        expect(code.invoke('f', args(1_000_000))).toEqual({ trap: 'stk_ovf' })
        expect(shown(code.invoke('f', args(4)))).toBe(String(4 + 3 + 2 + 1 + (5 - 4)))
      },
    )

    test('a callee that preserves all registers', () => {
      const ints = Array.from({ length: 26 }, (_, k) => k)
      const text = `function %g(i64, f64) preserve_all {
    fn0 = %h(i64, f64) -> i64
block0(v0: i64, v1: f64):
    v2 = call fn0(v0, v1)
    v3 = call fn0(v2, v1)
    return
}
function %h(i64, f64) -> i64 {
block0(v0: i64, v1: f64):
${ints.map((k) => `    v${100 + k} = imul v${k === 0 ? 0 : 99 + k}, v0\n    v${200 + k} = fadd v${k === 0 ? 1 : 199 + k}, v1`).join('\n')}
${ints.map((k) => `    v${300 + k} = iadd v${k === 0 ? 0 : 299 + k}, v${125 - k}\n    v${400 + k} = fadd v${k === 0 ? 1 : 399 + k}, v${225 - k}`).join('\n')}
    v9 = bitcast.i64 v425
    v10 = bxor v325, v9
    return v10
}
function %f(i64, f64) -> i64, f64 {
    fn0 = %g(i64, f64) preserve_all
block0(v0: i64, v1: f64):
${ints.map((k) => `    v${100 + k} = imul v${k === 0 ? 0 : 99 + k}, v0\n    v${200 + k} = fadd v${k === 0 ? 1 : 199 + k}, v1`).join('\n')}
    call fn0(v0, v1)
${ints.map((k) => `    v${300 + k} = bxor v${k === 0 ? 0 : 299 + k}, v${125 - k}\n    v${400 + k} = fsub v${k === 0 ? 1 : 399 + k}, v${225 - k}`).join('\n')}
    return v325, v425
}`
      agree(on, parse(text), 'f', [[i64(3), dataValue(F64, 0x3ff8000000000000n)]], features, algorithm)
    })

    test('tail calls between functions with more and fewer stack arguments', () => {
      const count = (n: number): string => Array.from({ length: n }, () => 'i64').join(', ')
      const list = (n: number): string => Array.from({ length: n }, (_, k) => `v${k}: i64`).join(', ')
      // Ring of functions with 3, 12, 30, 9 arguments; each passes what it has, turned around, and counts v0 down.
      const sizes = [3, 12, 30, 9]
      const text = sizes
        .map((n, k) => {
          const next = sizes[(k + 1) % sizes.length]
          const spare = Array.from({ length: Math.max(0, next - n) }, (_, j) => `    v${500 + j} = imul v${j % n}, v1`)
          const pool = [
            ...Array.from({ length: n - 1 }, (_, j) => `v${n - 1 - j}`),
            ...Array.from({ length: Math.max(0, next - n) }, (_, j) => `v${500 + j}`),
          ]
          const passed = ['v901', ...pool].slice(0, next).join(', ')
          const sum = Array.from(
            { length: n - 1 },
            (_, j) => `    v${1000 + j + 1} = ${j % 2 === 0 ? 'iadd' : 'bxor'} v${j === 0 ? 1 : 1000 + j}, v${j + 1}`,
          )
          return `function %t${k}(${count(n)}) -> i64 tail {
    ss0 = explicit_slot ${16 * (k + 1)}
    fn0 = %t${(k + 1) % sizes.length}(${count(next)}) -> i64 tail
    sig9 = (${count(next)}) -> i64 tail
block0(${list(n)}):
    brif v0, block1, block2
block1:
    v900 = iconst.i64 -1
    v901 = iadd v0, v900
    v902 = stack_addr.i64 ss0
    store v1, v902
${spare.join('\n')}
${k % 2 === 0 ? `    return_call fn0(${passed})` : `    v903 = func_addr.i64 fn0\n    return_call_indirect sig9, v903(${passed})`}
block2:
${sum.join('\n')}
    return v${1000 + n - 1}
}`
        })
        .join('\n')
      const driver = sizes
        .map(
          (n, k) => `function %f${k}(i64, i64, i64) -> i64 {
    fn0 = %t${k}(${count(n)}) -> i64 tail
block0(v0: i64, v1: i64, v2: i64):
${Array.from({ length: n }, (_, j) => `    v${10 + j} = ${j === 0 ? 'iadd v0, v1' : `imul v${9 + j}, v2`}`).join('\n')}
    v100 = call fn0(v0, ${Array.from({ length: n - 1 }, (_, j) => `v${11 + j}`).join(', ')})
    v101 = iadd v100, v1
    v102 = call fn0(v0, ${Array.from({ length: n - 1 }, (_, j) => `v${11 + j}`).join(', ')})
    v103 = bxor v101, v102
    return v103
}`,
        )
        .join('\n')
      const functions = parse(`${text}\n${driver}`)
      for (let k = 0; k < sizes.length; k++)
        agree(
          on,
          functions,
          `f${k}`,
          [0, 1, 2, 3, 4, 5, 11, 1001].map((n) => [i64(n), i64(0x1234567n), i64(3)]),
          features,
          algorithm,
        )
      // many more calls than the stack has room for frames
      const backend = on.backend({ algorithm })
      const code = backend.compile(functions, { target: on.target, flags: new Map(), settings: new Map(), opt: 'none' })
      if ('unsupported' in code) throw new Error(code.unsupported)
      expect('results' in code.invoke('f0', [i64(200_000), i64(1), i64(3)])).toBe(true)
    })
  })

  test('a function of more than 3 MB', () => {
    // Without Zbb and Zbkb the reversal of bits takes some 110 bytes.
    const count = on.hugeCount
    const lines: string[] = []
    let last = 'v2'
    let next = 100
    for (let k = 0; k < count; k++) {
      lines.push(`    v${next} = bitrev ${last}`, `    v${next + 1} = iadd v${next}, v3`)
      last = `v${next + 1}`
      next += 2
      if (k % 500 === 250) lines.push(`    v${next} = icmp eq ${last}, v3`, `    trapnz v${next++}, user8`)
    }
    const text = `function %f(i64, i64, i32) -> i64 {
block0(v0: i64, v1: i64, v99: i32):
    jump block1(v0, v1)
block1(v2: i64, v3: i64):
    v5 = icmp eq v2, v3
    trapnz v5, user9
    brif v3, block5, block3(v2)
block5:
    br_table v99, block3(v3), [block2, block4, block1(v3, v2), block3(v99999999)]
block2:
${lines.join('\n')}
    v6 = iconst.i64 1
    v7 = isub v3, v6
    v8 = icmp eq ${last}, v3
    trapnz v8, user8
    brif v7, block1(${last}, v7), block4
block3(v9: i64):
    return v9
block4:
    v10 = f64const 0x1.123456789p3
    v11 = bitcast.i64 v10
    v12 = iadd v11, v3
    brif v12, block3(v12), block1(v12, v2)
}`.replace('v99999999', 'v2')
    const functions = parse(text)
    const calls = [
      [i64(5), i64(0), i32(0)],
      [i64(5), i64(2), i32(0)],
      [i64(2), i64(2), i32(0)],
      [i64(5), i64(7), i32(1)],
      [i64(5), i64(0), i32(2)],
      [i64(5), i64(7), i32(3)],
      [i64(5), i64(7), i32(-1)],
    ]
    let size = 0
    agree(on, functions, 'f', calls, on.hugeFeatures, 'single_pass', false, (bytes) => {
      size = Math.max(size, bytes)
    })
    expect(size).toBeGreaterThan(3 << 20)
  })
}
