// test run, test interpret: the run and trap commands of the comments, against compiled code or the interpreter.
import {
  comparisonHolds,
  formatDataValues,
  formatRunCommand,
  type Func,
  type ParsedFile,
  ParseError,
  parseRunCommand,
  printFunctionName,
  type RunCommand,
} from '@k23/ir'
import type { Outcome, Runnable } from '../interfaces.ts'
import type { Tally } from './result.ts'

/** A run command with its place, and the function that it calls. */
export interface RunLine {
  readonly line: number
  readonly command: RunCommand
  /** Name of the function that the command stands behind: without `%`. */
  readonly name: string
}

/** The name by which a function is called: without `%`. */
export function callName(func: Func): string {
  return func.name.kind === 'testcase' ? func.name.name : printFunctionName(func)
}

/** The run commands of a file; those that are malformed are failures of `type`. */
export function runLines(file: ParsedFile, tally: Tally, type: string): RunLine[] {
  const out: RunLine[] = []
  for (const f of file.functions) {
    const name = callName(f.func)
    for (const c of f.comments) {
      try {
        const command = parseRunCommand(c.text, f.func.signature, c.line)
        if (command === undefined) continue
        if (command.kind === 'nonzero' && f.func.signature.params.length > 0)
          tally.fail(c.line, type, 'a bare `run` is for a function without parameters')
        else out.push({ line: c.line, command, name })
      } catch (e) {
        if (!(e instanceof ParseError)) throw e
        tally.fail(c.line, type, e.reason)
      }
    }
  }
  return out
}

/** Runs the lines and counts them; `what` (the target line, say) is named in failures. Printed results go to `print`. */
export function runAll(
  lines: readonly RunLine[],
  runnable: Runnable,
  tally: Tally,
  type: string,
  what: string,
  print: (text: string) => void,
): void {
  for (const { line, command, name } of lines) {
    let outcome: Outcome
    try {
      outcome = runnable.invoke(name, command.kind === 'nonzero' ? [] : command.args)
    } catch (e) {
      tally.fail(line, type, `${what}internal error: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`)
      continue
    }
    if ('unsupported' in outcome) {
      tally.skip(line, type, outcome.unsupported)
    } else if ('trap' in outcome) {
      if (command.kind === 'traps' && command.trap === outcome.trap) tally.pass++
      else tally.fail(line, type, `${what}${formatRunCommand(command)}: trapped with ${outcome.trap}`)
    } else if (comparisonHolds(command, outcome.results)) {
      if (command.kind === 'print') print(`%${name} -> ${formatDataValues(outcome.results)}`)
      tally.pass++
    } else {
      tally.fail(
        line,
        type,
        `${what}${formatRunCommand(command)}: got ${outcome.results.length === 0 ? 'no results' : formatDataValues(outcome.results)}`,
      )
    }
  }
}
