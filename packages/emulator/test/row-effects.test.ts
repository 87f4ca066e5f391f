// What rows declare beside their bytes, against what their semantics do with an instrumented register file: operands and their roles, control flow, traps,
// access sizes, flags. Random states from one seed; vectors have a test of their own (vector-roles.test.ts).
import { PERM_NONE, PERM_READ, PERM_WRITE, TRAP_LOAD, TRAP_MISALIGNED, TRAP_STORE } from '@k23/machine'
import { decode, expand } from '@k23/isa-riscv64/insts'
import type { CompiledRow } from '@k23/machinst/rows'
import { describe, expect, test } from 'vitest'
import { createRiscv64Machine, type HartState } from '../src/riscv64/index.ts'
import { riscv64Semantics } from '../src/riscv64/semantics.ts'
import { type Access, type EagerState, executeEagerly } from '../src/semantics/eager.ts'
import { compiledRows, encodeRow, Random, randomFloat, randomImmediate, randomValue } from './states.ts'

const CASES = 150

const machine = createRiscv64Machine({ memoryBytes: 1 << 22 })
const { memory } = machine
const control = machine.createHart({ stackBytes: 4096 }) as HartState
/** Readable and writable, then readable only, then nothing. */
const data = memory.map(3 * 4096, PERM_READ | PERM_WRITE)
memory.protect(data + 4096, 4096, PERM_READ)
memory.protect(data + 8192, 4096, PERM_NONE)

/** What a row did over all cases. */
interface Seen {
  readonly reads: Set<string>
  readonly writes: Set<string>
  readonly loads: Set<number>
  readonly stores: Set<number>
  /** `trap 3`, `illegal`, `ecall`, ... */
  readonly ends: Set<string>
  fallsThrough: boolean
  jumps: boolean
  changesFlags: boolean
  changesRounding: boolean
  /** Its outcome changes with the rounding mode of fcsr. */
  readsRounding: boolean
  reservation: boolean
}

const long = new Int32Array(16)
const short = new Int32Array(16)

/** The row that a form stands for, with its operands: numbers, and which operand of the form each is. */
function longForm(row: CompiledRow, operands: Readonly<Record<string, number>>) {
  decode(encodeRow(row, operands), short)
  if (expand(short, 0, long) === 0) return { row, operands, names: undefined }
  const target = compiledRows[long[0] & 0xffff]
  const { arguments: args } = row.expansions[0]
  const names = new Map<string, string>()
  const values: Record<string, number> = {}
  for (const [i, o] of target.operands.entries()) {
    const a = args[i]
    names.set(o.name, 'operand' in a ? row.operands[a.operand].name : `x${a.constant}`)
    values[o.name] = o.entry.kind === 'register' ? (long[o.word] >> 1) & 63 : long[o.word]
  }
  return { row: target, operands: values, names }
}

function observe(row: CompiledRow): Seen {
  const random = new Random(row.opcode + 77)
  const seen: Seen = {
    reads: new Set(),
    writes: new Set(),
    loads: new Set(),
    stores: new Set(),
    ends: new Set(),
    fallsThrough: false,
    jumps: false,
    changesFlags: false,
    changesRounding: false,
    readsRounding: false,
    reservation: false,
  }
  for (let n = 0; n < CASES; n++) {
    const given: Record<string, number> = {}
    for (const o of row.operands) {
      if (o.entry.kind === 'immediate') {
        given[o.name] = o.name === 'csr' ? random.pick([1, 2, 3, 0x300]) : randomImmediate(random, o)
        continue
      }
      const { bias = 0, width, legal = -1 } = o.entry
      const numbers = Array.from({ length: 2 ** width }, (_, i) => i + bias).filter((r) => ((legal >>> r) & 1) !== 0)
      given[o.name] = random.pick(numbers)
    }
    const form = longForm(row, given)
    const state: EagerState = {
      x: Array.from({ length: 32 }, (_, i) => (i === 0 ? 0n : randomValue(random))),
      f: Array.from({ length: 32 }, () => randomFloat(random, form.row)),
      pc: 0x10000n,
      reservation: 0n,
    }
    const size = form.row.attrs.load ?? form.row.attrs.store
    if (size !== undefined) {
      const at = BigInt(data + random.pick([0, 1, 8, 16, 24, 4096, 4104, 8192, 8200]))
      const base = form.operands.rs1
      if (base !== 0) state.x[base] = BigInt.asUintN(64, at - BigInt(form.operands.offset ?? 0))
      state.reservation = random.below(2) === 0 ? at | (size === 4 ? 1n : 2n) : 0n
    }
    const run = (fcsr: number) => {
      const copy = { ...state, x: [...state.x], f: [...state.f] }
      const accesses: Access[] = []
      control.fcsr = fcsr
      const kept = memory.view(data, 4096).slice()
      const body = riscv64Semantics[form.row.id]
      const outcome = executeEagerly(
        { body, length: row.length, operands: form.operands },
        copy,
        memory,
        control,
        (a) => accesses.push(a),
      )
      memory.view(data, 4096).set(kept)
      return { copy, accesses, outcome, fcsr: control.fcsr }
    }
    const first = run(0)
    for (const a of first.accesses) {
      const name = form.names === undefined ? a.operand : form.names.get(a.operand ?? '')
      if (a.what === 'read') seen.reads.add(name as string)
      if (a.what === 'write') seen.writes.add(name as string)
      if (a.what === 'load') seen.loads.add(a.size as number)
      if (a.what === 'store') seen.stores.add(a.size as number)
    }
    const { outcome, copy } = first
    if (outcome.kind === 'trap') seen.ends.add(outcome.trap === 'illegal' ? 'illegal' : `trap ${outcome.trap}`)
    else if (outcome.kind === 'exit') seen.ends.add(outcome.exit)
    else if (copy.pc === state.pc + BigInt(row.length)) seen.fallsThrough = true
    else seen.jumps = true
    if (outcome.kind === 'next' && copy.reservation !== state.reservation) seen.reservation = true
    if ((first.fcsr & 31) !== 0) seen.changesFlags = true
    if (first.fcsr >> 5 !== 0) seen.changesRounding = true
    // rounding up, and a reserved mode
    for (const mode of [3, 5]) {
      const other = run((mode << 5) | 31)
      if ((other.fcsr & 31) !== 31) seen.changesFlags = true
      if (other.fcsr >> 5 !== mode) seen.changesRounding = true
      const same =
        other.outcome.kind === outcome.kind &&
        String(other.copy.x) === String(copy.x) &&
        String(other.copy.f) === String(copy.f)
      if (!same) seen.readsRounding = true
    }
  }
  return seen
}

