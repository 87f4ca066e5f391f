// Every routine that generated code may call by name, in the order in which they are placed.
import { F128, F16, F32, F64, type Func, I128, I16, I32, I64, I8, type Type } from '@k23/ir'
import { divide } from './divide.ts'
import {
  addition,
  comparison,
  division,
  extreme,
  multiplication,
  squareRoot,
  toIntegral,
  unordered,
} from './float-arithmetic.ts'
import { convert, fromInteger, toInteger } from './float-convert.ts'
import { fusedMultiplyAdd } from './float-fma.ts'
import { memcmp, memcpy, memmove, memset } from './memory.ts'

export interface LibraryRoutine {
  /** Its name in CLIF, without the `%`. */
  readonly name: string
  /** Its name in object files. */
  readonly symbol: string
  /** `unaligned`: accesses of words cost the same at every address. */
  readonly make: (name: string, unaligned: boolean) => Func
}

const row = (name: string, symbol: string, make: LibraryRoutine['make']): LibraryRoutine => ({ name, symbol, make })

const same = (name: string, make: LibraryRoutine['make']): LibraryRoutine => row(name, name, make)

/** Modes of types in GCC's names of such routines. */
const modes: readonly (readonly [name: string, mode: string, type: Type])[] = [
  ['f16', 'hf', F16],
  ['f32', 'sf', F32],
  ['f64', 'df', F64],
  ['f128', 'tf', F128],
]
const integers: readonly (readonly [bits: number, type: Type])[] = [
  [8, I8],
  [16, I16],
  [32, I32],
  [64, I64],
  [128, I128],
]

/** `__floattidf`, `__floatunditf`: from i64 to f128, from i128 to all. */
function fromIntegers(): LibraryRoutine[] {
  return modes.flatMap(([, mode, to]) =>
    [true, false].flatMap((signed) => [
      ...(to === F128 ? [same(`__float${signed ? '' : 'un'}di${mode}`, fromInteger(I64, to, signed))] : []),
      same(`__float${signed ? '' : 'un'}ti${mode}`, fromInteger(I128, to, signed)),
    ]),
  )
}

/** `__k23_fix_f64_s128`: with CLIF's traps, or, as `__k23_fixsat_...`, its saturation: from f128 to all, from the others to i128. */
function toIntegers(): LibraryRoutine[] {
  return modes.flatMap(([name, , from]) =>
    integers
      .filter(([n]) => from === F128 || n === 128)
      .flatMap(([n, to]) =>
        [true, false].flatMap((signed) =>
          [false, true].map((sat) =>
            same(`__k23_fix${sat ? 'sat' : ''}_${name}_${signed ? 's' : 'u'}${n}`, toInteger(from, to, signed, sat)),
          ),
        ),
      ),
  )
}

// biome-ignore format: table
export const LIBRARY_ROUTINES: readonly LibraryRoutine[] = [
  row('Memcpy',     'memcpy',     memcpy),
  row('Memmove',    'memmove',    memmove),
  row('Memset',     'memset',     memset),
  row('Memcmp',     'memcmp',     memcmp),
  row('CeilF32',    'ceilf',      toIntegral('ceil', F32)),
  row('CeilF64',    'ceil',       toIntegral('ceil', F64)),
  row('FloorF32',   'floorf',     toIntegral('floor', F32)),
  row('FloorF64',   'floor',      toIntegral('floor', F64)),
  row('TruncF32',   'truncf',     toIntegral('trunc', F32)),
  row('TruncF64',   'trunc',      toIntegral('trunc', F64)),
  row('NearestF32', 'roundevenf', toIntegral('nearest', F32)),
  row('NearestF64', 'roundeven',  toIntegral('nearest', F64)),
  row('FmaF32',     'fmaf',       fusedMultiplyAdd(F32)),
  row('FmaF64',     'fma',        fusedMultiplyAdd(F64)),
  row('__udivti3',  '__udivti3',  divide(false, false)),
  row('__umodti3',  '__umodti3',  divide(false, true)),
  row('__divti3',   '__divti3',   divide(true, false)),
  row('__modti3',   '__modti3',   divide(true, true)),
  row('__addtf3',   '__addtf3',   addition(false)),
  row('__subtf3',   '__subtf3',   addition(true)),
  row('__multf3',   '__multf3',   multiplication),
  row('__divtf3',   '__divtf3',   division),
  row('fmal',       'fmal',       fusedMultiplyAdd(F128)),
  row('sqrtl',      'sqrtl',      squareRoot),
  row('ceill',      'ceill',      toIntegral('ceil')),
  row('floorl',     'floorl',     toIntegral('floor')),
  row('truncl',     'truncl',     toIntegral('trunc')),
  row('roundevenl', 'roundevenl', toIntegral('nearest')),
  row('__letf2',    '__letf2',    comparison(1)),
  row('__getf2',    '__getf2',    comparison(-1)),
  row('__unordtf2', '__unordtf2', unordered),
  row('__k23_fmin_f128', '__k23_fmin_f128', extreme(false)),
  row('__k23_fmax_f128', '__k23_fmax_f128', extreme(true)),
  row('__extendhfsf2', '__extendhfsf2', convert(F16, F32)),
  row('__extendhfdf2', '__extendhfdf2', convert(F16, F64)),
  row('__extendhftf2', '__extendhftf2', convert(F16, F128)),
  row('__extendsftf2', '__extendsftf2', convert(F32, F128)),
  row('__extenddftf2', '__extenddftf2', convert(F64, F128)),
  row('__truncsfhf2',  '__truncsfhf2',  convert(F32, F16)),
  row('__truncdfhf2',  '__truncdfhf2',  convert(F64, F16)),
  row('__trunctfhf2',  '__trunctfhf2',  convert(F128, F16)),
  row('__trunctfsf2',  '__trunctfsf2',  convert(F128, F32)),
  row('__trunctfdf2',  '__trunctfdf2',  convert(F128, F64)),
  ...fromIntegers(),
  ...toIntegers(),
]
