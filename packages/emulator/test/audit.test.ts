// Watched addresses, and the audit of calls: code that breaks a convention is found out, and code that keeps it runs as it did.
import { RETURNED } from '@k23/machine'
import { describe, expect, test } from 'vitest'
import { AuditError, type AuditOptions, type CallContract } from '../src/call-audit.ts'
import { createRiscv64Machine, Riscv64CallAudit } from '../src/riscv64/index.ts'
import { assemble, type Line } from './assemble.ts'

const RET: Line = ['jalr', 'zero', 'ra', 0]
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const CALLER_SAVED = [
  1,
  ...range(5, 7),
  ...range(10, 17),
  ...range(28, 31),
  ...range(64, 71),
  ...range(74, 81),
  ...range(128, 159),
]
const CALLEE_SAVED = [8, 9, ...range(18, 27), 72, 73, ...range(82, 91)]

interface Fn {
  readonly lines: readonly Line[]
  /** Lines after which a call returns. */
  readonly calls?: readonly number[]
  readonly args?: readonly [register: number, bits: number][]
  readonly results?: readonly [register: number, bits: number][]
  readonly popBytes?: number
}

const PROLOGUE: readonly Line[] = [
  ['addi', 'sp', 'sp', -32],
  ['sd', 'sp', 'ra', 24],
  ['sd', 'sp', 's0', 16],
  ['addi', 's0', 'sp', 16],
]
const EPILOGUE: readonly Line[] = [
  ['ld', 'ra', 'sp', 24],
  ['ld', 's0', 'sp', 16],
  ['addi', 'sp', 'sp', 32],
]
const CALL = (label: string): Line => ['jal', 'ra', label]

/** Calls the first function with the arguments, audited; a0, or what the audit says. */
function run(functions: Readonly<Record<string, Fn>>, args: number[], options?: AuditOptions) {
  const machine = createRiscv64Machine({ memoryBytes: 1 << 24 })
  const hart = machine.createHart({ stackBytes: 16384 })
  const names = Object.keys(functions)
  const lines: Line[] = names.flatMap((n) => [`.${n}`, ...functions[n].lines])
  const base = machine.placeCode(assemble(lines))
  let at = base
  const contracts = names.map((name): CallContract => {
    const f = functions[name]
    const entry = at
    const size = 4 * f.lines.filter((l) => typeof l !== 'string').length
    at += size
    return {
      name,
      entry,
      size,
      returnSites: (f.calls ?? []).map((n) => entry + 4 * (n + 1)),
      arguments: (f.args ?? [[10, 64]]).map(([register, bits]) => ({ register, bits })),
      results: (f.results ?? [[10, 64]]).map(([register, bits]) => ({ register, bits })),
      stackArguments: [],
      clobbered: CALLER_SAVED,
      preserved: CALLEE_SAVED,
      popBytes: f.popBytes ?? 0,
    }
  })
  const audit = new Riscv64CallAudit(machine, hart, contracts, options)
  machine.enter(hart, base, args)
  audit.begin()
  try {
    expect(machine.run(hart).kind).toBe(RETURNED)
    audit.end()
  } catch (e) {
    if (e instanceof AuditError) return e.message
    throw e
  } finally {
    audit.dispose()
  }
  return { a0: hart.readRegister(10).lo, entries: audit.entries, failures: audit.failures }
}

