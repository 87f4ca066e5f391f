import { describe, expect, test } from 'vitest'
import {
  type Block,
  type Func,
  I32,
  I64,
  type Inst,
  memFlags,
  Op,
  parseFunction,
  READONLY,
  type Type,
  type Value,
  verify,
} from '../src/index.ts'

/** A function that uses most of what the verifier looks at, and is well-formed. */
const SOUND = `function %f(i64 vmctx, i32, f32) -> i32 tail {
    region0 = 1 "heap"
    ss0 = explicit_slot 8
    gv0 = vmctx
    gv1 = load.i64 notrap aligned gv0+8
    gv2 = symbol %s
    sig0 = (i32) -> i32 tail
    sig1 = () system_v
    fn0 = %g sig0
    fn1 = colocated %h sig1
    const0 = 0x00000000000000000000000000000000
block0(v0: i64, v1: i32, v2: f32):
    v3 = iconst.i8 200
    v4 = load.i32 notrap region0 v0+4
    store v4, v0
    v5 = vconst.i32x4 const0
    v6 = extractlane v5, 3
    v7 = symbol_value.i64 gv2
    v8 = call fn0(v4)
    call fn1()
    v9 = stack_addr.i64 ss0+4
    v19 = bitcast.i32 v2
    brif v1, block1(v6), block2(v4)

block1(v10: i32):
    v11 = iadd v10, v4
    trapz v11, user1
    br_table v11, block3, [block1(v11), block3]

block2(v12: i32):
    try_call fn0(v12), sig0, block4(ret0), [ context v0, tag1: block5(exn0), default: block5(exn1) ]

block3:
    return v4

block4(v13: i32):
    v15 = get_exception_handler_address.i64 block2, 1
    return v13

block5(v14: i64):
    return_call fn0(v1)
}`

type Mutation = (f: Func, inst: (op: number, nth?: number) => Inst) => void

