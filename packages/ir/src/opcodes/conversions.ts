// Conversions between types.
import { type OpcodeRow, TRAPS } from './row.ts'

// biome-ignore format: table
export const conversionOpcodes: readonly OpcodeRow[] = [
  ['bitcast',          'LoadNoOffset', 'Any: Any -> t',                          0,     'v = bitcast flags x',       'The same bits as another type of the same size; where lane counts differ, the flags say in which byte order.'],
  ['bmask',            'Unary',        'ScalarInt: ScalarInt -> t',              0,     'v = bmask x',               'All ones where x is not zero, else 0.'],
  ['ireduce',          'Unary',        'ScalarInt: wider(ScalarInt) -> t',       0,     'v = ireduce x',             'The low bits.'],
  ['uextend',          'Unary',        'ScalarInt: narrower(ScalarInt) -> t',    0,     'v = uextend x',             'Zero-extension.'],
  ['sextend',          'Unary',        'ScalarInt: narrower(ScalarInt) -> t',    0,     'v = sextend x',             'Sign-extension.'],
  ['isplit',           'Unary',        'WideInt: t -> half(t), half(t)',         0,     'lo, hi = isplit x',         'Low half and high half.'],
  ['iconcat',          'Binary',       'NarrowInt: t, t -> double(t)',           0,     'v = iconcat lo, hi',        'An integer out of its halves.'],
  ['snarrow',          'Binary',       'NarrowableVec: t, t -> split(t)',        0,     'v = snarrow x, y',          'Lanes of x, then of y, as signed, clamped to signed lanes of half the width.'],
  ['unarrow',          'Binary',       'NarrowableVec: t, t -> split(t)',        0,     'v = unarrow x, y',          'Lanes of x, then of y, as signed, clamped to unsigned lanes of half the width.'],
  ['uunarrow',         'Binary',       'NarrowableVec: t, t -> split(t)',        0,     'v = uunarrow x, y',         'Lanes of x, then of y, as unsigned, clamped to unsigned lanes of half the width.'],
  ['swiden_low',       'Unary',        'WidenableVec: t -> merge(t)',            0,     'v = swiden_low x',          'The low half of the lanes, sign-extended to twice the width.'],
  ['swiden_high',      'Unary',        'WidenableVec: t -> merge(t)',            0,     'v = swiden_high x',         'The high half of the lanes, sign-extended to twice the width.'],
  ['uwiden_low',       'Unary',        'WidenableVec: t -> merge(t)',            0,     'v = uwiden_low x',          'The low half of the lanes, zero-extended to twice the width.'],
  ['uwiden_high',      'Unary',        'WidenableVec: t -> merge(t)',            0,     'v = uwiden_high x',         'The high half of the lanes, zero-extended to twice the width.'],
  ['fpromote',         'Unary',        'ScalarFloat: narrower(ScalarFloat) -> t',0,     'v = fpromote x',            'To a wider float; exact.'],
  ['fdemote',          'Unary',        'ScalarFloat: wider(ScalarFloat) -> t',   0,     'v = fdemote x',             'To a narrower float, rounded to nearest, ties to even.'],
  ['fvdemote',         'Unary',        'f64x2 -> f32x4',                         0,     'v = fvdemote x',            'Two lanes demoted into the low lanes, zeros in the high ones.'],
  ['fvpromote_low',    'Unary',        'f32x4 -> f64x2',                         0,     'v = fvpromote_low x',       'The two low lanes promoted.'],
  ['fcvt_to_uint',     'Unary',        'ScalarInt: ScalarFloat -> t',            TRAPS, 'v = fcvt_to_uint x',        'To an unsigned integer, rounded towards zero; traps with bad_toint for NaN, with int_ovf where out of range.'],
  ['fcvt_to_sint',     'Unary',        'ScalarInt: ScalarFloat -> t',            TRAPS, 'v = fcvt_to_sint x',        'To a signed integer, rounded towards zero; traps with bad_toint for NaN, with int_ovf where out of range.'],
  ['fcvt_to_uint_sat', 'Unary',        'Int: lanes(Float) -> t',                 0,     'v = fcvt_to_uint_sat x',    'To an unsigned integer, rounded towards zero, clamped; 0 for NaN.'],
  ['fcvt_to_sint_sat', 'Unary',        'Int: lanes(Float) -> t',                 0,     'v = fcvt_to_sint_sat x',    'To a signed integer, rounded towards zero, clamped; 0 for NaN.'],
  ['fcvt_from_uint',   'Unary',        'Float: lanes(Int) -> t',                 0,     'v = fcvt_from_uint x',      'From an unsigned integer, rounded to nearest, ties to even.'],
  ['fcvt_from_sint',   'Unary',        'Float: lanes(Int) -> t',                 0,     'v = fcvt_from_sint x',      'From a signed integer, rounded to nearest, ties to even.'],
]
