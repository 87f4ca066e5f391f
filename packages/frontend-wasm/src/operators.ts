// The operator table: one row per operator of the binary format. The validator's steps, the translator's handlers, constant expressions and
// printed names all index it.
//
// opcode   one byte, or 0xfc000 + n and 0xfd000 + n for the opcodes 0xfc n and 0xfd n (n is a LEB128 number)
// kind     which step decodes and checks it (validate/): `simple` is an operator without immediates whose types are fixed
// types    operands : results, by letter: i i32, l i64, f f32, d f64, v v128, a the memory's index type
// bytes    of memory accesses: the access size; of lanes: theirs
import { BOTTOM, F32, F64, I32, I64, V128, type ValType } from './module.ts'
import { simdRows } from './operators-simd.ts'

/** A kind of step. */
export type StepKind =
  | 'unreachable'
  | 'nop'
  | 'block'
  | 'loop'
  | 'if'
  | 'else'
  | 'end'
  | 'br'
  | 'br_if'
  | 'br_table'
  | 'return'
  | 'call'
  | 'call_indirect'
  | 'return_call'
  | 'return_call_indirect'
  | 'drop'
  | 'select'
  | 'select_t'
  | 'local.get'
  | 'local.set'
  | 'local.tee'
  | 'global.get'
  | 'global.set'
  | 'table.get'
  | 'table.set'
  | 'load'
  | 'store'
  | 'memory.size'
  | 'memory.grow'
  | 'i32.const'
  | 'i64.const'
  | 'f32.const'
  | 'f64.const'
  | 'simple'
  | 'ref.null'
  | 'ref.is_null'
  | 'ref.func'
  | 'memory.init'
  | 'data.drop'
  | 'memory.copy'
  | 'memory.fill'
  | 'table.init'
  | 'elem.drop'
  | 'table.copy'
  | 'table.grow'
  | 'table.size'
  | 'table.fill'
  | 'wide'
  | 'v128.const'
  | 'i8x16.shuffle'
  | 'extract_lane'
  | 'replace_lane'
  | 'load_lane'
  | 'store_lane'

export type OperatorRow = readonly [opcode: number, name: string, kind: StepKind, types: string, bytes: number]

