// Text of the instruction stream: rows as the assembler takes them, pseudo-instructions as name and operands.
import { INST_VARIABLE, type VCode } from '@k23/machinst'
import { opConstraint, opIsDef, opPayload, FIXED, pregHw } from '@k23/regalloc'
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
      (name === 'call' || name === 'try_call') && info?.callee !== undefined ? ` ${calleeText(info.callee)}` : ''
    return `${defs.length === 0 ? '' : `${defs.join(', ')} = `}${name}${callee}${uses.length === 0 ? '' : ` ${uses.join(', ')}`}`
  }
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
    default: {
      const rest: string[] = []
      for (let k = 1; k < w[at] >>> 16; k++) rest.push(isRegister(opc, k) ? r(k) : String(w[at + k]))
      return rest.length === 0 ? name : `${name} ${rest.join(', ')}`
    }
  }
}

function isRegister(opc: number, word: number): boolean {
  for (let d = T.table.descStart[opc]; d < T.table.descStart[opc + 1]; d++)
    if ((T.table.descs[d] & 255) === word) return true
  return false
}

function calleeText(name: NonNullable<VCode['calls'][number]['callee']>): string {
  return name.kind === 'user' ? `userextname${name.ref}` : `%${name.name}`
}
