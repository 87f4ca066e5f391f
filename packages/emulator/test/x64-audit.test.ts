// The audit of calls on x64: code that breaks the convention is found out, and code that keeps it runs as it did.
import { RETURNED } from '@k23/machine'
import { expect, test } from 'vitest'
import { AuditError, type AuditOptions, type CallContract } from '../src/call-audit.ts'
import { createX64Machine, X64CallAudit } from '../src/x64/index.ts'
import { assembleLabelled, at, type Line, RAX, RBP, RBX, RCX, RDI, RSP, xmm } from './x64-assemble.ts'

const XMM = 64
const CLOBBERED = [0, 1, 2, 6, 7, 8, 9, 10, 11, ...Array.from({ length: 16 }, (_, i) => XMM + i)]
const PRESERVED = [3, 5, 12, 13, 14, 15]

interface Fn {
  readonly lines: readonly Line[]
  readonly args?: readonly [register: number, bits: number][]
  readonly results?: readonly [register: number, bits: number][]
  readonly stackArguments?: CallContract['stackArguments']
  readonly popBytes?: number
}

/** Calls the first function with the arguments, audited; rax, or what the audit says. A label '.after...' is where a call returns to. */
function run(functions: Readonly<Record<string, Fn>>, args: number[], options?: AuditOptions) {
  const machine = createX64Machine({ memoryBytes: 1 << 24 })
  const hart = machine.createHart({ stackBytes: 16384 })
  const names = Object.keys(functions)
  const { bytes, labels } = assembleLabelled(names.flatMap((n) => [`.${n}`, ...functions[n].lines]))
  const base = machine.placeCode(bytes)
  const offsets = [...names.map((n) => labels.get(`.${n}`) as number), bytes.length]
  const contracts = names.map((name, i): CallContract => {
    const f = functions[name]
    const [start, end] = [offsets[i], offsets[i + 1]]
    const sites = [...labels].filter(([l, o]) => l.startsWith('.after') && o >= start && o < end)
    return {
      name,
      entry: base + start,
      size: end - start,
      returnSites: sites.map(([, o]) => base + o),
      arguments: (f.args ?? [[7, 64]]).map(([register, bits]) => ({ register, bits })),
      results: (f.results ?? [[0, 64]]).map(([register, bits]) => ({ register, bits })),
      stackArguments: f.stackArguments ?? [],
      clobbered: CLOBBERED,
      preserved: PRESERVED,
      popBytes: f.popBytes ?? 0,
    }
  })
  const audit = new X64CallAudit(machine, hart, contracts, options)
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
  return { rax: hart.readRegister(0).lo, entries: audit.entries }
}

const PROLOGUE: readonly Line[] = [
  ['pushq_r', RBP],
  ['movq_rr', RBP, RSP],
]
const EPILOGUE: readonly Line[] = [['popq_r', RBP], ['ret']]

/** Calls g, and adds its result to the argument, kept in a register meanwhile. */
const caller = (kept: number, before: readonly Line[] = [], after: readonly Line[] = []): Fn => ({
  lines: [
    ...PROLOGUE,
    ['pushq_r', RBX],
    ['movq_rr', kept, RDI],
    ...before,
    ['call', '.g'],
    '.after',
    ...after,
    ['addq_rr', RAX, RAX, kept],
    ['popq_r', RBX],
    ...EPILOGUE,
  ],
})
const twice: Fn = { lines: [['leaq_rm', RAX, RDI, RDI, 0, 0], ['ret']] }
const R9 = 18

test('code that keeps the convention gives what it gave', () => {
  expect(run({ f: caller(RBX), g: twice }, [5])).toEqual({ rax: 15, entries: 2 })
})

