// The opcode table, in the order in which opcodes are numbered (from 1; 0 is no opcode).
import { bitOpcodes } from './bits.ts'
import { constantOpcodes } from './constants.ts'
import { controlOpcodes } from './control.ts'
import { conversionOpcodes } from './conversions.ts'
import { floatOpcodes } from './float.ts'
import { integerOpcodes } from './integer.ts'
import { laneOpcodes } from './lanes.ts'
import { memoryOpcodes } from './memory.ts'
import type { OpcodeRow } from './row.ts'
import { specialOpcodes } from './special.ts'

export interface OpcodeFamily {
  readonly title: string
  readonly rows: readonly OpcodeRow[]
}

export const FAMILIES: readonly OpcodeFamily[] = [
  { title: 'Branches, traps, calls', rows: controlOpcodes },
  { title: 'Memory', rows: memoryOpcodes },
  { title: 'Special', rows: specialOpcodes },
  { title: 'Constants and choice', rows: constantOpcodes },
  { title: 'Integer arithmetic', rows: integerOpcodes },
  { title: 'Bits', rows: bitOpcodes },
  { title: 'Floating point', rows: floatOpcodes },
  { title: 'Lanes', rows: laneOpcodes },
  { title: 'Conversions', rows: conversionOpcodes },
]

export const OPCODES: readonly OpcodeRow[] = FAMILIES.flatMap((f) => f.rows)
