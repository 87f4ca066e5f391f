// The vector state in emission: what vtype, vl and vxrm hold at this point of the code, and the instructions that change it.
//
// Rows say what they expect in a word of their own (insts/vector-state.ts). Emission goes in the order of the code, so what was set up last is what holds, until
// a label (other code may come there) or a call (the callee may change everything). vset{i}vl{i} is written where that does not do.
import type { CodeBuffer, Emitter } from '@k23/machinst'
import { FRAME_SPILL } from '@k23/machinst'
import { allocIndex, allocIsReg } from '@k23/regalloc'
import {
  emit,
  encode,
  LMUL_1,
  rows,
  SEW_8,
  tables,
  VSTATE_VALID,
  vstate,
  vstateAvl,
  vstateHolds,
  vstateVtype,
  vstateVxrm,
} from './insts/index.ts'
import type { VReg, Writable, XReg } from './insts/index.ts'
import { SP_WORD, TMP_WORD, ZERO_WORD } from './registers.ts'
import type { Scratch } from './scratch.ts'
import { sewOf } from './vector-types.ts'

/** 1 for each opcode whose last word is a vstate. */
export const hasState: Uint8Array = Uint8Array.from(tables.ids, (id) => (rows[id].attrs.state === 'vstate' ? 1 : 0))

/** All 16 bytes of a vector. */
export const STATE_BYTES: number = vstate(SEW_8, LMUL_1, 16)

const CSR_VXRM = 0x00a

/** The state after `wanted` was brought about where `current` held. */
export function stateAfter(current: number, wanted: number): number {
  if (vstateHolds(current, wanted)) return current
  if (wanted === VSTATE_VALID) return STATE_BYTES
  // vset{i}vl{i} leaves vxrm alone
  return (wanted & 0xe000) !== 0 ? wanted : wanted | (current & 0xe000)
}

/** Writes what makes `wanted` hold; returns the new state. */
export function setState(s: Scratch, b: CodeBuffer, current: number, wanted: number): number {
  if (vstateHolds(current, wanted)) return current
  const next = stateAfter(current, wanted)
  const pending = s.words.length
  if ((next & 0x1fff) !== (current & 0x1fff))
    emit.vsetivli(s, ZERO_WORD as Writable<XReg>, vstateAvl(next), vstateVtype(next))
  if ((next & 0xe000) !== (current & 0xe000)) emit.csrrwi(s, ZERO_WORD as Writable<XReg>, CSR_VXRM, vstateVxrm(next))
  for (let at = pending; at < s.words.length; at += s.words.data[at] >>> 16) b.put32(encode(s.words.data, at, 0))
  s.words.length = pending
  return next
}

export const vectorLoads: readonly (typeof emit.vle8_v)[] = [emit.vle8_v, emit.vle16_v, emit.vle32_v, emit.vle64_v]
const stores = [emit.vse8_v, emit.vse16_v, emit.vse32_v, emit.vse64_v]

/** The state in which a whole vector is moved between register and frame: the current one, if it covers 16 bytes. */
export function wholeState(current: number): number {
  for (const bits of [8, 16, 32, 64]) {
    const whole = vstate(sewOf(bits), LMUL_1, 128 / bits)
    if (vstateHolds(current, whole)) return whole
  }
  return STATE_BYTES
}

/** Moves of the allocator between registers and spill slots. */
export function emitVectorMove(s: Scratch, e: Emitter, from: number, to: number): void {
  if (allocIsReg(from) && allocIsReg(to)) {
    emit.vmv1r_v(s, (allocIndex(to) * 2) as Writable<VReg>, (allocIndex(from) * 2) as VReg, VSTATE_VALID)
    s.flush(e.buf)
    return
  }
  const load = allocIsReg(to)
  const offset = e.frameOffset(FRAME_SPILL, allocIndex(load ? from : to) * 8)
  const base = frameAddress(s, SP_WORD as XReg, offset)
  const state = wholeState(s.vstate)
  const sew = (state >> 3) & 7
  if (load) vectorLoads[sew](s, (allocIndex(to) * 2) as Writable<VReg>, base, state)
  else stores[sew](s, base, (allocIndex(from) * 2) as VReg, state)
  s.flush(e.buf)
}

/** base + offset in a register: vector accesses have no offset. */
export function frameAddress(s: Scratch, base: XReg, offset: number): XReg {
  if (offset === 0) return base
  s.addOffset(TMP_WORD as Writable<XReg>, base, offset)
  return TMP_WORD as XReg
}
