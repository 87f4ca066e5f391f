// The sets of types that rows of the opcode table name. A set is the product of lane types and lane counts.

/** [name, first lane code, last lane code, scalars, fixed vectors, dynamic vectors, what it is] (lane codes: types.ts). */
export type TypeSetRow = readonly [string, number, number, boolean, boolean, boolean, string]

// biome-ignore format: table
export const TYPE_SETS: readonly TypeSetRow[] = [
  //                 lanes  scalar vector dynamic
  ['Any',            1, 9,  true,  true,  true,  'any type'],
  ['Int',            1, 5,  true,  true,  true,  'integers and vectors of integers'],
  ['ScalarInt',      1, 5,  true,  false, false, 'i8 to i128'],
  ['NarrowInt',      1, 4,  true,  false, false, 'i8 to i64'],
  ['WideInt',        2, 5,  true,  false, false, 'i16 to i128'],
  ['Addr',           3, 4,  true,  false, false, 'i32 or i64, an address'],
  ['Int32or64',      3, 4,  true,  false, false, 'i32 or i64'],
  ['Int16to64',      2, 4,  true,  false, false, 'i16 to i64'],
  ['Float',          6, 9,  true,  true,  true,  'floats and vectors of floats'],
  ['ScalarFloat',    6, 9,  true,  false, false, 'f16 to f128'],
  ['Vec',            1, 9,  false, true,  true,  'vectors'],
  ['IntVec',         1, 5,  false, true,  true,  'vectors of integers'],
  ['DynVec',         1, 9,  false, false, true,  'dynamic vectors'],
  ['FixedPointVec',  2, 3,  false, true,  true,  'vectors of i16 or i32'],
  ['NarrowableVec',  2, 4,  false, true,  true,  'vectors of i16, i32 or i64'],
  ['WidenableVec',   1, 3,  false, true,  true,  'vectors of i8, i16 or i32'],
]
