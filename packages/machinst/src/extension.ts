// What is known of the bits above a narrow integer's width.
//
// Problem: bits above a value's width are undefined, and comparing, dividing, widening must extend. But most i32 values come from instructions that leave
// them extended (riscv64: sign-extended by add*w, lw; x64: zero-extended by whatever writes 32 bits), and extending them again is waste, in every loop.
// Idea: a fact per value, read off the instruction that defines it and what its lowering rule is known to emit; for block parameters the fact that all
// incoming arguments share, found by starting from "all have it" and taking it away until nothing changes.
// Moves, spills and block arguments carry whole registers, so facts survive them. Arguments and results of calls have none.
//
// Invariant: each fact of an ISA (its extension.ts) is a promise of its rules for that opcode; the sweeps and the random programs, which put garbage above
// narrow arguments, test it.
import { I32Vec, NONE } from '@k23/entity'
import {
  type Block,
  branchTargets,
  type Func,
  type Inst,
  isInt,
  isValueArg,
  laneBits,
  type Type,
  type Value,
} from '@k23/ir'

/** The register holds the value sign-extended from its type. */
export const SIGN = 1
/** The register holds the value zero-extended from its type. */
export const ZERO = 2
export const BOTH: number = SIGN | ZERO

/** What the rules of an ISA promise of the result of an instruction, `known` being what is known of its operands. */
export type FactOf = (f: Func, known: Uint8Array, inst: Inst, type: Type) => number

/** Facts by value. */
export function knownExtensions(f: Func, factOf: FactOf): Uint8Array {
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
