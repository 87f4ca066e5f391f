// Integer arithmetic, moves, multiplication and division (Intel SDM volume 2).
import { type X64Attributes, type X64RowTable, joinTables, x64Row as row } from '@k23/machinst/rows'
import { ALL, ARITHMETIC, B, forEach, hex, LOGIC, op, type Rows, type Width, WLQ } from './formats.ts'

/** add, or, adc, sbb, and, sub, xor: number n of the group has the opcodes 8n .. 8n + 5 and /n of 80, 81, 83. */
function alu(name: string, n: number, attrs: X64Attributes): Rows {
  return forEach(ALL, (w) => ({
    [`${name}${w.suffix}_rM`]: row(
      `${name}${w.suffix} src:${w.rm}, +dst:${w.r}`,
      `${w.prefix}${op(8 * n, w)} r/ | ${w.prefix}${op(8 * n + 2, w)} /r`,
      attrs,
    ),
    [`${name}${w.suffix}_mr`]: row(
      `${name}${w.suffix} src:${w.r}, +mem:${w.m}`,
      `${w.prefix}${op(8 * n, w)} /r`,
      attrs,
    ),
    [`${name}${w.suffix}_Mi`]: row(`${name}${w.suffix} imm:${w.imm}, +dst:${w.rm}`, aluImmediate(w, n, 'dst'), attrs),
  }))
}

function aluImmediate(w: Width, n: number, name: string): string {
  const short = w === B ? '' : `${w.prefix}83 /${n} ib | `
  return `${short}${w.prefix}${op(8 * n + 4, w)} ${w.i} [${name}=rax] | ${w.prefix}${op(0x80, w)} /${n} ${w.i}`
}

const carry = { reads: 'c', writes: 'oszapc' } as const

// biome-ignore format: table
const arithmetic = joinTables(
  alu('add', 0, ARITHMETIC),
  alu('or',  1, LOGIC),
  alu('adc', 2, carry),
  alu('sbb', 3, carry),
  alu('and', 4, LOGIC),
  alu('sub', 5, ARITHMETIC),
  alu('xor', 6, LOGIC),
)

const compare = forEach(ALL, (w) => ({
  // Flags of a - b.
  [`cmp${w.suffix}_rM`]: row(
    `cmp${w.suffix} b:${w.rm}, a:${w.r}`,
    `${w.prefix}${op(0x38, w)} r/ | ${w.prefix}${op(0x3a, w)} /r`,
    ARITHMETIC,
  ),
  [`cmp${w.suffix}_mr`]: row(`cmp${w.suffix} b:${w.r}, mem:${w.m}`, `${w.prefix}${op(0x38, w)} /r`, ARITHMETIC),
  [`cmp${w.suffix}_Mi`]: row(`cmp${w.suffix} imm:${w.imm}, a:${w.rm}`, aluImmediate(w, 7, 'a'), ARITHMETIC),
  [`test${w.suffix}_Mr`]: row(`test${w.suffix} b:${w.r}, a:${w.rm}`, `${w.prefix}${op(0x84, w)} /r`, LOGIC),
  [`test${w.suffix}_Mi`]: row(
    `test${w.suffix} imm:${w.imm}, a:${w.rm}`,
    `${w.prefix}${op(0xa8, w)} ${w.i} [a=rax] | ${w.prefix}${op(0xf6, w)} /0 ${w.i}`,
    LOGIC,
  ),
}))

function unary(name: string, byte: number, digit: number, attrs: X64Attributes): Rows {
  return forEach(ALL, (w) => ({
    [`${name}${w.suffix}_M`]: row(`${name}${w.suffix} +dst:${w.rm}`, `${w.prefix}${op(byte, w)} /${digit}`, attrs),
  }))
}

// biome-ignore format: table
const unaries = joinTables(
  unary('neg', 0xf6, 3, ARITHMETIC),
  unary('not', 0xf6, 2, {}),
  unary('inc', 0xfe, 0, { writes: 'oszap' }),
  unary('dec', 0xfe, 1, { writes: 'oszap' }),
)

