// Sums of neighbours of widened lanes: dot products, and WebAssembly's extadd_pairwise. pmaddwd multiplies signed words and adds neighbours, modulo 2 ** 32;
// pmaddubsw multiplies unsigned by signed bytes, whose sums do not saturate where one factor is 1.
import { I16, I8, laneCount, laneType, type Type, type Value } from '@k23/ir'
import {
  iadd_pairwise,
  imul,
  type Rule,
  swiden_high,
  swiden_low,
  type TypeSet,
  typesWhere,
  uwiden_high,
  uwiden_low,
  valOf,
} from '@k23/rules'
import { emit } from '../insts/index.ts'
import type { Xmm } from '../insts/index.ts'
import type { X64Lower } from './driver.ts'
import { rule, ssse3 } from './types.ts'
import { addLanes } from './vector-integer.ts'
import { intVectors, splat16, splat32, splat8, xor } from './vector-sets.ts'

/** i8x16, i16x8. */
const bytes16: TypeSet = typesWhere('bytes16', (t) => laneType(t) === I8 && laneCount(t) === 16)
const words8: TypeSet = typesWhere('words8', (t) => laneType(t) === I16 && laneCount(t) === 8)

const maddwd = (c: X64Lower, a: Xmm, b: Xmm): Xmm => c.bin(emit.pmaddwd_rr, emit.vpmaddwd_rrr, a, b)
/** Unsigned bytes of a, signed bytes of b. */
const maddubsw = (c: X64Lower, a: Xmm, b: Xmm): Xmm => c.bin(emit.pmaddubsw_rr, emit.vpmaddubsw_rrr, a, b)

function dot(c: X64Lower, _t: Type, x: Value, y: Value): Xmm {
  const a = c.x(x)
  return maddwd(c, a, c.x(y))
}

/** Words made signed by taking away 2 ** 15, twice of which is added to each sum. */
function unsignedWords(c: X64Lower, _t: Type, x: Value): Xmm {
  const signed = xor(c, c.x(x), splat16(c, 0x8000))
  return addLanes(c, 2, maddwd(c, signed, splat16(c, 1)), splat32(c, 0x10000))
}

// biome-ignore format: table
export const vectorSumRules: Rule[] = [
  rule('v_dot',           intVectors, [valOf(words8), valOf(words8)], (x, y) => iadd_pairwise(imul(swiden_low(x), swiden_low(y)), imul(swiden_high(x), swiden_high(y))), dot),
  rule('v_extadd_words',  intVectors, [valOf(words8)],  (x) => iadd_pairwise(swiden_low(x), swiden_high(x)), (c, _t, x) => maddwd(c, c.x(x), splat16(c, 1))),
  rule('v_extadd_uwords', intVectors, [valOf(words8)],  (x) => iadd_pairwise(uwiden_low(x), uwiden_high(x)), unsignedWords),
  rule('v_extadd_bytes',  intVectors, [valOf(bytes16)], (x) => iadd_pairwise(swiden_low(x), swiden_high(x)), (c, _t, x) => maddubsw(c, splat8(c, 1), c.x(x)), { has: [ssse3] }),
  rule('v_extadd_ubytes', intVectors, [valOf(bytes16)], (x) => iadd_pairwise(uwiden_low(x), uwiden_high(x)), (c, _t, x) => maddubsw(c, c.x(x), splat8(c, 1)), { has: [ssse3] }),
]
