// Every pure opcode on every i8: functions that run through all operands of one operation and make a number of the results, and the same number from the
// interpreter's evaluators. Which opcodes there are comes from the opcode table.
import {
  ctrlAllows,
  type DataValue,
  dataValue,
  F16,
  F32,
  F64,
  Format,
  I16,
  I32,
  I64,
  I8,
  intCCNames,
  isFloat,
  NEEDS_CTRL_IN_TEXT,
  NUM_OPCODES,
  operandConstraint,
  opFlags,
  opFormat,
  opName,
  opNumOperands,
  satisfies,
  type Type,
  typeName,
  unsignedBits,
} from '@k23/ir'
import { evalPure, isEvaluable } from '@k23/ir/interpreter'

export interface ExhaustiveCase {
  readonly name: string
  /** `%name(i64, i64) -> i32`: the digest of the results for the operands numbered from the first argument up to the second. */
  readonly text: string
  /** How many lists of operands there are: list n has the bytes of n. */
  readonly count: number
  /** Outcome of list n: its results, or undefined where it traps. */
  readonly results: (n: number) => readonly DataValue[] | undefined
}

/** What a third operand may be: bit masks, or a carry. */
const THIRD = [0, 1, 0x7f, 0x80, 0xff, 0x5a, 0x01, 0xfe]
const FACTOR = 0x01000193
const bytes: readonly DataValue[] = Array.from({ length: 256 }, (_, n) => dataValue(I8, n))

/** Digest of the results from list `from` on to before `to`. */
export function digest(c: ExhaustiveCase, from: number, to: number): number {
  let h = 0
  for (let n = from; n < to; n++)
    for (const r of c.results(n) ?? [])
      h = Math.imul(h, FACTOR) + Number(BigInt.asIntN(32, unsignedBits(r) ^ (unsignedBits(r) >> 32n)))
  return h | 0
}

export function exhaustiveCases(): ExhaustiveCase[] {
  const out: ExhaustiveCase[] = []
  for (let op = 1; op < NUM_OPCODES; op++) {
    if (!isEvaluable(op)) continue
    const operands = opNumOperands[op]
    const format = opFormat[op]
    if (operands < 1 || operands > 3 || format === Format.LoadNoOffset) continue
    // Of i8 throughout, or from i8 to another type.
    const types = [I8, I16, I32, I64, F16, F32, F64].filter(
      (t) =>
        ctrlAllows(op, t) &&
        Array.from({ length: operands }, (_, i) => i).every((i) => satisfies(operandConstraint(op, i), I8, t)) &&
        (t === I8 || (opFlags[op] & NEEDS_CTRL_IN_TEXT) !== 0),
    )
    for (const t of types)
      if (format === Format.IntCompare) intCCNames.forEach((cc, i) => out.push(makeCase(op, t, ` ${cc}`, i)))
      else out.push(makeCase(op, t, '', 0))
  }
  return out
}

/** Operands of list n: its bytes; the third is a choice. */
function operandsOf(op: number, n: number): DataValue[] {
  const list = [bytes[n & 255]]
  if (opNumOperands[op] > 1) list.push(bytes[(n >> 8) & 255])
  if (opNumOperands[op] > 2) list.push(bytes[carries(op) ? (n >> 16) & 1 : THIRD[(n >> 16) & 7]])
  return list
}
const carries = (op: number): boolean => /_[cb]in$/.test(opName[op])

