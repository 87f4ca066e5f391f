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
  /** The callee removes its stack arguments (`tail`): the caller lowers its stack pointer again after the call. */
  readonly calleePops: boolean
}
