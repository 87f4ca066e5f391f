// What the CPU can do, by the code generator's names. CPUID leaves and bits: SDM volume 2A, CPUID; the state that the system must have enabled
// for AVX and AVX-512: volume 1, 14.3 and 15.2.

import { Assembler } from './assembler.ts'

/** cpuid(leaf: edi, subleaf: esi, out: rdx -> eax ebx ecx edx); xgetbv(out: rdi -> eax edx), only where OSXSAVE says that it exists. */
export function assembleCpuid(): Assembler {
  const a = new Assembler()
  a.label('cpuid')
  a.raw('53', 'pushq %rbx')
  a.raw('49 89 d0', 'movq %rdx, %r8')
  a.raw('89 f8', 'movl %edi, %eax')
  a.raw('89 f1', 'movl %esi, %ecx')
  a.raw('0f a2', 'cpuid')
  a.raw('41 89 00', 'movl %eax, (%r8)')
  a.raw('41 89 58 04', 'movl %ebx, 4(%r8)')
  a.raw('41 89 48 08', 'movl %ecx, 8(%r8)')
  a.raw('41 89 50 0c', 'movl %edx, 12(%r8)')
  a.raw('5b', 'popq %rbx')
  a.ret()
  a.align(16)
  a.label('xgetbv')
  a.raw('31 c9', 'xorl %ecx, %ecx')
  a.raw('0f 01 d0', 'xgetbv')
  a.raw('89 07', 'movl %eax, (%rdi)')
  a.raw('89 57 04', 'movl %edx, 4(%rdi)')
  a.ret()
  return a
}

/** [eax, ebx, ecx, edx] */
export type Cpuid = (leaf: number, subleaf: number) => readonly [number, number, number, number]

export interface CpuInfo {
  readonly features: readonly string[]
  readonly xsave: boolean
  readonly avx: boolean
  /** Bytes of an XSAVE area for all that the system has enabled; 512 for FXSAVE. */
  readonly stateBytes: number
}

const EAX = 0
const EBX = 1
const ECX = 2

// What must be enabled beside the bit itself: nothing, the upper halves of YMM, or those, opmask and all of ZMM (bits of XCR0).
const ANY = 0
const YMM = 0x06
const ZMM = 0xe6

// biome-ignore format: table
const rows: readonly [name: string, leaf: number, subleaf: number, register: number, bit: number, state: number][] = [
  ['has_sse3',          1, 0, ECX, 0, ANY],
  ['has_ssse3',         1, 0, ECX, 9, ANY],
  ['has_fma',           1, 0, ECX, 12, YMM],
  ['has_cmpxchg16b',    1, 0, ECX, 13, ANY],
  ['has_sse41',         1, 0, ECX, 19, ANY],
  ['has_sse42',         1, 0, ECX, 20, ANY],
  ['has_popcnt',        1, 0, ECX, 23, ANY],
  ['has_avx',           1, 0, ECX, 28, YMM],
  ['has_f16c',          1, 0, ECX, 29, YMM],
  ['has_bmi1',          7, 0, EBX, 3, ANY],
  ['has_avx2',          7, 0, EBX, 5, YMM],
  ['has_bmi2',          7, 0, EBX, 8, ANY],
  ['has_avx512f',       7, 0, EBX, 16, ZMM],
  ['has_avx512dq',      7, 0, EBX, 17, ZMM],
  ['has_avx512vl',      7, 0, EBX, 31, ZMM],
  ['has_avx512vbmi',    7, 0, ECX, 1, ZMM],
  ['has_avx512vnni',    7, 0, ECX, 11, ZMM],
  ['has_avx512bitalg',  7, 0, ECX, 12, ZMM],
  ['has_avx_vnni',      7, 1, EAX, 4, YMM],
  ['has_lzcnt',         0x80000001, 0, ECX, 5, ANY],
]

/** `xcr0`: the low half of XCR0, asked for only if the system uses XSAVE. */
export function cpuInfo(cpuid: Cpuid, xcr0: () => number): CpuInfo {
  const highest = cpuid(0, 0)[EAX] >>> 0
  const highestExtended = cpuid(0x80000000, 0)[EAX] >>> 0
  const leaf1 = cpuid(1, 0)[ECX]
  const xsave = (leaf1 & (1 << 27)) !== 0 && highest >= 13
  const enabled = xsave ? xcr0() : 0
  const has = (leaf: number, subleaf: number, register: number, bit: number): boolean => {
    if (leaf > (leaf >= 0x80000000 ? highestExtended : highest)) return false
    if (leaf === 7 && subleaf > cpuid(7, 0)[EAX] >>> 0) return false
    return (cpuid(leaf, subleaf)[register] & (1 << bit)) !== 0
  }
  return {
    features: rows
      .filter(([, leaf, subleaf, register, bit, state]) => {
        return has(leaf, subleaf, register, bit) && (enabled & state) === state
      })
      .map(([name]) => name),
    xsave,
    avx: has(1, 0, ECX, 28) && (enabled & YMM) === YMM,
    stateBytes: xsave ? cpuid(13, 0)[EBX] : 512,
  }
}
