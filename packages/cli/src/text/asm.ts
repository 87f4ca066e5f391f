// Machine code as text: one instruction per line with its offset, labels for the targets of branches, and behind it where it came from.
import { type CompiledModule, functionAt, type PlacedFunction } from '@k23/codegen'
import { trapCodeName } from '@k23/ir'
import { trapInfo } from '@k23/frontend-wasm/runtime-abi'
import { targetText } from './targets.ts'

const hex = (n: number, width = 1): string => n.toString(16).padStart(width, '0')

/** Name of a trap code: the runtime ABI's for a wasm module, CLIF's own else. */
export function trapName(code: number, wasm: boolean): string {
  return (wasm ? trapInfo(code)?.name : undefined) ?? trapCodeName(code)
}

/** Source location: byte offset in the module, or what a CLIF function says. */
export function sourceName(loc: number, wasm: boolean): string {
  return wasm ? `wasm 0x${hex(loc)}` : `@${hex(loc, 4)}`
}

/** A function's code. `name` is shown in place of the symbol. */
export function functionAsm(m: CompiledModule, f: PlacedFunction, name: string = f.name): string {
  const wasm = m.wasm !== undefined
  const start = f.start
  const end = start + f.code.length
  const labels = new Set<number>()
  const elsewhere = (target: number): string => {
    const g = functionAt(m, target)
    return g === undefined ? `. + ${target}` : g.start === target ? g.name : `${g.name}+0x${hex(target - g.start)}`
  }
  const label = (target: number): string => {
    if (target <= start || target >= end) return elsewhere(target)
    labels.add(target)
    return `.L${hex(target - start)}`
  }
  const insts = targetText(m.target.name).disassemble(m.image, start, end, { label })
  const relocs = new Map(f.relocs.map((r, i) => [r.offset, relocText(r, f.targets[i])]))
  const traps = new Map<number, number>()
  for (let i = 0; i < f.traps.length; i += 2) traps.set(f.traps[i], f.traps[i + 1])
  const lines = [`${name}:  ; ${f.code.length} bytes, ${f.frameBytes} bytes of frame`]
  let loc = 0 // index into srclocs
  let shown = -1
  for (const inst of insts) {
    const at = inst.offset - start
    if (labels.has(inst.offset)) lines.push(`.L${hex(at)}:`)
    let source = -1
    while (loc < f.srclocs.length && f.srclocs[loc] <= at) {
      source = f.srclocs[loc + 1]
      loc += 2
    }
    const notes: string[] = []
    if (source !== -1 && source !== shown) notes.push(sourceName(source, wasm))
    if (source !== -1) shown = source
    const trap = traps.get(at)
    if (trap !== undefined) notes.push(`trap ${trapName(trap, wasm)}`)
    const reloc = relocs.get(at)
    if (reloc !== undefined) notes.push(reloc)
    const text = `  ${hex(at, 5)}  ${inst.text}`
    lines.push(notes.length === 0 ? text : `${text.padEnd(48)}; ${notes.join(', ')}`)
  }
  return lines.join('\n')
}

function relocText(r: PlacedFunction['relocs'][number], name: string): string {
  return `${r.kind} ${name}${r.addend === 0n ? '' : ` + ${r.addend}`}`
}
