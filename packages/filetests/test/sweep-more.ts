// More of the boundary sweep: atomics of every operation and width, floats in memory, f128 where it is bits, forms that few machines have.
import { RMW_OPS } from '@k23/ir'
import { bitsOf, type SweepCase } from './sweep-cases.ts'

const INTS = ['i8', 'i16', 'i32', 'i64']

/** What library routines compute: f128, and conversions of i128. */
export function quadSweepCases(): SweepCase[] {
  const out: SweepCase[] = []
  const def = (op: string, params: readonly string[], result: string, suffix = ''): void => {
    const name = `${op} ${result} ${params.join(' ')}`.replace(/[^a-z0-9_]/g, '_')
    const list = params.map((t, i) => `v${i}: ${t}`).join(', ')
    const args = params.map((_, i) => `v${i}`).join(', ')
    out.push({
      name,
      params,
      half: /f16/.test(name),
      anyNaN: true,
      text: `function %${name}(${params.join(', ')}) -> ${result} {\nblock0(${list}):\n    v9 = ${op}${suffix} ${args}\n    return v9\n}\n`,
    })
  }
  const q = 'f128'
  for (const op of ['fadd', 'fsub', 'fmul', 'fdiv', 'fmin', 'fmax']) def(op, [q, q], q)
  for (const op of ['sqrt', 'ceil', 'floor', 'trunc', 'nearest']) def(op, [q], q)
  def('fma', [q, q, q], q)
  for (const cc of ['ord', 'uno', 'eq', 'ne', 'one', 'ueq', 'lt', 'le', 'gt', 'ge', 'ult', 'ule', 'ugt', 'uge'])
    def(`fcmp ${cc}`, [q, q], 'i8')
  for (const t of ['f16', 'f32', 'f64']) {
    def('fpromote', [t], q, '.f128')
    def('fdemote', [q], t, `.${t}`)
  }
  for (const f of ['f16', 'f32', 'f64', q])
    for (const i of f === q ? [...INTS, 'i128'] : ['i128']) {
      for (const op of ['fcvt_from_sint', 'fcvt_from_uint']) def(op, [i], f, `.${f}`)
      for (const op of ['fcvt_to_sint', 'fcvt_to_uint', 'fcvt_to_sint_sat', 'fcvt_to_uint_sat'])
        def(op, [f], i, `.${i}`)
    }
  return out
}

/** Atomics of 16 bytes, and the numbers before and behind them. */
export function wideAtomicCases(): SweepCase[] {
  const t = 'i128'
  const make = (name: string, params: number, lines: readonly string[]): SweepCase => ({
    name: name.replace(/[^a-z0-9_]/g, '_'),
    params: Array.from({ length: params }, () => t),
    half: false,
    anyNaN: false,
    text: `function %${name.replace(/[^a-z0-9_]/g, '_')}(${Array.from({ length: params }, () => t).join(', ')}) -> i128, i128, i64, i64 {
    ss0 = explicit_slot 48, align = 16
block0(${Array.from({ length: params }, (_, i) => `v${i}: ${t}`).join(', ')}):
    v20 = iconst.i64 0x5aa5c33c69960ff0
    v21 = stack_addr.i64 ss0
    store v20, v21+8
    store v20, v21+32
    v22 = stack_addr.i64 ss0+16
    store v0, v22
${lines.map((l) => `    ${l}`).join('\n')}
    v24 = load.i64 v21+8
    v25 = load.i64 v21+32
    v27 = load.i128 v22
    return v23, v27, v24, v25
}
`,
  })
  return [
    ...RMW_OPS.map((op) => make(`atomic_rmw ${op} ${t}`, 2, [`v23 = atomic_rmw.${t} ${op} v22, v1`])),
    make(`atomic_cas ${t}`, 3, [`v23 = atomic_cas.${t} v22, v1, v2`]),
    make(`atomic_cas hits ${t}`, 2, [`v23 = atomic_cas.${t} v22, v0, v1`]),
    make(`atomic_load ${t}`, 1, [`v23 = atomic_load.${t} v22`]),
    make(`atomic_store ${t}`, 2, ['atomic_store v1, v22', 'v23 = bnot v1']),
  ]
}

