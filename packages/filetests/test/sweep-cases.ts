// Functions of one operation each, with the operand values that have broken code generators: what the boundary sweeps of all targets run.
//
// Each operation comes with all operands as arguments, and, for two operands, with one of them a constant at each edge, where rules for
// immediates live.

/** One function, and how it is called. */
export interface SweepCase {
  /** Name without `%`. */
  readonly name: string
  readonly text: string
  readonly params: readonly string[]
  /** Has an f16. */
  readonly half: boolean
  /** A NaN result may be any NaN. */
  readonly anyNaN: boolean
}

const INTS = ['i8', 'i16', 'i32', 'i64', 'i128']
const FLOATS = ['f16', 'f32', 'f64']

/** Edge values of f16: zeros, units, ties, least and greatest numbers of each kind, around the ranges of i8 and i16 and 2^10, infinities, NaNs. */
const HALVES = [
  0, 1, 0x3ff, 0x400, 0x401, 0x3800, 0x37ff, 0x3801, 0x3c00, 0x3c01, 0x3e00, 0x4100, 0x4248, 0x57f0, 0x5800, 0x5808,
  0x5bf8, 0x5bff, 0x5c00, 0x63ff, 0x6400, 0x6401, 0x6800, 0x7800, 0x77ff, 0x7bff, 0x7c00, 0x7e00, 0x7c01, 0x7dff,
  0x7fff,
]

const QUAD_BIAS = 16383
/** f128 from its parts. */
export const quad = (sign: number, exponent: number, fraction: bigint): bigint =>
  (BigInt(sign) << 127n) | (BigInt(exponent) << 112n) | (fraction & ((1n << 112n) - 1n))

function quadEdges(): bigint[] {
  const ones = (1n << 112n) - 1n
  const out: bigint[] = []
  for (const sign of [0, 1]) {
    out.push(quad(sign, 0, 0n), quad(sign, 0, 1n), quad(sign, 0, ones), quad(sign, 1, 0n), quad(sign, 1, 1n))
    out.push(quad(sign, 0x7ffe, ones), quad(sign, 0x7fff, 0n))
    for (const e of [
      -16382, -113, -112, -2, -1, 0, 1, 6, 7, 8, 10, 15, 23, 24, 31, 52, 53, 63, 64, 111, 112, 113, 127, 128,
    ])
      out.push(quad(sign, QUAD_BIAS + e, 0n), quad(sign, QUAD_BIAS + e, ones), quad(sign, QUAD_BIAS + e, 1n << 111n))
  }
  out.push(quad(0, 0x7fff, 1n << 111n), quad(1, 0x7fff, 1n), quad(0, QUAD_BIAS + 62, ones - (1n << 48n)))
  return out
}

export function bitsOf(type: string): number {
  return Number(type.slice(1))
}

const wrap = (n: bigint, bits: number): bigint => BigInt.asUintN(bits, n)

/** Edge values of an integer type: for all combinations of operands, with those of immediate fields for constants, or with many powers of two. */
export function intEdges(bits: number, constants: boolean, many = false): bigint[] {
  const top = 1n << BigInt(bits - 1)
  const out = [0n, 1n, 2n, 7n, -1n, -2n, top, top - 1n, top + 1n, 0x5555555555555555n]
  if (bits > 8) out.push(0x80n, 0xffn, 0x8000n, 0xffffn)
  if (bits > 16) out.push(0x80000000n, 0x7fffffffn)
  if (bits > 32) out.push(0xffffffffn, 0x100000000n)
  if (bits > 64) out.push(1n << 63n, (1n << 64n) - 1n, 1n << 64n, 0xfedcba9876543210_0123456789abcdefn)
  if (many || constants) {
    for (const k of many ? [3, 5, 6, 11, 12, 16, 31, 32, 33, 47, 63, 64, 65, 96, 127] : [11]) {
      const p = 1n << BigInt(k)
      out.push(p, p - 1n, p + 1n, -p, -p - 1n)
    }
  }
  return [...new Set(out.map((n) => wrap(n, bits)))]
}

