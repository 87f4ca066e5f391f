// Branches: their kinds, by reach, from the shortest form to the longest; jump tables; branches over what follows.
import type { BranchKind, CodeBuffer, Emitter } from '@k23/machinst'
import { emit, encode, Fixup, Opc, patchFixup, patchHi20, patchLo12I, tables, VSTATE_VALID } from './insts/index.ts'
import type { FReg, Label, VReg, Writable, XReg } from './insts/index.ts'
import { ZERO_WORD } from './registers.ts'
import { type Scratch, TMP, X0 } from './scratch.ts'
import * as T from './table.ts'

const NO_LABEL = 0 as Label

/** Conditional branch: the row (4 KB each way); the inverted row over jal (1 MB); the inverted row over auipc and jalr (2 GB). */
const KIND_COND = 0
const KIND_JUMP = 1
/** A branch to a deferred trap; where that is out of reach, an inverted branch over a trap in place. */
const KIND_TRAP = 2
/** How many levels the same kind has more where there are 16-bit instructions: in front of the others. */
const SHORT_KINDS = 3

const JAL = 0xffff0
const FAR = 0x7fff_f000
export const branchKinds: readonly BranchKind[] = [
  { name: 'conditional branch', reach: [4094, JAL, FAR], bytes: [4, 8, 12] },
  { name: 'jump', reach: [JAL, FAR], bytes: [4, 8] },
  { name: 'branch to a trap', reach: [4094, Number.POSITIVE_INFINITY], bytes: [4, 8] },
  // the same with a compressed form first; what the wide ones skip over is skipped by a compressed branch
  { name: 'compressed branch', reach: [254, 4094, JAL, FAR], bytes: [2, 4, 6, 10] },
  { name: 'compressed jump', reach: [2046, JAL, FAR], bytes: [2, 4, 8] },
  { name: 'compressed branch to a trap', reach: [254, 4094, Number.POSITIVE_INFINITY], bytes: [2, 4, 6] },
]

// ---- fixup kinds of the code buffer: the rows' own, then these
/** auipc at the offset and an I-type instruction behind it. */
export const FIX_PAIR_I = 100
/** A 32-bit word that holds how far it is from a base: the distance from the word itself is added. */
const FIX_WORD = 101

const UNIMP = 0xc0001073 | 0

