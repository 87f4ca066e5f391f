// Operands of several forms: memory that is merged into an instruction, immediates.
//
// A load is merged ("sunk") only where its width is exactly what the instruction reads, its bytes are in the machine's order, and the driver says that
// it can move there: only use, no side effect between.
import { BIG, type Inst, I128, Op, type Type, type Value } from '@k23/ir'
import type { Gpr, Mem } from '../insts/index.ts'
import type { X64Lower } from './driver.ts'

/** The load that defines `x` and can be merged into the instruction being lowered, or -1. Its width is that of x. */
export function sinkableLoad(c: X64Lower, x: Value): Inst | -1 {
  const d = c.defOf[x]
  if (d === -1 || c.func.op[d] !== Op.load) return -1
  const i = d as Inst
  const type = c.func.typeOf(x)
  if (type === I128 || (c.func.imm1[i] & BIG) !== 0) return -1
  return c.canSink(i) ? i : -1
}

/** Merges a load: its memory operand. Its trap belongs to the next instruction made: ask for every other operand before. */
export function sink(c: X64Lower, load: Inst): Mem {
  const f = c.func
  c.sink(load)
  const m = c.address(f.arg(load, 0), f.imm0[load])
  c.access(f.imm1[load] as never, load)
  return m
}

/** The constant in `x` as the sign-extended immediate of an instruction on `t`, or undefined. */
export function immediate(c: X64Lower, x: Value, t: Type, bits: number): number | undefined {
  const k = c.imm32(x)
  if (k === undefined || t === I128) return undefined
  return bits >= 32 ? k : (k << (32 - bits)) >> (32 - bits)
}

export type { Gpr }
