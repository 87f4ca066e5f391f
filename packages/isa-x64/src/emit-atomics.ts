// Read-modify-write operations that no single instruction does, as compare-and-exchange loops. The value is loaded once; a failed exchange brings it anew.
import type { CodeBuffer, Emitter } from '@k23/machinst'
import type { PseudoEmitter } from './emit.ts'
import { CC, emit } from './insts/index.ts'
import type { Gpr, Writable } from './insts/index.ts'
import type { Scratch } from './scratch.ts'
import * as T from './table.ts'

// Operations of atomic_rmw (ir, RMW_OPS).
export const RMW_ADD = 0
export const RMW_SUB = 1
export const RMW_AND = 2
export const RMW_NAND = 3
export const RMW_OR = 4
export const RMW_XOR = 5
export const RMW_XCHG = 6
export const RMW_UMIN = 7
export const RMW_UMAX = 8
export const RMW_SMIN = 9
export const RMW_SMAX = 10

/** Condition of old against x under which old stays, by operation. */
const keeps = new Map<number, number>([
  [RMW_UMIN, CC.b],
  [RMW_UMAX, CC.a],
  [RMW_SMIN, CC.l],
  [RMW_SMAX, CC.g],
])

// By log2 of the width in bytes.
const loads = [emit.movzbl_rm, emit.movzwl_rm, emit.movl_rm, emit.movq_rm]
const compares = [emit.cmpb_rr, emit.cmpw_rr, emit.cmpl_rr, emit.cmpq_rr]
const exchanges = [emit.lock_cmpxchgb_mr, emit.lock_cmpxchgw_mr, emit.lock_cmpxchgl_mr, emit.lock_cmpxchgq_mr]

function jumpBack(b: CodeBuffer, loop: number): void {
  // The loops are short.
  b.put8(0x70 | CC.ne)
  b.put8(loop - b.offset - 1)
}

/** [h, op, bytes, old (rax), t, address, x] */
function rmwLoop(s: Scratch, e: Emitter, at: number, words: Int32Array): void {
  const b = e.buf
  const op = words[at + 1]
  const w = 31 - Math.clz32(words[at + 2])
  const old = words[at + 3] as Writable<Gpr>
  const t = words[at + 4] as Writable<Gpr>
  const address = words[at + 5] as Gpr
  const x = words[at + 6] as Gpr
  e.markTrap()
  loads[w](s, old, s.at(address, 0))
  s.flush(b)
  const loop = b.offset
  const keep = keeps.get(op)
  if (keep !== undefined) {
    emit.movq_rr(s, t, x)
    compares[w](s, old, x)
    emit.cmovq_rr(s, t, t, old, keep)
  } else {
    emit.movq_rr(s, t, old)
    if (op === RMW_AND || op === RMW_NAND) emit.andq_rr(s, t, t, x)
    else if (op === RMW_OR) emit.orq_rr(s, t, t, x)
    else if (op === RMW_XOR) emit.xorq_rr(s, t, t, x)
    else if (op === RMW_ADD) emit.addq_rr(s, t, t, x)
    else if (op === RMW_SUB) emit.subq_rr(s, t, t, x)
    else emit.movq_rr(s, t, x)
    if (op === RMW_NAND) emit.notq_r(s, t, t)
  }
  s.flush(b)
  e.markTrap()
  exchanges[w](s, old, old, t, s.at(address, 0))
  s.flush(b)
  jumpBack(b, loop)
}

/** [h, op, old low (rax), old high (rdx), t low (rbx), t high (rcx), address, x low, x high] */
function rmwLoop16(s: Scratch, e: Emitter, at: number, words: Int32Array): void {
  const b = e.buf
  const op = words[at + 1]
  const [lo, hi, tl, th] = [2, 3, 4, 5].map((k) => words[at + k] as Writable<Gpr>)
  const [address, xl, xh] = [6, 7, 8].map((k) => words[at + k] as Gpr)
  e.markTrap()
  emit.movq_rm(s, lo, s.at(address, 0))
  s.flush(b)
  e.markTrap()
  emit.movq_rm(s, hi, s.at(address, 8))
  s.flush(b)
  const loop = b.offset
  const keep = keeps.get(op)
  if (keep !== undefined) {
    // The flags of the whole difference: those of max are of the exchanged one.
    const max = op === RMW_UMAX || op === RMW_SMAX
    emit.movq_rr(s, tl, max ? xl : lo)
    emit.movq_rr(s, th, max ? xh : hi)
    emit.cmpq_rr(s, tl, max ? lo : xl)
    emit.sbbq_rr(s, th, th, max ? hi : xh)
    const cc = op === RMW_UMIN || op === RMW_UMAX ? CC.b : CC.l
    emit.movq_rr(s, tl, xl)
    emit.movq_rr(s, th, xh)
    emit.cmovq_rr(s, tl, tl, lo, cc)
    emit.cmovq_rr(s, th, th, hi, cc)
  } else if (op === RMW_XCHG) {
    emit.movq_rr(s, tl, xl)
    emit.movq_rr(s, th, xh)
  } else {
    emit.movq_rr(s, tl, lo)
    emit.movq_rr(s, th, hi)
    const [first, second] = pairOperation(op)
    first(s, tl, tl, xl)
    second(s, th, th, xh)
    if (op === RMW_NAND) {
      emit.notq_r(s, tl, tl)
      emit.notq_r(s, th, th)
    }
  }
  s.flush(b)
  e.markTrap()
  emit.lock_cmpxchg16b_m(s, lo, lo, hi, hi, tl, th, s.at(address, 0))
  s.flush(b)
  jumpBack(b, loop)
}

type Two = typeof emit.addq_rr

function pairOperation(op: number): readonly [Two, Two] {
  if (op === RMW_ADD) return [emit.addq_rr, emit.adcq_rr]
  if (op === RMW_SUB) return [emit.subq_rr, emit.sbbq_rr]
  if (op === RMW_OR) return [emit.orq_rr, emit.orq_rr]
  if (op === RMW_XOR) return [emit.xorq_rr, emit.xorq_rr]
  return [emit.andq_rr, emit.andq_rr]
}

export const atomicEmitters: readonly (readonly [number, PseudoEmitter])[] = [
  [T.RMW_LOOP, rmwLoop],
  [T.RMW_LOOP_16, rmwLoop16],
]
