// Every x64 row with semantics: the generated evaluator against the eager one, and both against the CPU that runs the test, over the same states.
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
import type { X64Access, X64EagerOutcome, X64EagerState } from '../src/x64/eager.ts'
import { executeX64Eagerly } from '../src/x64/eager.ts'
import { ALL_FLAGS } from '../src/x64/flags.ts'
import { createX64Machine, type X64Hart } from '../src/x64/index.ts'
import { XMM } from '../src/x64/registers.ts'
import { x64Semantics } from '../src/x64/semantics.ts'
import { Random } from './states.ts'
import {
  type CpuResult,
  cpuHas,
  runOnCpu,
  setBig128,
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGSEGV,
  SIGTRAP,
  whyNoCpu,
} from './x64-cpu.ts'
import { checkRoles, type Touched } from './x64-roles.ts'
import { CODE, DATA, IMAGE_BYTES, PAGE, randomCase, semanticRows, type X64Case } from './x64-states.ts'

const CASES = process.env.K23_LONG === '1' ? 1000 : 30
/** What the CPU does in its own way: what asks the machine about itself, and stops that a signal cannot be told by. */
const NOT_COMPARED = /^(rdtsc|cpuid|syscall|hlt|int3)$/

/** What does not go on to another instruction. */
const LEAVES = /^(ud2|int3|hlt|syscall)$/

const machine = createX64Machine({ memoryBytes: 2 ** 32 })
const hart = machine.createHart({ stackBytes: 4096 })
const eagerMachine = createX64Machine({ memoryBytes: 2 ** 32 })
for (const { memory } of [machine, eagerMachine]) memory.mapWindow(PAGE, PERM_READ | PERM_WRITE, DATA)

const cases = new Map<string, X64Case[]>()
const onCpu = new Map<X64Case, CpuResult>()
const missing = whyNoCpu()

beforeAll(() => {
  for (const row of semanticRows) {
    const random = new Random(hash(row.id))
    cases.set(
      row.id,
      Array.from({ length: CASES }, () => randomCase(random, row)),
    )
  }
  if (missing !== undefined) return
  const all = [...cases.values()]
    .flat()
    .filter((c) => !NOT_COMPARED.test(c.row.id) && cpuHas(c.row.attrs.feature ?? ''))
  runOnCpu(all).forEach((r, i) => onCpu.set(all[i], r))
}, 60_000)

function hash(text: string): number {
  let h = 17
  for (const c of text) h = Math.imul(h, 31) + c.charCodeAt(0)
  return h
}

const hex = (v: bigint | number): string => v.toString(16)

/** Everything that can be compared, as text: a difference shows at once. */
function shown(
  gpr: readonly bigint[],
  xmm: readonly bigint[],
  flags: number,
  pc: bigint | number,
  image: Uint8Array,
): string[] {
  return [
    ...gpr.map((v, i) => `r${i} ${hex(v)}`),
    ...xmm.map((v, i) => `xmm${i} ${hex(v)}`),
    `flags ${hex(flags & ALL_FLAGS)}`,
    `pc ${hex(pc)}`,
    `memory ${Buffer.from(image).toString('hex')}`,
  ]
}

function shownHart(h: X64Hart, image: Uint8Array, undefinedFlags: number): string[] {
  const gpr = Array.from({ length: 16 }, (_, n) => {
    const { lo, hi } = h.readRegister(n)
    return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
  })
  const view = new DataView(h.x.buffer)
  const xmm = Array.from({ length: 16 }, (_, n) => {
    const at = (XMM + 4 * n) * 4
    return view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n)
  })
  return shown(gpr, xmm, h.flags & ~undefinedFlags, h.pc, image)
}

function image(memory: typeof machine.memory, c: X64Case): Uint8Array {
  return memory.view(DATA + c.imageAt, IMAGE_BYTES).slice()
}

function runGenerated(c: X64Case): void {
  const { memory } = machine
  memory.mapWindow(PAGE, PERM_READ | PERM_WRITE, CODE)
  memory.view(c.pc, c.code.length).set(c.code)
  memory.protect(CODE, PAGE, PERM_READ | PERM_EXEC)
  memory.view(DATA, PAGE).fill(0)
  memory.view(DATA + c.imageAt, IMAGE_BYTES).set(c.image)
  machine.reset(hart)
  machine.enter(hart, c.pc, [])
  c.gpr.forEach((v, n) => hart.writeRegister(n, Number(BigInt.asIntN(32, v)), Number(BigInt.asIntN(32, v >> 32n))))
  const view = new DataView(hart.x.buffer)
  c.xmm.forEach((v, n) => setBig128(view, (XMM + 4 * n) * 4, v))
  hart.flags = c.flags
  hart.fuel = 1
  machine.run(hart)
  memory.unmap(CODE, PAGE)
}

