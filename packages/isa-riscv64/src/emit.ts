// Emission of riscv64: rows go through the generated encoder; pseudo-instructions become rows in a scratch stream that the same loop encodes.
// x30 (TMP) belongs to emission: offsets out of reach, far branches. x31 (TMP2) belongs to the allocator's moves.
import { bug, I32Vec } from '@k23/entity'
import { I64, TRAP_STACK_OVERFLOW, type Type } from '@k23/ir'
import {
  type BranchKind,
  type CodeBuffer,
  type Emitter,
  FRAME_INCOMING,
  FRAME_SPILL,
  FRAME_TAIL,
  type FrameLayout,
  INST_MAY_TRAP,
  P_CALL,
  P_CALL_IND,
  P_TRY_CALL,
  P_TRY_CALL_IND,
} from '@k23/machinst'
import { allocIndex, allocIsReg, CLASS_FLOAT, CLASS_INT, CLASS_VECTOR } from '@k23/regalloc'
import * as feat from './features.ts'
import {
  compress,
  emit,
  encode,
  Fixup,
  Opc,
  patchFixup,
  patchHi20,
  patchLo12I,
  tables,
  VSTATE_NONE,
  VSTATE_VALID,
} from './insts/index.ts'
import type { FReg, Label, VReg, Writable, XReg } from './insts/index.ts'
import { loadRow, storeRow } from './context.ts'
import {
  FP as FP_REG,
  FP_WORD,
  PROBE_END,
  PROBE_STEP,
  RA as RA_REG,
  RA_WORD,
  SP as SP_REG,
  SP_WORD,
  TAIL_TARGET,
  TMP_WORD,
  ZERO_WORD,
} from './registers.ts'
import * as T from './table.ts'
import { emitAtomicLoop } from './emit-atomics.ts'
import { blockStates, type BlockStates, hasVectors } from './emit-vector-blocks.ts'
import { emitVectorMove, frameAddress, hasState, setState, vectorLoads } from './emit-vector.ts'
import { stateOf, vectorLoadRow, vectorStoreRow } from './vector-types.ts'
import type { SymbolRef } from './symbols.ts'

export const X0: XReg = ZERO_WORD as XReg
const RA = RA_WORD as Writable<XReg>
const SP = SP_WORD as Writable<XReg>
const FP = FP_WORD as Writable<XReg>
export const TMP: Writable<XReg> = TMP_WORD as Writable<XReg>
const NO_LABEL = 0 as Label

// ---- branches
/** Conditional branch: row (±4 KB); inverted row over jal (±1 MB); inverted row over auipc and jalr. */
const KIND_COND = 0
const KIND_JUMP = 1
/** A branch to a deferred trap; where that is out of reach, an inverted branch over a trap in place. */
const KIND_TRAP = 2
export const branchKinds: readonly BranchKind[] = [
  { name: 'conditional branch', reach: [4094, 0xffff0, 0x7fff_f000], bytes: [4, 8, 12] },
  { name: 'jump', reach: [0xffff0, 0x7fff_f000], bytes: [4, 8] },
  { name: 'branch to a trap', reach: [4094, Number.POSITIVE_INFINITY], bytes: [4, 8] },
]

// ---- fixup kinds of the code buffer: the rows' own, then pairs
/** auipc at the offset and an I-type instruction behind it. */
const FIX_PAIR_I = 100
/** A 32-bit word: distance from a base that stands FIX_TABLE - kind bytes before it. */
const FIX_WORD = 101

const UNIMP = 0xc0001073 | 0

/** The scratch stream of pseudo-instructions; the constructors push on `words`. */
export class Scratch {
  readonly words: I32Vec = new I32Vec(64)
  readonly features: number
  /** What vtype, vl and vxrm hold at the end of what is emitted (emit-vector.ts). */
  vstate: number = VSTATE_NONE
  /** Of the function being emitted, where it has vectors; and its current block. */
  blocks: BlockStates | undefined = undefined
  block = 0
  /** 1 for each opcode that the target can execute in compressed form. */
  private readonly allowed: Uint8Array
  private readonly short: Int32Array = new Int32Array(16)

  constructor(features: number) {
    this.features = features
    this.allowed = new Uint8Array(tables.mnemonic.length)
    for (let i = 0; i < this.allowed.length; i++)
      if (tables.length[i] === 2 && hasExtensions(features, tables.feature[i])) this.allowed[i] = 1
  }

