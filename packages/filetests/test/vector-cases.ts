// Functions of one vector operation each, and vectors of edge values: what the boundary sweeps run for SIMD.
import { type DataValue, dataValue, isFloatLane, laneBits, laneCount, parseType, unsignedBits } from '@k23/ir'
import { bitsOf, floatEdges, intEdges, type SweepCase } from './sweep-cases.ts'

export interface VectorCase extends SweepCase {
  /** Opcode under which it is reported. */
  readonly family: string
}

const INTS = ['i8x16', 'i16x8', 'i32x4', 'i64x2', 'i8x8', 'i16x4', 'i32x2', 'i8x4', 'i16x2', 'i8x2']
const FLOATS = ['f32x4', 'f64x2', 'f32x2', 'f16x8', 'f16x4', 'f16x2']
const SCALARS = ['i8', 'i16', 'i32', 'i64']

export function lanesOf(type: string): number {
  return Number(type.split('x')[1] ?? 1)
}
export function laneOf(type: string): string {
  return type.split('x')[0]
}
const sizeOf = (type: string): number => bitsOf(laneOf(type)) * lanesOf(type)

/** All edge values of a lane or scalar type. */
export function edgesOf(type: string): readonly bigint[] {
  const lane = laneOf(type)
  let edges = edgeLists.get(lane)
  if (edges === undefined) {
    edges = lane[0] === 'f' ? floatEdges(bitsOf(lane)) : intEdges(bitsOf(lane), true)
    edgeLists.set(lane, edges)
  }
  return edges
}
const edgeLists = new Map<string, readonly bigint[]>()

/** The `k`-th value for an operand: edges in its lanes, each lane at another place; operand `index` runs at a speed of its own. */
export function edgeValue(type: string, index: number, k: number): bigint {
  const edges = edgesOf(type)
  const n = edges.length
  const bits = BigInt(bitsOf(laneOf(type)))
  // Operand 0 goes through the edges one by one, operand 1 on once per round, and so on.
  const round = Math.floor(k / n ** index)
  let out = 0n
  for (let i = lanesOf(type) - 1; i >= 0; i--) {
    const at = index === 0 ? k + i : round + i * 7 + index
    out = (out << bits) | edges[at % n]
  }
  return out
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}

/** At most `calls` lists of arguments, spread over all combinations of edges. */
export function* vectorArguments(c: VectorCase, calls: number): Generator<DataValue[]> {
  const total = c.params.reduce((n, t) => n * edgesOf(t).length, 1)
  const count = Math.min(total, calls)
  let step = total <= calls ? 1 : Math.max(1, Math.floor(total / count))
  // A step with a divisor in common with a number of edges would miss the rest of them.
  while (c.params.some((t) => gcd(step, edgesOf(t).length) > 1)) step++
  for (let k = 0; k < count; k++) yield c.params.map((t, i) => dataValue(parseType(t), edgeValue(t, i, k * step)))
}

/** The bits, every NaN lane as one and the same. */
function bitsWithoutNaNs(v: DataValue): bigint {
  const n = unsignedBits(v)
  if (!isFloatLane(v.type)) return n
  const w = BigInt(laneBits(v.type))
  const infinity = w === 64n ? 0x7ff0000000000000n : w === 32n ? 0x7f800000n : 0x7c00n
  let out = 0n
  for (let i = BigInt(laneCount(v.type)) - 1n; i >= 0n; i--) {
    const lane = (n >> (i * w)) & ((1n << w) - 1n)
    const magnitude = lane & ((1n << (w - 1n)) - 1n)
    out = (out << w) | (magnitude > infinity ? infinity + 1n : lane)
  }
  return out
}

/** Whether two values are the same, or, where any NaN will do, NaNs in the same lanes. */
export function sameBits(a: DataValue, b: DataValue, anyNaN: boolean): boolean {
  return anyNaN ? bitsWithoutNaNs(a) === bitsWithoutNaNs(b) : unsignedBits(a) === unsignedBits(b)
}

/** Bytes as a vector constant of CLIF. */
const literal = (bytes: readonly number[]): string =>
  `0x${[...bytes]
    .reverse()
    .map((b) => b.toString(16).padStart(2, '0'))
    .join('')}`

