// Fuel and epochs: checks that let whoever runs a function stop it, at its entry and at each turn of a loop, so that no code runs for ever
// without one.
//
// Fuel. An operator costs one unit, but for those that only shape the program (FREE). The count is a variable of the function: one
// subtraction at the end of each straight piece of code, for all its operators. Other functions and the kernel see the hart's cell, so the
// variable is written there before a call and a return, and read again behind a call. A negative count at a check is a host call, which comes
// back with more in the cell, or never. What a function has spent since it last wrote the cell is lost where it traps.
//
// Epochs. A counter that anything may advance, another thread too, and so an atomic load; at or past the hart's deadline is a host call.
//
// Invariant. `pending` operators of the current straight piece are not subtracted yet; it is 0 where a block begins.
import { type FunctionBuilder, I64, SLT, UGE, type Value } from '@k23/ir'
import { CELLS_EPOCH_DEADLINE, CELLS_EPOCH_POINTER, CELLS_FUEL } from '../abi/layout.ts'
import { CONSTANT_DATA, PRIVATE } from './flags.ts'
import type { Translator } from './translator.ts'

/** Opcodes of nop, block, loop, else, end, drop. */
const FREE: readonly number[] = [0x01, 0x02, 0x03, 0x05, 0x0b, 0x1a]
const isFree = new Uint8Array(256)
for (const op of FREE) isFree[op] = 1

type Variable = Parameters<FunctionBuilder['useVar']>[0]

export class Meter {
  private readonly t: Translator
  private readonly b: FunctionBuilder
  private readonly fuel: boolean
  private readonly epoch: boolean
  private readonly variable: Variable | undefined
  private pending = 0

  /** At the function's entry, when its locals are declared. */
  constructor(t: Translator, b: FunctionBuilder) {
    this.t = t
    this.b = b
    this.fuel = t.options.fuel
    this.epoch = t.options.epoch
    this.variable = this.fuel ? b.declareVar(I64) : undefined
    this.reload()
    this.check()
  }

  /** An operator begins. */
  operator(opcode: number): void {
    if (isFree[opcode] === 0) this.pending++
  }

  /** Control leaves the straight piece of code. */
  spend(): void {
    const { variable, pending } = this
    this.pending = 0
    if (variable !== undefined && pending !== 0)
      this.b.defVar(variable, this.t.ins.iadd_imm(this.b.useVar(variable), -pending))
  }

  /** A block begins that code behind a trap ran into. */
  forget(): void {
    this.pending = 0
  }

  /** Control leaves the function. */
  leave(): void {
    this.spend()
    if (this.variable !== undefined)
      this.t.ins.store(PRIVATE, this.b.useVar(this.variable), this.t.hartCells(), CELLS_FUEL)
  }

  /** Control is back from a call. */
  reload(): void {
    if (this.variable !== undefined)
      this.b.defVar(this.variable, this.t.ins.load(I64, PRIVATE, this.t.hartCells(), CELLS_FUEL))
  }

  /** At the entry and in loop headers. */
  check(): void {
    const { t, variable } = this
    if (variable !== undefined) {
      const exhausted = t.ins.icmp(SLT, this.b.useVar(variable), t.ins.iconst(I64, 0))
      this.unlikely(exhausted, () => {
        this.leave()
        t.callBuiltin('out_of_fuel', [])
        this.reload()
      })
    }
    if (this.epoch) {
      const cells = t.hartCells()
      const now = t.ins.atomic_load(I64, PRIVATE, t.ins.load(I64, CONSTANT_DATA, cells, CELLS_EPOCH_POINTER))
      const deadline = t.ins.load(I64, PRIVATE, cells, CELLS_EPOCH_DEADLINE)
      this.unlikely(t.ins.icmp(UGE, now, deadline), () => t.callBuiltin('new_epoch', []))
    }
  }

  private unlikely(condition: Value, then: () => void): void {
    const { b } = this
    const cold = b.createBlock()
    const next = b.createBlock()
    b.setColdBlock(cold)
    this.t.ins.brif(condition, cold, [], next, [])
    b.switchToBlock(cold)
    b.sealBlock(cold)
    then()
    this.t.ins.jump(next)
    b.switchToBlock(next)
    b.sealBlock(next)
  }
}
