// The eager evaluator of x64: runs a body directly on BigInt, one instruction at a time, and computes every flag. It shares nothing with the
// generated evaluator but the bodies, the definitions of flags, and memory, and is its oracle. It can also tell what an instruction read,
// wrote and accessed, and which flags have no defined value. Clarity before speed.

import { bug } from '@k23/entity'
import { signatureOf, type X86Operand } from '../float/x86.ts'
import { x86Soft } from '../float/x86-soft.ts'
import type { EmulatedMemory } from '../memory.ts'
import type { AccessSize } from '../semantics/builder.ts'
import { type EagerTypes, fromWords, high, i32, i64, low } from '../semantics/eager.ts'
import type { X64Body, X64Builder, X64Exit } from './builder.ts'
import {
  CONDITIONS,
  conditionOf,
  FLAG_BITS,
  FLAG_LETTERS,
  type FlagLetter,
  flagsAfter,
  type LazyFlags,
  sized,
  type Width,
} from './flags.ts'
import { RBP, RSP } from './registers.ts'
import { compareStrings, EXPANDED } from './strings.ts'
import { type VectorBinding, vectorOperations } from './vector/binding.ts'

/** Architectural state; values are unsigned. */
export interface X64EagerState {
  readonly gpr: bigint[]
  readonly xmm: bigint[]
  /** At their places in RFLAGS. */
  flags: number
  /** Flags that the last instruction left undefined; they are 0 in `flags`. */
  undefinedFlags: number
  pc: bigint
}

/** An operand by what it is. A cell stands for a memory operand of the vector unit: what was loaded, or what will be stored. */
export type X64EagerOperand =
  | { readonly kind: 'gpr' | 'xmm'; readonly number: number }
  | { readonly kind: 'imm'; readonly value: number; readonly upper?: number }
  | {
      readonly kind: 'mem'
      readonly base?: number
      readonly index?: number
      readonly shift: number
      readonly disp: bigint
    }
  | { readonly kind: 'cell'; value: bigint }

export interface X64EagerInstruction {
  readonly body: X64Body
  readonly length: number
  readonly operands: Readonly<Record<string, X64EagerOperand>>
}

export type X64Trap = number | 'illegal' | 'divide'
export type X64EagerOutcome =
  | { readonly kind: 'next' }
  | { readonly kind: 'exit'; readonly exit: X64Exit }
  | { readonly kind: 'trap'; readonly trap: X64Trap; readonly address: bigint }

/** What instructions ask the machine. */
export interface AskedMachine {
  readonly clock: bigint
  cpuid(leaf: number, subleaf: number): readonly [number, number, number, number]
}

/** What one instruction did, in order. */
export interface X64Access {
  readonly what: 'read' | 'write' | 'load' | 'store'
  /** read and write: the operand, `flags` with the letters, rsp or rbp. */
  readonly operand?: string
  readonly flags?: number
  /** load and store: bytes and address. */
  readonly size?: number
  readonly address?: bigint
}

class Trap {
  readonly trap: X64Trap
  readonly address: bigint
  constructor(trap: X64Trap, address: bigint) {
    this.trap = trap
    this.address = address
  }
}

const wrap = (v: bigint): bigint => BigInt.asUintN(64, v)

/** Address of a memory operand. */
export function effectiveAddress(
  state: X64EagerState,
  operand: Extract<X64EagerOperand, { kind: 'mem' }>,
  popped = false,
): bigint {
  let base = operand.base === undefined ? 0n : state.gpr[operand.base]
  if (popped && operand.base === RSP) base += 8n
  const index = operand.index === undefined ? 0n : state.gpr[operand.index] << BigInt(operand.shift)
  return wrap(base + index + operand.disp)
}

