// Text of pseudo-instructions: what every ISA prints alike.
import type { ExternalName } from '@k23/ir'
import { FIXED, opConstraint, opIsDef, opPayload } from '@k23/regalloc'
import { INST_VARIABLE, type InstTable, P_ARGS, P_RETS } from './inst-table.ts'
import type { VCode } from './vcode.ts'

/** `def, def = name callee use, use` of one with a variable list of operands, its registers fixed ones in parentheses; else `name field, field`. */
export function printPseudo(v: VCode, at: number, table: InstTable, regName: (word: number) => string): string {
  const w = v.words
  const opc = w[at] & 0xffff
  const name = table.names[opc]
  if ((table.flags[opc] & INST_VARIABLE) === 0) {
    const fields: string[] = []
    for (let k = 1; k < w[at] >>> 16; k++)
      fields.push(isRegister(table, opc, k) ? regName(w[at + k]) : String(w[at + k]))
    return fields.length === 0 ? name : `${name} ${fields.join(', ')}`
  }
  const defs: string[] = []
  const uses: string[] = []
  for (let k = 0, p = at + 3; k < w[at + 2]; k++, p += 2) {
    const d = w[p + 1]
    const fixed = (w[p] & 1) !== 0 && opConstraint(d) === FIXED ? `(${regName(opPayload(d) * 2)})` : ''
    ;(opIsDef(d) ? defs : uses).push(`${regName(w[p])}${fixed}`)
  }
  const calls = opc !== table.generic + P_ARGS && opc !== table.generic + P_RETS
  const callee = calls ? v.calls[w[at + 1]]?.callee : undefined
  return `${defs.length === 0 ? '' : `${defs.join(', ')} = `}${name}${callee === undefined ? '' : ` ${calleeText(callee)}`}${uses.length === 0 ? '' : ` ${uses.join(', ')}`}`
}

function isRegister(table: InstTable, opc: number, word: number): boolean {
  for (let d = table.descStart[opc]; d < table.descStart[opc + 1]; d++) if ((table.descs[d] & 255) === word) return true
  return false
}

function calleeText(name: ExternalName): string {
  return name.kind === 'user' ? `userextname${name.ref}` : `%${name.name}`
}
