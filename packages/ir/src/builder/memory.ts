// Copying and filling memory: calls of the C library's functions, or loads and stores where the size is small and known.
import type { Inst, Value } from '../entities.ts'
import { ALIGNED, type MemFlags } from '../memflags.ts'
import { type CallConv, type Signature, signature } from '../signature.ts'
import { bytes, I32, I8, intType, type Type } from '../types.ts'
import type { FunctionBuilder } from './function-builder.ts'

/** What the target's library calls look like. */
export interface LibcallConfig {
  readonly pointerType: Type
  readonly callConv: CallConv
}

/** Most loads and stores that a small copy is split into; larger ones are calls. */
const MAX_ACCESSES = 4

function call(b: FunctionBuilder, name: string, sig: Signature, args: Value[]): Inst {
  return b.ins.call(b.importFunction({ kind: 'libcall', name }, sig), args)
}

/** `memcpy(dest, src, size)`: the areas do not overlap. */
export function callMemcpy(b: FunctionBuilder, c: LibcallConfig, dest: Value, src: Value, size: Value): Inst {
  const p = c.pointerType
  return call(b, 'Memcpy', signature([p, p, p], [p], c.callConv), [dest, src, size])
}
/** `memmove(dest, src, size)`: the areas may overlap. */
export function callMemmove(b: FunctionBuilder, c: LibcallConfig, dest: Value, src: Value, size: Value): Inst {
  const p = c.pointerType
  return call(b, 'Memmove', signature([p, p, p], [p], c.callConv), [dest, src, size])
}
/** `memset(dest, value, size)`: `value` is an i8. */
export function callMemset(b: FunctionBuilder, c: LibcallConfig, dest: Value, value: Value, size: Value): Inst {
  const p = c.pointerType
  const wide = b.ins.uextend(I32, value)
  return call(b, 'Memset', signature([p, I32, p], [p], c.callConv), [dest, wide, size])
}
/** `memcmp(a, b, size)`: an i32 less than, equal to or greater than 0. */
export function callMemcmp(b: FunctionBuilder, c: LibcallConfig, x: Value, y: Value, size: Value): Value {
  const p = c.pointerType
  return b.func.result(call(b, 'Memcmp', signature([p, p, p], [I32], c.callConv), [x, y, size]))
}

/** The widest integer that divides the size and that both alignments allow. */
function accessType(size: number, align: number): Type {
  let n = size & -size
  if (n > 8) n = 8
  while (n > align) n >>= 1
  return intType(n * 8)
}

/** Copies `size` bytes between areas aligned to `destAlign` and `srcAlign` bytes; with `overlap` they may overlap. */
export function emitSmallMemcpy(
  b: FunctionBuilder,
  c: LibcallConfig,
  dest: Value,
  src: Value,
  size: number,
  options: { destAlign?: number; srcAlign?: number; overlap?: boolean; flags?: MemFlags } = {},
): void {
  if (size === 0) return
  const { destAlign = 1, srcAlign = 1, overlap = false, flags = 0 as MemFlags } = options
  const type = accessType(size, Math.min(destAlign, srcAlign))
  const step = bytes(type)
  if (size / step > MAX_ACCESSES) {
    const n = b.ins.iconst(c.pointerType, size)
    if (overlap) callMemmove(b, c, dest, src, n)
    else callMemcpy(b, c, dest, src, n)
    return
  }
  const access = (flags | ALIGNED) as MemFlags
  // All loads come before the first store, so overlapping areas are copied rightly as well.
  const loaded: Value[] = []
  for (let at = 0; at < size; at += step) loaded.push(b.ins.load(type, access, src, at))
  for (let i = 0; i < loaded.length; i++) b.ins.store(access, loaded[i], dest, i * step)
}

/** Fills `size` bytes of an area aligned to `align` bytes with `byte`. */
export function emitSmallMemset(
  b: FunctionBuilder,
  c: LibcallConfig,
  dest: Value,
  byte: number,
  size: number,
  options: { align?: number; flags?: MemFlags } = {},
): void {
  if (size === 0) return
  const { align = 1, flags = 0 as MemFlags } = options
  const type = accessType(size, align)
  const step = bytes(type)
  if (size / step > MAX_ACCESSES) {
    callMemset(b, c, dest, b.ins.iconst(I8, byte), b.ins.iconst(c.pointerType, size))
    return
  }
  const value = b.ins.iconst(type, BigInt(byte & 255) * 0x0101010101010101n)
  for (let at = 0; at < size; at += step) b.ins.store((flags | ALIGNED) as MemFlags, value, dest, at)
}