const scalar = compiledRows.filter(
  (row) => (row.expansions.length === 0 ? row : compiledRows[row.expansions[0].opcode]).id in riscv64Semantics,
)
const isFloat = (row: CompiledRow): boolean => /^(F|D|Zfh|Zfhmin|Zfa)\b/.test(row.attrs.feature ?? '')
/** Float rows that only move bits or look at their kind. */
const MOVES = /^(f[ls][hwd]|fmv|fsgnj|fclass|fli)/
const isCsr = (row: CompiledRow): boolean => row.attrs.feature === 'Zicsr'

describe('rows and what they do', () => {
  test.each(scalar.map((row) => [row.id, row] as const))('%s', (_, row) => {
    const seen = observe(row)
    const form = row.expansions.length > 0
    const target = form ? compiledRows[row.expansions[0].opcode] : row
    const named = (roles: readonly string[]): string[] =>
      row.operands.filter((o) => o.entry.kind === 'register' && roles.includes(o.role)).map((o) => o.name)
    const implied = (sigil: RegExp): string[] =>
      (row.attrs.implicit ?? '')
        .split(' ')
        .filter((i) => sigil.test(i))
        .map((i) => i.slice(1))
    // Roles. A form may name the stack pointer, the zero register or the return address in its bits alone.
    const fixed = (names: ReadonlySet<string>): string[] => [...names].filter((n) => /^x\d+$/.test(n))
    expect([...seen.reads].filter((n) => !/^x\d+$/.test(n)).sort()).toEqual(
      named(['use', 'lateuse', 'readwrite']).sort(),
    )
    expect([...seen.writes].filter((n) => !/^x\d+$/.test(n)).sort()).toEqual(
      named(['def', 'earlydef', 'readwrite']).sort(),
    )
    expect(fixed(seen.reads).filter((n) => n !== 'x0' && n !== 'x2')).toEqual(implied(/^[+]/))
    expect(fixed(seen.writes).filter((n) => n !== 'x0' && n !== 'x2')).toEqual(implied(/^[=+]/))
    if (!form) expect([...fixed(seen.reads), ...fixed(seen.writes)]).toEqual([])

    // Accesses
    expect([...seen.loads]).toEqual(row.attrs.load === undefined ? [] : [row.attrs.load])
    expect([...seen.stores]).toEqual(row.attrs.store === undefined ? [] : [row.attrs.store])

    // Control flow
    const { effect = 'none' } = row.attrs
    const fallsThrough = {
      none: true,
      branch: true,
      jump: false,
      call: false,
      ret: false,
      trap: false,
      fence: true,
      system: true,
    }[effect]
    const exits = [...seen.ends].filter((e) => !e.startsWith('trap') && e !== 'illegal')
    expect(seen.jumps).toBe(effect === 'branch' || effect === 'jump')
    expect(exits).toEqual({ ecall: ['ecall'], ebreak: ['ebreak'], fence_i: ['fenceI'] }[target.id] ?? [])
    expect(seen.fallsThrough).toBe(fallsThrough && exits.length === 0)

    // Traps
    const traps = [...seen.ends].filter((e) => e.startsWith('trap')).sort()
    const expected: string[] = []
    const atomic = target.attrs.feature === 'A'
    const onlyLoads = row.attrs.store === undefined
    if (row.attrs.load !== undefined && onlyLoads) expected.push(`trap ${TRAP_LOAD}`)
    if (row.attrs.store !== undefined) expected.push(`trap ${TRAP_STORE}`)
    if (atomic) expected.push(`trap ${TRAP_MISALIGNED}`)
    expect(traps).toEqual(expected.sort())
    expect(seen.ends.has('illegal')).toBe(isCsr(row))
    expect(seen.reservation).toBe(/^(lr|sc)_/.test(row.id))

    // Flags
    const computes = isFloat(target) && !MOVES.test(target.id)
    if (!computes && !isCsr(row)) expect([seen.changesFlags, seen.changesRounding]).toEqual([false, false])
    if (isCsr(row)) expect([seen.changesFlags, seen.changesRounding]).toEqual([true, true])
    if (computes) expect([seen.changesFlags, seen.changesRounding]).toEqual([raises(target.id), false])
    expect(seen.readsRounding).toBe(isCsr(row) || target.operands.some((o) => o.name === 'rm'))
  })
})

/** Exact conversions of integers to double raise nothing. */
function raises(id: string): boolean {
  return !/^fcvt_d_wu?$/.test(id)
}
