// Types in the binary format.
import {
  EXTERNREF,
  F64,
  FUNCREF,
  type FuncType,
  type GlobalType,
  I32,
  I64,
  type MemoryType,
  type TableType,
  type ValType,
  V128,
} from '../module.ts'
import type { Features } from '../features.ts'
import type { Reader } from './reader.ts'
import { LIMITS } from './limits.ts'

/** The proposal that a type byte belongs to, where we lack it. */
function proposalOfType(b: number): string | undefined {
  if (b === 0x63 || b === 0x64) return 'function references'
  if (b === 0x69 || b === 0x74) return 'exception handling'
  if (b === 0x68 || b === 0x75) return 'stack switching'
  if ((b >= 0x6a && b <= 0x6e) || (b >= 0x71 && b <= 0x73)) return 'garbage collection'
  return undefined
}

/** The value type of byte `b` at `at`, or 0 where it is none; refuses those of proposals. */
function valTypeOf(r: Reader, b: number, at: number): ValType {
  if ((b >= F64 && b <= I32) || b === FUNCREF || b === EXTERNREF) return b
  if (b === V128) return r.features.simd ? V128 : r.fail('unsupported', 'SIMD is off: type v128', at)
  const proposal = proposalOfType(b)
  if (proposal !== undefined) r.fail('unsupported', `${proposal}: type 0x${b.toString(16)}`, at)
  return 0
}

export function readValType(r: Reader): ValType {
  const at = r.pos
  const b = r.u8()
  return (
    valTypeOf(r, b, at) ||
    r.fail('malformed', `malformed value type: expected a value type, found 0x${b.toString(16)}`, at)
  )
}

export function readRefType(r: Reader): ValType {
  const at = r.pos
  const b = r.u8()
  const t = valTypeOf(r, b, at)
  if (t !== FUNCREF && t !== EXTERNREF) {
    r.fail('malformed', `malformed reference type: expected funcref or externref, found 0x${b.toString(16)}`, at)
  }
  return t
}

/** The heap type of a null reference, as the reference type of that. `numTypes`: how many types the module has. */
export function readNullType(r: Reader, numTypes: number): ValType {
  const at = r.pos
  const s = r.s33()
  if (s >= numTypes) r.fail('invalid', `unknown type ${s}: expected one of ${numTypes}`, at)
  if (s >= 0) r.fail('unsupported', `function references: reference to type ${s}`, at)
  const b = s & 0x7f
  const t = s >= -64 ? valTypeOf(r, b, at) : 0
  if (t !== FUNCREF && t !== EXTERNREF)
    r.fail('malformed', `malformed reference type: expected func or extern, found ${s}`, at)
  return t
}

/** A one-byte block type other than empty, whose byte was read as the signed number `s`. */
export function blockValType(r: Reader, s: number, at: number): ValType {
  const b = s & 0x7f
  const t = s >= -64 ? valTypeOf(r, b, at) : 0
  return t || r.fail('malformed', `malformed block type: expected a value type or a type index, found ${s}`, at)
}

function readTypeList(r: Reader, limit: number, what: string): ValType[] {
  const n = r.count(limit, what)
  const list: ValType[] = []
  for (let i = 0; i < n; i++) list.push(readValType(r))
  return list
}

export function readFuncType(r: Reader): FuncType {
  const at = r.pos
  const form = r.u8()
  if (form !== 0x60) {
    if (form === 0x4e || form === 0x4f || form === 0x50 || form === 0x5e || form === 0x5f) {
      r.fail('unsupported', `garbage collection: type form 0x${form.toString(16)}`, at)
    }
    if (form === 0x5d) r.fail('unsupported', 'stack switching: continuation type', at)
    r.fail('malformed', `malformed type form: expected 0x60, found 0x${form.toString(16)}`, at)
  }
  return { params: readTypeList(r, LIMITS.params, 'parameters'), results: readTypeList(r, LIMITS.results, 'results') }
}

/** With memory64, every limit is written in 64 bits, and one that is too large for the index type is invalid, not malformed. */
function readLimit(r: Reader, features: Features): bigint {
  if (!features.memory64) return BigInt(r.u32())
  const lo = r.u64()
  return (BigInt(r.hi >>> 0) << 32n) | BigInt(lo >>> 0)
}

/** Most pages of a memory, by log2 of the bytes of a page and by whether its index has 64 bits; most elements of a table are as bytes. */
function largestSize(pageSizeLog2: number, wide: boolean): bigint {
  const all = wide ? 1n << 64n : 1n << 32n
  return pageSizeLog2 === 0 ? all - 1n : all >> BigInt(pageSizeLog2)
}

const HAS_MAXIMUM = 1
const SHARED = 2
const WIDE = 4
const PAGE_SIZE = 8

/** Of a memory, with log2 of its page's bytes, or of a table. */
function readLimits(r: Reader, features: Features, what: 'memory' | 'table'): MemoryType {
  const at = r.pos
  const flags = r.u8()
  const known = HAS_MAXIMUM | WIDE | (what === 'memory' && features.customPageSizes ? PAGE_SIZE : 0)
  if (flags & SHARED && what === 'memory' && flags < 8) r.fail('unsupported', 'threads: shared memory', at)
  if ((flags & ~known) !== 0) {
    r.fail(
      'malformed',
      `malformed limits flags: expected some of ${known} set, found ${flags} (integer too large for a ${what})`,
      at,
    )
  }
  const wide = (flags & WIDE) !== 0
  if (wide && !features.memory64) r.fail('unsupported', `memory64 is off: 64-bit ${what}`, at)
  const min = readLimit(r, features)
  const max = flags & HAS_MAXIMUM ? readLimit(r, features) : undefined
  const pageSizeLog2 = flags & PAGE_SIZE ? readPageSize(r) : 16
  const largest = largestSize(what === 'table' ? 0 : pageSizeLog2, wide)
  const size = `${what} size`
  if (min > largest) r.fail('invalid', `${size} minimum: expected at most ${largest}, found ${min}`, at)
  if (max !== undefined && max > largest)
    r.fail('invalid', `${size} maximum: expected at most ${largest}, found ${max}`, at)
  if (max !== undefined && max < min) {
    r.fail('invalid', `size minimum must not be greater than maximum: expected at most ${max}, found ${min}`, at)
  }
  return {
    min: Number(min),
    max: max === undefined ? undefined : Number(max),
    index: wide ? I64 : I32,
    ...(pageSizeLog2 === 16 ? {} : { pageSizeLog2 }),
  }
}

function readPageSize(r: Reader): number {
  const at = r.pos
  const log2 = r.u32()
  if (log2 >= 64) r.fail('malformed', `invalid custom page size: expected 2^0 or 2^16, found 2^${log2}`, at)
  if (log2 !== 0 && log2 !== 16)
    r.fail('invalid', `invalid custom page size: expected 2^0 or 2^16, found 2^${log2}`, at)
  return log2
}

export function readMemoryType(r: Reader, features: Features): MemoryType {
  return readLimits(r, features, 'memory')
}

export function readTableType(r: Reader, features: Features): TableType {
  const element = readRefType(r)
  return { ...readLimits(r, features, 'table'), element }
}

export function readGlobalType(r: Reader): GlobalType {
  const type = readValType(r)
  const at = r.pos
  const mutable = r.u8()
  if (mutable > 1) r.fail('malformed', `malformed mutability: expected 0 or 1, found ${mutable}`, at)
  return { type, mutable: mutable === 1 }
}
