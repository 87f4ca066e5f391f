// Declarations at the head of a function: slots, types, global values, signatures, functions, constants, regions, names.
import type { AliasRegion, Constant, DynamicType, SigRef } from '../entities.ts'
import type { GlobalValueData } from '../function.ts'
import type { ExtFunc, Signature } from '../signature.ts'
import type { Type } from '../types.ts'
import { parseConstantBytes } from './data-value.ts'
import { ASSIGN, COLON, COMMA, DOT, INT, LBRACKET, LPAREN, RBRACKET, STAR, STRING } from './lexer.ts'
import type { FunctionParser } from './parse-function.ts'
import { parseInt64, parseMemFlags, parseOffset, parseSignature, parseTypeName, parseUint } from './parse-types.ts'

/** Declarations of one kind have numbers up to here; the numbers between those that the text declares are filled. */
export const MAX_DECLARATION: number = 65_534

/** Sets entry `n` of `table`, filling the numbers below it that the text skips. */
function place<T>(table: T[], n: number, data: T, gap: () => T): void {
  while (table.length < n) table.push(gap())
  table[n] = data
}

/** The declarations of a function by the prefix of what they declare; each parses what follows the `=`. */
export const declarations: readonly (readonly [string, (p: FunctionParser, n: number) => void])[] = [
  ['ss', stackSlot],
  ['dss', dynamicStackSlot],
  ['dt', dynamicType],
  ['gv', globalValue],
  ['sig', signatureDeclaration],
  ['fn', functionDeclaration],
  ['const', constant],
  ['region', region],
  ['userextname', userName],
]

function stackSlot(p: FunctionParser, n: number): void {
  const lex = p.lex
  const dynamic = lex.isWord('explicit_dynamic_slot')
  if (dynamic) throw lex.error('a dynamic stack slot is declared as dss0')
  if (!lex.eatWord('explicit_slot')) throw lex.expected('`explicit_slot` and its size')
  const size = parseUint(lex, 0xffff_ffff, 'the size in bytes')
  let alignShift = 0
  let key: bigint | undefined
  while (lex.eat(COMMA)) {
    if (lex.eatWord('align')) {
      lex.expect(ASSIGN, '`=`')
      const align = lex.num
      if (lex.kind !== INT || !(align >= 1 && align <= 0x8000_0000) || 2 ** Math.floor(Math.log2(align)) !== align)
        throw lex.expected('an alignment that is a power of two')
      alignShift = Math.log2(align)
      lex.next()
    } else if (lex.eatWord('key')) {
      lex.expect(ASSIGN, '`=`')
      key = BigInt.asUintN(64, parseInt64(lex, 'the key'))
    } else {
      throw lex.expected('`align = ...` or `key = ...`')
    }
  }
  place(p.func.stackSlots, n, { kind: 'explicit_slot', size, alignShift, key }, () => ({
    kind: 'explicit_slot',
    size: 0,
    alignShift: 0,
    key: undefined,
  }))
}

function dynamicStackSlot(p: FunctionParser, n: number): void {
  const lex = p.lex
  if (!lex.eatWord('explicit_dynamic_slot')) throw lex.expected('`explicit_dynamic_slot` and its type')
  const dt = lex.entity('dt')
  if (dt < 0 || dt > MAX_DECLARATION) throw lex.expected('a dynamic type, such as dt0')
  lex.next()
  place(p.func.dynamicStackSlots, n, { type: dt as DynamicType }, () => ({ type: 0 as DynamicType }))
}

function dynamicType(p: FunctionParser, n: number): void {
  const lex = p.lex
  const base = parseTypeName(lex)
  if (base < 16 || base > 255) throw lex.errorAt(lex.lastEnd, 'expected a vector type before `*`')
  lex.expect(STAR, '`*`')
  const scale = p.globalValue()
  place(p.func.dynamicTypes, n, { base, scale }, () => ({ base, scale }))
}

function globalValue(p: FunctionParser, n: number): void {
  // The gap is a symbol without a name, which is not printed.
  place<GlobalValueData>(p.func.globalValues, n, globalValueData(p), () => ({
    kind: 'symbol',
    name: { kind: 'testcase', name: '' },
    offset: 0n,
    colocated: false,
    tls: false,
  }))
}

