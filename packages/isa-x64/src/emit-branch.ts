// Branches by reach, table branches, addresses of labels, and the fixups behind them.
import type { BranchKind, CodeBuffer, Emitter } from '@k23/machinst'
import { CC, emit } from './insts/index.ts'
import type { Gpr, Writable } from './insts/index.ts'
import type { Scratch } from './scratch.ts'
import * as T from './table.ts'

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
export const FIX_REL32 = 2

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
export function emitJumpIf(b: CodeBuffer, mode: number, cc: number, cc2: number, label: number): void {
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
export function leaLabel(b: CodeBuffer, rd: number, label: number): void {
  const hw = (rd >> 1) & 15
  b.put8(hw < 8 ? 0x48 : 0x4c)
  b.put16(0x058d | ((hw & 7) << 11))
  b.fixup(b.offset, label, FIX_REL32)
  b.put32(0)
}

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
