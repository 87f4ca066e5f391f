// The calling convention of riscv64.
// Source: RISC-V ELF psABI, "Integer Calling Convention" and "Hardware Floating-point Calling Convention" (LP64D), for every convention here;
// `tail` differs in that results may use all argument registers, and that the callee removes its stack arguments; under `preserve_all` the callee restores
// every register but those of PRESERVE_ALL_CLOBBERS.
//
// Integers and floats go to a0-a7 and fa0-fa7 independently; an i128 takes two registers, or one and a stack word, or two stack words.
// Stack arguments take 8 bytes each, 16 and aligned for an i128 that is wholly on the stack and for vectors.
import { type AbiParam, type Signature, bytes, F128, I128, I64, isFloat, isVector, type Type } from '@k23/ir'
import type { AbiPart, AbiSignature, AbiSlot } from '@k23/machinst'
import { pregSet, type PRegSet } from '@k23/regalloc'
import {
  CALL_CLOBBERS,
  calleeSavedF,
  calleeSavedX,
  callerSavedF,
  callerSavedX,
  f,
  PRESERVE_ALL_CLOBBERS,
  x,
} from './registers.ts'

const cache = new WeakMap<Signature, AbiSignature>()

export function abiOf(sig: Signature): AbiSignature {
  let abi = cache.get(sig)
  if (abi === undefined) {
    abi = assign(sig)
    cache.set(sig, abi)
  }
  return abi
}

interface Cursor {
  ints: number
  floats: number
  stack: number
  readonly maxInts: number
  readonly maxFloats: number
}

const part = (reg: number, offset: number, type: Type): AbiPart => ({ reg, offset, type })

/** Types whose values are two integer registers. */
export function isPair(t: Type): boolean {
  return t === I128 || t === F128
}

function place(c: Cursor, p: AbiParam, isReturn: boolean): AbiSlot {
  const parts: AbiPart[] = []
  const stackWord = (type: Type): AbiPart => {
    const at = c.stack
    c.stack += 8
    return part(-1, at, type)
  }
  if (p.purpose === 'sarg') {
    const at = (c.stack + 7) & -8
    c.stack = at + ((p.sargBytes + 7) & -8)
    return { param: p, parts: [part(-1, at, p.type)] }
  }
  if (isPair(p.type)) {
    if (c.ints + 2 <= c.maxInts) {
      parts.push(part(x(10 + c.ints), 0, I64), part(x(11 + c.ints), 0, I64))
      c.ints += 2
    } else if (c.ints < c.maxInts && !isReturn) {
      parts.push(part(x(10 + c.ints++), 0, I64), stackWord(I64))
    } else {
      c.ints = c.maxInts
      c.stack = (c.stack + 15) & -16
      parts.push(stackWord(I64), stackWord(I64))
    }
  } else if (isVector(p.type)) {
    c.stack = (c.stack + 15) & -16
    parts.push(part(-1, c.stack, p.type))
    c.stack += bytes(p.type) <= 8 ? 8 : 16
  } else if (isFloat(p.type)) {
    if (c.floats < c.maxFloats) parts.push(part(f(10 + c.floats++), 0, p.type))
    else if (!isReturn && c.ints < c.maxInts) parts.push(part(x(10 + c.ints++), 0, p.type))
    else parts.push(stackWord(p.type))
  } else if (c.ints < c.maxInts) parts.push(part(x(10 + c.ints++), 0, p.type))
  else parts.push(stackWord(p.type))
  return { param: p, parts }
}

function assign(sig: Signature): AbiSignature {
  const tail = sig.callConv === 'tail'
  const wide = tail || sig.callConv === 'fast' || sig.callConv === 'winch'
  const r: Cursor = { ints: 0, floats: 0, stack: 0, maxInts: wide ? 8 : 2, maxFloats: wide ? 8 : 2 }
  const rets = sig.returns.map((p) => place(r, p, true))
  const retAreaBytes = (r.stack + 15) & -16
  const a: Cursor = { ints: 0, floats: 0, stack: 0, maxInts: 8, maxFloats: 8 }
  const args = sig.params.map((p) => place(a, p, false))
  let retArea: AbiPart | undefined
  if (retAreaBytes !== 0) {
    if (a.ints < 8) retArea = part(x(10 + a.ints), 0, I64)
    else {
      retArea = part(-1, a.stack, I64)
      a.stack += 8
    }
  }
  return {
    signature: sig,
    args,
    rets,
    retArea,
    structReturn: undefined,
    stackArgBytes: (a.stack + 15) & -16,
    retAreaBytes,
    calleePops: tail,
  }
}

const clobbers: PRegSet = pregSet(CALL_CLOBBERS)
const fewClobbers: PRegSet = pregSet(PRESERVE_ALL_CLOBBERS)
/** Registers that a call may overwrite. */
export function callClobbers(sig: Signature): PRegSet {
  return sig.callConv === 'preserve_all' ? fewClobbers : clobbers
}

const calleeSaved = [...calleeSavedX, ...calleeSavedF]
const restored = [...calleeSaved, ...callerSavedX, ...callerSavedF].filter((r) => !PRESERVE_ALL_CLOBBERS.includes(r))

/** Written registers that a function must restore, in the order in which they are saved. */
export function savedRegisters(sig: Signature, used: PRegSet): number[] {
  const saved: number[] = []
  for (const r of sig.callConv === 'preserve_all' ? restored : calleeSaved)
    if ((used[r >> 5] & (1 << (r & 31))) !== 0) saved.push(r)
  return saved
}
