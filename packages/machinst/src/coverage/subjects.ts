// Functions of one instruction each: every opcode at every scalar type and every vector type of up to 128 bits, with every combination of other operands'
// types that the opcode's constraints allow. Tables of what a back end lowers, and checks of what is tested, go through these.
import {
  bits,
  ctrlAllows,
  F128,
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
  laneCount,
  NEEDS_CTRL_IN_TEXT,
  NUM_OPCODES,
  operandConstraint,
  opFlags,
  opFormat,
  opName,
  opNumOperands,
  opNumResults,
  Op,
  parseFunctions,
  POLYMORPHIC,
  satisfies,
  signature,
  type Type,
  typeName,
  type Value,
  vectorOf,
} from '@k23/ir'

const scalars: readonly Type[] = [I8, I16, I32, I64, I128, F16, F32, F64, F128]
const vectors: readonly Type[] = [I8, I16, I32, I64, F16, F32, F64].flatMap((t) =>
  [16, 32, 64, 128].filter((n) => n / bits(t) > 1).map((n) => vectorOf(t, n / bits(t))),
)
const types: readonly Type[] = [...scalars, ...vectors]

/** One opcode at one type (`` where it has none): functions that differ in the types of other operands, which `note` names. */
export interface Subject {
  readonly op: string
  readonly type: string
  readonly functions: readonly { readonly note: string; readonly make: () => Func }[]
}

const dynamic = (body: string): string => `function %f(i32) -> i32x4 {
    gv0 = dyn_scale_target_const.i32x4
    dt0 = i32x4*gv0
    dss0 = explicit_dynamic_slot dt0
block0(v0: i32):
${body} }`

