// What the tests of x64 rows share: the generated evaluator against the eager one, and both against the CPU that runs the tests, over the same
// random states; what each instruction touched against what its row declares.
import type { CompiledX64Row } from '@k23/machinst/rows'
import {
  PERM_EXEC,
  PERM_READ,
  PERM_WRITE,
  TRAP,
  TRAP_ARITHMETIC,
  TRAP_ILLEGAL,
  TRAP_LOAD,
  TRAP_MISALIGNED,
  TRAP_STORE,
} from '@k23/machine'
import { beforeAll, expect, test } from 'vitest'
import {
  executeX64Eagerly,
  executeX64VectorEagerly,
  type X64Access,
  type X64EagerOutcome,
  type X64EagerState,
} from '../src/x64/eager.ts'
import { ALL_FLAGS } from '../src/x64/flags.ts'
import { createX64Machine } from '../src/x64/index.ts'
import { XMM } from '../src/x64/registers.ts'
import { x64Semantics } from '../src/x64/semantics.ts'
import { Random } from './states.ts'
import {
  type CpuResult,
  cpuHas,
  runOnCpu,
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGSEGV,
  SIGTRAP,
  setBig128,
  whyNoCpu,
} from './x64-cpu.ts'
import { checkRoles, type Touched } from './x64-roles.ts'
import { bindingOf, CODE, DATA, IMAGE_BYTES, PAGE, randomCase, type X64Case } from './x64-states.ts'

const CASES = process.env.K23_LONG === '1' ? 200 : 16
/** What the CPU does in its own way: what asks the machine about itself, and stops that a signal cannot be told by. */
const NOT_COMPARED = /^(rdtsc|cpuid|syscall|hlt|int3)$/
/** What does not go on to another instruction. */
const LEAVES = /^(ud2|int3|hlt|syscall)$/
/** Results that the manual allows to differ from CPU to CPU; x64-approximations.test.ts has their bounds. */
const APPROXIMATE = /^v?(rsqrt|rcp)/

const machine = createX64Machine({ memoryBytes: 2 ** 32 })
const hart = machine.createHart({ stackBytes: 4096 })
const eagerMachine = createX64Machine({ memoryBytes: 2 ** 32 })
for (const { memory } of [machine, eagerMachine]) memory.mapWindow(PAGE, PERM_READ | PERM_WRITE, DATA)
const xmmWords = new BigUint64Array(hart.x.buffer, XMM * 4, 32)

/** Everything that can be compared. */
interface Seen {
  readonly gpr: readonly bigint[]
  readonly xmm: readonly bigint[]
  readonly flags: number
  readonly pc: bigint
  readonly image: Uint8Array
}

const hex = (v: bigint | number): string => v.toString(16)

function shown(s: Seen): string[] {
  return [
    ...s.gpr.map((v, i) => `r${i} ${hex(v)}`),
    ...s.xmm.map((v, i) => `xmm${i} ${hex(v)}`),
    `flags ${hex(s.flags)}`,
    `pc ${hex(s.pc)}`,
    `memory ${Buffer.from(s.image).toString('hex')}`,
  ]
}

function equal(a: Seen, b: Seen): boolean {
  for (let i = 0; i < 16; i++) if (a.gpr[i] !== b.gpr[i] || a.xmm[i] !== b.xmm[i]) return false
  return a.flags === b.flags && a.pc === b.pc && Buffer.compare(a.image, b.image) === 0
}

function same(what: string, a: Seen, b: Seen): void {
  if (!equal(a, b)) expect(shown(a), what).toEqual(shown(b))
}

function prepare(memory: typeof machine.memory, c: X64Case): void {
  const page = memory.view(DATA, PAGE)
  page.fill(0)
  page.set(c.image, c.imageAt)
}

const imageOf = (memory: typeof machine.memory, c: X64Case): Uint8Array =>
  memory.view(DATA + c.imageAt, IMAGE_BYTES).slice()

function runGenerated(c: X64Case): Seen {
  const { memory } = machine
  memory.mapWindow(PAGE, PERM_READ | PERM_WRITE, CODE)
  memory.view(c.pc, c.code.length).set(c.code)
  memory.protect(CODE, PAGE, PERM_READ | PERM_EXEC)
  prepare(memory, c)
  machine.reset(hart)
  machine.enter(hart, c.pc, [])
  c.gpr.forEach((v, n) => hart.writeRegister(n, Number(BigInt.asIntN(32, v)), Number(BigInt.asIntN(32, v >> 32n))))
  c.xmm.forEach((v, n) => setBig128(xmmWords, 2 * n, v))
  hart.flags = c.flags
  hart.fuel = 1
  machine.run(hart)
  memory.unmap(CODE, PAGE)
  const gpr = Array.from({ length: 16 }, (_, n) => {
    const { lo, hi } = hart.readRegister(n)
    return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
  })
  const xmm = Array.from({ length: 16 }, (_, n) => xmmWords[2 * n] | (xmmWords[2 * n + 1] << 64n))
  return { gpr, xmm, flags: hart.flags, pc: BigInt(hart.pc), image: imageOf(memory, c) }
}

