// One function: header, declarations, blocks.
import type {
  AliasRegion,
  Block,
  Constant,
  DynamicType,
  GlobalValue,
  SigRef,
  UserExternalNameRef,
} from '../entities.ts'
import { Func, type GlobalValueData, PARAM } from '../function.ts'
import type { ExternalName, ExtFunc, FunctionName, Signature } from '../signature.ts'
import { dynamicOf, INVALID, type Type } from '../types.ts'
import { parseConstantBytes } from './data-value.ts'
import {
  ASSIGN,
  BLOCK,
  COLON,
  COMMA,
  DOT,
  EOF,
  IDENT,
  INT,
  LBRACE,
  LBRACKET,
  type Lexer,
  LPAREN,
  NAME,
  RBRACE,
  RBRACKET,
  RPAREN,
  STAR,
  STRING,
  VALUE,
} from './lexer.ts'
import { KNOWN_SYMBOLS, LIBCALLS } from './names.ts'
import { parseStatement } from './parse-inst.ts'
import { parseInt64, parseMemFlags, parseOffset, parseSignature, parseTypeName, parseUint } from './parse-types.ts'
import { ValueTable } from './values.ts'

/** Declarations of one kind have numbers up to here; the numbers between those that the text declares are filled. */
const MAX_DECLARATION = 65_534

/** Which line of the text each entity of a function stands on. */
export interface SourceMap {
  /** Line of the function's header. */
  readonly functionLine: number
  /** Line by instruction number. */
  readonly instLines: readonly number[]
  /** Line by name of any other entity: `block0`, `gv1`, `sig0` (an inline signature has its function's line). */
  readonly lines: ReadonlyMap<string, number>
}

/** The state of one function's parser, shared by the operand parsers. */
export class FunctionParser {
  readonly lex: Lexer
  readonly func: Func
  readonly values: ValueTable
  readonly functionLine: number
  /** Offset of the word `function`. */
  readonly start: number

  // What the instruction being parsed consists of; operand parsers write here.
  readonly args: number[] = []
  readonly blockArgs: number[] = []
  /** Pairs of a result's number and its offset. */
  readonly resultNums: number[] = []
  suffix: Type = INVALID
  imm0 = 0
  imm1 = 0
  calleeSig = 0
  /** Line of the opcode. */
  line = 0

  /** Declared entities of the preamble and blocks, by name, with their line. */
  private readonly lines = new Map<string, number>()
  private readonly instLines: number[] = []

  constructor(lex: Lexer) {
    this.lex = lex
    this.functionLine = lex.line
    this.start = lex.start
    lex.setOwner('function', -1)
    if (!lex.eatWord('function')) throw lex.expected('`function`')
    const name = parseFunctionName(lex)
    if (lex.kind !== LPAREN) throw lex.expected('`(` and the parameters of the function')
    this.func = new Func(name, parseSignature(lex))
    this.values = new ValueTable(this.func, lex)
  }

  /** From the `{` to the `}`. */
  body(): void {
    const lex = this.lex
    lex.expect(LBRACE, '`{` and the body of the function')
    while (lex.kind === IDENT) this.declaration()
    while (lex.kind !== RBRACE) {
      if (lex.kind === EOF) throw lex.expected('a block or `}`')
      this.block()
    }
    this.checkGlobals()
    lex.setOwner('function', -1)
    lex.next()
    this.values.finish()
  }

  sourceMap(): SourceMap {
    return { functionLine: this.functionLine, instLines: this.instLines, lines: this.lines }
  }

  noteInst(line: number): void {
    this.instLines.push(line)
  }

  isDeclared(prefix: string, n: number): boolean {
    return this.lines.has(prefix + n)
  }

  /** A type by name, or a declared dynamic type (`dt0`). */
  type(): Type {
    const lex = this.lex
    const dt = lex.entity('dt')
    if (dt < 0) return parseTypeName(lex)
    if (!this.isDeclared('dt', dt)) throw lex.error(`dt${dt} is not declared`)
    lex.next()
    return dynamicOf(this.func.dynamicTypes[dt].base)
  }

  /** The block with number `n`, made if the text has not named it before. */
  useBlock(n: number): Block {
    if (n > this.func.numBlocks) this.lex.skipNumbers(n - this.func.numBlocks, this.lex.start)
    while (this.func.numBlocks <= n) this.func.makeBlock()
    return n as Block
  }

  // ---- declarations

  private declaration(): void {
    const lex = this.lex
    if (lex.isWord('stack_limit')) {
      lex.setOwner('function', -1)
      lex.next()
      lex.expect(ASSIGN, '`=`')
      this.func.stackLimit = this.globalValue()
      return
    }
    for (const [prefix, parse] of declarations) {
      const n = lex.entity(prefix)
      if (n < 0) continue
      if (n > MAX_DECLARATION) throw lex.error(`${prefix}${n}: entity number is too large`)
      if (this.isDeclared(prefix, n)) throw lex.error(`${prefix}${n} is declared twice`)
      if (n > this.declared(prefix)) lex.skipNumbers(n - this.declared(prefix), lex.start)
      lex.setOwner(prefix, n)
      this.lines.set(prefix + n, lex.line)
      lex.next()
      lex.expect(ASSIGN, '`=`')
      parse(this, n)
      return
    }
    throw lex.expected('a declaration (ss0, dss0, dt0, gv0, sig0, fn0, const0, region0, stack_limit), a block or `}`')
  }

