// Random well-typed functions, opcodes and types chosen from the opcode table.
import {
  type Block,
  bits,
  Constraint,
  ctrlAllows,
  F16,
  F32,
  F64,
  Format,
  Func,
  FunctionBuilder,
  I128,
  I16,
  I32,
  I64,
  I8,
  inTypeSet,
  isInt,
  laneCount,
  NEEDS_CTRL_IN_TEXT,
  NUM_OPCODES,
  Op,
  operandConstraint,
  opFlags,
  opFormat,
  opName,
  opNumOperands,
  POLYMORPHIC,
  satisfies,
  signature,
  type Type,
  type Value,
  type Variable,
  vectorOf,
  opNumResults,
  F128,
} from '../src/index.ts'
import type { Entropy } from './entropy.ts'

export const SCALARS: readonly Type[] = [I8, I16, I32, I64, I128, F16, F32, F64, F128]
export const ALL_TYPES: readonly Type[] = SCALARS.flatMap((t) => [t, ...[2, 4, 8, 16].map((n) => vectorOf(t, n))])

/** Formats of opcodes that compute something from values and small immediates (extract_vector aside: dynamic vectors have no constants). */
const COMPUTING = new Set<number>([
  Format.Unary,
  Format.Binary,
  Format.Ternary,
  Format.IntCompare,
  Format.FloatCompare,
  Format.IntAddTrap,
  Format.CondTrap,
  Format.BinaryImm8,
  Format.TernaryImm8,
  Format.Shuffle,
  Format.LoadNoOffset,
  Format.StoreNoOffset,
  Format.Load,
  Format.Store,
  Format.AtomicRmw,
  Format.AtomicCas,
])
export const computingOpcodes: readonly number[] = Array.from({ length: NUM_OPCODES - 1 }, (_, i) => i + 1).filter(
  (op) => COMPUTING.has(opFormat[op]) && op !== Op.extract_vector,
)

/** Inserts a constant of type `t`. */
export function constant(b: FunctionBuilder, t: Type, n: number): Value {
  const { ins, func } = b
  if (t === I128) return ins.iconcat(ins.iconst(I64, n), ins.iconst(I64, -n))
  if (isInt(t)) return ins.iconst(t, n)
  if (t === F16) return ins.f16constBits(n)
  if (t === F32) return ins.f32const(n)
  if (t === F64) return ins.f64const(n / 7)
  const data = new Uint8Array(bits(t) >> 3).fill(n)
  return t === F128 ? ins.f128const(func.addConstant(data)) : ins.vconst(t, func.addConstant(data))
}

/** Controlling types that `op` can have. */
export function ctrlTypes(op: number): readonly Type[] {
  return ALL_TYPES.filter((t) => ctrlAllows(op, t) && opNumResultsFit(op, t))
}

/** Lanes of 4 bits or 4096-bit vectors do not exist: leave out types whose derived types leave the range. */
function opNumResultsFit(op: number, t: Type): boolean {
  const name = opName[op]
  if (/^(s|u|uu)narrow$|^unarrow$/.test(name)) return bits(t) >= 32 && laneCount(t) <= 8
  if (/widen/.test(name)) return laneCount(t) >= 2
  return true
}

/** Types that operand `i` of `op` may have under `ctrl`. */
export function operandTypes(op: number, i: number, ctrl: Type): readonly Type[] {
  const c = operandConstraint(op, i)
  const fixed = Constraint.derivedType(c, ctrl)
  if (fixed !== 0) return [fixed]
  return ALL_TYPES.filter((t) => inTypeSet(c & Constraint.PAYLOAD, t) && satisfies(c, t, ctrl))
}

/** Calls the builder method of `op` with `args`; `ctrl` where the method wants it. Returns a value or an instruction. */
export function callMethod(b: FunctionBuilder, op: number, ctrl: Type, args: Value[], e: Entropy): number {
  const method = (b.ins as unknown as Record<string, (...xs: unknown[]) => number>)[opName[op]]
  const params: unknown[] = (opFlags[op] & NEEDS_CTRL_IN_TEXT) !== 0 ? [ctrl] : []
  switch (opFormat[op]) {
    case Format.IntCompare:
      params.push(e.below(10), ...args)
      break
    case Format.FloatCompare:
      params.push(1 + e.below(14), ...args)
      break
    case Format.IntAddTrap:
    case Format.CondTrap:
      params.push(...args, 1 + e.below(255))
      break
    case Format.BinaryImm8:
    case Format.TernaryImm8:
      params.push(...args, e.below(laneCount(ctrl)))
      break
    case Format.Shuffle:
      params.push(...args, b.createShuffleMask(Array.from({ length: 16 }, () => e.below(32))))
      break
    case Format.Load:
    case Format.Store:
      params.push(0, ...args, e.below(1000) - 500)
      break
    case Format.AtomicRmw:
      params.push(0, e.below(11), ...args)
      break
    case Format.LoadNoOffset:
    case Format.StoreNoOffset:
    case Format.AtomicCas:
      params.push(op === Op.bitcast ? 4 : 0, ...args)
      break
    default:
      params.push(...args)
  }
  return method.apply(b.ins, params)
}

