// What the section decoders share.
import type { Features } from '../features.ts'
import type { ModuleInfo } from '../module.ts'
import { operatorName, proposalOf } from '../operators.ts'
import type { Reader } from './reader.ts'

export class Context {
  readonly r: Reader
  readonly info: ModuleInfo
  readonly features: Features
  /** Functions named as references outside code. */
  readonly funcRefs: Set<number> = new Set()
  dataCount: number | undefined = undefined

  constructor(r: Reader, info: ModuleInfo, features: Features) {
    this.r = r
    this.info = info
    this.features = features
  }

  /** An operator that no constant expression may have: not constant, of a proposal, or none at all. */
  refuseConstOp(op: number, at: number): never {
    const r = this.r
    const sub = op >= 0xfb && op <= 0xfe ? r.u32() : -1
    const proposal = proposalOf(op, sub)
    if (proposal !== undefined)
      r.fail('unsupported', `${proposal}: opcode 0x${op.toString(16)} in a constant expression`, at)
    const name = operatorName(op, sub)
    if (name === undefined)
      r.fail('malformed', `illegal opcode ${op.toString(16).padStart(2, '0')}: expected an operator`, at)
    return r.fail('invalid', `constant expression required: found ${name}`, at)
  }
}
