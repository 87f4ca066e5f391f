// Bits. Shift and rotation counts are taken modulo the width of a lane.
import type { OpcodeRow } from './row.ts'

// biome-ignore format: table
export const bitOpcodes: readonly OpcodeRow[] = [
  ['band',   'Binary', 'Any: t, t -> t',         0, 'v = band x, y',  'Bitwise and.'],
  ['bor',    'Binary', 'Any: t, t -> t',         0, 'v = bor x, y',   'Bitwise or.'],
  ['bxor',   'Binary', 'Any: t, t -> t',         0, 'v = bxor x, y',  'Bitwise exclusive or.'],
  ['bnot',   'Unary',  'Any: t -> t',            0, 'v = bnot x',     'Bitwise not.'],
  ['rotl',   'Binary', 'Int: t, ScalarInt -> t', 0, 'v = rotl x, y',  'Rotation to the left by y modulo the width.'],
  ['rotr',   'Binary', 'Int: t, ScalarInt -> t', 0, 'v = rotr x, y',  'Rotation to the right by y modulo the width.'],
  ['ishl',   'Binary', 'Int: t, ScalarInt -> t', 0, 'v = ishl x, y',  'Shift to the left by y modulo the width.'],
  ['ushr',   'Binary', 'Int: t, ScalarInt -> t', 0, 'v = ushr x, y',  'Shift to the right by y modulo the width, filling with zeros.'],
  ['sshr',   'Binary', 'Int: t, ScalarInt -> t', 0, 'v = sshr x, y',  'Shift to the right by y modulo the width, filling with the sign.'],
  ['bitrev', 'Unary',  'ScalarInt: t -> t',      0, 'v = bitrev x',   'Bits in reverse order.'],
  ['clz',    'Unary',  'ScalarInt: t -> t',      0, 'v = clz x',      'Number of leading zeros; the width for 0.'],
  ['cls',    'Unary',  'ScalarInt: t -> t',      0, 'v = cls x',      'Number of leading bits behind the sign bit that equal it.'],
  ['ctz',    'Unary',  'ScalarInt: t -> t',      0, 'v = ctz x',      'Number of trailing zeros; the width for 0.'],
  ['bswap',  'Unary',  'WideInt: t -> t',        0, 'v = bswap x',    'Bytes in reverse order.'],
  ['popcnt', 'Unary',  'Int: t -> t',            0, 'v = popcnt x',   'Number of ones.'],
]
