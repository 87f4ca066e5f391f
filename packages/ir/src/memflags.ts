// Flags of a memory access, packed so that they fit one immediate word of an instruction.
//
//   bit  0     aligned: the address is a multiple of the access size (may trap where it is not)
//   bit  1     readonly: the memory is never written while the function runs
//   bits 2-3   endianness: 0 native, 1 little, 2 big
//   bit  4     can_move: the access may be moved out of control flow that guards it
//   bit  5     the access cannot trap (`notrap`)
//   bits 8-15  trap code when it traps (0 = heap_oob, the default)
//   bits 16-31 alias region + 1 (0 = none: may alias anything)
import type { Packed } from '@k23/entity'
import type { AliasRegion } from './entities.ts'

export type MemFlags = Packed<'MemFlags'>

export const ALIGNED = 1
export const READONLY = 2
export const LITTLE = 4
export const BIG = 8
export const CAN_MOVE = 16
export const NOTRAP = 32

/** No flags: may trap (heap_oob), unaligned, native endianness. */
export const MEM_DEFAULT: MemFlags = 0 as MemFlags
/** notrap aligned: an access that the compiler itself made to memory that it owns. */
export const MEM_TRUSTED: MemFlags = (ALIGNED | NOTRAP) as MemFlags

export function memFlags(bits: number, trap = 0, region?: AliasRegion): MemFlags {
  return (bits | (trap << 8) | (region === undefined ? 0 : (region + 1) << 16)) as MemFlags
}
/** Trap code of an access that may trap; 0 stands for heap_oob. */
export function memTrapCode(f: MemFlags): number {
  return (f >>> 8) & 255
}
/** Alias region, or -1. */
export function memRegion(f: MemFlags): number {
  return (f >>> 16) - 1
}
