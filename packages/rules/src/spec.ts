// Capture specs: what a rule's variables may stand for. A rule lists its captures as a tuple of specs and names them as the
// parameters of its pattern and of its emitter; `P` is what the pattern's lambda gets, `E` what the emitter gets.
import type { Packed } from '@k23/entity'
import type {
  BlockCall,
  Constant,
  DynamicStackSlot,
  FuncRef,
  GlobalValue,
  Immediate,
  Inst,
  IntCC,
  JumpTable,
  MemFlags,
  SigRef,
  StackSlot,
  Type,
  Value,
} from '@k23/ir'
import { floatCCNames, intCCNames } from '@k23/ir'
import type { Capture, CCPat, ConstPat, ImmPat, InstPat, TypePat, ValuePat } from './pattern.ts'
import { any, type TypeSet } from './typeset.ts'

/** A 64-bit constant in place: the constant instruction itself; constLo and constHi (runtime.ts) read its words. */
export type Const64 = Packed<'Const64'>

/** A capture: `P` in the pattern, `E` in the emitter (both exist for the checker only). */
export interface Spec<P = unknown, E = unknown> {
  readonly data: SpecData
  readonly pattern?: P
  readonly emitted?: E
}

export type SpecData =
  | { readonly sort: 'value'; readonly types: TypeSet }
  | { readonly sort: 'const'; readonly test: ConstTest }
  | { readonly sort: 'cc'; readonly float: boolean; readonly mask: number }
  | { readonly sort: 'type'; readonly types: TypeSet }
  | { readonly sort: 'inst' }
  | { readonly sort: 'sinkable'; readonly op: string }
  | { readonly sort: 'imm'; readonly kind: ImmKind }

/** What a constant must satisfy. Ranges read it sign-extended or zero-extended from its type. */
export type ConstTest =
  | { readonly how: 'any' }
  | { readonly how: 'signed' | 'unsigned'; readonly min: number; readonly max: number; readonly step: number }
  | { readonly how: 'by'; readonly by: ImmBy }

/**
 * Maps a 64-bit constant of type `t` (words zero-extended from the type) to an int32 for the emitter, or NO where the rule does not
 * apply. Pure, and a named function: the name stands for it in printed rules and overlaps.
 */
export type ImmBy = (lo: number, hi: number, t: Type) => number

/** Kinds of immediate words of an instruction; each has its own TypeScript type in emitters. */
export type ImmKind = keyof ImmTypes
export interface ImmTypes {
  offset: number
  flags: MemFlags
  func: FuncRef
  sig: SigRef
  table: JumpTable
  target: BlockCall
  trap: number
  slot: StackSlot
  dynamicSlot: DynamicStackSlot
  lane: number
  rmw: number
  constant: Constant
  immediate: Immediate
  globalValue: GlobalValue
  extable: number
  item: number
  handlerBlock: number
}

const spec = <P, E>(data: SpecData): Spec<P, E> => ({ data })

/** Any value. */
export const val: Spec<ValuePat, Value> = spec({ sort: 'value', types: any })
/** A value whose type is in `types`. */
export function valOf(types: TypeSet): Spec<ValuePat, Value> {
  return spec({ sort: 'value', types })
}
/** A load (full width) whose only use is here and that can move here; the emitter gets the instruction and sinks it. */
export const sinkable: Spec<ValuePat, Inst> = spec({ sort: 'sinkable', op: 'load' })
/** As `sinkable`, for another loading opcode (`uload8`, ...). */
export function sinkableOf(op: string): Spec<ValuePat, Inst> {
  return spec({ sort: 'sinkable', op })
}

