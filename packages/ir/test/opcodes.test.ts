import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Format,
  FORMATS,
  Func,
  FunctionBuilder,
  dynamicOf,
  I32,
  I32X4,
  NEEDS_CTRL_IN_TEXT,
  NUM_OPCODES,
  Op,
  opByName,
  opFlags,
  opFormat,
  opName,
  opNumOperands,
  opNumResults,
  POLYMORPHIC,
  parseFunction,
  printFunction,
  resultType,
  signature,
  type Type,
  verify,
  I64,
  functionDifference,
} from '../src/index.ts'
import { OPCODES } from '../src/opcodes/all.ts'
import { Entropy } from './entropy.ts'
import { callMethod, computingOpcodes, constant, ctrlTypes, operandTypes, randomFunction } from './random-function.ts'

describe('the opcode table', () => {
  test('has 163 opcodes, each once', () => {
    expect(OPCODES.length).toBe(163)
    expect(new Set(OPCODES.map((r) => r[0])).size).toBe(163)
    expect(NUM_OPCODES).toBe(164)
  })
  test('numbers, names and formats agree', () => {
    for (const [name, format] of OPCODES) {
      const op = opByName.get(name)!
      expect(opName[op]).toBe(name)
      expect(FORMATS[opFormat[op]]).toBe(format)
      expect((Op as Record<string, number>)[name === 'return' ? 'return_' : name]).toBe(op)
    }
    FORMATS.forEach((f, i) => {
      expect((Format as Record<string, number>)[f]).toBe(i)
    })
  })
  test('the controlling type is written where no operand gives it', () => {
    const written = OPCODES.map((r) => r[0]).filter((n) => (opFlags[opByName.get(n)!] & NEEDS_CTRL_IN_TEXT) !== 0)
    expect(written.join(' ')).toBe(
      'func_addr load uload8 sload8 uload16 sload16 stack_addr dynamic_stack_addr atomic_rmw atomic_load symbol_value tls_value ' +
        'get_pinned_reg get_frame_pointer get_stack_pointer get_return_address get_exception_handler_address iconst vconst ' +
        'x86_cvtt2dq splat scalar_to_vector vhigh_bits bitcast bmask ireduce uextend sextend fpromote fdemote fcvt_to_uint ' +
        'fcvt_to_sint fcvt_to_uint_sat fcvt_to_sint_sat fcvt_from_uint fcvt_from_sint',
    )
  })
})

describe('builder methods', () => {
  // Every computing opcode, under every controlling type, with every type that its operands may have.
  test.each(computingOpcodes.map((op) => [opName[op], op] as const))('%s gives the types of the table', (_, op) => {
    const ctrls = (opFlags[op] & POLYMORPHIC) !== 0 ? ctrlTypes(op) : [0 as Type]
    expect(ctrls.length).toBeGreaterThan(0)
    for (const ctrl of ctrls) {
      const choices = Array.from({ length: opNumOperands[op] }, (_, i) => operandTypes(op, i, ctrl))
      const most = Math.max(...choices.map((c) => c.length))
      if (choices.some((c) => c.length === 0)) continue
      for (let k = 0; k < most; k++) {
        const func = new Func({ kind: 'testcase', name: 'f' }, signature([], []))
        const b = new FunctionBuilder(func)
        const entry = b.createBlock()
        b.switchToBlock(entry)
        const args = choices.map((c) => constant(b, c[k % c.length], 1))
        const got = callMethod(b, op, ctrl, args, new Entropy([]))
        const inst = func.lastInst[entry] as never
        expect(func.op[inst]).toBe(op)
        expect(func.ctrl[inst]).toBe(ctrl)
        const results = Array.from({ length: func.numResults(inst) }, (_, i) => func.typeOf(func.result(inst, i)))
        expect(results).toEqual(Array.from({ length: opNumResults[op] }, (_, i) => resultType(op, i, ctrl)))
        if (results.length === 1) expect(got).toBe(func.result(inst))
        b.ins.return([])
        b.sealAllBlocks()
        b.finalize()
        if (op !== Op.bitcast) expect(verify(func)).toEqual([])
      }
    }
  })

  test('extract_vector gives the fixed vector of a dynamic one', () => {
    const func = new Func({ kind: 'testcase', name: 'f' }, signature([], []))
    const b = new FunctionBuilder(func)
    b.switchToBlock(b.createBlock())
    const x = b.ins.splat(dynamicOf(I32X4), b.ins.iconst(I32, 1))
    expect(func.typeOf(b.ins.extract_vector(x, 0))).toBe(I32X4)
    b.ins.return([])
    expect(verify(func)).toEqual([])
  })

  test('constants are stored zero-extended from their width', () => {
    const func = new Func({ kind: 'testcase', name: 'f' }, signature([], []))
    const b = new FunctionBuilder(func)
    const entry = b.createBlock()
    b.switchToBlock(entry)
    const words = (t: Type, x: number | bigint): number[] => {
      const inst = func.defInst(b.ins.iconst(t, x))
      return [func.imm0[inst], func.imm1[inst]]
    }
    expect(words(1 as Type, -1)).toEqual([255, 0])
    expect(words(1 as Type, 255n)).toEqual([255, 0])
    expect(words(2 as Type, -2)).toEqual([0xfffe, 0])
    expect(words(I32, -1)).toEqual([-1, 0])
    expect(words(I64, -1)).toEqual([-1, -1])
    expect(words(I64, 2 ** 40 + 5)).toEqual([5, 256])
    expect(words(I64, -(2 ** 40) + 5)).toEqual([5, -256])
    expect(words(I64, 0x8000_0000_0000_0001n)).toEqual([1, -0x8000_0000])
  })
})

describe('random functions', () => {
  const entropy = fc.array(fc.nat(1 << 24), { minLength: 20, maxLength: 300, size: 'max' })
  test('verify', () => {
    fc.assert(
      fc.property(entropy, (data) => {
        const func = randomFunction(new Entropy(data))
        expect(verify(func, { pointerType: I64 })).toEqual([])
      }),
      { numRuns: 400 },
    )
  })
  test('print and parse back the same', () => {
    fc.assert(
      fc.property(entropy, (data) => {
        const func = randomFunction(new Entropy(data))
        const text = printFunction(func)
        const again = parseFunction(text)
        expect(verify(again, { pointerType: I64 })).toEqual([])
        expect(printFunction(again)).toBe(text)
        expect(functionDifference(parseFunction(printFunction(again)), again)).toBe(undefined)
      }),
      { numRuns: 200 },
    )
  })
})
