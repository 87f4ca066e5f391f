// Text of the instruction stream: rows as the assembler takes them, pseudo-instructions as name and operands.
import { INST_VARIABLE, type VCode } from '@k23/machinst'
import { FIXED, opConstraint, opIsDef, opPayload } from '@k23/regalloc'
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
  const name = T.table.names[opc]
  const r = (k: number): string => regName(w[at + k])
  if ((T.table.flags[opc] & INST_VARIABLE) !== 0) {
    const defs: string[] = []
    const uses: string[] = []
    for (let k = 0, p = at + 3; k < w[at + 2]; k++, p += 2) {
      const d = w[p + 1]
      const fixed = opConstraint(d) === FIXED ? `(${regName(opPayload(d) * 2)})` : ''
      const text = (w[p] & 1) !== 0 ? `${regName(w[p])}${fixed}` : regName(w[p])
      if (opIsDef(d)) defs.push(text)
      else uses.push(text)
    }
    const info = v.calls[w[at + 1]]
    const callee =
      info?.callee !== undefined && name !== 'args' && name !== 'rets'
        ? ` ${info.callee.kind === 'user' ? `userextname${info.callee.ref}` : `%${info.callee.name}`}`
        : ''
    return `${defs.length === 0 ? '' : `${defs.join(', ')} = `}${name}${callee}${uses.length === 0 ? '' : ` ${uses.join(', ')}`}`
  }
  if (opc === T.BR) return `br.${condition(w[at + 1], w[at + 2], w[at + 3])}`
  if (opc === T.TRAP_IF) return `trap_if.${condition(w[at + 1], w[at + 2], w[at + 3])} ${w[at + 4]}`
  if (opc === T.SELECT_X) return `${r(4)} = select_x ${condition(w[at + 1], w[at + 2], w[at + 3])} ? ${r(5)} : ${r(6)}`
  const rest: string[] = []
  for (let k = 1; k < w[at] >>> 16; k++) rest.push(isRegister(opc, k) ? r(k) : String(w[at + k]))
  return rest.length === 0 ? name : `${name} ${rest.join(', ')}`
}

function isRegister(opc: number, word: number): boolean {
  for (let d = T.table.descStart[opc]; d < T.table.descStart[opc + 1]; d++)
    if ((T.table.descs[d] & 255) === word) return true
  return false
}