function runEager(
  c: X64Case,
  observe: (access: X64Access) => void,
): { seen: Seen; undefinedFlags: number; outcome: X64EagerOutcome } {
  const state: X64EagerState = {
    gpr: [...c.gpr],
    xmm: [...c.xmm],
    flags: c.flags,
    undefinedFlags: 0,
    pc: BigInt(c.pc),
  }
  const { memory } = eagerMachine
  prepare(memory, c)
  const instruction = { length: c.code.length, operands: c.operands }
  const binding = bindingOf(c.row)
  const body = x64Semantics[c.row.id]
  const outcome =
    binding !== undefined
      ? executeX64VectorEagerly(binding, instruction, state, memory, observe)
      : executeX64Eagerly({ ...instruction, body }, state, memory, observe, {
          clock: BigInt(hart.instructions),
          cpuid: (leaf, subleaf) => hart.cpuid(leaf, subleaf),
        })
  return {
    seen: { gpr: state.gpr, xmm: state.xmm, flags: state.flags, pc: state.pc, image: imageOf(memory, c) },
    undefinedFlags: state.undefinedFlags,
    outcome,
  }
}

/** Trap kinds by what the eager evaluator says. */
function trapKind(outcome: X64EagerOutcome): number {
  if (outcome.kind !== 'trap') return -1
  return outcome.trap === 'divide' ? TRAP_ARITHMETIC : outcome.trap === 'illegal' ? TRAP_ILLEGAL : outcome.trap
}

// #SS, of addresses by rsp and rbp that are not canonical, is SIGBUS.
const SIGNALS: Readonly<Record<number, readonly number[]>> = {
  [TRAP_ARITHMETIC]: [SIGFPE],
  [TRAP_ILLEGAL]: [SIGILL],
  [TRAP_LOAD]: [SIGSEGV, SIGBUS],
  [TRAP_STORE]: [SIGSEGV, SIGBUS],
  [TRAP_MISALIGNED]: [SIGSEGV, SIGBUS],
}

function check(c: X64Case, onCpu: CpuResult | undefined): Touched {
  const accesses: X64Access[] = []
  const { seen: eager, undefinedFlags, outcome } = runEager(c, (a) => accesses.push(a))
  const generated = runGenerated(c)
  const { reason } = hart
  if (outcome.kind !== 'exit') same(`${c.text}: generated and eager`, generated, eager)
  if (outcome.kind === 'trap') {
    const stopped = `${reason.kind} ${reason.trapKind} ${reason.address}`
    const wanted = `${TRAP} ${trapKind(outcome)} ${Number(outcome.address)}`
    if (stopped !== wanted) expect(stopped, c.text).toBe(wanted)
  }
  const touched = { accesses, completed: outcome.kind === 'next', undefinedFlags }
  if (onCpu === undefined || c.unpredictable) return touched
  let cpu = onCpu
  const stopped = outcome.kind === 'trap' ? SIGNALS[trapKind(outcome)] : outcome.kind === 'exit' ? [SIGILL] : [SIGTRAP]
  // Virtual machines have been seen to deliver another signal once in a hundred thousand: only one that repeats counts.
  if (!stopped.includes(cpu.signal)) [cpu] = runOnCpu([c])
  if (!stopped.includes(cpu.signal))
    expect(stopped, `${c.text}: signal ${cpu.signal} at ${hex(cpu.pc)}`).toContain(cpu.signal)
  if (APPROXIMATE.test(c.row.id)) return touched
  const defined = ALL_FLAGS & ~undefinedFlags
  same(
    `${c.text}: emulator and CPU`,
    { ...eager, flags: eager.flags & defined },
    { ...cpu, flags: cpu.flags & defined },
  )
  return touched
}

function hash(text: string): number {
  let h = 17
  for (const c of text) h = Math.imul(h, 31) + c.charCodeAt(0)
  return h
}

/** A test for each of the rows. */
export function testRows(rows: readonly CompiledX64Row[]): void {
  const cases = new Map<CompiledX64Row, X64Case[]>()
  const onCpu = new Map<X64Case, CpuResult>()
  const missing = whyNoCpu()
  const withoutFeature = rows.filter((row) => !cpuHas(row.attrs.feature ?? ''))

  beforeAll(() => {
    for (const row of rows) {
      const random = new Random(hash(row.id))
      cases.set(
        row,
        Array.from({ length: CASES }, (_, i) => randomCase(random, row, i)),
      )
    }
    if (missing !== undefined) return
    const all = rows
      .filter((row) => !NOT_COMPARED.test(row.id) && !withoutFeature.includes(row))
      .flatMap((row) => cases.get(row) ?? [])
    runOnCpu(all).forEach((r, i) => onCpu.set(all[i], r))
  }, 600_000)

  for (const row of rows) {
    test(row.id, () => {
      const runs = (cases.get(row) ?? []).map((c) => check(c, onCpu.get(c)))
      if (!LEAVES.test(row.id)) checkRoles(row, runs)
    })
  }
  // What was not asked of a CPU shows as skipped.
  const why = missing ?? (withoutFeature.length === 0 ? undefined : 'this CPU lacks the feature')
  const left = missing === undefined ? withoutFeature : rows
  for (const row of why === undefined ? [] : left) test.skip(`${row.id} on this CPU (${why})`, () => {})
}
