import { describe, expect, test } from 'vitest'
import {
  type Block,
  callMemset,
  emitSmallMemcpy,
  emitSmallMemset,
  Func,
  FunctionBuilder,
  I128,
  I16,
  I32,
  I64,
  I8,
  type Inst,
  Op,
  opName,
  printFunction,
  signature,
  Switch,
  type Type,
  verify,
} from '../src/index.ts'

const config = { pointerType: I64, callConv: 'system_v' as const }

function opsOf(f: Func, b: Block): string[] {
  const out: string[] = []
  for (let i = f.firstInst[b]; i >= 0; i = f.nextInst[i]) out.push(opName[f.op[i]])
  return out
}

describe('Switch', () => {
  /** The block that the compiled switch goes to for `x`: the emitted control flow, evaluated. */
  function follow(f: Func, x: bigint, type: Type): number {
    const width = BigInt([0, 8, 16, 32, 64, 128][type])
    const values = new Map<number, bigint>([[f.param(0 as Block, 0), x]])
    const read = (i: number, k: number): bigint => values.get(f.arg(i as Inst, k))!
    for (let b: number = 0; ; ) {
      if (f.op[f.lastInst[b]] === Op.return_) return b
      let next = -1
      for (let i = f.firstInst[b]; i >= 0; i = f.nextInst[i]) {
        const r = f.result(i as Inst)
        const word = (BigInt(f.imm1[i]) << 32n) | BigInt(f.imm0[i] >>> 0)
        switch (opName[f.op[i]]) {
          case 'iconst':
            values.set(r, BigInt.asUintN(64, word))
            break
          case 'iconcat':
            values.set(r, read(i, 0) | (read(i, 1) << 64n))
            break
          case 'isub':
            values.set(r, BigInt.asUintN(Number(width), read(i, 0) - read(i, 1)))
            break
          case 'uextend':
            values.set(r, read(i, 0))
            break
          case 'ireduce':
            values.set(r, BigInt.asUintN(32, read(i, 0)))
            break
          case 'icmp': {
            const [p, q] = [read(i, 0), read(i, 1)]
            values.set(r, (f.imm0[i] === 0 ? p === q : f.imm0[i] === 7 ? p >= q : p < q) ? 1n : 0n)
            break
          }
          case 'brif':
            next = f.bcBlock[read(i, 0) !== 0n ? f.imm0[i] : f.imm1[i]]
            break
          case 'br_table': {
            const table = f.jumpTables[f.imm0[i]]
            next = f.bcBlock[table.entries[Number(read(i, 0))] ?? table.default]
            break
          }
          case 'jump':
            next = f.bcBlock[f.imm0[i]]
            break
          default:
            throw new Error(opName[f.op[i]])
        }
      }
      b = next
    }
  }

  const top = (t: Type): bigint => (1n << BigInt([0, 8, 16, 32, 64, 128][t])) - 1n
  test.each([
    ['i8', I8, [0n, 1n, 2n, 7n, 200n, 201n, top(I8)]],
    ['i16', I16, [5n, 6n, 7n, 1000n, top(I16)]],
    ['i32', I32, [0n, 3n, 4n, 5n, 100n, top(I32) - 1n, top(I32)]],
    ['i64', I64, [1n, 2n, 3n, 1n << 40n, (1n << 40n) + 1n, top(I64) - 1n, top(I64)]],
    ['i128', I128, [0n, 1n, 2n, 1n << 100n, (1n << 100n) + 1n, top(I128)]],
    ['one case', I32, [9n]],
    ['no case', I32, []],
  ] as const)('%s goes where the cases say', (_, type, cases) => {
    const f = new Func({ kind: 'testcase', name: 's' }, signature([type], []))
    const b = new FunctionBuilder(f)
    const entry = b.createBlock()
    const x = f.appendBlockParam(entry, type)
    const otherwise = b.createBlock()
    const targets = cases.map(() => b.createBlock())
    const sw = new Switch()
    // the order in which cases are given does not matter
    cases
      .map((c, i) => [c, targets[i]] as const)
      .toReversed()
      .forEach(([c, t]) => sw.setEntry(c, t))
    b.switchToBlock(entry)
    b.sealBlock(entry)
    sw.emit(b, x, otherwise)
    for (const t of [otherwise, ...targets]) {
      b.switchToBlock(t)
      b.sealBlock(t)
      b.ins.return([])
    }
    b.finalize()
    expect(verify(f), printFunction(f)).toEqual([])
    const probes = new Set(cases.flatMap((c) => [c - 1n, c, c + 1n]).concat([0n, 50n, 1n << 36n]))
    for (const p of probes) {
      if (p < 0n || p > top(type)) continue
      const at = (cases as readonly bigint[]).indexOf(p)
      expect(follow(f, p, type), `${p}`).toBe(at >= 0 ? targets[at] : otherwise)
    }
  })

  test('refuses a case twice, and one that does not fit', () => {
    const sw = new Switch()
    sw.setEntry(1, 0 as Block)
    expect(() => sw.setEntry(1, 0 as Block)).toThrow('is there already')
    expect(() => sw.setEntry(-1, 0 as Block)).toThrow('is negative')
  })
})

describe('memory', () => {
  const build = (fill: (b: FunctionBuilder) => void): string[] => {
    const f = new Func({ kind: 'testcase', name: 'm' }, signature([I64, I64], []))
    const b = new FunctionBuilder(f)
    const entry = b.createBlock()
    b.appendBlockParamsForFunctionParams(entry)
    b.switchToBlock(entry)
    fill(b)
    b.ins.return([])
    b.sealAllBlocks()
    b.finalize()
    expect(verify(f, { pointerType: I64 })).toEqual([])
    return opsOf(f, entry)
  }
  const args = (b: FunctionBuilder) => b.blockParams(0 as Block)
  test('a small copy is loads, then stores', () => {
    const ops = build((b) => emitSmallMemcpy(b, config, args(b)[0], args(b)[1], 16, { destAlign: 8, srcAlign: 8 }))
    expect(ops.join(' ')).toBe('load load store store return')
  })
  test('a large or unaligned one is a call', () => {
    expect(build((b) => emitSmallMemcpy(b, config, args(b)[0], args(b)[1], 64)).join(' ')).toBe('iconst call return')
  })
  test('filling', () => {
    expect(build((b) => emitSmallMemset(b, config, args(b)[0], 0xab, 4, { align: 4 })).join(' ')).toBe(
      'iconst store return',
    )
    expect(build((b) => callMemset(b, config, args(b)[0], b.ins.iconst(I8, 1), args(b)[1])).join(' ')).toBe(
      'iconst uextend call return',
    )
  })
  test('a signature is imported once', () => {
    const f = new Func({ kind: 'testcase', name: 'm' }, signature([], []))
    const b = new FunctionBuilder(f)
    expect(b.importSignature(signature([I32], [I64]))).toBe(b.importSignature(signature([I32], [I64])))
    expect(b.importSignature(signature([I32], []))).not.toBe(b.importSignature(signature([I32], [I64])))
  })
})
