// Loads, stores, atomics, stack slots. Atomics need no more than plain accesses: an interpreter has one thread.
//
// Where an access fails: outside what is mapped (or a store to what is not writable), it traps with the code in its flags, heap_oob by
// default; with `notrap` it must not fail, and there is no answer. Nor is there one for a misaligned address of an access that its flags
// say is aligned, or of an atomic one: a machine may trap, tear or do as it is told.
import { bug } from '@k23/entity'
import type { Inst } from '../../entities.ts'
import { RMW_OPS } from '../../format.ts'
import { ALIGNED, BIG, type MemFlags, memTrapCode, NOTRAP } from '../../memflags.ts'
import { TRAP_HEAP_OUT_OF_BOUNDS } from '../../trapcode.ts'
import { bits, bytes as typeBytes, I16, I32, I8, laneBits, type Type, typeName, vectorOf } from '../../types.ts'
import { type Bits, join, signedLanes, split } from '../lanes.ts'
import type { Frame, Machine } from '../machine.ts'
import { type Place, readPlace, writePlace } from '../memory.ts'
import { Trap, undefinedBehaviour } from '../outcome.ts'
import { reverseLaneBytes } from './convert.ts'
import type { EffectEvaluator, EffectTable } from './effects.ts'
import { concrete } from './eval-pure.ts'

/** Operand `i` as an address, plus a byte offset, in the width of the operand. */
function address(m: Machine, frame: Frame, inst: Inst, i: number, offset: number): bigint {
  const { func } = frame.code
  return BigInt.asUintN(bits(func.typeOf(func.arg(inst, i))), m.arg(frame, inst, i) + BigInt(offset))
}

function locate(m: Machine, flags: MemFlags, at: bigint, type: Type, write: boolean, atomic: boolean): Place {
  const size = typeBytes(type)
  const what = `${write ? 'store' : 'load'} of ${typeName(type)} at 0x${at.toString(16)}`
  const place = m.memory.find(at, size, write)
  if (place === undefined) {
    if ((flags & NOTRAP) !== 0) undefinedBehaviour(`${what}, which cannot be accessed, is marked notrap`)
    throw new Trap(memTrapCode(flags) || TRAP_HEAP_OUT_OF_BOUNDS)
  }
  if ((atomic || (flags & ALIGNED) !== 0) && at % BigInt(size) !== 0n)
    undefinedBehaviour(`${what}, which is not aligned`)
  return place
}

/** In memory, `type` has its lanes at ascending addresses, each lane lowest byte first or, with `big`, highest byte first. */
function inOrder(x: Bits, type: Type, flags: MemFlags): Bits {
  return (flags & BIG) === 0 ? x : reverseLaneBytes(x, type)
}

function read(place: Place, type: Type, flags: MemFlags): Bits {
  return inOrder(readPlace(place, typeBytes(type)), type, flags)
}

function write(place: Place, type: Type, flags: MemFlags, x: Bits): void {
  writePlace(place, typeBytes(type), inOrder(x, type, flags))
}

function resultType(frame: Frame, inst: Inst): Type {
  return concrete(frame.code.func.typeOf(frame.code.func.result(inst)))
}

const load: EffectEvaluator = (m, frame, inst) => {
  const { func } = frame.code
  const flags = func.imm1[inst] as MemFlags
  const type = resultType(frame, inst)
  return [read(locate(m, flags, address(m, frame, inst, 0, func.imm0[inst]), type, false, false), type, flags)]
}

/** Loads `from`, and extends each lane to the result's. */
function extendingLoad(from: Type, lanes: (x: Bits, type: Type) => bigint[]): EffectEvaluator {
  return (m, frame, inst) => {
    const { func } = frame.code
    const flags = func.imm1[inst] as MemFlags
    const place = locate(m, flags, address(m, frame, inst, 0, func.imm0[inst]), from, false, false)
    return [join(lanes(read(place, from, flags), from), resultType(frame, inst))]
  }
}

/** Stores the low bits of the operand, as many as `as` has; all of them where it is absent. */
function storeAs(as: Type | undefined): EffectEvaluator {
  return (m, frame, inst) => {
    const { func } = frame.code
    const flags = func.imm1[inst] as MemFlags
    const type = as ?? concrete(func.typeOf(func.arg(inst, 0)))
    const place = locate(m, flags, address(m, frame, inst, 1, func.imm0[inst]), type, true, false)
    write(place, type, flags, BigInt.asUintN(bits(type), m.arg(frame, inst, 0)))
    return []
  }
}

