// The lowering rules of x64, in order: per root opcode the first that matches wins.
import type { Rule } from '@k23/rules'
import { arithRules } from './arith.ts'
import { atomicRules } from './atomics.ts'
import { bitRules } from './bits.ts'
import { controlRules } from './control.ts'
import { convertRules } from './convert.ts'
import { divideRules } from './divide.ts'
import { floatRules } from './float.ts'
import { floatConvertRules } from './float-convert.ts'
import { libcallRules } from './libcalls.ts'
import { memoryRules } from './memory.ts'
import { overflowRules } from './overflow.ts'
import { pairRules } from './pairs.ts'
import { shiftRules } from './shifts.ts'
import { vectorConvertRules } from './vector-convert.ts'
import { vectorFloatRules } from './vector-float.ts'
import { vectorHalfRules } from './vector-half.ts'
import { vectorIntegerRules } from './vector-integer.ts'
import { vectorLaneRules } from './vector-lanes.ts'
import { vectorMemoryRules } from './vector-memory.ts'
import { vectorSumRules } from './vector-sums.ts'

export const rules: readonly Rule[] = [
  ...vectorFloatRules,
  ...vectorHalfRules,
  ...vectorConvertRules,
  ...vectorSumRules,
  ...vectorIntegerRules,
  ...vectorLaneRules,
  ...vectorMemoryRules,
  ...arithRules,
  ...divideRules,
  ...libcallRules,
  ...shiftRules,
  ...bitRules,
  ...overflowRules,
  ...pairRules,
  ...convertRules,
  ...floatRules,
  ...floatConvertRules,
  ...controlRules,
  ...memoryRules,
  ...atomicRules,
]
