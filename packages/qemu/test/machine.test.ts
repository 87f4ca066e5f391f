// The machine in a child process, under the emulator of each target that has one, and on the host's CPU where that is of the same kind.
import { spawnSync } from 'node:child_process'
import { compile, targets } from '@k23/codegen'
import {
  BREAKPOINT,
  EPOCH,
  frameRegisters,
  type Hart,
  HOST_CALL,
  type Machine,
  PAGE_SIZE,
  PERM_READ,
  PERM_WRITE,
  placeImage,
  RETURNED,
  TRAP,
  TRAP_ARITHMETIC,
  TRAP_FETCH,
  TRAP_ILLEGAL,
  TRAP_LOAD,
  TRAP_STORE,
} from '@k23/machine'
import { linuxAbi } from '@k23/object'
import { createChildMachine, createQemuMachine, ProcessError, type ProcessMachine } from '@k23/qemu'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const SOURCE = `
function %divide(i64, i64) -> i64 system_v { block0(v0: i64, v1: i64): v2 = udiv v0, v1 return v2 }
function %load(i64) -> i64 system_v { block0(v0: i64): v1 = load.i64 v0 return v1 }
function %store(i64, i64) system_v { block0(v0: i64, v1: i64): store v1, v0 return }
function %jump(i64) system_v { sig0 = () system_v block0(v0: i64): call_indirect sig0, v0() return }
function %unreachable() system_v { block0: trap user7 }
function %forever() system_v { block0: jump block1 block1: jump block1 }
function %deep(i64) -> i64 system_v { ss0 = explicit_slot 4000 fn0 = %deep(i64) -> i64 system_v
block0(v0: i64): v1 = stack_addr.i64 ss0 store v0, v1 v2 = call fn0(v1) return v2 }
function %ask(i64, i64, i64) -> f64, i64 system_v { sig0 = (i64, i64) system_v
block0(v0: i64, v1: i64, v2: i64):
    v3 = fcvt_from_sint.f64 v1
    call_indirect sig0, v0(v1, v2)
    v4 = load.i64 v2
    v5 = f64const 0x1.8p1
    v6 = fmul v3, v5
    return v6, v4 }
function %half(i64) -> i64 system_v { block0(v0: i64): v1 = fcvt_from_sint.f64 v0 v2 = f64const 0x1.0p-1 v3 = fmul v1, v2 v4 = fcvt_to_sint.i64 v3 return v4 }
`

/** First result register, and breakpoint instruction. */
const facts: Readonly<Record<string, { readonly result: number; readonly breakpoint: readonly number[] }>> = {
  riscv64: { result: 10, breakpoint: [0x73, 0x00, 0x10, 0x00] },
  x64: { result: 0, breakpoint: [0xcc] },
}

const qemus: Readonly<Record<string, string>> = { riscv64: 'qemu-riscv64', x64: 'qemu-x86_64' }
const cases: [name: string, target: string, make: (timeLimit: number) => ProcessMachine][] = []
for (const target of Object.keys(targets).filter((t) => linuxAbi(t) !== undefined)) {
  if (spawnSync(qemus[target], ['--version']).error === undefined)
    cases.push([`${target} under qemu`, target, (timeLimit) => createQemuMachine(target, { timeLimit })])
  if (process.platform === 'linux' && process.arch === target)
    cases.push([`${target} on this host`, target, (timeLimit) => createChildMachine(target, [], { timeLimit })])
}

test.runIf(cases.length === 0)('there is no qemu-user here: nothing of this is tested', (cx) => cx.skip())