/** Inserts a random computation; its operands are variables of the right type or constants. */
function randomInst(b: FunctionBuilder, e: Entropy, vars: Map<Type, Variable>): void {
  const op = e.pick(computingOpcodes)
  const ctrl = (opFlags[op] & POLYMORPHIC) !== 0 ? e.pick(ctrlTypes(op)) : (0 as Type)
  const args: Value[] = []
  for (let i = 0; i < opNumOperands[op]; i++) {
    let choices = operandTypes(op, i, ctrl)
    const isAddress = /load|store|atomic/.test(opName[op]) && choices.every((t) => t === I32 || t === I64)
    if (isAddress && choices.length === 2) choices = [I64]
    if (op === Op.bitcast) choices = choices.filter((t) => bits(t) === bits(ctrl))
    if (choices.length === 0) return
    args.push(operandOf(b, e.pick(choices), e, vars))
  }
  if (
    opFormat[op] === Format.Load &&
    operandConstraint(op, 0) >> Constraint.KIND_SHIFT === Constraint.SAME &&
    ctrl !== I64
  )
    return
  const got = callMethod(b, op, ctrl, args, e)
  if (opNumResults[op] === 1) assign(b, got as Value, vars)
  else if (opNumResults[op] === 2) assign(b, b.func.result(got as never, e.below(2)), vars)
}

function operandOf(b: FunctionBuilder, t: Type, e: Entropy, vars: Map<Type, Variable>): Value {
  const v = vars.get(t)
  if (v !== undefined && e.below(4) !== 0) return b.useVar(v)
  return constant(b, t, e.below(300))
}

function assign(b: FunctionBuilder, value: Value, vars: Map<Type, Variable>): void {
  const t = b.func.typeOf(value)
  let v = vars.get(t)
  if (v === undefined) vars.set(t, (v = b.declareVar(t)))
  b.defVar(v, value)
}

/** A function `(i32, i64, f64) -> i32` with random blocks, branches of every kind, and computations. */
export function randomFunction(e: Entropy): Func {
  const func = new Func({ kind: 'testcase', name: 'random' }, signature([I32, I64, F64], [I32]))
  const b = new FunctionBuilder(func)
  const blocks = Array.from({ length: 1 + e.below(6) }, () => b.createBlock())
  b.appendBlockParamsForFunctionParams(blocks[0])
  const vars = new Map<Type, Variable>()
  blocks.forEach((block, i) => {
    b.switchToBlock(block)
    b.setSrcloc(i)
    if (i === 0) for (const p of b.blockParams(block)) assign(b, p, vars)
    for (let n = e.below(6); n > 0; n--) randomInst(b, e, vars)
    terminate(b, e, blocks.slice(1), vars)
  })
  b.sealAllBlocks()
  b.finalize()
  return func
}

function terminate(b: FunctionBuilder, e: Entropy, targets: readonly Block[], vars: Map<Type, Variable>): void {
  const kind = targets.length === 0 ? e.below(2) : e.below(5)
  if (kind === 0) b.ins.return([operandOf(b, I32, e, vars)])
  else if (kind === 1) b.ins.trap(1 + e.below(255))
  else if (kind === 2) b.ins.jump(e.pick(targets))
  else if (kind === 3) {
    const c = operandOf(b, e.pick([I8, I16, I32, I64, I128]), e, vars)
    b.ins.brif(c, e.pick(targets), [], e.pick(targets), [])
  } else {
    const entries = Array.from({ length: e.below(4) }, () => [e.pick(targets)] as const)
    b.ins.br_table(operandOf(b, I32, e, vars), b.createJumpTable([e.pick(targets)], entries))
  }
}
