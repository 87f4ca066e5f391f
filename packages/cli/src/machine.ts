// Machines to run on, by target and how they execute.
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { createX64Machine } from '@k23/emulator/x64'
import type { EmulatedOptions } from '@k23/filetests/emulated'
import type { Machine } from '@k23/machine'
import { createQemuMachine, ProcessError, qemuDefect, qemuFeatures } from '@k23/qemu'
import { EXIT_FAILED, Failure, notYet } from './failure.ts'
import type { Exec } from './options.ts'

const emulators: Readonly<Record<string, (memoryBytes: number) => Machine>> = {
  riscv64: (memoryBytes) => createRiscv64Machine({ memoryBytes }),
  x64: (memoryBytes) => createX64Machine({ memoryBytes }),
}

/** An emulated machine of this target; one with room for guard regions if the settings ask for them. */
export function emulator(target: string, settings: Readonly<Record<string, unknown>> = {}): Machine {
  const make = emulators[target]
  if (make === undefined) throw notYet(`the ${target} emulator`)
  return make(settings.wasm_memory_strategy === 'guard' ? 2 ** 47 : 2 ** 32)
}

/** A machine of this target, executed like this. */
export function machineOf(target: string, exec: Exec, settings: Readonly<Record<string, unknown>> = {}): Machine {
  return exec === 'qemu' ? refusals(target, () => createQemuMachine(target)) : emulator(target, settings)
}

/** Seconds that a run line may take where instructions are not counted. */
const TIME_LIMIT = 20

/** What runs filetests; under qemu-user with all features, where code is looked at before it is believed. */
export function backendOptions(target: string, exec: Exec): EmulatedOptions {
  if (exec !== 'qemu') return { target, machine: () => emulator(target) }
  return {
    target,
    fuel: Number.POSITIVE_INFINITY,
    machine: () =>
      refusals(target, () => createQemuMachine(target, { features: qemuFeatures(target), timeLimit: TIME_LIMIT })),
    refuse: (code) => qemuDefect(target, code),
  }
}

function refusals<R>(target: string, make: () => R): R {
  try {
    return make()
  } catch (e) {
    if (e instanceof ProcessError) throw new Failure(EXIT_FAILED, `--exec qemu: ${e.message}`)
    if (e instanceof RangeError) throw notYet(`--exec qemu for ${target}`)
    throw e
  }
}
