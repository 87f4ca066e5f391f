// Comparisons, selections, branches, traps, addresses of symbols, and the registers that CLIF names.
import { type ExternalName, type FloatCC, type GlobalValue, I128, I64, signature, type Type, type Value } from '@k23/ir'
import { FRAME_SLOT } from '@k23/machinst'
import {
  any,
  anyFloat,
  anyInt,
  blendv,
  bmask,
  br_table,
  brif,
  cc,
  debugtrap,
  f32,
  f64,
  fcc,
  fcmp,
  fence,
  func,
  func_addr,
  get_frame_pointer,
  get_pinned_reg,
  get_return_address,
  get_stack_pointer,
  globalValue,
  i64,
  icmp,
  jumpTable,
  offset,
  type Rule,
  select,
  select_spectre_guard,
  sequence_point,
  set_pinned_reg,
  stack_addr,
  stackSlot,
  symbol_value,
  tls_value,
  trap,
  trapCode,
  trapnz,
  trapz,
  typeUnion,
  val,
  valOf,
} from '@k23/rules'
import { inXmm } from '../abi.ts'
import { emit } from '../insts/index.ts'
import type { Gpr, Writable } from '../insts/index.ts'
import { PINNED_WORD, RBP_WORD, RSP_WORD } from '../registers.ts'
import * as T from '../table.ts'
import {
  branchIf,
  compare,
  compareFloat,
  type Cond,
  invert,
  selectGpr,
  selectXmm,
  setCond,
  topBit,
  trapWhere,
  truth,
} from './compare.ts'
import type { X64Lower } from './driver.ts'
import { rule } from './types.ts'

/** k ? x : y, the operands asked for before the condition. */
function selectBy(c: X64Lower, t: Type, condition: () => Cond, x: Value, y: Value): number {
  if (inXmm(t)) {
    const a = c.x(x)
    const b = c.x(y)
    return selectXmm(c, condition(), a, b)
  }
  if (t !== I128) {
    const a = c.g(x)
    const b = c.g(y)
    return selectGpr(c, condition(), a, b)
  }
  const [xl, xh, yl, yh] = [c.lo(x), c.hi(x), c.lo(y), c.hi(y)]
  const k = condition()
  const lo = selectGpr(c, k, xl, yl)
  return c.pair(lo, selectGpr(c, k, xh, yh))
}

/** Selection without a branch, so that nothing is guessed: cmov, or a mask of the condition for what is not in a general register. */
function guard(c: X64Lower, t: Type, k: Value, x: Value, y: Value): number {
  if (!inXmm(t)) return selectBy(c, t, () => truth(c, k), x, y)
  const a = c.x(x)
  const b = c.x(y)
  const mask = allOnes(c, setCond(c, truth(c, k)))
  const m = c.fromBits(mask, I64)
  const wide = c.xtwo(emit.punpcklqdq_rr, m, m)
  const chosen = c.xtwo(emit.pand_rr, a, wide)
  return c.xtwo(emit.por_rr, chosen, c.xtwo(emit.pandn_rr, wide, b))
}

/** -1 or 0 of a byte that is 1 or 0. */
function allOnes(c: X64Lower, bit: Gpr): Gpr {
  return c.inPlace(emit.negq_r, c.one(emit.movzbl_rr, bit))
}

function mask(c: X64Lower, t: Type, x: Value): number {
  const m = allOnes(c, setCond(c, truth(c, x)))
  return t === I128 ? c.pair(m, m) : m
}

function table(c: X64Lower, x: Value): void {
  const index = c.zx(x)
  const w = c.words
  const t1 = c.tg()
  const t2 = c.tg()
  w.push(T.BR_TABLE | (4 << 16))
  w.push(index)
  w.push(t1)
  w.push(t2)
}

/**
 * The address of a symbol: relative to the code where it is near, out of the global offset table where position-independent code refers to what another
 * object may define.
 */
function symbolAddress(c: X64Lower, name: ExternalName, colocated: boolean, addend: bigint): Gpr {
  if (colocated || c.isa.shared.is_pic !== true) return c.load(emit.leaq_rm, c.symbolMem({ name, addend }))
  const base = c.load(emit.movq_rm, c.symbolMem({ name, addend: 0n, kind: 'x64_gotpcrel' }))
  return c.plus(base, addend) as Gpr
}

function functionAddress(c: X64Lower, f: number): Gpr {
  const { name, colocated } = c.func.extFuncs[f]
  return symbolAddress(c, name, colocated, 0n)
}

function symbol(c: X64Lower, gv: GlobalValue): Gpr {
  const { name, colocated, offset } = c.symbolOf(gv)
  return symbolAddress(c, name, colocated, offset)
}

const tlsGetAddress = signature([], [I64], 'system_v')

function threadLocal(c: X64Lower, gv: GlobalValue): number {
  const { name, offset } = c.threadLocalOf(gv)
  return c.plus(c.callOfTls(tlsGetAddress, name), offset)
}