/** Executes one instruction. `state` and `memory` change only if it does not trap; pc moves on unless it traps or exits. */
export function executeX64Eagerly(
  instruction: X64EagerInstruction,
  state: X64EagerState,
  memory: EmulatedMemory,
  observe: (access: X64Access) => void = () => {},
  machine: AskedMachine = { clock: 0n, cpuid: () => [0, 0, 0, 0] },
): X64EagerOutcome {
  const commits: (() => void)[] = []
  const next = wrap(state.pc + BigInt(instruction.length))
  let target = next
  let exit: X64Exit | undefined
  const old = { flags: state.flags }

  const operand = (name: string): X64EagerOperand =>
    instruction.operands[name] ?? bug('eager evaluator', '-', name, 'no such operand')
  const fault = (): never => {
    throw new Trap(memory.faultKind, fromWords(memory.faultLo, memory.faultHi))
  }
  const load = (size: AccessSize, address: bigint): bigint => {
    observe({ what: 'load', size, address })
    if (!memory.load(size, low(address), high(address))) fault()
    return fromWords(memory.lo, memory.hi)
  }
  const store = (size: AccessSize, address: bigint, value: bigint): void => {
    observe({ what: 'store', size, address })
    if (!memory.store(size, low(address), high(address), low(value), high(value))) fault()
  }
  /** All bits of a register. */
  const read = (name: string): bigint => {
    observe({ what: 'read', operand: name })
    const o = operand(name)
    if (o.kind === 'cell') return o.value
    if (o.kind !== 'gpr' && o.kind !== 'xmm') return bug('eager evaluator', '-', name, 'no register')
    return o.kind === 'gpr' ? state.gpr[o.number] : state.xmm[o.number]
  }
  /** `change` of the old value is the new one: what is not replaced is not a read. */
  const write = (name: string, change: (old: bigint) => bigint): void => {
    const o = operand(name)
    commits.push(() => {
      observe({ what: 'write', operand: name })
      if (o.kind === 'cell') o.value = change(o.value)
      else if (o.kind === 'gpr') state.gpr[o.number] = change(state.gpr[o.number])
      else if (o.kind === 'xmm') state.xmm[o.number] = change(state.xmm[o.number])
      else bug('eager evaluator', '-', name, 'no register')
    })
  }
  const readFlag = (letter: FlagLetter): bigint => {
    observe({ what: 'read', operand: 'flags', flags: FLAG_BITS[letter] })
    return (old.flags & FLAG_BITS[letter]) !== 0 ? 1n : 0n
  }
  const writeFlags = (mask: number, value: number, undef: number): void => {
    commits.push(() => {
      observe({ what: 'write', operand: 'flags', flags: mask | undef })
      state.flags = (state.flags & ~(mask | undef)) | (value & mask)
      state.undefinedFlags = (state.undefinedFlags & ~mask) | undef
    })
  }
  const imm = (name: string): number => {
    const o = operand(name)
    return o.kind === 'imm' ? o.value : bug('eager evaluator', '-', name, 'no immediate')
  }
  const relative = (name: string): bigint => wrap(next + BigInt(imm(name)))
  const narrowed = (v: bigint, at: number, bits: number): bigint => BigInt.asUintN(bits, v >> BigInt(at * bits))
  const setElement = (name: string, bits: number, number: number, value: bigint): void => {
    const at = BigInt(number * bits)
    const mask = ((1n << BigInt(bits)) - 1n) << at
    write(name, (v) => (v & ~mask) | (BigInt.asUintN(bits, value) << at))
  }
  const elements = (bits: number, f: (number: number) => bigint): void => {
    let all = 0n
    for (let k = 0; k < 128 / bits; k++) all |= BigInt.asUintN(bits, f(k)) << BigInt(k * bits)
    write('d', () => all)
  }

  const builder: X64Builder<EagerTypes> = {
    i32,
    i64,
    r64: (name) => BigInt.asUintN(64, read(name)),
    r32: (name) => BigInt.asUintN(32, read(name)),
    rsp() {
      observe({ what: 'read', operand: 'rsp' })
      return state.gpr[RSP]
    },
    rbp() {
      observe({ what: 'read', operand: 'rbp' })
      return state.gpr[RBP]
    },
    imm: (name) => BigInt(imm(name) >>> 0),
    imm64(name) {
      const o = operand(name)
      return o.kind === 'imm' ? fromWords(o.value, o.upper ?? 0) : bug('eager evaluator', '-', name, 'no immediate')
    },
    nextPc: () => next,
    address(popped) {
      const o = operand('mem')
      if (o.kind !== 'mem') return bug('eager evaluator', '-', 'mem', 'no memory operand')
      return effectiveAddress(state, o, popped)
    },
    flag: readFlag,
    condition(name) {
      const number = imm(name)
      const holds = conditionOf<EagerTypes>({ i32, i64 }, CONDITIONS[number >> 1], readFlag)
      return (number & 1) === 0 ? holds : 1n - holds
    },
    clock: () => machine.clock,
    divide(signed, hi, lo, by) {
      const none = { quotient: 0n, remainder: 0n, fails: 1n }
      if (by === 0n) return none
      const dividend = signed ? BigInt.asIntN(128, (hi << 64n) | lo) : (hi << 64n) | lo
      const divisor = signed ? BigInt.asIntN(64, by) : by
      const quotient = dividend / divisor
      if ((signed ? BigInt.asIntN(64, quotient) : wrap(quotient)) !== quotient) return none
      return { quotient: wrap(quotient), remainder: wrap(dividend % divisor), fails: 0n }
    },
    cpuid(leaf, subleaf) {
      const [a, y, c, d] = machine.cpuid(low(leaf), low(subleaf)).map((v) => BigInt(v >>> 0))
      return [a, y, c, d]
    },
    compareStrings(lengths) {
      const [a, y] = ['a', 'b'].map((name) => {
        const v = read(name)
        return Array.from({ length: 16 }, (_, k) => Number((v >> BigInt(8 * k)) & 0xffn))
      })
      const given = lengths?.map((v) => Number(BigInt.asIntN(32, v)))
      const { result, index, flags, words } = compareStrings(a, y, imm('imm'), given?.[0], given?.[1])
      const bits = words ? 16n : 8n
      let mask = BigInt(result)
      if ((imm('imm') & EXPANDED) !== 0) {
        mask = 0n
        for (let k = 0n; k < 128n / bits; k++)
          if (((result >> Number(k)) & 1) !== 0) mask |= ((1n << bits) - 1n) << (k * bits)
      }
      return { index: BigInt(index), low: wrap(mask), high: mask >> 64n, flags: BigInt(flags) }
    },
    deposit(a, mask) {
      let result = 0n
      let left = a
      for (let n = 0n; n < 64n; n++) {
        if (((mask >> n) & 1n) === 0n) continue
        result |= (left & 1n) << n
        left >>= 1n
      }
      return result
    },
    extract(a, mask) {
      let result = 0n
      let count = 0n
      for (let n = 0n; n < 64n; n++) if (((mask >> n) & 1n) !== 0n) result |= ((a >> n) & 1n) << count++
      return result
    },
    crc32c(crc, data, bytes) {
      // The remainder of a polynomial division, highest power first; operands and result are written the other way round.
      const reversed = (v: bigint, bits: number): bigint =>
        BigInt(`0b${[...v.toString(2).padStart(bits, '0')].reverse().join('')}`)
      const bits = bytes * 8
      let rest = (reversed(BigInt.asUintN(bits, data), bits) << 32n) ^ (reversed(crc, 32) << BigInt(bits))
      for (let n = bits + 31; n >= 32; n--)
        if (((rest >> BigInt(n)) & 1n) !== 0n) rest ^= 0x11edc6f41n << BigInt(n - 32)
      return reversed(rest, 32)
    },
    float(op, bits, ...operands) {
      const { args, result } = signatureOf(op)
      const widthOf = (what: X86Operand): number => ({ f: bits, w: 32, q: 64, s: 32, d: 64, h: 16 })[what]
      const [a, b, c] = operands.map((v, k) => BigInt.asUintN(widthOf(args[k]), v))
      return BigInt.asUintN(widthOf(result), x86Soft(op, bits, a, b, c))
    },
    load,
    store,
    load128(address) {
      observe({ what: 'load', size: 16, address })
      if (!memory.load16(low(address), high(address))) fault()
      return [fromWords(memory.lo, memory.hi), fromWords(memory.upperLo, memory.upperHi)]
    },
    store128(address, a, y) {
      observe({ what: 'store', size: 16, address })
      const words = [low(a), high(a), low(y), high(y)] as const
      if (!memory.store16(low(address), high(address), ...words)) fault()
    },
    checkAligned(size, address) {
      if (address % BigInt(size) === 0n) return
      memory.misaligned(low(address), high(address))
      fault()
    },
    divideErrorIf(condition) {
      if (condition !== 0n) throw new Trap('divide', 0n)
    },
    set64: (name, value) => write(name, (v) => ((v >> 64n) << 64n) | value),
    set32: (name, value) => write(name, () => value),
    setLow: (name, bits, value) =>
      write(name, (v) => ((v >> BigInt(bits)) << BigInt(bits)) | BigInt.asUintN(bits, value)),
    setRsp: (value) =>
      commits.push(() => {
        observe({ what: 'write', operand: 'rsp' })
        state.gpr[RSP] = value
      }),
    setRbp: (value) =>
      commits.push(() => {
        observe({ what: 'write', operand: 'rbp' })
        state.gpr[RBP] = value
      }),
    setFlags(kind, width, a, y, { carry, when } = {}) {
      if (when === 0n) return
      const { value, undef } = allFlags(kind, width, a, y, carry ?? 0n)
      writeFlags(~undef, value, undef)
    },
    setFlagBits(mask, value, { undefined: undef = 0, undefinedIf, when } = {}) {
      const more = undefinedIf !== undefined && undefinedIf[1] !== 0n ? undefinedIf[0] : 0
      if (when !== 0n) writeFlags(mask & ~more, low(value), undef | more)
    },
    lane: (name, bits, number) => narrowed(read(name), number, bits),
    lane64: (name, number) => narrowed(read(name), number, 64),
    laneAt: (name, bits, number) => narrowed(read(name), Number(number), bits),
    lane64At: (name, number) => narrowed(read(name), Number(number), 64),
    setLane: setElement,
    setLane64: (name, number, value) => setElement(name, 64, number, value),
    map(bits, f) {
      elements(bits, (k) => {
        const u = (name: string): bigint => narrowed(read(name), k, bits)
        const q = (): never => bug('eager evaluator', '-', '-', 'no 64-bit elements here')
        return f({ u, s: (name) => BigInt.asUintN(32, BigInt.asIntN(bits, u(name))), q }, BigInt(k))
      })
    },
    map64(f) {
      elements(64, (k) => {
        const none = (): never => bug('eager evaluator', '-', '-', 'only 64-bit elements here')
        return f({ u: none, s: none, q: (name) => narrowed(read(name), k, 64) }, BigInt(k))
      })
    },
    jump(label) {
      target = relative(label)
    },
    branch(condition, label) {
      if (condition !== 0n) target = relative(label)
    },
    jumpIndirect(address) {
      target = address
    },
    exit(name) {
      exit = name
    },
  }
  try {
    instruction.body(builder)
  } catch (reason) {
    if (reason instanceof Trap) return { kind: 'trap', trap: reason.trap, address: reason.address }
    throw reason
  }
  state.undefinedFlags = 0
  for (const commit of commits) commit()
  if (exit !== undefined) return { kind: 'exit', exit }
  state.pc = target
  return { kind: 'next' }
}

