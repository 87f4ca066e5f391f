// Instructions: results, opcode with its optional type, operands by format, stack map, debug tags.
import { floatCCNames, intCCNames } from '../condcodes.ts'
import type {
  Block,
  BlockCall,
  DynamicStackSlot,
  FuncRef,
  GlobalValue,
  Inst,
  SigRef,
  StackSlot,
  Value,
} from '../entities.ts'
import { FORMATS, type FormatName, RMW_OPS } from '../format.ts'
import { type DebugTag, type ExceptionTableItem, exnArg, RESULT, retArg, type UserStackMapEntry } from '../function.ts'
import {
  NEEDS_CTRL_IN_TEXT,
  opByName,
  opFlags,
  opFormat,
  opName,
  opNumResults,
  POLYMORPHIC,
  VARIABLE_RESULTS,
} from '../opcodes/tables.ts'
import { F16, F32, F64, F128, INVALID, laneBits, type Type, typeName } from '../types.ts'
import { parseConstantBytes, parseFloatToken, parseLanes } from './data-value.ts'
import { parseBig } from './integers.ts'
import {
  ARROW,
  ASSIGN,
  AT,
  BLOCK,
  COLON,
  COMMA,
  DOT,
  GREATER,
  IDENT,
  INT,
  LBRACKET,
  LESS,
  type Lexer,
  LPAREN,
  RBRACKET,
  RPAREN,
  SRCLOC,
  STRING,
  VALUE,
} from './lexer.ts'
import type { FunctionParser } from './parse-function.ts'
import { parseInt32, parseMemFlags, parseOffset, parseTrap, parseUint } from './parse-types.ts'

// ---- pieces of operands

function value(p: FunctionParser): Value {
  const lex = p.lex
  if (lex.kind !== VALUE) throw lex.expected('a value, such as v1')
  const v = lex.num
  p.values.use(v, lex.start)
  lex.next()
  return v as Value
}

function arg(p: FunctionParser): void {
  p.args.push(value(p))
}

function comma(lex: Lexer): void {
  if (lex.kind !== COMMA) throw lex.expected('`,`')
  lex.next()
}

/** `(v1, v2)` */
function callArgs(p: FunctionParser): void {
  const lex = p.lex
  lex.expect(LPAREN, '`(` and the arguments')
  if (lex.kind !== RPAREN) {
    do arg(p)
    while (lex.eat(COMMA))
  }
  lex.expect(RPAREN, '`,` or `)`')
}

function block(p: FunctionParser): Block {
  const lex = p.lex
  if (lex.kind !== BLOCK) throw lex.expected('a block, such as block1')
  const b = p.useBlock(lex.num)
  lex.next()
  return b
}

/** `block1`, `block1(v2, ret0, exn1)` */
function blockCall(p: FunctionParser): BlockCall {
  const lex = p.lex
  const target = block(p)
  const args = p.blockArgs
  args.length = 0
  if (lex.eat(LPAREN)) {
    if (lex.kind !== RPAREN) {
      do {
        if (lex.kind === VALUE) {
          args.push(value(p))
          continue
        }
        const ret = lex.entity('ret')
        const exn = lex.entity('exn')
        if ((ret < 0 && exn < 0) || ret > 0xffff || exn > 0xffff)
          throw lex.expected('a block argument, such as v1, ret0 or exn0')
        args.push(ret >= 0 ? retArg(ret) : exnArg(exn))
        lex.next()
      } while (lex.eat(COMMA))
    }
    lex.expect(RPAREN, '`,` or `)`')
  }
  return p.func.makeBlockCall(target, args)
}

/** The number of a declared entity. */
function declared(p: FunctionParser, prefix: string, count: number, what: string): number {
  const lex = p.lex
  const n = lex.entity(prefix)
  if (n < 0) throw lex.expected(`${what}, such as ${prefix}0`)
  if (n >= count || !p.isDeclared(prefix, n)) throw lex.error(`${prefix}${n} is not declared`)
  lex.next()
  return n
}

function funcRef(p: FunctionParser): FuncRef {
  return declared(p, 'fn', p.func.extFuncs.length, 'a declared function') as FuncRef
}
function sigRef(p: FunctionParser): SigRef {
  return declared(p, 'sig', p.func.signatures.length, 'a declared signature') as SigRef
}