// ---- atomics

const atomicLoad: EffectEvaluator = (m, frame, inst) => {
  const flags = frame.code.func.imm1[inst] as MemFlags
  const type = resultType(frame, inst)
  return [read(locate(m, flags, m.arg(frame, inst, 0), type, false, true), type, flags)]
}

const atomicStore: EffectEvaluator = (m, frame, inst) => {
  const { func } = frame.code
  const flags = func.imm1[inst] as MemFlags
  const type = func.typeOf(func.arg(inst, 0))
  write(locate(m, flags, m.arg(frame, inst, 1), type, true, true), type, flags, m.arg(frame, inst, 0))
  return []
}

/** By the name of the operation: the new value from the old one and the operand, both unsigned; the low bits of it count. */
const updates: { readonly [op in (typeof RMW_OPS)[number]]: (old: bigint, x: bigint, w: number) => bigint } = {
  add: (old, x) => old + x,
  sub: (old, x) => old - x,
  and: (old, x) => old & x,
  nand: (old, x) => ~(old & x),
  or: (old, x) => old | x,
  xor: (old, x) => old ^ x,
  xchg: (_old, x) => x,
  umin: (old, x) => (old < x ? old : x),
  umax: (old, x) => (old > x ? old : x),
  smin: (old, x, w) => (BigInt.asIntN(w, old) < BigInt.asIntN(w, x) ? old : x),
  smax: (old, x, w) => (BigInt.asIntN(w, old) > BigInt.asIntN(w, x) ? old : x),
}

const atomicRmw: EffectEvaluator = (m, frame, inst) => {
  const { func } = frame.code
  const flags = func.imm1[inst] as MemFlags
  const type = resultType(frame, inst)
  const place = locate(m, flags, m.arg(frame, inst, 0), type, true, true)
  const old = read(place, type, flags)
  const w = laneBits(type)
  const update =
    updates[RMW_OPS[func.imm0[inst]]] ?? bug('interpreter', frame.code.name, `inst${inst}`, 'no such atomic operation')
  write(place, type, flags, BigInt.asUintN(w, update(old, m.arg(frame, inst, 1), w)))
  return [old]
}

const atomicCas: EffectEvaluator = (m, frame, inst) => {
  const flags = frame.code.func.imm1[inst] as MemFlags
  const type = resultType(frame, inst)
  const place = locate(m, flags, m.arg(frame, inst, 0), type, true, true)
  const old = read(place, type, flags)
  if (old === m.arg(frame, inst, 1)) write(place, type, flags, m.arg(frame, inst, 2))
  return [old]
}

// ---- stack slots

const stackAddr: EffectEvaluator = (_m, frame, inst) => {
  const { func, slots } = frame.code
  return [BigInt.asUintN(bits(resultType(frame, inst)), BigInt(frame.sp + slots[func.imm0[inst]] + func.imm1[inst]))]
}

const dynamicStackAddr: EffectEvaluator = (_m, frame, inst) => [
  BigInt(frame.sp + frame.code.dynamicSlots[frame.code.func.imm0[inst]]),
]

const nothing: EffectEvaluator = () => []

// biome-ignore format: table
export const memoryEvaluators: EffectTable = {
  load,
  store:              storeAs(undefined),
  uload8:             extendingLoad(I8,               split),
  sload8:             extendingLoad(I8,               signedLanes),
  istore8:            storeAs(I8),
  uload16:            extendingLoad(I16,              split),
  sload16:            extendingLoad(I16,              signedLanes),
  istore16:           storeAs(I16),
  uload32:            extendingLoad(I32,              split),
  sload32:            extendingLoad(I32,              signedLanes),
  istore32:           storeAs(I32),
  uload8x8:           extendingLoad(vectorOf(I8, 8),  split),
  sload8x8:           extendingLoad(vectorOf(I8, 8),  signedLanes),
  uload16x4:          extendingLoad(vectorOf(I16, 4), split),
  sload16x4:          extendingLoad(vectorOf(I16, 4), signedLanes),
  uload32x2:          extendingLoad(vectorOf(I32, 2), split),
  sload32x2:          extendingLoad(vectorOf(I32, 2), signedLanes),
  stack_addr:         stackAddr,
  dynamic_stack_addr: dynamicStackAddr,
  atomic_rmw:         atomicRmw,
  atomic_cas:         atomicCas,
  atomic_load:        atomicLoad,
  atomic_store:       atomicStore,
  fence:              nothing,
}
