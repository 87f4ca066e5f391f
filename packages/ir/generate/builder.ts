// src/gen/ins-builder.ts: one method per opcode. The parameters come from the format; the arguments are in the order of the text form,
// after the controlling type where no operand gives it.
import * as C from '../src/opcodes/constraints.ts'
import { NEEDS_CTRL_IN_TEXT, POLYMORPHIC, TERMINATOR, VARIABLE_RESULTS } from '../src/opcodes/row.ts'
import type { FormatName } from '../src/format.ts'
import type { OpInfo } from './notation.ts'
import { HEADER } from './tables.ts'

/** How a format becomes a method: parameters, pool list of value arguments, immediate words. */
interface Shape {
  readonly params: readonly string[]
  readonly args: string
  readonly imm0?: string
  readonly imm1?: string
  /** The parameter whose type is the controlling type. */
  readonly typed?: string
}

const values = (...names: string[]): string[] => names.map((n) => `${n}: Value`)
const list = (...names: string[]): string => `f.pool.of${names.length}(${names.join(', ')})`

/** Operand names out of the text form: `v = iadd x, y` gives x, y. */
function operandNames(op: OpInfo): string[] {
  const text = op.text.includes(' = ') ? op.text.slice(op.text.indexOf(' = ') + 3) : op.text
  return text
    .slice(op.name.length)
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '')
}

const shapes: Record<FormatName, ((op: OpInfo) => Shape) | null> = {
  NullAry: () => ({ params: [], args: '0' }),
  Unary: (op) => plain(op),
  Binary: (op) => plain(op),
  Ternary: (op) => ({ ...plain(op), typed: operandNames(op)[1] }),
  MultiAry: () => ({ params: ['args: ArrayLike<Value>'], args: 'f.pool.from(args)' }),
  UnaryImm: null, // iconst: written by hand, with its immediate as number, bigint or words
  UnaryIeee16: null,
  UnaryIeee32: null,
  UnaryIeee64: null,
  UnaryConst: () => ({ params: ['constant: Constant'], args: '0', imm0: 'constant' }),
  UnaryGlobalValue: () => ({ params: ['gv: GlobalValue'], args: '0', imm0: 'gv' }),
  BinaryImm8: () => ({ params: ['x: Value', 'lane: number'], args: list('x'), imm0: 'lane', typed: 'x' }),
  TernaryImm8: () => ({
    params: [...values('x', 'y'), 'lane: number'],
    args: list('x', 'y'),
    imm0: 'lane',
    typed: 'x',
  }),
  Shuffle: () => ({ params: [...values('x', 'y'), 'mask: Immediate'], args: list('x', 'y'), imm0: 'mask' }),
  IntCompare: () => ({ params: ['cc: IntCC', ...values('x', 'y')], args: list('x', 'y'), imm0: 'cc', typed: 'x' }),
  FloatCompare: () => ({ params: ['cc: FloatCC', ...values('x', 'y')], args: list('x', 'y'), imm0: 'cc', typed: 'x' }),
  IntAddTrap: () => ({ params: [...values('x', 'y'), 'code: number'], args: list('x', 'y'), imm0: 'code', typed: 'x' }),
  Jump: () => ({
    params: ['block: Block', 'args: ArrayLike<Value> = NO_ARGS'],
    args: '0',
    imm0: 'f.makeBlockCall(block, args)',
  }),
  Brif: () => ({
    params: [
      'c: Value',
      'thenBlock: Block',
      'thenArgs: ArrayLike<Value>',
      'elseBlock: Block',
      'elseArgs: ArrayLike<Value>',
    ],
    args: list('c'),
    imm0: 'f.makeBlockCall(thenBlock, thenArgs)',
    imm1: 'f.makeBlockCall(elseBlock, elseArgs)',
    typed: 'c',
  }),
  BranchTable: () => ({ params: ['x: Value', 'table: JumpTable'], args: list('x'), imm0: 'table' }),
  Trap: () => ({ params: ['code: number'], args: '0', imm0: 'code' }),
  CondTrap: () => ({ params: ['c: Value', 'code: number'], args: list('c'), imm0: 'code', typed: 'c' }),
  Call: () => ({ params: ['fn: FuncRef', 'args: ArrayLike<Value>'], args: 'f.pool.from(args)', imm0: 'fn' }),
  CallIndirect: () => ({
    params: ['sig: SigRef', 'callee: Value', 'args: ArrayLike<Value>'],
    args: 'this.calleeAndArgs(callee, args)',
    imm0: 'sig',
    typed: 'callee',
  }),
  TryCall: () => ({
    params: ['fn: FuncRef', 'args: ArrayLike<Value>', 'table: ExceptionTable'],
    args: 'f.pool.from(args)',
    imm0: 'fn',
    imm1: 'table',
  }),
  TryCallIndirect: () => ({
    params: ['callee: Value', 'args: ArrayLike<Value>', 'table: ExceptionTable'],
    args: 'this.calleeAndArgs(callee, args)',
    imm1: 'table',
    typed: 'callee',
  }),
  FuncAddr: () => ({ params: ['fn: FuncRef'], args: '0', imm0: 'fn' }),
  Load: () => ({
    params: ['flags: MemFlags', 'addr: Value', 'offset = 0'],
    args: list('addr'),
    imm0: 'offset',
    imm1: 'flags',
    typed: 'addr',
  }),
  Store: () => ({
    params: ['flags: MemFlags', ...values('x', 'addr'), 'offset = 0'],
    args: list('x', 'addr'),
    imm0: 'offset',
    imm1: 'flags',
    typed: 'x',
  }),
  LoadNoOffset: () => ({ params: ['flags: MemFlags', 'x: Value'], args: list('x'), imm1: 'flags' }),
  StoreNoOffset: () => ({
    params: ['flags: MemFlags', ...values('x', 'addr')],
    args: list('x', 'addr'),
    imm1: 'flags',
    typed: 'x',
  }),
  AtomicRmw: () => ({
    params: ['flags: MemFlags', 'rmw: number', ...values('addr', 'x')],
    args: list('addr', 'x'),
    imm0: 'rmw',
    imm1: 'flags',
  }),
  AtomicCas: () => ({
    params: ['flags: MemFlags', ...values('addr', 'e', 'x')],
    args: list('addr', 'e', 'x'),
    imm1: 'flags',
    typed: 'x',
  }),
  StackAddr: () => ({ params: ['slot: StackSlot', 'offset = 0'], args: '0', imm0: 'slot', imm1: 'offset' }),
  DynamicStackAddr: () => ({ params: ['slot: DynamicStackSlot'], args: '0', imm0: 'slot' }),
  ExceptionHandlerAddress: () => ({
    params: ['block: Block', 'index: number'],
    args: '0',
    imm0: 'block',
    imm1: 'index',
  }),
}

