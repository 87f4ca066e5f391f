// Lanes of vectors. Lane 0 is the least significant.
import type { OpcodeRow } from './row.ts'

// biome-ignore format: table
export const laneOpcodes: readonly OpcodeRow[] = [
  ['splat',            'Unary',       'Vec: lane(t) -> t',       0, 'v = splat x',               'x in every lane.'],
  ['swizzle',          'Binary',      'i8x16, i8x16 -> i8x16',   0, 'v = swizzle x, y',          'Bytes of x selected by those of y; 0 where the index is above 15.'],
  ['insertlane',       'TernaryImm8', 'Vec: t, lane(t) -> t',    0, 'v = insertlane x, y, lane', 'x with y in one lane.'],
  ['extractlane',      'BinaryImm8',  'Vec: t -> lane(t)',       0, 'v = extractlane x, lane',   'One lane.'],
  ['shuffle',          'Shuffle',     'i8x16, i8x16 -> i8x16',   0, 'v = shuffle x, y, mask',    'Bytes of x (0 to 15) and y (16 to 31) selected by a constant mask.'],
  ['scalar_to_vector', 'Unary',       'Vec: lane(t) -> t',       0, 'v = scalar_to_vector x',    'x in lane 0, zeros in the others.'],
  ['extract_vector',   'BinaryImm8',  'DynVec: t -> fixed(t)',   0, 'v = extract_vector x, lane', 'A fixed vector out of a dynamic one.'],
  ['vany_true',        'Unary',       'Vec: t -> i8',            0, 'v = vany_true x',           '1 where any lane is not zero, else 0.'],
  ['vall_true',        'Unary',       'Vec: t -> i8',            0, 'v = vall_true x',           '1 where no lane is zero, else 0.'],
  ['vhigh_bits',       'Unary',       'NarrowInt: Vec -> t',     0, 'v = vhigh_bits x',          'The top bit of each lane, that of lane 0 lowest, zero-extended or truncated.'],
]
