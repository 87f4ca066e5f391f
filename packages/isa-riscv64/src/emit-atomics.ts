// Loops of load-reserved and store-conditional. The RISC-V manual (A extension, "Eventual Success of Store-Conditional Instructions") wants at most
// 16 integer instructions, no other memory access and no backward branch but the loop's own between lr and sc: so each loop is one pseudo-
// instruction, and the allocator cannot put anything into it.
import type { Emitter } from '@k23/machinst'
import { emit, Opc } from './insts/index.ts'
import type { Writable, XReg } from './insts/index.ts'
import { patchBranch, putBranch } from './emit-branch.ts'
import { type Scratch, X0 } from './scratch.ts'
import * as T from './table.ts'

/** Acquire and release: every atomic of CLIF is sequentially consistent. */
export const AQRL = 3

// RMW operations by number (ir/src/format.ts, RMW_OPS).
export const RMW_NAND = 3
export const RMW_UMIN = 7
export const RMW_UMAX = 8
export const RMW_SMIN = 9
export const RMW_SMAX = 10

/** Emits one of the loop pseudos; table.ts has their operands. */
export function emitAtomicLoop(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const opc = w[at] & 0xffff
  if (opc === T.RMW_LOOP) rmwLoop(s, e, at, w)
  else if (opc === T.RMW_SUB_LOOP) rmwSubLoop(s, e, at, w)
  else if (opc === T.CAS_LOOP) casLoop(s, e, at, w)
  else casSubLoop(s, e, at, w)
}

type W = Writable<XReg>

function lr(s: Scratch, e: Emitter, size: number, rd: W, addr: XReg): void {
  e.markTrap()
  if (size === 8) emit.lr_d(s, rd, addr, AQRL)
  else emit.lr_w(s, rd, addr, AQRL)
  s.flush(e.buf)
}

/** sc, and back to `start` where it failed. */
function scLoop(s: Scratch, e: Emitter, size: number, status: W, addr: XReg, value: XReg, start: number): void {
  e.markTrap()
  if (size === 8) emit.sc_d(s, status, addr, value, AQRL)
  else emit.sc_w(s, status, addr, value, AQRL)
  s.flush(e.buf)
  putBranch(e.buf, Opc.bne, status, X0, start - e.buf.offset)
}

/** t = op(old, x) on whole words. */
function combine(s: Scratch, op: number, t: W, old: XReg, x: XReg): void {
  switch (op) {
    case 0:
      emit.add(s, t, old, x)
      break
    case 1:
      emit.sub(s, t, old, x)
      break
    case 2:
      emit.and(s, t, old, x)
      break
    case RMW_NAND:
      emit.and(s, t, old, x)
      emit.xori(s, t, t, -1)
      break
    case 4:
      emit.or(s, t, old, x)
      break
    case 5:
      emit.xor(s, t, old, x)
      break
    default:
      emit.addi(s, t, x, 0)
  }
}

function rmwLoop(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const op = w[at + 1]
  const size = w[at + 2]
  const rd = w[at + 3] as W
  const t = w[at + 4] as W
  const addr = w[at + 5] as XReg
  const x = w[at + 6] as XReg
  const start = e.buf.offset
  lr(s, e, size, rd, addr)
  combine(s, op, t, rd, x)
  s.flush(e.buf)
  scLoop(s, e, size, t, addr, t, start)
}

/**
 * A byte or halfword in its aligned word: [h, op, size, rd, t, addr, shift, mask, x, t2]. `mask` and `x` are shifted into place, x is zero outside the
 * mask; rd is the whole old word. For min and max the field is moved to the top of the register, where comparisons see its sign.
 */
function rmwSubLoop(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const op = w[at + 1]
  const bits = w[at + 2] * 8
  const rd = w[at + 3] as W
  const t = w[at + 4] as W
  const addr = w[at + 5] as XReg
  const shift = w[at + 6] as XReg
  const mask = w[at + 7] as XReg
  const x = w[at + 8] as XReg
  const t2 = w[at + 9] as W
  const b = e.buf
  const start = b.offset
  lr(s, e, 4, rd, addr)
  if (op >= RMW_UMIN) {
    emit.srl(s, t, rd, shift)
    emit.slli(s, t, t, 64 - bits)
    emit.srl(s, t2, x, shift)
    emit.slli(s, t2, t2, 64 - bits)
    s.flush(b)
    const row = op === RMW_UMIN || op === RMW_UMAX ? Opc.bltu : Opc.blt
    const max = op === RMW_UMAX || op === RMW_SMAX
    const branch = b.offset
    putBranch(b, row, max ? t2 : t, max ? t : t2, 0)
    // the new word: x in its field
    emit.xor(s, t, rd, x)
    emit.and(s, t, t, mask)
    emit.xor(s, t, t, rd)
    s.flush(b)
    const skip = b.offset
    putBranch(b, Opc.beq, X0, X0, 0)
    patchBranch(b, branch, b.offset - branch)
    emit.addi(s, t, rd, 0)
    s.flush(b)
    patchBranch(b, skip, b.offset - skip)
  } else {
    combine(s, op, t, rd, x)
    // merge the field into the old word
    emit.xor(s, t, t, rd)
    emit.and(s, t, t, mask)
    emit.xor(s, t, t, rd)
    s.flush(b)
  }
  scLoop(s, e, 4, t, addr, t, start)
}

/** [h, size, rd, t, addr, expected, x]; expected is sign-extended from 32 bits where size is 4, as lr.w does. */
function casLoop(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const size = w[at + 1]
  const rd = w[at + 2] as W
  const t = w[at + 3] as W
  const addr = w[at + 4] as XReg
  const b = e.buf
  const start = b.offset
  lr(s, e, size, rd, addr)
  const fail = b.offset
  putBranch(b, Opc.bne, rd, w[at + 5], 0)
  scLoop(s, e, size, t, addr, w[at + 6] as XReg, start)
  patchBranch(b, fail, b.offset - fail)
}

/** [h, rd, t, addr, mask, expected shifted, x shifted]; rd is the whole old word. */
function casSubLoop(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const rd = w[at + 1] as W
  const t = w[at + 2] as W
  const addr = w[at + 3] as XReg
  const mask = w[at + 4] as XReg
  const b = e.buf
  const start = b.offset
  lr(s, e, 4, rd, addr)
  emit.and(s, t, rd, mask)
  s.flush(b)
  const fail = b.offset
  putBranch(b, Opc.bne, t, w[at + 5], 0)
  emit.xor(s, t, rd, w[at + 6] as XReg)
  emit.and(s, t, t, mask)
  emit.xor(s, t, t, rd)
  s.flush(b)
  scLoop(s, e, 4, t, addr, t, start)
  patchBranch(b, fail, b.offset - fail)
}
