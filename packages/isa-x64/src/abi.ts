// The calling conventions of x64.
// Sources: AMD64 psABI 1.0, 3.2.3 "Parameter Passing"; Microsoft, "x64 calling convention".
//
// system_v, fast, winch: integers in rdi rsi rdx rcx r8 r9, floats and vectors in xmm0-7, each sequence by itself; an i128 in two integer registers or, where
// not both are left, in two stack words at a multiple of 16. Results in rax rdx and xmm0 xmm1. `tail` is the same with more result registers, and the callee
// removes its stack arguments. preserve_all: the callee restores every register but those of PRESERVE_ALL_CLOBBERS.
// windows_fastcall: the n-th argument is in the n-th of rcx rdx r8 r9, or of xmm0-3; the caller leaves 32 bytes for them ahead of the stack arguments.
// A function of C that returns a structure has the address for it as an argument (sret), and returns it in rax.
// Results that do not fit go to an area of the caller whose address is a hidden last argument.
import { type AbiParam, type Signature, bytes, I128, I64, isFloat, isVector, type Type } from '@k23/ir'
import type { AbiPart, AbiSignature, AbiSlot } from '@k23/machinst'
import { type PReg, pregSet, type PRegSet } from '@k23/regalloc'
import {
  allGprs,
  allXmms,
  calleeSaved,
  calleeSavedWindows,
  PRESERVE_ALL_CLOBBERS,
  R8,
  R9,
  RAX,
  RCX,
  RDI,
  RDX,
  RSI,
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
  readonly intRegs: readonly PReg[]
  readonly floatRegs: readonly PReg[]
  /** The two sequences advance together (Microsoft). */
  readonly joint: boolean
}

/** Bytes that a caller leaves for the register arguments under the Microsoft convention. */
const SHADOW_BYTES = 32

const argInts: readonly PReg[] = [RDI, RSI, RDX, RCX, R8, R9]
const argFloats: readonly PReg[] = allXmms.slice(0, 8)
const retInts: readonly PReg[] = [RAX, RDX]
const retFloats: readonly PReg[] = allXmms.slice(0, 2)
const manyRetInts: readonly PReg[] = [RAX, RDX, RCX, RSI, RDI, R8, R9]
const manyRetFloats: readonly PReg[] = allXmms.slice(0, 8)
const windowsInts: readonly PReg[] = [RCX, RDX, R8, R9]
const windowsFloats: readonly PReg[] = allXmms.slice(0, 4)

const part = (reg: number, offset: number, type: Type): AbiPart => ({ reg, offset, type })

/** Whether values of a type live in a vector register. */
export function inXmm(t: Type): boolean {
  return isFloat(t) || isVector(t)
}

function place(c: Cursor, p: AbiParam): AbiSlot {
  const onStack = (type: Type, size: number): AbiPart => {
    c.stack = (c.stack + size - 1) & -size
    const at = c.stack
    c.stack += size
    return part(-1, at, type)
  }
  if (p.purpose === 'sarg') {
    const at = (c.stack + 7) & -8
    c.stack = at + ((p.sargBytes + 7) & -8)
    return { param: p, parts: [part(-1, at, p.type)] }
  }
  if (p.type === I128) {
    if (c.ints + 2 <= c.intRegs.length) {
      const parts = [part(c.intRegs[c.ints], 0, I64), part(c.intRegs[c.ints + 1], 0, I64)]
      c.ints += 2
      if (c.joint) c.floats = c.ints
      return { param: p, parts }
    }
    const low = onStack(I64, 16)
    c.stack -= 8
    return { param: p, parts: [low, onStack(I64, 8)] }
  }
  if (inXmm(p.type)) {
    if (c.floats < c.floatRegs.length) {
      const reg = c.floatRegs[c.floats++]
      if (c.joint) c.ints = c.floats
      return { param: p, parts: [part(reg, 0, p.type)] }
    }
    return { param: p, parts: [onStack(p.type, bytes(p.type) > 8 ? 16 : 8)] }
  }
  if (c.ints < c.intRegs.length) {
    const reg = c.intRegs[c.ints++]
    if (c.joint) c.floats = c.ints
    return { param: p, parts: [part(reg, 0, p.type)] }
  }
  return { param: p, parts: [onStack(p.type, 8)] }
}

function assign(sig: Signature): AbiSignature {
  const windows = sig.callConv === 'windows_fastcall'
  const tail = sig.callConv === 'tail'
  const many = tail || sig.callConv === 'fast'
  const cursor = (intRegs: readonly PReg[], floatRegs: readonly PReg[], joint: boolean, stack: number): Cursor => ({
    ints: 0,
    floats: 0,
    stack,
    intRegs,
    floatRegs,
    joint,
  })
  const r = windows
    ? cursor([RAX], allXmms.slice(0, 1), false, 0)
    : cursor(many ? manyRetInts : retInts, many ? manyRetFloats : retFloats, false, 0)
  const rets = sig.returns.map((p) => place(r, p))
  const retAreaBytes = (r.stack + 15) & -16
  const a = windows ? cursor(windowsInts, windowsFloats, true, SHADOW_BYTES) : cursor(argInts, argFloats, false, 0)
  const args = sig.params.map((p) => place(a, p))
  let retArea: AbiPart | undefined
  if (retAreaBytes !== 0) {
    if (a.ints < a.intRegs.length) retArea = part(a.intRegs[a.ints], 0, I64)
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
    structReturn: structReturn(sig),
    stackArgBytes: (a.stack + 15) & -16,
    retAreaBytes,
    calleePops: tail,
  }
}

/** Both conventions of C return the address of a structure in rax. A signature that names results of its own is no function of C. */
function structReturn({ params, returns, callConv }: Signature): AbiSignature['structReturn'] {
  const param = params.findIndex((p) => p.purpose === 'sret')
  return param < 0 || returns.length !== 0 || callConv === 'preserve_all' ? undefined : { param, reg: RAX }
}

const everything: readonly PReg[] = [...allGprs, ...allXmms]
const systemVClobbers = pregSet(everything.filter((r) => !calleeSaved.includes(r)))
const windowsClobbers = pregSet(everything.filter((r) => !calleeSavedWindows.includes(r)))
const fewClobbers = pregSet(PRESERVE_ALL_CLOBBERS)
const restored = everything.filter((r) => !PRESERVE_ALL_CLOBBERS.includes(r))

/** Registers that a call may overwrite. */
export function callClobbers(sig: Signature): PRegSet {
  if (sig.callConv === 'preserve_all') return fewClobbers
  return sig.callConv === 'windows_fastcall' ? windowsClobbers : systemVClobbers
}

/** Written registers that a function must restore, in the order in which they are saved. */
export function savedRegisters(sig: Signature, used: PRegSet): number[] {
  const list =
    sig.callConv === 'preserve_all' ? restored : sig.callConv === 'windows_fastcall' ? calleeSavedWindows : calleeSaved
  const saved: number[] = []
  for (const r of list) if ((used[r >> 5] & (1 << (r & 31))) !== 0) saved.push(r)
  // A function under preserve_all does not restore what it returns.
  if (sig.callConv !== 'preserve_all') return saved
  const results = abiOf(sig).rets.flatMap((s) => s.parts.map((p) => p.reg))
  return saved.filter((r) => !results.includes(r))
}
