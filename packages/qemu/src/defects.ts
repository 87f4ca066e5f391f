// Instructions that versions of the emulators execute wrongly. Found by running what is right elsewhere; each names the version that has it right.

export interface Defect {
  /** The first version without it. */
  readonly fixed: number
  /** Of the extension that has the instruction. */
  readonly feature: string
  readonly what: string
  /** The instruction's 32 bits under the mask. */
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

/** The defects of an emulator of this version. */
export function defectsOf(isa: string, version: number): readonly Defect[] {
  return isa === 'riscv64' ? riscv64.filter((d) => version < d.fixed) : []
}

/** What is wrong with an instruction of this code, or undefined. Data between instructions may look like one. */
export function defectIn(code: Uint8Array, defects: readonly Defect[]): string | undefined {
  if (defects.length === 0) return undefined
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  for (let at = 0; at + 4 <= code.length; at += 2) {
    const bits = view.getUint32(at, true)
    for (const d of defects) if ((bits & d.mask) >>> 0 === d.bits >>> 0) return d.what
  }
  return undefined
}
