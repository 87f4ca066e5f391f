// What each vector instruction does, as data: by row id without the mask suffix. unit.ts interprets it, lanes.ts has the arithmetic.
//
// Source: RISC-V Unprivileged ISA 20240411, 31 (V) and 33 (Zvbb).
import { type Extension, FLOAT, SIGNED, UNSIGNED } from './elements.ts'
import { laneFamilies } from './lanes.ts'

/** Width of an operand as log2 of its ratio to SEW, or: */
export const MASK = 8
export const UNUSED = 9

/** Element by element. a is vs2, b the other source, d vd. */
export interface LanesOperation {
  readonly kind: 'lanes' | 'reduce'
  /** Position in laneFamilies. */
  readonly lane: number
  readonly d: number
  readonly a: number
  readonly b: number
  readonly as: Extension
  readonly bs: Extension
  readonly ds: Extension
  /** vd is an operand too. */
  readonly readsD: boolean
  /** v0 holds carries or choices: every element is computed. */
  readonly carry: boolean
  /** Depends on frm. */
  readonly float: boolean
}

/** Loads and stores of `log` (log2 of bits; -1: `whole` registers, 0: masks). */
export interface AccessOperation {
  readonly kind: 'load' | 'store'
  readonly log: number
  readonly shape: 'unit' | 'strided' | 'whole'
}

/** What has a body of its own in unit.ts. */
// biome-ignore format: table
export interface OtherOperation {
  readonly kind:
    | 'vsetvli' | 'vsetivli' | 'vsetvl'
    | 'moveRegister' | 'moveToX' | 'moveFromX' | 'moveToF' | 'moveFromF'
    | 'maskLogic' | 'countBits' | 'firstBit' | 'setFirst' | 'iota' | 'index'
    | 'slideUp' | 'slideDown' | 'slide1Up' | 'slide1Down' | 'gather' | 'compress'
  /** maskLogic: truth table, bit vs2 * 2 + vs1. setFirst: 1 before, 2 including, 3 only. gather: log2 of the width of an index, 0 for SEW. */
  readonly code: number
}
export type VectorOperation = LanesOperation | AccessOperation | OtherOperation

const laneNames = Object.keys(laneFamilies)
type Shape = Partial<Omit<LanesOperation, 'kind' | 'lane'>>

function lanes(
  forms: string,
  lane: string,
  shape: Shape = {},
  kind: 'lanes' | 'reduce' = 'lanes',
): Record<string, LanesOperation> {
  const number = laneNames.indexOf(lane)
  if (number < 0) throw new Error(`no lane ${lane}`)
  // biome-ignore format: table
  const entry = {
    kind, lane: number, d: 0, a: 0, b: 0, as: SIGNED, bs: SIGNED, ds: SIGNED, readsD: false, carry: false, float: false, ...shape,
  } as const
  const [mnemonic, ...suffixes] = forms.split(' ')
  const ids = suffixes.length === 0 ? [mnemonic] : suffixes.map((s) => `${mnemonic}_${s}`)
  return Object.fromEntries(ids.map((id) => [id, entry]))
}

const other = (id: string, kind: OtherOperation['kind'], code = 0): Record<string, OtherOperation> => ({
  [id]: { kind, code },
})

const U: Shape = { as: UNSIGNED, bs: UNSIGNED, ds: UNSIGNED }
const S: Shape = {}
const SU: Shape = { as: SIGNED, bs: UNSIGNED }
const US: Shape = { as: UNSIGNED, bs: SIGNED }
const F: Shape = { as: FLOAT, bs: FLOAT, ds: FLOAT, float: true }
const wide = (s: Shape): Shape => ({ ...s, d: 1 })
const wideA = (s: Shape): Shape => ({ ...s, d: 1, a: 1 })
const narrow = (s: Shape): Shape => ({ ...s, a: 1 })
const toMask = (s: Shape): Shape => ({ ...s, d: MASK })
const updates = (s: Shape): Shape => ({ ...s, readsD: true })
const carries = (s: Shape): Shape => ({ ...s, carry: true })
const one = (s: Shape): Shape => ({ ...s, b: UNUSED })
const fraction = (s: Shape, log: number): Shape => ({ ...s, a: -log, b: UNUSED })
const copy = (s: Shape): Shape => ({ ...s, a: UNUSED })