/** A register outside allocation. */
function getReg(c: X64Lower, word: number): Gpr {
  if (word !== PINNED_WORD) c.frame.needsFrame = true
  return c.one(emit.movq_rr, word as Gpr)
}

function pinned(c: X64Lower): number {
  if (c.isa.shared.enable_pinned_reg !== true) c.unsupported('the pinned register', 'set enable_pinned_reg=true')
  return PINNED_WORD
}

function stackAddress(c: X64Lower, slot: number, off: number): Gpr {
  return c.load(emit.leaq_rm, c.frameSlot(FRAME_SLOT, c.frame.slotOffsets[slot] + off))
}

const someFloat = typeUnion(f32, f64)
const scalars = typeUnion(anyInt, anyFloat)

// biome-ignore format: table
export const controlRules: Rule[] = [
  rule('icmp',        anyInt, [cc(), valOf(anyInt), val],            (p, x, y) => icmp(p, x, y),                     (c, _t, p, x, y) => setCond(c, compare(c, p, x, y))),
  rule('fcmp',        someFloat, [fcc(), val, val],                  (p, x, y) => fcmp(p, x, y),                     (c, _t, p, x, y) => setCond(c, compareFloat(c, p as FloatCC, x, y))),
  rule('bmask',       anyInt, [val],                                 (x) => bmask(x),                                mask),

  rule('select_icmp', any,    [cc(), valOf(anyInt), val, val, val],  (p, a, b, x, y) => select(icmp(p, a, b), x, y), (c, t, p, a, b, x, y) => selectBy(c, t, () => compare(c, p, a, b), x, y)),
  rule('select_fcmp', any,    [fcc(), valOf(someFloat), val, val, val], (p, a, b, x, y) => select(fcmp(p, a, b), x, y), (c, t, p, a, b, x, y) => selectBy(c, t, () => compareFloat(c, p as FloatCC, a, b), x, y)),
  rule('select',      any,    [val, val, val],                       (k, x, y) => select(k, x, y),                   (c, t, k, x, y) => selectBy(c, t, () => truth(c, k), x, y)),
  rule('guard',       any,    [val, val, val],                       (k, x, y) => select_spectre_guard(k, x, y),     guard),
  rule('blendv',      scalars, [val, val, val],                      (k, x, y) => blendv(k, x, y),                   (c, t, k, x, y) => selectBy(c, t, () => topBit(c, k), x, y)),

  rule('brif',        any,    [val],                                 (x) => brif(x),                                 (c, _t, x) => branchIf(c, truth(c, x))),
  rule('br_table',    any,    [val, jumpTable],                      (x, t) => br_table(x, t),                       (c, _t, x) => table(c, x)),
  rule('trap',        any,    [trapCode],                            (k) => trap(k),                                 (c, _t, k) => c.genTrap(k)),
  rule('trapnz',      any,    [val, trapCode],                       (x, k) => trapnz(x, k),                         (c, _t, x, k) => trapWhere(c, truth(c, x), k)),
  rule('trapz',       any,    [val, trapCode],                       (x, k) => trapz(x, k),                          (c, _t, x, k) => trapWhere(c, invert(truth(c, x)), k)),
  rule('debugtrap',   any,    [],                                    () => debugtrap(),                              (c) => { emit.int3(c) }),

  rule('stack_addr',   i64, [stackSlot, offset],                     (s, o) => stack_addr(s, o),                     (c, _t, s, o) => stackAddress(c, s, o)),
  rule('func_addr',    i64, [func],                                  (f) => func_addr(f),                            (c, _t, f) => functionAddress(c, f)),
  rule('symbol_value', i64, [globalValue],                           (g) => symbol_value(g),                         (c, _t, g) => symbol(c, g)),
  rule('tls_value',    i64, [globalValue],                           (g) => tls_value(g),                            (c, _t, g) => threadLocal(c, g)),
  rule('get_frame_pointer',  i64, [],                                () => get_frame_pointer(),                      (c) => getReg(c, RBP_WORD)),
  rule('get_stack_pointer',  i64, [],                                () => get_stack_pointer(),                      (c) => getReg(c, RSP_WORD)),
  rule('get_return_address', i64, [],                                () => get_return_address(),                     (c) => c.load(emit.movq_rm, c.at(getReg(c, RBP_WORD), 8))),
  rule('get_pinned_reg', i64, [],                                    () => get_pinned_reg(),                         (c) => getReg(c, pinned(c))),
  rule('set_pinned_reg', i64, [val],                                 (x) => set_pinned_reg(x),                       (c, _t, x) => { emit.movq_rr(c, pinned(c) as Writable<Gpr>, c.g(x)) }),
  rule('fence',          any, [],                                    () => fence(),                                  (c) => { emit.mfence(c) }),
  rule('sequence_point', any, [],                                    () => sequence_point(),                         () => {}),
]