/** Rules by their numbers in verify.ts: each mutation of SOUND gives the errors named, and no others. */
const MUTATIONS: [rule: string, mutate: Mutation, ...messages: string[]][] = [
  [
    '1 extension',
    (f) => void (f.signatures[1].returns = [{ type: 7 as Type, extension: 'sext', purpose: 'normal', sargBytes: 0 }]),
    'Return value at position 0 has invalid extension Sext',
    'call has 0 results, expected 1',
  ],
  [
    '2 cycle',
    (f) => void (f.globalValues[1] = { kind: 'iadd_imm', base: 1 as never, offset: 0n, type: I64 }),
    'global value cycle: [gv1]',
  ],
  [
    '2 base missing',
    (f) => void (f.globalValues[1] = { kind: 'iadd_imm', base: 9 as never, offset: 0n, type: I64 }),
    'undefined global value gv9',
  ],
  [
    '2 vmctx',
    (f) => void (f.signature.params[0] = { ...f.signature.params[0], purpose: 'normal' }),
    'undeclared vmctx reference',
  ],
  [
    '2 base type',
    (f) =>
      void f.globalValues.push(
        { kind: 'load', base: 1 as never, offset: 0, type: I32, flags: memFlags(0) },
        { kind: 'load', base: 3 as never, offset: 0, type: I32, flags: memFlags(0) },
      ),
    'base gv3 has type i32, which is not the pointer type i64',
  ],
  [
    '3 regions',
    (f) => void f.aliasRegions.push({ userId: 1, description: 'again' }),
    'duplicate alias region user_id 1',
  ],
  ['3 stack limit', (f) => void (f.stackLimit = 9 as never), 'stack limit: undefined global value gv9'],
  ['4 instruction list', (f, i) => void (f.prevInst[i(Op.store)] = 0), 'the list of instructions of block0 is broken'],
  ['4 block list', (f) => void (f.prevBlock[2] = 0), 'the list of blocks is broken at block2'],
  ['5 terminator missing', (f) => f.removeInst(f.lastInst[3] as Inst), 'block3 is empty'],
  ['5 not a terminator', (f, i) => f.removeInst(i(Op.br_table)), 'does not end in a terminator'],
  [
    '5 terminator inside',
    (f) => {
      const r = f.makeInst(Op.trap, 0 as Type, 0, 1, 0)
      f.insertInstBefore(r, f.lastInst[3] as Inst)
    },
    'a terminator instruction was encountered before the end of block3',
  ],
  ['5 cold entry', (f) => void (f.cold[0] = 1), 'entry block cannot be marked as cold'],
  [
    '6 entry count',
    (f) => void f.signature.params.pop(),
    'entry block parameters (3) must match function signature (2)',
  ],
  [
    '6 entry type',
    (f) => void (f.signature.params[1] = { ...f.signature.params[1], type: I64 }),
    'entry block parameter 1 expected to have type i64, got i32',
  ],
  ['7 result', (f, i) => void (f.valNum[f.result(i(Op.iconst))] = 1), 'which is not defined as that'],
  ['7 parameter', (f) => void (f.valDef[f.param(1 as Block, 0)] = 2), 'which is not defined as that'],
  ['7 alias of itself', (f) => void f.newValue(2, I32, f.numValues, 0), 'stands for itself'],
  ['7 alias type', (f) => void f.newValue(2, I64, f.param(0 as Block, 1), 0), 'has type i64'],
  [
    '8 tags',
    (f, i) => void f.debugTags.set(i(Op.iadd), [{ kind: 'user', value: 1 }]),
    'debug tags present on non-call',
  ],
  [
    '8 tag slot',
    (f, i) => void f.debugTags.set(i(Op.call), [{ kind: 'slot', slot: 4 as never }]),
    'undefined stack slot ss4 in debug tag',
  ],
  [
    '8 stack map',
    (f, i) => void f.stackMaps.set(i(Op.call), [{ type: I32, slot: 0 as never, offset: 6 }]),
    'outside of its slot',
  ],
  [
    '8 stack map, no call',
    (f, i) => void f.stackMaps.set(i(Op.iadd), [{ type: I32, slot: 0 as never, offset: 0 }]),
    'stack map present on an instruction that is no call',
  ],
  ['9 block', (f, i) => void (f.bcBlock[f.imm0[i(Op.brif)]] = 77), 'invalid block reference block77'],
  ['9 entry', (f, i) => void (f.bcBlock[f.imm0[i(Op.brif)]] = 0), 'invalid reference to entry block'],
  ['9 value', (f, i) => void (f.pool.data[f.args[i(Op.iadd)]] = 999), 'invalid value reference v999'],
  ['9 value out of the layout', (f, i) => f.removeInst(i(Op.load)), 'not in the layout', '*'],
  ['9 slot', (f, i) => void (f.imm0[i(Op.stack_addr)] = 3), 'undefined stack slot ss3'],
  ['9 constant', (f, i) => void (f.imm0[i(Op.vconst)] = 3), 'undefined constant const3'],
  ['9 global value', (f, i) => void (f.imm0[i(Op.symbol_value)] = 7), 'undefined global value gv7'],
  ['9 function', (f, i) => void (f.imm0[i(Op.call)] = 7), 'undefined function fn7'],
  ['9 jump table', (f, i) => void (f.imm0[i(Op.br_table)] = 7), 'undefined jump table jt7'],
  ['9 exception table', (f, i) => void (f.imm1[i(Op.try_call)] = 7), 'undefined exception table extable7'],
  ['9 region', (f, i) => void (f.imm1[i(Op.load)] = memFlags(0, 0, 5 as never)), 'undefined alias region region5'],
  ['10 controlling type', (f, i) => void (f.ctrl[i(Op.iadd)] = 7), 'iadd has an invalid controlling type f32'],
  [
    '10 operand',
    (f, i) => void (f.pool.data[f.args[i(Op.iadd)] + 1] = f.param(0 as Block, 0)),
    'has type i64, expected i32',
  ],
  [
    '10 operand set',
    (f, i) => void (f.pool.data[f.args[i(Op.load)]] = f.param(0 as Block, 2)),
    'failed to satisfy type set Addr',
    'invalid pointer width',
  ],
  [
    '10 operand count',
    (f, i) => void (f.args[i(Op.iadd)] = f.pool.of1(f.param(0 as Block, 1))),
    'iadd has 1 operands, expected 2',
  ],
  ['10 result', (f, i) => void (f.valType[f.result(i(Op.stack_addr))] = I32), 'to have type i64, found i32'],
  ['10 result count', (f, i) => void f.appendResult(i(Op.stack_addr), I64), 'stack_addr has 2 results, expected 1'],
  ['11 iconst', (f, i) => void (f.imm0[i(Op.iconst)] = 256), 'constant immediate is out of bounds'],
  [
    '11 constant size',
    (f) => void (f.constants[0] = new Uint8Array(5)),
    'The instruction expects const0 to have a size of 16 bytes but it has 5',
  ],
  ['11 lane', (f, i) => void (f.imm0[i(Op.extractlane)] = 4), 'The lane 4 does not index into the type i32x4'],
  ['11 bitcast flags', (f, i) => void (f.imm1[i(Op.bitcast)] = 1), 'only accepts the `big` or `little`'],
  [
    '11 bitcast size',
    (f, i) => {
      f.ctrl[i(Op.bitcast)] = I64
      f.valType[f.result(i(Op.bitcast))] = I64
    },
    "has a type of 32 bits, which doesn't match an expected type of 64 bits",
  ],
  ['11 trap code', (f, i) => void (f.imm0[i(Op.trapz)] = 0), 'trap code 0 is not between 1 and 255'],
  [
    '11 global type',
    (f, i) => {
      f.ctrl[i(Op.symbol_value)] = I32
      f.valType[f.result(i(Op.symbol_value))] = I32
    },
    'global_value instruction with type i32',
  ],
  ['11 tls', (f, i) => void (f.op[i(Op.symbol_value)] = Op.tls_value), 'which is no thread-local symbol'],
  ['12 readonly store', (f, i) => void (f.imm1[i(Op.store)] = READONLY), 'cannot have the `readonly` MemFlag'],
  [
    '12 pointer width',
    (f, i) => void (f.pool.data[f.args[i(Op.store)] + 1] = f.param(0 as Block, 1)),
    'invalid pointer width (got 32, expected 64) encountered v1',
  ],
  ['13 argument count', (f, i) => void (f.bcArgs[f.imm0[i(Op.brif)]] = 0), 'mismatched argument count'],
  [
    '13 argument type',
    (f, i) => void (f.pool.data[f.bcArgs[f.imm0[i(Op.brif)]]] = f.param(0 as Block, 0)),
    'arg v0 has type i64, expected i32',
  ],
  ['13 return count', (f, i) => void (f.args[i(Op.return_)] = 0), 'arguments of return must match function signature'],
  [
    '13 return type',
    (f, i) => void (f.pool.data[f.args[i(Op.return_)]] = f.param(0 as Block, 0)),
    'result 0 has type i64, must match function signature of i32',
  ],
  [
    '14 ret outside',
    (f, i) => void (f.bcArgs[f.imm0[i(Op.brif)]] = f.pool.of1(-2)),
    '`retN` block argument used outside',
  ],
  [
    '14 exn outside',
    (f) => void (f.bcArgs[f.exceptionTables[0].normal] = f.pool.of1(-3)),
    '`exnN` block argument used outside',
  ],
  [
    '14 exn range',
    (f) => {
      const item = f.exceptionTables[0].items[1]
      if (item.kind === 'tag') f.bcArgs[item.target] = f.pool.of1(-3 - 4)
    },
    'out-of-bounds `exnN`',
  ],
  [
    '14 signature',
    (f) => void (f.exceptionTables[0].signature = 1 as never),
    "exception table signature sig1 did not match function fn0's signature sig0",
  ],
  [
    '14 convention',
    (f) => {
      f.signatures[0].callConv = 'fast'
      f.removeInst(f.lastInst[5] as Inst)
      f.appendInst(f.makeInst(Op.trap, 0 as Type, 0, 1, 0), 5 as Block)
    },
    'calling convention `fast` of callee does not support exceptions',
    'out-of-bounds `exnN`',
    'out-of-bounds `exnN`',
  ],
  [
    '14 handler index',
    (f, i) => void (f.imm1[i(Op.get_exception_handler_address)] = 2),
    'exception handler index 2 is out-of-range',
  ],
  [
    '14 handler block',
    (f, i) => void (f.imm0[i(Op.get_exception_handler_address)] = 1),
    'referenced block block1 does not end in a try_call',
  ],
  [
    '15 call count',
    (f, i) => void (f.args[i(Op.call)] = 0),
    'mismatched argument count for `call fn0()`: got 0, expected 1',
  ],
  [
    '15 call type',
    (f, i) => void (f.pool.data[f.args[i(Op.call)]] = f.param(0 as Block, 0)),
    'arg 0 (v0) has type i64, expected i32',
  ],
  [
    '15 tail convention',
    (f) => void (f.signature.callConv = 'system_v'),
    "callee's calling convention must match caller",
  ],
  [
    '15 tail results',
    (f) => {
      f.signature.returns[0] = { ...f.signature.returns[0], type: I64 }
    },
    '*',
    'result 0 has type i32, must match function signature of i64',
  ],
  [
    '15 patchable, far',
    (f) => {
      f.extFuncs[1].patchable = true
      f.extFuncs[1].colocated = false
    },
    'patchable call to non-colocated function',
  ],
  [
    '15 patchable, returns',
    (f) => {
      f.extFuncs[0].patchable = true
      f.extFuncs[0].colocated = true
    },
    '*',
    'patchable call cannot occur to a function with return values',
    'a tail call cannot be patchable',
  ],
  [
    '16 order',
    (f, i) => {
      const load = i(Op.load)
      f.removeInst(load)
      f.insertInstBefore(load, i(Op.brif))
    },
    'uses value v4 from non-dominating',
    '*',
  ],
  ['16 itself', (f, i) => void (f.pool.data[f.args[i(Op.iadd)]] = f.result(i(Op.iadd))), 'uses value v11 from itself'],
  [
    '16 other branch',
    (f, i) => void (f.pool.data[f.args[i(Op.iadd)]] = f.param(2 as Block, 0)),
    'uses value arg from non-dominating block2',
  ],
]

