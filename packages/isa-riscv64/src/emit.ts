// Emission of riscv64: rows go through the generated encoder; pseudo-instructions become rows in a scratch stream (scratch.ts) that the same loop
// encodes. Branches are in emit-branch.ts, prologues and epilogues in emit-frame.ts.
import { bug } from '@k23/entity'
import { I64, type Type } from '@k23/ir'
import {
  type Emitter,
  FRAME_INCOMING,
  FRAME_SPILL,
  FRAME_TAIL,
  INST_MAY_TRAP,
  P_CALL,
  P_CALL_IND,
  P_STACK_SWITCH,
  P_TRY_CALL,
  P_TRY_CALL_IND,
} from '@k23/machinst'
import { allocIndex, allocIsReg, CLASS_FLOAT, CLASS_INT, CLASS_VECTOR, type PReg, pregClass } from '@k23/regalloc'
import { emitAtomicLoop } from './emit-atomics.ts'
import { emitStackSwitch, loadAddress, putCall } from './emit-call.ts'
import { emitSelect, emitTrapIf, FIX_PAIR_I } from './emit-branch.ts'
import { blockStates, hasVectors } from './emit-vector-blocks.ts'
import { emitVectorMove, frameAddress, hasState, vectorLoads } from './emit-vector.ts'
import { emit, VSTATE_NONE } from './insts/index.ts'
import type { FReg, VReg, Writable, XReg } from './insts/index.ts'
import { FP, RA, type Scratch, SP, TMP } from './scratch.ts'
import type { SymbolRef } from './symbols.ts'
import * as T from './table.ts'
import { stateOf, vectorLoadRow, vectorStoreRow } from './vector-types.ts'

export function emitMove(s: Scratch, e: Emitter, from: number, to: number, cls: number): void {
  if (from === to) return
  if (cls === CLASS_VECTOR) {
    emitVectorMove(s, e, from, to)
    return
  }
  // A spilled integer may be in a float register: what kind of move it is the registers say.
  const fromFloat = pregClass(allocIndex(from) as PReg) === CLASS_FLOAT
  const toFloat = pregClass(allocIndex(to) as PReg) === CLASS_FLOAT
  if (allocIsReg(from) && allocIsReg(to)) {
    const a = allocIndex(from) * 2
    const d = allocIndex(to) * 2
    if (fromFloat && toFloat) emit.fsgnj_d(s, d as Writable<FReg>, a as FReg, a as FReg)
    else if (fromFloat) emit.fmv_x_d(s, d as Writable<XReg>, a as FReg)
    else if (toFloat) emit.fmv_d_x(s, d as Writable<FReg>, a as XReg)
    else emit.addi(s, d as Writable<XReg>, a as XReg, 0)
  } else if (allocIsReg(from)) {
    const offset = e.frameOffset(FRAME_SPILL, allocIndex(to) * 8)
    if (fromFloat) fstore(s, allocIndex(from) * 2, offset)
    else s.store(allocIndex(from) * 2, SP, offset, I64)
  } else if (allocIsReg(to)) {
    const offset = e.frameOffset(FRAME_SPILL, allocIndex(from) * 8)
    if (toFloat) fload(s, allocIndex(to) * 2, offset)
    else s.load(allocIndex(to) * 2, SP, offset, I64)
  } else bug('emit', e.v.name, `move ${from} to ${to}`, 'the allocator left a move between two stack slots')
  s.flush(e.buf)
}

function fstore(s: Scratch, reg: number, offset: number): void {
  if (offset <= 2047) {
    emit.fsd(s, SP, reg as FReg, offset)
    return
  }
  s.addOffset(TMP, SP, offset)
  emit.fsd(s, TMP, reg as FReg, 0)
}
function fload(s: Scratch, reg: number, offset: number): void {
  if (offset <= 2047) {
    emit.fld(s, reg as Writable<FReg>, SP, offset)
    return
  }
  s.addOffset(TMP, SP, offset)
  emit.fld(s, reg as Writable<FReg>, TMP, 0)
}

