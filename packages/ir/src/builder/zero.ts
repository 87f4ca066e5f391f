// The value that a variable has before anything is assigned to it.
import { NONE } from '@k23/entity'
import type { Block, Inst, Value } from '../entities.ts'
import type { Func } from '../function.ts'
import * as Op from '../gen/op.ts'
import {
  bytes,
  F128,
  F16,
  F32,
  F64,
  I128,
  I64,
  INVALID,
  isDynamic,
  isInt,
  isVector,
  laneType,
  type Type,
} from '../types.ts'

/** Inserts a zero of type `t` at the start of `block`. */
export function zeroAtStart(func: Func, block: Block, t: Type): Value {
  const before = func.firstInst[block] as Inst | -1
  const insert = (op: number, ctrl: Type, args: number, imm0: number, result: Type): Value => {
    const inst = func.makeInst(op, ctrl, args, imm0, 0)
    if (before === NONE) func.appendInst(inst, block)
    else func.insertInstBefore(inst, before)
    return func.appendResult(inst, result)
  }
  const make = (t: Type): Value => {
    if (t === I128) return insert(Op.uextend, t, func.pool.of1(insert(Op.iconst, I64, 0, 0, I64)), 0, t)
    if (isInt(t)) return insert(Op.iconst, t, 0, 0, t)
    if (t === F16) return insert(Op.f16const, INVALID, 0, 0, t)
    if (t === F32) return insert(Op.f32const, INVALID, 0, 0, t)
    if (t === F64) return insert(Op.f64const, INVALID, 0, 0, t)
    if (t === F128) return insert(Op.f128const, INVALID, 0, func.addConstant(new Uint8Array(16)), t)
    if (isVector(t) && isDynamic(t)) return insert(Op.splat, t, func.pool.of1(make(laneType(t))), 0, t)
    return insert(Op.vconst, t, 0, func.addConstant(new Uint8Array(bytes(t))), t)
  }
  return make(t)
}