const COMPUTING: ReadonlySet<number> = new Set<number>([
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

/** Opcodes of other formats, in a function that uses them. */
const others: readonly (readonly [op: string, text: string])[] = [
  ['jump', 'function %f() { block0: jump block1 block1: return }'],
  ['brif', 'function %f(i32) { block0(v0: i32): brif v0, block1, block2 block1: return block2: return }'],
  [
    'br_table',
    'function %f(i32) { block0(v0: i32): br_table v0, block1, [block2, block1] block1: return block2: return }',
  ],
  ['trap', 'function %f() { block0: trap user1 }'],
  ['debugtrap', 'function %f() { block0: debugtrap return }'],
  ['call', 'function %f() { fn0 = %g() block0: call fn0() return }'],
  ['call_indirect', 'function %f(i64) { sig0 = () block0(v0: i64): call_indirect sig0, v0() return }'],
  ['return_call', 'function %f() tail { fn0 = %g() tail block0: return_call fn0() }'],
  ['return_call_indirect', 'function %f(i64) tail { sig0 = () tail block0(v0: i64): return_call_indirect sig0, v0() }'],
  [
    'try_call',
    'function %f() { fn0 = %g() system_v block0: try_call fn0(), sig0, block1, [default: block1] block1: return }',
  ],
  [
    'try_call_indirect',
    'function %f(i64) { sig0 = () system_v block0(v0: i64): try_call_indirect v0(), sig0, block1, [tag1: block1] block1: return }',
  ],
  [
    'get_exception_handler_address',
    'function %f() -> i64 { fn0 = %g() system_v block0: v0 = get_exception_handler_address.i64 block0, 0 try_call fn0(), sig0, block1, [default: block1] block1: return v0 }',
  ],
  ['func_addr', 'function %f() -> i64 { fn0 = %g() block0: v0 = func_addr.i64 fn0 return v0 }'],
  ['symbol_value', 'function %f() -> i64 { gv0 = symbol %x block0: v0 = symbol_value.i64 gv0 return v0 }'],
  ['tls_value', 'function %f() -> i64 { gv0 = symbol tls %x block0: v0 = tls_value.i64 gv0 return v0 }'],
  ['stack_addr', 'function %f() -> i64 { ss0 = explicit_slot 8 block0: v0 = stack_addr.i64 ss0 return v0 }'],
  [
    'dynamic_stack_addr',
    dynamic('v1 = dynamic_stack_addr.i64 dss0 v2 = load.dt0 v1 v3 = extract_vector v2, 0 return v3'),
  ],
  ['extract_vector', dynamic('v1 = splat.dt0 v0 v2 = extract_vector v1, 0 return v2')],
  ['return', 'function %f(i32) -> i32 { block0(v0: i32): return v0 }'],
  ['nop', 'function %f() { block0: nop return }'],
  ['sequence_point', 'function %f() { block0: sequence_point return }'],
  ['set_pinned_reg', 'function %f(i64) { block0(v0: i64): set_pinned_reg v0 return }'],
  [
    'stack_switch',
    'function %f(i64, i64, i64) -> i64 { block0(v0: i64, v1: i64, v2: i64): v3 = stack_switch v0, v1, v2 return v3 }',
  ],
  ['fence', 'function %f() { block0: fence return }'],
  ['get_pinned_reg', 'function %f() -> i64 { block0: v0 = get_pinned_reg.i64 return v0 }'],
  ['get_frame_pointer', 'function %f() -> i64 { block0: v0 = get_frame_pointer.i64 return v0 }'],
  ['get_stack_pointer', 'function %f() -> i64 { block0: v0 = get_stack_pointer.i64 return v0 }'],
  ['get_return_address', 'function %f() -> i64 { block0: v0 = get_return_address.i64 return v0 }'],
]

/** Constants, by type. */
function constantRows(name: string): Subject[] {
  const row = (t: Type, text: string): Subject => ({
    op: name,
    type: typeName(t),
    functions: [{ note: '', make: () => parseFunctions(text).functions[0].func }],
  })
  const fn = (t: Type, body: string): string => `function %f() -> ${typeName(t)} { ${body} return v0 }`
  switch (name) {
    case 'iconst':
      return [I8, I16, I32, I64].map((t) => row(t, fn(t, `block0: v0 = iconst.${typeName(t)} -7`)))
    case 'f16const':
    case 'f32const':
    case 'f64const':
    case 'f128const': {
      const t = [F16, F32, F64, F128].find((f) => name === `${typeName(f)}const`) as Type
      const made =
        t === F128 ? `const0 = ${LONG_CONSTANT} block0: v0 = f128const const0` : `block0: v0 = ${name} 0x1.8p3`
      return [row(t, fn(t, made))]
    }
    case 'vconst':
      return vectors.map((t) => {
        const bytes = LONG_CONSTANT.slice(0, 2 + bits(t) / 4)
        return row(t, fn(t, `const0 = ${bytes} block0: v0 = vconst.${typeName(t)} const0`))
      })
    default:
      return []
  }
}
const LONG_CONSTANT = '0x3fff123456789abcdef0112233445566'

/** Types that operand `i` may have. */
function operandTypes(op: number, i: number, ctrl: Type): Type[] {
  const found = types.filter((t) => satisfies(operandConstraint(op, i), t, ctrl))
  // An address is an i64 here.
  const address = isAddress(found)
  const same = op === Op.bitcast ? found.filter((t) => bits(t) === bits(ctrl)) : found
  return address && /load|store|atomic/.test(opName[op]) ? [I64] : same
}

const isAddress = (found: readonly Type[]): boolean => found.length === 2 && found.includes(I32) && found.includes(I64)

function build(op: number, ctrl: Type, operands: readonly Type[]): Func {
  const func = new Func({ kind: 'testcase', name: 'f' }, signature(operands, []))
  const b = new FunctionBuilder(func)
  const entry = b.createBlock()
  b.appendBlockParamsForFunctionParams(entry)
  b.switchToBlock(entry)
  b.sealBlock(entry)
  const args: Value[] = b.blockParams(entry)
  const method = (b.ins as unknown as Record<string, (...xs: unknown[]) => number>)[opName[op]]
  const params: unknown[] = (opFlags[op] & NEEDS_CTRL_IN_TEXT) !== 0 ? [ctrl] : []
  switch (opFormat[op]) {
    case Format.IntCompare:
    case Format.FloatCompare:
      params.push(1, ...args)
      break
    case Format.IntAddTrap:
    case Format.CondTrap:
      params.push(...args, 1)
      break
    case Format.BinaryImm8:
    case Format.TernaryImm8:
      params.push(...args, laneCount(ctrl) - 1)
      break
    case Format.Shuffle:
      params.push(...args, b.createShuffleMask(Array.from({ length: 16 }, (_, i) => (i * 7) & 31)))
      break
    case Format.Load:
    case Format.Store:
    case Format.AtomicRmw:
      params.push(0, ...(opFormat[op] === Format.AtomicRmw ? [0, ...args] : [...args, 0]))
      break
    case Format.LoadNoOffset:
    case Format.StoreNoOffset:
    case Format.AtomicCas:
      params.push(op === Op.bitcast ? 4 : 0, ...args)
      break
    default:
      params.push(...args)
  }
  const got = method.apply(b.ins, params)
  const results =
    opNumResults[op] === 1
      ? [got as Value]
      : Array.from({ length: opNumResults[op] }, (_, i) => func.result(got as never, i))
  func.signature.returns = signature(
    [],
    results.map((x) => func.typeOf(x)),
  ).returns
  b.ins.return(results)
  b.finalize()
  return func
}

function combinations(lists: readonly (readonly Type[])[]): Type[][] {
  return lists.reduce<Type[][]>((all, list) => all.flatMap((a) => list.map((t) => [...a, t])), [[]])
}

/** All of them, in the order of the opcode table. */
export function coverageSubjects(): Subject[] {
  const out: Subject[] = []
  for (let op = 1; op < NUM_OPCODES; op++) {
    const name = opName[op]
    const text = others.find(([o]) => o === name)?.[1]
    if (text !== undefined)
      out.push({ op: name, type: '', functions: [{ note: '', make: () => parseFunctions(text).functions[0].func }] })
    out.push(...constantRows(name))
    if (!COMPUTING.has(opFormat[op]) || text !== undefined) continue
    const polymorphic = (opFlags[op] & POLYMORPHIC) !== 0
    const allowed = types.filter((t) => ctrlAllows(op, t))
    const ctrls = !polymorphic ? [0 as Type] : isAddress(allowed) && /load/.test(name) ? [I64] : allowed
    for (const ctrl of ctrls) {
      const lists = Array.from({ length: opNumOperands[op] }, (_, i) => operandTypes(op, i, ctrl))
      // The amount of a shift may have any type; what matters is the first.
      const shift = /^(ishl|ushr|sshr|rotl|rotr)$/.test(name)
      const functions = combinations(shift ? [lists[0], [I32]] : lists).map((operands) => ({
        note:
          lists.some((l) => l.length > 1) && !shift
            ? operands
                .filter((_, i) => lists[i].length > 1)
                .map(typeName)
                .join(' ')
            : '',
        make: () => build(op, ctrl, operands),
      }))
      if (functions.length !== 0) out.push({ op: name, type: ctrl === 0 ? '' : typeName(ctrl), functions })
    }
  }
  return out
}
