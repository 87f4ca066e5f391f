// The x64 CPU of a host: how a call begins, and what a context is made of.
import type { Cpu, Fault, Stubs } from '../host.ts'
import { CTX_GPR, CTX_MODE, MODE_CALL } from '../context.ts'
import type { NativeHart } from '../hart.ts'
import type { NativeMemory } from '../memory.ts'
import { R8, R9, RBP, RCX, RDI, RDX, RSI, RSP } from './assembler.ts'
import { CTX_FCW, CTX_MXCSR, CTX_STATE, INITIAL_FCW, INITIAL_MXCSR } from './context.ts'
import type { CpuInfo } from './cpu-features.ts'
import { faultOf } from './faults.ts'
import { assembleStubs } from './stubs.ts'

/** Registers of the first integer arguments (psABI 3.2.3); the others are on the stack. */
const argumentRegisters: readonly number[] = [RDI, RSI, RDX, RCX, R8, R9]
/** Bytes below the stack pointer that belong to the function that was interrupted (psABI 3.2.2). */
const RED_ZONE = 128

export function createX64Cpu(info: CpuInfo): Cpu {
  return {
    isa: 'x64',
    features: info.features,
    contextBytes: CTX_STATE + info.stateBytes,
    stateOffset: CTX_STATE,
    hostCallRegisters: [RDI, RSI],
    stubs: (controlDistance) => stubs(info, controlDistance),
    begin,
    faultOf: (hart: NativeHart, memory: NativeMemory, enter, out: Fault) => faultOf(hart, memory, enter, out),
  }
}

function stubs(info: CpuInfo, controlDistance: number): Stubs {
  const a = assembleStubs({ xsave: info.xsave, avx: info.avx, controlDistance })
  return {
    bytes: a.finish(),
    run: a.offset('run'),
    hostCall: a.offset('host_call'),
    returned: a.offset('returned'),
    trapped: a.offset('trapped'),
    abort: a.offset('abort'),
    enterLow: a.offset('enter_low'),
    enterHigh: a.offset('enter_high'),
  }
}

function begin(hart: NativeHart, memory: NativeMemory, args: readonly number[], nested: boolean): void {
  const top = nested ? hart.address(CTX_GPR + 8 * RSP) - RED_ZONE : hart.stackTop
  if (!nested) hart.writeRegister(RBP, 0, 0) // ends the chain of frame pointers
  hart.words[CTX_MXCSR / 4] = INITIAL_MXCSR
  hart.words[CTX_FCW / 4] = INITIAL_FCW
  hart.words[CTX_MODE / 4] = MODE_CALL
  const onStack = Math.max(0, args.length - argumentRegisters.length)
  // Aligned to 16 bytes before the return address is pushed (psABI 3.2.2).
  const sp = Math.floor(top / 16) * 16 - 16 * Math.ceil(onStack / 2)
  for (let i = 0; i < args.length && i < argumentRegisters.length; i++)
    hart.setAddress(CTX_GPR + 8 * argumentRegisters[i], args[i])
  if (onStack > 0) {
    const words = new Int32Array(2 * onStack)
    for (let i = 0; i < onStack; i++) {
      words[2 * i] = args[argumentRegisters.length + i] | 0
      words[2 * i + 1] = Math.floor(args[argumentRegisters.length + i] / 2 ** 32)
    }
    memory.view(sp, words.byteLength).set(new Uint8Array(words.buffer))
  }
  hart.setAddress(CTX_GPR + 8 * RSP, sp)
}
