// Prologues, probes, epilogues, tail calls, and where the caller's registers are meanwhile.
import { TRAP_STACK_OVERFLOW } from '@k23/ir'
import {
  bodyRow,
  type CodeBuffer,
  type Emitter,
  entryRow,
  type FrameLayout,
  MAX_UNROLLED_PROBES,
  pagesToProbe,
} from '@k23/machinst'
import { CLASS_INT } from '@k23/regalloc'
import { emitJcc } from './emit-branch.ts'
import { CALL_ADDEND } from './emit-call.ts'
import { CC, emit } from './insts/index.ts'
import type { Gpr, Writable } from './insts/index.ts'
import { RBP, RETURN_ADDRESS, RSP, TAIL_TARGET } from './registers.ts'
import { FP, loadOrStoreX, type Scratch, SP, TMP } from './scratch.ts'
import { windowsUnwindInfo } from './windows-unwind.ts'

export function emitPrologue(s: Scratch, e: Emitter, frame: FrameLayout): void {
  const b = e.buf
  const tail = frame.tailBytes
  const start = b.offset
  const windows = frame.callConv === 'windows_fastcall'
  entryRow(e)
  if (!frame.setup) {
    if (windows) b.unwindInfo = windowsUnwindInfo(frame, { pushed: 0, framed: 0, end: 0 })
    return
  }
  if (tail !== 0) {
    // The return address moves down, below the room for the stack arguments of tail calls.
    emit.leaq_rm(s, SP, s.at(SP, -tail))
    s.flush(b)
    entryRow(e, tail)
    emit.movq_rm(s, TMP, s.at(SP, tail))
    emit.movq_mr(s, TMP, s.at(SP, 0))
    s.flush(b)
    b.unwindRow(RSP, 8 + tail, [[RETURN_ADDRESS, -8 - tail]])
  }
  emit.pushq_r(s, FP)
  s.flush(b)
  b.unwindRow(RSP, 16 + tail, [
    [RETURN_ADDRESS, -8 - tail],
    [RBP, -16 - tail],
  ])
  const pushed = b.offset - start
  emit.movq_rr(s, FP, SP)
  s.flush(b)
  bodyRow(e, false)
  const framed = b.offset - start
  const probed = probeStack(s, e, frame.totalBytes)
  s.add(SP, probed - frame.totalBytes)
  saveOrRestore(s, frame, false)
  s.flush(b)
  bodyRow(e, true)
  if (windows) b.unwindInfo = windowsUnwindInfo(frame, { pushed, framed, end: b.offset - start })
}

/**
 * Touches each guard page that the frame could jump over. Both strategies are made in line: there is no routine to call. Returns by how much the stack
 * pointer has been lowered; the canonical frame address is found by the frame pointer already.
 */
function probeStack(s: Scratch, e: Emitter, frameBytes: number): number {
  const { page, pages: n } = pagesToProbe(e.isa.shared, frameBytes)
  const b = e.buf
  const touch = (offset: number): void => {
    s.flush(b)
    b.trapHere(TRAP_STACK_OVERFLOW)
    emit.movl_mi(s, s.at(SP, offset), 0)
    s.flush(b)
  }
  if (n <= MAX_UNROLLED_PROBES) {
    for (let k = 1; k <= n; k++) touch(-k * page)
    return 0
  }
  emit.leaq_rm(s, TMP, s.at(SP, -n * page))
  s.flush(b)
  const loop = b.newLabel()
  b.bind(loop)
  s.add(SP, -page)
  touch(0)
  emit.cmpq_rr(s, SP, TMP)
  s.flush(b)
  emitJcc(b, CC.ne, loop)
  return n * page
}

export function saveBytes(r: number): number {
  return r >> 6 === CLASS_INT ? 8 : 16
}

function saveOrRestore(s: Scratch, frame: FrameLayout, restore: boolean): void {
  for (const { reg, at } of frame.clobbers) {
    const m = s.at(FP, at)
    if (reg >> 6 === CLASS_INT) {
      if (restore) emit.movq_rm(s, (reg * 2) as Writable<Gpr>, m)
      else emit.movq_mr(s, (reg * 2) as Gpr, m)
    } else loadOrStoreX(s, reg * 2, m, restore)
  }
}

/** Restores the caller's registers: the stack pointer is at the return address then. */
function emitEpilogue(s: Scratch, e: Emitter, frame: FrameLayout): void {
  const b = e.buf
  if (!frame.setup) return
  saveOrRestore(s, frame, true)
  if (frame.clobbers.length !== 0) {
    s.flush(b)
    // They are back, and a signal may overwrite where they were once the stack pointer is above it.
    bodyRow(e, false)
  }
  if (frame.totalBytes !== 0) {
    // Windows knows an epilogue by its instructions, of which this form is one.
    if (frame.callConv === 'windows_fastcall') emit.leaq_rm(s, SP, s.at(FP, 0))
    else emit.movq_rr(s, SP, FP)
  }
  emit.popq_r(s, FP)
  s.flush(b)
  b.unwindRow(RSP, 8 + frame.tailBytes, [[RETURN_ADDRESS, -8 - frame.tailBytes]])
}

/** Most bytes that `ret` can remove. */
const MAX_RET = 0xffff

export function emitReturn(s: Scratch, e: Emitter, frame: FrameLayout): void {
  const b = e.buf
  emitEpilogue(s, e, frame)
  const extra = frame.popBytes + (frame.setup ? frame.tailBytes : 0)
  if (extra > 0 && extra <= MAX_RET) emit.ret_i(s, extra)
  else {
    raiseReturnAddress(s, b, frame, extra)
    emit.ret(s)
  }
  s.flush(b)
  bodyRow(e, true)
}

/** Moves the return address, and the stack pointer with it, `up` bytes up: first the one, so that it can be found at any instruction. */
function raiseReturnAddress(s: Scratch, b: CodeBuffer, frame: FrameLayout, up: number): void {
  if (up === 0) return
  emit.movq_rm(s, TMP, s.at(SP, 0))
  emit.movq_mr(s, TMP, s.at(SP, up))
  s.add(SP, up)
  s.flush(b)
  const tail = frame.setup ? frame.tailBytes : 0
  b.unwindRow(RSP, 8 + tail - up, [[RETURN_ADDRESS, up - tail - 8]])
}

/** The callee finds its stack arguments where ours end, the return address below them, and removes them itself. */
export function emitTailCall(s: Scratch, e: Emitter, at: number, frame: FrameLayout): void {
  const b = e.buf
  const info = e.v.calls[e.v.words[at + 1]]
  emitEpilogue(s, e, frame)
  const up = (info.calleePops ? frame.incomingBytes - info.stackArgBytes : 0) + (frame.setup ? frame.tailBytes : 0)
  raiseReturnAddress(s, b, frame, up)
  if (info.callee !== undefined) {
    b.put8(0xe9)
    b.relocs.push({ offset: b.offset, kind: 'x64_call_plt', name: info.callee, addend: CALL_ADDEND })
    b.put32(0)
  } else {
    emit.jmp_r(s, (TAIL_TARGET * 2) as Gpr)
    s.flush(b)
  }
  bodyRow(e, true)
}
