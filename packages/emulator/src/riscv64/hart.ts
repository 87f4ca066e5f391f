// A riscv64 hart: registers and the state that evaluators share. One evaluator loop runs it at a time.

import { i64 } from '@k23/entity'
import { lanes } from '../gen/riscv64-vector.ts'
import { EmulatedHart } from '../hart.ts'
import { VectorState } from './vector/state.ts'

/** Registers as int32 words, low and high interleaved: x0-x31 at 0-63, the sink for writes to x0 at 64, f0-f31 at 128-191. */
export const REGISTER_WORDS = 192
export const SINK = 64

// Control registers that user mode has (unprivileged manual, 8.1 and 20.2).
const CSR_FFLAGS = 0x001
const CSR_FRM = 0x002
const CSR_FCSR = 0x003
const CSR_CYCLE = 0xc00
const CSR_TIME = 0xc01
const CSR_INSTRET = 0xc02

/** What a nested entry must give back. */
interface SavedContext {
  readonly x: Int32Array
  readonly pc: number
  readonly fcsr: number
  readonly vector: VectorState
}

export class HartState extends EmulatedHart {
  readonly x: Int32Array = new Int32Array(REGISTER_WORDS)
  /** Bits 0-4 accrued exceptions, 5-7 rounding mode. */
  fcsr = 0
  readonly vector: VectorState = new VectorState(lanes)
  /** The vector control registers exist. */
  hasVector = true
  /** Address and size mark of the load reservation; 0 is none. */
  reservationLo = 0
  reservationHi = 0

  csrLo = 0
  csrHi = 0

  /** Contexts under the running entry: one each time a host function entered again. */
  private readonly saved: SavedContext[] = []

  readRegister(n: number): { lo: number; hi: number } {
    return { lo: this.x[n * 2], hi: this.x[n * 2 + 1] }
  }

  writeRegister(n: number, lo: number, hi: number): void {
    if (n === 0) return
    this.x[n * 2] = lo
    this.x[n * 2 + 1] = hi
  }

  /** Reads a control register into csrLo, csrHi. False: it does not exist, or `writes` and it is read-only (the top two bits of its number are set). */
  csrRead(csr: number, writes: boolean, left: number): boolean {
    if (writes && csr >>> 10 === 3) return false
    this.csrHi = 0
    switch (csr) {
      case CSR_FFLAGS:
        this.csrLo = this.fcsr & 31
        return true
      case CSR_FRM:
        this.csrLo = this.fcsr >> 5
        return true
      case CSR_FCSR:
        this.csrLo = this.fcsr
        return true
      case CSR_CYCLE:
      case CSR_TIME:
      case CSR_INSTRET:
        // One clock: an instruction takes one cycle, and time runs with it, so that a run can be repeated exactly.
        this.csrLo = i64.fromNumber(this.instructions + this.budget - left)
        this.csrHi = i64.hi
        return true
      default: {
        const value = this.hasVector ? this.vector.readCsr(csr) : undefined
        if (value === undefined) return false
        this.csrLo = value[0]
        this.csrHi = value[1]
        return true
      }
    }
  }

  /** Follows a csrRead that allowed writing. */
  csrWrite(csr: number, lo: number, _hi: number): void {
    if (csr === CSR_FFLAGS) this.fcsr = (this.fcsr & 0xe0) | (lo & 31)
    else if (csr === CSR_FRM) this.fcsr = (this.fcsr & 31) | ((lo & 7) << 5)
    else if (csr === CSR_FCSR) this.fcsr = lo & 0xff
    else this.vector.writeCsr(csr, lo)
  }

  save(): void {
    const vector = new VectorState(this.vector.lanes)
    vector.copyFrom(this.vector)
    this.saved.push({ x: this.x.slice(), pc: this.pc, fcsr: this.fcsr, vector })
  }

  restore(): void {
    const context = this.saved.pop()
    if (context === undefined) return
    this.x.set(context.x)
    this.pc = context.pc
    this.fcsr = context.fcsr
    this.vector.copyFrom(context.vector)
  }

  forget(): void {
    this.saved.length = 0
  }
}
