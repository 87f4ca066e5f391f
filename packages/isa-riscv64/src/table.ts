// Rows and pseudo-instructions of riscv64 as one table.
import {
  buildInstTable,
  descriptor,
  INST_MAY_TRAP,
  INST_TABLE,
  INST_TERMINATOR,
  type InstTable,
  NUM_GENERIC,
  type PseudoSpec,
} from '@k23/machinst'
import { CLASS_INT, REG, REUSE } from '@k23/regalloc'
import { tables } from './insts/index.ts'

const INT = CLASS_INT
const use = (word: number) => descriptor(word, INT, 0, 0, REG)
const def = (word: number) => descriptor(word, INT, 1, 1, REG)
const earlyDef = (word: number) => descriptor(word, INT, 1, 0, REG)

// biome-ignore format: table
const pseudos: readonly PseudoSpec[] = [
  // Conditional branch to successor 0: [h, row opcode of the comparison, rs1, rs2]
  { name: 'br',         words: 4, operands: [use(2), use(3)], flags: INST_TERMINATOR },
  // Branch through a table: [h, index (zero-extended), t1, t2]
  { name: 'br_table',   words: 4, operands: [use(1), earlyDef(2), earlyDef(3)], flags: INST_TERMINATOR | INST_TABLE },
  // rd = rs1 cmp rs2 ? x : y: [h, row opcode, rd, x, rs1, rs2, y]; rd takes x's register
  { name: 'select',     words: 7, operands: [descriptor(2, INT, 1, 1, REUSE, 1), use(3), use(4), use(5), use(6)], flags: 0 },
  // the same for floats: x and y are floats
  { name: 'select_f',   words: 7, operands: [descriptor(2, 1, 1, 1, REUSE, 1), descriptor(3, 1, 0, 0, REG), use(4), use(5), descriptor(6, 1, 0, 0, REG)], flags: 0 },
  // Trap where the comparison holds: [h, row opcode, rs1, rs2, trap code]
  { name: 'trap_if',    words: 5, operands: [use(2), use(3)], flags: 0 },
  // Frame-relative: [h, rd, kind, offset, type], [h, rs, kind, offset, type], [h, rd, kind, offset]
  { name: 'frame_load', words: 5, operands: [def(1)], flags: 0 },
  { name: 'frame_load_f', words: 5, operands: [descriptor(1, 1, 1, 1, REG)], flags: 0 },
  { name: 'frame_store', words: 5, operands: [use(1)], flags: 0 },
  { name: 'frame_store_f', words: 5, operands: [descriptor(1, 1, 0, 0, REG)], flags: 0 },
  { name: 'frame_addr', words: 4, operands: [def(1)], flags: 0 },
  // rd = address of a symbol: [h, rd, index into VCode.extra]
  { name: 'symbol',     words: 3, operands: [def(1)], flags: 0 },
  // rd = 64-bit constant from behind the function: [h, rd, low, high]
  { name: 'ld_const',   words: 4, operands: [def(1)], flags: 0 },
  { name: 'ld_const_f', words: 4, operands: [descriptor(1, 1, 1, 1, REG)], flags: 0 },
  // Read-modify-write of 4 or 8 bytes by an LL/SC loop: [h, op, size, rd, t, addr, x, t2]
  { name: 'rmw_loop',   words: 8, operands: [earlyDef(3), earlyDef(4), use(5), use(6), earlyDef(7)], flags: INST_MAY_TRAP },
  // The same of 1 or 2 bytes inside an aligned word: [h, op, size, rd, t, word addr, shift, mask, x shifted, t2]
  { name: 'rmw_sub_loop', words: 10, operands: [earlyDef(3), earlyDef(4), use(5), use(6), use(7), use(8), earlyDef(9)], flags: INST_MAY_TRAP },
  // Compare and swap of 4 or 8 bytes: [h, size, rd, t, addr, expected, x]
  { name: 'cas_loop',   words: 7, operands: [earlyDef(2), earlyDef(3), use(4), use(5), use(6)], flags: INST_MAY_TRAP },
  // Compare and swap of 1 or 2 bytes: [h, rd, t, word addr, mask, expected shifted, x shifted]
  { name: 'cas_sub_loop', words: 7, operands: [earlyDef(1), earlyDef(2), use(3), use(4), use(5), use(6)], flags: INST_MAY_TRAP },
  // rd = a register that is not allocated: [h, rd, hardware number]; and the reverse
  { name: 'get_reg',    words: 3, operands: [def(1)], flags: 0 },
  { name: 'set_reg',    words: 3, operands: [use(1)], flags: 0 },
  // The same as select, frame_load and frame_store for vectors
  { name: 'select_v',   words: 7, operands: [descriptor(2, 2, 1, 1, REUSE, 1), descriptor(3, 2, 0, 0, REG), use(4), use(5), descriptor(6, 2, 0, 0, REG)], flags: 0 },
  { name: 'frame_load_v', words: 5, operands: [descriptor(1, 2, 1, 1, REG)], flags: 0 },
  { name: 'frame_store_v', words: 5, operands: [descriptor(1, 2, 0, 0, REG)], flags: 0 },
  // vd = a vector from behind the function: [h, vd, index of its bytes in VCode.extra, vstate]
  { name: 'ld_const_v', words: 4, operands: [descriptor(1, 2, 1, 1, REG)], flags: 0 },
  // rd = address of a block: [h, rd, block]
  { name: 'block_addr', words: 3, operands: [def(1)], flags: 0 },
]

const flags = new Uint8Array(tables.ids.length)
for (let i = 0; i < flags.length; i++) if (tables.load[i] !== 0 || tables.store[i] !== 0) flags[i] = INST_MAY_TRAP

export const table: InstTable = buildInstTable(
  { names: tables.ids, descStart: tables.descStart, descs: tables.descs, flags },
  pseudos,
)

const base = table.generic + NUM_GENERIC
/** Opcode of each pseudo. */
export const BR: number = base
export const BR_TABLE: number = base + 1
export const SELECT: number = base + 2
export const SELECT_F: number = base + 3
export const TRAP_IF: number = base + 4
export const FRAME_LOAD: number = base + 5
export const FRAME_LOAD_F: number = base + 6
export const FRAME_STORE: number = base + 7
export const FRAME_STORE_F: number = base + 8
export const FRAME_ADDR: number = base + 9
export const SYMBOL: number = base + 10
export const LD_CONST: number = base + 11
export const LD_CONST_F: number = base + 12
export const RMW_LOOP: number = base + 13
export const RMW_SUB_LOOP: number = base + 14
export const CAS_LOOP: number = base + 15
export const CAS_SUB_LOOP: number = base + 16
export const GET_REG: number = base + 17
export const SET_REG: number = base + 18
export const SELECT_V: number = base + 19
export const FRAME_LOAD_V: number = base + 20
export const FRAME_STORE_V: number = base + 21
export const LD_CONST_V: number = base + 22
export const BLOCK_ADDR: number = base + 23
export const NUM_PSEUDOS: number = pseudos.length
