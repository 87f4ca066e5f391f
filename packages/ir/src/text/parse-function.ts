// One function: header, declarations, blocks.
import type { Block, GlobalValue, SigRef, UserExternalNameRef } from '../entities.ts'
import { Func, PARAM } from '../function.ts'
import type { ExternalName, FunctionName } from '../signature.ts'
import { dynamicOf, INVALID, type Type } from '../types.ts'
import {
  ASSIGN,
  BLOCK,
  COLON,
  COMMA,
  EOF,
  IDENT,
  LBRACE,
  type Lexer,
  LPAREN,
  NAME,
  RBRACE,
  RPAREN,
  VALUE,
} from './lexer.ts'
import { KNOWN_SYMBOLS, LIBCALLS } from './names.ts'
import { declarations, MAX_DECLARATION } from './parse-declarations.ts'
import { parseStatement } from './parse-inst.ts'
import { parseSignature, parseTypeName, parseUint } from './parse-types.ts'
import { ValueTable } from './values.ts'

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