describe.each(cases)('%s', (_, target, make) => {
  const { result, breakpoint } = facts[target]
  let machine: ProcessMachine
  let hart: Hart
  let base: number
  const module = compile(SOURCE, { target })
  const address = (name: string): number => base + (module.symbols.get(`%${name}`) as number)
  const enter = (h: Hart, name: string, ...args: number[]): void => machine.enter(h, address(name), args)
  const call = (name: string, ...args: number[]): number => {
    enter(hart, name, ...args)
    expect(machine.run(hart).kind).toBe(RETURNED)
    return value(hart)
  }
  const value = (h: Hart, n = result): number => {
    const { lo, hi } = h.readRegister(n)
    return hi * 2 ** 32 + (lo >>> 0)
  }
  const trapped = (name: string, ...args: number[]): { trapKind: number; at: number; address: number } => {
    enter(hart, name, ...args)
    const { kind, trapKind, pc, address: fault } = machine.run(hart)
    expect(kind).toBe(TRAP)
    machine.reset(hart)
    return { trapKind, at: pc, address: fault }
  }

  beforeAll(() => {
    machine = make(0.3)
    hart = machine.createHart()
    base = placeImage(machine, module)
  })
  afterAll(() => machine.close())

  test('calls return, with 64-bit arguments', () => {
    expect(call('divide', 100, 7)).toBe(14)
    expect(call('divide', 2 ** 52 + 12, 4)).toBe(2 ** 50 + 3)
  })

  test('traps: kind, place, address; afterwards the hart is as good as new', () => {
    const inside = (at: number, name: string): void => {
      const f = module.functions.find((x) => x.name === `%${name}`)
      expect(at - address(name)).toBeGreaterThanOrEqual(0)
      expect(at - address(name)).toBeLessThan(f?.code.length ?? 0)
    }
    expect(trapped('unreachable').trapKind).toBe(TRAP_ILLEGAL)
    expect([TRAP_ILLEGAL, TRAP_ARITHMETIC]).toContain(trapped('divide', 1, 0).trapKind)
    const load = trapped('load', 24)
    expect(load).toMatchObject({ trapKind: TRAP_LOAD, address: 24 })
    inside(load.at, 'load')
    const store = trapped('store', 40, 1)
    expect(store).toMatchObject({ trapKind: TRAP_STORE, address: 40 })
    inside(store.at, 'store')
    expect(trapped('store', base, 1)).toMatchObject({ trapKind: TRAP_STORE, address: base })
    expect(trapped('jump', 4096)).toEqual({ trapKind: TRAP_FETCH, at: 4096, address: 4096 })
    const low = machine.stackLow(hart)
    expect(trapped('jump', low)).toEqual({ trapKind: TRAP_FETCH, at: low, address: low })
    expect(call('divide', 9, 3)).toBe(3)
  })

  test('a stack that is full ends in its guard page', () => {
    const { trapKind, address: fault } = trapped('deep', 0)
    expect(trapKind).toBe(TRAP_STORE)
    expect(fault).toBeLessThan(machine.stackLow(hart))
    expect(fault).toBeGreaterThanOrEqual(machine.stackLow(hart) - PAGE_SIZE)
  })

  test('an endless call stops with EPOCH, when asked or when the time is over, and can go on', () => {
    enter(hart, 'forever')
    machine.interrupt()
    expect(machine.run(hart).kind).toBe(EPOCH)
    for (let i = 0; i < 2; i++) {
      const started = performance.now()
      expect(machine.run(hart).kind).toBe(EPOCH)
      expect(performance.now() - started).toBeGreaterThan(290)
    }
    machine.reset(hart)
    expect(call('divide', 8, 2)).toBe(4)
  })

  test('views: what is written is there for the guest, and the other way round', () => {
    const { memory } = machine
    const at = memory.map(3 * PAGE_SIZE, PERM_READ | PERM_WRITE)
    const word = (offset: number, length = 8): DataView => {
      const v = memory.view(at + offset, length)
      return new DataView(v.buffer, v.byteOffset, length)
    }
    word(16).setUint32(0, 12345, true)
    const old = memory.generation
    expect(call('load', at + 16)).toBe(12345)
    expect(memory.generation).toBeGreaterThan(old)
    call('store', at + PAGE_SIZE - 4, 0x7766_5544)
    expect(word(PAGE_SIZE - 4).getUint32(0, true)).toBe(0x7766_5544)
    // Many pages at once, more than a pipe holds.
    const large = memory.map(1 << 20, PERM_READ | PERM_WRITE)
    memory.view(large, 1 << 20).fill(7)
    expect(call('load', large + (1 << 20) - 8)).toBe(0x0707_0707 * (2 ** 32 + 1))
    expect(memory.view(large, 1 << 20).every((b) => b === 7)).toBe(true)
    memory.unmap(large, 1 << 20)
    expect(trapped('load', large).trapKind).toBe(TRAP_LOAD)
    expect(() => memory.view(large, 1)).toThrow(RangeError)
  })

  test('protection: what the guest may not write keeps what it has, and the host writes it still', () => {
    const { memory } = machine
    const at = memory.map(2 * PAGE_SIZE, PERM_READ | PERM_WRITE)
    call('store', at + 8, 77)
    memory.protect(at, PAGE_SIZE, PERM_READ)
    expect(trapped('store', at + 8, 78).trapKind).toBe(TRAP_STORE)
    expect(memory.view(at + 8, 1)[0]).toBe(77)
    memory.view(at + 8, 1)[0] = 79
    expect(call('load', at + 8)).toBe(79)
    memory.protect(at, PAGE_SIZE, 0)
    expect(trapped('load', at + 8).trapKind).toBe(TRAP_LOAD)
    expect(memory.view(at + 8, 1)[0]).toBe(79)
    memory.view(at + 8, 1)[0] = 80
    memory.protect(at, PAGE_SIZE, PERM_READ | PERM_WRITE)
    expect(call('load', at + 8)).toBe(80)
    const reserved = memory.reserve(8 * PAGE_SIZE)
    memory.protect(reserved, 2 * PAGE_SIZE, PERM_READ | PERM_WRITE)
    call('store', reserved + PAGE_SIZE, 5)
    expect(memory.view(reserved + PAGE_SIZE, 1)[0]).toBe(5)
    expect(trapped('load', reserved + 2 * PAGE_SIZE).trapKind).toBe(TRAP_LOAD)
  })

  test('a host call stops, and the call goes on with what is in the block; calls within are below it', () => {
    const block = machine.memory.map(PAGE_SIZE, PERM_READ | PERM_WRITE)
    const word = (): DataView => {
      const v = machine.memory.view(block, 8)
      return new DataView(v.buffer, v.byteOffset, 8)
    }
    for (let i = 1; i < 4; i++) {
      enter(hart, 'ask', machine.hostCallStub, i, block)
      const r = machine.run(hart)
      expect(r).toMatchObject({ kind: HOST_CALL, number: i, block })
      // Within: float registers are the outer call's to have kept.
      expect(call('half', 1000 * i)).toBe(500 * i)
      expect(trapInside()).toBe(TRAP_ILLEGAL)
      word().setUint32(0, 100 + i, true)
      expect(machine.run(hart).kind).toBe(RETURNED)
      expect(value(hart)).toBe(100 + i)
    }

    function trapInside(): number {
      enter(hart, 'unreachable')
      const { kind, trapKind } = machine.run(hart)
      expect(kind).toBe(TRAP)
      machine.leave(hart)
      return trapKind
    }
  })

  test('two harts take turns in the midst of calls', () => {
    const other = machine.createHart()
    const blocks = [0, 1].map(() => machine.memory.map(PAGE_SIZE, PERM_READ | PERM_WRITE))
    const both = [hart, other]
    both.forEach((h, i) => enter(h, 'ask', machine.hostCallStub, 10 + i, blocks[i]))
    both.forEach((h, i) => expect(machine.run(h)).toMatchObject({ kind: HOST_CALL, number: 10 + i, block: blocks[i] }))
    both.forEach((h, i) => {
      machine.memory.view(blocks[i], 1)[0] = 50 + i
      expect(machine.run(h).kind).toBe(RETURNED)
      expect(value(h)).toBe(50 + i)
    })
    machine.destroyHart(other)
    expect(() => machine.run(other)).toThrow(TypeError)
  })

  test('a breakpoint stops at its instruction, and the hart goes on behind it', () => {
    const at = machine.placeCode(Uint8Array.from(breakpoint))
    machine.enter(hart, at, [])
    expect(machine.run(hart)).toMatchObject({ kind: BREAKPOINT, pc: at })
    expect(hart.pc).toBe(at + breakpoint.length)
    machine.reset(hart)
    machine.removeCode(at)
  })

  test('registers are numbered as in instructions', () => {
    enter(hart, 'unreachable')
    const { stackPointer } = frameRegisters[machine.isa]
    const sp = value(hart, stackPointer)
    expect(sp).toBeGreaterThan(machine.stackLow(hart))
    hart.writeRegister(3, 0x1234, -2)
    machine.run(hart)
    expect(hart.readRegister(3)).toEqual({ lo: 0x1234, hi: -2 })
    machine.reset(hart)
  })
})

