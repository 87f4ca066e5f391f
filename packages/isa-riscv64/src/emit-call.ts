// Calls and addresses of symbols, near and anywhere.
//
// Near (colocated) is what lies within 2 GB, and what position-independent code calls: there a linker makes an entry of the procedure linkage table for
// what is not. Anything else is loaded as a 64-bit address from behind the function.
import type { ExternalName } from '@k23/ir'
import type { CallSiteInfo, CodeBuffer, Emitter } from '@k23/machinst'
import { FIX_PAIR_I } from './emit-branch.ts'
import { emit } from './insts/index.ts'
import type { Writable, XReg } from './insts/index.ts'
import type { Scratch } from './scratch.ts'

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