function sound(): { func: Func; inst: (op: number, nth?: number) => Inst } {
  const func = parseFunction(SOUND)
  const inst = (op: number): Inst => {
    for (let i = 0; i < func.numInsts; i++) if (func.op[i] === op) return i as Inst
    throw new Error(`no such instruction: ${op}`)
  }
  return { func, inst }
}

describe('each rule of the verifier', () => {
  test('the function before any mutation is sound', () => {
    expect(verify(sound().func, { pointerType: I64 })).toEqual([])
  })
  test.each(MUTATIONS)('%s', (_, mutate, ...messages) => {
    const { func, inst } = sound()
    mutate(func, inst)
    const errors = verify(func, { pointerType: I64 }).map((e) => e.message)
    // `*` allows the same message more than once, or others that follow from it.
    const wanted = messages.filter((m) => m !== '*')
    for (const m of wanted)
      expect(
        errors.some((e) => e.includes(m)),
        `${m}\nin ${errors.join('\n')}`,
      ).toBe(true)
    if (!messages.includes('*')) expect(errors.length, errors.join('\n')).toBe(wanted.length)
  })
  test('every rule from 1 to 16 has a mutation', () => {
    const rules = new Set(MUTATIONS.map(([name]) => Number.parseInt(name, 10)))
    expect([...rules].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1))
  })
  test('values of unreachable blocks may be used anywhere in unreachable blocks', () => {
    const func = parseFunction(`function %f() -> i32 {
block0:
    v0 = iconst.i32 1
    return v0
block1:
    v1 = iadd v2, v0
    jump block2
block2:
    v2 = iconst.i32 1
    jump block1
}`)
    expect(verify(func)).toEqual([])
  })
  test('a use of an alias is a use of what it stands for', () => {
    const func = parseFunction(`function %f(i32) -> i32 {
block0(v0: i32):
    v1 -> v0
    v2 = iadd v1, v1
    return v2
}`)
    expect(verify(func)).toEqual([])
    func.changeToAlias(func.param(0 as Block, 0), 9 as Value)
    expect(verify(func).length).toBeGreaterThan(0)
  })
})
