// Our own code under many settings: what can be chosen when a module is compiled, and the machines that run it.
import { type CompileOptions, targetByName } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { createX64Machine } from '@k23/emulator/x64'
import type { Machine } from '@k23/machine'
import { createNativeMachine, hostIsa, nativeMissing } from '@k23/native'
import type { Random } from './random.ts'

export type Settings = NonNullable<CompileOptions['settings']>

/** How code runs: `exec` as the command line names it. */
export interface Platform {
  readonly target: string
  readonly exec: 'emu' | 'native'
  /** Why it is not to be had on this host. */
  readonly missing: () => string | undefined
  readonly create: (settings: Settings) => Machine
  /** Features without which there are no vectors. */
  readonly simd: readonly string[]
}

/** Address space of an emulated machine: guard regions are many times what is used. */
const memoryBytes = (settings: Settings): number => (settings.wasm_memory_strategy === 'guard' ? 2 ** 47 : 64 << 20)

const here = (): undefined => undefined

/** One that stops now and then, since it counts no instructions. */
function nativeMachine(): Machine {
  const machine = createNativeMachine()
  machine.tick(200)
  return machine
}

/** Every machine that modules may run on. */
// biome-ignore format: table
const all: readonly Platform[] = [
  { target: 'riscv64', exec: 'emu', missing: here, create: (s) => createRiscv64Machine({ memoryBytes: memoryBytes(s) }), simd: ['has_v'] },
  { target: 'x64', exec: 'emu', missing: here, create: (s) => createX64Machine({ memoryBytes: memoryBytes(s) }), simd: ['has_ssse3', 'has_sse41'] },
  { target: 'x64', exec: 'native', missing: () => (hostIsa() === 'x64' ? nativeMissing() : 'another CPU'), create: nativeMachine, simd: ['has_ssse3', 'has_sse41'] },
]

/** Those of this host. */
export const platforms: readonly Platform[] = all.filter((p) => p.missing() === undefined)

export function platformOf({ target, exec }: Pick<Config, 'target' | 'exec'>): Platform {
  return all.find((p) => p.target === target && p.exec === exec) as Platform
}

/** One way to compile and run; plain data. */
export interface Config {
  readonly target: string
  readonly exec: Platform['exec']
  readonly features: Readonly<Record<string, boolean>>
  readonly optLevel: 'none' | 'speed'
  readonly settings: Settings
}

const known = new Map<Platform, string[]>()

/** Features of a platform that code may use or not. */
function features(platform: Platform): string[] {
  let found = known.get(platform)
  if (found === undefined) {
    const { featureNames } = targetByName(platform.target)
    found = platform.create({}).features.filter((f) => featureNames.includes(f))
    known.set(platform, found)
  }
  return found
}

export function randomConfig(random: Random, platform: Platform, simd: boolean): Config {
  const density = random.pick([0, 50, 100])
  return {
    target: platform.target,
    exec: platform.exec,
    features: Object.fromEntries(
      features(platform).map((f) => [f, random.percent(density) || (simd && platform.simd.includes(f))]),
    ),
    optLevel: random.pick(['none', 'speed']),
    settings: {
      regalloc_checker: true,
      enable_verifier: true,
      regalloc_algorithm: random.pick(['backtracking', 'single_pass']),
      enable_heap_access_spectre_mitigation: random.percent(50),
      enable_table_access_spectre_mitigation: random.percent(50),
      enable_nan_canonicalization: random.percent(20),
      preserve_frame_pointers: random.percent(20),
      wasm_memory_strategy: random.pick(['explicit', 'guard']),
      wasm_lazy_tables: random.percent(50),
      wasm_fuel: random.percent(25),
      wasm_epoch: random.percent(25),
    },
  }
}

/** As options of the command line; what is always on is left out, and what is off anyway. */
export function configText({ target, exec, features, optLevel, settings }: Config): string {
  const { regalloc_checker, enable_verifier, ...rest } = settings
  const off = (name: string): boolean => name.includes('spectre')
  const sets = [...Object.entries(rest), ...Object.entries(features)].filter(([n, value]) => value !== false || off(n))
  return [
    `--target ${target} --exec ${exec} --opt ${optLevel}`,
    ...sets.map(([name, value]) => `--set ${name}=${value}`),
  ].join(' ')
}