  /** Number of entities with `prefix` so far. */
  private declared(prefix: string): number {
    const { stackSlots, dynamicStackSlots, dynamicTypes, globalValues, signatures, extFuncs, constants } = this.func
    const table = {
      ss: stackSlots,
      dss: dynamicStackSlots,
      dt: dynamicTypes,
      gv: globalValues,
      sig: signatures,
      fn: extFuncs,
      const: constants,
    }
    return table[prefix as keyof typeof table]?.length ?? 0
  }

  /** A reference to a global value, which may be declared later. */
  globalValue(): GlobalValue {
    const lex = this.lex
    const n = lex.entity('gv')
    if (n < 0) throw lex.expected('a global value, such as gv0')
    if (n > MAX_DECLARATION) throw lex.error(`gv${n}: entity number is too large`)
    this.globalUses.push(n, lex.start)
    lex.next()
    return n as GlobalValue
  }
  private readonly globalUses: number[] = []

  /** An inline signature gets the next free number. */
  inlineSignature(): SigRef {
    const line = this.lex.line
    const sig = this.func.importSignature(parseSignature(this.lex))
    this.lines.set(`sig${sig}`, line)
    return sig
  }

  externalName(): ExternalName {
    const lex = this.lex
    if (lex.kind === NAME) {
      const name = lex.str
      const quoted = lex.quoted
      lex.next()
      if (!quoted && LIBCALLS.has(name)) return { kind: 'libcall', name }
      if (!quoted && KNOWN_SYMBOLS.has(name)) return { kind: 'known', name }
      return { kind: 'testcase', name }
    }
    const ref = lex.entity('userextname')
    if (ref >= 0) {
      if (!this.isDeclared('userextname', ref)) throw lex.error(`userextname${ref} is not declared`)
      lex.next()
      return { kind: 'user', ref: ref as UserExternalNameRef }
    }
    const namespace = lex.entity('u')
    if (namespace < 0) throw lex.expected('a name, such as %name or u0:1')
    lex.next()
    lex.expect(COLON, '`:`')
    const index = parseUint(lex, 0xffff_ffff, 'an index')
    return { kind: 'user', ref: this.func.declareUserName({ namespace, index }) }
  }

  // ---- blocks

  private block(): void {
    const { lex, func, values } = this
    lex.setOwner('block', lex.kind === BLOCK ? lex.num : -1)
    if (lex.kind !== BLOCK) throw lex.expected('a block, such as block0, or `}`')
    const b = this.useBlock(lex.num)
    if (func.blockInserted[b] !== 0) throw lex.error(`block${b} is defined twice`)
    if (this.globalUses.length > 0) this.checkGlobals()
    this.lines.set(`block${b}`, lex.line)
    func.appendBlock(b)
    lex.next()
    if (lex.eat(LPAREN)) {
      const params: number[] = []
      while (lex.kind !== RPAREN) {
        if (params.length > 0) lex.expect(COMMA, '`,` or `)`')
        if (lex.kind !== VALUE) throw lex.expected('a block parameter, such as v0: i32')
        const v = lex.num
        const at = lex.start
        lex.next()
        lex.expect(COLON, '`:`')
        const type = this.type()
        values.define(v, PARAM, type, b, params.length, at)
        params.push(v)
      }
      lex.next()
      func.params[b] = func.pool.from(params)
    }
    if (lex.eatWord('cold')) func.cold[b] = 1
    lex.expect(COLON, '`:`')
    while (lex.kind !== BLOCK && lex.kind !== RBRACE) {
      if (lex.kind === EOF) throw lex.expected('an instruction, a block or `}`')
      parseStatement(this, b)
    }
  }

  /** Global values may be used before their declaration, but the preamble has to declare them. */
  checkGlobals(): void {
    for (let i = 0; i < this.globalUses.length; i += 2) {
      const gv = this.globalUses[i]
      if (!this.isDeclared('gv', gv)) throw this.lex.errorAt(this.globalUses[i + 1], `gv${gv} is not declared`)
    }
    this.globalUses.length = 0
  }
}

function parseFunctionName(lex: Lexer): FunctionName {
  if (lex.kind === NAME) {
    const name = lex.str
    lex.next()
    return { kind: 'testcase', name }
  }
  const namespace = lex.entity('u')
  if (namespace < 0) throw lex.expected('the name of the function, such as %name or u0:1')
  lex.next()
  lex.expect(COLON, '`:`')
  return { kind: 'user', namespace, index: parseUint(lex, 0xffff_ffff, 'an index') }
}

/** Sets entry `n` of `table`, filling the numbers below it that the text skips. */
function place<T>(table: T[], n: number, data: T, gap: () => T): void {
  while (table.length < n) table.push(gap())
  table[n] = data
}

const declarations: readonly (readonly [string, (p: FunctionParser, n: number) => void])[] = [
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
