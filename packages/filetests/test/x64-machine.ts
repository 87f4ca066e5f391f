// What x64 code runs on in tests: the host's CPU where it is one.
import { createNativeMachine, nativeMissing } from '@k23/native'
import { createEmulatedBackend, type EmulatedOptions } from '../src/emulated.ts'
import type { Backend } from '../src/index.ts'

/** Why x64 code cannot run on this host, or undefined. */
export const missing: string | undefined = nativeMissing()

export function nativeBackend(options: EmulatedOptions = {}): Backend {
  return createEmulatedBackend({ ...options, target: 'x64', machine: () => createNativeMachine() })
}

const long = process.env.K23_LONG === '1'

/** Sets of features: each is code that somebody runs. */
// biome-ignore format: table
export const featureSets: readonly (readonly string[])[] = [
  [],
  ['sapphirerapids'],
  ...(long ? [['ssse3'], ['sse41'], ['sse42', 'has_popcnt'], ['has_avx', 'has_bmi1'], ['skylake']] : []),
]
