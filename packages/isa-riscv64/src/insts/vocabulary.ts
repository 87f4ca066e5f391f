// What operand names of riscv64 rows stand for (RISC-V Unprivileged ISA, chapters on instruction formats; psABI register names).
import type { ImmediateEntry, RegisterEntry, Vocabulary } from '@k23/machinst/rows'

/** ABI names of x0..x31. */
export const X_NAMES: readonly string[] =
  'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(' ')

/** ABI names of f0..f31. */
export const F_NAMES: readonly string[] =
  'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11'.split(
    ' ',
  )

/** Names of v0..v31. */
export const V_NAMES: readonly string[] = Array.from({ length: 32 }, (_, n) => `v${n}`)

const X: RegisterEntry = { kind: 'register', brand: 'XReg', bank: 0, width: 5, names: X_NAMES }
const F: RegisterEntry = { kind: 'register', brand: 'FReg', bank: 1, width: 5, names: F_NAMES }
const V: RegisterEntry = { kind: 'register', brand: 'VReg', bank: 2, width: 5, names: V_NAMES }

function signed(bits: number, more: Partial<ImmediateEntry> = {}): ImmediateEntry {
  return { kind: 'immediate', min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - (more.scale ?? 1), ...more }
}
function unsigned(bits: number, more: Partial<ImmediateEntry> = {}): ImmediateEntry {
  return { kind: 'immediate', min: 0, max: 2 ** bits - (more.scale ?? 1), ...more }
}
function named(names: readonly (string | undefined)[]): ImmediateEntry {
  return { kind: 'immediate', min: 0, max: names.length - 1, names }
}

/** Letters of a fence's predecessor or successor set: input, output, reads, writes. */
const FENCE_SETS = Array.from({ length: 16 }, (_, set) =>
  set === 0 ? '0' : [...'iorw'].filter((_, i) => (set >> (3 - i)) & 1).join(''),
)

/** Constants of fli (Zfa), by the value of the rs1 field. */
const FLI_VALUES =
  '-1.0 min 1.52587890625e-05 3.0517578125e-05 0.00390625 0.0078125 0.0625 0.125 0.25 0.3125 0.375 0.4375 0.5 0.625 0.75 0.875 1.0 1.25 1.5 1.75 2.0 2.5 3.0 4.0 8.0 16.0 128.0 256.0 32768.0 65536.0 inf nan'.split(
    ' ',
  )

/** Text of every vtype immediate of `bits` bits: its fields, or its number where it has a reserved value (RISC-V Unprivileged ISA 20240411, 31.3.4). */
function vtypes(bits: number): ImmediateEntry {
  const lmuls = ['m1', 'm2', 'm4', 'm8', '', 'mf8', 'mf4', 'mf2']
  const text = (v: number): string => {
    const lmul = lmuls[v & 7]
    if (lmul === '' || v > 255 || (v >> 3) % 8 > 3) return String(v)
    return `e${8 << ((v >> 3) % 8)}, ${lmul}, ${v & 64 ? 'ta' : 'tu'}, ${v & 128 ? 'ma' : 'mu'}`
  }
  return named(Array.from({ length: 2 ** bits }, (_, v) => text(v)))
}

// biome-ignore format: table
export const vocabulary: Vocabulary = {
  // registers
  rd:     X,
  rs1:    X,
  rs2:    X,
  xnz:    { ...X, legal: ~1 },                    // not x0
  xlui:   { ...X, legal: ~4 },                    // not sp: that is c.addi16sp
  xc:     { ...X, width: 3, bias: 8 },            // x8..x15
  f:      F,
  fc:     { ...F, width: 3, bias: 8 },            // f8..f15
  vd:     V,
  vs1:    V,
  vs2:    V,
  vs3:    V,
  vdm:    { ...V, legal: ~1 },                    // not v0: the mask is there
  v0:     { ...V, width: 0 },                     // the mask

  // immediates
  i12:    signed(12, { edges: [-2047, 2046] }),
  u20:    unsigned(20, { edges: [0x7ffff, 0x80000] }),
  shamt:  unsigned(6, { edges: [31, 32] }),
  shamt5: unsigned(5),
  shamtnz: unsigned(6, { nonzero: true, edges: [31, 32] }),
  csr:    unsigned(12, { edges: [0xc00] }),
  uimm:   unsigned(5),
  i5:     signed(5),
  vtypei: vtypes(11),
  vtypeu: vtypes(10),
  vstate: unsigned(17, { state: true }),          // vector-state.ts

  // pc-relative distances; the names are the fixup kinds
  branch: signed(13, { scale: 2, pcRelative: true }),
  jump:   signed(21, { scale: 2, pcRelative: true }),
  cbranch: signed(9, { scale: 2, pcRelative: true }),
  cjump:  signed(12, { scale: 2, pcRelative: true }),

  // modes
  rm:     named(['rne', 'rtz', 'rdn', 'rup', 'rmm', undefined, undefined, 'dyn']),
  rmx:    named(['', ', rtz', ', rdn', ', rup', ', rmm', undefined, undefined, ', dyn']),
  aqrl:   named(['', '.rl', '.aq', '.aqrl']),
  order:  named(FENCE_SETS),
  fli:    named(FLI_VALUES),

  // compressed immediates
  c6:     signed(6),
  clui:   signed(6, { nonzero: true, wrap: 20 }),
  c16sp:  signed(10, { scale: 16, nonzero: true }),
  c4spn:  unsigned(10, { scale: 4, nonzero: true }),
  cw:     unsigned(7, { scale: 4 }),              // c.lw, c.sw
  cd:     unsigned(8, { scale: 8 }),              // c.ld, c.sd, c.fld, c.fsd
  cwsp:   unsigned(8, { scale: 4 }),
  cdsp:   unsigned(9, { scale: 8 }),
  cb:     unsigned(2),                            // c.lbu, c.sb
  ch:     unsigned(2, { scale: 2 }),              // c.lh, c.lhu, c.sh
}
