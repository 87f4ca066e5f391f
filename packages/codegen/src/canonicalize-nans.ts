// The setting enable_nan_canonicalization: every NaN that arithmetic makes is the canonical one, so that a program computes the same bits on every machine.
//
// Which NaN an operation gives depends on the machine (its operands' payloads, their order, the sign). Behind each operation that may make one, a
// comparison of the result with itself selects between it and the canonical NaN; whoever used the result uses that. Sign operations,
// selects, loads and bit casts move the bits that they are given, and are left alone.
import { NONE } from '@k23/entity'
import {
  bytes,
  F16,
  F32,
  F64,
  FCC_EQ,
  FCC_UNO,
  type Func,
  InstBuilder,
  type Inst,
  isVector,
  laneType,
  LITTLE,
  mapUses,
  memFlags,
  Op,
  type Type,
  type Value,
} from '@k23/ir'

const makesNans = new Set<number>([
  Op.fadd,
  Op.fsub,
  Op.fmul,
  Op.fdiv,
  Op.sqrt,
  Op.fma,
  Op.fmin,
  Op.fmax,
  Op.ceil,
  Op.floor,
  Op.trunc,
  Op.nearest,
  Op.fpromote,
  Op.fdemote,
  Op.fvpromote_low,
  Op.fvdemote,
])

/** By lane: the top bytes of its canonical NaN, the highest last; the others are zeros. */
const topBytes = new Map<Type, readonly number[]>([
  [F16, [0x00, 0x7e]],
  [F32, [0xc0, 0x7f]],
  [F64, [0xf8, 0x7f]],
])
const TOP_F128: readonly number[] = [0x80, 0xff, 0x7f]

function nanBytes(t: Type): Uint8Array {
  const lane = bytes(laneType(t))
  const top = topBytes.get(laneType(t)) ?? TOP_F128
  const out = new Uint8Array(bytes(t))
  for (let at = lane; at <= out.length; at += lane) out.set(top, at - top.length)
  return out
}

function nanConstant(b: InstBuilder, t: Type): Value {
  const data = nanBytes(t)
  if (isVector(t)) return b.vconst(t, b.func.addConstant(data))
  const view = new DataView(data.buffer)
  if (t === F16) return b.f16constBits(view.getUint16(0, true))
  if (t === F32) return b.f32constBits(view.getInt32(0, true))
  if (t === F64) return b.f64constPair(view.getInt32(0, true), view.getInt32(4, true))
  return b.f128const(b.func.addConstant(data))
}

function canonical(b: InstBuilder, x: Value): Value {
  const t = b.func.typeOf(x)
  if (!isVector(t)) return b.select(b.fcmp(FCC_UNO, x, x), nanConstant(b, t), x)
  return b.bitselect(b.bitcast(t, memFlags(LITTLE), b.fcmp(FCC_EQ, x, x)), x, nanConstant(b, t))
}

export function canonicalizeNans(func: Func): void {
  const b = new InstBuilder(func)
  const replaced = new Map<Value, Value>()
  /** What the instructions made here read stays as it is. */
  const made = new Set<number>()
  for (let block: number = func.firstBlock; block !== NONE; block = func.nextBlock[block]) {
    for (let i: number = func.firstInst[block]; i !== NONE; i = func.nextInst[i]) {
      if (!makesNans.has(func.op[i])) continue
      const next = func.nextInst[i]
      b.before = next as Inst
      b.srcloc = func.srcloc[i]
      const result = func.result(i as Inst)
      replaced.set(result, canonical(b, result))
      for (let k = func.nextInst[i]; k !== next; k = func.nextInst[k]) made.add(k)
      i = func.prevInst[next]
    }
  }
  if (replaced.size === 0) return
  for (let block: number = func.firstBlock; block !== NONE; block = func.nextBlock[block])
    for (let i: number = func.firstInst[block]; i !== NONE; i = func.nextInst[i])
      if (!made.has(i)) mapUses(func, i as Inst, (v) => replaced.get(func.resolve(v)) ?? v)
}
