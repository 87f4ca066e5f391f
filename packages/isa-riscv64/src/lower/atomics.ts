// Atomics. All are sequentially consistent: AMOs and LL/SC with aq and rl, loads and stores between fences (RISC-V manual, table "Mappings from C/C++ primitives
// to RISC-V primitives"). Bytes and halfwords are handled in their aligned word.
import { I16, I32, I64, I8, type MemFlags, type Type, type Value } from '@k23/ir'
import {
  atomic_cas,
  atomic_load,
  atomic_rmw,
  atomic_store,
  fits16,
  fits64,
  flags,
  type Rule,
  rmwOp,
  val,
  w32or64,
} from '@k23/rules'
import { emit } from '../insts/index.ts'
import type { Writable, XReg } from '../insts/index.ts'
import { X0, storeRow } from '../context.ts'
import { AQRL, RMW_NAND, RMW_SMAX, RMW_SMIN } from '../emit-atomics.ts'
import * as T from '../table.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'

type Amo = (s: RiscvLower, rd: Writable<XReg>, rs1: XReg, rs2: XReg, aqrl: number) => number
const NONE = undefined
// By RMW_OPS: add sub and nand or xor xchg umin umax smin smax
const words: readonly (Amo | undefined)[] = [
  emit.amoadd_w,
  NONE,
  emit.amoand_w,
  NONE,
  emit.amoor_w,
  emit.amoxor_w,
  emit.amoswap_w,
  emit.amominu_w,
  emit.amomaxu_w,
  emit.amomin_w,
  emit.amomax_w,
]
const doubles: readonly (Amo | undefined)[] = [
  emit.amoadd_d,
  NONE,
  emit.amoand_d,
  NONE,
  emit.amoor_d,
  emit.amoxor_d,
  emit.amoswap_d,
  emit.amominu_d,
  emit.amomaxu_d,
  emit.amomin_d,
  emit.amomax_d,
]
const RMW_SUB = 1

function rmw(c: RiscvLower, t: Type, op: number, p: Value, x: Value, f: MemFlags): XReg {
  const addr = c.x(p)
  const ops = t === I64 ? doubles : words
  const value = c.x(x)
  if (op === RMW_NAND) {
    const rd = c.tx()
    const scratch = c.tx()
    const unused = c.tx()
    push(c, f, T.RMW_LOOP, [op, t === I64 ? 8 : 4, rd, scratch, addr, value, unused])
    return rd
  }
  const rd = c.tx()
  // x - y is x + -y
  const operand = op === RMW_SUB ? c.rrr(emit.sub, X0, value) : value
  c.access(f)
  ;(op === RMW_SUB ? ops[0] : ops[op])?.(c, rd, addr, operand, AQRL)
  return rd
}

function push(c: RiscvLower, f: MemFlags, opcode: number, list: readonly number[]): void {
  c.access(f)
  c.words.push(opcode | ((list.length + 1) << 16))
  for (const w of list) c.words.push(w)
}

/** Where a byte or halfword is: its aligned word, the shift to it in bits, its mask in place. */
function place(c: RiscvLower, t: Type, p: Value): { word: XReg; shift: XReg; mask: XReg } {
  const addr = c.x(p)
  const word = c.rri(emit.andi, addr, -4)
  const shift = c.rri(emit.slli, c.rri(emit.andi, addr, 3), 3)
  const mask = c.rrr(emit.sllw, c.li(t === I8 ? 0xff : 0xffff, 0), shift)
  return { word, shift, mask }
}

function rmwSub(c: RiscvLower, t: Type, op: number, p: Value, x: Value, f: MemFlags): XReg {
  const { word, shift, mask } = place(c, t, p)
  const signed = op === RMW_SMIN || op === RMW_SMAX
  const shifted = c.rrr(emit.sllw, signed ? c.sx(x) : c.zx(x), shift)
  const rd = c.tx()
  const t1 = c.tx()
  const t2 = c.tx()
  push(c, f, T.RMW_SUB_LOOP, [op, t === I8 ? 1 : 2, rd, t1, word, shift, mask, shifted, t2])
  return c.rrr(emit.srlw, rd, shift)
}

function cas(c: RiscvLower, t: Type, p: Value, e: Value, x: Value, f: MemFlags): XReg {
  const addr = c.x(p)
  const expected = c.sx(e)
  const value = c.x(x)
  const rd = c.tx()
  const t1 = c.tx()
  push(c, f, T.CAS_LOOP, [t === I64 ? 8 : 4, rd, t1, addr, expected, value])
  return rd
}

function casSub(c: RiscvLower, t: Type, p: Value, e: Value, x: Value, f: MemFlags): XReg {
  const { word, shift, mask } = place(c, t, p)
  // lr.w sign-extends the word, and so do the mask and what is compared with it
  const expected = c.rrr(emit.sllw, c.zx(e), shift)
  const value = c.rrr(emit.sllw, c.zx(x), shift)
  const rd = c.tx()
  const t1 = c.tx()
  push(c, f, T.CAS_SUB_LOOP, [rd, t1, word, mask, expected, value])
  return c.rrr(emit.srlw, rd, shift)
}

/** fence rw,rw before, fence r,rw behind. */
function load(c: RiscvLower, t: Type, p: Value, f: MemFlags): XReg {
  const addr = c.x(p)
  const rd = c.tx()
  emit.fence(c, 3, 3)
  c.access(f)
  const op = t === I64 ? emit.ld : t === I32 ? emit.lw : t === I16 ? emit.lhu : emit.lbu
  op(c, rd, addr, 0)
  emit.fence(c, 2, 3)
  return rd
}

/** fence rw,w before, and, so that a later load cannot pass, fence rw,rw behind. */
function store(c: RiscvLower, t: Type, x: Value, p: Value, f: MemFlags): void {
  const addr = c.x(p)
  const value = c.x(x)
  emit.fence(c, 3, 1)
  c.access(f)
  storeRow(t)(c, addr, value as never, 0)
  emit.fence(c, 3, 3)
}

// biome-ignore format: table
export const atomicRules: Rule[] = [
  rule('atomic_rmw',       w32or64, [rmwOp, val, val, flags], (o, p, x, f) => atomic_rmw(o, p, x, f), rmw),
  rule('atomic_rmw_sub',   fits16,  [rmwOp, val, val, flags], (o, p, x, f) => atomic_rmw(o, p, x, f), rmwSub),
  rule('atomic_cas',       w32or64, [val, val, val, flags],   (p, e, x, f) => atomic_cas(p, e, x, f), cas),
  rule('atomic_cas_sub',   fits16,  [val, val, val, flags],   (p, e, x, f) => atomic_cas(p, e, x, f), casSub),
  rule('atomic_load',      fits64,  [val, flags],             (p, f) => atomic_load(p, f),            load),
  rule('atomic_store',     fits64,  [val, val, flags],        (x, p, f) => atomic_store(x, p, f),     store),
]
