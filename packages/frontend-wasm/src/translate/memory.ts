// Loads and stores of linear memories.
//
// Problem. Every access must lie in [0, length), and most of the cost of sandboxed code is in proving that. Idea: decide by case how little has
// to be computed at run time. With index i (zero-extended to 64 bits), static offset o, access size s, end = o + s, current
// length L, declared minimum M (a memory never shrinks, so M <= L):
//
//   end > declared maximum             always out of bounds: a trap
//   i constant, i + end <= M           never out of bounds: no check
//   guard region covers 2^32 + end     no check: the access faults by itself
//   end <= M                           i > L - end              (no underflow, since end <= M <= L; a constant where L is)
//   s = 1, o = 0                       i >= L
//   otherwise                          i + end > L              (32-bit index: no overflow; 64-bit: an overflow traps)
//
// With the Spectre guard the comparison selects between the address and 0, without a branch, and the access faults at an address below
// GUARD_OFFSET; so a larger static offset is added before the selection. Without it, the comparison feeds a trap.
import * as cc from '@k23/ir'
import { I32, I64, laneType, type MemFlags, TRAP_HEAP_OUT_OF_BOUNDS, type Type, type Value } from '@k23/ir'
import { MEMORY_BASE, MEMORY_LENGTH } from '../abi/layout.ts'
import * as wasm from '../module.ts'
import { operatorIndex } from '../operators.ts'
import { CONSTANT_DATA } from './flags.ts'
import { asLanes, VECTOR } from './simd.ts'
import type { Translator } from './translator.ts'

/** Below this, an offset from address 0 is sure to fault (and fits the immediate of every machine's loads). */
const GUARD_OFFSET = 2048
const MAX_IMMEDIATE = 0x7fff_ffff

/** Declared bounds of a memory in bytes; without a maximum, what its index type can reach. */
function declaredBytes(m: wasm.MemoryType): [min: number, max: number] {
  const reach = m.index === wasm.I32 ? 2 ** 32 : 2 ** 53
  const page = wasm.pageBytes(m)
  return [m.min * page, Math.min(m.max === undefined ? reach : m.max * page, reach)]
}

/** Address of the memory's definition, and the offset of its fields from there. */
function definition(t: Translator, memory: number): [base: Value, offset: number] {
  const at = t.layout.memories[memory]
  if (memory >= t.info.numImportedMemories) return [t.vmctx, at]
  return [t.ins.load(I64, CONSTANT_DATA, t.vmctx, at), 0]
}

export function memoryBase(t: Translator, memory: number): Value {
  const m = t.info.memories[memory]
  const [def, offset] = definition(t, memory)
  const fixed = m.min === m.max || (t.options.memory.kind === 'guard' && wasm.isGuardable(m))
  return t.ins.load(I64, fixed ? CONSTANT_DATA : t.flags.definition, def, offset + MEMORY_BASE)
}

/** The memory's length in bytes as a value. */
export function memoryLength(t: Translator, memory: number): Value {
  const m = t.info.memories[memory]
  if (m.min === m.max) return t.ins.iconst(I64, m.min * wasm.pageBytes(m))
  const [def, offset] = definition(t, memory)
  return t.ins.load(I64, t.flags.definition, def, offset + MEMORY_LENGTH)
}

/** Where an access goes: address, immediate offset, flags. */
interface Access {
  address: Value
  offset: number
  flags: MemFlags
}

function plus(t: Translator, base: Value, offset: number, flags: MemFlags): Access {
  if (offset <= MAX_IMMEDIATE) return { address: base, offset, flags }
  return { address: t.ins.iadd(base, t.ins.iconst(I64, offset)), offset: 0, flags }
}

