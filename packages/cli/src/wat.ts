// The text format to bytes: by wabt, which writes what stands there, or, where that does not know the syntax, by binaryen, which knows more proposals
// (garbage collection, exceptions with try_table, typed references), but goes through its own representation and may order code differently.
import { CodegenError } from '@k23/codegen/core'

/** What wabt has whole. */
const FEATURES = {
  multi_value: true,
  bulk_memory: true,
  reference_types: true,
  sign_extension: true,
  sat_float_to_int: true,
  mutable_globals: true,
  simd: true,
  relaxed_simd: true,
  threads: true,
  tail_call: true,
  memory64: true,
  multi_memory: true,
  extended_const: true,
}

/** What an assembler does not understand, and where; lines and columns from 1. */
interface Complaint {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** The module; CodegenError with line and column where neither assembler takes the text. */
export async function assemble(file: string, text: string): Promise<Uint8Array> {
  const first = await byWabt(file, text)
  if (first instanceof Uint8Array) return first
  const second = await byBinaryen(text)
  if (second instanceof Uint8Array) return second
  // The one that came further knows what the other stopped at. (Of the same token binaryen names the place behind its parenthesis.)
  const further = second.line > first.line || (second.line === first.line && second.column > first.column + 2)
  const { line, column, message } = further ? second : first
  if (line === 0) throw new CodegenError('malformed', message)
  throw new CodegenError('malformed', message, { line, column }, `see line ${line} of ${file}`)
}

async function byWabt(file: string, text: string): Promise<Uint8Array | Complaint> {
  const { default: load } = await import('wabt')
  const wabt = await load()
  try {
    const module = wabt.parseWat(file, text, FEATURES)
    try {
      return module.toBinary({ write_debug_names: true }).buffer
    } finally {
      module.destroy()
    }
  } catch (e) {
    // The report begins with wabt's own function's name, then has `FILE:LINE:COLUMN: error: what`, the line, and a marker below.
    return complaint(e, /:(\d+):(\d+): error: (.*)/)
  }
}

async function byBinaryen(text: string): Promise<Uint8Array | Complaint> {
  const { default: binaryen } = await import('binaryen')
  try {
    const module = binaryen.parseText(text)
    try {
      module.setFeatures(binaryen.Features.All)
      return module.emitBinary()
    } finally {
      module.dispose()
    }
  } catch (e) {
    // It throws an object of its own with a message like `LINE:COLUMN: error: what`.
    return complaint(e, /(\d+):(\d+): error: (.*)/)
  }
}

function complaint(e: unknown, place: RegExp): Complaint {
  const report = String((e as { message?: unknown }).message ?? e)
  const m = place.exec(report)
  return m === null
    ? { line: 0, column: 0, message: report.trim() }
    : { line: Number(m[1]), column: Number(m[2]), message: m[3] }
}
