// What a call site knows besides its operands.
import type { ExternalName } from '@k23/ir'

/** One call in VCode. */
export interface CallSiteInfo {
  /** Callee of a direct call; undefined for an indirect one, whose target is the first operand. */
  readonly callee: ExternalName | undefined
  /** Near enough for a direct pc-relative call. */
  readonly colocated: boolean
  /** Index into VCode.clobberSets. */
  readonly clobbers: number
  /** Bytes of outgoing stack arguments. */
  readonly stackArgBytes: number
  /** The call instruction may be replaced by nops and put back: where it is and how long is noted. */
  readonly patchable: boolean
  /** The callee removes its stack arguments (`tail`): the caller lowers its stack pointer again after the call. */
  readonly calleePops: boolean
  /** Of a `try_call`: one for each successor behind the first. */
  readonly handlers?: readonly HandlerInfo[]
}

/** A handler of a `try_call`. */
export interface HandlerInfo {
  /** Undefined: takes every exception. */
  readonly tag: number | undefined
  /** Where the value of the context is during the call: byte offset in the slot area, and its size. */
  readonly context: { readonly offset: number; readonly bytes: number } | undefined
}
