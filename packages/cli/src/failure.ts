// What a command can end with other than success, and how each kind reads on standard error: one line, an exit status.
//
//   0    done
//   1    something failed: a module that does not decode or validate, a test, a benchmark's comparison
//   2    the command line is wrong: an option, a file that is not there, an export that does not exist
//   70   our own fault (sysexits.h: EX_SOFTWARE); K23_DEBUG=1 shows the stack
//   134  a wasm trap (as a shell reports SIGABRT)
import type { CodegenError } from '@k23/codegen/core'
import pc from 'picocolors'

export const EXIT_FAILED = 1
export const EXIT_USAGE = 2
export const EXIT_BUG = 70
export const EXIT_TRAP = 134

/** Ends a command with a line and an exit status. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The command line asks for what cannot be. */
export function usage(message: string): Failure {
  return new Failure(EXIT_USAGE, message)
}

/** Something that will be there, and is not yet. */
export function notYet(what: string): Failure {
  return new Failure(EXIT_USAGE, `${what} is not available yet`)
}

/** One line for anything thrown, and its exit status. `file` names the input where the error does not. */
export function describe(e: unknown, file?: string): { status: number; line: string } {
  if (e instanceof Failure) return { status: e.status, line: e.message }
  if (isCodegenError(e)) return { status: e.code === 'settings' ? EXIT_USAGE : EXIT_FAILED, line: codegenLine(e, file) }
  const message = e instanceof Error ? e.message : String(e)
  if (isFileError(e)) return { status: EXIT_USAGE, line: fileLine(e, file) }
  const what = e instanceof Error && e.name === 'Bug' ? message : `internal error: ${message}`
  return { status: EXIT_BUG, line: `${file === undefined ? '' : `${file}: `}${what} (K23_DEBUG=1 shows the stack)` }
}

/** By name: loading the compiler to ask for its class would slow every start down. */
function isCodegenError(e: unknown): e is CodegenError {
  return e instanceof Error && e.name === 'CodegenError'
}

/** `FILE: invalid: MESSAGE (what would mend it)`; the front end's messages name the byte offset. */
function codegenLine(e: CodegenError, file: string | undefined): string {
  const { line, column, func, inst } = e.place
  const at = line !== undefined && !e.message.startsWith(`${line}:`) ? `${line}:${column ?? 1}: ` : ''
  const where =
    func !== undefined && !e.message.includes('function')
      ? ` (function ${func}${inst === undefined ? '' : `, ${inst}`})`
      : ''
  const mend = e.mend === undefined ? '' : `; ${e.mend}`
  if (e.code === 'settings') return e.advice
  return `${file === undefined ? '' : `${file}: `}${e.code}: ${at}${e.message}${where}${mend}`
}

function isFileError(e: unknown): e is NodeJS.ErrnoException {
  return e instanceof Error && 'code' in e && 'syscall' in e && typeof e.code === 'string'
}

const fileErrors: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EISDIR: 'is a folder, expected a file',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'permission denied',
}

function fileLine(e: NodeJS.ErrnoException, file: string | undefined): string {
  return `${e.path ?? file ?? e.syscall}: ${fileErrors[e.code ?? ''] ?? e.message}`
}

/** Writes the line for `e` to standard error and sets the exit status. */
export function report(e: unknown, file?: string): void {
  const { status, line } = describe(e, file)
  process.stderr.write(`${pc.red('k23:')} ${line.replaceAll(/\s*\n\s*/g, ' ')}\n`)
  if (process.env.K23_DEBUG === '1' && e instanceof Error && e.stack !== undefined) process.stderr.write(`${e.stack}\n`)
  process.exitCode = status
}