/** The checked place of an access of `bytes` bytes at `index` + `offset`; undefined where it always traps (the trap is made). */
function access(t: Translator, memory: number, index: Value, offset: number, bytes: number): Access | undefined {
  const { ins, options } = t
  const m = t.info.memories[memory]
  const [min, max] = declaredBytes(m)
  const end = offset + bytes
  if (end > max) {
    ins.trap(TRAP_HEAP_OUT_OF_BOUNDS)
    return undefined
  }
  const constant = t.constantIndex(index)
  if (constant >= 0 && constant + end <= min) return plus(t, memoryBase(t, memory), constant + offset, t.flags.heap)

  const wide = m.index === wasm.I32 ? ins.uextend(I64, index) : index
  const s = options.memory
  if (s.kind === 'guard' && wasm.isGuardable(m) && 2 ** 32 + end <= s.reservation + s.guard) {
    return plus(t, ins.iadd(memoryBase(t, memory), wide), offset, t.flags.heapMayTrap)
  }
  const outOfBounds = compareBounds(t, memory, wide, min, end, bytes)
  if (!options.heapSpectre) {
    ins.trapnz(outOfBounds, TRAP_HEAP_OUT_OF_BOUNDS)
    return plus(t, ins.iadd(memoryBase(t, memory), wide), offset, t.flags.heap)
  }
  let address = ins.iadd(memoryBase(t, memory), wide)
  let immediate = offset
  if (offset >= GUARD_OFFSET) {
    address = ins.iadd(address, ins.iconst(I64, offset))
    immediate = 0
  }
  address = ins.select_spectre_guard(outOfBounds, ins.iconst(I64, 0), address)
  return { address, offset: immediate, flags: t.flags.heapMayTrap }
}

/** A value that is not zero exactly where an access that ends at `index` + `end` is out of bounds. */
function compareBounds(t: Translator, memory: number, index: Value, min: number, end: number, bytes: number): Value {
  const { ins } = t
  const m = t.info.memories[memory]
  if (end <= min) {
    const limit = m.min === m.max ? ins.iconst(I64, min - end) : ins.isub(memoryLength(t, memory), ins.iconst(I64, end))
    return ins.icmp(cc.UGT, index, limit)
  }
  if (end === 1 && bytes === 1) return ins.icmp(cc.UGE, index, memoryLength(t, memory))
  const distance = ins.iconst(I64, end)
  const last =
    m.index === wasm.I32 ? ins.iadd(index, distance) : ins.uadd_overflow_trap(index, distance, TRAP_HEAP_OUT_OF_BOUNDS)
  return ins.icmp(cc.UGT, last, memoryLength(t, memory))
}

type Loader = (t: Translator, flags: MemFlags, address: Value, offset: number) => Value
type Storer = (t: Translator, flags: MemFlags, x: Value, address: Value, offset: number) => void

const FIRST_LOAD = operatorIndex(0x28)
const FIRST_STORE = operatorIndex(0x36)
const FIRST_VECTOR_LOAD = operatorIndex(0xfd000)
const VECTOR_STORE = operatorIndex(0xfd00b)
const LOAD32_ZERO = operatorIndex(0xfd05c)
const LOAD64_ZERO = operatorIndex(0xfd05d)

// In the order of the opcodes.
// biome-ignore format: table
const loaders: readonly Loader[] = [
  (t, f, a, o) => t.ins.load(cc.I32, f, a, o),
  (t, f, a, o) => t.ins.load(cc.I64, f, a, o),
  (t, f, a, o) => t.ins.load(cc.F32, f, a, o),
  (t, f, a, o) => t.ins.load(cc.F64, f, a, o),
  (t, f, a, o) => t.ins.sload8(cc.I32, f, a, o),
  (t, f, a, o) => t.ins.uload8(cc.I32, f, a, o),
  (t, f, a, o) => t.ins.sload16(cc.I32, f, a, o),
  (t, f, a, o) => t.ins.uload16(cc.I32, f, a, o),
  (t, f, a, o) => t.ins.sload8(cc.I64, f, a, o),
  (t, f, a, o) => t.ins.uload8(cc.I64, f, a, o),
  (t, f, a, o) => t.ins.sload16(cc.I64, f, a, o),
  (t, f, a, o) => t.ins.uload16(cc.I64, f, a, o),
  (t, f, a, o) => t.ins.sload32(f, a, o),
  (t, f, a, o) => t.ins.uload32(f, a, o),
]
// biome-ignore format: table
const storers: readonly Storer[] = [
  (t, f, x, a, o) => t.ins.store(f, x, a, o),
  (t, f, x, a, o) => t.ins.store(f, x, a, o),
  (t, f, x, a, o) => t.ins.store(f, x, a, o),
  (t, f, x, a, o) => t.ins.store(f, x, a, o),
  (t, f, x, a, o) => t.ins.istore8(f, x, a, o),
  (t, f, x, a, o) => t.ins.istore16(f, x, a, o),
  (t, f, x, a, o) => t.ins.istore8(f, x, a, o),
  (t, f, x, a, o) => t.ins.istore16(f, x, a, o),
  (t, f, x, a, o) => t.ins.istore32(f, x, a, o),
]

