// The machine protocol: entering and coming back, each reason to stop, exact counts, and what stays untouched when something faults.
import { spawnSync } from 'node:child_process'
import {
  BREAKPOINT,
  EPOCH,
  FUEL,
  type Hart,
  HOST_CALL,
  type Machine,
  PERM_EXEC,
  PERM_READ,
  PERM_WRITE,
  RETURNED,
  TRAP,
  TRAP_FETCH,
  TRAP_ILLEGAL,
  TRAP_LOAD,
  TRAP_MISALIGNED,
  TRAP_STORE,
} from '@k23/machine'
import { describe, expect, test } from 'vitest'
import { createRiscv64Machine } from '../src/riscv64/index.ts'
import { assemble, type Line } from './assemble.ts'

const RET: Line = ['jalr', 'zero', 'ra', 0]

function load(lines: readonly Line[]): { machine: ReturnType<typeof createRiscv64Machine>; hart: Hart; code: number } {
  const machine = createRiscv64Machine({ memoryBytes: 1 << 24 })
  const hart = machine.createHart({ stackBytes: 16384 })
  return { machine, hart, code: machine.placeCode(assemble(lines)) }
}
const a0 = (hart: Hart): number => hart.readRegister(10).lo

/** Sum of 1..a0, with a store and a load each round. */
const SUM: Line[] = [
  ['addi', 'a1', 'zero', 0],
  ['addi', 'sp', 'sp', -16],
  '.loop',
  ['add', 'a1', 'a1', 'a0'],
  ['sd', 'sp', 'a1', 0],
  ['ld', 'a1', 'sp', 0],
  ['addi', 'a0', 'a0', -1],
  ['bne', 'a0', 'zero', '.loop'],
  ['addi', 'a0', 'a1', 0],
  ['addi', 'sp', 'sp', 16],
  RET,
]