describe('calls', () => {
  // f calls g twice and adds up; the call stands at line 6 and 9
  const twice = (kept: string): Fn => ({
    lines: [
      ...PROLOGUE,
      ['sd', 'sp', 's1', 8],
      ['addi', kept, 'a0', 0],
      CALL('.g'),
      ['add', 's1', 'zero', kept],
      ['addi', 'a0', 'a0', 0],
      CALL('.g'),
      ['add', 'a0', 'a0', 's1'],
      ['ld', 's1', 'sp', 8],
      ...EPILOGUE,
      RET,
    ],
    calls: [6, 9],
  })
  const double: Fn = { lines: [['add', 'a0', 'a0', 'a0'], RET] }

  test('code that keeps the convention gives what it gave', () => {
    expect(run({ f: twice('s1'), g: double }, [5])).toEqual({ a0: 25, entries: 3, failures: 0 })
  })

  test('a register that calls may overwrite does not survive one', () => {
    expect(run({ f: twice('t0'), g: double }, [5], { garbage: false })).toMatchObject({ a0: 25 })
    expect(run({ f: twice('t0'), g: double }, [5])).not.toMatchObject({ a0: 25 })
  })

  test('a saved register, the stack pointer and the rounding mode must come back', () => {
    const bad = (line: Line): Fn => ({ lines: [line, ...double.lines] })
    expect(run({ f: twice('s1'), g: bad(['addi', 's2', 'a0', 0]) }, [5])).toBe('g does not restore x18')
    expect(run({ f: twice('s1'), g: bad(['addi', 'sp', 'sp', -16]) }, [5])).toBe(
      'g returns with the stack pointer -16 bytes off',
    )
    expect(run({ f: twice('s1'), g: bad(['csrrwi', 'zero', 2, 1]) }, [5])).toBe('g does not restore the rounding mode')
    expect(run({ f: bad(['addi', 's2', 'a0', 0]) }, [5])).toBe('f does not restore x18')
  })

  test('the bits above narrow arguments and results are garbage', () => {
    const sign: Fn = {
      lines: [['slli', 'a0', 'a0', 56], ['srai', 'a0', 'a0', 56], RET],
      args: [[10, 8]],
      results: [[10, 8]],
    }
    const outer: Fn = { lines: [...PROLOGUE, CALL('.g'), ...EPILOGUE, RET], calls: [4] }
    const extended: Fn = {
      lines: [...PROLOGUE, CALL('.g'), ['slli', 'a0', 'a0', 56], ['srai', 'a0', 'a0', 56], ...EPILOGUE, RET],
      calls: [4],
    }
    expect(run({ f: extended, g: sign }, [-3])).toMatchObject({ a0: -3 })
    // extended by the callee, but it does not promise so: for one of two signs garbage shows
    expect(
      [-3, 5].map((n) => run({ f: outer, g: sign }, [n])).every((r, i) => (r as { a0: number }).a0 === [-3, 5][i]),
    ).toBe(false)
    // read without extension by the callee
    const reads: Fn = { lines: [['addi', 'a0', 'a0', 0], RET], args: [[10, 8]] }
    expect([-3, 5].map((n) => run({ f: reads }, [n])).every((r, i) => (r as { a0: number }).a0 === [-3, 5][i])).toBe(
      false,
    )
  })

  test('a tail call is answered for by the function that it returns for', () => {
    const tail: Fn = { lines: [...PROLOGUE, ['addi', 'a0', 'a0', 1], ...EPILOGUE, ['jal', 'zero', '.h']] }
    expect(run({ f: twice('s1'), g: tail, h: double }, [5])).toEqual({
      a0: 5 + (2 * (5 + 1) + 1) * 2,
      entries: 5,
      failures: 0,
    })
    const spoils: Fn = { lines: [['addi', 's3', 'zero', 1], ...double.lines] }
    expect(run({ f: twice('s1'), g: tail, h: spoils }, [5])).toBe('h does not restore x19')
    const early: Fn = {
      lines: [
        ['addi', 's3', 'zero', 1],
        ['jal', 'zero', '.h'],
      ],
    }
    expect(run({ f: twice('s1'), g: early, h: double }, [5])).toBe('g does not restore x19')
  })

  test('recursion', () => {
    const sum: Fn = {
      lines: [
        ['beq', 'a0', 'zero', '.done'],
        ...PROLOGUE,
        ['sd', 'sp', 'a0', 0],
        ['addi', 'a0', 'a0', -1],
        CALL('.f'),
        ['ld', 'a1', 'sp', 0],
        ['add', 'a0', 'a0', 'a1'],
        ...EPILOGUE,
        '.done',
        RET,
      ],
      calls: [7],
    }
    expect(run({ f: sum }, [40])).toEqual({ a0: 820, entries: 41, failures: 0 })
  })
})

describe('store-conditionals', () => {
  const add = (retry: Line): Fn => ({
    lines: [
      ['addi', 'sp', 'sp', -16],
      ['sd', 'sp', 'zero', 0],
      ['addi', 't0', 'zero', 100],
      '.again',
      ['lr_d', 't1', 'sp', 0],
      ['addi', 't1', 't1', 1],
      ['sc_d', 't2', 'sp', 't1', 0],
      retry,
      ['addi', 't0', 't0', -1],
      ['bne', 't0', 'zero', '.again'],
      ['ld', 'a0', 'sp', 0],
      ['addi', 'sp', 'sp', 16],
      RET,
    ],
  })

  test('fail now and then: a loop that tries again is right, one that does not is not', () => {
    const right = run({ f: add(['bne', 't2', 'zero', '.again']) }, [0])
    expect(right).toMatchObject({ a0: 100 })
    expect((right as { failures: number }).failures).toBeGreaterThan(10)
    expect(run({ f: add(['addi', 't2', 't2', 0]) }, [0])).not.toMatchObject({ a0: 100 })
    expect(run({ f: add(['addi', 't2', 't2', 0]) }, [0], { failures: false })).toMatchObject({ a0: 100 })
  })
})

test('a watched address: heard of each time, exactly, and no more when it is taken back', () => {
  const machine = createRiscv64Machine({ memoryBytes: 1 << 24 })
  const hart = machine.createHart({ stackBytes: 4096 })
  const code = machine.placeCode(
    assemble(['.loop', ['addi', 'a0', 'a0', -1], ['addi', 'a1', 'a1', 1], ['bne', 'a0', 'zero', '.loop'], RET]),
  )
  const call = (): number => {
    machine.enter(hart, code, [10, 0])
    expect(machine.run(hart).kind).toBe(RETURNED)
    return hart.readRegister(11).lo
  }
  expect(call()).toBe(10)
  const seen: number[] = []
  machine.watch(code + 4, (h) => seen.push(h.readRegister(10).lo, h.pc - code))
  const before = hart.instructions
  expect(call()).toBe(10)
  expect(hart.instructions - before).toBe(31)
  expect(seen).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].flatMap((n) => [n, 4]))
  // what the hook writes counts
  machine.watch(code + 4, (h) => h.writeRegister(11, 100, 0))
  expect(call()).toBe(101)
  machine.watch(code + 4, undefined)
  seen.length = 0
  expect(call()).toBe(10)
  expect(seen).toEqual([])
})
