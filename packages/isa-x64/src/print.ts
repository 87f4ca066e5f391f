// Text of the instruction stream: rows as the assembler takes them, pseudo-instructions as name and operands.
import { printPseudo, type VCode } from '@k23/machinst'
import { CC_NAMES, print, R64_NAMES } from './insts/index.ts'
import * as T from './table.ts'

/** A register word: `v12`, or the name of a physical register. */
export function regName(word: number): string {
  if ((word & 1) !== 0) return `v${word >> 1}`
  const p = word >> 1
  return p >> 6 === 0 ? `%${R64_NAMES[p & 63]}` : `%xmm${p & 63}`
}

const modes = ['', ' or ', ' and ']

function condition(mode: number, cc: number, cc2: number): string {
  return mode === T.COND_ONE ? CC_NAMES[cc] : `${CC_NAMES[cc]}${modes[mode]}${CC_NAMES[cc2]}`
}

export function printInst(v: VCode, at: number): string {
  const w = v.words
  const opc = w[at] & 0xffff
  if (opc < T.table.numRows) return print(w, at)
  const r = (k: number): string => regName(w[at + k])
  if (opc === T.BR) return `br.${condition(w[at + 1], w[at + 2], w[at + 3])}`
  if (opc === T.TRAP_IF) return `trap_if.${condition(w[at + 1], w[at + 2], w[at + 3])} ${w[at + 4]}`
  if (opc === T.SELECT_X) return `${r(4)} = select_x ${condition(w[at + 1], w[at + 2], w[at + 3])} ? ${r(5)} : ${r(6)}`
  return printPseudo(v, at, T.table, regName)
}
