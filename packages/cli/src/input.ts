// Reads what a command compiles: a module in the binary or text format, or CLIF.
import { readFileSync } from 'node:fs'
import { CodegenError, type Input } from '@k23/codegen/core'
import type { Func } from '@k23/ir'
import { usage } from './failure.ts'
import type { compileOptions } from './options.ts'
import { assemble } from './wat.ts'

/** What a file holds. */
export type FileInput = { readonly kind: 'wasm'; readonly bytes: Uint8Array } | ClifInput

export interface ClifInput {
  readonly kind: 'clif'
  readonly functions: readonly Func[]
  /** Of its `set` lines, all together. */
  readonly settings: Readonly<Record<string, string>>
  /** CPU features by machine, of the first `target` line for each. */
  readonly features: Readonly<Partial<Record<string, Readonly<Record<string, boolean>>>>>
}

/** The file's contents by its name: .clif is CLIF, with or without the preamble of a filetest, .wat is assembled, everything else is a module. */
export async function readInput(file: string): Promise<FileInput> {
  const bytes = readFileSync(file)
  if (file.endsWith('.clif')) return readClif(bytes.toString('utf8'))
  if (file.endsWith('.wat')) return { kind: 'wasm', bytes: await assemble(file, bytes.toString('utf8')) }
  return { kind: 'wasm', bytes: new Uint8Array(bytes) }
}

/** A module, where CLIF will not do. */
export async function readModule(file: string, command: string): Promise<Uint8Array> {
  if (file.endsWith('.clif')) throw usage(`${file}: ${command} takes a module (.wasm, .wat), not CLIF`)
  const input = await readInput(file)
  return input.kind === 'wasm' ? input.bytes : new Uint8Array(0)
}

/** What compile() takes, and the options with what the file sets below those of the command line. */
export function compileInput(
  input: FileInput,
  options: ReturnType<typeof compileOptions>,
): { input: Input; options: ReturnType<typeof compileOptions> } {
  if (input.kind === 'wasm') return { input: input.bytes, options }
  const features = { ...input.features[options.target], ...options.features }
  return {
    input: input.functions,
    options: { ...options, settings: { ...input.settings, ...options.settings }, features },
  }
}

async function readClif(text: string): Promise<ClifInput> {
  const { ParseError, parseFile } = await import('@k23/ir')
  const { applySetting, FileError, parseTarget } = await import('@k23/filetests')
  try {
    const { commands, functions } = parseFile(text)
    const settings = new Map<string, string>()
    const features: Record<string, Readonly<Record<string, boolean>>> = {}
    for (const { name, args, line } of commands) {
      if (name === 'set') for (const item of args) applySetting(item, line, settings)
      if (name !== 'target') continue
      const { isa, flags } = parseTarget(args, line, settings)
      if (isa !== undefined)
        features[isa] ??= Object.fromEntries([...flags].map(([flag, value]) => [flag, value !== 'false']))
    }
    return { kind: 'clif', functions: functions.map((f) => f.func), settings: Object.fromEntries(settings), features }
  } catch (e) {
    if (e instanceof ParseError) throw new CodegenError('malformed', e.message, { line: e.line, column: e.column })
    if (e instanceof FileError) throw new CodegenError('malformed', e.message, { line: e.line })
    throw e
  }
}
