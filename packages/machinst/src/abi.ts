// Where arguments and results are. An ISA assigns parts of parameters to registers or stack words; everything else is derived.
//
// Stack arguments are addressed from the callee's frame pointer (incoming) or the caller's stack pointer (outgoing); offsets count from the
// first stack argument. Results that do not fit the result registers go to a result area of the caller, whose address is a hidden last
// integer argument.
import type { AbiParam, CallConv, Signature, Type } from '@k23/ir'

/** A register-sized part of a parameter. */
export interface AbiPart {
  /** PReg, or -1 where the part is on the stack. */
  readonly reg: number
  /** Byte offset among stack arguments, or in the result area. */
  readonly offset: number
  /** Type of the part: i64 halves of an i128, else the parameter's type. */
  readonly type: Type
}

export interface AbiSlot {
  readonly param: AbiParam
  readonly parts: readonly AbiPart[]
}

export interface AbiSignature {
  readonly signature: Signature
  readonly args: readonly AbiSlot[]
  readonly rets: readonly AbiSlot[]
  /** The hidden argument that points at the result area. */
  readonly retArea: AbiPart | undefined
  /** The argument, by number, that points at a structure for the result and is returned in a register besides: C callers find the structure by it. */
  readonly structReturn: { readonly param: number; readonly reg: number } | undefined
  /** Bytes of stack arguments, a multiple of the stack alignment. */
  readonly stackArgBytes: number
  readonly retAreaBytes: number
  /** The callee removes its stack arguments. */
  readonly calleePops: boolean
}

// ---- Frame-relative addresses that pseudo-instructions carry until the frame's size is known.
/** Bytes from the first incoming stack argument. */
export const FRAME_INCOMING = 0
/** Bytes from the stack pointer: outgoing stack arguments. */
export const FRAME_OUTGOING = 1
/** Bytes from the start of the stack-slot area. */
export const FRAME_SLOT = 2
/** Bytes from the start of the spill area. */
export const FRAME_SPILL = 3
/** Bytes from the end of the incoming stack arguments (so below zero): stack arguments of a tail call, which end there too. */
export const FRAME_TAIL = 4

/**
 * A frame, from high to low addresses:
 *
 *   incoming stack arguments
 *   room for the greater stack arguments of a tail call
 *   return address, caller's frame pointer     (setup area, where there is one; the frame pointer points at its low end)
 *   clobbered callee-saved registers
 *   spill area
 *   stack slots
 *   outgoing stack arguments                   <- stack pointer
 */
export interface FrameLayout {
  /** Convention of the function itself. */
  readonly callConv: CallConv
  /** The setup area exists: the function calls, has a frame or stack arguments, or was asked to keep frame pointers. */
  readonly setup: boolean
  /** Callee-saved registers to save, in order, the first one highest. */
  readonly clobbers: readonly SavedRegister[]
  readonly clobberBytes: number
  readonly spillBytes: number
  readonly slotBytes: number
  readonly outgoingBytes: number
  /** Bytes below the setup area, a multiple of the stack alignment. */
  readonly totalBytes: number
  /** Bytes of incoming stack arguments. */
  readonly incomingBytes: number
  /** Bytes that tail calls need beyond the incoming stack arguments. */
  readonly tailBytes: number
  /** Bytes of incoming stack arguments that the epilogue removes. */
  readonly popBytes: number
}

/** A callee-saved register (PReg) and where it is kept: bytes from the frame pointer, below zero. */
export interface SavedRegister {
  readonly reg: number
  readonly at: number
}

/** What lowering learned about the frame. */
export interface FrameRequest {
  /** Byte offset of each stack slot in the slot area. */
  slotOffsets: number[]
  slotBytes: number
  outgoingBytes: number
  /** Stack arguments of the tail call that has most. */
  tailArgBytes: number
  hasCalls: boolean
  usesIncoming: boolean
  /** The function asks for its own frame pointer, return address or stack pointer. */
  needsFrame: boolean
  /** Every register that the convention saves is saved: the function has handlers, which are entered without any of them. */
  savesAll: boolean
}