const ofLanes = (size: number, lane: (i: number) => number): number[] =>
  Array.from({ length: 16 }, (_, k) => lane(Math.floor(k / size)) * size + (k % size))

/** Shuffles of each class that a back end may treat apart, and some of none. */
const SHUFFLES: readonly (readonly number[])[] = [
  Array.from({ length: 16 }, (_, i) => i),
  Array.from({ length: 16 }, (_, i) => i + 16),
  Array.from({ length: 16 }, () => 0),
  Array.from({ length: 16 }, () => 13),
  Array.from({ length: 16 }, () => 31),
  Array.from({ length: 16 }, (_, i) => 6 + (i % 2)),
  Array.from({ length: 16 }, (_, i) => 24 + (i % 4)),
  Array.from({ length: 16 }, (_, i) => 8 + (i % 8)),
  Array.from({ length: 16 }, (_, i) => 5 + (i % 4)),
  Array.from({ length: 16 }, (_, i) => i + 1),
  Array.from({ length: 16 }, (_, i) => i + 15),
  Array.from({ length: 16 }, (_, i) => (i + 5) ^ 16),
  Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? i / 2 : 16 + (i >> 1))),
  Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 8 + i / 2 : 24 + (i >> 1))),
  Array.from({ length: 16 }, (_, i) => 15 - i),
  Array.from({ length: 16 }, (_, i) => 31 - i),
  Array.from({ length: 16 }, (_, i) => (i < 8 ? 2 * i : 2 * i - 15)),
  [3, 19, 0, 31, 16, 15, 7, 7, 22, 1, 30, 17, 2, 8, 25, 9],
  [16, 1, 18, 3, 20, 5, 22, 7, 24, 9, 26, 11, 28, 13, 30, 15],
  // lanes of each width in turn, even and odd lanes, pairs of halves; in both orders of the operands
  ...[1, 2, 4].flatMap((size) => {
    const n = 16 / size
    return [
      ...[0, n / 2].map((from) => ofLanes(size, (i) => from + (i >> 1) + (i & 1) * n)),
      ...[0, n / 2].map((from) => ofLanes(size, (i) => (from + (i >> 1) + (i & 1) * n) ^ n)),
      ...[0, 1].map((odd) => ofLanes(size, (i) => 2 * i + odd)),
      ...[0, 1].map((odd) => ofLanes(size, (i) => (2 * i + odd) ^ n)),
      ofLanes(size, (i) => (i * 5 + 3) % (2 * n)),
    ]
  }),
  ...[0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].map((b) => ofLanes(8, (i) => (i === 0 ? a : b)))),
  ...Array.from({ length: 10 }, (_, s) =>
    Array.from({ length: 16 }, (_, i) => (i * (2 * s + 1) * 7 + s * s * 5 + i * i * s) & 31),
  ),
]

