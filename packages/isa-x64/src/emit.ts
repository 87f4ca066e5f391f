// Emission of x64: rows go through the table's encoder once their memory operands are final; pseudo-instructions become rows in a scratch stream.
// r11 and xmm15 belong to emission within one instruction, to the allocator's moves between instructions.
import { bug } from '@k23/entity'
import {
  type CodeBuffer,
  type Emitter,
  FRAME_INCOMING,
  FRAME_SPILL,
  FRAME_TAIL,
  P_CALL,
  P_CALL_IND,
  P_STACK_SWITCH,
  P_TRY_CALL,
  P_TRY_CALL_IND,
} from '@k23/machinst'
import { allocIndex, allocIsReg, CLASS_INT } from '@k23/regalloc'
import { atomicEmitters } from './emit-atomics.ts'
import { emitJcc, emitJump, emitJumpIf, FIX_REL32, leaLabel } from './emit-branch.ts'
import { emitCall, emitStackSwitch, emitTlsCall } from './emit-call.ts'
import { CC, emit, encode, tables } from './insts/index.ts'
import type { Gpr, Writable, Xmm } from './insts/index.ts'
import { RBP_WORD, RSP_WORD } from './registers.ts'
import { loadOrStoreX, type Scratch, SP } from './scratch.ts'
import type { SymbolRef } from './symbols.ts'
import * as T from './table.ts'

// ---- moves of the allocator

export function emitMove(s: Scratch, e: Emitter, from: number, to: number, cls: number): void {
  if (from === to) return
  const int = cls === CLASS_INT
  if (allocIsReg(from) && allocIsReg(to)) {
    const a = allocIndex(from) * 2
    const d = allocIndex(to) * 2
    if (int) emit.movq_rr(s, d as Writable<Gpr>, a as Gpr)
    else (s.avx ? emit.vmovaps_rr : emit.movaps_rr)(s, d as Writable<Xmm>, a as Xmm)
  } else if (allocIsReg(from) !== allocIsReg(to)) {
    const load = allocIsReg(to)
    const reg = allocIndex(load ? to : from) * 2
    const m = s.at(SP, e.frameOffset(FRAME_SPILL, allocIndex(load ? from : to) * 8))
    if (!int) loadOrStoreX(s, reg, m, load)
    else if (load) emit.movq_rm(s, reg as Writable<Gpr>, m)
    else emit.movq_mr(s, reg as Gpr, m)
  } else bug('emit', e.v.name, `move ${from} to ${to}`, 'the allocator left a move between two stack slots')
  s.flush(e.buf)
}

// ---- instructions

export function emitTrap(b: CodeBuffer): void {
  b.put16(0x0b0f)
}

export function emitInst(s: Scratch, e: Emitter, at: number): void {
  const w = e.v.words
  const opc = w[at] & 0xffff
  if (opc < T.table.numRows) {
    if (e.trapCode !== 0) e.markTrap()
    emitRow(e, w, at)
    return
  }
  const emitter = pseudoEmitters.get(opc)
  if (emitter === undefined) bug('emit', e.v.name, T.table.names[opc], 'no emitter')
  emitter(s, e, at, w)
}

// Kinds of memory operands (insts).
const MEM_LABEL = 1
const MEM_SYMBOL = 2
const MEM_FRAME = 3

/** Encodes a row; a frame-relative memory operand becomes final, one relative to rip gets its fixup or relocation. */
function emitRow(e: Emitter, w: Int32Array, at: number): void {
  const b = e.buf
  const m = tables.memWord[w[at] & 0xffff]
  const kind = m === 0 ? 0 : (w[at + m + 2] >> 4) & 15
  if (kind === 0) {
    encode(w, at, b.bytes)
    return
  }
  if (kind === MEM_FRAME) {
    frameOperand(e, w, at + m)
    encode(w, at, b.bytes)
    return
  }
  const start = b.offset
  const field = start + encode(w, at, b.bytes)
  const behind = b.offset - field - 4
  const ref = w[at + m + 3]
  if (kind === MEM_LABEL) {
    const label = ref < 0 ? e.blockLabel[-1 - ref] : b.constant(e.v.extra[ref] as Uint8Array)
    b.fixup(field, label, FIX_REL32 + behind)
  } else if (kind === MEM_SYMBOL) {
    const symbol = e.v.extra[ref] as SymbolRef
    const addend = symbol.addend - BigInt(4 + behind)
    b.relocs.push({ offset: field, kind: symbol.kind ?? 'x64_pcrel', name: symbol.name, addend })
  }
}

/** Incoming arguments are found by the frame pointer, all else by the stack pointer. */
function frameOperand(e: Emitter, w: Int32Array, at: number): void {
  const kind = (w[at + 2] >> 8) & 15
  const offset = w[at + 3]
  const { tailBytes, incomingBytes } = e.frame
  w[at + 2] = 0
  if (kind === FRAME_INCOMING || kind === FRAME_TAIL) {
    w[at] = RBP_WORD
    w[at + 3] = 16 + tailBytes + offset + (kind === FRAME_TAIL ? incomingBytes : 0)
  } else {
    w[at] = RSP_WORD
    w[at + 3] = e.frameOffset(kind, offset)
  }
}

