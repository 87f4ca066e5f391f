// The state word of vector rows: what vtype, vl and vxrm an instruction expects. It has no bits in the encoding.
//
// Problem: a vector instruction means something only under the vtype and vl that an earlier vset{i}vl{i} left. Idea: lowering says with each
// instruction what it needs, and emission, which sees the final order, writes `vsetivli` where the last known state differs and forgets what
// it knows at labels and calls. So the operand takes part in nothing but that comparison; decoders write VSTATE_NONE.
//
// Layout of the word
//   bits 0-7    vtype as in the CSR: vlmul 0-2, vsew 3-5, vta 6, vma 7 (RISC-V Unprivileged ISA 20240411, 31.3.4)
//   bits 8-12   avl, 1..31 (what vsetivli can ask for)
//   bits 13-15  vxrm + 1; 0: the instruction does not round fixed-point values
//   bit  16     any valid vtype and any vl will do (vmv1r.v: illegal only where vtype is vill, as it is when a program starts)

/** Nothing is expected (an instruction that depends on no vector state), or nothing is known (from a decoder). */
export const VSTATE_NONE = 0
export const VSTATE_VALID = 0x10000

export const SEW_8 = 0
export const SEW_16 = 1
export const SEW_32 = 2
export const SEW_64 = 3

export const LMUL_1 = 0
export const LMUL_2 = 1
export const LMUL_4 = 2
export const LMUL_8 = 3
export const LMUL_F8 = 5
export const LMUL_F4 = 6
export const LMUL_F2 = 7

export const VXRM_RNU = 0
export const VXRM_RNE = 1
export const VXRM_RDN = 2
export const VXRM_ROD = 3

/** `ta`, `ma`: 1 agnostic (default), 0 undisturbed. `avl`: elements, 1..31. `vxrm`: -1 where no fixed-point rounding happens. */
export function vstate(sew: number, lmul: number, avl: number, vxrm = -1, ta = 1, ma = 1): number {
  return lmul | (sew << 3) | (ta << 6) | (ma << 7) | (avl << 8) | ((vxrm + 1) << 13)
}

export function vstateVtype(state: number): number {
  return state & 0xff
}
export function vstateAvl(state: number): number {
  return (state >> 8) & 31
}
/** 0..3, or -1 for any. */
export function vstateVxrm(state: number): number {
  return ((state >> 13) & 7) - 1
}

/** True if an instruction that expects `wanted` can run where `current` was set up (VSTATE_NONE: unknown). */
export function vstateHolds(current: number, wanted: number): boolean {
  if (wanted === VSTATE_NONE) return true
  if (current === VSTATE_NONE) return false
  if (wanted === VSTATE_VALID) return true
  const vxrm = wanted & 0xe000
  return (current & 0x1fff) === (wanted & 0x1fff) && (vxrm === 0 || (current & 0xe000) === vxrm)
}