test.skipIf(cases.length === 0)('a process that has nobody to talk to ends', async () => {
  // The system's processes by the name of the program that they run.
  const agents = (): Set<string> => {
    const { stdout } = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    return new Set(stdout.split('\n').filter((l) => l.includes('k23-process-')))
  }
  const before = agents()
  const machine = cases[0][2](1)
  const [mine, ...others] = [...agents()].filter((l) => !before.has(l))
  machine.close()
  expect(mine).toBeDefined()
  for (let i = 0; i < 100 && agents().has(mine); i++) await new Promise((done) => setTimeout(done, 20))
  // Whatever else runs tests at this time comes and goes.
  expect(agents().has(mine) && others.length === 0).toBe(false)
})

test.skipIf(cases.length === 0)('what is asked of a machine that is closed is an error that says so', () => {
  const machine = cases[0][2](1)
  const hart = machine.createHart()
  machine.close()
  machine.close()
  for (const use of [
    () => machine.createHart(),
    () => machine.placeCode(new Uint8Array(4)),
    () => {
      machine.enter(hart, machine.hostCallStub, [])
      machine.run(hart)
    },
  ])
    expect(use).toThrow('the machine is closed')
})

test('an emulator that is not there is said to be', () => {
  const path = process.env.PATH
  try {
    process.env.PATH = ''
    expect(() => createQemuMachine('riscv64')).toThrow(ProcessError)
  } finally {
    process.env.PATH = path
  }
  expect(() => createQemuMachine('m68k')).toThrow(RangeError)
})

const _assignable: Machine | undefined = undefined as ProcessMachine | undefined
void _assignable
