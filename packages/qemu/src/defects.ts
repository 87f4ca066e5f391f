// Instructions that versions of the emulators execute wrongly. Found by running what is right elsewhere; each names the version that has it right.

export interface Defect {
  /** The first version without it. */
  readonly fixed: number
  /** Of the extension that has the instruction. */
  readonly feature: string
  readonly what: string
  /** 32 bits of the instruction, under the mask. */
  readonly mask: number
  readonly bits: number
}

// biome-ignore format: table
const riscv64: readonly Defect[] = [
  { fixed: 8, feature: 'has_zbb', what: 'ctzw counts on into the upper half',       mask: 0xfff0_707f, bits: 0x6010_101b },
  { fixed: 8, feature: 'has_v',   what: 'vfcvt.rtz fails an assertion',             mask: 0xfc0f_707f, bits: 0x4803_1057 },
  { fixed: 8, feature: 'has_v',   what: 'vfwcvt.rtz fails an assertion',            mask: 0xfc0f_707f, bits: 0x4807_1057 },
  { fixed: 8, feature: 'has_v',   what: 'vfncvt.rtz fails an assertion',            mask: 0xfc0f_707f, bits: 0x480b_1057 },
]

// biome-ignore format: table
const x64: readonly Defect[] = [
  { fixed: 8, feature: 'has_cmpxchg16b', what: 'cmpxchg16b leaves flags that fail an assertion', mask: 0x38ff_fff8, bits: 0x08c7_0f48 },
]

const defects: Readonly<Record<string, readonly Defect[]>> = { riscv64, x64 }
/** Distance between places where an instruction may begin. */
const steps: Readonly<Record<string, number>> = { riscv64: 2, x64: 1 }

/** The defects of an emulator of this version. */
export function defectsOf(isa: string, version: number): readonly Defect[] {
  return (defects[isa] ?? []).filter((d) => version < d.fixed)
}

/** What is wrong with an instruction of this code, or undefined. Data between instructions may look like one. */
export function defectIn(isa: string, code: Uint8Array, version: number): string | undefined {
  const known = defectsOf(isa, version)
  if (known.length === 0) return undefined
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  for (let at = 0; at + 4 <= code.length; at += steps[isa] ?? 1) {
    const bits = view.getUint32(at, true)
    for (const d of known) if ((bits & d.mask) >>> 0 === d.bits >>> 0) return d.what
  }
  return undefined
}