// biome-ignore format: table
const VLE_LOGS: readonly (readonly [number, number])[] = [[8, 3], [16, 4], [32, 5], [64, 6]]

function accesses(): Record<string, AccessOperation> {
  const table: Record<string, AccessOperation> = {
    vlm_v: { kind: 'load', log: 0, shape: 'unit' },
    vsm_v: { kind: 'store', log: 0, shape: 'unit' },
    vs1r_v: { kind: 'store', log: 3, shape: 'whole' },
  }
  for (const [eew, log] of VLE_LOGS) {
    table[`vle${eew}_v`] = { kind: 'load', log, shape: 'unit' }
    table[`vse${eew}_v`] = { kind: 'store', log, shape: 'unit' }
    table[`vlse${eew}_v`] = { kind: 'load', log, shape: 'strided' }
    table[`vsse${eew}_v`] = { kind: 'store', log, shape: 'strided' }
    table[`vl1re${eew}_v`] = { kind: 'load', log, shape: 'whole' }
  }
  return table
}

// biome-ignore format: table
export const vectorOperations: Readonly<Record<string, VectorOperation>> = {
  // 31.6, 31.7
  ...other('vsetvli', 'vsetvli'),
  ...other('vsetivli', 'vsetivli'),
  ...other('vsetvl', 'vsetvl'),
  ...accesses(),

  // 31.11: integers
  ...lanes('vadd vv vx vi', 'add', S),
  ...lanes('vsub vv vx', 'sub', S),
  ...lanes('vrsub vx vi', 'rsub', S),
  ...lanes('vwaddu vv vx', 'add', wide(U)),
  ...lanes('vwadd vv vx', 'add', wide(S)),
  ...lanes('vwsubu vv vx', 'sub', wide(U)),
  ...lanes('vwsub vv vx', 'sub', wide(S)),
  ...lanes('vwaddu wv wx', 'add', wideA(U)),
  ...lanes('vwadd wv wx', 'add', wideA(S)),
  ...lanes('vwsubu wv wx', 'sub', wideA(U)),
  ...lanes('vwsub wv wx', 'sub', wideA(S)),
  ...lanes('vzext_vf2', 'a', fraction(U, 1)),
  ...lanes('vzext_vf4', 'a', fraction(U, 2)),
  ...lanes('vzext_vf8', 'a', fraction(U, 3)),
  ...lanes('vsext_vf2', 'a', fraction(S, 1)),
  ...lanes('vsext_vf4', 'a', fraction(S, 2)),
  ...lanes('vsext_vf8', 'a', fraction(S, 3)),
  ...lanes('vadc vvm vxm vim', 'adc', carries(S)),
  ...lanes('vmadc vvm vxm vim', 'madc', carries(toMask(U))),
  ...lanes('vmadc vv vx vi', 'madc', toMask(U)),
  ...lanes('vsbc vvm vxm', 'sbc', carries(S)),
  ...lanes('vmsbc vvm vxm', 'msbc', carries(toMask(U))),
  ...lanes('vmsbc vv vx', 'msbc', toMask(U)),
  ...lanes('vand vv vx vi', 'and', S),
  ...lanes('vor vv vx vi', 'or', S),
  ...lanes('vxor vv vx vi', 'xor', S),
  ...lanes('vsll vv vx vi', 'sll', U),
  ...lanes('vsrl vv vx vi', 'srl', U),
  ...lanes('vsra vv vx vi', 'sra', S),
  ...lanes('vnsrl wv wx wi', 'nsrl', narrow(U)),
  ...lanes('vnsra wv wx wi', 'nsra', narrow(S)),
  ...lanes('vmseq vv vx vi', 'eq', toMask(S)),
  ...lanes('vmsne vv vx vi', 'ne', toMask(S)),
  ...lanes('vmsltu vv vx', 'ltu', toMask(U)),
  ...lanes('vmslt vv vx', 'lt', toMask(S)),
  ...lanes('vmsleu vv vx vi', 'leu', toMask(U)),
  ...lanes('vmsle vv vx vi', 'le', toMask(S)),
  ...lanes('vmsgtu vx vi', 'gtu', toMask(U)),
  ...lanes('vmsgt vx vi', 'gt', toMask(S)),
  ...lanes('vminu vv vx', 'minu', U),
  ...lanes('vmin vv vx', 'min', S),
  ...lanes('vmaxu vv vx', 'maxu', U),
  ...lanes('vmax vv vx', 'max', S),
  ...lanes('vmul vv vx', 'mul', S),
  ...lanes('vmulh vv vx', 'mulh', S),
  ...lanes('vmulhu vv vx', 'mulhu', U),
  ...lanes('vmulhsu vv vx', 'mulhsu', SU),
  ...lanes('vdivu vv vx', 'divu', U),
  ...lanes('vdiv vv vx', 'div', S),
  ...lanes('vremu vv vx', 'remu', U),
  ...lanes('vrem vv vx', 'rem', S),
  ...lanes('vwmul vv vx', 'mul', wide(S)),
  ...lanes('vwmulu vv vx', 'mul', wide(U)),
  ...lanes('vwmulsu vv vx', 'mul', wide(SU)),
  ...lanes('vmacc vv vx', 'macc', updates(S)),
  ...lanes('vnmsac vv vx', 'nmsac', updates(S)),
  ...lanes('vmadd vv vx', 'madd', updates(S)),
  ...lanes('vnmsub vv vx', 'nmsub', updates(S)),
  ...lanes('vwmaccu vv vx', 'macc', updates(wide(U))),
  ...lanes('vwmacc vv vx', 'macc', updates(wide(S))),
  ...lanes('vwmaccsu vv vx', 'macc', updates(wide(US))),
  ...lanes('vwmaccus vx', 'macc', updates(wide(SU))),
  ...lanes('vmerge vvm vxm vim', 'choose', carries(S)),
  ...lanes('vmv_v v x i', 'b', copy(S)),

  // 31.12: fixed point
  ...lanes('vsaddu vv vx vi', 'saddu', U),
  ...lanes('vsadd vv vx vi', 'sadd', S),
  ...lanes('vssubu vv vx', 'ssubu', U),
  ...lanes('vssub vv vx', 'ssub', S),
  ...lanes('vaaddu vv vx', 'aaddu', U),
  ...lanes('vaadd vv vx', 'aadd', S),
  ...lanes('vasubu vv vx', 'asubu', U),
  ...lanes('vasub vv vx', 'asub', S),
  ...lanes('vsmul vv vx', 'smul', S),
  ...lanes('vssrl vv vx vi', 'ssrl', U),
  ...lanes('vssra vv vx vi', 'ssra', S),
  ...lanes('vnclipu wv wx wi', 'nclipu', narrow(U)),
  ...lanes('vnclip wv wx wi', 'nclip', narrow(S)),

  // Zvbb
  ...lanes('vandn vv vx', 'andn', U),
  ...lanes('vbrev8_v', 'brev8', one(U)),
  ...lanes('vrev8_v', 'rev8', one(U)),
  ...lanes('vbrev_v', 'brev', one(U)),
  ...lanes('vclz_v', 'clz', one(U)),
  ...lanes('vctz_v', 'ctz', one(U)),
  ...lanes('vcpop_v', 'cpop', one(U)),
  ...lanes('vrol vv vx', 'rol', U),
  ...lanes('vror vv vx vi', 'ror', U),
  ...lanes('vwsll vv vx vi', 'wsll', wide(U)),

  // 31.13: floats
  ...lanes('vfadd vv vf', 'fadd', F),
  ...lanes('vfsub vv vf', 'fsub', F),
  ...lanes('vfrsub vf', 'frsub', F),
  ...lanes('vfwadd vv vf', 'fwadd', wide(F)),
  ...lanes('vfwsub vv vf', 'fwsub', wide(F)),
  ...lanes('vfwadd wv wf', 'fwaddw', wideA(F)),
  ...lanes('vfwsub wv wf', 'fwsubw', wideA(F)),
  ...lanes('vfmul vv vf', 'fmul', F),
  ...lanes('vfdiv vv vf', 'fdiv', F),
  ...lanes('vfrdiv vf', 'frdiv', F),
  ...lanes('vfwmul vv vf', 'fwmul', wide(F)),
  ...lanes('vfmacc vv vf', 'fmacc', updates(F)),
  ...lanes('vfnmacc vv vf', 'fnmacc', updates(F)),
  ...lanes('vfmsac vv vf', 'fmsac', updates(F)),
  ...lanes('vfnmsac vv vf', 'fnmsac', updates(F)),
  ...lanes('vfmadd vv vf', 'fmadd', updates(F)),
  ...lanes('vfnmadd vv vf', 'fnmadd', updates(F)),
  ...lanes('vfmsub vv vf', 'fmsub', updates(F)),
  ...lanes('vfnmsub vv vf', 'fnmsub', updates(F)),
  ...lanes('vfwmacc vv vf', 'fwmacc', updates(wide(F))),
  ...lanes('vfwnmacc vv vf', 'fwnmacc', updates(wide(F))),
  ...lanes('vfwmsac vv vf', 'fwmsac', updates(wide(F))),
  ...lanes('vfwnmsac vv vf', 'fwnmsac', updates(wide(F))),
  ...lanes('vfsqrt_v', 'fsqrt', one(F)),
  ...lanes('vfclass_v', 'fclass', one(F)),
  ...lanes('vfmin vv vf', 'fmin', F),
  ...lanes('vfmax vv vf', 'fmax', F),
  ...lanes('vfsgnj vv vf', 'fsgnj', F),
  ...lanes('vfsgnjn vv vf', 'fsgnjn', F),
  ...lanes('vfsgnjx vv vf', 'fsgnjx', F),
  ...lanes('vmfeq vv vf', 'feq', toMask(F)),
  ...lanes('vmfne vv vf', 'fne', toMask(F)),
  ...lanes('vmflt vv vf', 'flt', toMask(F)),
  ...lanes('vmfle vv vf', 'fle', toMask(F)),
  ...lanes('vmfgt vf', 'fgt', toMask(F)),
  ...lanes('vmfge vf', 'fge', toMask(F)),
  ...lanes('vfmerge_vfm', 'choose', carries(F)),
  ...lanes('vfmv_v_f', 'b', copy(F)),
  ...lanes('vfcvt_xu_f_v', 'fcvt_xu_f', one({ ...F, ds: UNSIGNED })),
  ...lanes('vfcvt_x_f_v', 'fcvt_x_f', one({ ...F, ds: SIGNED })),
  ...lanes('vfcvt_rtz_xu_f_v', 'fcvt_rtz_xu_f', one({ ...F, ds: UNSIGNED })),
  ...lanes('vfcvt_rtz_x_f_v', 'fcvt_rtz_x_f', one({ ...F, ds: SIGNED })),
  ...lanes('vfcvt_f_xu_v', 'fcvt_f_xu', one({ ...F, as: UNSIGNED })),
  ...lanes('vfcvt_f_x_v', 'fcvt_f_x', one({ ...F, as: SIGNED })),
  ...lanes('vfwcvt_xu_f_v', 'fwcvt_xu_f', one(wide({ ...F, ds: UNSIGNED }))),
  ...lanes('vfwcvt_x_f_v', 'fwcvt_x_f', one(wide({ ...F, ds: SIGNED }))),
  ...lanes('vfwcvt_rtz_xu_f_v', 'fwcvt_rtz_xu_f', one(wide({ ...F, ds: UNSIGNED }))),
  ...lanes('vfwcvt_rtz_x_f_v', 'fwcvt_rtz_x_f', one(wide({ ...F, ds: SIGNED }))),
  ...lanes('vfwcvt_f_xu_v', 'fwcvt_f_xu', one(wide({ ...F, as: UNSIGNED }))),
  ...lanes('vfwcvt_f_x_v', 'fwcvt_f_x', one(wide({ ...F, as: SIGNED }))),
  ...lanes('vfwcvt_f_f_v', 'fwcvt_f_f', one(wide(F))),
  ...lanes('vfncvt_xu_f_w', 'fncvt_xu_f', one(narrow({ ...F, ds: UNSIGNED }))),
  ...lanes('vfncvt_x_f_w', 'fncvt_x_f', one(narrow({ ...F, ds: SIGNED }))),
  ...lanes('vfncvt_rtz_xu_f_w', 'fncvt_rtz_xu_f', one(narrow({ ...F, ds: UNSIGNED }))),
  ...lanes('vfncvt_rtz_x_f_w', 'fncvt_rtz_x_f', one(narrow({ ...F, ds: SIGNED }))),
  ...lanes('vfncvt_f_xu_w', 'fncvt_f_xu', one(narrow({ ...F, as: UNSIGNED }))),
  ...lanes('vfncvt_f_x_w', 'fncvt_f_x', one(narrow({ ...F, as: SIGNED }))),
  ...lanes('vfncvt_f_f_w', 'fncvt_f_f', one(narrow(F))),
  ...lanes('vfncvt_rod_f_f_w', 'fncvt_rod_f_f', one(narrow(F))),

  // 31.14: reductions; a is an element, b the sum so far (of vd's width)
  ...lanes('vredsum_vs', 'add', S, 'reduce'),
  ...lanes('vredand_vs', 'and', S, 'reduce'),
  ...lanes('vredor_vs', 'or', S, 'reduce'),
  ...lanes('vredxor_vs', 'xor', S, 'reduce'),
  ...lanes('vredminu_vs', 'minu', U, 'reduce'),
  ...lanes('vredmin_vs', 'min', S, 'reduce'),
  ...lanes('vredmaxu_vs', 'maxu', U, 'reduce'),
  ...lanes('vredmax_vs', 'max', S, 'reduce'),
  ...lanes('vwredsumu_vs', 'add', wide(U), 'reduce'),
  ...lanes('vwredsum_vs', 'add', wide(S), 'reduce'),
  ...lanes('vfredusum_vs', 'fadd', F, 'reduce'),
  ...lanes('vfredosum_vs', 'fadd', F, 'reduce'),
  ...lanes('vfredmin_vs', 'fmin', F, 'reduce'),
  ...lanes('vfredmax_vs', 'fmax', F, 'reduce'),
  ...lanes('vfwredusum_vs', 'fwsum', wide(F), 'reduce'),
  ...lanes('vfwredosum_vs', 'fwsum', wide(F), 'reduce'),

  // 31.15: masks
  ...other('vmandn_mm', 'maskLogic', 0b0100),
  ...other('vmand_mm', 'maskLogic', 0b1000),
  ...other('vmor_mm', 'maskLogic', 0b1110),
  ...other('vmxor_mm', 'maskLogic', 0b0110),
  ...other('vmorn_mm', 'maskLogic', 0b1101),
  ...other('vmnand_mm', 'maskLogic', 0b0111),
  ...other('vmnor_mm', 'maskLogic', 0b0001),
  ...other('vmxnor_mm', 'maskLogic', 0b1001),
  ...other('vcpop_m', 'countBits'),
  ...other('vfirst_m', 'firstBit'),
  ...other('vmsbf_m', 'setFirst', 1),
  ...other('vmsif_m', 'setFirst', 2),
  ...other('vmsof_m', 'setFirst', 3),
  ...other('viota_m', 'iota'),
  ...other('vid_v', 'index'),

  // 31.16: permutations
  ...other('vmv1r_v', 'moveRegister'),
  ...other('vmv_x_s', 'moveToX'),
  ...other('vmv_s_x', 'moveFromX'),
  ...other('vfmv_f_s', 'moveToF'),
  ...other('vfmv_s_f', 'moveFromF'),
  ...other('vslideup_vx', 'slideUp'),
  ...other('vslideup_vi', 'slideUp'),
  ...other('vslidedown_vx', 'slideDown'),
  ...other('vslidedown_vi', 'slideDown'),
  ...other('vslide1up_vx', 'slide1Up'),
  ...other('vfslide1up_vf', 'slide1Up'),
  ...other('vslide1down_vx', 'slide1Down'),
  ...other('vfslide1down_vf', 'slide1Down'),
  ...other('vrgather_vv', 'gather'),
  ...other('vrgather_vx', 'gather'),
  ...other('vrgather_vi', 'gather'),
  ...other('vrgatherei16_vv', 'gather', 4),
  ...other('vcompress_vm', 'compress'),
}
