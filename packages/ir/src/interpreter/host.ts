// Functions that are not CLIF: what the embedder gives, and the library routines that generated code may call.
import type { Signature } from '../signature.ts'
import type { DataValue } from '../text/data-value.ts'
import { F32, F64, I8X16, type Type } from '../types.ts'
import * as Op from '../gen/op.ts'
import { applyPure, PURE } from './eval/eval-pure.ts'
import type { PureEvaluator } from './eval/pure.ts'
import { type Bits, fromBytes, toDataValue } from './lanes.ts'
import { type Memory, type Place, readPlace, writePlace } from './memory.ts'
import { type Outcome, undefinedBehaviour } from './outcome.ts'

/** What a host function throws through CLIF frames: the innermost try_call with a matching handler catches it. */
export interface Thrown {
  readonly tag: number
  /** What exn0, exn1, ... stand for. */
  readonly payload: readonly bigint[]
  /** Says whether a handler for the tag under this `context` value of the exception table (undefined: none) is meant; always, by default. */
  readonly inContext?: (context: bigint | undefined) => boolean
}

export type HostOutcome = Outcome | { readonly exception: Thrown }

export interface HostContext {
  readonly memory: Memory
  /** As the caller declares it. */
  readonly signature: Signature
  /** Calls a function by name while the program waits. */
  invoke(name: string, args: readonly DataValue[]): Outcome
}

export type HostFunction = (args: readonly DataValue[], cx: HostContext) => HostOutcome

// ---- library routines

function pureRoutine(op: number, type: Type, arity: number): HostFunction {
  const inst = { args: new Array<Type>(arity).fill(type), results: [type], imm0: 0, imm1: 0, bytes: undefined }
  return (args) => {
    const bits = applyPure(
      PURE[op] as PureEvaluator,
      args.map((a) => fromBytes(a.bits)),
      inst,
    )
    return { results: [toDataValue(type, bits[0])] }
  }
}

/** The area that a routine of the C library is given; one that it cannot access is the program's fault. */
function area(memory: Memory, address: Bits, size: number, write: boolean): Place {
  return (
    memory.find(address, size, write) ??
    undefinedBehaviour(
      `a library routine is given ${size} bytes at 0x${address.toString(16)}, which cannot be accessed`,
    )
  )
}

/** A routine on memory: `f` gives its result, which counts where the signature has one. */
function memoryRoutine(f: (memory: Memory, args: readonly Bits[]) => Bits): HostFunction {
  return (args, { memory, signature }) => {
    const result = f(
      memory,
      args.map((a) => fromBytes(a.bits)),
    )
    return { results: signature.returns.map((r) => toDataValue(r.type, result)) }
  }
}

const copy = memoryRoutine((memory, [to, from, count]) => {
  const n = Number(count)
  if (n === 0) return to
  const content = readPlace(area(memory, from, n, false), n)
  writePlace(area(memory, to, n, true), n, content)
  return to
})

const fill = memoryRoutine((memory, [to, byte, count]) => {
  const n = Number(count)
  if (n === 0) return to
  const { region, offset } = area(memory, to, n, true)
  region.bytes.fill(Number(byte & 255n), offset, offset + n)
  return to
})

/** The difference of the first bytes that differ: C promises no more than its sign, as a 32-bit number. */
const compareMemory = memoryRoutine((memory, [x, y, count]) => {
  const n = Number(count)
  if (n === 0) return 0n
  const a = area(memory, x, n, false)
  const b = area(memory, y, n, false)
  for (let i = 0; i < n; i++) {
    const d = a.region.bytes[a.offset + i] - b.region.bytes[b.offset + i]
    if (d !== 0) return BigInt.asUintN(32, BigInt(Math.sign(d)))
  }
  return 0n
})

/** By name, as in `%FloorF32`. Routines for thread-local storage have to come from the host. */
// biome-ignore format: table
export const LIBRARY: ReadonlyMap<string, HostFunction> = new Map([
  ['Probestack', () => ({ results: [] })],
  ['CeilF32',    pureRoutine(Op.ceil,       F32,   1)],
  ['CeilF64',    pureRoutine(Op.ceil,       F64,   1)],
  ['FloorF32',   pureRoutine(Op.floor,      F32,   1)],
  ['FloorF64',   pureRoutine(Op.floor,      F64,   1)],
  ['TruncF32',   pureRoutine(Op.trunc,      F32,   1)],
  ['TruncF64',   pureRoutine(Op.trunc,      F64,   1)],
  ['NearestF32', pureRoutine(Op.nearest,    F32,   1)],
  ['NearestF64', pureRoutine(Op.nearest,    F64,   1)],
  ['FmaF32',     pureRoutine(Op.fma,        F32,   3)],
  ['FmaF64',     pureRoutine(Op.fma,        F64,   3)],
  ['X86Pshufb',  pureRoutine(Op.x86_pshufb, I8X16, 2)],
  ['Memcpy',     copy],
  ['Memmove',    copy],
  ['Memset',     fill],
  ['Memcmp',     compareMemory],
] as [string, HostFunction][])