  /** Encodes what was pushed and empties the stream. */
  flush(b: CodeBuffer): void {
    const w = this.words.data
    for (let at = 0; at < this.words.length; at += w[at] >>> 16) this.put(b, w, at)
    this.words.clear()
  }

  /** Encodes one instruction, compressed where the target has compressed instructions and the operands allow. */
  put(b: CodeBuffer, words: Int32Array, at: number): void {
    if (hasState[words[at] & 0xffff] !== 0) this.need(b, words[at + (words[at] >>> 16) - 1])
    if ((this.features & (1 << feat.ZCA)) !== 0 && this.compressed(b, words, at)) return
    if (tables.length[words[at] & 0xffff] === 2) b.put16(encode(words, at, 0))
    else b.put32(encode(words, at, 0))
  }

  /** Brings about a vector state. */
  need(b: CodeBuffer, wanted: number): void {
    this.vstate = setState(this, b, this.vstate, wanted)
  }

  private compressed(b: CodeBuffer, words: Int32Array, at: number): boolean {
    if (compress(words, at, this.short, 0, this.allowed) === 0) return false
    b.put16(encode(this.short, 0, 0))
    return true
  }

  /** rd = base + offset, whatever the offset. */
  addOffset(rd: Writable<XReg>, base: XReg, offset: number): void {
    if (offset >= -2048 && offset <= 2047) {
      emit.addi(this, rd, base, offset)
      return
    }
    this.loadImm(TMP, offset)
    emit.add(this, rd, base, TMP)
  }

  /** rd = a signed 32-bit constant. */
  loadImm(rd: Writable<XReg>, k: number): void {
    if (k >= -2048 && k <= 2047) {
      emit.addi(this, rd, X0, k)
      return
    }
    const low = (k << 20) >> 20
    emit.lui(this, rd, ((k - low) >>> 12) & 0xfffff)
    if (low !== 0) emit.addiw(this, rd, rd, low)
  }

  load(rd: number, base: XReg, offset: number, type: Type): void {
    const [b, o] = this.reach(base, offset)
    loadRow(type)(this as never, rd as never, b, o)
  }

  store(rs: number, base: XReg, offset: number, type: Type): void {
    const [b, o] = this.reach(base, offset)
    storeRow(type)(this as never, b, rs as never, o)
  }

  private reach(base: XReg, offset: number): [XReg, number] {
    if (offset >= -2048 && offset <= 2047) return [base, offset]
    this.loadImm(TMP, offset)
    emit.add(this, TMP, TMP, base)
    return [TMP, 0]
  }
}

/** Whether features cover a row's extensions (`C D`, `Zcb Zbb`); those of the base always do. */
function hasExtensions(features: number, extensions: string): boolean {
  return extensions.split(' ').every((x) => {
    const bit = x === 'C' ? feat.ZCA : x === 'D' && extensions.startsWith('C') ? feat.ZCD : feat.BY_EXTENSION[x]
    return bit === undefined || (features & (1 << bit)) !== 0
  })
}

/** The comparison that holds where `row` does not. */
export function invertRow(row: number): number {
  switch (row) {
    case Opc.beq:
      return Opc.bne
    case Opc.bne:
      return Opc.beq
    case Opc.blt:
      return Opc.bge
    case Opc.bge:
      return Opc.blt
    case Opc.bltu:
      return Opc.bgeu
    default:
      return Opc.bltu
  }
}

const branchWords = new Int32Array(4)
/** Encodes a branch row over `distance` bytes. */
export function putBranch(b: CodeBuffer, row: number, rs1: number, rs2: number, distance: number): void {
  branchWords[0] = row | (4 << 16)
  branchWords[1] = rs1
  branchWords[2] = rs2
  b.put32(encode(branchWords, 0, distance))
}

export function emitCondBranch(s: Scratch, e: Emitter, at: number, label: number, inverted: boolean): void {
  const w = e.v.words
  const row = inverted ? invertRow(w[at + 1]) : w[at + 1]
  const b = e.buf
  const level = b.site(KIND_COND, label)
  if (level === 0) {
    b.fixup(b.offset, label, Fixup.branch)
    putBranch(b, row, w[at + 2], w[at + 3], 0)
    return
  }
  putBranch(b, invertRow(row), w[at + 2], w[at + 3], level === 1 ? 8 : 12)
  if (level === 1) putJal(s, b, label)
  else putFarJump(s, b, label)
}

