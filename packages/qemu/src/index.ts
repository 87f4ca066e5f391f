// The machine interface over a child process.
import { spawnSync } from 'node:child_process'
import { linuxAbi } from '@k23/object'
import { agentProgram } from './agent.ts'
import { Channel, ProcessError } from './channel.ts'
import { type ProcessIsa, processIsas } from './isas.ts'
import { defectIn, defectsOf } from './defects.ts'
import { ProcessMachine, type ProcessMachineOptions } from './machine.ts'

export { ProcessError } from './channel.ts'
export { ProcessMachine, type ProcessMachineOptions } from './machine.ts'

export interface QemuOptions extends ProcessMachineOptions {
  /** Features of the CPU; default: all that this emulator executes right. Throws RangeError for one that it does not know. */
  readonly features?: readonly string[]
}

/** A machine under qemu-user. Throws ProcessError where the emulator is not there. */
export function createQemuMachine(isa: string, options: QemuOptions = {}): ProcessMachine {
  const description = describe(isa)
  const known = qemuFeatures(isa)
  const faulty = defectsOf(isa, qemuVersion(isa)).map((d) => d.feature)
  const wanted = options.features ?? known.filter((f) => !faulty.includes(f))
  const lacking = wanted.filter((f) => !known.includes(f))
  if (lacking.length !== 0) throw new RangeError(`${description.qemu} has no ${lacking.join(', ')}`)
  return start(description, runner(description, wanted), wanted, options)
}

/** What of this code the emulator here executes wrongly, or undefined. */
export function qemuDefect(isa: string, code: Uint8Array): string | undefined {
  const version = qemuVersion(isa)
  const what = defectIn(isa, code, version)
  return what === undefined ? undefined : `${describe(isa).qemu} ${version}: ${what}`
}

const versions = new Map<string, number>()

/** Major version of the emulator here. Throws ProcessError where it is not there. */
export function qemuVersion(isa: string): number {
  let version = versions.get(isa)
  if (version === undefined) {
    const { qemu } = describe(isa)
    const text = spawnSync(qemu, ['--version'], { encoding: 'utf8' }).stdout
    const found = /version (\d+)/.exec(text ?? '')
    if (found === null) throw new ProcessError(`${qemu} is not there`)
    version = Number(found[1])
    versions.set(isa, version)
  }
  return version
}

/** A machine on the host's own CPU, which is of this kind: what crashes is the child. Throws RangeError elsewhere. */
export function createChildMachine(
  isa: string,
  features: readonly string[],
  options: ProcessMachineOptions = {},
): ProcessMachine {
  const description = describe(isa)
  if (process.arch !== description.host || process.platform !== 'linux')
    throw new RangeError(`this host is no ${isa} with Linux`)
  return start(description, [], features, options)
}

function describe(isa: string): ProcessIsa {
  const description = processIsas[isa]
  if (description === undefined) throw new RangeError(`there is no process machine for ${isa}`)
  return description
}

const programs = new Map<string, Uint8Array>()

function program(isa: string): Uint8Array {
  let bytes = programs.get(isa)
  if (bytes === undefined) {
    bytes = agentProgram(isa)
    programs.set(isa, bytes)
  }
  return bytes
}

function start(
  description: ProcessIsa,
  run: readonly string[],
  features: readonly string[],
  options: ProcessMachineOptions,
): ProcessMachine {
  const linux = linuxAbi(description.name)
  if (linux === undefined) throw new RangeError(`there are no programs for ${description.name}`)
  const channel = new Channel({ runner: run, executable: program(description.name) })
  try {
    return new ProcessMachine(channel, description, linux, features, options)
  } catch (e) {
    channel.close()
    throw e
  }
}

function runner(description: ProcessIsa, features: readonly string[]): string[] {
  const { cpu, properties, qemu } = description
  const extra = features.map((f) => properties[f] ?? '').filter((p) => p !== '')
  return [qemu, '-cpu', [cpu, ...extra].join(',')]
}

const found = new Map<string, readonly string[]>()

/** Features that the emulator here knows, by the code generator's names: it is asked once. Throws ProcessError where it is not there. */
export function qemuFeatures(isa: string): readonly string[] {
  const description = describe(isa)
  const before = found.get(isa)
  if (before !== undefined) return before
  let features = Object.keys(description.properties)
  for (;;) {
    try {
      start(description, runner(description, features), features, {}).close()
      found.set(isa, features)
      return features
    } catch (e) {
      // `Property 'rv64-riscv-cpu.zfa' not found`
      const unknown = e instanceof ProcessError ? /[Pp]roperty '[^']*\.(\w+)' not found/.exec(e.message) : null
      const left = features.filter((f) => unknown === null || !description.properties[f].startsWith(`${unknown[1]}=`))
      if (left.length === features.length) throw e
      features = left
    }
  }
}
