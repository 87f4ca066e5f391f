// Calls and addresses of symbols, near and anywhere.
//
// Near (colocated) is what lies within 2 GB, and what position-independent code calls: there a linker makes an entry of the procedure linkage table for
// what is not. Anything else is loaded as a 64-bit address from behind the function.
import type { ExternalName } from '@k23/ir'
import type { CallSiteInfo, CodeBuffer, Emitter } from '@k23/machinst'
import { FIX_PAIR_I } from './emit-branch.ts'
import { emit, VSTATE_NONE } from './insts/index.ts'
import type { Writable, XReg } from './insts/index.ts'
import { STACK_SWITCH, x } from './registers.ts'
import { FP, type Scratch, SP, TMP, X0 } from './scratch.ts'

/** A direct call, by way of register `via`; the return address goes to `link`. */
export function putCall(s: Scratch, e: Emitter, info: CallSiteInfo, via: Writable<XReg>, link: Writable<XReg>): void {
  const name = info.callee as ExternalName
  const b = e.buf
  if (info.colocated || e.isa.shared.is_pic === true) {
    b.relocs.push({ offset: b.offset, kind: 'riscv_call_plt', name, addend: 0n })
    emit.auipc(s, via, 0)
    emit.jalr(s, link, via, 0)
    s.flushLong(b)
    return
  }
  loadAddress(s, b, via, name, 0n)
  emit.jalr(s, link, via, 0)
  s.flush(b)
}

/** rd = the address of a symbol that may be anywhere. */
export function loadAddress(s: Scratch, b: CodeBuffer, rd: Writable<XReg>, name: ExternalName, addend: bigint): void {
  b.fixup(b.offset, b.addressConstant(name, addend), FIX_PAIR_I)
  emit.auipc(s, rd, 0)
  emit.ld(s, rd, rd, 0)
  s.flushLong(b)
}

/**
 * stack_switch: a context is three words, stack pointer, frame pointer and where to go on. The one to load is read before the other is written, so that they
 * may be the same. All registers are free but those of the operands.
 */
export function emitStackSwitch(s: Scratch, e: Emitter): void {
  const b = e.buf
  const [store, load] = [(STACK_SWITCH.store * 2) as XReg, (STACK_SWITCH.load * 2) as XReg]
  const [sp, fp, pc] = [13, 14, 15].map((n) => (x(n) * 2) as Writable<XReg>)
  const resume = b.newLabel()
  emit.ld(s, sp, load, 0)
  emit.ld(s, fp, load, 8)
  emit.ld(s, pc, load, 16)
  emit.sd(s, store, SP, 0)
  emit.sd(s, store, FP, 8)
  s.flush(b)
  b.fixup(b.offset, resume, FIX_PAIR_I)
  emit.auipc(s, TMP, 0)
  emit.addi(s, TMP, TMP, 0)
  s.flushLong(b)
  emit.sd(s, store, TMP, 16)
  emit.addi(s, SP, sp, 0)
  emit.addi(s, FP, fp, 0)
  emit.jalr(s, X0 as Writable<XReg>, pc, 0)
  s.flush(b)
  b.bind(resume)
  b.callSites.push({ offset: b.offset })
  s.vstate = VSTATE_NONE
}
