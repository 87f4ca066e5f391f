// Emission of x64: rows go through the table's encoder once their memory operands are final; pseudo-instructions become rows in a scratch stream.
// r11 and xmm15 belong to emission within one instruction, to the allocator's moves between instructions.
import { bug, I32Vec } from '@k23/entity'
import { TRAP_STACK_OVERFLOW } from '@k23/ir'
import {
  type BranchKind,
  type CodeBuffer,
  type Emitter,
  FRAME_INCOMING,
  FRAME_SPILL,
  FRAME_TAIL,
  type FrameLayout,
  P_CALL,
  P_CALL_IND,
  P_STACK_SWITCH,
  P_TRY_CALL,
  P_TRY_CALL_IND,
} from '@k23/machinst'
import { allocIndex, allocIsReg, CLASS_INT } from '@k23/regalloc'
import { atomicEmitters } from './emit-atomics.ts'
import * as feat from './features.ts'
import { CC, emit, encode, memBase, memIndex, tables } from './insts/index.ts'
import type { Gpr, Mem, Writable, Xmm } from './insts/index.ts'
import {
  R8,
  RAX,
  RBP,
  RBP_WORD,
  RCX,
  RETURN_ADDRESS,
  RSP,
  RSP_WORD,
  STACK_SWITCH,
  TAIL_TARGET,
  TMP_WORD,
} from './registers.ts'
import type { SymbolRef } from './symbols.ts'
import { windowsUnwindInfo } from './windows-unwind.ts'
import * as T from './table.ts'

const SP = RSP_WORD as Writable<Gpr>
const FP = RBP_WORD as Writable<Gpr>
const TMP = TMP_WORD as Writable<Gpr>

// ---- branches: rel8, rel32. Reaches are from the start of the branch, the same in both directions.
const KIND_JMP = 0
const KIND_JCC = 1
export const branchKinds: readonly BranchKind[] = [
  { name: 'jump', reach: [126, 0x7fff_f000], bytes: [2, 5] },
  { name: 'conditional branch', reach: [126, 0x7fff_f000], bytes: [2, 6] },
]

// ---- fixup kinds of the code buffer
const FIX_REL8 = 0
/** A 32-bit word: distance from a base, of which the word holds how far before it the base is. */
const FIX_TABLE = 1
/** FIX_REL32 + n: a 32-bit field with n bytes of the instruction behind it. */
const FIX_REL32 = 2

/** Byte offset of the disp32 or rel32 field from the end of the instruction that encode() appended, for relocations. */
const CALL_ADDEND = -4n

/** The scratch stream of pseudo-instructions; the constructors push on `words`. */
export class Scratch {
  readonly words: I32Vec = new I32Vec(64)
  readonly mem: I32Vec = new I32Vec(16)
  readonly avx: boolean

  constructor(features: number) {
    this.avx = (features & (1 << feat.AVX)) !== 0
  }

  /** Encodes what was pushed and empties the stream. */
  flush(b: CodeBuffer): void {
    const w = this.words.data
    for (let at = 0; at < this.words.length; at += w[at] >>> 16) encode(w, at, b.bytes)
    this.words.clear()
    this.mem.clear()
  }
  at(base: Gpr, offset: number): Mem {
    return memBase(this, base, offset)
  }
  indexed(base: Gpr, index: Gpr, shift: number): Mem {
    return memIndex(this, base, index, shift, 0)
  }
  /** Adds a constant to a register; the flags are nobody's here. */
  add(r: Writable<Gpr>, k: number): void {
    if (k < 0) emit.subq_ri(this, r, r, -k)
    else if (k > 0) emit.addq_ri(this, r, r, k)
  }
}

// ---- control flow between blocks

export function emitJump(b: CodeBuffer, label: number): void {
  if (b.site(KIND_JMP, label) === 0) {
    b.put8(0xeb)
    b.fixup(b.offset, label, FIX_REL8)
    b.put8(0)
  } else {
    b.put8(0xe9)
    b.fixup(b.offset, label, FIX_REL32)
    b.put32(0)
  }
}

