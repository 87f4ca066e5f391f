// The x64 instruction table: all rows in opcode order.
import { joinTables, type X64RowTable } from '@k23/machinst/rows'
import { atomic } from './atomic.ts'
import { avx } from './avx.ts'
import { avx512 } from './avx512.ts'
import { bits } from './bits.ts'
import { control } from './control.ts'
import { integer } from './integer.ts'
import { vectorFloat } from './vector-float.ts'
import { vectorInteger } from './vector-integer.ts'
import { vectorMoves } from './vector-moves.ts'

export const rows: X64RowTable = joinTables(
  integer,
  control,
  bits,
  atomic,
  vectorMoves,
  vectorFloat,
  vectorInteger,
  avx,
  avx512,
)