/** Makes cases, with so many bytes of a stack slot ss0. */
function maker(): {
  readonly out: SweepCase[]
  readonly def: (
    name: string,
    params: readonly string[],
    returns: readonly string[],
    lines: readonly string[],
    slot?: number,
  ) => void
} {
  const out: SweepCase[] = []
  const def = (
    name: string,
    params: readonly string[],
    returns: readonly string[],
    lines: readonly string[],
    slot = 0,
  ): void => {
    const unique = name.replace(/[^a-z0-9_]/g, '_')
    const list = params.map((t, i) => `v${i}: ${t}`).join(', ')
    out.push({
      name: unique,
      params,
      half: /f16/.test(unique),
      anyNaN: false,
      text: `function %${unique}(${params.join(', ')}) -> ${returns.join(', ')} {
${slot === 0 ? '' : `    ss0 = explicit_slot ${slot}, align = 16\n`}block0(${list}):
${lines.map((l) => `    ${l}`).join('\n')}
}
`,
    })
  }
  return { out, def }
}

/** v0 in memory between two numbers that must stay what they are; the old value, the new one, and those beside it. */
const around = (t: string, at: number, lines: readonly string[]): string[] => [
  'v20 = iconst.i64 0x5aa5c33c69960ff0',
  'v21 = stack_addr.i64 ss0',
  'store v20, v21',
  'store v20, v21+8',
  'store v20, v21+16',
  `v22 = stack_addr.i64 ss0+${8 + at}`,
  `store v0, v22`,
  ...lines,
  'v24 = load.i64 v21',
  'v25 = load.i64 v21+16',
  'v26 = load.i64 v21+8',
  `v27 = load.${t} v22`,
  'v28 = iadd v24, v25',
  'return v23, v27, v26, v28',
]

/** Read, modify, write: by another operand on both sides, by constants, by itself; narrow stores of what was loaded extended. */
export function modifyCases(): SweepCase[] {
  const { out, def } = maker()
  const modifying = (t: string, load: string, store: string, at: number): void => {
    const narrow = store !== 'store'
    const returns = [t, t, 'i64', 'i64']
    const name = `${load} ${store} ${t} ${at}`.replace(`.${t}`, '')
    const with1 = (what: string, op: string, x: string, y: string, made: readonly string[] = []): void =>
      def(
        `modify ${what} ${name}`,
        [t, t],
        returns,
        around(t, at, [...made, `v30 = ${load} v22`, `v31 = ${op} ${x}, ${y}`, `${store} v31, v22`, 'v23 = bnot v1']),
        24,
      )
    for (const op of ['iadd', 'isub', 'band', 'bor', 'bxor']) {
      with1(op, op, 'v30', 'v1')
      with1(`${op} from`, op, 'v1', 'v30')
      with1(`${op} twice`, op, 'v30', 'v30')
      for (const k of narrow ? [0x80n] : [1n, -1n, 0x7fn, 0x80n, 0x8000n, 0x7fffffffn, 0x80000000n, 0x123456789abn])
        if (BigInt.asUintN(bitsOf(t), k) === k || k < 0n)
          with1(`${op} by ${k}`, op, 'v30', 'v32', [`v32 = iconst.${t} ${BigInt.asIntN(bitsOf(t), k)}`])
    }
    for (const op of narrow ? ['ushr'] : ['ishl', 'ushr', 'sshr', 'rotl', 'rotr']) {
      with1(op, op, 'v30', 'v1')
      for (const k of [0, 1, bitsOf(t) - 1, bitsOf(t), 33])
        if (k !== 33 || bitsOf(t) !== 32) with1(`${op} by ${k}`, op, 'v30', 'v32', [`v32 = iconst.i8 ${k}`])
    }
    for (const op of ['ineg', 'bnot'])
      def(
        `modify ${op} ${name}`,
        [t, t],
        returns,
        around(t, at, [`v30 = ${load} v22`, `v31 = ${op} v30`, `${store} v31, v22`, 'v23 = bnot v1']),
        24,
      )
  }
  for (const t of INTS) modifying(t, `load.${t}`, 'store', t === 'i8' ? 3 : 0)
  for (const [bits, at] of [
    [8, 5],
    [16, 2],
    [32, 4],
  ])
    for (const t of INTS)
      if (bitsOf(t) > bits)
        for (const sign of ['u', 's'])
          modifying(t, `${sign}load${bits}.${t}`, `istore${bits}`, at + bitsOf(t) / 8 > 8 ? 0 : at)
  return out
}

