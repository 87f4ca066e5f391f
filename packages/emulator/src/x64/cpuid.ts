// What cpuid says: the features that the machine was made with, by their bits.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID. OSXSAVE is not set: there is no xgetbv to ask further.

/** Registers by number (eax, ebx, ecx, edx) and bit, by feature. */
// biome-ignore format: table
const BITS: Readonly<Record<string, readonly [leaf: number, register: number, bit: number]>> = {
  sse3: [1, 2, 0], ssse3: [1, 2, 9], fma: [1, 2, 12], cmpxchg16b: [1, 2, 13], sse41: [1, 2, 19], sse42: [1, 2, 20], movbe: [1, 2, 22],
  popcnt: [1, 2, 23], avx: [1, 2, 28], f16c: [1, 2, 29],
  bmi1: [7, 1, 3], avx2: [7, 1, 5], bmi2: [7, 1, 8], avx512f: [7, 1, 16], avx512dq: [7, 1, 17], adx: [7, 1, 19], avx512vl: [7, 1, 31],
  avx512vbmi: [7, 2, 1], avx512vnni: [7, 2, 11], avx512bitalg: [7, 2, 12],
  lzcnt: [0x80000001, 2, 5],
}
/** Of every x86-64 CPU with SSE2: TSC, CX8, CMOV, FXSR, SSE, SSE2; long mode. */
const BASE_EDX = (1 << 4) | (1 << 8) | (1 << 15) | (1 << 24) | (1 << 25) | (1 << 26)
const LONG_MODE = 1 << 29
/** Subleaf 1 of leaf 7. */
const AVX_VNNI = 1 << 4
const HIGHEST = 7
const HIGHEST_EXTENDED = 0x80000001 | 0
/** Its letters in ebx, edx, ecx. */
const VENDOR = 'k23 emulator'

/** eax, ebx, ecx and edx for a leaf and subleaf. */
export function cpuid(features: ReadonlySet<string>, leaf: number, subleaf: number): [number, number, number, number] {
  const out: [number, number, number, number] = [0, 0, 0, 0]
  if (leaf === 7 && subleaf !== 0) {
    if (subleaf === 1 && features.has('avx_vnni')) out[0] = AVX_VNNI
    return out
  }
  for (const [name, [at, register, bit]] of Object.entries(BITS))
    if ((at | 0) === leaf && features.has(name)) out[register] |= 1 << bit
  const letters = (from: number): number =>
    [0, 1, 2, 3].reduce((word, k) => word | (VENDOR.charCodeAt(from + k) << (8 * k)), 0)
  if (leaf === 0) return [HIGHEST, letters(0), letters(8), letters(4)]
  if (leaf === (0x80000000 | 0)) out[0] = HIGHEST_EXTENDED
  if (leaf === 1) out[3] = BASE_EDX
  if (leaf === 7) out[0] = 1
  if (leaf === HIGHEST_EXTENDED) out[3] = LONG_MODE
  return out
}
