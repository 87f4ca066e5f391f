// CLIF vectors in vector registers: which there are, and the machine state for them.
//
// A vector lies in the low bits of one register (LMUL 1), lane 0 lowest; VLEN may be anything from 128 on. Lanes beyond the vector's are undefined:
// nothing reads them but whole-register moves.
import { bits, isDynamic, isVector, laneBits, laneCount, type Type } from '@k23/ir'
import { emit, LMUL_1, vstate } from './insts/index.ts'
import type { InstSink, VReg, Writable, XReg } from './insts/index.ts'

/** Whether one vector register holds values of this vector type. */
export function isHeld(t: Type): boolean {
  return isVector(t) && !isDynamic(t) && laneBits(t) <= 64 && bits(t) <= 128
}

/** SEW as in vtype: log2 of the bits of a lane, less 3. */
export function sewOf(bitsOfLane: number): number {
  return 28 - Math.clz32(bitsOfLane)
}

/** The state for operations on all lanes of t. */
export function stateOf(t: Type): number {
  return vstate(sewOf(laneBits(t)), LMUL_1, laneCount(t))
}

type VectorLoad = (s: InstSink, vd: Writable<VReg>, rs1: XReg, vstate: number) => number
type VectorStore = (s: InstSink, rs1: XReg, vs3: VReg, vstate: number) => number
const loads: readonly VectorLoad[] = [emit.vle8_v, emit.vle16_v, emit.vle32_v, emit.vle64_v]
const stores: readonly VectorStore[] = [emit.vse8_v, emit.vse16_v, emit.vse32_v, emit.vse64_v]

/** Loads and stores by lanes of t's width. */
export function vectorLoadRow(t: Type): VectorLoad {
  return loads[sewOf(laneBits(t))]
}
export function vectorStoreRow(t: Type): VectorStore {
  return stores[sewOf(laneBits(t))]
}
