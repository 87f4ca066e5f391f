// The audit of calls on x64 (call-audit.ts). Registers: general ones from 0, xmm0-xmm15 from 64. A call pushes the return address.

import { CallAudit, type RegisterPlace } from '../call-audit.ts'
import { knowFlags } from '../gen/x64-flags.ts'
import { unsignedAddress } from '../machine.ts'
import { ALL_FLAGS } from './flags.ts'
import type { X64Hart } from './hart.ts'
import { FLAG_UNDEFINED, RBP, RSP, XMM } from './registers.ts'

const FIRST_XMM = 64
const NAMES = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ')

export class X64CallAudit extends CallAudit<X64Hart> {
  protected returnAddress(): number {
    const { memory } = this.machine
    const { lo, hi } = this.hart.readRegister(RSP)
    memory.load(8, lo, hi)
    return unsignedAddress(memory.lo, memory.hi)
  }

  protected stackArgumentsAt(sp: number): number {
    return sp + 8
  }

  protected stackPointer(): number {
    return this.address(RSP)
  }

  protected framePointer(): number {
    return this.address(RBP)
  }

  protected place(register: number): RegisterPlace {
    const { x } = this.hart
    return register < FIRST_XMM ? [x, register * 2, 2] : [x, XMM + 4 * (register - FIRST_XMM), 4]
  }

  protected registerName(register: number): string {
    return register < FIRST_XMM ? NAMES[register] : `xmm${register - FIRST_XMM}`
  }

  /** MXCSR is not emulated: there is one mode. */
  protected roundingMode(): number {
    return 0
  }

  /** Flags are not kept over calls; and what instructions leave undefined is something else now. */
  protected disturb(): void {
    const { x } = this.hart
    knowFlags(x, this.random() & ALL_FLAGS)
    x[FLAG_UNDEFINED] = this.random() & ALL_FLAGS
  }

  private address(register: number): number {
    const { lo, hi } = this.hart.readRegister(register)
    return unsignedAddress(lo, hi)
  }
}