// biome-ignore format: table
const moves: X64RowTable = {
  movl_rr:    row('movl src:r32, =dst:r32b',       '89 /r | 8B r/'),
  movq_rr:    row('movq src:r64, =dst:r64b',       'REX.W 89 /r | REX.W 8B r/'),
  movl_rm:    row('movl mem:m32, =dst:r32',        '8B /r'),
  movq_rm:    row('movq mem:m64, =dst:r64',        'REX.W 8B /r'),
  movb_mr:    row('movb src:r8, =mem:m8',          '88 /r'),
  movw_mr:    row('movw src:r16, =mem:m16',        '66 89 /r'),
  movl_mr:    row('movl src:r32, =mem:m32',        '89 /r'),
  movq_mr:    row('movq src:r64, =mem:m64',        'REX.W 89 /r'),
  movb_mi:    row('movb imm:s8, =mem:m8',          'C6 /0 ib'),
  movw_mi:    row('movw imm:s16, =mem:m16',        '66 C7 /0 iw'),
  movl_mi:    row('movl imm:s32, =mem:m32',        'C7 /0 id'),
  movq_mi:    row('movq imm:s32, =mem:m64',        'REX.W C7 /0 id'),
  movl_ri:    row('movl imm:s32, =dst:r32b',       'B8+r id | C7 /0 id'),
  movq_ri:    row('movq imm:s32, =dst:r64b',       'REX.W C7 /0 id'),
  movabsq_ri: row('movabsq imm:i64, =dst:r64b',    'REX.W B8+r io'),
  movzbw_rM:  row('movzbw src:rm8, =dst:r16',      '66 0F B6 /r'),
  movzbl_rM:  row('movzbl src:rm8, =dst:r32',      '0F B6 /r'),
  movzbq_rM:  row('movzbq src:rm8, =dst:r64',      'REX.W 0F B6 /r'),
  movzwl_rM:  row('movzwl src:rm16, =dst:r32',     '0F B7 /r'),
  movzwq_rM:  row('movzwq src:rm16, =dst:r64',     'REX.W 0F B7 /r'),
  movsbw_rM:  row('movsbw src:rm8, =dst:r16',      '66 0F BE /r'),
  movsbl_rM:  row('movsbl src:rm8, =dst:r32',      '0F BE /r'),
  movsbq_rM:  row('movsbq src:rm8, =dst:r64',      'REX.W 0F BE /r'),
  movswl_rM:  row('movswl src:rm16, =dst:r32',     '0F BF /r'),
  movswq_rM:  row('movswq src:rm16, =dst:r64',     'REX.W 0F BF /r'),
  movslq_rM:  row('movslq src:rm32, =dst:r64',     'REX.W 63 /r'),
  movbew_rm:  row('movbew mem:m16, =dst:r16',      '66 0F 38 F0 /r',    { feature: 'movbe' }),
  movbel_rm:  row('movbel mem:m32, =dst:r32',      '0F 38 F0 /r',       { feature: 'movbe' }),
  movbeq_rm:  row('movbeq mem:m64, =dst:r64',      'REX.W 0F 38 F0 /r', { feature: 'movbe' }),
  movbew_mr:  row('movbew src:r16, =mem:m16',      '66 0F 38 F1 /r',    { feature: 'movbe' }),
  movbel_mr:  row('movbel src:r32, =mem:m32',      '0F 38 F1 /r',       { feature: 'movbe' }),
  movbeq_mr:  row('movbeq src:r64, =mem:m64',      'REX.W 0F 38 F1 /r', { feature: 'movbe' }),
  leal_rm:    row('leal mem:m, =dst:r32',          '8D /r'),
  leaq_rm:    row('leaq mem:m, =dst:r64',          'REX.W 8D /r'),
  xchgq_rr:   row('xchgq +b:r64, +a:r64b',         'REX.W 90+r [b=rax] | REX.W 87 /r'),
  bswapl_r:   row('bswapl +dst:r32b',              '0F C8+r'),
  bswapq_r:   row('bswapq +dst:r64b',              'REX.W 0F C8+r'),
}

const product = { writes: 'oszapc', undef: 'szap' } as const
const quotient = { writes: 'oszapc', undef: 'oszapc', trap: 'divide' } as const

const multiply = forEach(WLQ, (w) => ({
  [`imul${w.suffix}_rM`]: row(`imul${w.suffix} src:${w.rm}, +dst:${w.r}`, `${w.prefix}0F AF /r`, product),
  [`imul${w.suffix}_rMi`]: row(
    `imul${w.suffix} imm:${w.imm}, src:${w.rm}, =dst:${w.r}`,
    `${w.prefix}6B /r ib | ${w.prefix}69 /r ${w.i}`,
    product,
  ),
}))

