// RISC-V ELF psABI: "ELF Object Files", "Relocations", "DWARF Register Numbers", "Attributes".
import { ByteWriter } from '../bytes.ts'
import { SHT_PROGBITS, SHT_RISCV_ATTRIBUTES } from '../elf/format.ts'
import type { Section } from '../elf/model.ts'
import type { ElfMachine, ElfRelocation } from './machine.ts'

const EF_RISCV_RVC = 1
const EF_RISCV_FLOAT_ABI_DOUBLE = 4

const R_RISCV_32 = 1
const R_RISCV_64 = 2
const R_RISCV_CALL_PLT = 19
const R_RISCV_GOT_HI20 = 20
const R_RISCV_TLS_GD_HI20 = 22
const R_RISCV_PCREL_HI20 = 23
const R_RISCV_PCREL_LO12_I = 24
const R_RISCV_32_PCREL = 57

/** auipc and the instruction behind it, whose low part names the auipc. */
const pair = (high: number): ElfRelocation[] => [
  { type: high, at: 0 },
  { type: R_RISCV_PCREL_LO12_I, at: 4, toFirst: true },
]

/** Extensions of the base, in canonical order with their versions, then those that features add (ISA manual, "ISA Extension Naming Conventions"). */
const BASE = 'rv64i2p1_m2p0_a2p1_f2p2_d2p2'
// biome-ignore format: table
const EXTENSIONS: readonly (readonly [text: string, ...features: string[]])[] = [
  ['c2p0',        'has_c'],
  ['v1p0',        'has_v'],
  ['zicond1p0',   'has_zicond'],
  ['zicsr2p0',    ''],
  ['zifencei2p0', ''],
  ['zfa1p0',      'has_zfa'],
  ['zfh1p0',      'has_zfh'],
  ['zfhmin1p0',   'has_zfhmin', 'has_zfh'],
  ['zca1p0',      'has_zca', 'has_zcb', 'has_zcd'],
  ['zcb1p0',      'has_zcb'],
  ['zcd1p0',      'has_zcd'],
  ['zba1p0',      'has_zba'],
  ['zbb1p0',      'has_zbb'],
  ['zbc1p0',      'has_zbc'],
  ['zbkb1p0',     'has_zbkb'],
  ['zbs1p0',      'has_zbs'],
  ['zvbb1p0',     'has_zvbb'],
  ['zvfh1p0',     'has_zvfh'],
]

export function archText(features: Readonly<Record<string, boolean>>): string {
  const on = (f: string): boolean => f === '' || features[f] === true
  return [BASE, ...EXTENSIONS.filter(([, ...fs]) => fs.some(on)).map(([text]) => text)].join('_')
}

const compressed = ['has_c', 'has_zca', 'has_zcb', 'has_zcd']

export const riscv64: ElfMachine = {
  name: 'riscv64',
  number: 243,
  flags: (features) => EF_RISCV_FLOAT_ABI_DOUBLE | (compressed.some((f) => features[f] === true) ? EF_RISCV_RVC : 0),
  // biome-ignore format: table
  relocations: {
    riscv_call_plt:   [{ type: R_RISCV_CALL_PLT, at: 0 }],
    riscv_pcrel_addr: pair(R_RISCV_PCREL_HI20),
    riscv_got_pcrel:  pair(R_RISCV_GOT_HI20),
    riscv_tls_gd:     pair(R_RISCV_TLS_GD_HI20),
    abs64:            [{ type: R_RISCV_64, at: 0 }],
    abs32:            [{ type: R_RISCV_32, at: 0 }],
    pcrel32:          [{ type: R_RISCV_32_PCREL, at: 0 }],
  },
  registers: {
    // x0-x31, f0-f31, v0-v31 at 0, 32 and 96
    number: (preg) => [0, 32, 96][preg >> 6] + (preg & 63),
    returnAddress: 1,
    codeAlign: 1,
    dataAlign: -8,
    cfaRegister: 2,
    cfaOffset: 0,
    returnSaved: undefined,
  },
  padding: 0,
  ehFrameType: SHT_PROGBITS,
  maxPage: 0x1000,
  attributes,
}

const TAG_FILE = 1
const TAG_STACK_ALIGN = 4
const TAG_ARCH = 5

function attributes(features: Readonly<Record<string, boolean>>): Omit<Section, 'relocs' | 'entsize' | 'size'> {
  const tags = new ByteWriter()
  tags.uleb(TAG_STACK_ALIGN)
  tags.uleb(16)
  tags.uleb(TAG_ARCH)
  tags.text(archText(features))
  const vendor = 'riscv'
  const w = new ByteWriter()
  w.u8(0x41) // the format's version, 'A'
  w.u32(4 + vendor.length + 1 + 1 + 4 + tags.length)
  w.text(vendor)
  w.u8(TAG_FILE)
  w.u32(1 + 4 + tags.length)
  w.put(tags.bytes())
  return { name: '.riscv.attributes', type: SHT_RISCV_ATTRIBUTES, flags: 0, align: 1, bytes: w.bytes() }
}
