// Our own code under many settings: what can be chosen when a module is compiled, and the machines that run it.
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { type CompileOptions, targetByName } from '@k23/codegen'
import type { Machine } from '@k23/machine'
import { createNativeMachine, hostIsa, nativeMissing } from '@k23/native'
import type { Random } from './random.ts'

/** How code runs: `exec` as the command line names it. */
export interface Platform {
  readonly target: string
  readonly exec: 'emu' | 'native'
  readonly create: () => Machine
  /** Features without which there are no vectors. */
  readonly simd: readonly string[]
}

/** Every machine that modules run on. */
export const platforms: readonly Platform[] = [
  { target: 'riscv64', exec: 'emu', create: () => createRiscv64Machine({ memoryBytes: 64 << 20 }), simd: ['has_v'] },
  ...(nativeMissing() === undefined
    ? [{ target: hostIsa() as string, exec: 'native' as const, create: nativeMachine, simd: [] }]
    : []),
]

/** One that stops now and then, since it counts no instructions. */
function nativeMachine(): Machine {
  const machine = createNativeMachine()
  machine.tick(500)
  return machine
}

export interface Config {
  readonly platform: Platform
  readonly features: Readonly<Record<string, boolean>>
  readonly optLevel: 'none' | 'speed'
  readonly settings: NonNullable<CompileOptions['settings']>
}

/** Features of a platform that code may use or not. */
function features(platform: Platform, machine: Machine): string[] {
  const { featureNames } = targetByName(platform.target)
  return machine.features.filter((f) => featureNames.includes(f))
}

export function randomConfig(random: Random, platform: Platform, machine: Machine, simd: boolean): Config {
  const density = random.pick([0, 50, 100])
  return {
    platform,
    features: Object.fromEntries(
      features(platform, machine).map((f) => [f, random.percent(density) || (simd && platform.simd.includes(f))]),
    ),
    optLevel: random.pick(['none', 'speed']),
    settings: {
      regalloc_checker: true,
      enable_verifier: true,
      regalloc_algorithm: random.pick(['backtracking', 'single_pass']),
      enable_heap_access_spectre_mitigation: random.percent(50),
      enable_table_access_spectre_mitigation: random.percent(50),
      preserve_frame_pointers: random.percent(20),
    },
  }
}

/** As options of the command line. */
export function configText({ platform, features, optLevel, settings }: Config): string {
  const sets = [...Object.entries(settings), ...Object.entries(features)].filter(
    ([name, value]) => name !== 'regalloc_checker' && name !== 'enable_verifier' && value !== false,
  )
  const off = Object.entries(settings).filter(([name, value]) => value === false && name.startsWith('enable_'))
  return [
    `--target ${platform.target} --exec ${platform.exec} --opt ${optLevel}`,
    ...[...sets, ...off].map(([name, value]) => `--set ${name}=${value}`),
  ].join(' ')
}
