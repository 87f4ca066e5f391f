// Printer: an instruction as the text that GNU as accepts.
import type { InstTables } from './tables.ts'
import type { VocabEntry, Vocabulary } from './types.ts'

export interface PrintOptions {
  /** Text of a label operand; default: the word is a byte distance, `. + 8`. */
  readonly label?: (word: number) => string
  /** Text of a virtual register; default `v12`. */
  readonly vreg?: (vreg: number) => string
}

type Part = string | { readonly word: number; readonly entry: VocabEntry }

export type Printer = (words: Int32Array, at: number, options?: PrintOptions) => string

/** A printer for an ISA's tables. Templates are parsed at their first use. */
export function makePrinter(t: InstTables, vocabulary: Vocabulary): Printer {
  const parsed: (readonly Part[] | undefined)[] = []
  return (words, at, options = {}) => {
    const op = words[at] & 0xffff
    parsed[op] ??= parseTemplate(t.template[op], vocabulary)
    let text = ''
    for (const part of parsed[op])
      text += typeof part === 'string' ? part : operandText(part.entry, words[at + part.word], options)
    return text
  }
}

function parseTemplate(template: string, vocabulary: Vocabulary): Part[] {
  const parts: Part[] = []
  for (const piece of template.split(/(\$\d+:\w+)/)) {
    const m = /^\$(\d+):(\w+)$/.exec(piece)
    if (m !== null) parts.push({ word: Number(m[1]), entry: vocabulary[m[2]] })
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
