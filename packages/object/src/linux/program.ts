// A program of its own: functions in CLIF, data, and the machine's stubs, in one static executable.
import type { CompiledModule } from '@k23/codegen'
import type { Target } from '@k23/machinst'
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS } from '../elf/format.ts'
import { writeExecutable } from '../elf/executable.ts'
import type { ObjectModel } from '../elf/model.ts'
import { elfMachine } from '../machines/index.ts'
import { linuxAbi, START } from './abi.ts'

/** Adds a symbol with its own zeroed memory. */
export function addZeroed(model: ObjectModel, name: string, size: number, align = 16): void {
  const section = model.section('.bss', { type: SHT_NOBITS, flags: SHF_ALLOC | SHF_WRITE, align, size })
  define(model, { name, section, size, kind: 'object' })
}

function define(
  model: ObjectModel,
  s: { name: string; section: ReturnType<ObjectModel['section']>; size: number; kind: 'object' | 'func' },
): void {
  if (model.define({ ...s, binding: 'global', value: 0 }) === undefined)
    throw new RangeError(`the program has two symbols ${s.name}`)
}

/** The program's bytes: `model` has a function MAIN. Throws RangeError for a target without Linux, and for undefined symbols. */
export function linuxProgram(model: ObjectModel, target: Target, features: CompiledModule['features']): Uint8Array {
  const machine = elfMachine(target.name)
  const linux = linuxAbi(target.name)
  if (machine === undefined || linux === undefined) throw new RangeError(`there are no programs for ${target.name}`)
  for (const stub of linux.stubs) {
    const section = model.section('.text.linux', {
      flags: SHF_ALLOC | SHF_EXECINSTR,
      align: 16,
      bytes: Uint8Array.from(stub.bytes),
    })
    define(model, { name: stub.name, section, size: stub.bytes.length, kind: 'func' })
    for (const r of stub.relocs)
      section.relocs.push({
        offset: r.offset,
        kind: r.kind,
        target: model.reference(r.symbol),
        addend: BigInt(r.addend),
      })
  }
  return writeExecutable(model, { machine, features, target, entry: model.reference(START) })
}
