// Types, signatures, names, memory flags: the pieces that declarations and instructions share.
import { ALIGNED, BIG, CAN_MOVE, LITTLE, type MemFlags, memFlags, NOTRAP, READONLY } from '../memflags.ts'
import type { AliasRegion } from '../entities.ts'
import type { AbiParam, ArgExtension, ArgPurpose, CallConv, Signature } from '../signature.ts'
import { parseTrapCode } from '../trapcode.ts'
import { dynamicOf, INVALID, type Type, typeName, vectorOf } from '../types.ts'
import { parseBig } from './integers.ts'
import { COMMA, IDENT, INT, type Lexer, LPAREN, RPAREN, ARROW } from './lexer.ts'

/** Names of all types. */
const types = new Map<string, Type>()
for (let lane = 1; lane <= 9; lane++) {
  types.set(typeName(lane as Type), lane as Type)
  for (let n = 2; n <= 256; n *= 2) {
    const t = vectorOf(lane as Type, n)
    types.set(typeName(t), t)
    types.set(typeName(dynamicOf(t)), dynamicOf(t))
  }
}

export const CALL_CONVS: readonly CallConv[] = [
  'fast',
  'tail',
  'system_v',
  'windows_fastcall',
  'apple_aarch64',
  'probestack',
  'winch',
  'preserve_all',
]

/** The type that a word names, or INVALID. */
export function typeByName(word: string): Type {
  return types.get(word) ?? INVALID
}

export function parseTypeName(lex: Lexer): Type {
  const t = lex.kind === IDENT ? typeByName(lex.slice()) : INVALID
  if (t === INVALID) throw lex.expected('a type')
  lex.next()
  return t
}

function parseParam(lex: Lexer): AbiParam {
  const type = parseTypeName(lex)
  let extension: ArgExtension = 'none'
  let purpose: ArgPurpose = 'normal'
  let sargBytes = 0
  while (lex.kind === IDENT) {
    if (lex.isWord('uext') || lex.isWord('sext')) {
      extension = lex.slice() as ArgExtension
    } else if (lex.isWord('sret') || lex.isWord('vmctx')) {
      purpose = lex.slice() as ArgPurpose
    } else if (lex.isWord('sarg')) {
      lex.next()
      lex.expect(LPAREN, '`(` and the size of the structure')
      sargBytes = parseUint(lex, 0xffff_ffff, 'the size of the structure in bytes')
      purpose = 'sarg'
      if (lex.kind !== RPAREN) throw lex.expected('`)`')
    } else {
      break
    }
    lex.next()
  }
  return { type, extension, purpose, sargBytes }
}

function parseParams(lex: Lexer): AbiParam[] {
  const out = [parseParam(lex)]
  while (lex.eat(COMMA)) out.push(parseParam(lex))
  return out
}

/** `(i32, i64 vmctx) -> i32 system_v`, from its `(`. */
export function parseSignature(lex: Lexer): Signature {
  lex.expect(LPAREN, '`(` and the parameters of a signature')
  const params = lex.kind === RPAREN ? [] : parseParams(lex)
  lex.expect(RPAREN, '`,` or `)`')
  const returns = lex.eat(ARROW) ? parseParams(lex) : []
  let callConv: CallConv = 'fast'
  if (lex.kind === IDENT) {
    const word = lex.slice()
    const found = CALL_CONVS.find((c) => c === word)
    if (found !== undefined) {
      callConv = found
      lex.next()
    }
  }
  return { params, returns, callConv }
}

/** An unsigned integer up to `max`. */
export function parseUint(lex: Lexer, max: number, what: string): number {
  if (lex.kind !== INT || !(lex.num >= 0 && lex.num <= max)) throw lex.expected(`${what} (0 to ${max})`)
  const n = lex.num
  lex.next()
  return n
}

/** A signed integer of 32 bits. */
export function parseInt32(lex: Lexer, what: string): number {
  if (lex.kind !== INT || !(lex.num >= -0x8000_0000 && lex.num <= 0x7fff_ffff))
    throw lex.expected(`${what} (a signed 32-bit integer)`)
  const n = lex.num
  lex.next()
  return n | 0
}

/** A signed or unsigned integer of 64 bits, as signed. */
export function parseInt64(lex: Lexer, what: string): bigint {
  if (lex.kind !== INT) throw lex.expected(what)
  const n = parseBig(lex.slice())
  if (n < -(1n << 63n) || n >= 1n << 64n) throw lex.error(`${what} does not fit in 64 bits`)
  lex.next()
  return BigInt.asIntN(64, n)
}

/** An optional byte offset with its sign: `+8`, `-0x10`. */
export function parseOffset(lex: Lexer): number {
  if (lex.kind !== INT) return 0
  const c = lex.text.charCodeAt(lex.start)
  if (c !== 43 && c !== 45) throw lex.expected('a byte offset with its sign, such as +8')
  return parseInt32(lex, 'a byte offset')
}

export function parseTrap(lex: Lexer): number {
  const code = lex.kind === IDENT ? parseTrapCode(lex.slice()) : 0
  if (code === 0) throw lex.expected('a trap code, such as user1 or heap_oob')
  lex.next()
  return code
}

const flagBits = new Map<string, number>([
  ['aligned', ALIGNED],
  ['readonly', READONLY],
  ['little', LITTLE],
  ['big', BIG],
  ['can_move', CAN_MOVE],
  ['notrap', NOTRAP],
])

/** Memory flags in any order: `notrap aligned region0`, `user1 little`. */
export function parseMemFlags(lex: Lexer): MemFlags {
  if (lex.kind !== IDENT) return 0 as MemFlags
  let bits = 0
  let trap = 0
  let region: AliasRegion | undefined
  for (; lex.kind === IDENT; lex.next()) {
    const word = lex.slice()
    const bit = flagBits.get(word)
    if (bit !== undefined) {
      bits |= bit
      if ((bits & (LITTLE | BIG)) === (LITTLE | BIG)) throw lex.error('memory flags cannot be both little and big')
      continue
    }
    const r = lex.entity('region')
    if (r >= 0) {
      if (region !== undefined) throw lex.error('memory flags have at most one alias region')
      if (r > 65_534) throw lex.error(`${word}: entity number is too large`)
      region = r as AliasRegion
      continue
    }
    const code = parseTrapCode(word)
    if (code === 0) break // an operation name, as in `atomic_rmw.i32 little add`
    if (trap !== 0) throw lex.error('memory flags have at most one trap code')
    trap = code
  }
  if (trap !== 0 && (bits & NOTRAP) !== 0) throw lex.error('memory flags cannot have both notrap and a trap code')
  return memFlags(bits, trap === 253 ? 0 : trap, region)
}