/** Jumps to `label` where condition `cc` holds. */
export function emitJcc(b: CodeBuffer, cc: number, label: number): void {
  if (b.site(KIND_JCC, label) === 0) {
    b.put8(0x70 | cc)
    b.fixup(b.offset, label, FIX_REL8)
    b.put8(0)
  } else {
    b.put16(0x800f | (cc << 8))
    b.fixup(b.offset, label, FIX_REL32)
    b.put32(0)
  }
}

/** The same for two conditions (T.COND_*). Hardware conditions are inverted by their low bit. */
function emitJumpIf(b: CodeBuffer, mode: number, cc: number, cc2: number, label: number): void {
  if (mode === T.COND_AND) {
    const over = b.newLabel()
    emitJcc(b, cc ^ 1, over)
    emitJcc(b, cc2, label)
    b.bind(over)
    return
  }
  emitJcc(b, cc, label)
  if (mode === T.COND_OR) emitJcc(b, cc2, label)
}

function invertMode(mode: number): number {
  return mode === T.COND_OR ? T.COND_AND : mode === T.COND_AND ? T.COND_OR : mode
}

export function emitCondBranch(e: Emitter, at: number, label: number, inverted: boolean): void {
  const w = e.v.words
  if (inverted) emitJumpIf(e.buf, invertMode(w[at + 1]), w[at + 2] ^ 1, w[at + 3] ^ 1, label)
  else emitJumpIf(e.buf, w[at + 1], w[at + 2], w[at + 3], label)
}

/** Bounds check, then a jump to table + table[index]. Where speculation must not read beyond the table, the index is 0 when it is out of bounds. */
export function emitTableBranch(s: Scratch, e: Emitter, at: number, labels: readonly number[]): void {
  const w = e.v.words
  const b = e.buf
  const index = w[at + 1] as Gpr
  const t1 = w[at + 2] as Writable<Gpr>
  const t2 = w[at + 3] as Writable<Gpr>
  const guard = e.isa.shared.enable_table_access_spectre_mitigation !== false
  if (guard) emit.movl_ri(s, t1, 0)
  emit.cmpq_ri(s, index, labels.length - 1)
  if (guard) emit.cmovq_rr(s, t1, t1, index, CC.b)
  s.flush(b)
  emitJcc(b, CC.ae, labels[0])
  const table = b.newLabel()
  leaLabel(b, t2, table)
  emit.movslq_rm(s, t1, s.indexed(t2, guard ? t1 : index, 2))
  emit.addq_rr(s, t1, t1, t2)
  emit.jmp_r(s, t1)
  s.flush(b)
  b.bind(table)
  const base = b.offset
  for (let i = 1; i < labels.length; i++) {
    // patch() gives the distance from the word; the word must hold the distance from the table
    b.fixup(b.offset, labels[i], FIX_TABLE)
    b.put32(b.offset - base)
  }
}

/** rd = address of a label. */
function leaLabel(b: CodeBuffer, rd: number, label: number): void {
  const hw = (rd >> 1) & 15
  b.put8(hw < 8 ? 0x48 : 0x4c)
  b.put16(0x058d | ((hw & 7) << 11))
  b.fixup(b.offset, label, FIX_REL32)
  b.put32(0)
}

// ---- frame