/** Any 64-bit constant; arrives as a handle. */
export const k: Spec<ConstPat, Const64> = spec({ sort: 'const', test: { how: 'any' } })
/** A constant that, sign-extended from its type, lies in [min, max] (within int32) and is a multiple of `step`; arrives as a number. */
export function intRange(min: number, max: number, step = 1): Spec<ConstPat, number> {
  return spec({ sort: 'const', test: { how: 'signed', min, max, step } })
}
/** As intRange, zero-extended; max below 2^31. */
export function uintRange(min: number, max: number, step = 1): Spec<ConstPat, number> {
  return spec({ sort: 'const', test: { how: 'unsigned', min, max, step } })
}
/** A constant that `by` maps to a number. */
export function immBy(by: ImmBy): Spec<ConstPat, number> {
  return spec({ sort: 'const', test: { how: 'by', by } })
}
/** Signed 12 bits. */
export const imm12: Spec<ConstPat, number> = intRange(-2048, 2047)
export const simm32: Spec<ConstPat, number> = intRange(-2147483648, 2147483647)

/** An integer condition code, of the named ones or any. */
export function cc(...names: string[]): Spec<CCPat, IntCC> {
  return spec({ sort: 'cc', float: false, mask: ccMask(intCCNames, names) })
}
/** A float condition code, of the named ones or any. */
export function fcc(...names: string[]): Spec<CCPat, number> {
  return spec({ sort: 'cc', float: true, mask: ccMask(floatCCNames, names) })
}
/** Mask of the condition codes with these names; all of them where there are none. */
export function ccMask(table: readonly string[], names: readonly string[]): number {
  const all = names.length === 0 ? table.filter((n) => n !== '') : names
  return all.reduce((mask, name) => {
    const code = table.indexOf(name)
    if (code < 0 || name === '') throw new Error(`no condition code is called ${name}; there are ${table.join(' ')}`)
    return mask | (1 << code)
  }, 0)
}

/** The type of a value of the pattern: `typed(ty, pattern)`. */
export function typeIn(types: TypeSet): Spec<TypePat, Type> {
  return spec({ sort: 'type', types })
}
export const ty: Spec<TypePat, Type> = typeIn(any)
/** An instruction of the pattern, the root included: `at(inst, pattern)`. */
export const inst: Spec<InstPat, Inst> = spec({ sort: 'inst' })

/** An immediate word of an instruction, unconstrained. */
export function imm<K extends ImmKind>(kind: K): Spec<ImmPat<K>, ImmTypes[K]> {
  return spec({ sort: 'imm', kind })
}
export const offset: Spec<ImmPat<'offset'>, number> = imm('offset')
export const flags: Spec<ImmPat<'flags'>, MemFlags> = imm('flags')
export const func: Spec<ImmPat<'func'>, FuncRef> = imm('func')
export const sig: Spec<ImmPat<'sig'>, SigRef> = imm('sig')
export const jumpTable: Spec<ImmPat<'table'>, JumpTable> = imm('table')
export const target: Spec<ImmPat<'target'>, BlockCall> = imm('target')
export const trapCode: Spec<ImmPat<'trap'>, number> = imm('trap')
export const stackSlot: Spec<ImmPat<'slot'>, StackSlot> = imm('slot')
export const lane: Spec<ImmPat<'lane'>, number> = imm('lane')
export const rmwOp: Spec<ImmPat<'rmw'>, number> = imm('rmw')
export const constant: Spec<ImmPat<'constant'>, Constant> = imm('constant')
export const immediate: Spec<ImmPat<'immediate'>, Immediate> = imm('immediate')
export const globalValue: Spec<ImmPat<'globalValue'>, GlobalValue> = imm('globalValue')

/** The captures of a rule as the pattern's lambda gets them. */
export type PatternsOf<C extends readonly Spec[]> = { [I in keyof C]: C[I] extends Spec<infer P, unknown> ? P : never }
/** The captures of a rule as its emitter gets them. */
export type EmittedOf<C extends readonly Spec[]> = { [I in keyof C]: C[I] extends Spec<unknown, infer E> ? E : never }

/** The capture objects for a tuple of specs. */
export function capturesOf(specs: readonly Spec[]): Capture[] {
  return specs.map((s, index) => ({ kind: 'capture', index, spec: s.data }))
}