// biome-ignore format: table
const rows: readonly OperatorRow[] = [
  [0x00,    'unreachable',           'unreachable',           '',     0],
  [0x01,    'nop',                   'nop',                   '',     0],
  [0x02,    'block',                 'block',                 '',     0],
  [0x03,    'loop',                  'loop',                  '',     0],
  [0x04,    'if',                    'if',                    '',     0],
  [0x05,    'else',                  'else',                  '',     0],
  [0x0b,    'end',                   'end',                   '',     0],
  [0x0c,    'br',                    'br',                    '',     0],
  [0x0d,    'br_if',                 'br_if',                 '',     0],
  [0x0e,    'br_table',              'br_table',              '',     0],
  [0x0f,    'return',                'return',                '',     0],
  [0x10,    'call',                  'call',                  '',     0],
  [0x11,    'call_indirect',         'call_indirect',         '',     0],
  [0x12,    'return_call',           'return_call',           '',     0],
  [0x13,    'return_call_indirect',  'return_call_indirect',  '',     0],
  [0x1a,    'drop',                  'drop',                  '',     0],
  [0x1b,    'select',                'select',                '',     0],
  [0x1c,    'select',                'select_t',              '',     0],
  [0x20,    'local.get',             'local.get',             '',     0],
  [0x21,    'local.set',             'local.set',             '',     0],
  [0x22,    'local.tee',             'local.tee',             '',     0],
  [0x23,    'global.get',            'global.get',            '',     0],
  [0x24,    'global.set',            'global.set',            '',     0],
  [0x25,    'table.get',             'table.get',             '',     0],
  [0x26,    'table.set',             'table.set',             '',     0],
  [0x28,    'i32.load',              'load',                  'a:i',  4],
  [0x29,    'i64.load',              'load',                  'a:l',  8],
  [0x2a,    'f32.load',              'load',                  'a:f',  4],
  [0x2b,    'f64.load',              'load',                  'a:d',  8],
  [0x2c,    'i32.load8_s',           'load',                  'a:i',  1],
  [0x2d,    'i32.load8_u',           'load',                  'a:i',  1],
  [0x2e,    'i32.load16_s',          'load',                  'a:i',  2],
  [0x2f,    'i32.load16_u',          'load',                  'a:i',  2],
  [0x30,    'i64.load8_s',           'load',                  'a:l',  1],
  [0x31,    'i64.load8_u',           'load',                  'a:l',  1],
  [0x32,    'i64.load16_s',          'load',                  'a:l',  2],
  [0x33,    'i64.load16_u',          'load',                  'a:l',  2],
  [0x34,    'i64.load32_s',          'load',                  'a:l',  4],
  [0x35,    'i64.load32_u',          'load',                  'a:l',  4],
  [0x36,    'i32.store',             'store',                 'ai:',  4],
  [0x37,    'i64.store',             'store',                 'al:',  8],
  [0x38,    'f32.store',             'store',                 'af:',  4],
  [0x39,    'f64.store',             'store',                 'ad:',  8],
  [0x3a,    'i32.store8',            'store',                 'ai:',  1],
  [0x3b,    'i32.store16',           'store',                 'ai:',  2],
  [0x3c,    'i64.store8',            'store',                 'al:',  1],
  [0x3d,    'i64.store16',           'store',                 'al:',  2],
  [0x3e,    'i64.store32',           'store',                 'al:',  4],
  [0x3f,    'memory.size',           'memory.size',           '',     0],
  [0x40,    'memory.grow',           'memory.grow',           '',     0],
  [0x41,    'i32.const',             'i32.const',             '',     0],
  [0x42,    'i64.const',             'i64.const',             '',     0],
  [0x43,    'f32.const',             'f32.const',             '',     0],
  [0x44,    'f64.const',             'f64.const',             '',     0],
  [0x45,    'i32.eqz',               'simple',                'i:i',  0],
  [0x46,    'i32.eq',                'simple',                'ii:i', 0],
  [0x47,    'i32.ne',                'simple',                'ii:i', 0],
  [0x48,    'i32.lt_s',              'simple',                'ii:i', 0],
  [0x49,    'i32.lt_u',              'simple',                'ii:i', 0],
  [0x4a,    'i32.gt_s',              'simple',                'ii:i', 0],
  [0x4b,    'i32.gt_u',              'simple',                'ii:i', 0],
  [0x4c,    'i32.le_s',              'simple',                'ii:i', 0],
  [0x4d,    'i32.le_u',              'simple',                'ii:i', 0],
  [0x4e,    'i32.ge_s',              'simple',                'ii:i', 0],
  [0x4f,    'i32.ge_u',              'simple',                'ii:i', 0],
  [0x50,    'i64.eqz',               'simple',                'l:i',  0],
  [0x51,    'i64.eq',                'simple',                'll:i', 0],
  [0x52,    'i64.ne',                'simple',                'll:i', 0],
  [0x53,    'i64.lt_s',              'simple',                'll:i', 0],
  [0x54,    'i64.lt_u',              'simple',                'll:i', 0],
  [0x55,    'i64.gt_s',              'simple',                'll:i', 0],
  [0x56,    'i64.gt_u',              'simple',                'll:i', 0],
  [0x57,    'i64.le_s',              'simple',                'll:i', 0],
  [0x58,    'i64.le_u',              'simple',                'll:i', 0],
  [0x59,    'i64.ge_s',              'simple',                'll:i', 0],
  [0x5a,    'i64.ge_u',              'simple',                'll:i', 0],
  [0x5b,    'f32.eq',                'simple',                'ff:i', 0],
  [0x5c,    'f32.ne',                'simple',                'ff:i', 0],
  [0x5d,    'f32.lt',                'simple',                'ff:i', 0],
  [0x5e,    'f32.gt',                'simple',                'ff:i', 0],
  [0x5f,    'f32.le',                'simple',                'ff:i', 0],
  [0x60,    'f32.ge',                'simple',                'ff:i', 0],
  [0x61,    'f64.eq',                'simple',                'dd:i', 0],
  [0x62,    'f64.ne',                'simple',                'dd:i', 0],
  [0x63,    'f64.lt',                'simple',                'dd:i', 0],
  [0x64,    'f64.gt',                'simple',                'dd:i', 0],
  [0x65,    'f64.le',                'simple',                'dd:i', 0],
  [0x66,    'f64.ge',                'simple',                'dd:i', 0],
  [0x67,    'i32.clz',               'simple',                'i:i',  0],
  [0x68,    'i32.ctz',               'simple',                'i:i',  0],
  [0x69,    'i32.popcnt',            'simple',                'i:i',  0],
  [0x6a,    'i32.add',               'simple',                'ii:i', 0],
  [0x6b,    'i32.sub',               'simple',                'ii:i', 0],
  [0x6c,    'i32.mul',               'simple',                'ii:i', 0],
  [0x6d,    'i32.div_s',             'simple',                'ii:i', 0],
  [0x6e,    'i32.div_u',             'simple',                'ii:i', 0],
  [0x6f,    'i32.rem_s',             'simple',                'ii:i', 0],
  [0x70,    'i32.rem_u',             'simple',                'ii:i', 0],
  [0x71,    'i32.and',               'simple',                'ii:i', 0],
  [0x72,    'i32.or',                'simple',                'ii:i', 0],
  [0x73,    'i32.xor',               'simple',                'ii:i', 0],
  [0x74,    'i32.shl',               'simple',                'ii:i', 0],
  [0x75,    'i32.shr_s',             'simple',                'ii:i', 0],
  [0x76,    'i32.shr_u',             'simple',                'ii:i', 0],
  [0x77,    'i32.rotl',              'simple',                'ii:i', 0],
  [0x78,    'i32.rotr',              'simple',                'ii:i', 0],
  [0x79,    'i64.clz',               'simple',                'l:l',  0],
  [0x7a,    'i64.ctz',               'simple',                'l:l',  0],
  [0x7b,    'i64.popcnt',            'simple',                'l:l',  0],
  [0x7c,    'i64.add',               'simple',                'll:l', 0],
  [0x7d,    'i64.sub',               'simple',                'll:l', 0],
  [0x7e,    'i64.mul',               'simple',                'll:l', 0],
  [0x7f,    'i64.div_s',             'simple',                'll:l', 0],
  [0x80,    'i64.div_u',             'simple',                'll:l', 0],
  [0x81,    'i64.rem_s',             'simple',                'll:l', 0],
  [0x82,    'i64.rem_u',             'simple',                'll:l', 0],
  [0x83,    'i64.and',               'simple',                'll:l', 0],
  [0x84,    'i64.or',                'simple',                'll:l', 0],
  [0x85,    'i64.xor',               'simple',                'll:l', 0],
  [0x86,    'i64.shl',               'simple',                'll:l', 0],
  [0x87,    'i64.shr_s',             'simple',                'll:l', 0],
  [0x88,    'i64.shr_u',             'simple',                'll:l', 0],
  [0x89,    'i64.rotl',              'simple',                'll:l', 0],
  [0x8a,    'i64.rotr',              'simple',                'll:l', 0],
  [0x8b,    'f32.abs',               'simple',                'f:f',  0],
  [0x8c,    'f32.neg',               'simple',                'f:f',  0],
  [0x8d,    'f32.ceil',              'simple',                'f:f',  0],
  [0x8e,    'f32.floor',             'simple',                'f:f',  0],
  [0x8f,    'f32.trunc',             'simple',                'f:f',  0],
  [0x90,    'f32.nearest',           'simple',                'f:f',  0],
  [0x91,    'f32.sqrt',              'simple',                'f:f',  0],
  [0x92,    'f32.add',               'simple',                'ff:f', 0],
  [0x93,    'f32.sub',               'simple',                'ff:f', 0],
  [0x94,    'f32.mul',               'simple',                'ff:f', 0],
  [0x95,    'f32.div',               'simple',                'ff:f', 0],
  [0x96,    'f32.min',               'simple',                'ff:f', 0],
  [0x97,    'f32.max',               'simple',                'ff:f', 0],
  [0x98,    'f32.copysign',          'simple',                'ff:f', 0],
  [0x99,    'f64.abs',               'simple',                'd:d',  0],
  [0x9a,    'f64.neg',               'simple',                'd:d',  0],
  [0x9b,    'f64.ceil',              'simple',                'd:d',  0],
  [0x9c,    'f64.floor',             'simple',                'd:d',  0],
  [0x9d,    'f64.trunc',             'simple',                'd:d',  0],
  [0x9e,    'f64.nearest',           'simple',                'd:d',  0],
  [0x9f,    'f64.sqrt',              'simple',                'd:d',  0],
  [0xa0,    'f64.add',               'simple',                'dd:d', 0],
  [0xa1,    'f64.sub',               'simple',                'dd:d', 0],
  [0xa2,    'f64.mul',               'simple',                'dd:d', 0],
  [0xa3,    'f64.div',               'simple',                'dd:d', 0],
  [0xa4,    'f64.min',               'simple',                'dd:d', 0],
  [0xa5,    'f64.max',               'simple',                'dd:d', 0],
  [0xa6,    'f64.copysign',          'simple',                'dd:d', 0],
  [0xa7,    'i32.wrap_i64',          'simple',                'l:i',  0],
  [0xa8,    'i32.trunc_f32_s',       'simple',                'f:i',  0],
  [0xa9,    'i32.trunc_f32_u',       'simple',                'f:i',  0],
  [0xaa,    'i32.trunc_f64_s',       'simple',                'd:i',  0],
  [0xab,    'i32.trunc_f64_u',       'simple',                'd:i',  0],
  [0xac,    'i64.extend_i32_s',      'simple',                'i:l',  0],
  [0xad,    'i64.extend_i32_u',      'simple',                'i:l',  0],
  [0xae,    'i64.trunc_f32_s',       'simple',                'f:l',  0],
  [0xaf,    'i64.trunc_f32_u',       'simple',                'f:l',  0],
  [0xb0,    'i64.trunc_f64_s',       'simple',                'd:l',  0],
  [0xb1,    'i64.trunc_f64_u',       'simple',                'd:l',  0],
  [0xb2,    'f32.convert_i32_s',     'simple',                'i:f',  0],
  [0xb3,    'f32.convert_i32_u',     'simple',                'i:f',  0],
  [0xb4,    'f32.convert_i64_s',     'simple',                'l:f',  0],
  [0xb5,    'f32.convert_i64_u',     'simple',                'l:f',  0],
  [0xb6,    'f32.demote_f64',        'simple',                'd:f',  0],
  [0xb7,    'f64.convert_i32_s',     'simple',                'i:d',  0],
  [0xb8,    'f64.convert_i32_u',     'simple',                'i:d',  0],
  [0xb9,    'f64.convert_i64_s',     'simple',                'l:d',  0],
  [0xba,    'f64.convert_i64_u',     'simple',                'l:d',  0],
  [0xbb,    'f64.promote_f32',       'simple',                'f:d',  0],
  [0xbc,    'i32.reinterpret_f32',   'simple',                'f:i',  0],
  [0xbd,    'i64.reinterpret_f64',   'simple',                'd:l',  0],
  [0xbe,    'f32.reinterpret_i32',   'simple',                'i:f',  0],
  [0xbf,    'f64.reinterpret_i64',   'simple',                'l:d',  0],
  [0xc0,    'i32.extend8_s',         'simple',                'i:i',  0],
  [0xc1,    'i32.extend16_s',        'simple',                'i:i',  0],
  [0xc2,    'i64.extend8_s',         'simple',                'l:l',  0],
  [0xc3,    'i64.extend16_s',        'simple',                'l:l',  0],
  [0xc4,    'i64.extend32_s',        'simple',                'l:l',  0],
  [0xd0,    'ref.null',              'ref.null',              '',     0],
  [0xd1,    'ref.is_null',           'ref.is_null',           '',     0],
  [0xd2,    'ref.func',              'ref.func',              '',     0],
  [0xfc000, 'i32.trunc_sat_f32_s',   'simple',                'f:i',  0],
  [0xfc001, 'i32.trunc_sat_f32_u',   'simple',                'f:i',  0],
  [0xfc002, 'i32.trunc_sat_f64_s',   'simple',                'd:i',  0],
  [0xfc003, 'i32.trunc_sat_f64_u',   'simple',                'd:i',  0],
  [0xfc004, 'i64.trunc_sat_f32_s',   'simple',                'f:l',  0],
  [0xfc005, 'i64.trunc_sat_f32_u',   'simple',                'f:l',  0],
  [0xfc006, 'i64.trunc_sat_f64_s',   'simple',                'd:l',  0],
  [0xfc007, 'i64.trunc_sat_f64_u',   'simple',                'd:l',  0],
  [0xfc008, 'memory.init',           'memory.init',           '',     0],
  [0xfc009, 'data.drop',             'data.drop',             '',     0],
  [0xfc00a, 'memory.copy',           'memory.copy',           '',     0],
  [0xfc00b, 'memory.fill',           'memory.fill',           '',     0],
  [0xfc00c, 'table.init',            'table.init',            '',     0],
  [0xfc00d, 'elem.drop',             'elem.drop',             '',     0],
  [0xfc00e, 'table.copy',            'table.copy',            '',     0],
  [0xfc00f, 'table.grow',            'table.grow',            '',     0],
  [0xfc010, 'table.size',            'table.size',            '',     0],
  [0xfc011, 'table.fill',            'table.fill',            '',     0],
  [0xfc013, 'i64.add128',            'wide',                  'llll:ll', 0],
  [0xfc014, 'i64.sub128',            'wide',                  'llll:ll', 0],
  [0xfc015, 'i64.mul_wide_s',        'wide',                  'll:ll', 0],
  [0xfc016, 'i64.mul_wide_u',        'wide',                  'll:ll', 0],
  ...simdRows,
]

