// Settings of `set` lines, and flags of `target` lines.
import { CodegenError, parseSetting, SETTINGS } from '@k23/codegen'
import type { Isa } from './interfaces.ts'

/** A problem of a file itself, on a line of it. */
export class FileError extends Error {
  override readonly name = 'FileError'
  readonly line: number
  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/** Names of the shared settings. */
export const SHARED_SETTINGS: readonly string[] = SETTINGS.map(([name]) => name)

/** Reads `name` (a switch that is turned on) or `name=value` of a `set` line into `into`. Throws FileError. */
export function applySetting(item: string, line: number, into: Map<string, string>): void {
  const equals = item.indexOf('=')
  const name = equals < 0 ? item : item.slice(0, equals)
  try {
    into.set(name, String(parseSetting(name, equals < 0 ? '' : item.slice(equals + 1))))
  } catch (e) {
    if (e instanceof CodegenError)
      throw new FileError(line, e.mend === undefined ? e.message : `${e.message}: ${e.mend}`)
    throw e
  }
}

/** A `target` line with the settings in force there. */
export interface TargetLine {
  /** undefined for a machine that we do not have. */
  readonly isa: Isa | undefined
  /** As written: `x86_64-linux`. */
  readonly triple: string
  readonly pointerBits: 32 | 64
  readonly flags: ReadonlyMap<string, string>
  readonly settings: ReadonlyMap<string, string>
  readonly line: number
}

/** Architectures of Cranelift's triples: our name, pointer width. */
const ARCHITECTURES: ReadonlyMap<string, readonly [isa: Isa | undefined, pointerBits: 32 | 64]> = new Map([
  ['riscv64', ['riscv64', 64]],
  ['riscv64gc', ['riscv64', 64]],
  ['riscv64imac', ['riscv64', 64]],
  ['aarch64', ['aarch64', 64]],
  ['x86_64', ['x64', 64]],
  ['s390x', [undefined, 64]],
  ['pulley32', [undefined, 32]],
  ['pulley32be', [undefined, 32]],
  ['pulley64', [undefined, 64]],
  ['pulley64be', [undefined, 64]],
])

/** Reads a `target` line: `x86_64 sse42 has_avx=false`. Throws FileError. */
export function parseTarget(args: readonly string[], line: number, settings: ReadonlyMap<string, string>): TargetLine {
  const triple = args[0]
  if (triple === undefined) throw new FileError(line, 'expected an architecture after `target`')
  const architecture = ARCHITECTURES.get(triple.split('-')[0])
  if (architecture === undefined)
    throw new FileError(
      line,
      `unknown architecture \`${triple}\`: the architectures are ${[...ARCHITECTURES.keys()].join(', ')}`,
    )
  const flags = new Map<string, string>()
  for (const item of args.slice(1)) {
    const m = /^([A-Za-z_][A-Za-z0-9_-]*)(?:=(\S+))?$/.exec(item)
    if (m === null)
      throw new FileError(line, `expected an ISA flag, such as has_avx or has_avx=false, found \`${item}\``)
    flags.set(m[1], m[2] ?? 'true')
  }
  return { isa: architecture[0], triple, pointerBits: architecture[1], flags, settings, line }
}
