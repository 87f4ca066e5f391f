// Calls, stack switches, and the call that finds a thread's variables.
import { bug } from '@k23/entity'
import type { Emitter } from '@k23/machinst'
import { leaLabel } from './emit-branch.ts'
import { emit } from './insts/index.ts'
import type { Gpr, Writable } from './insts/index.ts'
import { R8, RAX, RCX, STACK_SWITCH } from './registers.ts'
import { FP, type Scratch, SP, TMP } from './scratch.ts'

/** Byte offset of the disp32 or rel32 field from the end of the instruction that encode() appended, for relocations. */
export const CALL_ADDEND = -4n

export function emitCall(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const info = e.v.calls[w[at + 1]]
  const b = e.buf
  const start = b.offset
  if (info.callee === undefined) {
    emit.call_r(s, w[at + 3] as Gpr)
    s.flush(b)
  } else {
    b.put8(0xe8)
    b.relocs.push({ offset: b.offset, kind: 'x64_call_plt', name: info.callee, addend: CALL_ADDEND })
    b.put32(0)
  }
  b.callSite(start, info.patchable)
  if (info.calleePops && info.stackArgBytes !== 0) {
    s.add(SP, -info.stackArgBytes)
    s.flush(b)
  }
}

/**
 * stack_switch: a context is three words, stack pointer, frame pointer and where to go on. The one to load is read before the other is written, so that they
 * may be the same. All registers are free but those of the operands.
 */
export function emitStackSwitch(s: Scratch, e: Emitter): void {
  const b = e.buf
  const store = (STACK_SWITCH.store * 2) as Gpr
  const load = (STACK_SWITCH.load * 2) as Gpr
  const [sp, fp, pc] = [RAX, RCX, R8].map((r) => (r * 2) as Writable<Gpr>)
  const resume = b.newLabel()
  emit.movq_rm(s, sp, s.at(load, 0))
  emit.movq_rm(s, fp, s.at(load, 8))
  emit.movq_rm(s, pc, s.at(load, 16))
  emit.movq_mr(s, SP, s.at(store, 0))
  emit.movq_mr(s, FP, s.at(store, 8))
  s.flush(b)
  leaLabel(b, TMP, resume)
  emit.movq_mr(s, TMP, s.at(store, 16))
  emit.movq_rr(s, SP, sp)
  emit.movq_rr(s, FP, fp)
  emit.jmp_r(s, pc)
  s.flush(b)
  b.bind(resume)
  b.callSites.push({ offset: b.offset })
}

/** ELF TLS, "General Dynamic" for AMD64: linkers relax exactly this sequence. */
export function emitTlsCall(_s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const { callee } = e.v.calls[w[at + 1]]
  if (callee === undefined) bug('emit', e.v.name, 'tls_gd', 'no symbol')
  const b = e.buf
  // data16 lea symbol@tlsgd(%rip), %rdi
  b.put32(0x3d8d4866)
  b.relocs.push({ offset: b.offset, kind: 'x64_tlsgd', name: callee, addend: CALL_ADDEND })
  b.put32(0)
  // data16 data16 rex.W call __tls_get_addr@plt
  b.put32(0xe8486666 | 0)
  b.relocs.push({
    offset: b.offset,
    kind: 'x64_call_plt',
    name: { kind: 'libcall', name: '__tls_get_addr' },
    addend: CALL_ADDEND,
  })
  b.put32(0)
  b.callSites.push({ offset: b.offset })
}