describe('running', () => {
  test('a function returns, and every instruction is counted', () => {
    const { machine, hart, code } = load(SUM)
    machine.enter(hart, code, [100])
    expect(machine.run(hart).kind).toBe(RETURNED)
    expect(a0(hart)).toBe(5050)
    expect(hart.instructions).toBe(2 + 100 * 5 + 3)
    expect(() => machine.run(hart)).toThrow('idle')
  })

  test('fuel stops after exactly n instructions, and resuming gives the same result for every n', () => {
    const { machine, hart, code } = load(SUM)
    const total = 2 + 10 * 5 + 3
    for (let n = 1; n <= total; n++) {
      machine.enter(hart, code, [10])
      const before = hart.instructions
      let stops = 0
      for (;;) {
        hart.fuel = n
        const reason = machine.run(hart)
        if (reason.kind === RETURNED) break
        expect(reason.kind).toBe(FUEL)
        stops++
        expect(hart.fuel).toBe(0)
        expect(hart.instructions - before).toBe(stops * n)
      }
      expect(a0(hart)).toBe(55)
      expect(hart.instructions - before).toBe(total)
      expect(hart.fuel).toBe((stops + 1) * n - total)
    }
    hart.fuel = Number.POSITIVE_INFINITY
  })

  test('an endless loop is stopped by an interrupt or by fuel', () => {
    const { machine, hart, code } = load(['.loop', ['jal', 'zero', '.loop']])
    machine.enter(hart, code, [])
    machine.interrupt()
    expect(machine.run(hart).kind).toBe(EPOCH)
    hart.fuel = 3_000_000
    expect(machine.run(hart).kind).toBe(FUEL)
    expect(hart.instructions).toBe(3_000_000)
  })

  test('a host call comes back with number and block, and run() goes on behind it', () => {
    const { machine, hart, code } = load([
      ['addi', 'sp', 'sp', -32],
      ['sd', 'sp', 'ra', 24],
      ['sd', 'sp', 'a0', 0],
      ['addi', 't0', 'a1', 0],
      ['addi', 'a0', 'zero', 7],
      ['addi', 'a1', 'sp', 0],
      ['jalr', 'ra', 't0', 0],
      ['ld', 'a0', 'sp', 0],
      ['ld', 'ra', 'sp', 24],
      ['addi', 'sp', 'sp', 32],
      RET,
    ])
    machine.enter(hart, code, [20, machine.hostCallStub])
    const reason = machine.run(hart)
    expect([reason.kind, reason.number]).toEqual([HOST_CALL, 7])
    const block = machine.memory.view(reason.block, 8)
    expect(block[0]).toBe(20)

    // The host function calls back: a nested entry on the same stack, below the frame that waits.
    const twice = machine.placeCode(assemble([['slli', 'a0', 'a0', 1], RET]))
    machine.enter(hart, twice, [block[0]])
    expect(machine.run(hart).kind).toBe(RETURNED)
    block[0] = a0(hart) + 2
    expect(machine.run(hart).kind).toBe(RETURNED)
    expect(a0(hart)).toBe(42)
  })

  test('a trap in a nested entry can be given up alone', () => {
    const { machine, hart, code } = load([
      ['addi', 's1', 'ra', 0],
      ['jalr', 'ra', 'a0', 0],
      ['addi', 'a0', 'zero', 9],
      ['jalr', 'zero', 's1', 0],
    ])
    machine.enter(hart, code, [machine.hostCallStub])
    expect(machine.run(hart).kind).toBe(HOST_CALL)
    machine.enter(hart, 0x3000_0000, [])
    expect(machine.run(hart).kind).toBe(TRAP)
    machine.leave(hart)
    expect(machine.run(hart).kind).toBe(RETURNED)
    expect(a0(hart)).toBe(9)
  })

  test('a breakpoint names its own address and goes on behind itself, compressed or not', () => {
    const { machine, hart, code } = load([['ebreak'], ['c_ebreak'], ['addi', 'a0', 'zero', 5], RET])
    machine.enter(hart, code, [])
    expect({ ...machine.run(hart) }).toMatchObject({ kind: BREAKPOINT, pc: code })
    expect({ ...machine.run(hart) }).toMatchObject({ kind: BREAKPOINT, pc: code + 4 })
    expect(machine.run(hart).kind).toBe(RETURNED)
    expect(a0(hart)).toBe(5)
  })

  test('the trace shows each instruction before it happens', () => {
    const { machine, hart, code } = load([['addi', 'a0', 'a0', 1], ['c_addi', 'a0', 'a0', 2], RET])
    const lines: string[] = []
    machine.trace((pc, text) => lines.push(`${pc - code}: ${text}`))
    machine.enter(hart, code, [0])
    machine.run(hart)
    machine.trace(undefined)
    expect(lines.slice(0, 3)).toEqual(['0: addi a0, a0, 1', '4: c.addi a0, 2', '6: jalr zero, 0(ra)'])
    expect(a0(hart)).toBe(3)
  })

  test('registers hold 64-bit arguments', () => {
    const { machine, hart, code } = load([['add', 'a0', 'a0', 'a1'], RET])
    machine.enter(hart, code, [2 ** 40 + 1, -3])
    machine.run(hart)
    expect(hart.readRegister(10)).toEqual({ lo: -2, hi: 255 })
  })

  test('instret counts, and counters are read-only', () => {
    const { machine, hart, code } = load([
      ['csrrs', 'a0', 'zero', 0xc02],
      ['addi', 'a2', 'a2', 0],
      ['csrrs', 'a1', 'zero', 0xc02],
      ['csrrw', 'zero', 'a0', 0xc02],
    ])
    machine.enter(hart, code, [])
    expect({ ...machine.run(hart) }).toMatchObject({ kind: TRAP, trapKind: TRAP_ILLEGAL, pc: code + 12 })
    expect(hart.readRegister(11).lo - a0(hart)).toBe(2)
  })
})