export function emitPrologue(s: Scratch, e: Emitter, frame: FrameLayout): void {
  const b = e.buf
  const tail = frame.tailBytes
  const start = b.offset
  const windows = frame.callConv === 'windows_fastcall'
  b.unwindRow(RSP, 8, [[RETURN_ADDRESS, -8]])
  if (!frame.setup) {
    if (windows) b.unwindInfo = windowsUnwindInfo(frame, { pushed: 0, framed: 0, end: 0 })
    return
  }
  if (tail !== 0) {
    // The return address moves down, below the room for the stack arguments of tail calls.
    emit.leaq_rm(s, SP, s.at(SP, -tail))
    s.flush(b)
    b.unwindRow(RSP, 8 + tail, [[RETURN_ADDRESS, -8]])
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
  bodyRow(b, frame)
  const framed = b.offset - start
  const probed = probeStack(s, e, frame.totalBytes)
  s.add(SP, probed - frame.totalBytes)
  saveOrRestore(s, frame, false)
  s.flush(b)
  bodyRow(b, frame, true)
  if (windows) b.unwindInfo = windowsUnwindInfo(frame, { pushed, framed, end: b.offset - start })
}

/** Where the caller's registers are once the frame pointer stands, and, in the body, those that the prologue has saved. */
function bodyRow(b: CodeBuffer, frame: FrameLayout, saved = false): void {
  if (!frame.setup) {
    b.unwindRow(RSP, 8, [[RETURN_ADDRESS, -8]])
    return
  }
  const top = 16 + frame.tailBytes
  const list: [number, number][] = [
    [RETURN_ADDRESS, 8 - top],
    [RBP, -top],
  ]
  if (saved) {
    let offset = 0
    for (const r of frame.clobbers) {
      offset -= saveBytes(r)
      list.push([r, offset - top])
    }
  }
  b.unwindRow(RBP, top, list)
}

/** Probes in line up to here; beyond, in a loop. */
const MAX_UNROLLED = 4

/**
 * Touches each guard page that the frame could jump over. Both strategies are made in line: there is no routine to call. Returns by how much the stack
 * pointer has been lowered; the canonical frame address is found by the frame pointer already.
 */
function probeStack(s: Scratch, e: Emitter, frameBytes: number): number {
  const { shared } = e.isa
  const page = 2 ** Number(shared.probestack_size_log2 ?? 12)
  if (shared.enable_probestack !== true || frameBytes < page) return 0
  const b = e.buf
  const n = Math.floor(frameBytes / page)
  const touch = (offset: number): void => {
    s.flush(b)
    b.trapHere(TRAP_STACK_OVERFLOW)
    emit.movl_mi(s, s.at(SP, offset), 0)
    s.flush(b)
  }
  if (n <= MAX_UNROLLED) {
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
  let offset = 0
  for (const r of frame.clobbers) {
    offset -= saveBytes(r)
    const m = s.at(FP, offset)
    if (r >> 6 === CLASS_INT) {
      if (restore) emit.movq_rm(s, (r * 2) as Writable<Gpr>, m)
      else emit.movq_mr(s, (r * 2) as Gpr, m)
    } else loadOrStoreX(s, r * 2, m, restore)
  }
}

function loadOrStoreX(s: Scratch, x: number, m: Mem, load: boolean): void {
  if (load) (s.avx ? emit.vmovups_rm : emit.movups_rm)(s, x as Writable<Xmm>, m)
  else (s.avx ? emit.vmovups_mr : emit.movups_mr)(s, x as Xmm, m)
}

/** Restores the caller's registers: the stack pointer is at the return address then. */
function emitEpilogue(s: Scratch, b: CodeBuffer, frame: FrameLayout): void {
  if (!frame.setup) return
  saveOrRestore(s, frame, true)
  if (frame.clobbers.length !== 0) {
    s.flush(b)
    // They are back, and a signal may overwrite where they were once the stack pointer is above it.
    bodyRow(b, frame)
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
  emitEpilogue(s, b, frame)
  const extra = frame.popBytes + (frame.setup ? frame.tailBytes : 0)
  if (extra > 0 && extra <= MAX_RET) emit.ret_i(s, extra)
  else {
    raiseReturnAddress(s, b, frame, extra)
    emit.ret(s)
  }
  s.flush(b)
  bodyRow(b, frame, true)
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
  emitEpilogue(s, b, frame)
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
  bodyRow(b, frame, true)
}

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

function emitCall(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
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
function emitStackSwitch(s: Scratch, e: Emitter): void {
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
function emitTlsCall(_s: Scratch, e: Emitter, at: number, w: Int32Array): void {
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

// ---- fixups

export function patch(b: CodeBuffer, offset: number, distance: number, kind: number): boolean {
  if (kind === FIX_REL8) {
    const rel = distance - 1
    if (rel < -128 || rel > 127) return false
    b.bytes.data[offset] = rel
    return true
  }
  if (kind === FIX_TABLE) b.write32(offset, b.read32(offset) + distance)
  else b.write32(offset, distance - 4 - (kind - FIX_REL32))
  return true
}
