// An object from functions that were compiled in one or several modules, and data beside them.
//
// A relative reference to a local function or datum of the code's own section is resolved at once; what a linker may see, or what lies in another section, is left
// to the linker. A library routine that several modules need is there once.
import { bug } from '@k23/entity'
import { type CompiledModule, type PlacedFunction, sourceAt } from '@k23/codegen'
import { ByteWriter } from './bytes.ts'
import { addDebugSections } from './dwarf/debug.ts'
import { ehFrame } from './dwarf/eh-frame.ts'
import type { SourceMap } from './dwarf/lines.ts'
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS } from './elf/format.ts'
import { type Binding, type ElfSymbol, ObjectModel, type Section } from './elf/model.ts'
import type { Stub } from './linux/abi.ts'
import { elfMachine, type ElfMachine } from './machines/index.ts'
import { elfName, isLibraryRoutine } from './names.ts'

/** A module's functions, and what they are called. */
export interface Part {
  readonly module: CompiledModule
  symbol(f: PlacedFunction): readonly [name: string, binding: Binding]
  /** Whether the source map speaks of the function; the others are made by the compiler. */
  hasSource(f: PlacedFunction): boolean
}

/** A datum, or a place in one. */
export interface Datum {
  /** Name by which code refers to it, with its `%`; and in the symbol table. */
  readonly name: string
  readonly symbol: string
  readonly binding: Binding
  readonly section: 'rodata' | 'data' | 'bss'
  /** Of bss: nothing but the size counts. */
  readonly bytes: Uint8Array
  readonly size: number
  readonly align: number
  /** Words that hold addresses: by names that code would use. */
  readonly pointers: readonly { readonly offset: number; readonly target: string; readonly addend: number }[]
  /** Symbols for parts of it. */
  readonly parts: readonly { readonly symbol: string; readonly offset: number; readonly size: number }[]
}

export interface Composition {
  readonly parts: readonly Part[]
  readonly data?: readonly Datum[]
  /** Code in machine language, local to the object. */
  readonly stubs?: readonly Stub[]
  /** Name of the input and its directory. */
  readonly source: string
  readonly directory: string
  /** undefined: no debugging information. */
  readonly map: SourceMap | undefined
  readonly traps: boolean
}

/** Section of the table of traps: a C identifier, so that linkers define __start_k23_traps and __stop_k23_traps. */
export const TRAP_SECTION = 'k23_traps'

/** Section of the table of patchable calls. */
export const PATCHABLE_SECTION = 'k23_patchable'

export interface ModuleObject {
  readonly model: ObjectModel
  readonly text: Section
  /** In the order of their places in `text`, which their starts give. */
  readonly functions: readonly PlacedFunction[]
  /** By name as code has it (`%add`, `u0:3`): functions and data. */
  readonly symbols: ReadonlyMap<string, ElfSymbol>
}

/** Throws RangeError for a target without an ELF table. */
export function machineOf(module: CompiledModule): ElfMachine {
  const machine = elfMachine(module.target.name)
  if (machine === undefined) throw new RangeError(`there are no ELF objects for ${module.target.name}`)
  return machine
}

/** Throws RangeError for a target without an ELF table, and where two symbols have the same name. */
export function compose(c: Composition): ModuleObject {
  const { module } = c.parts[0]
  const machine = machineOf(module)
  const model = new ObjectModel()
  model.define({ name: c.source, binding: 'local', kind: 'file', section: undefined, value: 0, size: 0 })

  const placed: { readonly f: PlacedFunction; readonly part: Part }[] = []
  let size = 0
  const names = new Set<string>()
  for (const part of c.parts) {
    for (const f of part.module.functions) {
      if (names.has(f.name)) {
        if (isLibraryRoutine(f.name)) continue
        throw new RangeError(`two functions of the object are called ${f.name}`)
      }
      names.add(f.name)
      const start = (size + f.alignment - 1) & -f.alignment
      size = start + f.code.length
      placed.push({ f: { ...f, start }, part })
    }
  }
  const text = model.section('.text', {
    flags: SHF_ALLOC | SHF_EXECINSTR,
    align: Math.max(...c.parts.map((p) => p.module.alignment)),
    bytes: new Uint8Array(size).fill(machine.padding),
  })
  const symbols = new Map<string, ElfSymbol>()
  for (const { f, part } of placed) {
    text.bytes.set(f.code, f.start)
    const [name, binding] = part.symbol(f)
    symbols.set(
      f.name,
      define(model, { name, binding, kind: 'func', section: text, value: f.start, size: f.code.length }),
    )
  }
  const functions = placed.map((p) => p.f)
  for (const s of c.stubs ?? []) symbols.set(`%${s.name}`, addStub(model, s))
  // Symbols first: data refer to each other.
  const fill = (c.data ?? []).map((d) => addDatum(model, symbols, d))
  const trapSection = c.traps ? addTraps(model, functions, text) : undefined
  if (trapSection !== undefined)
    symbols.set('%traps', {
      name: TRAP_SECTION,
      binding: 'local',
      kind: 'object',
      section: trapSection,
      value: 0,
      size: 0,
    })
  addPatchable(model, functions, text)
  for (const pointers of fill) pointers()
  for (const s of c.stubs ?? []) relocateStub(model, symbols, s)
  for (const f of functions) relocate(module, f, model, text, symbols)

  const unwind = ehFrame(functions, machine, text)
  if (unwind.relocs.length !== 0) {
    const options = { type: machine.ehFrameType, flags: SHF_ALLOC, align: 8, bytes: unwind.bytes }
    model.section('.eh_frame', options).relocs.push(...unwind.relocs)
  }
  if (c.map !== undefined) {
    const own = new Set(placed.filter((p) => p.part.hasSource(p.f)).map((p) => p.f))
    const unit = { name: c.source, directory: c.directory }
    addDebugSections(model, { functions, own, text, symbols, map: c.map, unit })
  }
  const attributes = machine.attributes?.(module.features)
  if (attributes !== undefined) model.section(attributes.name, attributes)
  // No executable stack is asked for.
  model.section('.note.GNU-stack')
  return { model, text, functions, symbols }
}

