// Unwind rows of riscv64: at every instruction that runs, they recover the state of every caller on the stack: its stack pointer, return address, frame
// pointer and callee-saved registers, as these were when the function was entered.
import { callTrampoline, compile, type CompiledModule, functionAt, type PlacedFunction, SLOT_BYTES } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { type Func, functionNameText, parseFunctions } from '@k23/ir'
import { FUEL, type Hart, type Machine, PERM_READ, PERM_WRITE, placeImage, RETURNED } from '@k23/machine'
import { describe, expect, test } from 'vitest'
import { leaf, unwindPrograms } from './unwind-programs.ts'

const machine: Machine = createRiscv64Machine()
const hart: Hart = machine.createHart({ stackBytes: 1 << 20 })
const block = machine.memory.map(16 * SLOT_BYTES, PERM_READ | PERM_WRITE)

const RA = 1
const SP = 2
const WATCHED = [RA, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27]

type Registers = Map<number, bigint>

function register(n: number): bigint {
  const { lo, hi } = hart.readRegister(n)
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0)
}
function word(at: bigint): bigint {
  const v = machine.memory.view(Number(at), 8)
  return new DataView(v.buffer, v.byteOffset, 8).getBigInt64(0, true)
}
const state = (): Registers => new Map([SP, ...WATCHED].map((r) => [r, register(r)]))

/** The caller's registers by the row for `offset`. */
function caller(f: PlacedFunction, offset: number, now: Registers): Registers {
  let row = f.unwind[0]
  for (const r of f.unwind) if (r.offset <= offset) row = r
  const cfa = (now.get(row.cfaReg) as bigint) + BigInt(row.cfaOffset)
  const out = new Map(now)
  out.set(SP, cfa)
  for (const [reg, at] of row.saved) if (reg < 64) out.set(reg, word(cfa + BigInt(at)))
  return out
}

interface Entered {
  readonly f: PlacedFunction
  readonly registers: Registers
}

/** Runs instruction by instruction; returns how many states were recovered. */
function follow(module: CompiledModule, base: number, main: Func, args: readonly bigint[]): number {
  const view = machine.memory.view(block, 16 * SLOT_BYTES)
  const data = new DataView(view.buffer, view.byteOffset)
  args.forEach((a, i) => data.setBigInt64(i * SLOT_BYTES, a, true))
  const address = (name: string): number => base + (module.symbols.get(name) as number)
  machine.enter(hart, address('%enter'), [address(functionNameText(main.name)), block])
  const stack: Entered[] = []
  let recovered = 0
  for (let steps = 0; steps < 100_000; steps++) {
    const at = hart.pc - base
    const f = functionAt(module, at)
    while (
      stack.length !== 0 &&
      stack[stack.length - 1].f !== f &&
      Number(stack[stack.length - 1].registers.get(RA)) === hart.pc
    )
      stack.pop()
    if (f !== undefined && f.start === at) {
      // A tail call takes the place of the function that it ends.
      const top = stack[stack.length - 1]
      if (top !== undefined && top.registers.get(RA) === register(RA)) stack.pop()
      stack.push({ f, registers: state() })
    }
    let now = state()
    let pc = at
    for (let level = stack.length - 1; level >= 0; level--) {
      const entered = stack[level]
      expect(functionAt(module, pc)?.name).toBe(entered.f.name)
      now = caller(entered.f, pc - entered.f.start, now)
      for (const [r, x] of entered.registers)
        if (now.get(r) !== x)
          throw new Error(
            `${entered.f.name}+${pc - entered.f.start}: x${r} is recovered as ${now.get(r)}, not ${x} (level ${level})`,
          )
      // the call instruction, not what follows it
      pc = Number(now.get(RA)) - base - 1
      recovered++
    }
    hart.fuel = 1
    const { kind } = machine.run(hart)
    if (kind === RETURNED) return recovered
    expect(kind).toBe(FUEL)
  }
  throw new Error('not done')
}

describe.each(['single_pass', 'backtracking'])('%s', (regalloc_algorithm) => {
  test.each(Object.entries(unwindPrograms))('%s', (_, { text, settings }) => {
    const functions = parseFunctions(text).functions.map((f) => f.func)
    for (const features of [{}, { has_c: true }]) {
      const module = compile([...functions, callTrampoline(functions[0].signature, 'enter')], {
        target: 'riscv64',
        features,
        settings: { regalloc_algorithm, ...settings },
      })
      const base = placeImage(machine, module)
      for (const args of [
        [5n, 0n],
        [5n, 3n],
      ])
        expect(follow(module, base, functions[0], args)).toBeGreaterThan(30)
    }
  })
})

test('without unwind_info there are no rows', () => {
  const m = compile(leaf, { target: 'riscv64', settings: { unwind_info: false } })
  expect(m.functions[0].unwind).toEqual([])
  expect(compile(leaf, { target: 'riscv64' }).functions[0].unwind.length).toBeGreaterThan(0)
})
