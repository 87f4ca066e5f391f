// Floating point. The sign operations work on bits; everything else goes through soft-float.
import { isVector } from '../../types.ts'
import { add, compare, div, fma, max, min, mul, sqrt, sub } from '../soft-float/arithmetic.ts'
import { type Rounding, toIntegral } from '../soft-float/convert.ts'
import { signBit } from '../soft-float/number.ts'
import { truth } from './int.ts'
import { float1, float2, float3, type PureEvaluator, type PureTable } from './pure.ts'

/** Integer and float conditions give the same truth values; a float condition is the set of outcomes for which it holds. */
const fcmp: PureEvaluator = (args, inst) => {
  const vector = isVector(inst.args[0])
  return float2((x, y, f) => truth((compare(x, y, f) & inst.imm0) !== 0, vector))(args, inst)
}

const rounding = (mode: Rounding): PureEvaluator => float1((x, f) => toIntegral(x, mode, f))

// biome-ignore format: table
export const floatEvaluators: PureTable = {
  fcmp,
  fadd:      float2(add),
  fsub:      float2(sub),
  fmul:      float2(mul),
  fdiv:      float2(div),
  sqrt:      float1(sqrt),
  fma:       float3(fma),
  fneg:      float1((x, f) => x ^ signBit(true, f)),
  fabs:      float1((x, f) => x & ~signBit(true, f)),
  fcopysign: float2((x, y, f) => (x & ~signBit(true, f)) | (y & signBit(true, f))),
  fmin:      float2(min),
  fmax:      float2(max),
  ceil:      rounding('ceil'),
  floor:     rounding('floor'),
  trunc:     rounding('trunc'),
  nearest:   rounding('nearest'),
}