function plain(op: OpInfo): Shape {
  const names = operandNames(op)
  return { params: values(...names), args: list(...names), typed: names[0] }
}

function resultExpr(constraint: number): string {
  const simple: Record<number, string> = {
    [C.SAME]: 't',
    [C.LANE]: '(t & 15) as Type',
    [C.TRUTHY]: 'truthy(t)',
    [C.HALF]: 'half(t)',
    [C.DOUBLE]: 'double(t)',
    [C.SPLIT]: 'split(t)',
    [C.MERGE]: 'merge(t)',
    [C.FIXED]: 'fixed(t)',
    [C.CONCRETE]: `${constraint & C.PAYLOAD} as Type`,
  }
  return simple[constraint >> C.KIND_SHIFT]
}

function method(op: OpInfo): string {
  const make = shapes[op.format]
  if (make === null) return ''
  const { params, args, imm0 = '0', imm1 = '0', typed } = make(op)
  const explicit = (op.flags & NEEDS_CTRL_IN_TEXT) !== 0
  const body: string[] = []
  let ctrl = '0 as Type'
  if (explicit) ctrl = 't'
  else if ((op.flags & POLYMORPHIC) !== 0) {
    ctrl = 't'
    body.push(`const t = f.valType[${typed}] as Type`)
  }
  const common = `${op.number}, ${ctrl}, ${args}, ${imm0}, ${imm1}`
  let returns = 'Inst'
  if ((op.flags & VARIABLE_RESULTS) !== 0) {
    const sig = op.format === 'Call' ? 'f.extFuncs[fn].signature' : 'sig'
    body.push(`return this.insertCall(${common}, ${sig})`)
  } else if ((op.flags & TERMINATOR) !== 0) {
    body.push(`return this.insertTerminator(${common})`)
  } else if (op.results.length === 0) {
    body.push(`return this.insert(${common})`)
  } else if (op.results.length === 1) {
    returns = 'Value'
    body.push(`return this.insert1(${common}, ${resultExpr(op.results[0])})`)
  } else {
    body.push(`return this.insert2(${common}, ${op.results.map(resultExpr).join(', ')})`)
  }
  const needsFunc = body.some((l) => /\bf\./.test(l))
  if (needsFunc) body.unshift('const f = this.func')
  const all = explicit ? ['t: Type', ...params] : params
  const lines = body.map((l) => `    ${l}\n`).join('')
  return `  /** \`${op.text}\`: ${op.meaning} */\n  ${op.name}(${all.join(', ')}): ${returns} {\n${lines}  }\n`
}

const ENTITIES = [
  'Block',
  'Constant',
  'DynamicStackSlot',
  'ExceptionTable',
  'FuncRef',
  'GlobalValue',
  'Immediate',
  'Inst',
  'JumpTable',
  'SigRef',
  'StackSlot',
  'Value',
]

export function builderModule(ops: readonly OpInfo[]): string {
  const methods = ops.map(method).filter((m) => m !== '')
  return `${HEADER}import { InstInserter, NO_ARGS } from '../builder/inserter.ts'
import type { FloatCC, IntCC } from '../condcodes.ts'
import type { ${ENTITIES.join(', ')} } from '../entities.ts'
import type { MemFlags } from '../memflags.ts'
import { double, fixed, half, merge, split, truthy } from '../opcodes/constraints.ts'
import type { Type } from '../types.ts'

/** One method per opcode; each inserts an instruction at the inserter's position. */
export abstract class OpcodeMethods extends InstInserter {
${methods.join('\n')}}
`
}