describe('traps', () => {
  const trapOf = (
    lines: readonly Line[],
    args: readonly number[] = [],
  ): { reason: object; hart: Hart; code: number; machine: Machine } => {
    const { machine, hart, code } = load(lines)
    machine.enter(hart, code, args)
    return { reason: { ...machine.run(hart) }, hart, code, machine }
  }

  test('a faulting load changes no register and is not counted', () => {
    const { reason, hart, code } = trapOf(
      [
        ['addi', 'a1', 'zero', 3],
        ['ld', 'a1', 'a0', 8],
      ],
      [64],
    )
    expect(reason).toMatchObject({ kind: TRAP, trapKind: TRAP_LOAD, pc: code + 4, address: 72 })
    expect(hart.readRegister(11)).toEqual({ lo: 3, hi: 0 })
    expect(hart.instructions).toBe(1)
  })

  test('code is not writable', () => {
    const { reason, code } = trapOf([
      ['auipc', 'a0', 0],
      ['sd', 'a0', 'a0', 0],
    ])
    expect(reason).toMatchObject({ trapKind: TRAP_STORE, address: code, pc: code + 4 })
  })

  test('data is not executable; the pc is the target, after the jump happened', () => {
    const { reason, hart } = trapOf([
      ['addi', 'a0', 'sp', -64],
      ['jalr', 'ra', 'a0', 0],
    ])
    expect(reason).toMatchObject({ trapKind: TRAP_FETCH, pc: a0(hart), address: a0(hart) })
    expect(hart.instructions).toBe(2)
  })

  test('fuel that ends with a jump to nowhere is reported before the fault there', () => {
    const { machine, hart, code } = load([['jal', 'zero', -0x80000]])
    machine.enter(hart, code, [])
    hart.fuel = 1
    expect({ ...machine.run(hart) }).toMatchObject({ kind: FUEL })
    hart.fuel = 1
    expect({ ...machine.run(hart) }).toMatchObject({ kind: TRAP, trapKind: TRAP_FETCH })
    expect(hart.fuel).toBe(1)
  })

  test('stack overflow is a store into the guard page', () => {
    const { reason, hart, machine } = trapOf([
      '.f',
      ['addi', 'sp', 'sp', -16],
      ['sd', 'sp', 'ra', 8],
      ['jal', 'ra', '.f'],
    ])
    expect(reason).toMatchObject({ trapKind: TRAP_STORE })
    const { address } = hart.reason
    expect(address).toBeLessThan(machine.stackLow(hart))
    expect(address).toBeGreaterThanOrEqual(machine.stackLow(hart) - 4096)
    machine.reset(hart)
    expect(() => machine.run(hart)).toThrow('idle')
  })

  test('undefined bits, reserved instructions outside of the machine, and missing extensions are illegal', () => {
    const { machine, hart } = load([RET])
    for (const bits of [0, 0xffffffff, 0x0000000b, 0x0000100b]) {
      const code = machine.placeCode(Uint8Array.of(bits, bits >>> 8, bits >>> 16, bits >>> 24))
      machine.enter(hart, code, [])
      expect({ ...machine.run(hart) }).toMatchObject({ kind: TRAP, trapKind: TRAP_ILLEGAL, pc: code })
      machine.reset(hart)
    }
    const plain = createRiscv64Machine({ memoryBytes: 1 << 24, features: ['has_m'] })
    const other = plain.createHart()
    const code = plain.placeCode(
      assemble([
        ['mul', 'a0', 'a0', 'a0'],
        ['andn', 'a0', 'a0', 'a0'],
      ]),
    )
    plain.enter(other, code, [])
    expect({ ...plain.run(other) }).toMatchObject({ trapKind: TRAP_ILLEGAL, pc: code + 4 })
    expect(() => createRiscv64Machine({ features: ['has_zvkned'] })).toThrow('has_zvkned')
  })

  test('a misaligned pc', () => {
    const { machine, hart, code } = load([RET])
    machine.enter(hart, code + 1, [])
    expect({ ...machine.run(hart) }).toMatchObject({ trapKind: TRAP_MISALIGNED, pc: code + 1 })
  })
})

