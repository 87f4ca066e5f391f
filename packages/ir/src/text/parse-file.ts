// Whole files: test commands, then functions with their comments.
//
// A filetest opens with lines of commands (`test`, `set`, `target`, `feature`); the functions follow. Comments before the first
// function are the file's. Every later comment belongs to the function before it, and within a function to the entity before it.
import type { Func } from '../function.ts'
import { errorAt } from './error.ts'
import { type Comment, EOF, Lexer } from './lexer.ts'
import { FunctionParser, type SourceMap } from './parse-function.ts'

export interface ParsedFunction {
  readonly func: Func
  /** In the order of the text. */
  readonly comments: readonly Comment[]
  readonly sourceMap: SourceMap
  /** Line of the header. */
  readonly line: number
  /** Offsets of the word `function` and behind the `}`. */
  readonly start: number
  readonly end: number
}

/** One command line: `test run`, `set opt_level=speed`, `target x86_64 has_avx`, `feature "x"`. */
export interface Command {
  readonly name: string
  /** What follows the name, split at blanks. */
  readonly args: readonly string[]
  readonly line: number
}

export interface ParsedFile {
  readonly commands: readonly Command[]
  /** Comments before the first function. */
  readonly comments: readonly Comment[]
  readonly functions: readonly ParsedFunction[]
}

export interface ParseOptions {
  /** Number of the text's first line in messages; 1 by default. */
  firstLine?: number
}

/** Parses a test file. Throws ParseError. */
export function parseFile(text: string, options: ParseOptions = {}): ParsedFile {
  const commands: Command[] = []
  const comments: Comment[] = []
  let line = 1
  let at = 0
  while (at < text.length) {
    const nl = text.indexOf('\n', at)
    const end = nl < 0 ? text.length : nl
    const semicolon = text.indexOf(';', at)
    const code = text.slice(at, semicolon >= 0 && semicolon < end ? semicolon : end).trim()
    const words = code === '' ? [] : code.split(/\s+/)
    if (words.length > 0) {
      if (words[0] === 'function') break
      if (!['test', 'set', 'target', 'feature'].includes(words[0])) {
        throw errorAt(
          text,
          at + text.slice(at).search(/\S/),
          `expected a command (test, set, target, feature) or \`function\`, found \`${words[0].slice(0, 40)}\``,
          options.firstLine,
        )
      }
      commands.push({ name: words[0], args: words.slice(1), line })
    }
    if (semicolon >= 0 && semicolon < end) {
      comments.push({
        text: text.slice(semicolon, end).replace(/^;+/, '').trim(),
        line,
        start: semicolon,
        end,
        owner: 'file',
      })
    }
    at = end + 1
    line++
  }
  const lex = new Lexer(text, Math.min(at, text.length), line, options.firstLine ?? 1)
  return { commands, comments, functions: functions(lex) }
}

/** Parses functions (no commands before them). Throws ParseError. */
export function parseFunctions(text: string, options: ParseOptions = {}): ParsedFile {
  const lex = new Lexer(text, 0, 1, options.firstLine ?? 1)
  const comments = lex.comments
  lex.comments = []
  return { commands: [], comments, functions: functions(lex) }
}

/** Parses exactly one function. Throws ParseError. */
export function parseFunction(text: string, options: ParseOptions = {}): Func {
  const lex = new Lexer(text, 0, 1, options.firstLine ?? 1)
  const parser = new FunctionParser(lex)
  parser.body()
  if (lex.kind !== EOF) throw lex.expected('the end of the text')
  return parser.func
}

function functions(lex: Lexer): ParsedFunction[] {
  const out: ParsedFunction[] = []
  while (lex.kind !== EOF) {
    const comments: Comment[] = []
    lex.comments = comments
    const parser = new FunctionParser(lex)
    parser.body()
    out.push({
      func: parser.func,
      comments,
      sourceMap: parser.sourceMap(),
      line: parser.functionLine,
      start: parser.start,
      end: lex.lastEnd,
    })
  }
  return out
}
