// Sets of CLIF types, the data behind every type constraint of a rule.
//
// A type is a code of 9 bits (lane code | log2 lanes << 4 | dynamic << 8), so a set is a mask of 512 bits. At build time it is a BigInt,
// which makes intersection, inclusion and complement one operator each; a matcher tests it as a comparison, as a shift
// of a 32-bit word, or through a table of 512 bytes (compiler/tests.ts).
import {
  F16,
  F32,
  F64,
  F128,
  I8,
  I16,
  I32,
  I64,
  I128,
  isFloatLane,
  isIntLane,
  laneBits,
  log2LaneCount,
  type Type,
  typeName,
} from '@k23/ir'

/** A set of CLIF types; bit t of `mask` says that type code t is a member. */
export interface TypeSet {
  readonly mask: bigint
  /** Shown in messages and printed rules; the members' names where there is none. */
  readonly name: string | undefined
}

/** The set of exactly `types`. */
export function typeSet(...types: Type[]): TypeSet {
  return { mask: types.reduce((m, t) => m | (1n << BigInt(t)), 0n), name: undefined }
}
/** All types that `test` accepts, under a name for messages. */
export function typesWhere(name: string, test: (t: Type) => boolean): TypeSet {
  let mask = 0n
  for (const t of allTypes) if (test(t)) mask |= 1n << BigInt(t)
  return { mask, name }
}
/** Types in either. */
export function typeUnion(...sets: TypeSet[]): TypeSet {
  return { mask: sets.reduce((m, s) => m | s.mask, 0n), name: sets.map(typeSetName).join('|') }
}
/** Types in `a` and not in `b`. */
export function typesWithout(a: TypeSet, b: TypeSet): TypeSet {
  return { mask: a.mask & ~b.mask, name: `${typeSetName(a)}-${typeSetName(b)}` }
}
export function hasType(s: TypeSet, t: number): boolean {
  return ((s.mask >> BigInt(t)) & 1n) === 1n
}
/** The members, in order of their codes. */
export function typesOf(mask: bigint): Type[] {
  const out: Type[] = []
  for (let t = 0; t < 512; t++) if (((mask >> BigInt(t)) & 1n) === 1n) out.push(t as Type)
  return out
}
export function typeSetName(s: TypeSet): string {
  return s.name ?? maskName(s.mask)
}
export function maskName(mask: bigint): string {
  return mask === ANY_TYPE
    ? 'any'
    : `{${typesOf(mask)
        .map((t) => (t === 0 ? 'none' : typeName(t)))
        .join(' ')}}`
}

/** Every well-formed type code, scalars first; INVALID is not among them. */
export const allTypes: readonly Type[] = makeAllTypes()
function makeAllTypes(): Type[] {
  const out: Type[] = []
  for (let dynamic = 0; dynamic < 2; dynamic++)
    for (let log2 = dynamic; log2 <= 8; log2++)
      for (let lane = 1; lane <= 9; lane++) out.push((lane | (log2 << 4) | (dynamic << 8)) as Type)
  return out
}

const ANY_TYPE = (1n << 512n) - 1n
const scalar = (t: Type): boolean => t <= 15

/** Every type, and "no controlling type" (roots such as jump, call, return). */
export const any: TypeSet = { mask: ANY_TYPE, name: 'any' }
/** Roots without a controlling type. */
export const none: TypeSet = { mask: 1n, name: 'none' }
export const i8: TypeSet = typeSet(I8)
export const i16: TypeSet = typeSet(I16)
export const i32: TypeSet = typeSet(I32)
export const i64: TypeSet = typeSet(I64)
export const i128: TypeSet = typeSet(I128)
export const f16: TypeSet = typeSet(F16)
export const f32: TypeSet = typeSet(F32)
export const f64: TypeSet = typeSet(F64)
export const f128: TypeSet = typeSet(F128)
/** Scalar integers i8 to i128. */
export const anyInt: TypeSet = typesWhere('anyInt', (t) => scalar(t) && isIntLane(t))
/** Scalar floats. */
export const anyFloat: TypeSet = typesWhere('anyFloat', (t) => scalar(t) && isFloatLane(t))
/** Scalar integers of at most 8, 16, 32, 64 bits. */
export const fits8: TypeSet = typesWhere('fits8', (t) => scalar(t) && isIntLane(t) && laneBits(t) <= 8)
export const fits16: TypeSet = typesWhere('fits16', (t) => scalar(t) && isIntLane(t) && laneBits(t) <= 16)
export const fits32: TypeSet = typesWhere('fits32', (t) => scalar(t) && isIntLane(t) && laneBits(t) <= 32)
export const fits64: TypeSet = typesWhere('fits64', (t) => scalar(t) && isIntLane(t) && laneBits(t) <= 64)
export const w32or64: TypeSet = { ...typeSet(I32, I64), name: 'w32or64' }
/** Vectors of fixed length, and those of 128 bits. */
export const anyVec: TypeSet = typesWhere('anyVec', (t) => t > 15 && t < 256)
export const vec128: TypeSet = typesWhere('vec128', (t) => t < 256 && t > 15 && laneBits(t) << log2LaneCount(t) === 128)
/** Integers, scalar or in lanes of a fixed vector. */
export const anyIntOrVec: TypeSet = typesWhere('anyIntOrVec', (t) => t < 256 && isIntLane(t))