/** Edge values of a float type, as bits. */
export function floatEdges(bits: number): bigint[] {
  if (bits === 128) return quadEdges()
  if (bits === 16) return HALVES.flatMap((h) => [BigInt(h), BigInt(h | 0x8000)])
  const doubles = [
    0,
    1,
    -1,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    0.49999999999999994,
    3.7,
    -3.7,
    127,
    127.9,
    128,
    -128.9,
    -129,
    255.9,
    256,
    32767.5,
    32768,
    -32768.9,
    65535.9,
    65536,
    // Ties of f16, and what is so near that f32 makes a tie of it.
    1 + 2 ** -11,
    1 + 2 ** -11 + 2 ** -40,
    1 + 3 * 2 ** -11 - 2 ** -40,
    2 ** -25,
    2 ** -25 + 2 ** -60,
    2 ** -24 + 2 ** -25 - 2 ** -60,
    65519.99999999,
    65520,
    2 ** 23,
    2 ** 23 + 1,
    2 ** 24 + 2,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 52 - 0.5,
    2 ** 52,
    2 ** 53 + 2,
    2 ** 63,
    -(2 ** 63),
    2 ** 64,
    Number.POSITIVE_INFINITY,
    1e300,
    1e-300,
    5e-324,
    2 ** -126,
    2 ** -149,
    Number.MAX_VALUE,
    3.4028234663852886e38,
  ]
  const v = new DataView(new ArrayBuffer(8))
  const out = new Set<bigint>()
  for (const x of doubles) {
    for (const s of [x, -x]) {
      if (bits === 64) {
        v.setFloat64(0, s)
        out.add(v.getBigUint64(0))
      } else {
        v.setFloat32(0, s)
        out.add(BigInt(v.getUint32(0)))
      }
    }
  }
  const nans =
    bits === 64
      ? [0x7ff8000000000000n, 0xfff8000000000001n, 0x7ff0000000000001n]
      : [0x7fc00000n, 0xffc00001n, 0x7f800001n]
  for (const n of nans) out.add(n)
  return [...out]
}

