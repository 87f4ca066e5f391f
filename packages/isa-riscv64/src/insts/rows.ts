// The riscv64 instruction table: all rows in opcode order. There so far: RV64I, M, A, F, D, Zicsr, Zifencei, Zihintpause, Zba, Zbb, Zbs, Zbc, Zbkb, Zicond,
// Zfhmin, Zfh, Zfa, C, Zcb, V (as far as code for fixed 128 bits goes), Zvbb; Zvfh adds no encodings.
import { joinTables, type RowTable } from '@k23/machinst/rows'
import { atomic } from './atomic.ts'
import { base } from './base.ts'
import { bitmanip } from './bitmanip.ts'
import { compressed } from './compressed.ts'
import { float } from './float.ts'
import { half } from './half.ts'
import { vector } from './vector.ts'
import { vectorFloat } from './vector-float.ts'
import { vectorInteger } from './vector-integer.ts'
import { vectorPermute } from './vector-permute.ts'
import { zfa } from './zfa.ts'

// biome-ignore format: table
export const rows: RowTable = joinTables(
  base, atomic, float, bitmanip, half, zfa, compressed,
  vector, vectorInteger, vectorFloat, vectorPermute,
)
