// System V ABI, AMD64 supplement: "Object Files", "Relocation", "DWARF Register Number Mapping".
import { SHT_X86_64_UNWIND } from '../elf/format.ts'
import type { ElfMachine } from './machine.ts'

const R_X86_64_64 = 1
const R_X86_64_PC32 = 2
const R_X86_64_PLT32 = 4
const R_X86_64_32 = 10
const R_X86_64_TLSGD = 19
const R_X86_64_GOTTPOFF = 22
const R_X86_64_REX_GOTPCRELX = 42

/** rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi by their numbers in instructions; the others have the same number. */
const GENERAL: readonly number[] = [0, 2, 1, 3, 7, 6, 4, 5]
const XMM0 = 17

export const x64: ElfMachine = {
  name: 'x64',
  number: 62,
  flags: () => 0,
  // biome-ignore format: table
  relocations: {
    x64_call_plt: [{ type: R_X86_64_PLT32, at: 0 }],
    x64_pcrel:    [{ type: R_X86_64_PC32, at: 0 }],
    x64_gotpcrel: [{ type: R_X86_64_REX_GOTPCRELX, at: 0 }],
    x64_tlsgd:    [{ type: R_X86_64_TLSGD, at: 0 }],
    x64_gottpoff: [{ type: R_X86_64_GOTTPOFF, at: 0 }],
    abs64:        [{ type: R_X86_64_64, at: 0 }],
    abs32:        [{ type: R_X86_64_32, at: 0 }],
    pcrel32:      [{ type: R_X86_64_PC32, at: 0 }],
  },
  registers: {
    number: (preg) => (preg >= 64 ? XMM0 + (preg & 63) : (GENERAL[preg] ?? preg)),
    returnAddress: 16,
    codeAlign: 1,
    dataAlign: -8,
    cfaRegister: 4,
    cfaOffset: 8,
    returnSaved: -8,
  },
  padding: 0xcc,
  ehFrameType: SHT_X86_64_UNWIND,
  maxPage: 0x1000,
}
