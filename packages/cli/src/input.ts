// Reads what a command compiles: a module in the binary or text format, or CLIF.
import { readFileSync } from 'node:fs'
import { CodegenError } from '@k23/codegen/core'
import { usage } from './failure.ts'

/** Bytes of a wasm module, or CLIF text: what compile() takes. */
export type FileInput = Uint8Array | string

/** The file's contents by its name: .clif is text, .wat is assembled, everything else is a module. */
export async function readInput(file: string): Promise<FileInput> {
  const bytes = readFileSync(file)
  if (file.endsWith('.clif')) return bytes.toString('utf8')
  return file.endsWith('.wat') ? await assemble(file, bytes.toString('utf8')) : new Uint8Array(bytes)
}

/** A module, where CLIF will not do. */
export async function readModule(file: string, command: string): Promise<Uint8Array> {
  const input = await readInput(file)
  if (typeof input === 'string') throw usage(`${file}: ${command} takes a module (.wasm, .wat), not CLIF`)
  return input
}

async function assemble(file: string, text: string): Promise<Uint8Array> {
  const { default: load } = await import('wabt')
  const wabt = await load()
  try {
    const module = wabt.parseWat(file, text, { multi_value: true, bulk_memory: true, reference_types: true, tail_call: true, memory64: true, extended_const: true })
    try {
      return module.toBinary({ write_debug_names: true }).buffer
    } finally {
      module.destroy()
    }
  } catch (e) {
    throw watError(file, e instanceof Error ? e.message : String(e))
  }
}

/** wabt's report begins with its own function's name, then has `FILE:LINE:COLUMN: error: what`, the line, and a marker below. */
function watError(file: string, report: string): CodegenError {
  const m = /:(\d+):(\d+): error: (.*)/.exec(report)
  return m === null
    ? new CodegenError('malformed', report.trim())
    : new CodegenError('malformed', m[3], { line: Number(m[1]), column: Number(m[2]) }, `see line ${m[1]} of ${file}`)
}
