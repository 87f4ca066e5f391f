// test cat: the printed function satisfies the directives, and reads back as the same function.
import { functionDifference, ParseError, type ParsedFunction, parseFunction, printFunction } from '@k23/ir'
import type { Directive } from '../filecheck.ts'
import { checkText, type Tally } from './result.ts'

export function testCat(tally: Tally, f: ParsedFunction, common: readonly Directive[]): void {
  const text = printFunction(f.func)
  let wrong: string | undefined
  try {
    wrong = functionDifference(f.func, parseFunction(text))
  } catch (e) {
    if (!(e instanceof ParseError)) throw e
    wrong = e.message
  }
  if (wrong === undefined) checkText(tally, 'cat', text, common, f)
  else tally.fail(f.line, 'cat', `what is printed does not read back as the same function: ${wrong}\n${text}`)
}