export function emitTrap(b: CodeBuffer): void {
  b.put32(UNIMP)
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

// ---- one branch instruction

const branchWords = new Int32Array(4)
/** Encodes a branch row over `distance` bytes. */
export function putBranch(b: CodeBuffer, row: number, rs1: number, rs2: number, distance: number): void {
  branchWords[0] = row | (4 << 16)
  branchWords[1] = rs1
  branchWords[2] = rs2
  b.put32(encode(branchWords, 0, distance))
}

/** The register that a compressed branch would compare with zero, or -1 where there is none for this comparison. */
function shortOperand(s: Scratch, row: number, rs1: number, rs2: number): number {
  if (!s.short || (row !== Opc.beq && row !== Opc.bne)) return -1
  const r = rs2 === ZERO_WORD ? rs1 : rs1 === ZERO_WORD ? rs2 : -1
  // x8 .. x15
  return r >= 16 && r <= 30 ? r : -1
}

function putShortBranch(b: CodeBuffer, row: number, r: number, distance: number): void {
  branchWords[0] = (row === Opc.beq ? Opc.c_beqz : Opc.c_bnez) | (3 << 16)
  branchWords[1] = r
  b.put16(encode(branchWords, 0, distance))
}

/** A branch over the next `bytes` bytes, few enough for any form. */
function putSkip(s: Scratch, b: CodeBuffer, row: number, rs1: number, rs2: number, bytes: number): void {
  const r = shortOperand(s, row, rs1, rs2)
  if (r !== -1) putShortBranch(b, row, r, bytes + 2)
  else putBranch(b, row, rs1, rs2, bytes + 4)
}

/** Sets the distance of a branch, of either length, that was just emitted. */
export function patchBranch(b: CodeBuffer, offset: number, distance: number): void {
  const low = b.read16(offset)
  if ((low & 3) !== 3) b.write16(offset, patchFixup(low, Fixup.cbranch, distance))
  else b.write32(offset, patchFixup(b.read32(offset), Fixup.branch, distance))
}

// ---- branches to labels

export function emitCondBranch(s: Scratch, e: Emitter, at: number, label: number, inverted: boolean): void {
  const w = e.v.words
  putCondBranch(s, e.buf, inverted ? invertRow(w[at + 1]) : w[at + 1], w[at + 2], w[at + 3], label)
}

function putCondBranch(s: Scratch, b: CodeBuffer, row: number, rs1: number, rs2: number, label: number): void {
  const r = shortOperand(s, row, rs1, rs2)
  const level = b.site(r === -1 ? KIND_COND : KIND_COND + SHORT_KINDS, label) - (r === -1 ? 0 : 1)
  if (level <= 0) {
    putNearBranch(b, row, rs1, rs2, level === 0 ? -1 : r, label)
    return
  }
  putSkip(s, b, invertRow(row), rs1, rs2, level === 1 ? 4 : 8)
  if (level === 1) putJal(s, b, label)
  else putFarJump(s, b, label)
}

/** In one instruction: compressed where `r` is the register that it compares with zero. */
function putNearBranch(b: CodeBuffer, row: number, rs1: number, rs2: number, r: number, label: number): void {
  b.fixup(b.offset, label, r === -1 ? Fixup.branch : Fixup.cbranch)
  if (r === -1) putBranch(b, row, rs1, rs2, 0)
  else putShortBranch(b, row, r, 0)
}

function putJal(s: Scratch, b: CodeBuffer, label: number): void {
  b.fixup(b.offset, label, Fixup.jump)
  emit.jal(s, X0 as Writable<XReg>, NO_LABEL)
  s.flushLong(b)
}

function putFarJump(s: Scratch, b: CodeBuffer, label: number): void {
  b.fixup(b.offset, label, FIX_PAIR_I)
  emit.auipc(s, TMP, 0)
  emit.jalr(s, X0 as Writable<XReg>, TMP, 0)
  s.flushLong(b)
}

export function emitJump(s: Scratch, e: Emitter, label: number): void {
  const b = e.buf
  const level = s.short ? b.site(KIND_JUMP + SHORT_KINDS, label) - 1 : b.site(KIND_JUMP, label)
  if (level === -1) {
    b.fixup(b.offset, label, Fixup.cjump)
    branchWords[0] = Opc.c_j | (2 << 16)
    b.put16(encode(branchWords, 0, 0))
  } else if (level === 0) putJal(s, b, label)
  else putFarJump(s, b, label)
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
  putCondBranch(s, b, Opc.bgeu, index, t1, labels[0])
  if ((b.offset & 2) !== 0) {
    // so that the words of the table are aligned
    emit.addi(s, X0 as Writable<XReg>, X0, 0)
    s.flush(b)
  }
  // Six instructions of 4 bytes lie between the auipc and the table.
  emit.auipc(s, t1, 0)
  emit.slli(s, t2, index, 2)
  emit.add(s, t2, t2, t1)
  emit.lw(s, t2, t2, 24)
  emit.add(s, t1, t1, t2)
  emit.jalr(s, X0 as Writable<XReg>, t1, 0)
  const base = b.offset
  s.flushLong(b)
  for (let i = 1; i < labels.length; i++) {
    // patch() gives the distance from the word; the word must hold the distance from the base
    b.fixup(b.offset, labels[i], FIX_WORD)
    b.put32(b.offset - base)
  }
}

// ---- pseudo-instructions that branch within themselves

/** rd holds x already: skip the move where the comparison holds. */
export function emitSelect(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const d = w[at + 2]
  const y = w[at + 6]
  if (d === y) return
  const b = e.buf
  const vector = (w[at] & 0xffff) === T.SELECT_V
  if (vector) s.need(b, VSTATE_VALID)
  const branch = b.offset
  putSkip(s, b, w[at + 1], w[at + 4], w[at + 5], 4)
  if (vector) emit.vmv1r_v(s, d as Writable<VReg>, y as VReg, VSTATE_VALID)
  else if ((w[at] & 0xffff) === T.SELECT_F) emit.fsgnj_d(s, d as Writable<FReg>, y as FReg, y as FReg)
  else emit.addi(s, d as Writable<XReg>, y as XReg, 0)
  s.flush(b)
  patchBranch(b, branch, b.offset - branch)
}

export function emitTrapIf(s: Scratch, e: Emitter, at: number, w: Int32Array): void {
  const b = e.buf
  const [row, rs1, rs2, code] = [w[at + 1], w[at + 2], w[at + 3], w[at + 4]]
  const label = e.trapLabel(code)
  const r = shortOperand(s, row, rs1, rs2)
  const level = b.site(r === -1 ? KIND_TRAP : KIND_TRAP + SHORT_KINDS, label) - (r === -1 ? 0 : 1)
  if (level <= 0) {
    putNearBranch(b, row, rs1, rs2, level === 0 ? -1 : r, label)
    return
  }
  b.cancelSite()
  b.cancelDeferredTrap()
  putSkip(s, b, invertRow(row), rs1, rs2, 4)
  b.trapHere(code)
  emitTrap(b)
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
  if (range.length === 2) b.write16(offset, patchFixup(b.read16(offset), kind, distance))
  else b.write32(offset, patchFixup(b.read32(offset), kind, distance))
  return true
}
