// The shape of an operator in patterns, by instruction format: its value operands first, then its immediates, which may be
// left out. Comparisons and atomic_rmw put their code first, as the text format does.
// Operands of calls and returns are no part of a pattern (a rule captures the instruction and reads them), nor are block arguments.
import type { FormatName } from '@k23/ir'
import { type CCPat, type ConstPat, type ImmPat, opPattern, type ValuePat } from './pattern.ts'
import type { ImmKind } from './spec.ts'

type V = ValuePat
type Off = ImmPat<'offset'> | ConstPat | number
type Flags = ImmPat<'flags'> | number
/** A constant: a capture, or a literal that equals it as a signed or as an unsigned number of its type. */
export type K = ConstPat | number | bigint
type Imm<T extends ImmKind> = ImmPat<T> | number

/** The pattern function of each instruction format. */
export interface TermOf {
  NullAry: () => V
  Unary: (x: V) => V
  Binary: (x: V, y: V) => V
  Ternary: (x: V, y: V, z: V) => V
  MultiAry: () => V
  UnaryImm: (value: K) => V
  UnaryIeee16: (bits: K) => V
  UnaryIeee32: (bits: K) => V
  UnaryIeee64: (bits: K) => V
  UnaryConst: (constant?: Imm<'constant'>) => V
  UnaryGlobalValue: (gv?: Imm<'globalValue'>) => V
  BinaryImm8: (x: V, lane?: Imm<'lane'> | ConstPat) => V
  TernaryImm8: (x: V, y: V, lane?: Imm<'lane'> | ConstPat) => V
  Shuffle: (x: V, y: V, mask?: Imm<'immediate'>) => V
  IntCompare: (cond: CCPat | string, x: V, y: V) => V
  FloatCompare: (cond: CCPat | string, x: V, y: V) => V
  IntAddTrap: (x: V, y: V, trap?: Imm<'trap'>) => V
  Jump: (target?: Imm<'target'>) => V
  Brif: (x: V, nonZero?: Imm<'target'>, zero?: Imm<'target'>) => V
  BranchTable: (x: V, table?: Imm<'table'>) => V
  Trap: (trap?: Imm<'trap'>) => V
  CondTrap: (x: V, trap?: Imm<'trap'>) => V
  Call: (func?: Imm<'func'>) => V
  CallIndirect: (callee?: V, sig?: Imm<'sig'>) => V
  TryCall: (func?: Imm<'func'>, table?: Imm<'extable'>) => V
  TryCallIndirect: (callee?: V, table?: Imm<'extable'>) => V
  FuncAddr: (func?: Imm<'func'>) => V
  Load: (address: V, offset?: Off, flags?: Flags) => V
  Store: (x: V, address: V, offset?: Off, flags?: Flags) => V
  LoadNoOffset: (address: V, flags?: Flags) => V
  StoreNoOffset: (x: V, address: V, flags?: Flags) => V
  AtomicRmw: (op: Imm<'rmw'>, address: V, x: V, flags?: Flags) => V
  AtomicCas: (address: V, expected: V, x: V, flags?: Flags) => V
  StackAddr: (slot?: Imm<'slot'>, offset?: Off) => V
  DynamicStackAddr: (slot?: Imm<'dynamicSlot'>) => V
  ExceptionHandlerAddress: (block?: Imm<'handlerBlock'>, item?: Imm<'item'>) => V
}

/**
 * How a format's pattern arguments map to operands and immediate words: `args` value operands, and for each immediate the word
 * that it is in (0 imm0, 1 imm1, 2 both: a 64-bit constant, 3 a condition code in imm0). `first`: the immediate precedes the operands.
 */
export interface Shape {
  readonly args: number
  readonly words: readonly number[]
  readonly first?: true
  /** The operand list is longer than `args`, by how much is up to the instruction. */
  readonly variadic?: true
}
export const CONST = 2
export const CODE = 3

// biome-ignore format: table
export const SHAPES: Readonly<Record<FormatName, Shape>> = {
  NullAry:                 { args: 0, words: [] },
  Unary:                   { args: 1, words: [] },
  Binary:                  { args: 2, words: [] },
  Ternary:                 { args: 3, words: [] },
  MultiAry:                { args: 0, words: [], variadic: true },
  UnaryImm:                { args: 0, words: [CONST] },
  UnaryIeee16:             { args: 0, words: [CONST] },
  UnaryIeee32:             { args: 0, words: [CONST] },
  UnaryIeee64:             { args: 0, words: [CONST] },
  UnaryConst:              { args: 0, words: [0] },
  UnaryGlobalValue:        { args: 0, words: [0] },
  BinaryImm8:              { args: 1, words: [0] },
  TernaryImm8:             { args: 2, words: [0] },
  Shuffle:                 { args: 2, words: [0] },
  IntCompare:              { args: 2, words: [CODE], first: true },
  FloatCompare:            { args: 2, words: [CODE], first: true },
  IntAddTrap:              { args: 2, words: [0] },
  Jump:                    { args: 0, words: [0] },
  Brif:                    { args: 1, words: [0, 1] },
  BranchTable:             { args: 1, words: [0] },
  Trap:                    { args: 0, words: [0] },
  CondTrap:                { args: 1, words: [0] },
  Call:                    { args: 0, words: [0], variadic: true },
  CallIndirect:            { args: 1, words: [0], variadic: true },
  TryCall:                 { args: 0, words: [0, 1], variadic: true },
  TryCallIndirect:         { args: 1, words: [1], variadic: true },
  FuncAddr:                { args: 0, words: [0] },
  Load:                    { args: 1, words: [0, 1] },
  Store:                   { args: 2, words: [0, 1] },
  LoadNoOffset:            { args: 1, words: [1] },
  StoreNoOffset:           { args: 2, words: [1] },
  AtomicRmw:               { args: 2, words: [0, 1], first: true },
  AtomicCas:               { args: 3, words: [1] },
  StackAddr:               { args: 0, words: [0, 1] },
  DynamicStackAddr:        { args: 0, words: [0] },
  ExceptionHandlerAddress: { args: 0, words: [0, 1] },
}

/** The pattern function of opcode `op` with format `format`. */
export function term<F extends FormatName>(op: string, format: F): TermOf[F] {
  const shape = SHAPES[format]
  const make = (...given: unknown[]): ValuePat => {
    const codes = shape.first ? given.slice(0, 1) : []
    const rest = shape.first ? given.slice(1) : given
    const imms = [...codes, ...rest.slice(shape.args)]
    // A call without its callee given: any.
    const args = rest.slice(0, shape.args).filter((p) => p !== undefined)
    return opPattern(op, format, args, imms)
  }
  return make as TermOf[F]
}