function putJal(s: Scratch, b: CodeBuffer, label: number): void {
  b.fixup(b.offset, label, Fixup.jump)
  emit.jal(s, X0 as Writable<XReg>, NO_LABEL)
  b.put32(encode(s.words.data, 0, 0))
  s.words.clear()
}

function putFarJump(s: Scratch, b: CodeBuffer, label: number): void {
  b.fixup(b.offset, label, FIX_PAIR_I)
  emit.auipc(s, TMP, 0)
  emit.jalr(s, X0 as Writable<XReg>, TMP, 0)
  putLong(s, b)
}

/** Encodes the scratch stream without compression, for what is patched later. */
function putLong(s: Scratch, b: CodeBuffer): void {
  const w = s.words.data
  for (let at = 0; at < s.words.length; at += w[at] >>> 16) b.put32(encode(w, at, 0))
  s.words.clear()
}

export function emitJump(s: Scratch, e: Emitter, label: number): void {
  if (e.buf.site(KIND_JUMP, label) === 0) putJal(s, e.buf, label)
  else putFarJump(s, e.buf, label)
}

/** Bounds check, then a jump to base + table[index]: the table of 32-bit offsets follows the jump. */
export function emitTableBranch(s: Scratch, e: Emitter, at: number, labels: readonly number[]): void {
  const w = e.v.words
  const b = e.buf
  const index = w[at + 1] as XReg
  const t1 = w[at + 2] as Writable<XReg>
  const t2 = w[at + 3] as Writable<XReg>
  s.loadImm(t1, labels.length - 1)
  s.flush(b)
  const level = b.site(KIND_COND, labels[0])
  if (level === 0) {
    b.fixup(b.offset, labels[0], Fixup.branch)
    putBranch(b, Opc.bgeu, index, t1, 0)
  } else {
    putBranch(b, Opc.bltu, index, t1, level === 1 ? 8 : 12)
    if (level === 1) putJal(s, b, labels[0])
    else putFarJump(s, b, labels[0])
  }
  // Six instructions of 4 bytes lie between the auipc and the table.
  emit.auipc(s, t1, 0)
  emit.slli(s, t2, index, 2)
  emit.add(s, t2, t2, t1)
  emit.lw(s, t2, t2, 24)
  emit.add(s, t1, t1, t2)
  emit.jalr(s, X0 as Writable<XReg>, t1, 0)
  const base = b.offset
  putLong(s, b)
  for (let i = 1; i < labels.length; i++) {
    // patch() gives the distance from the word; the word must hold the distance from the base
    b.fixup(b.offset, labels[i], FIX_WORD)
    b.put32(b.offset - base)
  }
}

// ---- frame

