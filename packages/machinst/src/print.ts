// Text of VCode, before and after register allocation: what `explain` and `--emit vcode` show.
import { allocIndex, allocIsReg } from '@k23/regalloc'
import { INST_TERMINATOR } from './inst-table.ts'
import type { TargetIsa } from './isa.ts'
import type { VCode } from './vcode.ts'

export interface PrintVCodeOptions {
  /** Name of a physical register by its PReg number. */
  readonly registerName?: (preg: number) => string
  /** Text behind an instruction with a source location; default `@` and the number in hexadecimal. */
  readonly sourceText?: (srcloc: number) => string
}

/**
 * One line per instruction, with the source location behind it where that changes; `block3(v4, v5):  ; preds block1` opens a block. Terminators name their
 * targets, and, before allocation, the arguments that the edges carry. After allocation the allocator's moves stand as `mv to <- from` where they
 * take effect; stack places are `[spill 8]`, in bytes from the start of the spill area.
 */
export function printVCode(v: VCode, isa: TargetIsa, options: PrintVCodeOptions = {}): string {
  const registerName = options.registerName ?? ((p: number) => `p${p}`)
  const sourceText = options.sourceText ?? ((loc: number) => `@${loc.toString(16)}`)
  const out = v.allocation
  const place = (a: number): string => (allocIsReg(a) ? registerName(allocIndex(a)) : `[spill ${allocIndex(a) * 8}]`)
  const vreg = (r: number): string => `v${r}`
  const lines: string[] = []
  let edit = 0
  let lastLoc = -1
  const edits = (point: number): void => {
    if (out === undefined) return
    for (; edit < out.numEdits && out.editPoint[edit] <= point; edit++)
      lines.push(`    mv ${place(out.editTo[edit])} <- ${place(out.editFrom[edit])}`)
  }
  for (let b = 0; b < v.numBlocks; b++) {
    const params = out === undefined ? list(v.params.data, v.paramStart.data, b).map(vreg) : []
    const preds = list(v.preds.data, v.predStart.data, b).map((p) => `block${p}`)
    const notes = [
      ...(preds.length === 0 ? [] : [`preds ${preds.join(', ')}`]),
      ...(v.cold[b] === 1 ? ['cold'] : []),
      ...(v.clifBlock.data[b] === -1 ? ['split edge'] : []),
    ]
    const head = `block${b}${params.length === 0 ? '' : `(${params.join(', ')})`}:`
    lines.push(notes.length === 0 ? head : `${head}  ; ${notes.join('; ')}`)
    for (let i = v.blockInsts.data[b]; i < v.blockInsts.data[b + 1]; i++) {
      edits(2 * i)
      const at = v.instAt.data[i]
      let text = isa.printInst(v, at)
      if ((isa.table.flags[v.words[at] & 0xffff] & INST_TERMINATOR) !== 0)
        text += targets(v, b, out === undefined ? vreg : undefined)
      const loc = v.instSrcloc.data[i]
      const where = loc !== -1 && loc !== lastLoc ? `  ; ${sourceText(loc)}` : ''
      if (loc !== -1) lastLoc = loc
      lines.push(`    ${where === '' ? text : text.padEnd(44)}${where}`)
      edits(2 * i + 1)
    }
  }
  return lines.join('\n')
}

/** Row `r` of a CSR table. */
function list(items: Int32Array, start: Int32Array, r: number): number[] {
  return Array.from(items.subarray(start[r], start[r + 1]))
}

function targets(v: VCode, block: number, vreg: ((r: number) => string) | undefined): string {
  const parts: string[] = []
  for (let e = v.succStart.data[block]; e < v.succStart.data[block + 1]; e++) {
    const args = vreg === undefined ? [] : list(v.edgeArgs.data, v.edgeArgStart.data, e).map(vreg)
    parts.push(`block${v.succs.data[e]}${args.length === 0 ? '' : `(${args.join(', ')})`}`)
  }
  return parts.length === 0 ? '' : ` -> ${parts.join(', ')}`
}
