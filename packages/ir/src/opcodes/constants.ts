// Constants and choice.
import { IDEMPOTENT, type OpcodeRow, SIDE_EFFECTS } from './row.ts'

// biome-ignore format: table
export const constantOpcodes: readonly OpcodeRow[] = [
  ['iconst',               'UnaryImm',    'NarrowInt: -> t',              0,                         'v = iconst imm',                       'An integer; the immediate is the value zero-extended from the width of the type.'],
  ['f16const',             'UnaryIeee16', '-> f16',                       0,                         'v = f16const imm',                     'A half-precision float.'],
  ['f32const',             'UnaryIeee32', '-> f32',                       0,                         'v = f32const imm',                     'A single-precision float.'],
  ['f64const',             'UnaryIeee64', '-> f64',                       0,                         'v = f64const imm',                     'A double-precision float.'],
  ['f128const',            'UnaryConst',  '-> f128',                      0,                         'v = f128const const',                  'A quadruple-precision float, from the constant pool.'],
  ['vconst',               'UnaryConst',  'Vec: -> t',                    0,                         'v = vconst const',                     'A vector, from the constant pool.'],
  ['select',               'Ternary',     'Any: ScalarInt, t, t -> t',    0,                         'v = select c, x, y',                   'x where c is not zero, else y; both are evaluated.'],
  ['select_spectre_guard', 'Ternary',     'Any: ScalarInt, t, t -> t',    SIDE_EFFECTS | IDEMPOTENT, 'v = select_spectre_guard c, x, y',     'As select, and never turned into a branch, so that no mispredicted path sees the other value.'],
  ['bitselect',            'Ternary',     'Any: t, t, t -> t',            0,                         'v = bitselect c, x, y',                'Each bit from x where the bit of c is one, else from y.'],
]
