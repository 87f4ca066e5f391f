// Memory flags of the accesses that translation makes, and the alias regions behind them: accesses of different regions never overlap.
import {
  ALIGNED,
  type AliasRegion,
  CAN_MOVE,
  type Func,
  LITTLE,
  type MemFlags,
  memFlags,
  NOTRAP,
  READONLY,
} from '@k23/ir'

/** In an instance's or a hart's own data; never written while functions run. */
export const CONSTANT_DATA: MemFlags = memFlags(ALIGNED | NOTRAP | READONLY | CAN_MOVE)
/** In memory of our own that no wasm program reaches. */
export const PRIVATE: MemFlags = memFlags(ALIGNED | NOTRAP)

const regions = ['vmctx', 'heap', 'globals', 'tables'] as const

export interface RegionFlags {
  /** Definitions of memories and tables: base and length. */
  definition: MemFlags
  global: MemFlags
  table: MemFlags
  /** An access of a wasm memory that is known to be in bounds. */
  heap: MemFlags
  /** An access of a wasm memory that traps (heap_oob) where it faults. */
  heapMayTrap: MemFlags
}

/** Declares the regions in `func`. */
export function declareRegions(func: Func): RegionFlags {
  const [vmctx, heap, globals, tables] = regions.map(
    (description, userId): AliasRegion => func.createAliasRegion({ userId, description }),
  )
  return {
    definition: memFlags(ALIGNED | NOTRAP, 0, vmctx),
    global: memFlags(ALIGNED | NOTRAP, 0, globals),
    table: memFlags(ALIGNED | NOTRAP, 0, tables),
    heap: memFlags(NOTRAP | LITTLE, 0, heap),
    heapMayTrap: memFlags(LITTLE, 0, heap),
  }
}
