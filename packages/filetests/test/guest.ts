// Compiled CLIF functions on a machine, call by call: for tests that look at registers between instructions, or change them.
import { callTrampoline, compile, type CompiledModule, type CompileOptions, SLOT_BYTES } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { createX64Machine } from '@k23/emulator/x64'
import { type DataValue, formatDataValues, type Func, functionNameText, parseFunctions } from '@k23/ir'
import {
  type FrameRegisters,
  frameRegisters,
  type Hart,
  type Machine,
  PERM_READ,
  PERM_WRITE,
  placeImage,
} from '@k23/machine'
import { createNativeMachine, nativeMissing } from '@k23/native'

export interface TestMachine {
  readonly name: string
  readonly target: 'riscv64' | 'x64'
  readonly emulated: boolean
  /** Why it cannot be had here, or undefined. */
  readonly missing: string | undefined
  create(): Machine
}

const nativeLacks = nativeMissing()
if (nativeLacks !== undefined) console.log(`skipped: native execution needs ${nativeLacks}`)

export const emulators: readonly TestMachine[] = [
  { name: 'riscv64', target: 'riscv64', emulated: true, missing: undefined, create: () => createRiscv64Machine() },
  { name: 'x64', target: 'x64', emulated: true, missing: undefined, create: () => createX64Machine() },
]
export const machines: readonly TestMachine[] = [
  ...emulators,
  { name: 'x64 native', target: 'x64', emulated: false, missing: nativeLacks, create: () => createNativeMachine() },
]

/** Integer registers by number. */
export interface Registers extends FrameRegisters {
  readonly count: number
  /** System V and LP64D. */
  readonly calleeSaved: readonly number[]
  /** The second integer argument. */
  readonly second: number
  /** Where a handler finds exn0 and exn1. */
  readonly payload: readonly [number, number]
  /** Those that a callee under preserve_all may overwrite, or a call of it. */
  readonly lost: readonly number[]
}

// biome-ignore format: table
export const registers: Readonly<Record<TestMachine['target'], Registers>> = {
  riscv64: { ...frameRegisters.riscv64, count: 32, calleeSaved: [8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27], second: 11, payload: [10, 11], lost: [1, 30, 31] },
  x64:     { ...frameRegisters.x64,     count: 16, calleeSaved: [3, 5, 12, 13, 14, 15],                         second: 6,  payload: [0, 2],   lost: [11] },
}

const SLOTS = 16

/** One hart of a machine, and a block for arguments and results. */
export class Guest {
  readonly machine: Machine
  readonly hart: Hart
  readonly registers: Registers
  private readonly block: number

  constructor({ create, target }: TestMachine) {
    this.machine = create()
    this.hart = this.machine.createHart({ stackBytes: 1 << 20 })
    this.block = this.machine.memory.map(SLOTS * SLOT_BYTES, PERM_READ | PERM_WRITE)
    this.registers = registers[target]
  }

  read(n: number): bigint {
    const { lo, hi } = this.hart.readRegister(n)
    return (BigInt(hi) << 32n) | BigInt(lo >>> 0)
  }
  write(n: number, x: bigint): void {
    this.hart.writeRegister(n, Number(BigInt.asIntN(32, x)), Number(BigInt.asIntN(32, x >> 32n)))
  }
  /** The 8 bytes at an address. */
  word(at: bigint): bigint {
    const v = this.machine.memory.view(Number(at), 8)
    return new DataView(v.buffer, v.byteOffset, 8).getBigInt64(0, true)
  }

  /** Starts a call of the first function. */
  enter({ module, base, main }: Program, args: readonly DataValue[]): void {
    const view = this.machine.memory.view(this.block, SLOTS * SLOT_BYTES)
    view.fill(0xcc)
    args.forEach((a, i) => {
      view.set(a.bits, i * SLOT_BYTES)
    })
    const address = (name: string): number => base + (module.symbols.get(name) as number)
    this.machine.enter(this.hart, address('%enter'), [address(functionNameText(main.name)), this.block])
  }

  /** What it left, as text. */
  results({ main }: Program, sizes: (i: number) => number = () => 8): string {
    const out = this.machine.memory.view(this.block, SLOTS * SLOT_BYTES)
    return formatDataValues(
      main.signature.returns.map((p, i) => ({
        type: p.type,
        bits: out.slice(i * SLOT_BYTES, i * SLOT_BYTES + sizes(i)),
      })),
    )
  }

  /** Compiles functions, of which the first is the one to call, and places them. */
  load(text: string, options: CompileOptions): Program {
    const functions = parseFunctions(text).functions.map((f) => f.func)
    const main = functions[0]
    const module = compile([...functions, callTrampoline(main.signature, 'enter')], options)
    if (module.relocs.length !== 0) throw new Error(`${module.relocs[0].symbol} is nowhere`)
    return { module, functions, main, base: placeImage(this.machine, module) }
  }
}

export interface Program {
  readonly module: CompiledModule
  readonly functions: readonly Func[]
  /** The first of them. */
  readonly main: Func
  /** Address of the image. */
  readonly base: number
}