/** Index of the first operator behind prefix 0xfc, and 0xfd, in tables indexed by operator. */
export const PREFIX_FC = 256
export const PREFIX_FD: number = PREFIX_FC + 32
const FD_OPERATORS = 0x114
/** Index of the first operator of relaxed SIMD. */
export const FIRST_RELAXED: number = PREFIX_FD + 0x100
/** Number of entries of tables indexed by operator: the opcode byte, PREFIX_FC + n, or PREFIX_FD + n. */
export const NUM_OPERATORS: number = PREFIX_FD + FD_OPERATORS

/** Table index of an opcode as the rows write it. */
export function operatorIndex(opcode: number): number {
  if (opcode < 256) return opcode
  return (opcode >> 12 === 0xfc ? PREFIX_FC : PREFIX_FD) + (opcode & 0xfff)
}

/** The bytes of the opcode with this table index. */
export function opcodeBytes(index: number): number[] {
  if (index < PREFIX_FC) return [index]
  if (index < PREFIX_FD) return [0xfc, index - PREFIX_FC]
  const sub = index - PREFIX_FD
  return sub < 0x80 ? [0xfd, sub] : [0xfd, (sub & 0x7f) | 0x80, sub >> 7]
}

/** Table index of opcode `sub` behind a prefix, or -1 where the table has no room for it. */
export function prefixedIndex(prefix: number, sub: number): number {
  if (prefix === 0xfc) return sub < PREFIX_FD - PREFIX_FC ? PREFIX_FC + sub : -1
  return sub < FD_OPERATORS ? PREFIX_FD + sub : -1
}

