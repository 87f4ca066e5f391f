// Printer: an instruction as the text that GNU as accepts.
import type { InstTables } from './tables.ts'
import type { VocabEntry, Vocabulary } from './types.ts'

export interface PrintOptions {
  /** Text of a label operand; default: the word is a byte distance, `. + 8`. */
  readonly label?: (word: number) => string
  /** Text of a virtual register; default `v12`. */
  readonly vreg?: (vreg: number) => string
  /** x64: text of a memory operand's symbol, by its index in VCode.extra; default `symbol12`. */
  readonly symbol?: (index: number) => string
  /** x64: text of an unresolved place in a frame area; default `frame3+16`. */
  readonly frame?: (kind: number, offset: number) => string
}

export type Printer = (words: Int32Array, at: number, options?: PrintOptions) => string

/** Text of the operand whose first word is words[at]. */
export type OperandText = (words: Int32Array, at: number, options: PrintOptions) => string

type Part = string | { readonly word: number; readonly text: OperandText }

/** A printer for an ISA's tables. Templates are parsed at their first use. */
export function makePrinter(t: InstTables, vocabulary: Vocabulary): Printer {
  return makeTemplatePrinter(
    t.template,
    (name) => (words, at, options) => operandText(vocabulary[name], words[at], options),
  )
}

/** A printer for templates with `$n:entry` for the operand at word n; a semicolon ends an entry that letters follow. */
export function makeTemplatePrinter(templates: readonly string[], textOf: (entryName: string) => OperandText): Printer {
  const parsed: (readonly Part[] | undefined)[] = []
  return (words, at, options = {}) => {
    const op = words[at] & 0xffff
    parsed[op] ??= parseTemplate(templates[op], textOf)
    let text = ''
    for (const part of parsed[op]) text += typeof part === 'string' ? part : part.text(words, at + part.word, options)
    return text
  }
}

function parseTemplate(template: string, textOf: (entryName: string) => OperandText): Part[] {
  const parts: Part[] = []
  for (const piece of template.split(/(\$\d+:\w+;?)/)) {
    const m = /^\$(\d+):(\w+);?$/.exec(piece)
    if (m !== null) parts.push({ word: Number(m[1]), text: textOf(m[2]) })
    else if (piece !== '') parts.push(piece)
  }
  return parts
}

function operandText(entry: VocabEntry, word: number, options: PrintOptions): string {
  if (entry.kind === 'register') {
    if ((word & 1) === 0) return entry.names[(word >> 1) & 63]
    return options.vreg?.(word >> 1) ?? `v${word >> 1}`
  }
  if (entry.pcRelative) return options.label?.(word) ?? (word < 0 ? `. - ${-word}` : `. + ${word}`)
  return entry.names?.[word] ?? String(word)
}