/** `[tag1: block2(exn0), default: block3, context v4]` */
function exceptionItems(p: FunctionParser): ExceptionTableItem[] {
  const lex = p.lex
  const items: ExceptionTableItem[] = []
  lex.expect(LBRACKET, '`[` and the handlers')
  while (lex.kind !== RBRACKET) {
    if (items.length > 0) comma(lex)
    const tag = lex.entity('tag')
    if (tag >= 0) {
      lex.next()
      lex.expect(COLON, '`:`')
      items.push({ kind: 'tag', tag, target: blockCall(p) })
    } else if (lex.eatWord('default')) {
      lex.expect(COLON, '`:`')
      items.push({ kind: 'default', target: blockCall(p) })
    } else if (lex.eatWord('context')) {
      items.push({ kind: 'context', value: value(p) })
    } else {
      throw lex.expected('a handler (`tag1: block2`, `default: block3`, `context v4`) or `]`')
    }
  }
  lex.next()
  return items
}

function exceptionTable(p: FunctionParser): void {
  comma(p.lex)
  const signature = sigRef(p)
  comma(p.lex)
  const normal = blockCall(p)
  comma(p.lex)
  p.imm1 = p.func.createExceptionTable({ signature, normal, items: exceptionItems(p) })
}

function memFlags(p: FunctionParser): void {
  p.imm1 = parseMemFlags(p.lex)
}

function imm64(p: FunctionParser, type: Type): void {
  const lex = p.lex
  if (lex.kind !== INT) throw lex.expected('an integer')
  const width = laneBits(type)
  let n = lex.num
  if (width === 64 && Number.isNaN(n)) {
    const big = parseBig(lex.slice())
    if (big < -(1n << 63n) || big >= 1n << 64n) throw lex.error('the immediate does not fit in i64')
    p.imm0 = Number(BigInt.asIntN(32, big))
    p.imm1 = Number(BigInt.asIntN(32, big >> 32n))
  } else {
    const limit = 2 ** width
    if (!(n >= -limit / 2 && n < limit)) throw lex.error(`the immediate does not fit in ${typeName(type)}`)
    if (n < 0 && width < 64) n += limit
    p.imm0 = n | 0
    p.imm1 = Math.floor(n / 0x1_0000_0000) | 0
  }
  lex.next()
}

function float(p: FunctionParser, type: Type): void {
  const bits = parseFloatToken(p.lex, type)
  p.imm0 = Number(BigInt.asIntN(32, bits))
  p.imm1 = Number(BigInt.asIntN(32, bits >> 32n))
}

/** `const0`, `[1 2 3 4]`, `0x00`, or a float for f128. */
function constant(p: FunctionParser): void {
  const lex = p.lex
  if (lex.kind === IDENT && lex.entity('const') >= 0) {
    p.imm0 = declared(p, 'const', p.func.constants.length, 'a declared constant')
    return
  }
  const type = p.suffix === INVALID ? F128 : p.suffix
  p.imm0 = p.func.addConstant(parseLanes(lex, type))
}

function shuffleMask(p: FunctionParser): void {
  const lex = p.lex
  const at = lex.start
  let bytes: Uint8Array
  if (lex.eat(LBRACKET)) {
    const lanes: number[] = []
    for (; lex.kind !== RBRACKET; ) {
      lanes.push(parseUint(lex, 255, 'a lane index'))
      if (lex.kind === COMMA) lex.next()
    }
    lex.next()
    bytes = Uint8Array.from(lanes)
  } else {
    bytes = parseConstantBytes(lex)
  }
  if (bytes.length !== 16) throw lex.errorAt(at, `a shuffle mask has 16 bytes, found ${bytes.length}`)
  p.imm0 = p.func.immediates.push(bytes) - 1
}

function word(lex: Lexer, words: readonly string[], what: string): number {
  const i = lex.kind === IDENT ? words.indexOf(lex.slice()) : -1
  if (i < 0) throw lex.expected(what)
  lex.next()
  return i
}

// ---- operands by format

type OperandParser = (p: FunctionParser, inst: Inst) => void