export function vectorCases(): VectorCase[] {
  const out: VectorCase[] = []
  const def = (
    name: string,
    params: readonly string[],
    returns: readonly string[],
    lines: readonly string[],
    more: { anyNaN?: boolean; slots?: string } = {},
  ): void => {
    const unique = name.replace(/[^a-z0-9_]/g, '_')
    if (out.some((c) => c.name === unique)) throw new Error(`two cases are called ${unique}`)
    const list = params.map((t, i) => `v${i}: ${t}`).join(', ')
    const body = lines.map((l) => (/^block/.test(l) ? l : `    ${l}`)).join('\n')
    const head = `function %${unique}(${params.join(', ')}) -> ${returns.join(', ')} {\n`
    out.push({
      name: unique,
      family: name.split(' ')[0],
      params,
      half: /f16/.test(unique),
      anyNaN: more.anyNaN ?? false,
      text: `${head}${more.slots ?? ''}block0(${list}):\n${body}\n}\n`,
    })
  }

  for (const t of INTS) {
    const lane = laneOf(t)
    const bits = bitsOf(lane)
    for (const op of ['ineg', 'iabs', 'popcnt']) def(`${op} ${t}`, [t], [t], [`v9 = ${op} v0`, 'return v9'])
    const two = ['iadd', 'isub', 'imul', 'umulhi', 'smulhi', 'smin', 'smax', 'umin', 'umax', 'avg_round']
    two.push('uadd_sat', 'sadd_sat', 'usub_sat', 'ssub_sat', 'iadd_pairwise')
    if (bits === 16 || bits === 32) two.push('sqmul_round_sat')
    for (const op of two) def(`${op} ${t}`, [t, t], [t], [`v9 = ${op} v0, v1`, 'return v9'])
    for (const op of ['iadd', 'isub', 'imul']) {
      def(`${op} ${t} splat`, [t, lane], [t], [`v8 = splat.${t} v1`, `v9 = ${op} v0, v8`, 'return v9'])
      def(`${op} ${t} of splat`, [t, lane], [t], [`v8 = splat.${t} v1`, `v9 = ${op} v8, v0`, 'return v9'])
    }
    for (const k of [-17, -16, -15, -1, 0, 1, 14, 15, 16]) {
      const made = [`v7 = iconst.${lane} ${k}`, `v8 = splat.${t} v7`]
      for (const op of ['iadd', 'isub', 'imul', 'band', 'bor', 'bxor', 'umax'])
        def(`${op} ${t} imm ${k}`, [t], [t], [...made, `v9 = ${op} v0, v8`, 'return v9'])
      for (const cc of ['eq', 'ne', 'slt', 'sge', 'sgt', 'sle', 'ult', 'uge', 'ugt', 'ule'])
        def(`icmp ${cc} ${t} imm ${k}`, [t], [t], [...made, `v9 = icmp ${cc} v0, v8`, 'return v9'])
    }
    for (const op of ['ishl', 'ushr', 'sshr', 'rotl', 'rotr']) {
      for (const by of ['i8', 'i32', 'i64', 'i128'])
        def(`${op} ${t} by ${by}`, [t, by], [t], [`v9 = ${op} v0, v1`, 'return v9'])
      for (const k of [0, 1, bits - 1, bits, bits + 1, 31, 32, 33, 63, 64, 127])
        if (!out.some((c) => c.name === `${op}_${t}_imm_${k}`))
          def(`${op} ${t} imm ${k}`, [t], [t], [`v8 = iconst.i8 ${k}`, `v9 = ${op} v0, v8`, 'return v9'])
    }
    for (const cc of ['eq', 'ne', 'slt', 'sge', 'sgt', 'sle', 'ult', 'uge', 'ugt', 'ule']) {
      def(`icmp ${cc} ${t}`, [t, t], [t], [`v9 = icmp ${cc} v0, v1`, 'return v9'])
      def(
        `bitselect icmp ${cc} ${t}`,
        [t, t],
        [t],
        [`v9 = icmp ${cc} v0, v1`, 'v8 = bitselect v9, v1, v0', 'return v8'],
      )
    }
    for (const op of ['vany_true', 'vall_true']) def(`${op} ${t}`, [t], ['i8'], [`v9 = ${op} v0`, 'return v9'])
    def(
      `brif vany_true ${t}`,
      [t],
      ['i8'],
      [
        'v9 = vany_true v0',
        'brif v9, block1, block2',
        'block1:',
        'v7 = iconst.i8 1',
        'return v7',
        'block2:',
        'v8 = vall_true v0',
        'return v8',
      ],
    )
    const wide = `i${bits * 2}x${lanesOf(t) / 2}`
    const narrow = `i${bits / 2}x${lanesOf(t) * 2}`
    if (bits < 64 && lanesOf(t) === 2)
      for (const op of ['swiden_low', 'swiden_high', 'uwiden_low', 'uwiden_high'])
        def(`${op} ${t}`, [t], [`i${bits * 2}`], [`v9 = ${op} v0`, 'return v9'])
    if (bits < 64 && lanesOf(t) > 2)
      for (const op of ['swiden_low', 'swiden_high', 'uwiden_low', 'uwiden_high'])
        def(`${op} ${t}`, [t], [wide], [`v9 = ${op} v0`, 'return v9'])
    if (bits > 8)
      for (const op of ['snarrow', 'unarrow', 'uunarrow']) {
        def(`${op} ${t}`, [t, t], [narrow], [`v9 = ${op} v0, v1`, 'return v9'])
        def(`${op} ${t} twice`, [t], [narrow], [`v9 = ${op} v0, v0`, 'return v9'])
      }
  }

  for (const t of FLOATS) {
    const lane = laneOf(t)
    const ints = t.replace('f', 'i')
    for (const op of ['sqrt', 'ceil', 'floor', 'trunc', 'nearest'])
      def(`${op} ${t}`, [t], [t], [`v9 = ${op} v0`, 'return v9'], { anyNaN: true })
    for (const op of ['fneg', 'fabs']) def(`${op} ${t}`, [t], [t], [`v9 = ${op} v0`, 'return v9'])
    for (const op of ['vany_true', 'vall_true']) def(`${op} ${t}`, [t], ['i8'], [`v9 = ${op} v0`, 'return v9'])
    for (const op of ['fadd', 'fsub', 'fmul', 'fdiv', 'fmin', 'fmax']) {
      def(`${op} ${t}`, [t, t], [t], [`v9 = ${op} v0, v1`, 'return v9'], { anyNaN: true })
      def(`${op} ${t} same`, [t], [t], [`v9 = ${op} v0, v0`, 'return v9'], { anyNaN: true })
      const made = `v8 = splat.${t} v1`
      def(`${op} ${t} splat`, [t, lane], [t], [made, `v9 = ${op} v0, v8`, 'return v9'], { anyNaN: true })
      def(`${op} ${t} of splat`, [t, lane], [t], [made, `v9 = ${op} v8, v0`, 'return v9'], { anyNaN: true })
    }
    def(`fcopysign ${t}`, [t, t], [t], ['v9 = fcopysign v0, v1', 'return v9'])
    for (const [name, x, z] of [
      ['', 'v0', 'v2'],
      [' nx', 'v5', 'v2'],
      [' nz', 'v0', 'v7'],
      [' nxz', 'v5', 'v7'],
    ])
      def(`fma${name} ${t}`, [t, t, t], [t], ['v5 = fneg v0', 'v7 = fneg v2', `v9 = fma ${x}, v1, ${z}`, 'return v9'], {
        anyNaN: true,
      })
    if (lane === 'f16')
      def(
        `fma tie ${t}`,
        [t],
        [t],
        [
          'v5 = iconst.i16 0x0ffe',
          'v6 = bitcast.f16 v5',
          `v7 = splat.${t} v6`,
          'v1 = iconst.i16 0x3c01',
          'v2 = bitcast.f16 v1',
          `v3 = splat.${t} v2`,
          'v9 = fma v0, v7, v3',
          'return v9',
        ],
        { anyNaN: true },
      )
    for (const cc of ['ord', 'uno', 'eq', 'ne', 'one', 'ueq', 'lt', 'le', 'gt', 'ge', 'ult', 'ule', 'ugt', 'uge']) {
      def(`fcmp ${cc} ${t}`, [t, t], [ints], [`v9 = fcmp ${cc} v0, v1`, 'return v9'])
      def(`fcmp ${cc} ${t} same`, [t], [ints], [`v9 = fcmp ${cc} v0, v0`, 'return v9'])
      def(
        `bitselect fcmp ${cc} ${t}`,
        [t, t, ints, ints],
        [ints],
        [`v9 = fcmp ${cc} v0, v1`, 'v8 = bitselect v9, v2, v3', 'return v8'],
      )
    }
    // Integers of each width that has as many lanes.
    for (const i of INTS.filter((u) => lanesOf(u) === lanesOf(t))) {
      for (const op of ['fcvt_from_sint', 'fcvt_from_uint'])
        def(`${op} ${t} ${i}`, [i], [t], [`v9 = ${op}.${t} v0`, 'return v9'])
      for (const op of ['fcvt_to_sint_sat', 'fcvt_to_uint_sat', 'x86_cvtt2dq'])
        def(`${op} ${i} ${t}`, [t], [i], [`v9 = ${op}.${i} v0`, 'return v9'])
    }
  }
  def('fvpromote_low', ['f32x4'], ['f64x2'], ['v9 = fvpromote_low v0', 'return v9'], { anyNaN: true })
  def('fvdemote', ['f64x2'], ['f32x4'], ['v9 = fvdemote v0', 'return v9'], { anyNaN: true })

  const all = [...INTS, ...FLOATS]
  for (const t of all) {
    const lane = laneOf(t)
    for (const op of ['band', 'bor', 'bxor']) {
      def(`${op} ${t}`, [t, t], [t], [`v9 = ${op} v0, v1`, 'return v9'])
      def(`${op} not ${t}`, [t, t], [t], ['v8 = bnot v1', `v9 = ${op} v0, v8`, 'return v9'])
    }
    def(`bnot ${t}`, [t], [t], ['v9 = bnot v0', 'return v9'])
    def(`bitselect ${t}`, [t, t, t], [t], ['v9 = bitselect v0, v1, v2', 'return v9'])
    def(`blendv ${t}`, [t, t, t], [t], ['v9 = blendv v0, v1, v2', 'return v9'])
    for (const r of SCALARS) def(`vhigh_bits ${r} ${t}`, [t], [r], [`v9 = vhigh_bits.${r} v0`, 'return v9'])
    def(`splat ${t}`, [lane], [t], [`v9 = splat.${t} v0`, 'return v9'])
    def(`scalar_to_vector ${t}`, [lane], [t], [`v9 = scalar_to_vector.${t} v0`, 'return v9'])
    for (let i = 0; i < lanesOf(t); i++) {
      def(`extractlane ${t} ${i}`, [t], [lane], [`v9 = extractlane v0, ${i}`, 'return v9'])
      def(`insertlane ${t} ${i}`, [t, lane], [t], [`v9 = insertlane v0, v1, ${i}`, 'return v9'])
    }
    for (const c of ['i8', 'i16', 'i32', 'i64', 'i128']) {
      def(`select ${t} by ${c}`, [c, t, t], [t], ['v9 = select v0, v1, v2', 'return v9'])
      def(`guard ${t} by ${c}`, [c, t, t], [t], ['v9 = select_spectre_guard v0, v1, v2', 'return v9'])
    }
    def(
      `select icmp ${t}`,
      ['i32', t, t],
      [t],
      ['v8 = iconst.i32 7', 'v7 = icmp slt v0, v8', 'v9 = select v7, v1, v2', 'return v9'],
    )
    for (const order of ['little', 'big'])
      for (const at of [0, 1, 2100])
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
          { slots: '    ss0 = explicit_slot 2200\n' },
        )
    def(`bitcast ${t} ${t}`, [t], [t], [`v9 = bitcast.${t} v0`, 'return v9'])
    for (const u of [...all, 'i128', ...SCALARS, 'f16', 'f32', 'f64', 'f128']) {
      if (u === t || sizeOf(u) !== sizeOf(t)) continue
      def(`bitcast ${u} ${t}`, [t], [u], [`v9 = bitcast.${u} little v0`, 'return v9'])
      if (!all.includes(u)) def(`bitcast ${t} ${u}`, [u], [t], [`v9 = bitcast.${t} little v0`, 'return v9'])
      def(`bitcast big ${u} ${t}`, [t], [u], [`v9 = bitcast.${u} big v0`, 'return v9'])
      if (!all.includes(u)) def(`bitcast big ${t} ${u}`, [u], [t], [`v9 = bitcast.${t} big v0`, 'return v9'])
    }
    const bytes = sizeOf(t) / 8
    const constants: number[][] = [
      Array.from({ length: bytes }, () => 0),
      Array.from({ length: bytes }, () => 255),
      Array.from({ length: bytes }, () => 0x10),
      Array.from({ length: bytes }, (_, i) => (i % (bytes / lanesOf(t)) === 0 ? 15 : 0)),
      Array.from({ length: bytes }, (_, i) => (i % (bytes / lanesOf(t)) === 0 ? i / (bytes / lanesOf(t)) : 0)),
      Array.from({ length: bytes }, (_, i) => (i * 37 + 11) & 255),
      Array.from({ length: bytes }, (_, i) => (0x81 + (i % 4)) & 255),
      Array.from({ length: bytes }, (_, i) => (0x81 + (i % (bytes / lanesOf(t)))) & 255),
    ]
    constants.forEach((k, i) => {
      def(`vconst ${t} ${i}`, [t], [t], [`v8 = vconst.${t} ${literal(k)}`, 'v9 = bxor v0, v8', 'return v9'])
    })
  }
  for (const [op, t, n] of [
    ['load8x8', 'i16x8', 8],
    ['load16x4', 'i32x4', 4],
    ['load32x2', 'i64x2', 2],
  ] as const)
    for (const s of ['u', 's'])
      for (const order of ['little', 'big'])
        def(
          `${s}${op} ${order} ${n}`,
          ['i64x2'],
          [t],
          ['v5 = stack_addr.i64 ss0', 'store v0, v5+8', `v9 = ${s}${op} ${order} v5+11`, 'return v9'],
          { slots: '    ss0 = explicit_slot 32\n' },
        )
  // Sums of neighbours of what was widened, in one instruction on some machines; and what is nearly that.
  for (const t of ['i8x16', 'i16x8', 'i16x4', 'i8x8']) {
    const wide = `i${2 * bitsOf(laneOf(t))}x${lanesOf(t) / 2}`
    for (const s of ['s', 'u']) {
      const parts = [`v3 = ${s}widen_low v0`, `v4 = ${s}widen_high v0`]
      def(`extadd ${s} ${t}`, [t], [wide], [...parts, 'v9 = iadd_pairwise v3, v4', 'return v9'])
      def(`extadd turned ${s} ${t}`, [t], [wide], [...parts, 'v9 = iadd_pairwise v4, v3', 'return v9'])
      const others = [`v5 = ${s}widen_low v1`, `v6 = ${s}widen_high v1`]
      const products = ['v7 = imul v3, v5', 'v8 = imul v4, v6', 'v9 = iadd_pairwise v7, v8', 'return v9']
      def(`dot ${s} ${t}`, [t, t], [wide], [...parts, ...others, ...products])
    }
    def(
      `extadd mixed ${t}`,
      [t],
      [wide],
      ['v3 = swiden_low v0', 'v4 = uwiden_high v0', 'v9 = iadd_pairwise v3, v4', 'return v9'],
    )
    def(
      `extadd two ${t}`,
      [t, t],
      [wide],
      ['v3 = swiden_low v0', 'v4 = swiden_high v1', 'v9 = iadd_pairwise v3, v4', 'return v9'],
    )
  }
  for (const t of ['i16x8', 'i32x4', 'i16x4', 'i32x2', 'i16x2'])
    def(`x86_pmulhrsw ${t}`, [t, t], [t], ['v9 = x86_pmulhrsw v0, v1', 'return v9'])
  def('x86_pmaddubsw', ['i8x16', 'i8x16'], ['i16x8'], ['v9 = x86_pmaddubsw v0, v1', 'return v9'])
  def('x86_pshufb', ['i8x16', 'i8x16'], ['i8x16'], ['v9 = x86_pshufb v0, v1', 'return v9'])
  def('swizzle', ['i8x16', 'i8x16'], ['i8x16'], ['v9 = swizzle v0, v1', 'return v9'])
  SHUFFLES.forEach((mask, i) => {
    const list = `[${mask.join(' ')}]`
    def(`shuffle ${i}`, ['i8x16', 'i8x16'], ['i8x16'], [`v9 = shuffle v0, v1, ${list}`, 'return v9'])
    def(`shuffle same ${i}`, ['i8x16'], ['i8x16'], [`v9 = shuffle v0, v0, ${list}`, 'return v9'])
  })

  // More values than registers, over a call: spills, block parameters, arguments and results of all shapes.
  const n = 40
  const sums = Array.from({ length: n }, (_, i) => `v${100 + i} = iadd v${i === 0 ? 0 : 99 + i}, v1`)
  const back = Array.from(
    { length: n },
    (_, i) => `v${200 + i} = bxor v${i === 0 ? 0 : 199 + i}, v${100 + ((i * 7) % n)}`,
  )
  def('spill plain', ['i32x4', 'i32x4'], ['i32x4'], [...sums, ...back, `return v${199 + n}`])
  def(
    'spill loop',
    ['i32x4', 'i32x4'],
    ['i32x4', 'i32x4'],
    [
      'v2 = iconst.i32 5',
      'jump block1(v0, v1, v2)',
      'block1(v3: i32x4, v4: i32x4, v5: i32):',
      ...sums.map((l) => l.replace(/\bv0\b/, 'v3').replace(/\bv1\b/, 'v4')),
      ...back.map((l) => l.replace(/\bv0\b/, 'v3')),
      'v6 = iconst.i32 -1',
      'v7 = iadd v5, v6',
      `brif v7, block1(v4, v${199 + n}, v7), block2`,
      'block2:',
      `return v${199 + n}, v3`,
    ],
  )
  return out
}
