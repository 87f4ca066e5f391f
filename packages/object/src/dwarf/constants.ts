// DWARF 5 numbers (7.5, 7.22) that are written or read here.

export * from '@k23/frontend-wasm/line-constants'

export const DW_TAG_COMPILE_UNIT = 0x11
export const DW_TAG_SUBPROGRAM = 0x2e

export const DW_AT_NAME = 0x03
export const DW_AT_STMT_LIST = 0x10
export const DW_AT_LOW_PC = 0x11
export const DW_AT_HIGH_PC = 0x12
export const DW_AT_LANGUAGE = 0x13
export const DW_AT_COMP_DIR = 0x1b
export const DW_AT_PRODUCER = 0x25
export const DW_AT_ARTIFICIAL = 0x34
export const DW_AT_DECL_FILE = 0x3a
export const DW_AT_DECL_LINE = 0x3b
export const DW_AT_EXTERNAL = 0x3f
export const DW_AT_FRAME_BASE = 0x40
export const DW_AT_LINKAGE_NAME = 0x6e

export const DW_FORM_ADDR = 0x01
export const DW_FORM_BLOCK2 = 0x03
export const DW_FORM_BLOCK4 = 0x04
export const DW_FORM_BLOCK1 = 0x0a
export const DW_FORM_SEC_OFFSET = 0x17
export const DW_FORM_EXPRLOC = 0x18
export const DW_FORM_FLAG_PRESENT = 0x19

export const DW_UT_COMPILE = 0x01
export const DW_CHILDREN_NO = 0
export const DW_CHILDREN_YES = 1
/** Assembly language: the vendor value that all tools know. */
export const DW_LANG_MIPS_ASSEMBLER = 0x8001
export const DW_OP_CALL_FRAME_CFA = 0x9c

/** Operands of the standard opcodes 1 to 12: LEB128 numbers each, but for the fixed advance. */
export const STANDARD_OPCODE_LENGTHS: readonly number[] = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]
