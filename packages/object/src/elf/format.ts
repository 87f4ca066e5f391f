// Numbers of the ELF format (System V ABI, chapters 4 and 5) that are used here.

export const ET_REL = 1
export const ET_EXEC = 2

export const SHT_PROGBITS = 1
export const SHT_SYMTAB = 2
export const SHT_STRTAB = 3
export const SHT_RELA = 4
export const SHT_NOBITS = 8
export const SHT_X86_64_UNWIND = 0x7000_0001
export const SHT_RISCV_ATTRIBUTES = 0x7000_0003

export const SHF_WRITE = 1
export const SHF_ALLOC = 2
export const SHF_EXECINSTR = 4
export const SHF_MERGE = 0x10
export const SHF_STRINGS = 0x20
export const SHF_INFO_LINK = 0x40

export const SHN_UNDEF = 0
export const SHN_ABS = 0xfff1

export const STB_LOCAL = 0
export const STB_GLOBAL = 1
export const STB_WEAK = 2

export const STT_NOTYPE = 0
export const STT_OBJECT = 1
export const STT_FUNC = 2
export const STT_SECTION = 3
export const STT_FILE = 4

export const PT_LOAD = 1
export const PT_GNU_STACK = 0x6474_e551
export const PF_X = 1
export const PF_W = 2
export const PF_R = 4

export const EHDR_BYTES = 64
export const PHDR_BYTES = 56
export const SHDR_BYTES = 64
export const SYM_BYTES = 24
export const RELA_BYTES = 24
