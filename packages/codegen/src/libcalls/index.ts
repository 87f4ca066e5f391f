// Library calls: guest routines that stand for instructions that a target lacks, and for the C functions that generated code calls.
//
// A routine is compiled when a link finds it referenced and not defined, once per target with its features and settings, and placed behind the functions of the
// module in the order of the table, so that the bytes of an image depend on nothing but its input.
import { compileFunction, LowerError, type TargetIsa } from '@k23/machinst'
import type { Algorithm } from '@k23/regalloc'
import { type LinkInput, symbolText, userNameTexts } from '../link.ts'
import { LIBRARY_ROUTINES, type LibraryRoutine } from './table.ts'

export { LIBRARY_ROUTINES, type LibraryRoutine } from './table.ts'

const byName: ReadonlyMap<string, LibraryRoutine> = new Map(LIBRARY_ROUTINES.map((r) => [`%${r.name}`, r]))

/** Compiled routines by target, features and settings, then by name; a new configuration puts out the one used longest ago. */
const cache = new Map<string, Map<string, LinkInput | undefined>>()
const CACHED_CONFIGURATIONS = 16

function configuration(isa: TargetIsa): Map<string, LinkInput | undefined> {
  const key = JSON.stringify([isa.name, isa.flags.features, Object.entries(isa.shared).sort()])
  const made = cache.get(key) ?? new Map<string, LinkInput | undefined>()
  cache.delete(key)
  cache.set(key, made)
  for (const oldest of cache.keys()) {
    if (cache.size <= CACHED_CONFIGURATIONS) break
    cache.delete(oldest)
  }
  return made
}

/** Targets whose processors make nothing of words that are not aligned. */
const UNALIGNED: readonly string[] = ['x64', 'aarch64']

/** A routine by its symbol (`%Memcpy`), or undefined: there is none, or the target's features do not suffice for it. */
export function libraryRoutine(isa: TargetIsa, symbol: string): LinkInput | undefined {
  const row = byName.get(symbol)
  if (row === undefined) return undefined
  const made = configuration(isa)
  if (!made.has(symbol)) made.set(symbol, compileRoutine(isa, row))
  return made.get(symbol)
}

function compileRoutine(isa: TargetIsa, row: LibraryRoutine): LinkInput | undefined {
  const func = row.make(row.name, UNALIGNED.includes(isa.name))
  try {
    const compiled = compileFunction(isa, func, {
      algorithm: isa.shared.regalloc_algorithm as Algorithm,
      check: isa.shared.regalloc_checker === true,
    })
    return { compiled, userNames: userNameTexts(func) }
  } catch (e) {
    if (e instanceof LowerError) return undefined
    throw e
  }
}

/** The routines that these functions, or routines that they need, call and do not define, in the order of the table. */
export function neededRoutines(isa: TargetIsa, inputs: readonly LinkInput[]): LinkInput[] {
  const defined = new Set(inputs.map((i) => i.compiled.name))
  const found = new Map<string, LinkInput>()
  const work = [...inputs]
  for (let input = work.pop(); input !== undefined; input = work.pop()) {
    for (const r of input.compiled.relocs) {
      const symbol = symbolText(r.name, input.userNames)
      if (defined.has(symbol)) continue
      defined.add(symbol)
      const routine = libraryRoutine(isa, symbol)
      if (routine === undefined) continue
      found.set(symbol, routine)
      work.push(routine)
    }
  }
  return LIBRARY_ROUTINES.flatMap((r) => found.get(`%${r.name}`) ?? [])
}
