// What every rule file of x64 starts from.
import { feature, type Flag, lowering, type RuleMaker, setting } from '@k23/rules'
import * as feat from '../features.ts'
import type { X64Lower } from './driver.ts'

export const rule: RuleMaker<X64Lower> = lowering<X64Lower>()

export const sse3: Flag = feature('sse3', feat.SSE3)
export const ssse3: Flag = feature('ssse3', feat.SSSE3)
export const sse41: Flag = feature('sse41', feat.SSE41)
export const sse42: Flag = feature('sse42', feat.SSE42)
export const avx: Flag = feature('avx', feat.AVX)
export const avx2: Flag = feature('avx2', feat.AVX2)
export const fma: Flag = feature('fma', feat.FMA)
export const f16c: Flag = feature('f16c', feat.F16C)
export const avxVnni: Flag = feature('avx_vnni', feat.AVX_VNNI)
export const avx512f: Flag = feature('avx512f', feat.AVX512F)
export const avx512vl: Flag = feature('avx512vl', feat.AVX512VL)
export const avx512dq: Flag = feature('avx512dq', feat.AVX512DQ)
export const avx512bitalg: Flag = feature('avx512bitalg', feat.AVX512BITALG)
export const avx512vbmi: Flag = feature('avx512vbmi', feat.AVX512VBMI)
export const avx512vnni: Flag = feature('avx512vnni', feat.AVX512VNNI)
export const popcntFeature: Flag = feature('popcnt', feat.POPCNT)
export const bmi1: Flag = feature('bmi1', feat.BMI1)
export const bmi2: Flag = feature('bmi2', feat.BMI2)
export const lzcnt: Flag = feature('lzcnt', feat.LZCNT)
export const cmpxchg16b: Flag = feature('cmpxchg16b', feat.CMPXCHG16B)
export const spectre: Flag = setting('heap_access_spectre_mitigation', 0)
