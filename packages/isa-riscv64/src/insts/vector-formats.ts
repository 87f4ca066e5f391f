// Families of vector instructions: one line of a table gives the rows of all operand forms, unmasked and masked (RISC-V Unprivileged ISA
// 20240411, 31.10: the forms OPIVV .. OPFVF; funct6 and form are how the manual's listing, 31.19, names an instruction).
//
// A masked form has more operands, so it is a row of its own: id + `_m`, the mask a use of v0. Elements that the mask switches off
// keep what vd held, so a masked row reads vd as well (under `ma` too: then lowering may pass anything).
//
// What the allocator has to know of overlaps (31.5.2): a destination wider than a source, and the permutations that read all of a source, must
// not share its register: `early` makes vd an early def, `late...` makes the sources late uses where vd is read and written. A masked row with a vector
// result cannot write v0: its mask is a late use, so vd is another register.
import { type RowAttributes, type RowTable, row } from '@k23/machinst/rows'

const OP_V = '1010111'

/** Sub-opcodes: integer, integer multiply and mask ("M"), float. */
export type Category = 'I' | 'M' | 'F'
const FUNCT3: Readonly<Record<string, string>> = {
  Iv: '000',
  Fv: '001',
  Mv: '010',
  Ii: '011',
  Ix: '100',
  Ff: '101',
  Mx: '110',
}

/**
 * How vd is written: `def`; `early` (vd overlaps no source); `update` (read as well); `updateLate` (read as well, and overlaps no source);
 * `wide` (may overlap vs2, of its width, not the other source); `mask` (a mask register, v0 too); `scalar` (element 0 only, v0 too).
 */
export type Destination = 'def' | 'early' | 'update' | 'updateLate' | 'wide' | 'mask' | 'scalar'

export interface FamilyOptions {
  readonly dest?: Destination
  readonly feature?: string
  /** Multiply-add: the text has vs1 (or rs1) before vs2. */
  readonly addend?: boolean
  /** No masked form. */
  readonly unmasked?: boolean
}

/** Where the other source comes from, by form: operand text, field in the bits, sub-opcode. `vi`: signed, `vu`: unsigned immediate (both `.vi` in text). */
const FORMS: Readonly<Record<string, readonly [suffix: string, operand: string, field: string, source: string]>> = {
  vv: ['vv', 'vs1', 'vs1', 'v'],
  vx: ['vx', 'rs1', 'rs1', 'x'],
  vi: ['vi', 'imm:i5', 'imm[4:0]', 'i'],
  vu: ['vi', 'imm:uimm', 'imm[4:0]', 'i'],
  vf: ['vf', 'rs1:f', 'rs1', 'f'],
  vs: ['vs', 'vs1', 'vs1', 'v'],
  wv: ['wv', 'vs1', 'vs1', 'v'],
  wx: ['wx', 'rs1', 'rs1', 'x'],
  wu: ['wi', 'imm:uimm', 'imm[4:0]', 'i'],
  wf: ['wf', 'rs1:f', 'rs1', 'f'],
}

/** Attributes of every row that depends on vtype and vl. */
export function vectorAttributes(feature = 'V', more: RowAttributes = {}): RowAttributes {
  return { feature, state: 'vstate', ...more }
}

/** The unmasked and the masked row; `sources` with its late marks, `bits` with M for the mask bit. */
export function maskable(id: string, text: string, bits: string, attrs: RowAttributes, dest: Destination): RowTable {
  return {
    [id]: row(text, bits.replace(' M ', ' 1 '), attrs),
    [`${id}_m`]: row(maskedText(text, dest), bits.replace(' M ', ' 0 '), attrs),
  }
}

function maskedText(text: string, dest: Destination): string {
  if (dest === 'mask') return `${text.replace(/=vd/, '+vd')}, vm:v0<.t>`
  if (dest === 'scalar') return `${text}, vm:v0<.t>`
  const late = dest === 'early' ? text.replace(/\bvs[12]\b(?!!)/g, '$&!') : text
  return `${late.replace(/(=&|=|\+)vd/, '+vd:vdm')}, vm:v0!<.t>`
}

function destination(dest: Destination): string {
  return dest === 'early' ? '=&vd' : dest === 'update' || dest === 'updateLate' ? '+vd' : '=vd'
}

/** Rows `mnemonic.form` for each of `forms` ("vv vx vi"). */
export function family(
  mnemonic: string,
  category: Category,
  funct6: string,
  forms: string,
  options: FamilyOptions = {},
): RowTable {
  const { dest = 'def', feature, addend = false, unmasked = false } = options
  let table: RowTable = {}
  for (const form of forms.split(' ')) {
    const [suffix, operand, field, source] = FORMS[form]
    const isVector = source === 'v'
    const other = isVector && (dest === 'updateLate' || dest === 'wide') ? `${operand}!` : operand
    const vs2 = dest === 'updateLate' ? 'vs2!' : 'vs2'
    const operands = addend ? `${other}, ${vs2}` : `${vs2}, ${other}`
    const text = `${mnemonic}.${suffix} ${destination(dest)}, ${operands}`
    const bits = `${funct6} M vs2 ${field} ${FUNCT3[category + source]} vd ${OP_V}`
    const id = `${mnemonic}_${suffix}`.replaceAll('.', '_')
    const attrs = vectorAttributes(feature)
    table = unmasked
      ? { ...table, [id]: row(text, bits.replace(' M ', ' 1 '), attrs) }
      : { ...table, ...maskable(id, text, bits, attrs, dest) }
  }
  return table
}

/** Rows with one source, the vs1 field being part of the opcode. `mnemonic` is whole (`vzext.vf2`). */
export function unary(
  mnemonic: string,
  category: Category,
  funct6: string,
  vs1: string,
  options: FamilyOptions = {},
): RowTable {
  const { dest = 'def', feature } = options
  const id = mnemonic.replaceAll('.', '_')
  const bits = `${funct6} M vs2 ${vs1} ${FUNCT3[`${category}v`]} vd ${OP_V}`
  return maskable(id, `${mnemonic} ${destination(dest)}, vs2`, bits, vectorAttributes(feature), dest)
}

/** Rows that read v0 as data (carry, choice): `mnemonic.vvm` and so on. `toMask`: the result is a mask, which v0 may hold. */
export function withCarry(
  mnemonic: string,
  category: Category,
  funct6: string,
  forms: string,
  toMask = false,
): RowTable {
  const table: Record<string, ReturnType<typeof row>> = {}
  for (const form of forms.split(' ')) {
    const [suffix, operand, field, source] = FORMS[form]
    const [vd, vm] = toMask ? ['=vd', 'vm:v0'] : ['=vd:vdm', 'vm:v0!']
    const bits = `${funct6} 0 vs2 ${field} ${FUNCT3[category + source]} vd ${OP_V}`
    const id = `${mnemonic}_${suffix}m`
    table[id] = row(`${mnemonic}.${suffix}m ${vd}, vs2, ${operand}, ${vm}`, bits, vectorAttributes())
  }
  return table
}

/** A single unmasked row with the given field texts: `vs2` or zeros, then `vs1`, `rs1`, `imm[4:0]` or constants. */
export function single(text: string, category: string, funct6: string, vs2: string, vs1: string, vd = 'vd'): RowTable {
  const id = text.slice(0, text.indexOf(' ')).replaceAll('.', '_')
  return { [id]: row(text, `${funct6} 1 ${vs2} ${vs1} ${FUNCT3[category]} ${vd} ${OP_V}`, vectorAttributes()) }
}
