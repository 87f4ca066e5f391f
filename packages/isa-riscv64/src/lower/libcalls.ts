// Opcodes that call a routine (codegen/src/libcalls): there is no instruction, and in line it would be too long.
import {
  I128,
  type Signature,
  signature,
  TRAP_INTEGER_DIVISION_BY_ZERO,
  TRAP_INTEGER_OVERFLOW,
  type Type,
  type Value,
} from '@k23/ir'
import { i128, type Rule, sdiv, srem, udiv, urem, val } from '@k23/rules'
import { emit, Opc } from '../insts/index.ts'
import { X0 } from '../context.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'

/** Calls a routine with values; gives the register or handle of its result. */
export function callRoutine(c: RiscvLower, name: string, sig: Signature, args: readonly Value[]): number {
  return c.genCall(sig, { name: { kind: 'libcall', name }, colocated: true }, args) as number
}

/** Calls a routine with registers, one list per argument. */
export function callRoutineOf(c: RiscvLower, name: string, sig: Signature, args: readonly (readonly number[])[]): number {
  return c.genCallOf(sig, { name: { kind: 'libcall', name }, colocated: true }, (i) => args[i]) as number
}

const binary128: Signature = signature([I128, I128], [I128], 'system_v')

/** Traps are made here, where the instruction is. */
function divide(name: string, signed: boolean, overflow: boolean) {
  return (c: RiscvLower, _t: Type, x: Value, y: Value): number => {
    c.trapIf(Opc.beq, c.rrr(emit.or, c.lo(y), c.hi(y)), X0, TRAP_INTEGER_DIVISION_BY_ZERO)
    if (signed && overflow) {
      // min / -1: x.lo | (x.hi ^ min) | ~(y.lo & y.hi) is zero then only
      const min = c.rrr(emit.or, c.lo(x), c.rrr(emit.xor, c.hi(x), c.li(0, 0x80000000 | 0)))
      const minusOne = c.rri(emit.xori, c.rrr(emit.and, c.lo(y), c.hi(y)), -1)
      c.trapIf(Opc.beq, c.rrr(emit.or, min, minusOne), X0, TRAP_INTEGER_OVERFLOW)
    }
    return callRoutine(c, name, binary128, [x, y])
  }
}

// biome-ignore format: table
export const libcallRules: Rule[] = [
  rule('udiv_pair', i128, [val, val], (x, y) => udiv(x, y), divide('__udivti3', false, false)),
  rule('urem_pair', i128, [val, val], (x, y) => urem(x, y), divide('__umodti3', false, false)),
  rule('sdiv_pair', i128, [val, val], (x, y) => sdiv(x, y), divide('__divti3', true, true)),
  rule('srem_pair', i128, [val, val], (x, y) => srem(x, y), divide('__modti3', true, false)),
]
