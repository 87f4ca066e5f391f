// What a signal means: from the CPU's trap number and error code (SDM volume 3, 6.15) to a trap of the machine protocol.
import {
  TRAP_ARITHMETIC,
  TRAP_BREAK,
  TRAP_FETCH,
  TRAP_ILLEGAL,
  TRAP_LOAD,
  TRAP_MISALIGNED,
  TRAP_STORE,
} from '@k23/machine'
import { CTX_FAULT_ADDRESS } from '../context.ts'
import type { NativeHart } from '../hart.ts'
import { type Fault, UNKNOWN_ADDRESS } from '../host.ts'
import type { NativeMemory } from '../memory.ts'
import { CTX_ERROR, CTX_TRAP_NUMBER } from './context.ts'

const DIVIDE = 0
const DEBUG = 1
const BREAKPOINT = 3
const STACK_SEGMENT = 12
const GENERAL_PROTECTION = 13
const PAGE_FAULT = 14
const X87 = 16
const ALIGNMENT = 17
const SIMD = 19

// Bits of a page fault's error code.
const WRITE = 2
const FETCH = 16

/** One-byte instructions that user mode may not execute: hlt cli sti, in and out in all their forms. */
// biome-ignore format: list
const privileged: ReadonlySet<number> = new Set([
  0xf4, 0xfa, 0xfb, 0x6c, 0x6d, 0x6e, 0x6f, 0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef,
])

/** See Cpu.faultOf. */
export function faultOf(
  hart: NativeHart,
  memory: NativeMemory,
  enter: { readonly low: number; readonly high: number },
  out: Fault,
): number {
  const { pc } = hart
  const error = hart.words[CTX_ERROR / 4]
  out.breakpoint = false
  out.address = 0
  switch (hart.words[CTX_TRAP_NUMBER / 4]) {
    case BREAKPOINT: // the pc is already behind it
      out.breakpoint = true
      return pc - 1
    case DEBUG:
      out.kind = TRAP_BREAK
      break
    case DIVIDE:
    case X87:
    case SIMD:
      out.kind = TRAP_ARITHMETIC
      break
    case PAGE_FAULT:
      out.kind = (error & FETCH) !== 0 ? TRAP_FETCH : (error & WRITE) !== 0 ? TRAP_STORE : TRAP_LOAD
      out.address = hart.address(CTX_FAULT_ADDRESS)
      break
    case ALIGNMENT:
      out.kind = TRAP_MISALIGNED
      break
    case STACK_SEGMENT:
      out.kind = TRAP_LOAD
      out.address = UNKNOWN_ADDRESS
      break
    case GENERAL_PROTECTION:
      // The enter stub's jump to an address that is not canonical: the call of such a function.
      if (pc >= enter.low && pc < enter.high) {
        out.kind = TRAP_FETCH
        out.address = UNKNOWN_ADDRESS
        return pc
      }
      out.kind = error !== 0 || isPrivileged(memory, pc) ? TRAP_ILLEGAL : TRAP_LOAD
      if (out.kind === TRAP_LOAD) out.address = UNKNOWN_ADDRESS
      break
    default: // INVALID_OPCODE, and what no instruction of user mode can raise
      out.kind = TRAP_ILLEGAL
  }
  return pc
}

function isPrivileged(memory: NativeMemory, pc: number): boolean {
  return memory.isReadable(pc, 1) && privileged.has(memory.view(pc, 1)[0])
}
