// Prologues, probes, epilogues, tail calls, and where the caller's registers are meanwhile.
import { TRAP_STACK_OVERFLOW } from '@k23/ir'
import { bodyRow, type Emitter, entryRow, type FrameLayout, MAX_UNROLLED_PROBES, pagesToProbe } from '@k23/machinst'
import { CLASS_FLOAT } from '@k23/regalloc'
import { putBranch } from './emit-branch.ts'
import { putCall } from './emit-call.ts'
import { emit, Opc } from './insts/index.ts'
import type { FReg, Writable, XReg } from './insts/index.ts'
import { PROBE_END, PROBE_STEP, TAIL_TARGET } from './registers.ts'
import { FP, RA, type Scratch, SP, TMP, X0 } from './scratch.ts'

export function emitPrologue(s: Scratch, e: Emitter, frame: FrameLayout): void {
  const b = e.buf
  entryRow(e)
  if (!frame.setup) return
  if (frame.tailBytes !== 0) {
    s.addOffset(SP, SP, -frame.tailBytes)
    s.flush(b)
    entryRow(e, frame.tailBytes)
  }
  emit.addi(s, SP, SP, -16)
  s.flush(b)
  entryRow(e, 16 + frame.tailBytes)
  emit.sd(s, SP, RA, 8)
  emit.sd(s, SP, FP, 0)
  emit.addi(s, FP, SP, 0)
  s.flush(b)
  // What is saved later is not written before the body either.
  bodyRow(e, false)
  probeStack(s, e, frame.totalBytes)
  if (frame.totalBytes !== 0) s.addOffset(SP, SP, -frame.totalBytes)
  saveOrRestore(s, frame, false)
  s.flush(b)
  bodyRow(e, true)
}

/**
 * Touches each guard page that the frame could jump over. Both strategies are made in line: there is no routine to call. The temporaries that no argument is
 * in are free at entry.
 */
function probeStack(s: Scratch, e: Emitter, frameBytes: number): void {
  const { page, pages: n } = pagesToProbe(e.isa.shared, frameBytes)
  const b = e.buf
  const touch = (at: Writable<XReg>): void => {
    s.flush(b)
    b.trapHere(TRAP_STACK_OVERFLOW)
    emit.sd(s, at, X0, 0)
    s.flush(b)
  }
  if (n <= MAX_UNROLLED_PROBES) {
    for (let k = 1; k <= n; k++) {
      s.loadImm(TMP, -k * page)
      emit.add(s, TMP, SP, TMP)
      touch(TMP)
    }
    return
  }
  const step = (PROBE_STEP * 2) as Writable<XReg>
  const end = (PROBE_END * 2) as Writable<XReg>
  s.loadImm(step, page)
  s.loadImm(TMP, n * page)
  emit.sub(s, end, SP, TMP)
  emit.addi(s, TMP, SP, 0)
  s.flush(b)
  const loop = b.offset
  emit.sub(s, TMP, TMP, step)
  touch(TMP)
  putBranch(b, Opc.bne, TMP, end, loop - b.offset)
}

function saveOrRestore(s: Scratch, frame: FrameLayout, restore: boolean): void {
  for (const { reg, at } of frame.clobbers) {
    const float = reg >> 6 === CLASS_FLOAT
    if (restore) {
      if (float) emit.fld(s, (reg * 2) as Writable<FReg>, FP, at)
      else emit.ld(s, (reg * 2) as Writable<XReg>, FP, at)
    } else if (float) emit.fsd(s, FP, (reg * 2) as FReg, at)
    else emit.sd(s, FP, (reg * 2) as XReg, at)
  }
}

/** Restores the caller's registers; the stack pointer ends `pop` bytes above the one at entry. */
function emitEpilogue(s: Scratch, e: Emitter, frame: FrameLayout, pop: number): void {
  const b = e.buf
  if (frame.setup) {
    saveOrRestore(s, frame, true)
    if (frame.clobbers.length !== 0) {
      s.flush(b)
      // They are back, and a signal may overwrite where they were once the stack pointer is above it.
      bodyRow(e, false)
    }
    if (frame.totalBytes !== 0) emit.addi(s, SP, FP, 0)
    emit.ld(s, RA, SP, 8)
    emit.ld(s, FP, SP, 0)
    s.flush(b)
    entryRow(e, 16 + frame.tailBytes)
    s.addOffset(SP, SP, 16 + frame.tailBytes + pop)
  } else if (pop !== 0) s.addOffset(SP, SP, pop)
  s.flush(b)
  entryRow(e, -pop)
}

export function emitReturn(s: Scratch, e: Emitter, frame: FrameLayout): void {
  emitEpilogue(s, e, frame, frame.popBytes)
  emit.jalr(s, X0 as Writable<XReg>, RA, 0)
  s.flush(e.buf)
  bodyRow(e, true)
}

/** The callee finds its stack arguments where ours end, and removes them itself. */
export function emitTailCall(s: Scratch, e: Emitter, at: number, frame: FrameLayout): void {
  const info = e.v.calls[e.v.words[at + 1]]
  emitEpilogue(s, e, frame, info.calleePops ? frame.incomingBytes - info.stackArgBytes : 0)
  const target = (TAIL_TARGET * 2) as Writable<XReg>
  if (info.callee !== undefined) {
    putCall(s, e, info, target, X0 as Writable<XReg>)
  } else {
    emit.jalr(s, X0 as Writable<XReg>, target, 0)
    s.flush(e.buf)
  }
  bodyRow(e, true)
}
