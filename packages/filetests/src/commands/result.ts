// What a test command says about a file: counts, failures with their lines, skips with their reasons.
import type { ParsedFunction } from '@k23/ir'
import { type Directive, fileCheck, parseDirective } from '../filecheck.ts'

export interface Failure {
  /** Line of the file, 1-based. */
  readonly line: number
  /** The command, or `parse`, `set`, `target`. */
  readonly type: string
  readonly why: string
}

export interface Skip {
  /** How many cases are not run. */
  readonly count: number
  readonly line: number
  readonly type: string
  readonly reason: string
}

/** Collects what a file's commands say. */
export class Tally {
  pass = 0
  readonly failures: Failure[] = []
  readonly skips: Skip[] = []

  fail(line: number, type: string, why: string): void {
    this.failures.push({ line, type, why })
  }
  skip(line: number, type: string, reason: string, count = 1): void {
    if (count > 0) this.skips.push({ count, line, type, reason })
  }
}

/** The filecheck directives of a function: the file's own first, then those of its comments. */
export function directivesOf(common: readonly Directive[], f: ParsedFunction): Directive[] {
  const out = [...common]
  for (const c of f.comments) {
    const d = parseDirective(c.text, c.line)
    if (d !== undefined) out.push(d)
  }
  return out
}

/** Checks a text that a command made of a function, and counts it. */
export function checkText(
  tally: Tally,
  type: string,
  text: string,
  common: readonly Directive[],
  f: ParsedFunction,
): void {
  const failure = fileCheck(text, directivesOf(common, f))
  if (failure === undefined) tally.pass++
  else tally.fail(failure.line, type, failure.why)
}
