// Run commands: the comments that say how a function is called and what comes of it.
//
//   run                                  the function before it, without arguments, returns something other than zero
//   run: %f(1, 0x2, [1 2 3 4]) == 3      compared bit by bit; `!=` asks for a difference; several results are `[3, 4]`
//   print: %f(1)                         the call is made, its results are shown
//   traps: %f(1) int_divz                the call traps with the code (ours: upstream's runner knows no traps)
//
// A run command calls the function that it stands behind. The name in it is for the reader: upstream's runner does not look at it, and
// some of its files name another function there.
import type { Signature } from '../signature.ts'
import { parseTrapCode } from '../trapcode.ts'
import { isVector } from '../types.ts'
import { type DataValue, formatDataValues, readDataValue, sameDataValue } from './data-value.ts'
import { COMMA, EOF, EQUAL, IDENT, LBRACKET, Lexer, LPAREN, NAME, NOT_EQUAL, RBRACKET, RPAREN } from './lexer.ts'

export type RunCommand =
  | { readonly kind: 'nonzero' }
  | { readonly kind: 'print'; readonly func: string; readonly args: readonly DataValue[] }
  | {
      readonly kind: 'traps'
      readonly func: string
      readonly args: readonly DataValue[]
      /** Text form of the trap code. */
      readonly trap: string
    }
  | {
      readonly kind: 'compare'
      readonly func: string
      readonly args: readonly DataValue[]
      readonly comparison: '==' | '!='
      readonly expected: readonly DataValue[]
    }

/**
 * The run command of a comment (without its `;`) behind a function with `signature`, or undefined where the comment is none. Throws
 * ParseError, whose line is `line` and whose column counts from the comment's text.
 */
export function parseRunCommand(comment: string, signature: Signature, line = 1): RunCommand | undefined {
  if (comment === 'run') return { kind: 'nonzero' }
  const colon = comment.indexOf(':')
  const word = colon < 0 ? '' : comment.slice(0, colon)
  if (word !== 'run' && word !== 'print' && word !== 'traps') return undefined
  const lex = new Lexer(comment, colon + 1, line, line)
  if (lex.kind !== NAME) throw lex.expected('the function to call, such as %f')
  const func = lex.str
  lex.next()
  lex.expect(LPAREN, '`(` and the arguments')
  const args: DataValue[] = []
  for (const p of signature.params) {
    if (lex.kind === RPAREN)
      throw lex.error(`%${func} has ${signature.params.length} parameters, ${args.length} arguments are given`)
    if (args.length > 0) lex.expect(COMMA, '`,`')
    args.push(readDataValue(lex, p.type))
  }
  if (lex.kind === COMMA || (signature.params.length === 0 && lex.kind !== RPAREN))
    throw lex.error(`%${func} has ${signature.params.length} parameters, more arguments are given`)
  lex.expect(RPAREN, '`,` or `)`')
  if (word === 'print') {
    if (lex.kind !== EOF) throw lex.expected('the end of the command')
    return { kind: 'print', func, args }
  }
  if (word === 'traps') {
    const trap = lex.slice()
    if (lex.kind !== IDENT || parseTrapCode(trap) === 0) throw lex.expected('a trap code, such as int_divz or user1')
    lex.next()
    if (lex.kind !== EOF) throw lex.expected('the end of the command')
    return { kind: 'traps', func, args, trap }
  }
  if (lex.kind !== EQUAL && lex.kind !== NOT_EQUAL) throw lex.expected('`==` or `!=`')
  const comparison = lex.kind === EQUAL ? '==' : '!='
  lex.next()
  const expected = results(lex, func, signature)
  if (lex.kind !== EOF) throw lex.expected('the end of the command')
  return { kind: 'compare', func, args, comparison, expected }
}

function results(lex: Lexer, func: string, signature: Signature): DataValue[] {
  const types = signature.returns.map((p) => p.type)
  if (types.length === 1 && (isVector(types[0]) || lex.kind !== LBRACKET)) return [readDataValue(lex, types[0])]
  lex.expect(LBRACKET, `\`[\` and the ${types.length} results of %${func}`)
  const out: DataValue[] = []
  for (const t of types) {
    if (out.length > 0) lex.expect(COMMA, `\`,\` and another of the ${types.length} results of %${func}`)
    out.push(readDataValue(lex, t))
  }
  lex.expect(RBRACKET, `\`]\` after ${types.length} results of %${func}`)
  return out
}

/** True if `results` are what the command asks for. */
export function comparisonHolds(command: RunCommand, results: readonly DataValue[]): boolean {
  switch (command.kind) {
    case 'print':
      return true
    case 'traps':
      return false
    case 'nonzero':
      return results.length > 0 && results.some((r) => r.bits.some((b) => b !== 0))
    case 'compare': {
      const same =
        results.length === command.expected.length && results.every((r, i) => sameDataValue(r, command.expected[i]))
      return same === (command.comparison === '==')
    }
  }
}

/** The command's text: parsing it gives the command again. */
export function formatRunCommand(command: RunCommand): string {
  if (command.kind === 'nonzero') return 'run'
  const call = `%${command.func}(${command.args.map((a) => formatDataValues([a])).join(', ')})`
  if (command.kind === 'print') return `print: ${call}`
  if (command.kind === 'traps') return `traps: ${call} ${command.trap}`
  return `run: ${call} ${command.comparison} ${formatDataValues(command.expected)}`
}
