// Options that commands share, from text to what the compiler takes.
import {
  type CompileOptions,
  parseSetting,
  SETTINGS,
  type SettingValue,
  targetByName,
  targets,
  type OptLevel,
} from '@k23/codegen'
import { nativeMissing } from '@k23/native'
import { notYet, usage } from './failure.ts'

/** As the command line gives them. */
export interface CommonOptions {
  readonly target?: string
  readonly exec?: string
  readonly opt?: OptLevel
  readonly set?: readonly string[]
  readonly json?: boolean
}

export type Exec = 'emu' | 'native' | 'qemu' | 'interpret'

/** Our name of the host's architecture, where there is one. */
export function hostTarget(): string | undefined {
  return process.arch === 'x64'
    ? 'x64'
    : process.arch === 'arm64'
      ? 'aarch64'
      : process.arch === 'riscv64'
        ? 'riscv64'
        : undefined
}

/** The target asked for, else the host's, else riscv64. */
export function targetName(options: CommonOptions): string {
  if (options.target !== undefined) {
    const { target } = options
    if (targets[target] === undefined && ['riscv64', 'aarch64', 'x64'].includes(target))
      throw notYet(`the ${target} back end`)
    return targetByName(target).name
  }
  const host = hostTarget()
  return host !== undefined && targets[host] !== undefined ? host : 'riscv64'
}

/** How code for `target` runs: natively by default where the host can, else on the emulator. */
export function execOf(options: CommonOptions, target: string): Exec {
  const { exec } = options
  if (exec === undefined) return target === hostTarget() && nativeMissing() === undefined ? 'native' : 'emu'
  if (exec === 'native') {
    if (target !== hostTarget())
      throw usage(`--exec native runs code for this host's CPU, and --target ${target} is not: leave one of them out`)
    const missing = nativeMissing()
    if (missing !== undefined) throw usage(`--exec native needs ${missing}`)
  }
  return exec as Exec
}

const shared: ReadonlySet<string> = new Set(SETTINGS.map(([name]) => name))

/** What `--target`, `--opt` and `--set` say, as options of compile(). */
export function compileOptions(options: CommonOptions): CompileOptions & { target: string } {
  const target = targetName(options)
  const { featureNames } = targetByName(target)
  const settings: Record<string, SettingValue> = {}
  const features: Record<string, boolean> = {}
  for (const item of options.set ?? []) {
    const equals = item.indexOf('=')
    const name = equals < 0 ? item : item.slice(0, equals)
    const value = equals < 0 ? '' : item.slice(equals + 1)
    if (shared.has(name)) settings[name] = parseSetting(name, value)
    else if (featureNames.includes(name)) features[name] = switchValue(name, value)
    else
      throw usage(
        `--set ${item}: there is no setting ${name}, and ${target} has no such feature; settings: ${[...shared].join(', ')}; features: ${featureNames.join(', ')}`,
      )
  }
  return { target, settings, features, ...(options.opt === undefined ? {} : { optLevel: options.opt }) }
}

function switchValue(name: string, text: string): boolean {
  if (['', 'true', 'on', 'yes', '1'].includes(text)) return true
  if (['false', 'off', 'no', '0'].includes(text)) return false
  throw usage(`--set ${name}=${text}: a feature is true or false`)
}
