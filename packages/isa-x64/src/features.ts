// CPU features of x64, by Cranelift's names: one row per flag. The base is x86-64 with SSE2.

/** Bit numbers in the features word. */
export const SSE3 = 0
export const SSSE3 = 1
export const SSE41 = 2
export const SSE42 = 3
export const AVX = 4
export const AVX2 = 5
export const FMA = 6
export const F16C = 7
export const AVX_VNNI = 8
export const AVX512F = 9
export const AVX512VL = 10
export const AVX512DQ = 11
export const AVX512BITALG = 12
export const AVX512VBMI = 13
export const AVX512VNNI = 14
export const POPCNT = 15
export const BMI1 = 16
export const BMI2 = 17
export const LZCNT = 18
export const CMPXCHG16B = 19

/** Name in instruction rows -> bit. */
// biome-ignore format: table
export const BY_EXTENSION: Readonly<Record<string, number>> = {
  sse3: SSE3, ssse3: SSSE3, sse41: SSE41, sse42: SSE42, avx: AVX, avx2: AVX2, fma: FMA, f16c: F16C, avx_vnni: AVX_VNNI,
  avx512f: AVX512F, avx512vl: AVX512VL, avx512dq: AVX512DQ, avx512bitalg: AVX512BITALG, avx512vbmi: AVX512VBMI, avx512vnni: AVX512VNNI,
  popcnt: POPCNT, bmi1: BMI1, bmi2: BMI2, lzcnt: LZCNT, cmpxchg16b: CMPXCHG16B,
}

const bits = (...of: readonly number[]): number => of.reduce((set, b) => set | (1 << b), 0)
const SSE3_ON = bits(SSE3)
const SSSE3_ON = SSE3_ON | bits(SSSE3)
const SSE41_ON = SSSE3_ON | bits(SSE41)
const SSE42_ON = SSE41_ON | bits(SSE42)
const AVX_ON = SSE42_ON | bits(AVX)
const AVX2_ON = AVX_ON | bits(AVX2)
const EVEX_ON = AVX2_ON | bits(AVX512F)

const NEHALEM = SSE42_ON | bits(POPCNT, CMPXCHG16B)
const HASWELL = NEHALEM | AVX2_ON | bits(FMA, F16C, BMI1, BMI2, LZCNT)
const SKYLAKE_AVX512 = HASWELL | bits(AVX512F, AVX512VL, AVX512DQ)
const CANNON_LAKE = SKYLAKE_AVX512 | bits(AVX512VBMI)
const CASCADE_LAKE = SKYLAKE_AVX512 | bits(AVX512VNNI)
const ICE_LAKE = CANNON_LAKE | bits(AVX512BITALG, AVX512VNNI)
const SAPPHIRE_RAPIDS = ICE_LAKE | bits(AVX_VNNI)

/**
 * Flag name -> bits that it turns on, with what every machine that has it has too. Names without `has_` are presets: feature levels and processors.
 * Turning a flag off turns off the feature itself alone.
 */
// biome-ignore format: table
export const FEATURES: Readonly<Record<string, number>> = {
  has_sse3:         SSE3_ON,
  has_ssse3:        SSSE3_ON,
  has_sse41:        SSE41_ON,
  has_sse42:        SSE42_ON,
  has_avx:          AVX_ON,
  has_avx2:         AVX2_ON,
  has_fma:          AVX_ON | bits(FMA),
  has_f16c:         AVX_ON | bits(F16C),
  has_avx_vnni:     AVX2_ON | bits(AVX_VNNI),
  has_avx512f:      EVEX_ON,
  has_avx512vl:     EVEX_ON | bits(AVX512VL),
  has_avx512dq:     EVEX_ON | bits(AVX512DQ),
  has_avx512bitalg: EVEX_ON | bits(AVX512BITALG),
  has_avx512vbmi:   EVEX_ON | bits(AVX512VBMI),
  has_avx512vnni:   EVEX_ON | bits(AVX512VNNI),
  has_popcnt:       bits(POPCNT),
  has_bmi1:         bits(BMI1),
  has_bmi2:         bits(BMI2),
  has_lzcnt:        bits(LZCNT),
  has_cmpxchg16b:   bits(CMPXCHG16B),

  sse3:             SSE3_ON,
  ssse3:            SSSE3_ON,
  sse41:            SSE41_ON,
  sse42:            SSE42_ON,
  'x86-64':         0,
  'x86-64-v2':      NEHALEM,
  'x86-64-v3':      HASWELL,
  'x86-64-v4':      SKYLAKE_AVX512,
  baseline:         0,
  nehalem:          NEHALEM,
  westmere:         NEHALEM,
  sandybridge:      NEHALEM | AVX_ON,
  ivybridge:        NEHALEM | AVX_ON | bits(F16C),
  haswell:          HASWELL,
  broadwell:        HASWELL,
  skylake:          HASWELL,
  'skylake-avx512': SKYLAKE_AVX512,
  cannonlake:       CANNON_LAKE,
  cascadelake:      CASCADE_LAKE,
  cooperlake:       CASCADE_LAKE,
  'icelake-client': ICE_LAKE,
  'icelake-server': ICE_LAKE,
  tigerlake:        ICE_LAKE,
  alderlake:        HASWELL | bits(AVX_VNNI),
  raptorlake:       HASWELL | bits(AVX_VNNI),
  sapphirerapids:   SAPPHIRE_RAPIDS,
  znver1:           HASWELL,
  znver2:           HASWELL,
  znver3:           HASWELL,
  znver4:           ICE_LAKE,
}

/** Bits of the features that are on. */
export function featureBits(named: Readonly<Record<string, boolean>>): number {
  let on = 0
  for (const [name, wanted] of Object.entries(named)) {
    const b = FEATURES[name]
    if (b === undefined) continue
    if (wanted) on |= b
    else on &= ~(name.startsWith('has_') ? 1 << (BY_EXTENSION[name.slice(4)] ?? 31) : b)
  }
  return on
}

/** Names of the single features that a flag turns on. */
export function primitiveFeatures(name: string): readonly string[] {
  const on = FEATURES[name] ?? 0
  return Object.entries(BY_EXTENSION).flatMap(([n, bit]) => ((on & (1 << bit)) !== 0 ? [`has_${n}`] : []))
}
