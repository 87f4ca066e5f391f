// How an execution ends other than by going on.
import type { DataValue } from '../text/data-value.ts'

/**
 * What came of a call: its results; the text form of a trap code (`heap_oob`, `user1`); or why there is no answer: something that
 * the interpreter does not have, a program whose behaviour is undefined, or the end of the fuel.
 */
export type Outcome =
  | { readonly results: readonly DataValue[] }
  | { readonly trap: string }
  | { readonly unsupported: string }

/** Reason given when the fuel is used up. */
export const OUT_OF_FUEL = 'out of fuel'

/** Unwinds the interpreter to the entry; `code` is a trap code (trapcode.ts). */
export class Trap extends Error {
  override readonly name = 'Trap'
  readonly code: number
  constructor(code: number) {
    super(`trap code ${code}`)
    this.code = code
  }
}

/** Unwinds the interpreter to the entry: there is no answer, `message` says why. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported'
}

/** A program that CLIF gives no meaning to (an access marked `notrap` outside the memory, say): any outcome would be right. */
export function undefinedBehaviour(what: string): never {
  throw new Unsupported(`undefined behaviour: ${what}`)
}
