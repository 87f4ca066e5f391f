// The shape of an evaluator of an opcode that computes its results from its operands and nothing else, and the ways to make one out
// of a function on lanes.
import { bug } from '@k23/entity'
import { opByName } from '../../opcodes/tables.ts'
import { floatFormat, type FloatFormat } from '../../text/floats.ts'
import { laneBits, laneType, type Type } from '../../types.ts'
import type * as Op from '../../gen/op.ts'
import { type Bits, join, split } from '../lanes.ts'

/** Name of an opcode, with `return_` for `return`. */
export type OpName = keyof typeof Op

export function opcodeOf(name: OpName): number {
  return opByName.get(name === 'return_' ? 'return' : name) ?? bug('interpreter', '-', name, 'no such opcode')
}

/** What an evaluator may know of its instruction besides the operands. Dynamic vectors appear as fixed ones (a scale of 1). */
export interface PureInst {
  /** Types of the operands. */
  readonly args: readonly Type[]
  readonly results: readonly Type[]
  /** The immediates of the format (format.ts). */
  readonly imm0: number
  readonly imm1: number
  /** The content of the Constant or Immediate that imm0 names. */
  readonly bytes: Uint8Array | undefined
}

/** Gives the result, or all results, each within the bits of its type. May throw Trap. */
export type PureEvaluator = (args: readonly Bits[], inst: PureInst) => Bits | readonly Bits[]

export type PureTable = { readonly [N in OpName]?: PureEvaluator }

// ---- integers: lane by lane, w is the width of an operand's lane; the low bits of what comes out count

export function int1(f: (x: bigint, w: number) => bigint): PureEvaluator {
  return ([x], { args: [t], results: [r] }) => {
    const w = laneBits(t)
    return join(
      split(x, t).map((a) => f(a, w)),
      r,
    )
  }
}

export function int2(f: (x: bigint, y: bigint, w: number) => bigint): PureEvaluator {
  return ([x, y], { args: [t], results: [r] }) => {
    const w = laneBits(t)
    if (t < 16) return BigInt.asUintN(laneBits(r), f(x, y, w))
    const ys = split(y, t)
    return join(
      split(x, t).map((a, i) => f(a, ys[i], w)),
      r,
    )
  }
}

/** As int1 with the lane as a signed integer. */
export function signed1(f: (x: bigint, w: number) => bigint): PureEvaluator {
  return int1((x, w) => f(BigInt.asIntN(w, x), w))
}

/** As int2 with both lanes as signed integers. */
export function signed2(f: (x: bigint, y: bigint, w: number) => bigint): PureEvaluator {
  return int2((x, y, w) => f(BigInt.asIntN(w, x), BigInt.asIntN(w, y), w))
}

// ---- floats: lane by lane, on bit patterns

export function float1(g: (x: bigint, f: FloatFormat) => bigint): PureEvaluator {
  return ([x], { args: [t], results: [r] }) => {
    const f = floatFormat(t)
    return join(
      split(x, t).map((a) => g(a, f)),
      r,
    )
  }
}

export function float2(g: (x: bigint, y: bigint, f: FloatFormat) => bigint): PureEvaluator {
  return ([x, y], { args: [t], results: [r] }) => {
    const f = floatFormat(t)
    const ys = split(y, t)
    return join(
      split(x, t).map((a, i) => g(a, ys[i], f)),
      r,
    )
  }
}

export function float3(g: (x: bigint, y: bigint, z: bigint, f: FloatFormat) => bigint): PureEvaluator {
  return ([x, y, z], { args: [t], results: [r] }) => {
    const f = floatFormat(t)
    const ys = split(y, t)
    const zs = split(z, t)
    return join(
      split(x, t).map((a, i) => g(a, ys[i], zs[i], f)),
      r,
    )
  }
}

// ---- conversions: lane by lane, from one lane type to another

export function convert1(g: (x: bigint, from: Type, to: Type) => bigint): PureEvaluator {
  return ([x], { args: [t], results: [r] }) => {
    const from = laneType(t)
    const to = laneType(r)
    return join(
      split(x, t).map((a) => g(a, from, to)),
      r,
    )
  }
}
