// The x64 machine: user mode, evaluated directly.

import { tables } from '@k23/isa-x64/insts'
import { type IsaName, PAGE_SIZE } from '@k23/machine'
import { enabledRows } from '../code-cache.ts'
import { evaluate } from '../gen/x64-eval.ts'
import { chosenExtensions, EmulatedMachine, setAddress, type Stub, unsignedAddress } from '../machine.ts'
import { HOST_CALL_BYTES, RETURN_BYTES, X64CodeCache } from './code-cache.ts'
import { X64Hart } from './hart.ts'
import { R8, R9, RBP, RCX, RDI, RDX, RSI, RSP } from './registers.ts'

export { X64CallAudit } from './audit.ts'
export { X64Hart } from './hart.ts'

const RET = 0xc3
const RETURN_OFFSET = 16
/** Argument registers of the calling convention (System V psABI, 3.2.3). */
const ARGUMENTS = [RDI, RSI, RDX, RCX, R8, R9]

/** Features whose instructions have semantics here, beside x86-64 with SSE2. */
// biome-ignore format: table
const OPTIONAL_FEATURES = [
  'sse3', 'ssse3', 'sse41', 'sse42', 'cmpxchg16b', 'popcnt', 'movbe', 'bmi1', 'bmi2', 'lzcnt', 'adx', 'avx', 'avx2', 'fma', 'f16c', 'avx_vnni',
  'avx512f', 'avx512vl', 'avx512dq', 'avx512vbmi', 'avx512bitalg', 'avx512vnni',
] as const

export interface X64MachineOptions {
  /** Bytes of address space; default 4 GiB, and with more (up to 2^47) all data lies above 4 GiB, behind a page table: slower. Nothing is committed before it is mapped. */
  memoryBytes?: number
  /** Features by the code generator's names (`has_avx2`); default: all that are implemented. Others' instructions are illegal. */
  features?: readonly string[]
}

/** A machine that emulates x86-64 user mode with the features of OPTIONAL_FEATURES. Throws RangeError for a feature that it lacks. */
export function createX64Machine(options: X64MachineOptions = {}): X64Machine {
  return new X64Machine(options)
}

function stub(): Stub {
  const bytes = new Uint8Array(RETURN_OFFSET + RETURN_BYTES.length)
  bytes.set([...HOST_CALL_BYTES, RET])
  bytes.set(RETURN_BYTES, RETURN_OFFSET)
  return { bytes, hostCall: 0, returned: RETURN_OFFSET }
}

export class X64Machine extends EmulatedMachine<X64Hart, X64CodeCache> {
  readonly isa: IsaName = 'x64'
  readonly features: readonly string[]
  protected readonly cache: X64CodeCache
  private readonly chosen: ReadonlySet<string>

  constructor(options: X64MachineOptions) {
    super(options.memoryBytes, stub())
    this.chosen = chosenExtensions('x64', [], OPTIONAL_FEATURES, options.features)
    this.features = [...this.chosen].map((f) => `has_${f}`)
    this.cache = new X64CodeCache(this.memory, enabledRows(tables.feature, this.chosen), this.hostCallStub / PAGE_SIZE)
  }

  protected makeHart(id: number, stackLow: number, stackTop: number): X64Hart {
    return new X64Hart(id, stackLow, stackTop, this.chosen)
  }

  /** As if called: rsp is 8 below a multiple of 16, where the return address is, with arguments beyond the sixth above it (psABI, 3.2.2). */
  protected begin(hart: X64Hart, args: readonly number[], nested: boolean): void {
    let sp = hart.stackTop
    if (nested) {
      const { lo, hi } = hart.readRegister(RSP)
      sp = unsignedAddress(lo, hi)
      sp -= sp % 16
    } else setAddress(hart, RBP, 0) // ends the chain of frame pointers
    args.slice(0, ARGUMENTS.length).forEach((arg, i) => {
      setAddress(hart, ARGUMENTS[i], arg)
    })
    const onStack = args.slice(ARGUMENTS.length)
    sp -= 16 * Math.ceil(onStack.length / 2) + 8
    for (const [i, value] of [this.returnAddress, ...onStack].entries()) this.poke(sp + 8 * i, value)
    setAddress(hart, RSP, sp)
  }

  /** Stores 64 bits where the hart could; elsewhere nothing happens, and what is called finds out. */
  private poke(address: number, value: number): void {
    const [lo, hi] = [value | 0, Math.floor(value / 2 ** 32) | 0]
    this.memory.store(8, address | 0, Math.floor(address / 2 ** 32) | 0, lo, hi)
  }

  protected execute(hart: X64Hart, n: number): number {
    return evaluate(hart, this.cache, this.memory, n)
  }

  protected directTarget(hart: X64Hart): number {
    return unsignedAddress(hart.targetLo, hart.targetHi)
  }

  protected readHostCall(hart: X64Hart): void {
    const block = hart.readRegister(RSI)
    hart.reason.number = hart.readRegister(RDI).lo
    hart.reason.block = unsignedAddress(block.lo, block.hi)
  }
}
