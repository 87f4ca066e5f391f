// Lays compiled functions out in one image and resolves the relocations between them.
import { bug } from '@k23/entity'
import { type Func, functionNameText, type ExternalName } from '@k23/ir'
import type { CompiledFunction, Target } from '@k23/machinst'
import type { LinkedImage, PlacedFunction } from './module.ts'

/** A compiled function with the CLIF function whose side tables its relocations name. */
export interface LinkInput {
  readonly compiled: CompiledFunction
  /** Text of the names that `user` external names stand for. */
  readonly userNames: readonly string[]
}

/** Text of the user names of a function, by reference. */
export function userNameTexts(f: Func): string[] {
  return f.userNames.map((n) => functionNameText({ kind: 'user', ...n }))
}

export function symbolText(name: ExternalName, userNames: readonly string[]): string {
  return name.kind === 'user' ? userNames[name.ref] : `%${name.name}`
}

/** Places the functions, in order. */
export function link(target: Target, inputs: readonly LinkInput[]): LinkedImage {
  let size = 0
  let alignment = 16
  const functions: PlacedFunction[] = []
  const symbols = new Map<string, number>()
  for (const { compiled, userNames } of inputs) {
    alignment = Math.max(alignment, compiled.alignment)
    const start = (size + compiled.alignment - 1) & -compiled.alignment
    functions.push({ ...compiled, start, targets: compiled.relocs.map((r) => symbolText(r.name, userNames)) })
    symbols.set(compiled.name, start)
    size = start + compiled.code.length
  }
  const image = new Uint8Array(size)
  const relocs: LinkedImage['relocs'][number][] = []
  const absolutes: LinkedImage['absolutes'][number][] = []
  let trapWords = 0
  for (const f of functions) {
    image.set(f.code, f.start)
    trapWords += f.traps.length
  }
  const traps = new Int32Array(trapWords)
  let t = 0
  for (const f of functions) {
    for (let k = 0; k < f.traps.length; k += 2) {
      traps[t++] = f.start + f.traps[k]
      traps[t++] = f.traps[k + 1]
    }
    f.relocs.forEach((r, i) => {
      const symbol = f.targets[i]
      const place = f.start + r.offset
      const to = symbols.get(symbol)
      if (to !== undefined && r.kind === 'abs64') absolutes.push({ offset: place, target: to + Number(r.addend) })
      else if (to === undefined) relocs.push({ offset: place, kind: r.kind, symbol, addend: r.addend })
      else if (!target.relocate(image, place, r.kind, to + Number(r.addend) - place))
        bug('link', f.name, `offset ${r.offset}`, `${r.kind} to ${symbol} is out of reach`)
    })
  }
  return { target, image, alignment, functions, symbols, relocs, absolutes, traps }
}
