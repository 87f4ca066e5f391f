// Read, modify, write: `store(op(load p, y), p)` as one instruction on memory.
//
// The load moves down to the store as a merged load does (operands.ts): only use, the last effect before it. Both accesses are of the same address and width,
// so that what faults is the read, or else the write of a page that can be read; one instruction has one trap code, so the codes must agree. Narrow stores of
// a wider value take operations whose low bits depend on low bits alone.
import { BIG, type Inst, laneBits, type MemFlags, memTrapCode, NOTRAP, Op, type Type, type Value } from '@k23/ir'
import type { MemImm, MemOnly, MemReg } from '../context.ts'
import { emit } from '../insts/index.ts'
import type { Mem } from '../insts/index.ts'
import { sizeIndex } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { immediate, sink } from './operands.ts'

/** Rows by log2 of the width in bytes. */
type ByWidth<R> = readonly [R, R, R, R]

interface Binary {
  readonly mr: ByWidth<MemReg>
  readonly mi: ByWidth<MemImm>
  readonly commutes: boolean
}
interface Shift {
  readonly mi: ByWidth<MemImm>
  readonly mc: ByWidth<MemReg>
}

// biome-ignore format: table
const binaries: ReadonlyMap<number, Binary> = new Map<number, Binary>([
  [Op.iadd, { mr: [emit.addb_mr, emit.addw_mr, emit.addl_mr, emit.addq_mr], mi: [emit.addb_mi, emit.addw_mi, emit.addl_mi, emit.addq_mi], commutes: true }],
  [Op.isub, { mr: [emit.subb_mr, emit.subw_mr, emit.subl_mr, emit.subq_mr], mi: [emit.subb_mi, emit.subw_mi, emit.subl_mi, emit.subq_mi], commutes: false }],
  [Op.band, { mr: [emit.andb_mr, emit.andw_mr, emit.andl_mr, emit.andq_mr], mi: [emit.andb_mi, emit.andw_mi, emit.andl_mi, emit.andq_mi], commutes: true }],
  [Op.bor,  { mr: [emit.orb_mr, emit.orw_mr, emit.orl_mr, emit.orq_mr],     mi: [emit.orb_mi, emit.orw_mi, emit.orl_mi, emit.orq_mi],     commutes: true }],
  [Op.bxor, { mr: [emit.xorb_mr, emit.xorw_mr, emit.xorl_mr, emit.xorq_mr], mi: [emit.xorb_mi, emit.xorw_mi, emit.xorl_mi, emit.xorq_mi], commutes: true }],
])
const unaries: ReadonlyMap<number, ByWidth<MemOnly>> = new Map<number, ByWidth<MemOnly>>([
  [Op.ineg, [emit.negb_m, emit.negw_m, emit.negl_m, emit.negq_m]],
  [Op.bnot, [emit.notb_m, emit.notw_m, emit.notl_m, emit.notq_m]],
])
// biome-ignore format: table
const shifts: ReadonlyMap<number, Shift> = new Map<number, Shift>([
  [Op.ishl, { mi: [emit.shlb_mi, emit.shlw_mi, emit.shll_mi, emit.shlq_mi], mc: [emit.shlb_mc, emit.shlw_mc, emit.shll_mc, emit.shlq_mc] }],
  [Op.ushr, { mi: [emit.shrb_mi, emit.shrw_mi, emit.shrl_mi, emit.shrq_mi], mc: [emit.shrb_mc, emit.shrw_mc, emit.shrl_mc, emit.shrq_mc] }],
  [Op.sshr, { mi: [emit.sarb_mi, emit.sarw_mi, emit.sarl_mi, emit.sarq_mi], mc: [emit.sarb_mc, emit.sarw_mc, emit.sarl_mc, emit.sarq_mc] }],
  [Op.rotl, { mi: [emit.rolb_mi, emit.rolw_mi, emit.roll_mi, emit.rolq_mi], mc: [emit.rolb_mc, emit.rolw_mc, emit.roll_mc, emit.rolq_mc] }],
  [Op.rotr, { mi: [emit.rorb_mi, emit.rorw_mi, emit.rorl_mi, emit.rorq_mi], mc: [emit.rorb_mc, emit.rorw_mc, emit.rorl_mc, emit.rorq_mc] }],
])

