// Machines to run on, by target and how they execute. Each is loaded when it is wanted: an emulator is a large module.
import { targetByName } from '@k23/codegen'
import type { EmulatedOptions } from '@k23/filetests/emulated'
import type { Machine } from '@k23/machine'
import { EXIT_FAILED, Failure, notYet, usage } from './failure.ts'
import type { Exec } from './options.ts'

/** Makes a machine; an emulated one with room for guard regions if the settings ask for them. */
export type MakeMachine = (settings?: Readonly<Record<string, unknown>>) => Machine

type Emulator = (options: { memoryBytes: number }) => Machine

const emulators: Readonly<Record<string, () => Promise<Emulator>>> = {
  riscv64: async () => (await import('@k23/emulator/riscv64')).createRiscv64Machine,
  x64: async () => (await import('@k23/emulator/x64')).createX64Machine,
}

/** Seconds that a test may take where instructions are not counted. */
export const TIME_LIMIT = 20
/** Milliseconds after which the host's CPU stops in a test, to see whether that time is over. */
const TICK = 100

/** What makes machines of this target, executed like this: `exec` is what execOf() allowed. For tests, the host's CPU stops with EPOCH now and then. */
export async function machineMaker(target: string, exec: Exec, tests = false): Promise<MakeMachine> {
  if (exec === 'native') {
    const { createNativeMachine, endWithParent } = await import('@k23/native')
    // tools/bootstrap.mjs cannot pass on that it is killed.
    if (process.env.K23_BOOTSTRAP === String(process.ppid)) endWithParent()
    return () => {
      const machine = createNativeMachine()
      if (tests) machine.tick(TICK)
      return machine
    }
  }
  if (exec === 'qemu') {
    const qemu = await import('@k23/qemu')
    return () => refusals(qemu, target, () => qemu.createQemuMachine(target))
  }
  const load = emulators[target]
  if (load === undefined) throw notYet(`the ${target} emulator`)
  const create = await load()
  return (settings = {}) => create({ memoryBytes: settings.wasm_memory_strategy === 'guard' ? 2 ** 47 : 2 ** 32 })
}

/** Code for features that the machine lacks would only end in a trap. */
export function checkFeatures(
  machine: Machine,
  target: string,
  features: Readonly<Record<string, boolean>> = {},
): void {
  const { primitives } = targetByName(target)
  for (const [feature, on] of Object.entries(features)) {
    const lacking = on ? primitives(feature).filter((f) => !machine.features.includes(f)) : []
    if (lacking.length !== 0) throw usage(`--set ${feature}: this machine has no ${lacking.join(', ')}`)
  }
}

/** What runs filetests; under qemu-user with all features, where code is looked at before it is believed. */
export async function backendOptions(target: string, exec: Exec): Promise<EmulatedOptions> {
  if (exec === 'native') {
    const machine = await machineMaker(target, exec, true)
    return { target, machine, fuel: Number.POSITIVE_INFINITY, milliseconds: 1000 * TIME_LIMIT }
  }
  if (exec === 'qemu') {
    const qemu = await import('@k23/qemu')
    const features = qemu.qemuFeatures(target)
    const machine = (): Machine =>
      refusals(qemu, target, () => qemu.createQemuMachine(target, { features, timeLimit: TIME_LIMIT }))
    return { target, machine, fuel: Number.POSITIVE_INFINITY, refuse: (code) => qemu.qemuDefect(target, code) }
  }
  return { target, machine: await machineMaker(target, 'emu') }
}

function refusals<R>(qemu: typeof import('@k23/qemu'), target: string, make: () => R): R {
  try {
    return make()
  } catch (e) {
    if (e instanceof qemu.ProcessError) throw new Failure(EXIT_FAILED, `--exec qemu: ${e.message}`)
    if (e instanceof RangeError) throw notYet(`--exec qemu for ${target}`)
    throw e
  }
}