/** mul, imul, div and idiv of rdx:rax; of ax where the operand is a byte. */
function wide(id: string, mnemonic: string, digit: number, implicit: string, attrs: X64Attributes): Rows {
  return forEach(ALL, (w) => ({
    [`${id}${w.suffix}_M`]: row(`${mnemonic}${w.suffix} src:${w.rm}`, `${w.prefix}${op(0xf6, w)} /${digit}`, {
      ...attrs,
      implicit: w === B ? '+rax' : implicit,
    }),
  }))
}

// biome-ignore format: table
const wides = joinTables(
  wide('mul',   'mul',  4, '=rdx +rax', product),
  wide('imul1', 'imul', 5, '=rdx +rax', product),
  wide('div',   'div',  6, '+rax +rdx', quotient),
  wide('idiv',  'idiv', 7, '+rax +rdx', quotient),
)

// biome-ignore format: table
const extensions: X64RowTable = {
  cbtw: row('cbtw', '66 98',    { implicit: '+rax' }),
  cwtl: row('cwtl', '98',       { implicit: '+rax' }),
  cltq: row('cltq', 'REX.W 98', { implicit: '+rax' }),
  cwtd: row('cwtd', '66 99',    { implicit: '=rdx rax' }),
  cltd: row('cltd', '99',       { implicit: '=rdx rax' }),
  cqto: row('cqto', 'REX.W 99', { implicit: '=rdx rax' }),
}

/** By 1, by a constant, by cl; a count of 0 leaves the flags alone. */
function shift(name: string, digit: number, attrs: X64Attributes): Rows {
  return forEach(ALL, (w) => ({
    [`${name}${w.suffix}_Mi`]: row(
      `${name}${w.suffix} imm:${w.count}, +dst:${w.rm}`,
      `${w.prefix}${op(0xd0, w)} /${digit} 1 | ${w.prefix}${op(0xc0, w)} /${digit} ib`,
      attrs,
    ),
    [`${name}${w.suffix}_Mc`]: row(
      `${name}${w.suffix} rcx:cl, +dst:${w.rm}`,
      `${w.prefix}${op(0xd2, w)} /${digit}`,
      attrs,
    ),
  }))
}

const shifted = { writes: 'oszapc', undef: 'ao' } as const
const rotated = { writes: 'oc', undef: 'o' } as const
const throughCarry = { reads: 'c', writes: 'oc', undef: 'o' } as const

function double(name: string, byte: number): Rows {
  return forEach(WLQ, (w) => ({
    [`${name}${w.suffix}_Mri`]: row(
      `${name}${w.suffix} imm:${w.count}, src:${w.r}, +dst:${w.rm}`,
      `${w.prefix}0F ${hex(byte)} /r ib`,
      shifted,
    ),
    [`${name}${w.suffix}_Mrc`]: row(
      `${name}${w.suffix} rcx:cl, src:${w.r}, +dst:${w.rm}`,
      `${w.prefix}0F ${hex(byte + 1)} /r`,
      shifted,
    ),
  }))
}

// biome-ignore format: table
const shifts = joinTables(
  shift('rol', 0, rotated),
  shift('ror', 1, rotated),
  shift('rcl', 2, throughCarry),
  shift('rcr', 3, throughCarry),
  shift('shl', 4, shifted),
  shift('shr', 5, shifted),
  shift('sar', 7, shifted),
  double('shld', 0xa4),
  double('shrd', 0xac),
)

const conditional = { reads: 'oszpc' } as const

const conditions: Rows = {
  setcc_M: row('set{cc} =dst:rm8', '0F 90+cc /0', conditional),
  ...forEach(WLQ, (w) => ({
    [`cmov${w.suffix}_rM`]: row(
      `cmov{cc}<${w.suffix}> src:${w.rm}, +dst:${w.r}`,
      `${w.prefix}0F 40+cc /r`,
      conditional,
    ),
  })),
}

export const integer: X64RowTable = joinTables(
  arithmetic,
  compare,
  unaries,
  moves,
  multiply,
  wides,
  extensions,
  shifts,
  conditions,
)