/** log2 of the bytes that an opcode loads into an integer of type t, or -1. */
function loadedWidth(op: number, t: Type): number {
  if (op === Op.load) return sizeIndex(t)
  if (op === Op.uload8 || op === Op.sload8) return 0
  if (op === Op.uload16 || op === Op.sload16) return 1
  return op === Op.uload32 || op === Op.sload32 ? 2 : -1
}

/** The same address: the same value, or that of the same place in the frame. */
function sameAddress(c: X64Lower, p: Value, q: Value): boolean {
  if (p === q) return true
  const f = c.func
  const a = c.defOf[p]
  const b = c.defOf[q]
  if (a === -1 || b === -1 || f.op[a] !== Op.stack_addr || f.op[b] !== Op.stack_addr) return false
  return f.imm0[a] === f.imm0[b] && f.imm1[a] === f.imm1[b]
}

const trapOf = (f: MemFlags): number => ((f & NOTRAP) !== 0 ? -1 : memTrapCode(f))

/** The load behind x of what is stored to, where it can be merged, or -1. */
function loadOfTarget(c: X64Lower, w: number, x: Value, p: Value, o: number, flags: MemFlags): Inst | -1 {
  const f = c.func
  const d = c.defOf[x]
  if (d === -1 || loadedWidth(f.op[d], f.typeOf(x)) !== w) return -1
  const load = d as Inst
  const own = f.imm1[load] as MemFlags
  if ((own & BIG) !== 0 || f.imm0[load] !== o || !sameAddress(c, f.arg(load, 0), p)) return -1
  const [read, write] = [trapOf(own), trapOf(flags)]
  if (read !== write && read !== -1 && write !== -1) return -1
  return c.canSink(load) ? load : -1
}

/** The memory operand; its trap belongs to the next instruction made. */
function target(c: X64Lower, load: Inst, flags: MemFlags): Mem {
  const m = sink(c, load)
  if ((c.func.imm1[load] & NOTRAP) !== 0) c.access(flags)
  return m
}

/** Stores the low 2 ** w bytes of x at p + o by an instruction that reads them there too. False: there is none. */
export function modify(c: X64Lower, w: number, x: Value, p: Value, o: number, flags: MemFlags): boolean {
  const f = c.func
  const d = c.defOf[x]
  if (d === -1 || (flags & BIG) !== 0) return false
  const inst = d as Inst
  const op = f.op[inst]
  const t = f.typeOf(x)
  const load = (k: number): Inst | -1 => loadOfTarget(c, w, f.arg(inst, k), p, o, flags)

  const unary = unaries.get(op)
  if (unary !== undefined) {
    const l = load(0)
    if (l === -1) return false
    unary[w](c, target(c, l, flags))
    return true
  }
  const binary = binaries.get(op)
  if (binary !== undefined) {
    let l = load(0)
    let other = f.arg(inst, 1)
    if (l === -1 && binary.commutes) {
      l = load(1)
      other = f.arg(inst, 0)
    }
    if (l === -1) return false
    const k = immediate(c, other, t, 8 << w)
    // An immediate of two bytes makes decoders wait (Intel Optimization Manual, length-changing prefixes).
    if (k !== undefined && (w !== 1 || (k >= -128 && k <= 127))) binary.mi[w](c, target(c, l, flags), k)
    else {
      const y = c.g(other)
      binary.mr[w](c, y, target(c, l, flags))
    }
    return true
  }
  const shift = shifts.get(op)
  if (shift === undefined || sizeIndex(t) !== w) return false
  const l = load(0)
  if (l === -1) return false
  const bits = laneBits(t)
  const k = c.constantOf(f.arg(inst, 1))
  if (k !== -1) {
    shift.mi[w](c, target(c, l, flags), f.imm0[k] & (bits - 1))
    return true
  }
  // The machine takes amounts modulo 32; rotations are right with that.
  const amount = c.low(f.arg(inst, 1))
  const rotates = op === Op.rotl || op === Op.rotr
  const n = bits >= 32 || rotates ? amount : c.twoImm(emit.andl_ri, amount, bits - 1)
  shift.mc[w](c, n, target(c, l, flags))
  return true
}
