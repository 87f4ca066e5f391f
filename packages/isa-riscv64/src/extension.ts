// What is known of the bits above a narrow integer's width.
//
// Problem: bits above a value's width are undefined, and comparing, dividing, widening must extend. But most i32 values come from instructions that leave
// them sign-extended (add*w, lw, ...), and extending them again is waste, in every loop.
// Idea: a fact per value, read off the instruction that defines it and what its lowering rule is known to emit; for block parameters the fact that all
// incoming arguments share, found by starting from "all have it" and taking it away until nothing changes.
// Moves, spills and block arguments carry whole registers, so facts survive them. Arguments and results of calls have none.
//
// Invariant: each row of `facts` below is a promise of the rules for that opcode (lower/*.ts); the sweeps and the random programs, which put garbage above
// narrow arguments, test it.
import { I32Vec, NONE } from '@k23/entity'
import {
  BIG,
  type Block,
  branchTargets,
  type Func,
  I32,
  type Inst,
  isInt,
  isValueArg,
  laneBits,
  Op,
  type Type,
  type Value,
} from '@k23/ir'

/** The register holds the value sign-extended from its type. */
export const SIGN = 1
/** The register holds the value zero-extended from its type. */
export const ZERO = 2
const BOTH = SIGN | ZERO

/** i32 results that are sign-extended: *w instructions. */
// biome-ignore format: table
const WORD_OPS: ReadonlySet<number> = new Set([
  Op.iadd, Op.isub, Op.ineg, Op.imul, Op.ishl, Op.ushr, Op.sshr, Op.udiv, Op.sdiv, Op.urem, Op.srem,
])

/** Facts by value. */
export function knownExtensions(f: Func): Uint8Array {
  const known = new Uint8Array(f.numValues)
  for (let b = f.firstBlock === NONE ? NONE : f.nextBlock[f.firstBlock]; b !== NONE; b = f.nextBlock[b])
    for (let i = 0; i < f.numParams(b as Block); i++) {
      const x = f.param(b as Block, i)
      if (isInt(f.typeOf(x)) && laneBits(f.typeOf(x)) < 64) known[x] = BOTH
    }
  const calls = new I32Vec()
  for (let changed = true; changed; ) {
    changed = false
    for (let b: number = f.firstBlock; b !== NONE; b = f.nextBlock[b]) {
      for (let i = f.firstInst[b]; i !== NONE; i = f.nextInst[i]) {
        if (f.results[i] !== 0) {
          const r = f.pool.data[f.results[i]]
          known[r] = factOf(f, known, i as Inst, f.valType[r] as Type)
        }
      }
      calls.clear()
      branchTargets(f, f.lastInst[b] as Inst, calls)
      for (let c = 0; c < calls.length; c++) if (takeAway(f, known, calls.data[c])) changed = true
    }
  }
  return known
}

/** Removes from the target's parameters what the arguments do not have. */
function takeAway(f: Func, known: Uint8Array, call: number): boolean {
  const block = f.bcBlock[call] as Block
  const args = f.bcArgs[call]
  let changed = false
  for (let k = 0, n = f.pool.len(args); k < n; k++) {
    const arg = f.pool.data[args + k]
    const param = f.param(block, k)
    if (known[param] === 0) continue
    const fact = isValueArg(arg) ? known[f.resolve(arg as unknown as Value)] : 0
    const left = known[param] & fact
    if (left === known[param]) continue
    known[param] = left
    changed = true
  }
  return changed
}

function factOf(f: Func, known: Uint8Array, inst: Inst, t: Type): number {
  if (!isInt(t) || laneBits(t) >= 64) return 0
  const op = f.op[inst]
  if (op === Op.iconst) return SIGN // genConstant
  if (op === Op.icmp || op === Op.fcmp) return BOTH // 0 or 1
  if (t === I32 && WORD_OPS.has(op)) return SIGN
  switch (op) {
    case Op.load:
      return t === I32 && (f.imm1[inst] & BIG) === 0 ? SIGN : 0
    case Op.uload8:
    case Op.uload16:
      return (f.imm1[inst] & BIG) === 0 ? BOTH : 0
    case Op.sload8:
    case Op.sload16:
      return (f.imm1[inst] & BIG) === 0 ? SIGN : 0
    case Op.uextend:
      return BOTH // zero-extended from a narrower type: positive in this one
    case Op.sextend:
      return SIGN
    case Op.band:
    case Op.bor:
    case Op.bxor:
      return known[f.arg(inst, 0)] & known[f.arg(inst, 1)]
    case Op.bnot:
      return known[f.arg(inst, 0)] & SIGN
  }
  return 0
}
