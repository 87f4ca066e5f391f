// Rows and pseudo-instructions of x64 as one table.
import {
  buildInstTable,
  descriptor,
  INST_CALL,
  INST_MAY_TRAP,
  INST_TABLE,
  INST_TERMINATOR,
  INST_VARIABLE,
  type InstTable,
  NUM_GENERIC,
  type PseudoSpec,
} from '@k23/machinst'
import { CLASS_FLOAT, CLASS_INT, FIXED, REG, REUSE } from '@k23/regalloc'
import { tables } from './insts/index.ts'
import { RAX, RBX, RCX, RDX } from './registers.ts'

const use = (word: number) => descriptor(word, CLASS_INT, 0, 0, REG)
const fixedUse = (word: number, reg: number) => descriptor(word, CLASS_INT, 0, 0, FIXED, reg)
const fixedDef = (word: number, reg: number) => descriptor(word, CLASS_INT, 1, 1, FIXED, reg)
const earlyDef = (word: number) => descriptor(word, CLASS_INT, 1, 0, REG)
const xuse = (word: number) => descriptor(word, CLASS_FLOAT, 0, 0, REG)
const xdef = (word: number) => descriptor(word, CLASS_FLOAT, 1, 1, REG)

/** How the two conditions of a pseudo-instruction combine: the first alone, either, both. */
export const COND_ONE = 0
export const COND_OR = 1
export const COND_AND = 2

// biome-ignore format: table
const pseudos: readonly PseudoSpec[] = [
  // Conditional branch to successor 0 by the flags of the instruction before: [h, COND_*, cc, cc]
  { name: 'br',         words: 4, operands: [], flags: INST_TERMINATOR },
  // Branch through a table: [h, index (zero-extended), t1, t2]
  { name: 'br_table',   words: 4, operands: [use(1), earlyDef(2), earlyDef(3)], flags: INST_TERMINATOR | INST_TABLE },
  // Trap where the flags say so: [h, COND_*, cc, cc, trap code]
  { name: 'trap_if',    words: 5, operands: [], flags: 0 },
  // xmm = condition ? x : y, by the flags: [h, COND_*, cc, cc, dst, x, y]; dst takes x's register
  { name: 'select_x',   words: 7, operands: [descriptor(4, CLASS_FLOAT, 1, 1, REUSE, 1), xuse(5), descriptor(6, CLASS_FLOAT, 0, 1, REG)], flags: 0 },
  // xmm = CLIF's minimum (0) or maximum (1) of f32 (0) or f64 (1): [h, max, double, dst, x, y]; dst takes x's register
  { name: 'min_max_x',  words: 6, operands: [descriptor(3, CLASS_FLOAT, 1, 1, REUSE, 1), xuse(4), descriptor(5, CLASS_FLOAT, 0, 1, REG)], flags: 0 },
  // xmm = 0, xmm = all ones, whatever the register held: [h, dst]
  { name: 'zero_x',     words: 2, operands: [xdef(1)], flags: 0 },
  { name: 'ones_x',     words: 2, operands: [xdef(1)], flags: 0 },
  // Read-modify-write by a compare-and-exchange loop: [h, op, bytes, old (rax), t, address, x]
  { name: 'rmw_loop',   words: 7, operands: [fixedDef(3, RAX), earlyDef(4), descriptor(5, CLASS_INT, 0, 1, REG), descriptor(6, CLASS_INT, 0, 1, REG)], flags: INST_MAY_TRAP },
  // The same of 16 bytes: [h, op, old low (rax), old high (rdx), t low (rbx), t high (rcx), address, x low, x high]
  { name: 'rmw_loop_16', words: 9, operands: [fixedDef(2, RAX), fixedDef(3, RDX), descriptor(4, CLASS_INT, 1, 0, FIXED, RBX), descriptor(5, CLASS_INT, 1, 0, FIXED, RCX), descriptor(6, CLASS_INT, 0, 1, REG), descriptor(7, CLASS_INT, 0, 1, REG), descriptor(8, CLASS_INT, 0, 1, REG)], flags: INST_MAY_TRAP },
  // rd = address of a block: [h, rd, block]
  { name: 'block_addr', words: 3, operands: [descriptor(1, CLASS_INT, 1, 1, REG)], flags: 0 },
  // Address of thread-local data, general dynamic: the sequence that linkers know, with its call. Variable: as call, VCode.calls has the symbol
  { name: 'tls_gd',     words: 0, operands: [], flags: INST_VARIABLE | INST_CALL },
  // Signed remainder, 0 for a divisor of -1: [h, bytes, quotient (rax), remainder (rdx), low (rax), high (rdx), divisor]
  { name: 'srem_seq',   words: 7, operands: [fixedDef(2, RAX), fixedDef(3, RDX), fixedUse(4, RAX), fixedUse(5, RDX), descriptor(6, CLASS_INT, 0, 1, REG)], flags: INST_MAY_TRAP },
]

const flags = new Uint8Array(tables.ids.length)
for (let i = 0; i < flags.length; i++) if (tables.load[i] !== 0 || tables.store[i] !== 0) flags[i] = INST_MAY_TRAP

export const table: InstTable = buildInstTable(
  { names: tables.ids, descStart: tables.descStart, descs: tables.descs, flags },
  pseudos,
)

const base = table.generic + NUM_GENERIC
const at = (name: string): number => {
  const i = pseudos.findIndex((p) => p.name === name)
  if (i < 0) throw new Error(`no pseudo-instruction ${name}`)
  return base + i
}
/** Opcode of each pseudo. */
export const BR: number = at('br')
export const BR_TABLE: number = at('br_table')
export const TRAP_IF: number = at('trap_if')
export const SELECT_X: number = at('select_x')
export const MIN_MAX_X: number = at('min_max_x')
export const ZERO_X: number = at('zero_x')
export const ONES_X: number = at('ones_x')
export const RMW_LOOP: number = at('rmw_loop')
export const RMW_LOOP_16: number = at('rmw_loop_16')
export const BLOCK_ADDR: number = at('block_addr')
export const TLS_GD: number = at('tls_gd')
export const SREM_SEQ: number = at('srem_seq')
export const NUM_PSEUDOS: number = pseudos.length
