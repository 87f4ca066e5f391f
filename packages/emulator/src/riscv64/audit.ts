// The audit of calls on riscv64 (call-audit.ts). Registers: x0-x31 from 0, f0-f31 from 64, v0-v31 from 128. Besides, store-conditionals may fail for no
// reason, as on real harts.

import { CallAudit, type CallContract, type Carried, type RegisterPlace } from '../call-audit.ts'
import { unsignedAddress } from '../machine.ts'
import type { HartState } from './hart.ts'

const ZERO = 0
const RA = 1
const SP = 2
const FP = 8
const F0 = 64
const V0 = 128

export class Riscv64CallAudit extends CallAudit<HartState> {
  protected returnAddress(): number {
    return this.address(RA)
  }

  protected override impliedArguments(): readonly Carried[] {
    return [{ register: RA, bits: 64 }]
  }

  protected stackArgumentsAt(sp: number): number {
    return sp
  }

  protected stackPointer(): number {
    return this.address(SP)
  }

  protected framePointer(): number {
    return this.address(FP)
  }

  protected place(register: number): RegisterPlace {
    const { x, vector } = this.hart
    if (register >= V0) return [vector.words, 4 * (register - V0), 4]
    if (register === ZERO) return [x, 0, 0]
    return [x, register < F0 ? register * 2 : V0 + 2 * (register - F0), 2]
  }

  protected registerName(register: number): string {
    return `${'xfv'[register >> 6]}${register & 63}`
  }

  protected roundingMode(): number {
    return this.hart.fcsr >> 5
  }

  /** vtype, vl and vxrm are not kept over calls; now and then they are what they are when a program starts. */
  protected disturb(): void {
    const { vector, hasVector, fcsr } = this.hart
    if (hasVector) {
      const r = this.random()
      vector.configure((r >>> 8) % 5 === 0 ? 0xff : (r & 3) << 3, 0, (r >>> 16) & 15)
      vector.vxrm = (r >>> 20) & 3
      vector.vxsat = (r >>> 22) & 1
    }
    this.hart.fcsr = (fcsr & 0xe0) | (this.random() & 31)
  }

  /** What may be a store-conditional (17.2: AMO, funct5 00011): addresses that hold none are never reached as instructions. */
  protected override mayFailAt({ entry, size }: CallContract): readonly number[] {
    const code = this.machine.memory.view(entry, size)
    const found: number[] = []
    for (let i = 0; i + 4 <= size; i += 2)
      if ((code[i] & 0x7f) === 0x2f && code[i + 3] >>> 3 === 3) found.push(entry + i)
    return found
  }

  protected override makeFail(): void {
    this.hart.reservationLo = 0
    this.hart.reservationHi = 0
  }

  private address(register: number): number {
    const { x } = this.hart
    return unsignedAddress(x[register * 2], x[register * 2 + 1])
  }
}