function globalValueData(p: FunctionParser): GlobalValueData {
  const lex = p.lex
  if (lex.eatWord('vmctx')) return { kind: 'vmctx' }
  if (lex.eatWord('load')) {
    const type = suffix(p)
    const flags = parseMemFlags(lex)
    const base = p.globalValue()
    return { kind: 'load', base, offset: parseOffset(lex), type, flags }
  }
  if (lex.eatWord('iadd_imm')) {
    const type = suffix(p)
    const base = p.globalValue()
    lex.expect(COMMA, '`,`')
    return { kind: 'iadd_imm', base, offset: parseInt64(lex, 'an integer'), type }
  }
  if (lex.eatWord('symbol')) {
    const colocated = lex.eatWord('colocated')
    const tls = lex.eatWord('tls')
    const name = p.externalName()
    const c = lex.kind === INT ? lex.text.charCodeAt(lex.start) : 0
    return { kind: 'symbol', name, offset: c === 43 || c === 45 ? parseInt64(lex, 'an offset') : 0n, colocated, tls }
  }
  if (lex.eatWord('dyn_scale_target_const')) return { kind: 'dyn_scale_target_const', type: suffix(p) }
  throw lex.expected('vmctx, load, iadd_imm, symbol or dyn_scale_target_const')
}

function suffix(p: FunctionParser): Type {
  p.lex.expect(DOT, '`.` and a type')
  return parseTypeName(p.lex)
}

function signatureDeclaration(p: FunctionParser, n: number): void {
  place<Signature>(p.func.signatures, n, parseSignature(p.lex), () => ({ params: [], returns: [], callConv: 'fast' }))
}

function functionDeclaration(p: FunctionParser, n: number): void {
  const lex = p.lex
  const colocated = lex.eatWord('colocated')
  const patchable = lex.eatWord('patchable')
  const name = p.externalName()
  let signature: SigRef
  if (lex.kind === LPAREN) {
    signature = p.inlineSignature()
  } else {
    const sig = lex.entity('sig')
    if (sig < 0) throw lex.expected('a signature, such as sig0 or (i32) -> i32')
    if (!p.isDeclared('sig', sig)) throw lex.error(`sig${sig} is not declared`)
    lex.next()
    signature = sig as SigRef
  }
  // The gap has no signature; it is not printed, and nothing can refer to it.
  place<ExtFunc>(p.func.extFuncs, n, { name, signature, colocated, patchable }, () => ({
    name: { kind: 'testcase', name: '' },
    signature: -1 as SigRef,
    colocated: false,
    patchable: false,
  }))
}

function constant(p: FunctionParser, n: number): void {
  const lex = p.lex
  let bytes: Uint8Array
  if (lex.eat(LBRACKET)) {
    const list: number[] = []
    while (lex.kind !== RBRACKET) list.push(parseUint(lex, 255, 'a byte'))
    lex.next()
    bytes = Uint8Array.from(list)
  } else {
    bytes = parseConstantBytes(lex)
  }
  if (bytes.length === 0) throw lex.error(`const${n} is empty`)
  place<Uint8Array>(p.func.constants, n as Constant, bytes, () => new Uint8Array(0))
}

function region(p: FunctionParser, n: number): void {
  const lex = p.lex
  const userId = parseUint(lex, 0xffff_ffff, "the region's number")
  let description = ''
  if (lex.kind === STRING) {
    description = lex.str
    lex.next()
  }
  const table = p.func.aliasRegions
  if (n !== table.length)
    throw lex.error(`region${n}: alias regions are declared in order, region${table.length} is next`)
  table[n as AliasRegion] = { userId, description }
}

function userName(p: FunctionParser, n: number): void {
  const lex = p.lex
  const namespace = lex.entity('u')
  if (namespace < 0) throw lex.expected('a name, such as u0:1')
  lex.next()
  lex.expect(COLON, '`:`')
  const index = parseUint(lex, 0xffff_ffff, 'an index')
  if (n !== p.func.userNames.length)
    throw lex.error(`userextname${n}: names are declared in order, userextname${p.func.userNames.length} is next`)
  p.func.userNames.push({ namespace, index })
}