/** All cases; `many`: with constants around every power of two that matters anywhere. */
export function sweepCases(many: boolean): SweepCase[] {
  const out: SweepCase[] = []
  const seen = new Set<string>()
  const def = (
    name: string,
    params: readonly string[],
    returns: readonly string[],
    lines: readonly string[],
    anyNaN = false,
  ): void => {
    const unique = name.replace(/[^a-z0-9_]/g, '_')
    if (seen.has(unique)) throw new Error(`two cases are called ${unique}`)
    seen.add(unique)
    const list = params.map((t, i) => `v${i}: ${t}`).join(', ')
    const body = lines.map((l) => (/^block/.test(l) ? l : `    ${l}`)).join('\n')
    out.push({
      name: unique,
      params,
      half: /f16/.test(unique),
      anyNaN,
      text: `function %${unique}(${params.join(', ')}) -> ${returns.join(', ')} {\nblock0(${list}):\n${body}\n}\n`,
    })
  }
  /** Makes v`at` a constant. */
  const constant = (at: number, type: string, value: bigint): string[] => {
    if (type !== 'i128') return [`v${at} = iconst.${type} ${BigInt.asIntN(bitsOf(type), value)}`]
    return [
      `v${at + 1} = iconst.i64 ${BigInt.asIntN(64, value)}`,
      `v${at + 2} = iconst.i64 ${BigInt.asIntN(64, value >> 64n)}`,
      `v${at} = iconcat v${at + 1}, v${at + 2}`,
    ]
  }
  /** `op` with two operands, as arguments and with each as a constant. */
  const binary = (
    name: string,
    types: readonly [string, string],
    returns: readonly string[],
    lines: (a: string, b: string) => string[],
  ): void => {
    def(name, types, returns, lines('v0', 'v1'))
    for (const side of [0, 1]) {
      for (const k of intEdges(bitsOf(types[side]), true, many)) {
        const other = types[1 - side]
        const made = constant(1, types[side], k)
        def(`${name} ${side === 0 ? 'left' : 'right'} ${k}`, [other], returns, [
          ...made,
          ...(side === 0 ? lines('v1', 'v0') : lines('v0', 'v1')),
        ])
      }
    }
  }

  for (const t of INTS) {
    const bits = bitsOf(t)
    for (const op of ['ineg', 'iabs', 'bnot', 'clz', 'cls', 'ctz', 'popcnt', 'bitrev'])
      def(`${op} ${t}`, [t], [t], [`v9 = ${op} v0`, 'return v9'])
    if (bits > 8) def(`bswap ${t}`, [t], [t], ['v9 = bswap v0', 'return v9'])
    const two = ['iadd', 'isub', 'imul', 'smin', 'smax', 'umin', 'umax', 'band', 'bor', 'bxor']
    two.push('umulhi', 'smulhi')
    if (bits <= 64) two.push('udiv', 'sdiv', 'urem', 'srem')
    for (const op of two) binary(`${op} ${t}`, [t, t], [t], (a, b) => [`v9 = ${op} ${a}, ${b}`, 'return v9'])
    // What machines make shifts and additions of.
    if (bits <= 64)
      for (const k of [3, 5, 6, 9, 10, 12, 15, 18, 24, 25, 27, 40, 45, 72, 81, 96])
        def(`imul by ${k} ${t}`, [t], [t], [`v8 = iconst.${t} ${k}`, 'v9 = imul v0, v8', 'return v9'])
    for (const op of ['band', 'bor', 'bxor']) {
      def(`${op} not ${t}`, [t, t], [t], ['v8 = bnot v1', `v9 = ${op} v0, v8`, 'return v9'])
      def(`not ${op} ${t}`, [t, t], [t], [`v8 = ${op} v0, v1`, 'v9 = bnot v8', 'return v9'])
    }
    if (bits <= 64) binary(`avg_round ${t}`, [t, t], [t], (a, b) => [`v9 = avg_round ${a}, ${b}`, 'return v9'])
    const over = ['uadd_overflow', 'sadd_overflow', 'usub_overflow', 'ssub_overflow']
    over.push('umul_overflow', 'smul_overflow')
    for (const op of over)
      binary(`${op} ${t}`, [t, t], [t, 'i8'], (a, b) => [`v8, v9 = ${op} ${a}, ${b}`, 'return v8, v9'])
    for (const op of ['uadd_overflow_cin', 'sadd_overflow_cin', 'usub_overflow_bin', 'ssub_overflow_bin'])
      def(
        `${op} ${t}`,
        [t, t, 'i8'],
        [t, 'i8'],
        ['v7 = iconst.i8 1', 'v6 = band v2, v7', `v8, v9 = ${op} v0, v1, v6`, 'return v8, v9'],
      )
    if (t === 'i32' || t === 'i64')
      binary(`uadd_overflow_trap ${t}`, [t, t], [t], (a, b) => [
        `v9 = uadd_overflow_trap ${a}, ${b}, user7`,
        'return v9',
      ])
    for (const op of ['ishl', 'ushr', 'sshr', 'rotl', 'rotr']) {
      binary(`${op} ${t}`, [t, t], [t], (a, b) => [`v9 = ${op} ${a}, ${b}`, 'return v9'])
      for (const by of INTS) if (by !== t) def(`${op} ${t} by ${by}`, [t, by], [t], [`v9 = ${op} v0, v1`, 'return v9'])
    }
    for (const op of ['bitselect', 'blendv']) def(`${op} ${t}`, [t, t, t], [t], [`v9 = ${op} v0, v1, v2`, 'return v9'])
    for (const c of INTS) {
      def(`select ${t} by ${c}`, [c, t, t], [t], ['v9 = select v0, v1, v2', 'return v9'])
      def(`guard ${t} by ${c}`, [c, t, t], [t], ['v9 = select_spectre_guard v0, v1, v2', 'return v9'])
      def(`bmask ${t} of ${c}`, [c], [t], [`v9 = bmask.${t} v0`, 'return v9'])
      if (bitsOf(c) < bits) {
        def(`uextend ${t} of ${c}`, [c], [t], [`v9 = uextend.${t} v0`, 'return v9'])
        def(`sextend ${t} of ${c}`, [c], [t], [`v9 = sextend.${t} v0`, 'return v9'])
        def(`ireduce ${c} of ${t}`, [t], [c], [`v9 = ireduce.${c} v0`, 'return v9'])
        def(
          `add after ireduce ${c} of ${t}`,
          [t, t],
          [t],
          [`v7 = ireduce.${c} v0`, `v8 = uextend.${t} v7`, 'v9 = iadd v8, v1', 'return v9'],
        )
      }
    }
    if (bits > 8) {
      def(`isplit ${t}`, [t], [`i${bits / 2}`, `i${bits / 2}`], ['v8, v9 = isplit v0', 'return v8, v9'])
      def(`iconcat ${t}`, [`i${bits / 2}`, `i${bits / 2}`], [t], ['v9 = iconcat v0, v1', 'return v9'])
    }
    for (const cc of ['eq', 'ne', 'slt', 'sge', 'sgt', 'sle', 'ult', 'uge', 'ugt', 'ule']) {
      binary(`icmp ${cc} ${t}`, [t, t], ['i8'], (a, b) => [`v9 = icmp ${cc} ${a}, ${b}`, 'return v9'])
      binary(`brif icmp ${cc} ${t}`, [t, t], ['i8'], (a, b) => [
        `v9 = icmp ${cc} ${a}, ${b}`,
        'brif v9, block1, block2',
        'block1:',
        'v10 = iconst.i8 1',
        'return v10',
        'block2:',
        'v11 = iconst.i8 0',
        'return v11',
      ])
      def(`select icmp ${cc} ${t}`, [t, t], [t], [`v9 = icmp ${cc} v0, v1`, 'v10 = select v9, v1, v0', 'return v10'])
      def(`trapz icmp ${cc} ${t}`, [t, t], [t], [`v9 = icmp ${cc} v0, v1`, 'trapz v9, user3', 'return v0'])
      def(`trapnz icmp ${cc} ${t}`, [t, t], [t], [`v9 = icmp ${cc} v0, v1`, 'trapnz v9, user4', 'return v0'])
    }
    def(
      `brif ${t}`,
      [t],
      ['i8'],
      [
        'brif v0, block1, block2',
        'block1:',
        'v10 = iconst.i8 1',
        'return v10',
        'block2:',
        'v11 = iconst.i8 0',
        'return v11',
      ],
    )
    def(`trapz ${t}`, [t], [t], ['trapz v0, user1', 'return v0'])
    def(`trapnz ${t}`, [t], [t], ['trapnz v0, user2', 'return v0'])
    for (const order of ['little', 'big']) {
      def(
        `memory ${order} ${t}`,
        [t],
        [t, 'i8'],
        [
          'v5 = stack_addr.i64 ss0',
          `store ${order} v0, v5+16`,
          `v8 = load.${t} ${order} v5+16`,
          'v9 = load.i8 v5+16',
          'return v8, v9',
        ],
      )
      out[out.length - 1] = {
        ...out[out.length - 1],
        text: out[out.length - 1].text.replace('{\n', '{\n    ss0 = explicit_slot 64\n'),
      }
    }
  }
  for (const t of ['i16', 'i32', 'i64']) {
    for (const [op, n] of [
      ['istore8', 8],
      ['istore16', 16],
      ['istore32', 32],
    ] as const) {
      if (n >= bitsOf(t)) continue
      for (const order of ['little', 'big'])
        for (const s of ['u', 's']) {
          def(
            `${op} ${s} ${order} ${t}`,
            [t],
            [t],
            ['v5 = stack_addr.i64 ss0', `${op} ${order} v0, v5+8`, `v8 = ${s}load${n}.${t} ${order} v5+8`, 'return v8'],
          )
          out[out.length - 1] = {
            ...out[out.length - 1],
            text: out[out.length - 1].text.replace('{\n', '{\n    ss0 = explicit_slot 64\n'),
          }
        }
    }
  }
  // What address and arithmetic rules fold
  for (let n = 0; n <= 4; n++) {
    def(
      `add shifted ${n}`,
      ['i64', 'i64'],
      ['i64'],
      [`v7 = iconst.i64 ${n}`, 'v8 = ishl v1, v7', 'v9 = iadd v0, v8', 'return v9'],
    )
    def(
      `add shifted word ${n}`,
      ['i64', 'i32'],
      ['i64'],
      [`v7 = iconst.i64 ${n}`, 'v6 = uextend.i64 v1', 'v8 = ishl v6, v7', 'v9 = iadd v0, v8', 'return v9'],
    )
    def(
      `add shifted signed word ${n}`,
      ['i64', 'i32'],
      ['i64'],
      [`v7 = iconst.i64 ${n}`, 'v6 = sextend.i64 v1', 'v8 = ishl v6, v7', 'v9 = iadd v8, v0', 'return v9'],
    )
  }
  def('add word', ['i64', 'i32'], ['i64'], ['v6 = uextend.i64 v1', 'v9 = iadd v0, v6', 'return v9'])
  for (const op of ['bor', 'bxor'])
    def(
      `${op} bit`,
      ['i64', 'i8'],
      ['i64'],
      ['v7 = iconst.i64 1', 'v8 = ishl v7, v1', `v9 = ${op} v0, v8`, 'return v9'],
    )
  def(
    'band not bit',
    ['i64', 'i8'],
    ['i64'],
    ['v7 = iconst.i64 1', 'v8 = ishl v7, v1', 'v6 = bnot v8', 'v9 = band v0, v6', 'return v9'],
  )

  for (const t of FLOATS) {
    const i = `i${bitsOf(t)}`
    for (const op of ['sqrt', 'ceil', 'floor', 'trunc', 'nearest'])
      def(`${op} ${t}`, [t], [t], [`v9 = ${op} v0`, 'return v9'], true)
    for (const op of ['fneg', 'fabs']) def(`${op} ${t}`, [t], [t], [`v9 = ${op} v0`, 'return v9'])
    for (const op of ['fadd', 'fsub', 'fmul', 'fdiv', 'fmin', 'fmax'])
      def(`${op} ${t}`, [t, t], [t], [`v9 = ${op} v0, v1`, 'return v9'], true)
    def(`fcopysign ${t}`, [t, t], [t], ['v9 = fcopysign v0, v1', 'return v9'])
    def(`fcopysign neg ${t}`, [t, t], [t], ['v8 = fneg v1', 'v9 = fcopysign v0, v8', 'return v9'])
    for (const [name, x, y, z] of [
      ['', 'v0', 'v1', 'v2'],
      [' nx', 'v5', 'v1', 'v2'],
      [' ny', 'v0', 'v6', 'v2'],
      [' nz', 'v0', 'v1', 'v7'],
      [' nxz', 'v5', 'v1', 'v7'],
      [' nyz', 'v0', 'v6', 'v7'],
    ])
      def(
        `fma${name} ${t}`,
        [t, t, t],
        [t],
        ['v5 = fneg v0', 'v6 = fneg v1', 'v7 = fneg v2', `v9 = fma ${x}, ${y}, ${z}`, 'return v9'],
        true,
      )
    // 0x3c01 times the first is a little less than half of the second's last bit: to be rounded once.
    if (t === 'f16')
      def(
        `fma tie ${t}`,
        [t],
        [t],
        [
          'v5 = iconst.i16 0x0ffe',
          'v6 = bitcast.f16 v5',
          'v7 = iconst.i16 0x3c01',
          'v8 = bitcast.f16 v7',
          'v9 = fma v0, v6, v8',
          'return v9',
        ],
        true,
      )
    for (const cc of ['ord', 'uno', 'eq', 'ne', 'one', 'ueq', 'lt', 'le', 'gt', 'ge', 'ult', 'ule', 'ugt', 'uge']) {
      def(`fcmp ${cc} ${t}`, [t, t], ['i8'], [`v9 = fcmp ${cc} v0, v1`, 'return v9'])
      def(`select fcmp ${cc} ${t}`, [t, t], [t], [`v9 = fcmp ${cc} v0, v1`, 'v10 = select v9, v0, v1', 'return v10'])
      def(
        `select fcmp int ${cc} ${t}`,
        [t, t, 'i16'],
        ['i16'],
        [`v9 = fcmp ${cc} v0, v1`, 'v8 = iconst.i16 77', 'v10 = select v9, v2, v8', 'return v10'],
      )
      def(
        `brif fcmp ${cc} ${t}`,
        [t, t],
        ['i8'],
        [
          `v9 = fcmp ${cc} v0, v1`,
          'brif v9, block1, block2',
          'block1:',
          'v10 = iconst.i8 1',
          'return v10',
          'block2:',
          'v11 = iconst.i8 0',
          'return v11',
        ],
      )
      def(`trapz fcmp ${cc} ${t}`, [t, t], [t], [`v9 = fcmp ${cc} v0, v1`, 'trapz v9, user3', 'return v0'])
      def(`trapnz fcmp ${cc} ${t}`, [t, t], [t], [`v9 = fcmp ${cc} v0, v1`, 'trapnz v9, user4', 'return v0'])
    }
    for (const n of INTS.slice(0, 4)) {
      for (const op of ['fcvt_to_sint', 'fcvt_to_uint', 'fcvt_to_sint_sat', 'fcvt_to_uint_sat'])
        def(`${op} ${n} ${t}`, [t], [n], [`v9 = ${op}.${n} v0`, 'return v9'])
      for (const op of ['fcvt_from_sint', 'fcvt_from_uint'])
        def(`${op} ${t} ${n}`, [n], [t], [`v9 = ${op}.${t} v0`, 'return v9'])
    }
    def(`bitcast ${i} ${t}`, [t], [i], [`v9 = bitcast.${i} v0`, 'return v9'])
    def(`bitcast ${t} ${i}`, [i], [t], [`v9 = bitcast.${t} v0`, 'return v9'])
    for (const op of ['bitselect', 'blendv']) def(`${op} ${t}`, [t, t, t], [t], [`v9 = ${op} v0, v1, v2`, 'return v9'])
    for (const c of INTS) {
      def(`select ${t} by ${c}`, [c, t, t], [t], ['v9 = select v0, v1, v2', 'return v9'])
      def(`guard ${t} by ${c}`, [c, t, t], [t], ['v9 = select_spectre_guard v0, v1, v2', 'return v9'])
    }
    for (const op of ['band', 'bor', 'bxor']) def(`${op} ${t}`, [t, t], [t], [`v9 = ${op} v0, v1`, 'return v9'])
    def(`bnot ${t}`, [t], [t], ['v9 = bnot v0', 'return v9'])
    for (const k of floatEdges(bitsOf(t))) {
      const literal = `v8 = iconst.${i} ${BigInt.asIntN(bitsOf(t), k)}`
      def(`constant ${t} ${k}`, [t], [t], [literal, `v9 = bitcast.${t} v8`, 'v10 = fcopysign v9, v0', 'return v10'])
    }
  }
  for (const t of [...INTS, ...FLOATS]) def(`bitcast ${t} ${t}`, [t], [t], [`v9 = bitcast.${t} v0`, 'return v9'])
  for (const from of FLOATS) {
    for (const to of FLOATS) {
      const op = bitsOf(from) < bitsOf(to) ? 'fpromote' : 'fdemote'
      if (from !== to) def(`${op} ${to} ${from}`, [from], [to], [`v9 = ${op}.${to} v0`, 'return v9'], true)
    }
  }
  return out
}
