// The text of a row, parsed: mnemonic, operands with roles, and a template for the printer.
import type { Role } from './types.ts'

export interface TextOperand {
  readonly name: string
  readonly entryName: string
  /** 'use' until the vocabulary says that it is an immediate. */
  readonly role: Role
}

export interface ParsedText {
  /** Without suffix operands: `amoadd.d`. */
  readonly mnemonic: string
  /** In the order of the text. */
  readonly operands: readonly TextOperand[]
  /** `amoadd.d$0 $1, $2, ($3)`, numbers by position in `operands`. */
  readonly template: string
}

// Alternatives: a literal in angle brackets, a suffix operand in braces, an operand with its sigils.
const TOKEN = /<([^>]*)>|\{([a-z]\w*)(?::(\w+))?\}|(=&|=|\+)?([a-z]\w*)(?::(\w+))?(!)?/gi

/** Parses a row's text; `fail` reports what is wrong with it. `stray`: characters that the text around operands must not have. */
export function parseText(
  text: string,
  fail: (message: string) => never,
  stray: RegExp = /[^$\w\s,().+-]/,
): ParsedText {
  const blank = text.search(/\s/)
  const head = blank < 0 ? text : text.slice(0, blank)
  const brace = head.indexOf('{')
  const mnemonic = brace < 0 ? head : head.slice(0, brace)
  if (!/^[a-z][\w.]*$/i.test(mnemonic)) fail(`'${text}' does not start with a mnemonic`)
  const operands: TextOperand[] = []
  const rest = text.slice(mnemonic.length)
  const template = rest.replace(TOKEN, (_, literal, suffix, suffixEntry, sigil, name, entry, late) => {
    if (literal !== undefined) return literal
    if (suffix !== undefined) operands.push({ name: suffix, entryName: suffixEntry ?? suffix, role: 'use' })
    else {
      if (late && sigil) fail(`operand ${name}: '!' marks a late use, '${sigil}' a definition`)
      const role = late
        ? 'lateuse'
        : sigil === '='
          ? 'def'
          : sigil === '=&'
            ? 'earlydef'
            : sigil === '+'
              ? 'readwrite'
              : 'use'
      operands.push({ name, entryName: entry ?? name, role })
    }
    return `$${operands.length - 1}`
  })
  for (const [i, o] of operands.entries()) {
    if (operands.findIndex((p) => p.name === o.name) !== i) fail(`operand ${o.name} appears twice in '${text}'`)
  }
  if (stray.test(template)) fail(`'${text}' has a character that is neither an operand nor punctuation`)
  return { mnemonic, operands, template: mnemonic + template }
}