function define(model: ObjectModel, symbol: ElfSymbol): ElfSymbol {
  const defined = model.define(symbol)
  if (defined === undefined) throw new RangeError(`two symbols of the object are called ${symbol.name}`)
  return defined
}

/** Makes the symbol, and gives what writes the pointers. Sections of data of a kind are one in the file: each datum has its own here, which linkers put together. */
function addDatum(model: ObjectModel, symbols: Map<string, ElfSymbol>, d: Datum): () => void {
  const zeroed = d.section === 'bss'
  const section = model.section(`.${d.section}`, {
    flags: SHF_ALLOC | (d.section === 'rodata' ? 0 : SHF_WRITE),
    align: d.align,
    ...(zeroed ? { type: SHT_NOBITS, size: d.size } : { bytes: d.bytes }),
  })
  const { symbol: name, binding, size } = d
  symbols.set(d.name, define(model, { name, binding, kind: 'object', section, value: 0, size }))
  for (const p of d.parts)
    define(model, { name: p.symbol, binding: 'global', kind: 'object', section, value: p.offset, size: p.size })
  return () => {
    for (const { offset, target, addend } of d.pointers) {
      const to = symbols.get(target) ?? model.reference(elfName(target))
      section.relocs.push({ offset, kind: 'abs64', target: to, addend: BigInt(addend) })
    }
  }
}

function addStub(model: ObjectModel, s: Stub): ElfSymbol {
  const section = model.section('.text.stub', {
    flags: SHF_ALLOC | SHF_EXECINSTR,
    align: 16,
    bytes: Uint8Array.from(s.bytes),
  })
  return define(model, { name: s.name, binding: 'local', kind: 'func', section, value: 0, size: s.bytes.length })
}

function relocateStub(model: ObjectModel, symbols: ReadonlyMap<string, ElfSymbol>, s: Stub): void {
  const { section } = symbols.get(`%${s.name}`) as ElfSymbol
  for (const r of s.relocs) {
    const target = symbols.get(`%${r.symbol}`) ?? model.reference(r.symbol)
    section?.relocs.push({ offset: r.offset, kind: r.kind, target, addend: BigInt(r.addend) })
  }
}

function relocate(
  module: CompiledModule,
  f: PlacedFunction,
  model: ObjectModel,
  text: Section,
  symbols: ReadonlyMap<string, ElfSymbol>,
): void {
  f.relocs.forEach((r, i) => {
    const offset = f.start + r.offset
    const target = symbols.get(f.targets[i]) ?? model.reference(elfName(f.targets[i]))
    if (target.binding !== 'local' || target.section !== text || r.kind === 'abs64')
      text.relocs.push({ offset, kind: r.kind, target, addend: r.addend })
    else if (!module.target.relocate(text.bytes, offset, r.kind, target.value + Number(r.addend) - offset))
      bug('object', f.name, `offset ${r.offset}`, `${r.kind} to ${target.name} is out of reach`)
  })
}

/** u32 number of patchable calls, i32 distance from this field to the code; then per call, ascending: u32 offset in the code, u32 bytes. */
function addPatchable(model: ObjectModel, functions: readonly PlacedFunction[], text: Section): void {
  const calls = functions.flatMap((f) =>
    f.callSites.flatMap(({ patchable: p }) => (p === undefined ? [] : [{ at: f.start + p.start, bytes: p.bytes }])),
  )
  if (calls.length === 0) return
  const w = new ByteWriter()
  w.u32(calls.length)
  w.u32(0)
  for (const { at, bytes } of calls) {
    w.u32(at)
    w.u32(bytes)
  }
  const section = model.section(PATCHABLE_SECTION, { flags: SHF_ALLOC, align: 4, bytes: w.bytes().slice() })
  section.relocs.push({ offset: 4, kind: 'pcrel32', target: text, addend: 0n })
}

/** u32 number of traps, i32 distance from this field to the code; then per trap, ascending: u32 offset in the code, u32 trap code, u32 source location. */
function addTraps(model: ObjectModel, functions: readonly PlacedFunction[], text: Section): Section | undefined {
  const w = new ByteWriter()
  let count = 0
  w.u32(0)
  w.u32(0)
  for (const f of functions) {
    for (let i = 0; i < f.traps.length; i += 2) {
      const at = f.start + f.traps[i]
      w.u32(at)
      w.u32(f.traps[i + 1])
      w.u32(sourceAt({ functions }, at))
      count++
    }
  }
  if (count === 0) return undefined
  w.set32(0, count)
  const section = model.section(TRAP_SECTION, { flags: SHF_ALLOC, align: 4, bytes: w.bytes().slice() })
  section.relocs.push({ offset: 4, kind: 'pcrel32', target: text, addend: 0n })
  return section
}
