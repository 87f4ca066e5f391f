// IEEE 754 arithmetic, rounding to nearest, ties to even. Which NaN an operation gives is not determined, except that it is quiet, and
// that the sign operations (fneg, fabs, fcopysign) touch nothing but the sign bit.
import type { OpcodeRow } from './row.ts'

// biome-ignore format: table
export const floatOpcodes: readonly OpcodeRow[] = [
  ['fcmp',      'FloatCompare', 'Float: t, t -> truthy(t)', 0, 'v = fcmp cc x, y',    'Compares; 1 or 0 for scalars, all ones or zeros for lanes.'],
  ['fadd',      'Binary',       'Float: t, t -> t',         0, 'v = fadd x, y',       'x + y.'],
  ['fsub',      'Binary',       'Float: t, t -> t',         0, 'v = fsub x, y',       'x - y.'],
  ['fmul',      'Binary',       'Float: t, t -> t',         0, 'v = fmul x, y',       'x * y.'],
  ['fdiv',      'Binary',       'Float: t, t -> t',         0, 'v = fdiv x, y',       'x / y.'],
  ['sqrt',      'Unary',        'Float: t -> t',            0, 'v = sqrt x',          'Square root.'],
  ['fma',       'Ternary',      'Float: t, t, t -> t',      0, 'v = fma x, y, z',     'x * y + z, rounded once.'],
  ['fneg',      'Unary',        'Float: t -> t',            0, 'v = fneg x',          'x with its sign bit inverted.'],
  ['fabs',      'Unary',        'Float: t -> t',            0, 'v = fabs x',          'x with its sign bit cleared.'],
  ['fcopysign', 'Binary',       'Float: t, t -> t',         0, 'v = fcopysign x, y',  'x with the sign bit of y.'],
  ['fmin',      'Binary',       'Float: t, t -> t',         0, 'v = fmin x, y',       'Minimum; NaN where either is NaN; -0 is less than +0.'],
  ['fmax',      'Binary',       'Float: t, t -> t',         0, 'v = fmax x, y',       'Maximum; NaN where either is NaN; -0 is less than +0.'],
  ['ceil',      'Unary',        'Float: t -> t',            0, 'v = ceil x',          'Rounded to an integral value, towards positive infinity.'],
  ['floor',     'Unary',        'Float: t -> t',            0, 'v = floor x',         'Rounded to an integral value, towards negative infinity.'],
  ['trunc',     'Unary',        'Float: t -> t',            0, 'v = trunc x',         'Rounded to an integral value, towards zero.'],
  ['nearest',   'Unary',        'Float: t -> t',            0, 'v = nearest x',       'Rounded to an integral value, to nearest, ties to even.'],
]
