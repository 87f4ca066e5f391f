// Loads, stores, stack slots and atomics. Addresses are bytes; an access traps with the code in its flags (heap_oob by default) where the
// memory cannot be accessed, unless its flags have `notrap`. Atomic accesses are sequentially consistent and naturally aligned.
import { ATOMIC, LOAD, type OpcodeRow, SIDE_EFFECTS, STORE } from './row.ts'

// biome-ignore format: table
export const memoryOpcodes: readonly OpcodeRow[] = [
  ['load',               'Load',             'Any: Addr -> t',                 LOAD,         'v = load flags p+offset',              'Loads a value of any type.'],
  ['store',              'Store',            'Any: t, Addr ->',                STORE,        'store flags x, p+offset',              'Stores a value of any type.'],
  ['uload8',             'Load',             'Int16to64: Addr -> t',           LOAD,         'v = uload8 flags p+offset',            'Loads 8 bits, zero-extended.'],
  ['sload8',             'Load',             'Int16to64: Addr -> t',           LOAD,         'v = sload8 flags p+offset',            'Loads 8 bits, sign-extended.'],
  ['istore8',            'Store',            'Int16to64: t, Addr ->',          STORE,        'istore8 flags x, p+offset',            'Stores the low 8 bits.'],
  ['uload16',            'Load',             'Int32or64: Addr -> t',           LOAD,         'v = uload16 flags p+offset',           'Loads 16 bits, zero-extended.'],
  ['sload16',            'Load',             'Int32or64: Addr -> t',           LOAD,         'v = sload16 flags p+offset',           'Loads 16 bits, sign-extended.'],
  ['istore16',           'Store',            'Int32or64: t, Addr ->',          STORE,        'istore16 flags x, p+offset',           'Stores the low 16 bits.'],
  ['uload32',            'Load',             'Addr: t -> i64',                 LOAD,         'v = uload32 flags p+offset',           'Loads 32 bits, zero-extended.'],
  ['sload32',            'Load',             'Addr: t -> i64',                 LOAD,         'v = sload32 flags p+offset',           'Loads 32 bits, sign-extended.'],
  ['istore32',           'Store',            'i64: t, Addr ->',                STORE,        'istore32 flags x, p+offset',           'Stores the low 32 bits.'],
  ['uload8x8',           'Load',             'Addr: t -> i16x8',               LOAD,         'v = uload8x8 flags p+offset',          'Loads eight lanes of 8 bits, each zero-extended to 16.'],
  ['sload8x8',           'Load',             'Addr: t -> i16x8',               LOAD,         'v = sload8x8 flags p+offset',          'Loads eight lanes of 8 bits, each sign-extended to 16.'],
  ['uload16x4',          'Load',             'Addr: t -> i32x4',               LOAD,         'v = uload16x4 flags p+offset',         'Loads four lanes of 16 bits, each zero-extended to 32.'],
  ['sload16x4',          'Load',             'Addr: t -> i32x4',               LOAD,         'v = sload16x4 flags p+offset',         'Loads four lanes of 16 bits, each sign-extended to 32.'],
  ['uload32x2',          'Load',             'Addr: t -> i64x2',               LOAD,         'v = uload32x2 flags p+offset',         'Loads two lanes of 32 bits, each zero-extended to 64.'],
  ['sload32x2',          'Load',             'Addr: t -> i64x2',               LOAD,         'v = sload32x2 flags p+offset',         'Loads two lanes of 32 bits, each sign-extended to 64.'],
  ['stack_addr',         'StackAddr',        'Addr: -> t',                     0,            'v = stack_addr slot+offset',           'Address of a byte of a stack slot.'],
  ['dynamic_stack_addr', 'DynamicStackAddr', 'Addr: -> t',                     0,            'v = dynamic_stack_addr slot',          'Address of a dynamic stack slot.'],
  ['atomic_rmw',         'AtomicRmw',        'ScalarInt: Addr, t -> t',        ATOMIC,       'v = atomic_rmw flags rmw p, x',        'Replaces the value at p by rmw(value, x) in one step; gives the old value.'],
  ['atomic_cas',         'AtomicCas',        'ScalarInt: Addr, t, t -> t',     ATOMIC,       'v = atomic_cas flags p, e, x',         'Replaces the value at p by x if it equals e, in one step; gives the old value.'],
  ['atomic_load',        'LoadNoOffset',     'ScalarInt: Addr -> t',           LOAD | SIDE_EFFECTS,  'v = atomic_load flags p',      'Loads in one step.'],
  ['atomic_store',       'StoreNoOffset',    'ScalarInt: t, Addr ->',          STORE | SIDE_EFFECTS, 'atomic_store flags x, p',      'Stores in one step.'],
  ['fence',              'NullAry',          '->',                             SIDE_EFFECTS, 'fence',                                'Orders all memory accesses before it before all behind it.'],
]
