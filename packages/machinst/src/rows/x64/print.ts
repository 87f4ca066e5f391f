// Printer: words to AT&T text as GNU as takes it.
import { U8Vec } from '@k23/entity'
import { makeTemplatePrinter, type Printer, type PrintOptions } from '../print.ts'
import { encodeX64 } from './encode.ts'
import {
  MEM_FRAME,
  MEM_LABEL,
  MEM_SYMBOL,
  type X64Immediate,
  type X64Register,
  type X64Tables,
  type X64Vocabulary,
} from './types.ts'

/** `gpr`: names of the 64-bit general registers, of which addresses are made. */
export function makeX64Printer(t: X64Tables, vocabulary: X64Vocabulary, gpr: readonly string[]): Printer {
  const scratch = new U8Vec(32)
  // GNU as counts `. + n` from the instruction's start.
  const lengthOf = (words: Int32Array, at: number) => {
    encodeX64(t, words, at, scratch, 0)
    return scratch.length
  }
  let start = 0
  const print = makeTemplatePrinter(t.template, (name) => {
    const entry = vocabulary[name]
    if (entry.kind === 'register') return (words, at, options) => registerText(entry.names, words[at], options)
    if (entry.kind === 'memory') return (words, at, options) => memoryText(gpr, words, at, options)
    if (entry.kind === 'rm') return () => ''
    return (words, at, options) => immediateText(entry, words, at, options, () => lengthOf(words, start))
  })
  return (words, at, options) => {
    start = at
    return print(words, at, options)
  }
}

function registerText(names: X64Register['names'], word: number, options: PrintOptions): string {
  if ((word & 1) === 0) return `%${names[(word >> 1) & 63]}`
  return options.vreg?.(word >> 1) ?? `%v${word >> 1}`
}

function immediateText(
  entry: X64Immediate,
  words: Int32Array,
  at: number,
  options: PrintOptions,
  length: () => number,
): string {
  const word = words[at]
  if (entry.label) {
    if (options.label !== undefined) return options.label(word)
    const distance = word + length()
    return distance < 0 ? `. - ${-distance}` : `. + ${distance}`
  }
  if (entry.bytes === 8) return `$0x${hex(words[at + 1])}${hex(word)}`
  return entry.names?.[word] ?? `$${word}`
}

const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0')

function memoryText(gpr: readonly string[], words: Int32Array, at: number, options: PrintOptions): string {
  const [base, index, mode, disp] = words.subarray(at, at + 4)
  const kind = (mode >> 4) & 15
  if (kind === MEM_LABEL) return `${options.label?.(disp) ?? disp}(%rip)`
  if (kind === MEM_SYMBOL) return `${options.symbol?.(disp) ?? `symbol${disp}`}(%rip)`
  if (kind === MEM_FRAME) return options.frame?.((mode >> 8) & 15, disp) ?? `frame${(mode >> 8) & 15}+${disp}`
  const scaled = index === -1 ? '' : `,${registerText(gpr, index, options)},${1 << (mode & 3)}`
  if (base === -1 && scaled === '') return String(disp)
  const shown = disp === 0 && base !== -1 ? '' : String(disp)
  return `${shown}(${base === -1 ? '' : registerText(gpr, base, options)}${scaled})`
}
