// Unwinding at every instruction of a program, compared with what every caller on the stack had in its registers.
//
// Before each instruction a signal comes, as it were: what lies below the stack pointer is lost. Then the frames are unwound, innermost first; each must give back the
// registers that its convention preserves, the stack pointer and the return address as they were when its function was entered.
import { functionAt, type PlacedFunction } from '@k23/codegen'
import type { X64Hart } from '@k23/emulator/x64'
import { type CallConv, type DataValue, functionNameText } from '@k23/ir'
import { FUEL, RETURNED, TRAP } from '@k23/machine'
import { expect } from 'vitest'
import type { Guest, Program } from './guest.ts'

/** By PReg: general registers from 0 on, vector registers from 64 on. */
export type Values = Map<number, bigint>

/** The return address where a call pushes it: a column of unwind rows, behind the 16 registers of x64. */
const PUSHED = 16
const LOST_BYTES = 512
const MOST_STEPS = 3000

export class Follower {
  readonly guest: Guest
  /** Column of the return address. */
  readonly ra: number

  constructor(guest: Guest) {
    this.guest = guest
    this.ra = guest.registers.returnAddress ?? PUSHED
  }

  /** Values of registers now. */
  now(): Values {
    const { guest } = this
    const values: Values = new Map()
    for (let r = 0; r < guest.registers.count; r++) values.set(r, guest.read(r))
    if (guest.machine.isa === 'x64')
      for (let r = 0; r < 16; r++) values.set(64 + r, wide((guest.hart as X64Hart).vector(r)))
    return values
  }

  /** Of a function that is entered now: what its caller goes on with. */
  private atEntry(): Values {
    const { guest, ra } = this
    const values = this.now()
    const { stackPointer } = guest.registers
    const sp = guest.read(stackPointer)
    return ra === PUSHED ? values.set(stackPointer, sp + 8n).set(ra, guest.word(sp)) : values
  }

  /** The caller's registers by the unwind row for `offset`. */
  byRow(f: PlacedFunction, offset: number, now: Values): Values {
    let row = f.unwind[0]
    for (const r of f.unwind) if (r.offset <= offset) row = r
    const cfa = (now.get(row.cfaReg) as bigint) + BigInt(row.cfaOffset)
    const out = new Map(now).set(this.guest.registers.stackPointer, cfa)
    for (const [reg, at] of row.saved) out.set(reg, this.memory(reg, cfa + BigInt(at)))
    return out
  }

  /** What is stored at an address of a register. */
  memory(reg: number, at: bigint): bigint {
    const wideRegister = reg >= 64 && this.guest.machine.isa === 'x64'
    return wideRegister ? wide(this.guest.machine.memory.view(Number(at), 16)) : this.guest.word(at)
  }

  /** Calls the first function and follows it to its end, a trap's included, or for long enough; returns how many frames were unwound. `caller` unwinds one. */
  run(
    program: Program,
    args: readonly DataValue[],
    caller: (f: PlacedFunction, offset: number, now: Values) => Values = (...of) => this.byRow(...of),
  ): number {
    const { guest, ra } = this
    const { module, base } = program
    const { hart, machine } = guest
    const sp = guest.registers.stackPointer
    const conventions = new Map(program.functions.map((f) => [functionNameText(f.name), f.signature.callConv]))
    guest.enter(program, args)
    const stack: { readonly f: PlacedFunction; readonly values: Values }[] = []
    let unwound = 0
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      const at = hart.pc - base
      const f = functionAt(module, at)
      while (
        stack.length !== 0 &&
        stack[stack.length - 1].f !== f &&
        Number(stack[stack.length - 1].values.get(ra)) === hart.pc
      )
        stack.pop()
      if (f !== undefined && f.start === at) {
        const values = this.atEntry()
        // A tail call takes the place of the function that it ends.
        if (stack[stack.length - 1]?.values.get(ra) === values.get(ra)) stack.pop()
        stack.push({ f, values })
      }
      machine.memory.view(Number(guest.read(sp)) - LOST_BYTES, LOST_BYTES).fill(0xa5)
      let now = this.now()
      let pc = at
      for (let level = stack.length - 1; level >= 0; level--) {
        const entered = stack[level]
        expect(functionAt(module, pc)?.name).toBe(entered.f.name)
        now = caller(entered.f, pc - entered.f.start, now)
        for (const r of [sp, ra, ...this.kept(conventions.get(entered.f.name) ?? 'system_v')])
          if (now.get(r) !== entered.values.get(r))
            throw new Error(
              `${entered.f.name}+${pc - entered.f.start}: register ${r} is recovered as ${now.get(r)}, not ${entered.values.get(r)} (level ${level})`,
            )
        // the call instruction, not what follows it
        pc = Number(now.get(ra)) - base - 1
        unwound++
      }
      hart.fuel = 1
      const { kind } = machine.run(hart)
      if (kind === RETURNED) return unwound
      if (kind === TRAP) break
      expect(kind).toBe(FUEL)
    }
    machine.reset(hart)
    return unwound
  }

  private kept(conv: CallConv): readonly number[] {
    const { machine, registers } = this.guest
    return conv === 'windows_fastcall' && machine.isa === 'x64' ? WINDOWS_SAVED : registers.calleeSaved
  }
}

/** rbx rbp rsi rdi r12-r15 xmm6-xmm15 (Microsoft, "x64 calling convention"). */
const WINDOWS_SAVED: readonly number[] = [3, 5, 6, 7, 12, 13, 14, 15, ...Array.from({ length: 10 }, (_, i) => 70 + i)]

function wide(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  return (view.getBigUint64(8, true) << 64n) | view.getBigUint64(0, true)
}