/** The same for a form of the vector unit's operations: its memory operand is loaded before, and stored afterwards. */
export function executeX64VectorEagerly(
  binding: VectorBinding,
  instruction: Omit<X64EagerInstruction, 'body'>,
  state: X64EagerState,
  memory: EmulatedMemory,
  observe: (access: X64Access) => void = () => {},
): X64EagerOutcome {
  const { load, store, aligned } = binding
  const cell: X64EagerOperand = { kind: 'cell', value: 0n }
  const mem = instruction.operands.mem
  const address = mem?.kind === 'mem' ? effectiveAddress(state, mem) : 0n
  const fault = (): X64EagerOutcome => ({
    kind: 'trap',
    trap: memory.faultKind,
    address: fromWords(memory.faultLo, memory.faultHi),
  })
  if (aligned && address % BigInt(Math.max(load, store)) !== 0n) {
    memory.misaligned(low(address), high(address))
    return fault()
  }
  if (load !== 0) {
    observe({ what: 'load', size: load, address })
    const ok = load === 16 ? memory.load16(low(address), high(address)) : memory.load(load, low(address), high(address))
    if (!ok) return fault()
    cell.value = fromWords(memory.lo, memory.hi)
    if (load === 16) cell.value |= fromWords(memory.upperLo, memory.upperHi) << 64n
  }
  const { imm } = instruction.operands
  const operands: Record<string, X64EagerOperand> = imm === undefined ? {} : { imm }
  for (const [name, of] of Object.entries(binding.operands))
    operands[name] =
      of === 'mem' ? cell : (instruction.operands[of] ?? bug('eager evaluator', '-', of, 'no such operand'))
  const named = (access: X64Access): void => {
    const operand = access.operand === undefined ? undefined : (binding.operands[access.operand] ?? access.operand)
    if (operand !== 'mem') observe(operand === undefined ? access : { ...access, operand })
  }
  // What is stored is known before anything is changed: on a copy.
  if (store !== 0) {
    const copy = { ...state, gpr: [...state.gpr], xmm: [...state.xmm] }
    executeX64Eagerly({ ...instruction, operands, body: vectorOperations[binding.operation] }, copy, memory)
    observe({ what: 'store', size: store, address })
    if (!memory.store(store, low(address), high(address), low(cell.value), high(cell.value))) return fault()
    cell.value = 0n
  }
  return executeX64Eagerly(
    { ...instruction, operands, body: vectorOperations[binding.operation] },
    state,
    memory,
    named,
  )
}

/** All flags after an operation, and which of them are undefined. */
function allFlags(
  kind: LazyFlags,
  width: Width,
  a: bigint,
  y: bigint,
  carry: bigint,
): { readonly value: number; readonly undef: number } {
  const b = { i32, i64 }
  return sized<EagerTypes, { value: number; undef: number }>(b, width, (w) => {
    const flags = flagsAfter(b, w, kind, w.fromI64(a), w.fromI64(y), carry)
    let value = 0
    let undef = 0
    for (const letter of FLAG_LETTERS) {
      const flag = flags[letter]
      if (flag === undefined || (flag.undefinedIf ?? 0n) !== 0n) undef |= FLAG_BITS[letter]
      else if (flag.value !== 0n) value |= FLAG_BITS[letter]
    }
    return { value, undef }
  })
}
