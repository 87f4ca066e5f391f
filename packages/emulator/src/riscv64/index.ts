// The riscv64 machine: user mode, evaluated directly.

import type { IsaName } from '@k23/machine'
import { PAGE_SIZE } from '@k23/machine'
import { tables } from '@k23/isa-riscv64/insts'
import { enabledRows } from '../code-cache.ts'
import { evaluate } from '../gen/riscv64-eval.ts'
import { chosenExtensions, EmulatedMachine, setAddress, type Stub, unsignedAddress } from '../machine.ts'
import { HOST_CALL_BITS, RETURN_BITS, Riscv64CodeCache } from './code-cache.ts'
import { HartState } from './hart.ts'

export { Riscv64CallAudit } from './audit.ts'
export { HartState } from './hart.ts'

const RET = 0x00008067
const RETURN_OFFSET = 16

const RA = 1
const SP = 2
const S0 = 8
const A0 = 10

/** Extensions whose instructions have semantics here. The base, Zicsr, Zifencei and C are always on. */
const OPTIONAL_EXTENSIONS = [
  'm',
  'a',
  'f',
  'd',
  'zfhmin',
  'zfh',
  'zfa',
  'zba',
  'zbb',
  'zbs',
  'zbc',
  'zbkb',
  'zicond',
  'zcb',
  'v',
  'zvbb',
  'zvfh',
] as const
const ALWAYS = ['zicsr', 'zifencei', 'zihintpause', 'c', 'zca'] as const

export interface Riscv64MachineOptions {
  /** Bytes of address space; default 4 GiB, and with more (up to 2^47) all data lies above 4 GiB, behind a page table: slower. Nothing is committed before it is mapped. */
  memoryBytes?: number
  /** Extensions by the code generator's names (`has_m`, `has_zbb`); default: all that are implemented. Others' instructions are illegal. */
  features?: readonly string[]
}

/** A machine that emulates riscv64 user mode: RV64GCV (VLEN 128) and the extensions of OPTIONAL_EXTENSIONS. Throws RangeError for a feature that it lacks. */
export function createRiscv64Machine(options: Riscv64MachineOptions = {}): Riscv64Machine {
  return new Riscv64Machine(options)
}

function stub(): Stub {
  const bytes = new Uint8Array(RETURN_OFFSET + 4)
  const words = new DataView(bytes.buffer)
  words.setUint32(0, HOST_CALL_BITS, true)
  words.setUint32(4, RET, true)
  words.setUint32(RETURN_OFFSET, RETURN_BITS, true)
  return { bytes, hostCall: 0, returned: RETURN_OFFSET }
}

export class Riscv64Machine extends EmulatedMachine<HartState, Riscv64CodeCache> {
  readonly isa: IsaName = 'riscv64'
  readonly features: readonly string[]
  protected readonly cache: Riscv64CodeCache

  constructor(options: Riscv64MachineOptions) {
    super(options.memoryBytes, stub())
    const extensions = chosenExtensions('riscv64', ALWAYS, OPTIONAL_EXTENSIONS, options.features)
    this.features = [...extensions].map((e) => `has_${e}`)
    this.cache = new Riscv64CodeCache(
      this.memory,
      enabledRows(tables.feature, extensions),
      this.hostCallStub / PAGE_SIZE,
    )
  }

  protected makeHart(id: number, stackLow: number, stackTop: number): HartState {
    const hart = new HartState(id, stackLow, stackTop)
    hart.hasVector = this.features.includes('has_v')
    hart.vector.hasHalf = this.features.includes('has_zvfh')
    return hart
  }

  protected begin(hart: HartState, args: readonly number[], nested: boolean): void {
    if (nested) {
      const sp = (hart.x[SP * 2] >>> 0) & ~15
      hart.writeRegister(SP, sp, hart.x[SP * 2 + 1])
    } else {
      setAddress(hart, SP, hart.stackTop)
      hart.writeRegister(S0, 0, 0) // ends the chain of frame pointers
    }
    setAddress(hart, RA, this.returnAddress)
    args.forEach((arg, i) => {
      setAddress(hart, A0 + i, arg)
    })
  }

  protected execute(hart: HartState, n: number): number {
    return evaluate(hart, this.cache, this.memory, n)
  }

  /** What another hart stored in the meantime may have been reserved: a store-conditional may fail at any time (unprivileged manual, 14.2). */
  protected override switchedTo(hart: HartState): void {
    hart.reservationLo = 0
    hart.reservationHi = 0
  }

  /** An address below zero is one at the top of the 64 bits. */
  protected directTarget(hart: HartState, pc: number): number {
    const target = pc + hart.offset
    return target < 0 ? target + 2 ** 64 : target
  }

  protected readHostCall(hart: HartState): void {
    hart.reason.number = hart.x[A0 * 2]
    hart.reason.block = unsignedAddress(hart.x[(A0 + 1) * 2], hart.x[(A0 + 1) * 2 + 1])
  }

  protected override isMisaligned(pc: number): boolean {
    return (pc & 1) !== 0
  }
}
