// The eager evaluator: runs a body directly on BigInt, one instruction at a time. It shares nothing with the generated evaluator but the
// bodies and memory, and is the oracle of the generator. It can also tell what an instruction read, wrote and accessed. Clarity before speed.

import { bug } from '@k23/entity'
import { float, floatCode, raised, resultHi, resultLo, roundingMode } from '../float/operations.ts'
import type { EmulatedMemory } from '../memory.ts'
import type { AccessSize, Body, Builder, ExitName, I32Ops, I64Ops, IntOps, StateName } from './builder.ts'
import { type BinaryName, binary, type CompareName, compare, type HighName, type UnaryName, unary } from './integers.ts'

/** Values are unsigned. */
export interface EagerTypes {
  i32: bigint
  i64: bigint
}

/** The control registers, as HartState offers them. */
export interface ControlRegisters {
  fcsr: number
  csrLo: number
  csrHi: number
  csrRead(csr: number, writes: boolean, left: number): boolean
  csrWrite(csr: number, lo: number, hi: number): void
}

/** Architectural state, 64-bit unsigned values. */
export interface EagerState {
  readonly x: bigint[]
  readonly f: bigint[]
  pc: bigint
  reservation: bigint
}

export type EagerOutcome =
  | { readonly kind: 'next' }
  | { readonly kind: 'exit'; readonly exit: ExitName }
  | { readonly kind: 'trap'; readonly trap: number | 'illegal'; readonly address: bigint }

/** What one instruction did, in order. */
export interface Access {
  readonly what: 'read' | 'write' | 'load' | 'store' | 'pc'
  /** read and write: the operand. */
  readonly operand?: string
  /** load and store: bytes and address. */
  readonly size?: number
  readonly address?: bigint
}

export interface EagerInstruction {
  readonly body: Body
  readonly length: number
  /** Register numbers and immediates by operand name. A read-write operand has one number. */
  readonly operands: Readonly<Record<string, number>>
}

class Trap {
  readonly trap: number | 'illegal'
  readonly address: bigint
  constructor(trap: number | 'illegal', address: bigint) {
    this.trap = trap
    this.address = address
  }
}

export const low = (v: bigint): number => Number(BigInt.asIntN(32, v))
export const high = (v: bigint): number => Number(BigInt.asIntN(32, v >> 32n))
export const fromWords = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
const bool = (v: boolean): bigint => (v ? 1n : 0n)

function operations(width: number): IntOps<EagerTypes, bigint> & Record<string, unknown> {
  const ops: Record<string, unknown> = {
    eqz: (a: bigint) => bool(a === 0n),
    select: (c: bigint, a: bigint, b: bigint) => (c !== 0n ? a : b),
  }
  for (const name of Object.keys(binary) as (BinaryName | HighName)[])
    ops[name] = (a: bigint, b: bigint) => binary[name](width, a, b)
  for (const name of Object.keys(unary) as UnaryName[]) ops[name] = (a: bigint) => unary[name](width, a)
  for (const name of Object.keys(compare) as CompareName[])
    ops[name] = (a: bigint, b: bigint) => bool(compare[name](width, a, b))
  return ops as unknown as IntOps<EagerTypes, bigint> & Record<string, unknown>
}

export const i32: I32Ops<EagerTypes> = Object.assign(operations(32), {
  const: (n: number) => BigInt(n >>> 0),
  wrap_i64: (a: bigint) => BigInt.asUintN(32, a),
}) as unknown as I32Ops<EagerTypes>
export const i64: I64Ops<EagerTypes> = Object.assign(operations(64), {
  const: (n: number) => BigInt.asUintN(64, BigInt(n)),
  extend_i32_s: (a: bigint) => BigInt.asUintN(64, BigInt.asIntN(32, a)),
  extend_i32_u: (a: bigint) => a,
}) as unknown as I64Ops<EagerTypes>

/** Executes one instruction. `state` and `memory` change only if it does not trap; pc moves on unless it traps or exits. */
export function executeEagerly(
  instruction: EagerInstruction,
  state: EagerState,
  memory: EmulatedMemory,
  control: ControlRegisters,
  observe: (access: Access) => void = () => {},
): EagerOutcome {
  const { operands } = instruction
  const commits: (() => void)[] = []
  const next = BigInt.asUintN(64, state.pc + BigInt(instruction.length))
  let target = next
  let exit: ExitName | undefined

  const operand = (name: string): number => operands[name] ?? bug('eager evaluator', '-', name, 'no such operand')
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
  const signedOffset = (name: string): bigint => BigInt.asUintN(64, state.pc + BigInt(operand(name)))

  const builder: Builder<EagerTypes> = {
    i32,
    i64,
    x(name) {
      observe({ what: 'read', operand: name })
      return operand(name) === 0 ? 0n : state.x[operand(name)]
    },
    f(name) {
      observe({ what: 'read', operand: name })
      return state.f[operand(name)]
    },
    float(op, format, rounding, ...values) {
      const mode = roundingMode(low(rounding), control.fcsr)
      if (mode < 0) throw new Trap('illegal', 0n)
      const [a, b, c] = [0, 1, 2].map((k) => values[k] ?? 0n)
      // Always by the exact way: no flag is accrued as far as this call knows, so that the fast path is compared with it.
      float(floatCode(op, format), mode, -1, low(a), high(a), low(b), high(b), low(c), high(c))
      const flags = raised
      commits.push(() => {
        control.fcsr |= flags
      })
      return fromWords(resultLo, resultHi)
    },
    imm: (name) => BigInt(operand(name) >>> 0),
    number: (name) => BigInt(operand(name)),
    pc() {
      observe({ what: 'pc' })
      return state.pc
    },
    nextPc: () => next,
    state: (name: StateName) => state[name],
    load,
    store,
    checkAtomic(size, address, writes) {
      if (!memory.checkAtomic(size, low(address), high(address), writes)) fault()
    },
    storeIf(condition, size, address, value) {
      if (condition !== 0n) store(size, address, value)
    },
    csrRead(csr, writes) {
      if (!control.csrRead(low(csr), writes !== 0n, 0)) throw new Trap('illegal', 0n)
      return fromWords(control.csrLo, control.csrHi)
    },
    setX(name, value) {
      commits.push(() => {
        observe({ what: 'write', operand: name })
        if (operand(name) !== 0) state.x[operand(name)] = value
      })
    },
    setF(name, value) {
      commits.push(() => {
        observe({ what: 'write', operand: name })
        state.f[operand(name)] = value
      })
    },
    setState(name, value) {
      commits.push(() => {
        state[name] = value
      })
    },
    csrWrite(csr, value, condition) {
      if (condition !== 0n) commits.push(() => control.csrWrite(low(csr), low(value), high(value)))
    },
    jump(offset) {
      target = signedOffset(offset)
    },
    branch(condition, offset) {
      if (condition !== 0n) target = signedOffset(offset)
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
  for (const commit of commits) commit()
  if (exit !== undefined) return { kind: 'exit', exit }
  state.pc = target
  return { kind: 'next' }
}