export interface Operator {
  index: number
  name: string
  kind: StepKind
  params: ValType[]
  results: ValType[]
  bytes: number
}

const letters: Record<string, ValType> = { i: I32, l: I64, f: F32, d: F64, v: V128, a: BOTTOM }
function typesOf(text: string | undefined): ValType[] {
  return [...(text ?? '')].map((c) => letters[c])
}

/** All operators. The index type of a memory stands as BOTTOM in `params`. */
export const operators: readonly Operator[] = rows.map(([opcode, name, kind, types, bytes]) => {
  const [params, results] = types.split(':')
  return { index: operatorIndex(opcode), name, kind, params: typesOf(params), results: typesOf(results), bytes }
})

const byIndex: (Operator | undefined)[] = new Array(NUM_OPERATORS).fill(undefined)
/** Operands and result of an operator of kind `simple`, `load` or `store`; 0 for none. */
export const OPERAND1: Uint8Array = new Uint8Array(NUM_OPERATORS)
export const OPERAND2: Uint8Array = new Uint8Array(NUM_OPERATORS)
export const OPERAND3: Uint8Array = new Uint8Array(NUM_OPERATORS)
export const RESULT: Uint8Array = new Uint8Array(NUM_OPERATORS)
/** Bytes of an access, or of a lane. */
export const ACCESS_BYTES: Uint8Array = new Uint8Array(NUM_OPERATORS)
for (const op of operators) {
  byIndex[op.index] = op
  OPERAND1[op.index] = op.params[0] ?? 0
  OPERAND2[op.index] = op.params[1] ?? 0
  OPERAND3[op.index] = op.params[2] ?? 0
  RESULT[op.index] = op.results[0] ?? 0
  ACCESS_BYTES[op.index] = op.bytes
}

/** The operator of a table index, or undefined. */
export function operator(index: number): Operator | undefined {
  return byIndex[index]
}

/** Name of opcode byte `op`, with `sub` behind a prefix (-1 for none); undefined where there is no such operator here. */
export function operatorName(op: number, sub: number): string | undefined {
  return sub < 0 ? byIndex[op]?.name : op === 0xfc || op === 0xfd ? byIndex[prefixedIndex(op, sub)]?.name : undefined
}

/** The proposal that an opcode belongs to, where this front end lacks it. */
export function proposalOf(op: number, sub: number): string | undefined {
  if (op === 0xfe) return 'threads'
  if (op === 0xfb || op === 0xd3) return 'garbage collection'
  if (op === 0x14 || op === 0x15 || (op >= 0xd4 && op <= 0xd6)) return 'function references'
  if ((op >= 0x06 && op <= 0x0a) || op === 0x18 || op === 0x19 || op === 0x1f) return 'exception handling'
  if (op >= 0xe0 && op <= 0xe6) return 'stack switching'
  if (op === 0xfc && sub === 18) return 'memory control'
  return undefined
}