/** Other code may come to a label: the vector state there is what all of it leaves (emit-vector-blocks.ts). */
export function startBlock(s: Scratch, e: Emitter, block: number): void {
  // Emission begins with block 0, before which come arguments only.
  if (block === 0) s.blocks = hasVectors(e.v) ? (s.blocks?.v === e.v ? s.blocks : blockStates(e.v)) : undefined
  else if (s.blocks !== undefined && s.blocks.atEnd[s.block] !== s.vstate)
    bug('emit', e.v.name, `block ${s.block}`, 'its end has another vector state than predicted')
  s.block = block
  s.vstate = s.blocks === undefined ? VSTATE_NONE : s.blocks.atStart[block]
}

// ---- instructions

export function emitInst(s: Scratch, e: Emitter, at: number): void {
  const w = e.v.words
  const opc = w[at] & 0xffff
  if (opc < T.table.numRows) {
    if (hasState[opc] !== 0) s.need(e.buf, w[at + (w[at] >>> 16) - 1])
    if ((T.table.flags[opc] & INST_MAY_TRAP) !== 0) e.markTrap()
    s.put(e.buf, w, at)
    return
  }
  const emitter = pseudoEmitters.get(opc)
  if (emitter === undefined) bug('emit', e.v.name, T.table.names[opc], 'no emitter')
  emitter(s, e, at, w)
}

type PseudoEmitter = (s: Scratch, e: Emitter, at: number, w: Int32Array) => void

const pseudoEmitters: ReadonlyMap<number, PseudoEmitter> = new Map<number, PseudoEmitter>([
  [T.table.generic + P_CALL, emitCall],
  [T.table.generic + P_CALL_IND, emitCall],
  [T.table.generic + P_TRY_CALL, emitCall],
  [T.table.generic + P_TRY_CALL_IND, emitCall],
  [T.table.generic + P_STACK_SWITCH, emitStackSwitch],
  [T.SELECT, emitSelect],
  [T.SELECT_F, emitSelect],
  [T.SELECT_V, emitSelect],
  [T.TRAP_IF, emitTrapIf],
  [T.FRAME_LOAD, frameLoad],
  [T.FRAME_LOAD_F, frameLoad],
  [T.FRAME_STORE, frameStore],
  [T.FRAME_STORE_F, frameStore],
  [T.FRAME_ADDR, frameAddr],
  [T.SYMBOL, emitSymbol],
  [T.BLOCK_ADDR, emitBlockAddr],
  [T.LD_CONST, loadConstant],
  [T.LD_CONST_F, loadConstant],
  [T.FRAME_LOAD_V, frameVector],
  [T.FRAME_STORE_V, frameVector],
  [T.LD_CONST_V, loadVectorConstant],
  [T.RMW_LOOP, emitAtomicLoop],
  [T.RMW_SUB_LOOP, emitAtomicLoop],
  [T.CAS_LOOP, emitAtomicLoop],
  [T.CAS_SUB_LOOP, emitAtomicLoop],
  [
    T.GET_REG,
    (s, e, at, w) => {
      emit.addi(s, w[at + 1] as Writable<XReg>, (w[at + 2] * 2) as XReg, 0)
      s.flush(e.buf)
    },
  ],
  [
    T.SET_REG,
    (s, e, at, w) => {
      emit.addi(s, (w[at + 2] * 2) as Writable<XReg>, w[at + 1] as XReg, 0)
      s.flush(e.buf)
    },
  ],
])

function emitCall(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const info = e.v.calls[w[at + 1]]
  const b = e.buf
  const start = b.offset
  if (info.callee === undefined) {
    emit.jalr(s, RA, w[at + 3] as XReg, 0)
    s.flush(b)
  } else {
    putCall(s, e, info, RA, RA)
  }
  s.vstate = VSTATE_NONE
  b.callSite(start, info.patchable)
  if (info.calleePops && info.stackArgBytes !== 0) {
    s.addOffset(SP, SP, -info.stackArgBytes)
    s.flush(b)
  }
}