describe('code', () => {
  test('changed code is decoded again: unmapped, made writable, or after fence.i', () => {
    const { machine, hart, code } = load([['addi', 'a0', 'zero', 1], RET])
    const call = (): number => {
      machine.enter(hart, code, [])
      const { kind } = machine.run(hart)
      machine.reset(hart)
      return kind === RETURNED ? a0(hart) : -kind
    }
    expect(call()).toBe(1)
    machine.memory.protect(code, 4096, PERM_READ | PERM_WRITE)
    expect(call()).toBe(-TRAP)
    machine.memory.view(code, 4).set(assemble([['addi', 'a0', 'zero', 2]]))
    machine.memory.protect(code, 4096, PERM_READ | PERM_EXEC)
    expect(call()).toBe(2)
    machine.memory.unmap(code, 4096)
    expect(call()).toBe(-TRAP)
    expect(machine.placeCode(assemble([['addi', 'a0', 'zero', 3], RET]))).toBe(code)
    expect(call()).toBe(3)

    // The host writes behind the machine's back; the guest's fence.i makes it visible.
    const patched = machine.placeCode(assemble([['fence_i'], ['addi', 'a0', 'zero', 4], RET]))
    const run = (): number => {
      machine.enter(hart, patched, [])
      machine.run(hart)
      return a0(hart)
    }
    expect(run()).toBe(4)
    machine.memory.view(patched + 4, 4).set(assemble([['addi', 'a0', 'zero', 5]]))
    expect(run()).toBe(5)
  })

  test('a jump into the middle of decoded code, and an instruction across pages', () => {
    const filler: Line[] = Array.from({ length: 1023 }, () => ['addi', 'a0', 'a0', 1])
    const { machine, hart, code } = load([['c_addi', 'a0', 'a0', 1], ...filler, ['addi', 'a0', 'a0', 1], RET])
    machine.enter(hart, code, [0])
    machine.run(hart)
    expect(a0(hart)).toBe(1025)
    machine.enter(hart, code + 2 + 4 * 1000, [0])
    machine.run(hart)
    expect(a0(hart)).toBe(24)
  })

  test('a reservation is lost when another hart has run', () => {
    const { machine, hart, code } = load([['lr_w', 'a1', 'sp', 0], ['ebreak'], ['sc_w', 'a0', 'sp', 'a1', 0], RET])
    const lines: Line[] = [
      ['addi', 'sp', 'sp', -16],
      ['lr_w', 'a1', 'sp', 0],
      ['ebreak'],
      ['sc_w', 'a0', 'sp', 'a1', 0],
      ['addi', 'sp', 'sp', 16],
      RET,
    ]
    expect(code).toBeGreaterThan(0)
    const program = machine.placeCode(assemble(lines))
    const other = machine.createHart({ stackBytes: 4096 })
    const result = (disturb: boolean): number => {
      machine.enter(hart, program, [])
      machine.run(hart)
      if (disturb) {
        machine.enter(other, machine.placeCode(assemble([RET])), [])
        machine.run(other)
      }
      machine.run(hart)
      return a0(hart)
    }
    expect(result(false)).toBe(0)
    expect(result(true)).toBe(1)
  })
})

test('the generated evaluator stays within what V8 optimizes (60 KB of bytecode)', () => {
  const script = `import('@k23/emulator/riscv64').then(({ createRiscv64Machine }) => {
    const m = createRiscv64Machine(), h = m.createHart()
    m.enter(h, m.placeCode(Uint8Array.of(0x53, 0x75, 0xb5, 0x02, 0x67, 0x80, 0, 0)), [])
    m.run(h)
  })`
  const done = spawnSync(
    process.execPath,
    ['--print-bytecode', '--print-bytecode-filter=*', '--input-type=module', '-e', script],
    {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  )
  // One header line per function: `[generated bytecode for function: NAME (0x...)]`, then its length.
  const functions = done.stdout.matchAll(/for function: (evaluate\w*)[\s\S]*?Bytecode length: (\d+)/g)
  const lengths = [...functions].map((m) => Number(m[2]))
  expect(lengths.length).toBe(2)
  expect(Math.max(...lengths)).toBeLessThan(60 * 1024)
  expect(Math.max(...lengths)).toBeGreaterThan(5000)
  console.info(`bytecode of evaluate and evaluateOutOfLine: ${lengths.join(', ')}`)
})