export function emitPrologue(s: Scratch, e: Emitter, frame: FrameLayout): void {
  const b = e.buf
  b.unwindRow(SP_REG, 0, [])
  if (!frame.setup) return
  if (frame.tailBytes !== 0) {
    s.addOffset(SP, SP, -frame.tailBytes)
    s.flush(b)
    b.unwindRow(SP_REG, frame.tailBytes, [])
  }
  emit.addi(s, SP, SP, -16)
  s.flush(b)
  b.unwindRow(SP_REG, 16 + frame.tailBytes, [])
  emit.sd(s, SP, RA, 8)
  emit.sd(s, SP, FP, 0)
  emit.addi(s, FP, SP, 0)
  s.flush(b)
  // What is saved later is not written before the body either.
  bodyRow(b, frame)
  probeStack(s, e, frame.totalBytes)
  if (frame.totalBytes !== 0) s.addOffset(SP, SP, -frame.totalBytes)
  saveOrRestore(s, frame, false)
  s.flush(b)
  bodyRow(b, frame, true)
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

/** Where the caller's registers are once the frame pointer stands, and, in the body, those that the prologue has saved. */
function bodyRow(b: CodeBuffer, frame: FrameLayout, saved = false): void {
  if (!frame.setup) {
    b.unwindRow(SP_REG, 0, [])
    return
  }
  const top = 16 + frame.tailBytes
  const list: [number, number][] = [
    [RA_REG, 8 - top],
    [FP_REG, -top],
  ]
  if (saved) frame.clobbers.forEach((r, i) => list.push([r, -top - 8 * (i + 1)]))
  b.unwindRow(FP_REG, top, list)
}

/** Probes in line up to here; beyond, in a loop. */
const MAX_UNROLLED = 4

/**
 * Touches each guard page that the frame could jump over. Both strategies are made in line: there is no routine to call. The temporaries that no argument is
 * in are free at entry.
 */
function probeStack(s: Scratch, e: Emitter, frameBytes: number): void {
  const { shared } = e.isa
  const page = 2 ** Number(shared.probestack_size_log2 ?? 12)
  if (shared.enable_probestack !== true || frameBytes < page) return
  const b = e.buf
  const n = Math.floor(frameBytes / page)
  const touch = (at: Writable<XReg>): void => {
    s.flush(b)
    b.trapHere(TRAP_STACK_OVERFLOW)
    emit.sd(s, at, X0, 0)
    s.flush(b)
  }
  if (n <= MAX_UNROLLED) {
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
  let offset = 0
  for (const r of frame.clobbers) {
    offset -= 8
    const float = r >> 6 === CLASS_FLOAT
    if (restore) {
      if (float) emit.fld(s, (r * 2) as Writable<FReg>, FP, offset)
      else emit.ld(s, (r * 2) as Writable<XReg>, FP, offset)
    } else if (float) emit.fsd(s, FP, (r * 2) as FReg, offset)
    else emit.sd(s, FP, (r * 2) as XReg, offset)
  }
}

/** Restores the caller's registers; the stack pointer ends `pop` bytes above the one at entry. */
function emitEpilogue(s: Scratch, b: CodeBuffer, frame: FrameLayout, pop: number): void {
  if (frame.setup) {
    saveOrRestore(s, frame, true)
    if (frame.totalBytes !== 0) emit.addi(s, SP, FP, 0)
    emit.ld(s, RA, SP, 8)
    emit.ld(s, FP, SP, 0)
    s.flush(b)
    b.unwindRow(SP_REG, 16 + frame.tailBytes, [])
    s.addOffset(SP, SP, 16 + frame.tailBytes + pop)
  } else if (pop !== 0) s.addOffset(SP, SP, pop)
  s.flush(b)
  b.unwindRow(SP_REG, -pop, [])
}

export function emitReturn(s: Scratch, e: Emitter, frame: FrameLayout): void {
  emitEpilogue(s, e.buf, frame, frame.popBytes)
  emit.jalr(s, X0 as Writable<XReg>, RA, 0)
  s.flush(e.buf)
  bodyRow(e.buf, frame, true)
}

/** The callee finds its stack arguments where ours end, and removes them itself. */
export function emitTailCall(s: Scratch, e: Emitter, at: number, frame: FrameLayout): void {
  const info = e.v.calls[e.v.words[at + 1]]
  emitEpilogue(s, e.buf, frame, info.calleePops ? frame.incomingBytes - info.stackArgBytes : 0)
  const target = (TAIL_TARGET * 2) as Writable<XReg>
  if (info.callee !== undefined) {
    e.buf.relocs.push({ offset: e.buf.offset, kind: 'riscv_call_plt', name: info.callee, addend: 0n })
    emit.auipc(s, target, 0)
    emit.jalr(s, X0 as Writable<XReg>, target, 0)
    putLong(s, e.buf)
  } else {
    emit.jalr(s, X0 as Writable<XReg>, target, 0)
    s.flush(e.buf)
  }
  bodyRow(e.buf, frame, true)
}

// ---- moves of the allocator

export function emitMove(s: Scratch, e: Emitter, from: number, to: number, cls: number): void {
  if (from === to) return
  if (cls === CLASS_VECTOR) {
    emitVectorMove(s, e, from, to)
    return
  }
  const float = cls === CLASS_FLOAT
  if (allocIsReg(from) && allocIsReg(to)) {
    const a = allocIndex(from) * 2
    const d = allocIndex(to) * 2
    if (float) emit.fsgnj_d(s, d as Writable<FReg>, a as FReg, a as FReg)
    else emit.addi(s, d as Writable<XReg>, a as XReg, 0)
  } else if (allocIsReg(from)) {
    const offset = e.frameOffset(FRAME_SPILL, allocIndex(to) * 8)
    if (float) fstore(s, allocIndex(from) * 2, offset)
    else s.store(allocIndex(from) * 2, SP, offset, I64)
  } else if (allocIsReg(to)) {
    const offset = e.frameOffset(FRAME_SPILL, allocIndex(from) * 8)
    if (float) fload(s, allocIndex(to) * 2, offset)
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

// ---- instructions

export function emitTrap(b: CodeBuffer): void {
  b.put32(UNIMP)
}

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
  if (info.callee === undefined) {
    emit.jalr(s, RA, w[at + 3] as XReg, 0)
    s.flush(b)
  } else {
    b.relocs.push({ offset: b.offset, kind: 'riscv_call_plt', name: info.callee, addend: 0n })
    emit.auipc(s, RA, 0)
    emit.jalr(s, RA, RA, 0)
    putLong(s, b)
  }
  s.vstate = VSTATE_NONE
  b.callSites.push({ offset: b.offset })
  if (info.calleePops && info.stackArgBytes !== 0) {
    s.addOffset(SP, SP, -info.stackArgBytes)
    s.flush(b)
  }
}

/** rd holds x already: skip the move where the comparison holds. */
function emitSelect(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const d = w[at + 2]
  const y = w[at + 6]
  if (d === y) return
  const b = e.buf
  const vector = (w[at] & 0xffff) === T.SELECT_V
  if (vector) s.need(b, VSTATE_VALID)
  const branch = b.offset
  putBranch(b, w[at + 1], w[at + 4], w[at + 5], 8)
  if (vector) emit.vmv1r_v(s, d as Writable<VReg>, y as VReg, VSTATE_VALID)
  else if ((w[at] & 0xffff) === T.SELECT_F) emit.fsgnj_d(s, d as Writable<FReg>, y as FReg, y as FReg)
  else emit.addi(s, d as Writable<XReg>, y as XReg, 0)
  s.flush(b)
  patchBranch(b, branch, b.offset - branch)
}

/** Sets the distance of a branch that was just emitted. */
export function patchBranch(b: CodeBuffer, offset: number, distance: number): void {
  // Clear the old distance: imm[12|10:5] in bits 31-25, imm[4:1|11] in bits 11-7.
  b.write32(offset, patchFixup(b.read32(offset) & 0x01fff07f, Fixup.branch, distance))
}

function emitTrapIf(_s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const b = e.buf
  const label = e.trapLabel(w[at + 4])
  if (b.site(KIND_TRAP, label) === 0) {
    b.fixup(b.offset, label, Fixup.branch)
    putBranch(b, w[at + 1], w[at + 2], w[at + 3], 0)
    return
  }
  b.cancelSite()
  b.cancelDeferredTrap()
  putBranch(b, invertRow(w[at + 1]), w[at + 2], w[at + 3], 8)
  b.trapHere(w[at + 4])
  emitTrap(b)
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
  e.buf.relocs.push({ offset: e.buf.offset, kind: ref.kind ?? 'riscv_pcrel_addr', name: ref.name, addend: ref.addend })
  emit.auipc(s, rd, 0)
  if (ref.kind === 'riscv_got_pcrel') emit.ld(s, rd, rd, 0)
  else emit.addi(s, rd, rd, 0)
  putLong(s, e.buf)
}

function emitBlockAddr(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const rd = w[at + 1] as Writable<XReg>
  e.buf.fixup(e.buf.offset, e.blockLabel[w[at + 2]], FIX_PAIR_I)
  emit.auipc(s, rd, 0)
  emit.addi(s, rd, rd, 0)
  putLong(s, e.buf)
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
  putLong(s, e.buf)
}

function loadVectorConstant(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const state = w[at + 3]
  s.need(e.buf, state)
  e.buf.fixup(e.buf.offset, e.buf.constant(e.v.extra[w[at + 2]] as Uint8Array), FIX_PAIR_I)
  emit.auipc(s, TMP, 0)
  emit.addi(s, TMP, TMP, 0)
  putLong(s, e.buf)
  vectorLoads[(state >> 3) & 7](s, w[at + 1] as Writable<VReg>, TMP, state)
  s.flush(e.buf)
}

// ---- fixups

export function patch(b: CodeBuffer, offset: number, distance: number, kind: number): boolean {
  if (kind === FIX_WORD) {
    b.write32(offset, b.read32(offset) + distance)
    return true
  }
  if (kind === FIX_PAIR_I) {
    b.write32(offset, patchHi20(b.read32(offset), distance))
    b.write32(offset + 4, patchLo12I(b.read32(offset + 4), distance))
    return true
  }
  const range = tables.fixups[kind]
  if (range === undefined || distance < range.min || distance > range.max) return false
  b.write32(offset, patchFixup(b.read32(offset), kind, distance))
  return true
}
