// Every routine that generated code may call by name, in the order in which they are placed.
import type { Func } from '@k23/ir'
import { divide } from './divide.ts'
import { memcmp, memcpy, memmove, memset } from './memory.ts'
import { rounding } from './rounding.ts'

export interface LibraryRoutine {
  /** Its name in CLIF, without the `%`. */
  readonly name: string
  /** Its name in object files. */
  readonly symbol: string
  readonly make: (name: string) => Func
}

const row = (name: string, symbol: string, make: LibraryRoutine['make']): LibraryRoutine => ({ name, symbol, make })

// biome-ignore format: table
export const LIBRARY_ROUTINES: readonly LibraryRoutine[] = [
  row('Memcpy',     'memcpy',     memcpy),
  row('Memmove',    'memmove',    memmove),
  row('Memset',     'memset',     memset),
  row('Memcmp',     'memcmp',     memcmp),
  row('CeilF32',    'ceilf',      rounding('ceil', false)),
  row('CeilF64',    'ceil',       rounding('ceil', true)),
  row('FloorF32',   'floorf',     rounding('floor', false)),
  row('FloorF64',   'floor',      rounding('floor', true)),
  row('TruncF32',   'truncf',     rounding('trunc', false)),
  row('TruncF64',   'trunc',      rounding('trunc', true)),
  row('NearestF32', 'roundevenf', rounding('nearest', false)),
  row('NearestF64', 'roundeven',  rounding('nearest', true)),
  row('FmaF32',     'fmaf',       rounding('fma', false)),
  row('FmaF64',     'fma',        rounding('fma', true)),
  row('__udivti3',  '__udivti3',  divide(false, false)),
  row('__umodti3',  '__umodti3',  divide(false, true)),
  row('__divti3',   '__divti3',   divide(true, false)),
  row('__modti3',   '__modti3',   divide(true, true)),
]
