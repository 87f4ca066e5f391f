// V: configuration, loads and stores, whole registers (RISC-V Unprivileged ISA 20240411, 31.6, 31.7, 31.16.6). There are no indexed, segment and
// fault-only-first accesses: code for fixed 128 bits has no use for them. `load` and `store` are the bytes of one element.
import { type RowTable, row } from '@k23/machinst/rows'
import { maskable, single, vectorAttributes } from './vector-formats.ts'

const WIDTH: Readonly<Record<number, string>> = { 8: '000', 16: '101', 32: '110', 64: '111' }

/** Unit-stride and strided accesses of `eew` bits an element. */
function accesses(eew: number): RowTable {
  const bytes = eew / 8
  const width = WIDTH[eew]
  const load = vectorAttributes('V', { load: bytes })
  const store = vectorAttributes('V', { store: bytes })
  return {
    ...maskable(`vle${eew}_v`, `vle${eew}.v =vd, (rs1)`, `000 0 00 M 00000 rs1 ${width} vd 0000111`, load, 'def'),
    ...maskable(`vse${eew}_v`, `vse${eew}.v vs3, (rs1)`, `000 0 00 M 00000 rs1 ${width} vs3 0100111`, store, 'scalar'),
    ...maskable(`vlse${eew}_v`, `vlse${eew}.v =vd, (rs1), rs2`, `000 0 10 M rs2 rs1 ${width} vd 0000111`, load, 'def'),
    ...maskable(
      `vsse${eew}_v`,
      `vsse${eew}.v vs3, (rs1), rs2`,
      `000 0 10 M rs2 rs1 ${width} vs3 0100111`,
      store,
      'scalar',
    ),
  }
}

// biome-ignore format: table
export const vector: RowTable = {
  // 31.6: configuration. vtype is what vtypei holds; values that mean nothing set vill.
  vsetvli:  row('vsetvli =rd, rs1, vtype:vtypei',       '0 vtype rs1 111 rd 1010111',          { feature: 'V' }),
  vsetivli: row('vsetivli =rd, avl:uimm, vtype:vtypeu', '11 vtype avl 111 rd 1010111',         { feature: 'V' }),
  vsetvl:   row('vsetvl =rd, rs1, rs2',                 '1 000000 rs2 rs1 111 rd 1010111',     { feature: 'V' }),

  // 31.7: loads and stores
  ...accesses(8),
  ...accesses(16),
  ...accesses(32),
  ...accesses(64),
  vlm_v:    row('vlm.v =vd, (rs1)',     '000 0 00 1 01011 rs1 000 vd 0000111',  vectorAttributes('V', { load: 1 })),
  vsm_v:    row('vsm.v vs3, (rs1)',     '000 0 00 1 01011 rs1 000 vs3 0100111', vectorAttributes('V', { store: 1 })),
  vl1re8_v:  row('vl1re8.v =vd, (rs1)',  '000 0 00 1 01000 rs1 000 vd 0000111',  { feature: 'V', load: 16 }),
  vl1re16_v: row('vl1re16.v =vd, (rs1)', '000 0 00 1 01000 rs1 101 vd 0000111',  { feature: 'V', load: 16 }),
  vl1re32_v: row('vl1re32.v =vd, (rs1)', '000 0 00 1 01000 rs1 110 vd 0000111',  { feature: 'V', load: 16 }),
  vl1re64_v: row('vl1re64.v =vd, (rs1)', '000 0 00 1 01000 rs1 111 vd 0000111',  { feature: 'V', load: 16 }),
  vs1r_v:    row('vs1r.v vs3, (rs1)',    '000 0 00 1 01000 rs1 000 vs3 0100111', { feature: 'V', store: 16 }),

  // 31.16: moves
  ...single('vmv1r.v =vd, vs2',  'Ii', '100111', 'vs2', '00000'),
  ...single('vmv.x.s =rd, vs2',  'Mv', '010000', 'vs2', '00000', 'rd'),
  ...single('vmv.s.x +vd, rs1',  'Mx', '010000', '00000', 'rs1'),
  ...single('vfmv.f.s =rd:f, vs2', 'Fv', '010000', 'vs2', '00000', 'rd'),
  ...single('vfmv.s.f +vd, rs1:f', 'Ff', '010000', '00000', 'rs1'),
}
