// A compiled module as an object: code, symbols, relocations, unwind tables, debugging information, traps.
//
// A relative reference to a local function is resolved at once, since it stands in the same section; one to a symbol that a linker may see is left to it.
import { bug } from '@k23/entity'
import { type CompiledModule, type PlacedFunction, sourceAt } from '@k23/codegen'
import { ByteWriter } from './bytes.ts'
import { addDebugSections } from './dwarf/debug.ts'
import { ehFrame } from './dwarf/eh-frame.ts'
import type { SourceMap } from './dwarf/lines.ts'
import { SHF_ALLOC, SHF_EXECINSTR } from './elf/format.ts'
import { type ElfSymbol, ObjectModel, type Section } from './elf/model.ts'
import { writeObject } from './elf/object.ts'
import { elfMachine, type ElfMachine } from './machines/index.ts'
import { elfName, symbolOf } from './names.ts'
import { offsetMap, sourceMap } from './source-map.ts'

export interface ObjectOptions {
  /** Name of the input, for symbol and line tables. */
  readonly source?: string
  /** Directory that the names of sources count from. Default `.`: the object then does not depend on where it was made. */
  readonly directory?: string
  /** Line table and subprograms. Default true. */
  readonly debug?: boolean
  /** The section k23_traps (README). Default true. */
  readonly traps?: boolean
}

/** Section of the table of traps: a C identifier, so that linkers define __start_k23_traps and __stop_k23_traps. */
export const TRAP_SECTION = 'k23_traps'

/** The bytes of a relocatable object. Throws RangeError for a target without an ELF table. */
export function objectFile(module: CompiledModule, options: ObjectOptions = {}): Uint8Array {
  const machine = machineOf(module)
  return writeObject(objectModel(module, options).model, { machine, features: module.features })
}

export function machineOf(module: CompiledModule): ElfMachine {
  const machine = elfMachine(module.target.name)
  if (machine === undefined) throw new RangeError(`there are no ELF objects for ${module.target.name}`)
  return machine
}

export interface ModuleObject {
  readonly model: ObjectModel
  readonly text: Section
  /** By name as the module has it (`%add`, `u0:3`). */
  readonly symbols: ReadonlyMap<string, ElfSymbol>
}

export function objectModel(module: CompiledModule, options: ObjectOptions = {}): ModuleObject {
  const machine = machineOf(module)
  const model = new ObjectModel()
  const source = options.source ?? (module.wasm === undefined ? 'functions.clif' : 'module.wasm')
  model.define({ name: source, binding: 'local', kind: 'file', section: undefined, value: 0, size: 0 })
  const text = model.section('.text', {
    flags: SHF_ALLOC | SHF_EXECINSTR,
    align: module.alignment,
    bytes: new Uint8Array(module.image.length).fill(machine.padding),
  })
  const symbols = new Map<string, ElfSymbol>()
  for (const f of module.functions) {
    text.bytes.set(f.code, f.start)
    const [name, binding] = symbolOf(module, f)
    const size = f.code.length
    const symbol = model.define({ name, binding, kind: 'func', section: text, value: f.start, size })
    if (symbol === undefined) throw new RangeError(`two functions of the object are called ${name}`)
    symbols.set(f.name, symbol)
  }
  for (const f of module.functions) relocate(module, f, model, text, symbols)

  if (options.traps !== false && module.traps.length !== 0) addTraps(model, module, text)
  const unwind = ehFrame(module.functions, machine, text)
  if (unwind.relocs.length !== 0) {
    const section = model.section('.eh_frame', {
      type: machine.ehFrameType,
      flags: SHF_ALLOC,
      align: 8,
      bytes: unwind.bytes,
    })
    section.relocs.push(...unwind.relocs)
  }
  if (options.debug !== false) {
    const map: SourceMap =
      module.wasm === undefined ? offsetMap(source, 'srcloc') : sourceMap(module.wasm.bytes, source)
    addDebugSections(model, module, text, symbols, map, { name: source, directory: options.directory ?? '.' })
  }
  const attributes = machine.attributes?.(module.features)
  if (attributes !== undefined) model.section(attributes.name, attributes)
  // No executable stack is asked for.
  model.section('.note.GNU-stack')
  return { model, text, symbols }
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
    if (target.binding !== 'local' || r.kind === 'abs64')
      text.relocs.push({ offset, kind: r.kind, target, addend: r.addend })
    else if (!module.target.relocate(text.bytes, offset, r.kind, target.value + Number(r.addend) - offset))
      bug('object', f.name, `offset ${r.offset}`, `${r.kind} to ${target.name} is out of reach`)
  })
}

/** u32 number of traps, i32 distance from this field to the code; then per trap, ascending: u32 offset in the code, u32 trap code, u32 source location. */
function addTraps(model: ObjectModel, module: CompiledModule, text: Section): void {
  const w = new ByteWriter()
  const { traps } = module
  w.u32(traps.length / 2)
  w.u32(0)
  for (let i = 0; i < traps.length; i += 2) {
    w.u32(traps[i])
    w.u32(traps[i + 1])
    w.u32(sourceAt(module, traps[i]))
  }
  const section = model.section(TRAP_SECTION, { flags: SHF_ALLOC, align: 4, bytes: w.bytes().slice() })
  section.relocs.push({ offset: 4, kind: 'pcrel32', target: text, addend: 0n })
}