/** The words and lists of each format: pushes value operands to `args`, sets `imm0`, `imm1`, and `calleeSig` for calls. */
const operandsOf: { readonly [F in FormatName]: OperandParser } = {
  NullAry() {},
  Unary: arg,
  Binary(p) {
    arg(p)
    comma(p.lex)
    arg(p)
  },
  Ternary(p) {
    arg(p)
    comma(p.lex)
    arg(p)
    comma(p.lex)
    arg(p)
  },
  MultiAry(p) {
    // `return` on a line of its own may be followed by a line that starts with a value.
    if (p.lex.kind !== VALUE || p.lex.line !== p.line) return
    do arg(p)
    while (p.lex.eat(COMMA))
  },
  UnaryImm: (p) => imm64(p, p.suffix),
  UnaryIeee16: (p) => float(p, F16),
  UnaryIeee32: (p) => float(p, F32),
  UnaryIeee64: (p) => float(p, F64),
  UnaryConst: constant,
  UnaryGlobalValue(p) {
    p.imm0 = declared(p, 'gv', p.func.globalValues.length, 'a declared global value') as GlobalValue
  },
  BinaryImm8(p) {
    arg(p)
    comma(p.lex)
    p.imm0 = parseUint(p.lex, 255, 'a lane')
  },
  TernaryImm8(p) {
    arg(p)
    comma(p.lex)
    arg(p)
    comma(p.lex)
    p.imm0 = parseUint(p.lex, 255, 'a lane')
  },
  Shuffle(p) {
    arg(p)
    comma(p.lex)
    arg(p)
    comma(p.lex)
    shuffleMask(p)
  },
  IntCompare(p) {
    p.imm0 = word(p.lex, intCCNames, 'an integer condition code, such as slt')
    arg(p)
    comma(p.lex)
    arg(p)
  },
  FloatCompare(p) {
    p.imm0 = word(p.lex, floatCCNames, 'a float condition code, such as lt')
    arg(p)
    comma(p.lex)
    arg(p)
  },
  IntAddTrap(p) {
    arg(p)
    comma(p.lex)
    arg(p)
    comma(p.lex)
    p.imm0 = parseTrap(p.lex)
  },
  Jump(p) {
    p.imm0 = blockCall(p)
  },
  Brif(p) {
    arg(p)
    comma(p.lex)
    p.imm0 = blockCall(p)
    comma(p.lex)
    p.imm1 = blockCall(p)
  },
  BranchTable(p) {
    const lex = p.lex
    arg(p)
    comma(lex)
    const otherwise = blockCall(p)
    comma(lex)
    lex.expect(LBRACKET, '`[` and the entries of the jump table')
    const entries: BlockCall[] = []
    if (lex.kind !== RBRACKET) {
      do entries.push(blockCall(p))
      while (lex.eat(COMMA))
    }
    lex.expect(RBRACKET, '`,` or `]`')
    p.imm0 = p.func.createJumpTable({ default: otherwise, entries })
  },
  Trap(p) {
    p.imm0 = parseTrap(p.lex)
  },
  CondTrap(p) {
    arg(p)
    comma(p.lex)
    p.imm0 = parseTrap(p.lex)
  },
  Call(p) {
    const fn = funcRef(p)
    p.imm0 = fn
    p.calleeSig = p.func.extFuncs[fn].signature
    callArgs(p)
  },
  CallIndirect(p) {
    p.imm0 = sigRef(p)
    p.calleeSig = p.imm0
    comma(p.lex)
    arg(p)
    callArgs(p)
  },
  TryCall(p) {
    p.imm0 = funcRef(p)
    callArgs(p)
    exceptionTable(p)
  },
  TryCallIndirect(p) {
    arg(p)
    callArgs(p)
    exceptionTable(p)
  },
  FuncAddr(p) {
    p.imm0 = funcRef(p)
  },
  Load(p) {
    memFlags(p)
    arg(p)
    p.imm0 = parseOffset(p.lex)
  },
  Store(p) {
    memFlags(p)
    arg(p)
    comma(p.lex)
    arg(p)
    p.imm0 = parseOffset(p.lex)
  },
  LoadNoOffset(p) {
    memFlags(p)
    arg(p)
  },
  StoreNoOffset(p) {
    memFlags(p)
    arg(p)
    comma(p.lex)
    arg(p)
  },
  AtomicRmw(p) {
    memFlags(p)
    p.imm0 = word(p.lex, RMW_OPS, 'an atomic operation, such as add')
    arg(p)
    comma(p.lex)
    arg(p)
  },
  AtomicCas(p) {
    memFlags(p)
    arg(p)
    comma(p.lex)
    arg(p)
    comma(p.lex)
    arg(p)
  },
  StackAddr(p) {
    p.imm0 = declared(p, 'ss', p.func.stackSlots.length, 'a declared stack slot') as StackSlot
    p.imm1 = parseOffset(p.lex)
  },
  DynamicStackAddr(p) {
    p.imm0 = declared(p, 'dss', p.func.dynamicStackSlots.length, 'a declared dynamic stack slot') as DynamicStackSlot
  },
  ExceptionHandlerAddress(p) {
    p.imm0 = block(p)
    comma(p.lex)
    p.imm1 = parseInt32(p.lex, 'the number of a handler')
  },
}

const operandParsers: readonly OperandParser[] = FORMATS.map((f) => operandsOf[f])

// ---- what stands around an instruction

/** `<0, ss1, 5>`, after its `<`. */
function debugTags(p: FunctionParser): DebugTag[] {
  const lex = p.lex
  const tags: DebugTag[] = []
  while (lex.kind !== GREATER) {
    if (tags.length > 0) comma(lex)
    if (lex.kind === INT) tags.push({ kind: 'user', value: parseUint(lex, 0xffff_ffff, 'a tag') })
    else
      tags.push({
        kind: 'slot',
        slot: declared(p, 'ss', p.func.stackSlots.length, 'a tag or a declared stack slot') as StackSlot,
      })
  }
  lex.next()
  return tags
}

