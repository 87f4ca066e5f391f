// Text of the instruction stream: rows as the assembler takes them, pseudo-instructions as name and operands.
import { printPseudo, type VCode } from '@k23/machinst'
import { pregHw } from '@k23/regalloc'
import { Opc, print } from './insts/index.ts'
import { F_NAMES, X_NAMES } from './insts/index.ts'
import * as T from './table.ts'

/** A register word: `v12`, or the ABI name of a physical register. */
export function regName(word: number): string {
  if ((word & 1) !== 0) return `v${word >> 1}`
  const p = word >> 1
  return p >> 6 === 1 ? F_NAMES[pregHw(p as never)] : p >> 6 === 0 ? X_NAMES[pregHw(p as never)] : `v${p & 63}`
}

const comparison = new Map<number, string>([
  [Opc.beq, 'eq'],
  [Opc.bne, 'ne'],
  [Opc.blt, 'lt'],
  [Opc.bge, 'ge'],
  [Opc.bltu, 'ltu'],
  [Opc.bgeu, 'geu'],
])
const areas = ['incoming', 'outgoing', 'slots', 'spill', 'tail']

export function printInst(v: VCode, at: number): string {
  const w = v.words
  const opc = w[at] & 0xffff
  if (opc < T.table.numRows) return print(w, at)
  const name = T.table.names[opc]
  const r = (k: number): string => regName(w[at + k])
  switch (opc) {
    case T.BR:
      return `br.${comparison.get(w[at + 1])} ${r(2)}, ${r(3)}`
    case T.BR_TABLE:
      return `br_table ${r(1)} (${r(2)}, ${r(3)})`
    case T.SELECT:
    case T.SELECT_F:
    case T.SELECT_V:
      return `${r(2)} = ${name} ${r(4)} ${comparison.get(w[at + 1])} ${r(5)} ? ${r(3)} : ${r(6)}`
    case T.TRAP_IF:
      return `trap_if.${comparison.get(w[at + 1])} ${r(2)}, ${r(3)}, ${w[at + 4]}`
    case T.FRAME_LOAD:
    case T.FRAME_LOAD_F:
    case T.FRAME_STORE:
    case T.FRAME_STORE_F:
    case T.FRAME_LOAD_V:
    case T.FRAME_STORE_V:
    case T.FRAME_ADDR:
      return `${name} ${r(1)}, ${areas[w[at + 2]]}+${w[at + 3]}`
    default:
      return printPseudo(v, at, T.table, regName)
  }
}