export function moreSweepCases(): SweepCase[] {
  const { out, def } = maker()
  for (const t of INTS) {
    const size = bitsOf(t) / 8
    for (let at = 0; at < 8; at += size) {
      const returns = [t, t, 'i64', 'i64']
      for (const op of RMW_OPS)
        def(`atomic_rmw ${op} ${t} ${at}`, [t, t], returns, around(t, at, [`v23 = atomic_rmw.${t} ${op} v22, v1`]), 24)
      // No one asks for the old value.
      for (const op of ['add', 'sub', 'and', 'or', 'xor', 'nand', 'umin']) {
        const unused = `v30 = atomic_rmw.${t} ${op} v22,`
        def(`atomic_rmw ${op} unused ${t} ${at}`, [t, t], returns, around(t, at, [`${unused} v1`, 'v23 = bnot v1']), 24)
        for (const k of at === 0 ? [1n, -128n, 0x80n, 0x7fffffffn, 0x123456789n] : [])
          def(
            `atomic_rmw ${op} unused ${t} by ${k}`,
            [t, t],
            returns,
            around(t, at, [`v31 = iconst.${t} ${BigInt.asIntN(bitsOf(t), k)}`, `${unused} v31`, 'v23 = bnot v1']),
            24,
          )
      }
      def(`atomic_cas ${t} ${at}`, [t, t, t], returns, around(t, at, [`v23 = atomic_cas.${t} v22, v1, v2`]), 24)
      def(`atomic_cas hits ${t} ${at}`, [t, t], returns, around(t, at, [`v23 = atomic_cas.${t} v22, v0, v1`]), 24)
      def(`atomic_load ${t} ${at}`, [t], returns, around(t, at, [`v23 = atomic_load.${t} v22`]), 24)
      def(`atomic_store ${t} ${at}`, [t, t], returns, around(t, at, ['atomic_store v1, v22', 'v23 = bnot v1']), 24)
    }
  }
  for (const t of ['f16', 'f32', 'f64', 'f128'])
    for (const order of ['little', 'big'])
      for (const at of [0, 3, 2050])
        def(
          `memory ${order} ${at} ${t}`,
          [t],
          [t, 'i8'],
          [
            'v5 = stack_addr.i64 ss0',
            `store ${order} v0, v5+${at}`,
            `v8 = load.${t} ${order} v5+${at}`,
            `v9 = load.i8 v5+${at}`,
            'return v8, v9',
          ],
          2080,
        )
  for (const op of ['band', 'bor', 'bxor'])
    def(`${op} f128`, ['f128', 'f128'], ['f128'], [`v9 = ${op} v0, v1`, 'return v9'])
  def('bnot f128', ['f128'], ['f128'], ['v9 = bnot v0', 'return v9'])
  for (const op of ['bitselect', 'blendv'])
    def(`${op} f128`, ['f128', 'f128', 'f128'], ['f128'], [`v9 = ${op} v0, v1, v2`, 'return v9'])
  for (const c of [...INTS, 'i128'])
    for (const [op, name] of [
      ['select', 'select'],
      ['select_spectre_guard', 'guard'],
    ])
      def(`${name} f128 by ${c}`, [c, 'f128', 'f128'], ['f128'], [`v9 = ${op} v0, v1, v2`, 'return v9'])
  def('bitcast f128 f128', ['f128'], ['f128'], ['v9 = bitcast.f128 v0', 'return v9'])
  def('bitcast i128 f128', ['f128'], ['i128'], ['v9 = bitcast.i128 v0', 'return v9'])
  def('bitcast f128 i128', ['i128'], ['f128'], ['v9 = bitcast.f128 v0', 'return v9'])
  for (const op of ['fneg', 'fabs']) def(`${op} f128`, ['f128'], ['f128'], [`v9 = ${op} v0`, 'return v9'])
  def('fcopysign f128', ['f128', 'f128'], ['f128'], ['v9 = fcopysign v0, v1', 'return v9'])
  def('avg_round i128', ['i128', 'i128'], ['i128'], ['v9 = avg_round v0, v1', 'return v9'])
  for (const op of ['udiv', 'sdiv', 'urem', 'srem'])
    def(`${op} i128`, ['i128', 'i128'], ['i128'], [`v9 = ${op} v0, v1`, 'return v9'])
  return out
}