/** `stack_map=[i32 @ ss0+4, ...]`, from its first word. */
function stackMap(p: FunctionParser): UserStackMapEntry[] {
  const lex = p.lex
  if (!lex.eatWord('stack_map')) throw lex.expected('`stack_map=[...]`')
  lex.expect(ASSIGN, '`=`')
  lex.expect(LBRACKET, '`[`')
  const entries: UserStackMapEntry[] = []
  while (lex.kind !== RBRACKET) {
    if (entries.length > 0) comma(lex)
    const type = p.type()
    lex.expect(AT, '`@`')
    const slot = declared(p, 'ss', p.func.stackSlots.length, 'a declared stack slot') as StackSlot
    entries.push({ type, slot, offset: parseOffset(lex) })
  }
  lex.next()
  return entries
}

/** One line of a body: an instruction, an alias `v5 -> v3`, or a label `v5: "name"`. */
export function parseStatement(p: FunctionParser, into: Block): void {
  const { lex, func, values } = p
  lex.setOwner('inst', func.numInsts)
  let srcloc = -1
  if (lex.kind === SRCLOC) {
    srcloc = lex.num | 0
    lex.next()
  }
  const tags = lex.eat(LESS) ? debugTags(p) : undefined
  p.args.length = 0
  p.resultNums.length = 0
  if (lex.kind === VALUE) {
    const v = lex.num
    const at = lex.start
    lex.next()
    if (lex.kind === ARROW && srcloc === -1 && tags === undefined) {
      lex.next()
      if (lex.kind !== VALUE) throw lex.expected('the value that the alias stands for')
      values.alias(v, lex.num, at)
      lex.next()
      return
    }
    if (lex.kind === COLON && srcloc === -1 && tags === undefined) {
      lex.next()
      if (lex.kind !== STRING) throw lex.expected('a label in quotes')
      values.use(v, at)
      func.valueLabels.set(v as Value, lex.str)
      lex.next()
      return
    }
    p.resultNums.push(v, at)
    while (lex.eat(COMMA)) {
      if (lex.kind !== VALUE) throw lex.expected('a result, such as v1')
      p.resultNums.push(lex.num, lex.start)
      lex.next()
    }
    if (lex.kind !== ASSIGN) throw lex.expected('`=`, `,` or `->`')
    lex.next()
  }

  const at = lex.start
  p.line = lex.line
  const op = lex.kind === IDENT ? opByName.get(lex.slice()) : undefined
  if (op === undefined) throw lex.expected('an opcode')
  lex.next()
  const flags = opFlags[op]
  p.suffix = INVALID
  if (lex.kind === DOT) {
    if ((flags & POLYMORPHIC) === 0) throw lex.error(`${opName[op]} has no controlling type`)
    lex.next()
    p.suffix = p.type()
  } else if ((flags & NEEDS_CTRL_IN_TEXT) !== 0) {
    throw lex.error(`${opName[op]} needs its type, as in ${opName[op]}.i32`)
  }
  p.imm0 = 0
  p.imm1 = 0
  operandParsers[opFormat[op]](p, func.numInsts as Inst)

  const args = func.pool.from(p.args)
  const inst = func.makeInst(op, INVALID, args, p.imm0, p.imm1)
  func.srcloc[inst] = srcloc
  func.appendInst(inst, into)
  p.noteInst(p.line)
  if (tags !== undefined) func.debugTags.set(inst, tags)
  if (lex.kind === COMMA) {
    lex.next()
    func.stackMaps.set(inst, stackMap(p))
  }

  const returns = (flags & VARIABLE_RESULTS) !== 0 ? func.signatures[p.calleeSig].returns : undefined
  const count = returns === undefined ? opNumResults[op] : returns.length
  const given = p.resultNums.length >> 1
  if (given !== count)
    throw lex.errorAt(
      at,
      `this ${opName[op]} has ${count} result${count === 1 ? '' : 's'}, but ${given} ${given === 1 ? 'is' : 'are'} named`,
    )
  if (count > 0) {
    func.results[inst] = func.pool.alloc(count)
    for (let i = 0; i < count; i++) {
      const v = p.resultNums[2 * i]
      values.define(v, RESULT, returns === undefined ? INVALID : returns[i].type, inst, i, p.resultNums[2 * i + 1])
      func.pool.data[func.results[inst] + i] = v
    }
  }
  if ((flags & POLYMORPHIC) !== 0) {
    values.typeInst(inst, p.suffix === INVALID ? values.operandType(op, args, p.args.length) : p.suffix, at)
  } else if (count > 0 && returns === undefined) {
    values.typeFixed(inst)
  }
}
