// Every machine that runs here, with settings under which the same must happen.
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { createX64Machine } from '@k23/emulator/x64'
import type { Machine } from '@k23/machine'
import { createNativeMachine, nativeMissing } from '@k23/native'

export type Settings = Readonly<Record<string, boolean | string>>

const missing = nativeMissing()
if (missing !== undefined) console.log(`skipped on the host's CPU: ${missing}`)

const closing: (() => void)[] = []

/** Closes the machines made natively. */
export function closeMachines(): void {
  for (const close of closing.splice(0)) close()
}

function native(): Machine {
  const machine = createNativeMachine()
  closing.push(() => machine.close())
  return machine
}

export const machines: readonly (readonly [name: string, make: () => Machine, settings: Settings])[] = [
  ['riscv64', () => createRiscv64Machine(), {}],
  [
    'riscv64, addresses of 47 bits, guard regions',
    () => createRiscv64Machine({ memoryBytes: 2 ** 47 }),
    { wasm_memory_strategy: 'guard' },
  ],
  ['x64', () => createX64Machine(), {}],
  ...(missing === undefined
    ? ([
        ['native', native, {}],
        [
          'native, explicit checks, all settings',
          native,
          { wasm_memory_strategy: 'explicit', wasm_fuel: true, wasm_epoch: true, wasm_lazy_tables: true },
        ],
      ] as const)
    : []),
]
