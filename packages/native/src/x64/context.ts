// What a context has on x64 beside ../context.ts: byte offsets.
import { CTX_CPU } from '../context.ts'

/** u64, only in mode FULL. */
export const CTX_FLAGS: number = CTX_CPU
/** u32 and u16: the control words that the guest goes on with. */
export const CTX_MXCSR: number = CTX_CPU + 8
export const CTX_FCW: number = CTX_CPU + 12
/** u64 each, for EXIT_SIGNAL: the CPU's number of the trap and its error code. */
export const CTX_TRAP_NUMBER: number = CTX_CPU + 16
export const CTX_ERROR: number = CTX_CPU + 24
/** XSAVE or FXSAVE area, 64-byte aligned, only in mode FULL. */
export const CTX_STATE: number = CTX_CPU + 64

/** Control words that a fresh call starts with: all exceptions masked, round to nearest, x87 in extended precision. */
export const INITIAL_MXCSR = 0x1f80
export const INITIAL_FCW = 0x037f