function frameBase(e: Emitter, kind: number, offset: number): [XReg, number] {
  if (kind === FRAME_INCOMING) return [FP, 16 + e.frame.tailBytes + offset]
  if (kind === FRAME_TAIL) return [FP, 16 + e.frame.tailBytes + e.frame.incomingBytes + offset]
  return [SP, e.frameOffset(kind, offset)]
}

function frameLoad(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const [base, offset] = frameBase(e, w[at + 2], w[at + 3])
  s.load(w[at + 1], base, offset, w[at + 4] as Type)
  s.flush(e.buf)
}

function frameStore(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const [base, offset] = frameBase(e, w[at + 2], w[at + 3])
  s.store(w[at + 1], base, offset, isIntClass(w[at + 1]) ? I64 : (w[at + 4] as Type))
  s.flush(e.buf)
}

/** Integer stack arguments are stored whole; what is above the value's width is undefined. */
function isIntClass(reg: number): boolean {
  return reg >> 7 === CLASS_INT
}

function frameAddr(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const [base, offset] = frameBase(e, w[at + 2], w[at + 3])
  s.addOffset(w[at + 1] as Writable<XReg>, base, offset)
  s.flush(e.buf)
}

/** [h, register, kind, offset, type]: a vector between register and frame. */
function frameVector(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const address = frameAddress(s, ...frameBase(e, w[at + 2], w[at + 3]))
  const type = w[at + 4] as Type
  if ((w[at] & 0xffff) === T.FRAME_LOAD_V) vectorLoadRow(type)(s, w[at + 1] as Writable<VReg>, address, stateOf(type))
  else vectorStoreRow(type)(s, address, w[at + 1] as VReg, stateOf(type))
  s.flush(e.buf)
}

function emitSymbol(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const rd = w[at + 1] as Writable<XReg>
  const ref = e.v.extra[w[at + 2]] as SymbolRef
  if (ref.kind === 'abs64') {
    loadAddress(s, e.buf, rd, ref.name, ref.addend)
    return
  }
  e.buf.relocs.push({ offset: e.buf.offset, kind: ref.kind ?? 'riscv_pcrel_addr', name: ref.name, addend: ref.addend })
  emit.auipc(s, rd, 0)
  if (ref.kind === 'riscv_got_pcrel') emit.ld(s, rd, rd, 0)
  else emit.addi(s, rd, rd, 0)
  s.flushLong(e.buf)
}

function emitBlockAddr(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const rd = w[at + 1] as Writable<XReg>
  e.buf.fixup(e.buf.offset, e.blockLabel[w[at + 2]], FIX_PAIR_I)
  emit.auipc(s, rd, 0)
  emit.addi(s, rd, rd, 0)
  s.flushLong(e.buf)
}

function loadConstant(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const rd = w[at + 1] as Writable<XReg>
  const k = new Uint8Array(8)
  const dv = new DataView(k.buffer)
  dv.setInt32(0, w[at + 2], true)
  dv.setInt32(4, w[at + 3], true)
  e.buf.fixup(e.buf.offset, e.buf.constant(k), FIX_PAIR_I)
  if ((w[at] & 0xffff) === T.LD_CONST_F) {
    emit.auipc(s, TMP, 0)
    emit.fld(s, w[at + 1] as Writable<FReg>, TMP, 0)
  } else {
    emit.auipc(s, rd, 0)
    emit.ld(s, rd, rd, 0)
  }
  s.flushLong(e.buf)
}

function loadVectorConstant(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const state = w[at + 3]
  s.need(e.buf, state)
  e.buf.fixup(e.buf.offset, e.buf.constant(e.v.extra[w[at + 2]] as Uint8Array), FIX_PAIR_I)
  emit.auipc(s, TMP, 0)
  emit.addi(s, TMP, TMP, 0)
  s.flushLong(e.buf)
  vectorLoads[(state >> 3) & 7](s, w[at + 1] as Writable<VReg>, TMP, state)
  s.flush(e.buf)
}