export type PseudoEmitter = (s: Scratch, e: Emitter, at: number, w: Int32Array) => void

const pseudoEmitters: ReadonlyMap<number, PseudoEmitter> = new Map<number, PseudoEmitter>([
  [T.table.generic + P_CALL, emitCall],
  [T.table.generic + P_CALL_IND, emitCall],
  [T.table.generic + P_TRY_CALL, emitCall],
  [T.table.generic + P_TRY_CALL_IND, emitCall],
  [T.table.generic + P_STACK_SWITCH, emitStackSwitch],
  [T.TRAP_IF, emitTrapIf],
  [T.SELECT_X, emitSelect],
  [T.MIN_MAX_X, emitMinMax],
  [T.ZERO_X, (s, e, _at, w) => zeroOrOnes(s, e, w[_at + 1], false)],
  [T.ONES_X, (s, e, _at, w) => zeroOrOnes(s, e, w[_at + 1], true)],
  [T.BLOCK_ADDR, (_s, e, at, w) => leaLabel(e.buf, w[at + 1], e.blockLabel[w[at + 2]])],
  [T.TLS_GD, emitTlsCall],
  [T.SREM_SEQ, emitSignedRemainder],
  ...atomicEmitters,
])

function emitTrapIf(_s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  emitJumpIf(e.buf, w[at + 1], w[at + 2], w[at + 3], e.trapLabel(w[at + 4]))
}

/** dst holds x already: y is moved where the condition does not hold. */
function emitSelect(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const b = e.buf
  const over = b.newLabel()
  emitJumpIf(b, w[at + 1], w[at + 2], w[at + 3], over)
  ;(s.avx ? emit.vmovaps_rr : emit.movaps_rr)(s, w[at + 4] as Writable<Xmm>, w[at + 6] as Xmm)
  s.flush(b)
  b.bind(over)
}

/**
 * Ordered and different: the machine's minimum. Equal, which zeros of either sign are: or of the bits for the minimum, and for the maximum. A NaN: the sum, which
 * is the quiet form of the first.
 */
function emitMinMax(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const b = e.buf
  const max = w[at + 1] === 1
  const double = w[at + 2] === 1
  const d = w[at + 3] as Writable<Xmm>
  const y = w[at + 5] as Xmm
  const differ = b.newLabel()
  const nan = b.newLabel()
  const done = b.newLabel()
  if (s.avx) (double ? emit.vucomisd_rr : emit.vucomiss_rr)(s, d, y)
  else (double ? emit.ucomisd_rr : emit.ucomiss_rr)(s, d, y)
  s.flush(b)
  emitJcc(b, CC.ne, differ)
  emitJcc(b, CC.p, nan)
  if (s.avx) (max ? emit.vandps_rrr : emit.vorps_rrr)(s, d, d, y)
  else (max ? emit.andps_rr : emit.orps_rr)(s, d, d, y)
  s.flush(b)
  emitJump(b, done)
  b.bind(nan)
  if (s.avx) (double ? emit.vaddsd_rrr : emit.vaddss_rrr)(s, d, d, y)
  else (double ? emit.addsd_rr : emit.addss_rr)(s, d, d, y)
  s.flush(b)
  emitJump(b, done)
  b.bind(differ)
  if (s.avx)
    (max ? (double ? emit.vmaxsd_rrr : emit.vmaxss_rrr) : double ? emit.vminsd_rrr : emit.vminss_rrr)(s, d, d, y)
  else (max ? (double ? emit.maxsd_rr : emit.maxss_rr) : double ? emit.minsd_rr : emit.minss_rr)(s, d, d, y)
  s.flush(b)
  b.bind(done)
}

function zeroOrOnes(s: Scratch, e: Emitter, reg: number, ones: boolean): void {
  const d = reg as Writable<Xmm>
  if (s.avx) (ones ? emit.vpcmpeqd_rrr : emit.vxorps_rrr)(s, d, d, d)
  else (ones ? emit.pcmpeqd_rr : emit.xorps_rr)(s, d, d, d)
  s.flush(e.buf)
}

/** idiv traps on the least number by -1, whose remainder is 0. The divisor is not 0. */
function emitSignedRemainder(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const b = e.buf
  const wide = w[at + 1] === 8
  const rax = w[at + 2] as Writable<Gpr>
  const rdx = w[at + 3] as Writable<Gpr>
  const divisor = w[at + 6] as Gpr
  const divide = b.newLabel()
  const done = b.newLabel()
  ;(wide ? emit.cmpq_ri : emit.cmpl_ri)(s, divisor, -1)
  s.flush(b)
  emitJcc(b, CC.ne, divide)
  emit.movl_ri(s, rdx, 0)
  s.flush(b)
  emitJump(b, done)
  b.bind(divide)
  ;(wide ? emit.idivq_r : emit.idivl_r)(s, rax, rax, rdx, rdx, divisor)
  s.flush(b)
  b.bind(done)
}