// biome-ignore format: table
const vectorLoaders: readonly Loader[] = [
  (t, f, a, o) => t.ins.load(VECTOR, f, a, o),
  (t, f, a, o) => t.ins.sload8x8(f, a, o),
  (t, f, a, o) => t.ins.uload8x8(f, a, o),
  (t, f, a, o) => t.ins.sload16x4(f, a, o),
  (t, f, a, o) => t.ins.uload16x4(f, a, o),
  (t, f, a, o) => t.ins.sload32x2(f, a, o),
  (t, f, a, o) => t.ins.uload32x2(f, a, o),
  (t, f, a, o) => t.ins.splat(cc.I8X16, t.ins.load(cc.I8, f, a, o)),
  (t, f, a, o) => t.ins.splat(cc.I16X8, t.ins.load(cc.I16, f, a, o)),
  (t, f, a, o) => t.ins.splat(cc.I32X4, t.ins.load(cc.I32, f, a, o)),
  (t, f, a, o) => t.ins.splat(cc.I64X2, t.ins.load(cc.I64, f, a, o)),
]

/** Lanes by their size in bytes. */
const lanesOf: Readonly<Record<number, Type>> = { 1: cc.I8X16, 2: cc.I16X8, 4: cc.I32X4, 8: cc.I64X2 }

function loader(op: number): Loader {
  if (op === LOAD32_ZERO) return (t, f, a, o) => t.ins.scalar_to_vector(cc.I32X4, t.ins.load(I32, f, a, o))
  if (op === LOAD64_ZERO) return (t, f, a, o) => t.ins.scalar_to_vector(cc.I64X2, t.ins.load(I64, f, a, o))
  return op >= FIRST_VECTOR_LOAD ? vectorLoaders[op - FIRST_VECTOR_LOAD] : loaders[op - FIRST_LOAD]
}

/** `x` with one lane loaded; undefined where the access always traps. */
export function translateLoadLane(
  t: Translator,
  memory: number,
  index: Value,
  x: Value,
  offset: number,
  bytes: number,
  lane: number,
): Value | undefined {
  const a = access(t, memory, index, offset, bytes)
  if (a === undefined) return undefined
  const type = lanesOf[bytes]
  return t.ins.insertlane(asLanes(t.ins, type, x), t.ins.load(laneType(type), a.flags, a.address, a.offset), lane)
}

/** Stores one lane of `x`; false where the access always traps. */
export function translateStoreLane(
  t: Translator,
  memory: number,
  index: Value,
  x: Value,
  offset: number,
  bytes: number,
  lane: number,
): boolean {
  const a = access(t, memory, index, offset, bytes)
  if (a === undefined) return false
  t.ins.store(a.flags, t.ins.extractlane(asLanes(t.ins, lanesOf[bytes], x), lane), a.address, a.offset)
  return true
}

/** The loaded value; undefined where the access always traps. */
export function translateLoad(
  t: Translator,
  op: number,
  memory: number,
  index: Value,
  offset: number,
  bytes: number,
): Value | undefined {
  const a = access(t, memory, index, offset, bytes)
  return a && loader(op)(t, a.flags, a.address, a.offset)
}

/** False where the access always traps. */
export function translateStore(
  t: Translator,
  op: number,
  memory: number,
  index: Value,
  x: Value,
  offset: number,
  bytes: number,
): boolean {
  const a = access(t, memory, index, offset, bytes)
  if (a === undefined) return false
  // A vector of any lanes is stored as it is.
  if (op === VECTOR_STORE) t.ins.store(a.flags, x, a.address, a.offset)
  else storers[op - FIRST_STORE](t, a.flags, x, a.address, a.offset)
  return true
}

/** The memory's size in pages, of its index type. */
export function translateMemorySize(t: Translator, memory: number): Value {
  const length = memoryLength(t, memory)
  const log2 = t.info.memories[memory].pageSizeLog2 ?? 16
  const pages = log2 === 0 ? length : t.ins.ushr_imm(length, log2)
  return t.info.memories[memory].index === wasm.I32 ? t.ins.ireduce(I32, pages) : pages
}
