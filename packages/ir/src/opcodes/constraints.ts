// Type constraints as small integers, and the types that derive from a controlling type.
//
//   bits 0-8   payload: a type (CONCRETE), an index into the type sets (FREE, NARROWER, WIDER, LANES)
//   bits 9-12  kind
import { INVALID, type Type, laneBits } from '../types.ts'

export const KIND_SHIFT = 9
export const PAYLOAD = 511

export const NONE_CONSTRAINT = 0
/** The controlling type. */
export const SAME = 1
export const LANE = 2
export const TRUTHY = 3
export const HALF = 4
export const DOUBLE = 5
export const SPLIT = 6
export const MERGE = 7
export const FIXED = 8
export const CONCRETE = 9
/** Any type of a set. */
export const FREE = 10
/** A type of a set with narrower lanes than the controlling type. */
export const NARROWER = 11
export const WIDER = 12
/** A type of a set with as many lanes as the controlling type. */
export const LANES = 13

/** i8 for a scalar, integers of the same width for a vector: what a comparison of `t` gives. */
export function truthy(t: Type): Type {
  if (t < 16) return 1 as Type
  const lane = t & 15
  return (lane < 6 ? t : (t & ~15) | (lane - 4)) as Type
}
/** Scalar integer of half the width. */
export function half(t: Type): Type {
  return (t - 1) as Type
}
/** Scalar integer of twice the width. */
export function double(t: Type): Type {
  return (t + 1) as Type
}
/** Lanes half as wide, twice as many. */
export function split(t: Type): Type {
  return (t - 1 + 16) as Type
}
/** Lanes twice as wide, half as many. */
export function merge(t: Type): Type {
  return (t + 1 - 16) as Type
}
/** The fixed vector that is the minimum of a dynamic one. */
export function fixed(t: Type): Type {
  return (t & 255) as Type
}

/** The type that `constraint` determines, INVALID where it leaves a choice. */
export function derivedType(constraint: number, t: Type): Type {
  switch (constraint >> KIND_SHIFT) {
    case SAME:
      return t
    case LANE:
      return (t & 15) as Type
    case TRUTHY:
      return truthy(t)
    case HALF:
      return half(t)
    case DOUBLE:
      return double(t)
    case SPLIT:
      return split(t)
    case MERGE:
      return merge(t)
    case FIXED:
      return fixed(t)
    case CONCRETE:
      return (constraint & PAYLOAD) as Type
    default:
      return INVALID
  }
}

/** True if `a` has lanes narrower than `b`, and as many. */
export function isNarrower(a: Type, b: Type): boolean {
  return a >> 4 === b >> 4 && laneBits(a) < laneBits(b)
}