function runEager(
  c: X64Case,
  observe: (access: X64Access) => void,
): { state: X64EagerState; outcome: X64EagerOutcome } {
  const state: X64EagerState = { gpr: [...c.gpr], xmm: [...c.xmm], flags: c.flags, undefinedFlags: 0, pc: BigInt(c.pc) }
  const { memory } = eagerMachine
  memory.view(DATA, PAGE).fill(0)
  memory.view(DATA + c.imageAt, IMAGE_BYTES).set(c.image)
  const body = x64Semantics[c.row.id]
  const clock = BigInt(hart.instructions)
  const outcome = executeX64Eagerly(
    { body, length: c.code.length, operands: c.operands },
    state,
    memory,
    observe,
    clock,
  )
  return { state, outcome }
}

/** Trap kinds by what the eager evaluator says. */
function trapKind(outcome: X64EagerOutcome): number {
  if (outcome.kind !== 'trap') return -1
  return outcome.trap === 'divide' ? TRAP_ARITHMETIC : outcome.trap === 'illegal' ? TRAP_ILLEGAL : outcome.trap
}

const SIGNALS: Readonly<Record<number, readonly number[]>> = {
  [TRAP_ARITHMETIC]: [SIGFPE],
  [TRAP_ILLEGAL]: [SIGILL],
  // #SS, of addresses by rsp and rbp that are not canonical, is SIGBUS.
  [TRAP_LOAD]: [SIGSEGV, SIGBUS],
  [TRAP_STORE]: [SIGSEGV, SIGBUS],
  [TRAP_MISALIGNED]: [SIGSEGV, SIGBUS],
}

/** expect() alone takes most of the time. */
function same(what: string, a: readonly string[], b: readonly string[]): void {
  if (a.join() !== b.join()) expect(a, what).toEqual(b)
}

function check(c: X64Case): Touched {
  const accesses: X64Access[] = []
  const { state, outcome } = runEager(c, (a) => accesses.push(a))
  const eager = shown(state.gpr, state.xmm, state.flags, state.pc, image(eagerMachine.memory, c))
  runGenerated(c)
  const { reason } = hart
  const generated = shownHart(hart, image(machine.memory, c), 0)
  if (outcome.kind !== 'exit') same(`${c.text}: generated and eager`, generated, eager)
  if (outcome.kind === 'trap')
    same(
      c.text,
      [reason.kind, reason.trapKind, reason.address].map(String),
      [TRAP, trapKind(outcome), Number(outcome.address)].map(String),
    )
  const touched = { accesses, completed: outcome.kind === 'next', undefinedFlags: state.undefinedFlags }
  let cpu = onCpu.get(c)
  if (cpu === undefined || c.unpredictable) return touched
  const stopped = outcome.kind === 'trap' ? SIGNALS[trapKind(outcome)] : outcome.kind === 'exit' ? [SIGILL] : [SIGTRAP]
  // Virtual machines have been seen to deliver another signal once in a hundred thousand: only one that repeats counts.
  if (!stopped.includes(cpu.signal)) [cpu] = runOnCpu([c])
  if (!stopped.includes(cpu.signal))
    expect(stopped, `${c.text}: signal ${cpu.signal} at ${hex(cpu.pc)}`).toContain(cpu.signal)
  const defined = shown(
    state.gpr,
    state.xmm,
    state.flags & ~state.undefinedFlags,
    state.pc,
    image(eagerMachine.memory, c),
  )
  const real = shown(cpu.gpr, cpu.xmm, cpu.flags & ~state.undefinedFlags, cpu.pc, cpu.image)
  same(`${c.text}: emulator and CPU`, defined, real)
  return touched
}

for (const row of semanticRows) {
  test(row.id, () => {
    const runs = (cases.get(row.id) ?? []).map(check)
    if (!LEAVES.test(row.id)) checkRoles(row, runs)
  })
}
