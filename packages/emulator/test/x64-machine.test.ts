// The x64 machine's protocol: entering and coming back, stack arguments, reasons to stop, exact counts.
import { CC } from '@k23/isa-x64/insts'
import { spawnSync } from 'node:child_process'
import { NO_REG } from '@k23/machinst/rows'
import {
  BREAKPOINT,
  FUEL,
  type Hart,
  HOST_CALL,
  PERM_READ,
  PERM_WRITE,
  RETURNED,
  TRAP,
  TRAP_ARITHMETIC,
  TRAP_FETCH,
  TRAP_ILLEGAL,
  TRAP_STORE,
} from '@k23/machine'
import { expect, test } from 'vitest'
import { createX64Machine, type X64Machine } from '../src/x64/index.ts'
import { HOST_CALL_BYTES } from '../src/x64/code-cache.ts'
import { assemble, at, type Line, RAX, RBX, RCX, RDI, RDX, RSI, RSP } from './x64-assemble.ts'

function load(lines: readonly Line[]): { machine: X64Machine; hart: Hart; code: number } {
  const machine = createX64Machine({ memoryBytes: 1 << 24 })
  const hart = machine.createHart({ stackBytes: 16384 })
  return { machine, hart, code: machine.placeCode(assemble(lines)) }
}
const rax = (hart: Hart): number => hart.readRegister(0).lo

/** Sum of 1..rdi, through memory. */
const SUM: Line[] = [
  ['movl_ri', RAX, 0],
  ['pushq_r', RBX],
  '.loop',
  ['addq_rr', RAX, RAX, RDI],
  ['movq_mr', RAX, ...at(RSP, -8)],
  ['movq_rm', RAX, ...at(RSP, -8)],
  ['subq_ri', RDI, RDI, 1],
  ['jcc', '.loop', CC.ne],
  ['popq_r', RBX],
  ['ret'],
]

test('a function returns, every instruction is counted, and fuel stops it exactly', () => {
  const { machine, hart, code } = load(SUM)
  const total = 2 + 10 * 5 + 2
  for (let n = 1; n <= total; n++) {
    machine.enter(hart, code, [10])
    const before = hart.instructions
    for (;;) {
      hart.fuel = n
      const reason = machine.run(hart)
      if (reason.kind === RETURNED) break
      expect(reason.kind).toBe(FUEL)
    }
    expect(rax(hart)).toBe(55)
    expect(hart.instructions - before).toBe(total)
  }
})

test('eight arguments: six in registers, two on the stack, rsp as after a call', () => {
  const { machine, hart, code } = load([
    ['movq_rm', RAX, ...at(RSP, 8)],
    ['subq_rm', RAX, RAX, ...at(RSP, 16)],
    ['addq_rr', RAX, RAX, RDI],
    ['addq_rr', RAX, RAX, 9 * 2],
    ['ret'],
  ])
  machine.enter(hart, code, [1, 2, 3, 4, 5, 100, 7000, 200])
  expect(hart.readRegister(4).lo % 16).toBe(8)
  expect(machine.run(hart).kind).toBe(RETURNED)
  expect(rax(hart)).toBe(7000 - 200 + 1 + 100)
  // The caller's stack is where it was.
  expect(hart.readRegister(4).lo % 16).toBe(0)
})

test('a host call comes back with number and block, a nested entry runs below, and run() goes on', () => {
  const { machine, hart, code } = load([
    ['pushq_r', RBX],
    ['movq_rr', RBX, RDI],
    ['subq_ri', RSP, RSP, 32],
    ['movq_mr', RBX, ...at(RSP, 0)],
    ['movq_rr', RAX, RSI],
    ['movl_ri', RDI, 7],
    ['movq_rr', RSI, RSP],
    ['call_r', RAX],
    ['movq_rm', RAX, ...at(RSP, 0)],
    ['addq_rr', RAX, RAX, RBX],
    ['addq_ri', RSP, RSP, 32],
    ['popq_r', RBX],
    ['ret'],
  ])
  machine.enter(hart, code, [20, machine.hostCallStub])
  const reason = machine.run(hart)
  expect([reason.kind, reason.number]).toEqual([HOST_CALL, 7])
  const block = machine.memory.view(reason.block, 8)
  expect(block[0]).toBe(20)
  const twice = machine.placeCode(assemble([['leaq_rm', RAX, RDI, RDI, 0, 0], ['movl_ri', RBX, 0], ['ret']]))
  machine.enter(hart, twice, [block[0]])
  expect(machine.run(hart).kind).toBe(RETURNED)
  expect(rax(hart)).toBe(40)
  block[0] = 22
  expect(machine.run(hart).kind).toBe(RETURNED)
  expect(rax(hart)).toBe(42)
})

test('traps name their instruction and leave nothing done', () => {
  const { machine, hart, code } = load([['movl_ri', RCX, 5], ['divq_r', RAX, RAX, RDX, RDX, RSI], ['ud2']])
  machine.enter(hart, code, [0, 0])
  expect({ ...machine.run(hart) }).toMatchObject({ kind: TRAP, trapKind: TRAP_ARITHMETIC, pc: code + 5 })
  expect(hart.readRegister(1).lo).toBe(5)
  machine.reset(hart)
  machine.enter(hart, code, [0, 3])
  hart.writeRegister(2, 0, 0)
  expect({ ...machine.run(hart) }).toMatchObject({ kind: TRAP, trapKind: TRAP_ILLEGAL, pc: code + 8 })
  machine.reset(hart)
  machine.enter(hart, 0x3000_0000, [])
  expect({ ...machine.run(hart) }).toMatchObject({ kind: TRAP, trapKind: TRAP_FETCH, address: 0x3000_0000 })
})

