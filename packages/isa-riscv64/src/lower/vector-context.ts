// How rules make vector instructions: one function per operand form. `a OP b` in the order of CLIF's operands, that is vs2, then vs1.
//
// Masks live in v0, which is not allocated: they are made and used within the code of one CLIF instruction.
import { laneBits, type Type, type Value } from '@k23/ir'
import { CLASS_VECTOR } from '@k23/regalloc'
import { emit, LMUL_1, LMUL_F2, vstate } from '../insts/index.ts'
import type { FReg, InstSink, VReg, Writable, XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import { MASK_WORD } from '../registers.ts'
import * as T from '../table.ts'
import { sewOf, stateOf } from '../vector-types.ts'
import type { RiscvLower } from './driver.ts'

export type VV = (s: InstSink, vd: Writable<VReg>, vs1: VReg, vs2: VReg, state: number) => number
export type VX = (s: InstSink, vd: Writable<VReg>, rs1: XReg, vs2: VReg, state: number) => number
export type VF = (s: InstSink, vd: Writable<VReg>, rs1: FReg, vs2: VReg, state: number) => number
export type VI = (s: InstSink, vd: Writable<VReg>, vs2: VReg, imm: number, state: number) => number
export type V1 = (s: InstSink, vd: Writable<VReg>, vs2: VReg, state: number) => number
/** vd is read too. */
export type VVV = (s: InstSink, vd: Writable<VReg>, vdIn: VReg, vs1: VReg, vs2: VReg, state: number) => number

/** v0 as destination and as mask. */
export const M0: Writable<VReg> = MASK_WORD as Writable<VReg>

/** Operand of a vector value. */
export function v(c: RiscvLower, x: Value): VReg {
  return c.use(x) as VReg
}
export function tv(c: RiscvLower): Writable<VReg> {
  return c.temp(CLASS_VECTOR) as Writable<VReg>
}

// ---- states

/** State of t's lanes, of which only `lanes` count; with the lanes behind them kept. */
export function partState(t: Type, lanes: number, keep = false): number {
  return vstate(sewOf(laneBits(t)), LMUL_1, lanes, -1, keep ? 0 : 1)
}
/** State of `lanes` lanes of `bits` bits. */
export function laneState(bits: number, lanes: number): number {
  return vstate(sewOf(bits), LMUL_1, lanes)
}
/** The same for half a register: operands or results of twice the width take a whole one. */
export function halfState(bits: number, lanes: number): number {
  return vstate(sewOf(bits), LMUL_F2, lanes)
}

/** 128 bits as two words. */
export const WORDS: number = laneState(64, 2)

// ---- instructions into a fresh register

export function vv(c: RiscvLower, op: VV, st: number, a: VReg, b: VReg): VReg {
  const d = tv(c)
  op(c, d, b, a, st)
  return d
}
export function vx(c: RiscvLower, op: VX, st: number, a: VReg, x: XReg): VReg {
  const d = tv(c)
  op(c, d, x, a, st)
  return d
}
export function vf(c: RiscvLower, op: VF, st: number, a: VReg, x: FReg): VReg {
  const d = tv(c)
  op(c, d, x, a, st)
  return d
}
export function vi(c: RiscvLower, op: VI, st: number, a: VReg, imm: number): VReg {
  const d = tv(c)
  op(c, d, a, imm, st)
  return d
}
export function v1(c: RiscvLower, op: V1, st: number, a: VReg): VReg {
  const d = tv(c)
  op(c, d, a, st)
  return d
}
/** d = `into`, updated by a and b. */
export function update(c: RiscvLower, op: VVV, st: number, into: VReg, a: VReg, b: VReg): VReg {
  const d = tv(c)
  op(c, d, into, a, b, st)
  return d
}
/** Every lane x. */
export function splatX(c: RiscvLower, st: number, x: XReg): VReg {
  const d = tv(c)
  if (x === X0) emit.vmv_v_i(c, d, 0, st)
  else emit.vmv_v_x(c, d, x, st)
  return d
}
export function splatI(c: RiscvLower, st: number, imm: number): VReg {
  const d = tv(c)
  emit.vmv_v_i(c, d, imm, st)
  return d
}
/** Lane 0 of x, sign-extended. */
export function lane0(c: RiscvLower, st: number, x: VReg): XReg {
  const d = c.tx()
  emit.vmv_x_s(c, d, x, st)
  return d
}
/** The first lanes of `low`, and from lane `at` on those of `high`. */
export function join(c: RiscvLower, st: number, low: VReg, high: VReg, at: number): VReg {
  const d = tv(c)
  emit.vslideup_vi(c, d, low, high, at, st)
  return d
}
/** Lanes from `from` on, moved to the front. */
export function slideDown(c: RiscvLower, st: number, x: VReg, from: number): VReg {
  return from === 0 ? x : vi(c, emit.vslidedown_vi, st, x, from)
}

// ---- masks

/** Lanes of `yes` where v0 has a one, of `no` elsewhere. */
export function merge(c: RiscvLower, st: number, yes: VReg, no: VReg): VReg {
  const d = tv(c)
  emit.vmerge_vvm(c, d, M0, yes, no, st)
  return d
}
export function mergeI(c: RiscvLower, st: number, imm: number, no: VReg): VReg {
  const d = tv(c)
  emit.vmerge_vim(c, d, M0, no, imm, st)
  return d
}
/** v0 as lanes: all ones where it has a one (or, inverted, a zero), zeros elsewhere. */
export function lanesOfMask(c: RiscvLower, st: number, inverted = false): VReg {
  return mergeI(c, st, inverted ? 0 : -1, splatI(c, st, inverted ? -1 : 0))
}

/** A constant of 16 bytes or fewer from behind the function. */
export function constantVector(c: RiscvLower, st: number, bytes: Uint8Array): VReg {
  const d = tv(c)
  const at = c.v.extra.push(bytes) - 1
  c.words.push(T.LD_CONST_V | (4 << 16))
  c.words.push(d)
  c.words.push(at)
  c.words.push(st)
  return d
}

export { stateOf }