test('a register that calls may overwrite does not survive one, nor do flags', () => {
  expect(run({ f: caller(R9), g: twice }, [5], { garbage: false })).toEqual({ rax: 15, entries: 2 })
  expect(run({ f: caller(R9), g: twice }, [5])).not.toMatchObject({ rax: 15 })
  // Carry set before the call and added behind it: for one of two values garbage shows.
  const flags = (a: number): Fn => caller(RBX, [['cmpq_ri', RDI, a]], [['adcq_ri', RAX, RAX, 0]])
  const rax = (f: Fn, options?: AuditOptions): number => (run({ f, g: twice }, [5], options) as { rax: number }).rax
  expect([0, 9].map((a) => rax(flags(a), { garbage: false }))).toEqual([15, 16])
  expect([0, 9].map((a) => rax(flags(a)))).not.toEqual([15, 16])
})

test('a saved register and the stack pointer must come back', () => {
  const bad = (...lines: Line[]): Fn => ({ lines: [...lines, ...twice.lines] })
  expect(run({ f: caller(RBX), g: bad(['movq_ri', 24, 1]) }, [5])).toBe('g does not restore r12')
  const skips: Fn = {
    lines: [
      ['movq_rm', RCX, ...at(RSP, 0)],
      ['addq_ri', RSP, RSP, 16],
      ['jmp_r', RCX],
    ],
  }
  expect(run({ f: caller(RBX), g: skips }, [5])).toBe('g returns with the stack pointer 8 bytes off')
  expect(run({ f: bad(['movq_ri', 24, 1]) }, [5])).toBe('f does not restore r12')
})

test('what stands above narrow values, in registers, vectors and on the stack, is garbage', () => {
  const narrow: Fn = { lines: [['movq_rr', RAX, RDI], ['ret']], args: [[7, 8]], results: [[0, 8]] }
  const answers = (g: Fn, before: readonly Line[] = []): unknown[] =>
    [0, 1, 2, 3].map((seed) => run({ f: caller(RBX, before), g }, [seed], { seed }))
  const kept = [0, 1, 2, 3].map((n) => ({ rax: 2 * n, entries: 2 }))
  expect(answers(narrow)).not.toEqual(kept)
  const extends8: Fn = { ...narrow, lines: [['movzbl_rr', RAX, RDI], ['ret']], results: [[0, 64]] }
  expect(answers(extends8)).toEqual(kept)
  // The upper half of a double's register
  const upper: Fn = { lines: [['pextrq_rri', RAX, xmm(0), 1], ['ret']], args: [[XMM, 64]] }
  const zeroed: Line[] = [['movq_xr', xmm(0), RDI]]
  expect(answers(upper, zeroed)).not.toEqual([0, 1, 2, 3].map((n) => ({ rax: n, entries: 2 })))
  const stack: Fn = {
    lines: [['movq_rm', RAX, ...at(RSP, 8)], ['ret']],
    args: [],
    stackArguments: [{ offset: 0, bytes: 4 }],
  }
  const push: Line[] = [['pushq_r', RBX]]
  const f = (g: Fn) => ({ f: caller(RBX, push, [['popq_r', RCX]]), g })
  expect(run(f(stack), [5], { garbage: false })).toEqual({ rax: 10, entries: 2 })
  const found = run(f({ ...stack, lines: [['movl_rm', RAX, ...at(RSP, 8)], ['ret']] }), [5])
  expect(found).toEqual({ rax: 10, entries: 2 })
})

test('a tail call restores for its caller, and callees may remove their arguments', () => {
  const f: Fn = caller(RBX)
  const g: Fn = {
    lines: [
      ['addq_ri', RDI, RDI, 1],
      ['jmp', '.h'],
    ],
  }
  expect(run({ f, g, h: twice }, [5])).toEqual({ rax: 17, entries: 3 })
  const spoils: Fn = {
    lines: [
      ['movq_ri', RBX, 1],
      ['jmp', '.h'],
    ],
  }
  expect(run({ f, g: spoils, h: twice }, [5])).toBe('g does not restore rbx')
  const pops: Fn = { lines: [...twice.lines.slice(0, 1), ['ret_i', 16]], popBytes: 16 }
  const pushes: Line[] = [['subq_ri', RSP, RSP, 16]]
  expect(run({ f: caller(RBX, pushes), g: pops }, [5])).toEqual({ rax: 15, entries: 2 })
})
