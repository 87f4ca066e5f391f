// Loads and stores of vectors, and of half vectors that are widened. Accesses are by lanes: a machine that takes unaligned scalars takes unaligned lanes
// (Zicclsm). The address is a register: vector accesses have no offset.
import { BIG, laneBits, laneCount, type MemFlags, type Type, type Value } from '@k23/ir'
import {
  any,
  flags,
  load,
  offset,
  type Rule,
  sload16x4,
  sload32x2,
  sload8x8,
  store,
  uload16x4,
  uload32x2,
  uload8x8,
  val,
} from '@k23/rules'
import { emit } from '../insts/index.ts'
import type { VReg } from '../insts/index.ts'
import { vectorLoadRow, vectorStoreRow } from '../vector-types.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'
import { halfState, laneState, stateOf, tv, v, v1, type V1 } from './vector-context.ts'
import { reverseBytes } from './vector-lanes.ts'
import { vectors } from './vector-sets.ts'

function loadVector(c: RiscvLower, t: Type, p: Value, o: number, f: MemFlags): VReg {
  const d = tv(c)
  const address = c.offsetTo(c.x(p), o)
  c.access(f)
  vectorLoadRow(t)(c, d, address, stateOf(t))
  return (f & BIG) === 0 ? d : reverseBytes(c, laneBits(t), laneCount(t), d)
}

function storeVector(c: RiscvLower, t: Type, x: Value, p: Value, o: number, f: MemFlags): void {
  const a = v(c, x)
  const r = (f & BIG) === 0 ? a : reverseBytes(c, laneBits(t), laneCount(t), a)
  const address = c.offsetTo(c.x(p), o)
  c.access(f)
  vectorStoreRow(t)(c, address, r, stateOf(t))
}

/** 8 bytes in lanes of `bits`, each extended to twice the width. */
const extending = (bits: 8 | 16 | 32, op: V1) => (c: RiscvLower, _t: Type, p: Value, o: number, f: MemFlags) => {
  const d = tv(c)
  const address = c.offsetTo(c.x(p), o)
  const lanes = 64 / bits
  c.access(f)
  const row = bits === 8 ? emit.vle8_v : bits === 16 ? emit.vle16_v : emit.vle32_v
  row(c, d, address, halfState(bits, lanes))
  return v1(c, op, laneState(2 * bits, lanes), (f & BIG) === 0 ? d : reverseBytes(c, bits, lanes, d))
}

// biome-ignore format: table
export const vectorMemoryRules: Rule[] = [
  rule('v_load',      vectors, [val, offset, flags],      (p, o, f) => load(p, o, f),      loadVector),
  rule('v_store',     vectors, [val, val, offset, flags], (x, p, o, f) => store(x, p, o, f), storeVector),
  rule('v_uload8x8',  any, [val, offset, flags],          (p, o, f) => uload8x8(p, o, f),  extending(8, emit.vzext_vf2)),
  rule('v_sload8x8',  any, [val, offset, flags],          (p, o, f) => sload8x8(p, o, f),  extending(8, emit.vsext_vf2)),
  rule('v_uload16x4', any, [val, offset, flags],          (p, o, f) => uload16x4(p, o, f), extending(16, emit.vzext_vf2)),
  rule('v_sload16x4', any, [val, offset, flags],          (p, o, f) => sload16x4(p, o, f), extending(16, emit.vsext_vf2)),
  rule('v_uload32x2', any, [val, offset, flags],          (p, o, f) => uload32x2(p, o, f), extending(32, emit.vzext_vf2)),
  rule('v_sload32x2', any, [val, offset, flags],          (p, o, f) => sload32x2(p, o, f), extending(32, emit.vsext_vf2)),
]