test('recursion without end faults in the guard page', () => {
  const { machine, hart, code } = load(['.f', ['call', '.f']])
  machine.enter(hart, code, [])
  const reason = machine.run(hart)
  expect([reason.kind, reason.trapKind]).toEqual([TRAP, TRAP_STORE])
  expect(reason.address).toBeLessThan(machine.stackLow(hart))
  expect(reason.address).toBeGreaterThanOrEqual(machine.stackLow(hart) - 4096)
  expect(reason.pc).toBe(code)
})

test('int3 stops behind itself; what is reserved for the machine is illegal elsewhere', () => {
  const { machine, hart } = load([['ret']])
  const code = machine.placeCode(Uint8Array.of(0xcc, ...HOST_CALL_BYTES))
  machine.enter(hart, code, [])
  expect({ ...machine.run(hart) }).toMatchObject({ kind: BREAKPOINT, pc: code })
  expect({ ...machine.run(hart) }).toMatchObject({ kind: TRAP, trapKind: TRAP_ILLEGAL, pc: code + 1 })
})

test('an instruction across pages is decoded once both can be fetched, and forgotten when one changes', () => {
  const { machine, hart } = load([['ret']])
  const { memory } = machine
  const base = memory.mapWindow(8192, PERM_READ | PERM_WRITE)
  const code = base + 4094 // movl $7, %eax across the boundary; ret
  memory.view(code, 6).set([0xb8, 7, 0, 0, 0, 0xc3])
  memory.protect(base, 4096, PERM_READ | 4)
  machine.enter(hart, code, [])
  expect({ ...machine.run(hart) }).toMatchObject({ kind: TRAP, trapKind: TRAP_FETCH, address: base + 4096, pc: code })
  machine.reset(hart)
  memory.protect(base + 4096, 4096, PERM_READ | 4)
  machine.enter(hart, code, [])
  expect(machine.run(hart).kind).toBe(RETURNED)
  expect(rax(hart)).toBe(7)
  memory.protect(base + 4096, 4096, PERM_READ | PERM_WRITE)
  memory.view(base + 4096, 1)[0] = 1
  memory.protect(base + 4096, 4096, PERM_READ | 4)
  machine.enter(hart, code, [])
  expect(machine.run(hart).kind).toBe(RETURNED)
  expect(rax(hart)).toBe(0x107)
})

test('code and data above 2 GiB and 4 GiB', () => {
  const machine = createX64Machine({ memoryBytes: 2 ** 40 })
  const hart = machine.createHart()
  const data = machine.memory.map(4096, PERM_READ | PERM_WRITE)
  expect(data).toBeGreaterThan(2 ** 32)
  // Code above 2 GiB reads its own bytes relative to rip.
  const high = machine.memory.mapWindow(4096, PERM_READ | PERM_WRITE, 0xc000_0000)
  const bytes = assemble([['movq_rm', RAX, NO_REG, NO_REG, 1 << 4, 0], ['movq_mr', RAX, RDI, RSI, 3, -16], ['ret']])
  const distance = new DataView(bytes.buffer)
  distance.setInt32(3, 100 - 7, true)
  machine.memory.view(high, bytes.length).set(bytes)
  machine.memory.view(high + 100, 8).set([1, 2, 3, 4, 5, 6, 7, 8])
  machine.memory.protect(high, 4096, PERM_READ | 4)
  machine.enter(hart, high, [data, 3])
  expect(machine.run(hart).kind).toBe(RETURNED)
  expect([...machine.memory.view(data + 8, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(hart.readRegister(0)).toEqual({ lo: 0x04030201, hi: 0x08070605 })
})

test('the functions of the evaluator stay within what V8 optimizes (60 KB of bytecode)', () => {
  // Every row once, so that V8 compiles every function.
  const script = `Promise.all([import('@k23/emulator/x64'), import('./x64-states.ts'), import('./states.ts')]).then(
    ([{ createX64Machine }, { randomCase, semanticRows }, { Random }]) => {
      const m = createX64Machine(), h = m.createHart()
      for (const row of semanticRows) {
        m.enter(h, m.placeCode(randomCase(new Random(1), row, 0).code), [])
        h.fuel = 1
        m.run(h)
        m.reset(h)
      }
    })`
  const done = spawnSync(
    process.execPath,
    ['--print-bytecode', '--print-bytecode-filter=*', '--input-type=module', '-e', script],
    { cwd: import.meta.dirname, encoding: 'utf8', maxBuffer: 1 << 29 },
  )
  const functions = done.stdout.matchAll(
    /for function: (evaluate\w*|group\d+|even|computed|\w+_) [\s\S]*?Bytecode length: (\d+)/g,
  )
  const lengths = new Map([...functions].map((m) => [m[1], Number(m[2])]))
  expect(lengths.get('evaluate')).toBeGreaterThan(10_000)
  expect(lengths.has('group0') && lengths.has('paddd_')).toBe(true)
  expect([...lengths].filter(([, length]) => length >= 60 * 1024)).toEqual([])
  const most = [...lengths].sort((a, b) => b[1] - a[1]).slice(0, 4)
  console.info(`bytecode: ${most.map(([name, length]) => `${name} ${length}`).join(', ')}`)
}, 60_000)