function makeCase(op: number, type: Type, suffix: string, imm0: number): ExhaustiveCase {
  const operands = opNumOperands[op]
  const results = (n: number): readonly DataValue[] | undefined => {
    const outcome = evalPure(op, type, operandsOf(op, n), { imm0 })
    if ('unsupported' in outcome) throw new Error(`${opName[op]}: ${outcome.unsupported}`)
    return 'results' in outcome ? outcome.results : undefined
  }
  const shape = results(0x8001) ?? results(1) ?? []
  const name = `${opName[op]}${suffix}_${typeName(type)}`.replace(/\W/g, '_')
  const text = `${opName[op]}${(opFlags[op] & NEEDS_CTRL_IN_TEXT) !== 0 ? `.${typeName(type)}` : ''}${suffix}`
  const defs = shape.map((_, i) => `v${30 + i}`)
  const traps = /^[us](div|rem)$/.test(opName[op])
  const lines = [
    '    v5 = iconst.i64 8',
    '    v6 = iconst.i64 16',
    '    v10 = ireduce.i8 v2',
    ...(operands > 1 ? ['    v7 = ushr v2, v5', '    v11 = ireduce.i8 v7'] : []),
    ...(operands > 2 ? third(op) : []),
    // A division that traps is left out.
    ...(traps
      ? [
          '    v40 = iconst.i8 -1',
          '    v41 = iconst.i8 -128',
          '    v42 = icmp eq v11, v40',
          '    v43 = icmp eq v10, v41',
          '    v44 = band v42, v43',
          '    v45 = iconst.i8 0',
          '    v46 = icmp eq v11, v45',
          ...(opName[op] === 'sdiv' ? ['    v47 = bor v44, v46'] : ['    v47 = bor v46, v46']),
          '    brif v47, block3(v3), block2',
          'block2:',
        ]
      : []),
    `    ${defs.join(', ')} = ${text} ${['v10', 'v11', 'v12'].slice(0, operands).join(', ')}`,
    ...shape.flatMap((r, i) => mix(r.type, i, i === 0 ? 'v3' : `v${59 + i}`)),
    `    jump block3(v${59 + shape.length})`,
  ]
  return {
    name,
    count: operands === 1 ? 256 : operands === 2 ? 65536 : 65536 * (carries(op) ? 2 : 8),
    results,
    text: `function %${name}(i64, i64) -> i32 {
block0(v0: i64, v1: i64):
    v4 = iconst.i32 0
    jump block1(v0, v4)
block1(v2: i64, v3: i32):
${lines.join('\n')}
block3(v70: i32):
    v71 = iconst.i64 1
    v72 = iadd v2, v71
    v73 = icmp ult v72, v1
    brif v73, block1(v72, v70), block4
block4:
    return v70
}
`,
  }
}

/** The third operand: bit 16 of the number, or one of the list, packed into a constant. */
function third(op: number): string[] {
  if (carries(op))
    return ['    v8 = ushr v2, v6', '    v9 = ireduce.i8 v8', '    v13 = iconst.i8 1', '    v12 = band v9, v13']
  const packed = THIRD.reduce((n, x, i) => n | (BigInt(x) << BigInt(8 * i)), 0n)
  return [
    '    v8 = ushr v2, v6',
    '    v9 = iconst.i64 3',
    '    v13 = ishl v8, v9',
    `    v14 = iconst.i64 ${BigInt.asIntN(64, packed)}`,
    '    v15 = ushr v14, v13',
    '    v12 = ireduce.i8 v15',
  ]
}

/** v(60 + i) = before * FACTOR + result i, folded to 32 bits. */
function mix(type: Type, i: number, before: string): string[] {
  if (isFloat(type)) {
    const ints = type === F64 ? I64 : type === F32 ? I32 : I16
    return [`    v${40 + i} = bitcast.${typeName(ints)} v${30 + i}`, ...mixInt(ints, i, `v${40 + i}`, before)]
  }
  return mixInt(type, i, `v${30 + i}`, before)
}

function mixInt(type: Type, i: number, x: string, before: string): string[] {
  const [k, p, w] = [`v${100 + 10 * i}`, `v${101 + 10 * i}`, `v${102 + 10 * i}`]
  const folded =
    type === I64
      ? [
          `    v${103 + 10 * i} = iconst.i64 32`,
          `    v${104 + 10 * i} = ushr ${x}, v${103 + 10 * i}`,
          `    v${105 + 10 * i} = bxor ${x}, v${104 + 10 * i}`,
          `    ${w} = ireduce.i32 v${105 + 10 * i}`,
        ]
      : type === I32
        ? []
        : [`    ${w} = uextend.i32 ${x}`]
  return [
    ...folded,
    `    ${k} = iconst.i32 ${FACTOR}`,
    `    ${p} = imul ${before}, ${k}`,
    `    v${60 + i} = iadd ${p}, ${type === I32 ? x : w}`,
  ]
}
