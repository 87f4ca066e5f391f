// What a back end cannot lower: input's fault (an opcode, type or feature that the target lacks), never ours.
import type { Func, Inst } from '@k23/ir'
import { functionNameText } from '@k23/ir'

export class LowerError extends Error {
  override readonly name = 'LowerError'
  /** What is not supported: `fadd.f128`. */
  readonly what: string
  /** What would mend it. */
  readonly mend: string
  readonly func: string
  readonly inst: Inst | -1
  constructor(what: string, mend: string, func: Func, inst: Inst | -1) {
    const name = functionNameText(func.name)
    super(`${what} is not supported in function ${name}${inst === -1 ? '' : `, inst${inst}`}`)
    this.what = what
    this.mend = mend
    this.func = name
    this.inst = inst
  }
}
