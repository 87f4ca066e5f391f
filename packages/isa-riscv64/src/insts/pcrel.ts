// 32-bit pc-relative distances as auipc takes them: the high part rounded so that the sign-extended low part adds up.

/** The field of auipc (0..0xfffff) for a distance from the auipc. */
export function pcrelHi20(value: number): number {
  return ((value + 0x800) >> 12) & 0xfffff
}

/** The signed low part that an I- or S-type instruction adds. */
export function pcrelLo12(value: number): number {
  return (value << 20) >> 20
}

/** Sets the immediate of an encoded lui or auipc to the high part of `value`. */
export function patchHi20(inst: number, value: number): number {
  return (inst & 0xfff) | (pcrelHi20(value) << 12)
}

/** Sets the immediate of an encoded I-type instruction (addi, jalr, loads) to the low part of `value`. */
export function patchLo12I(inst: number, value: number): number {
  return (inst & 0xfffff) | (value << 20)
}

/** Sets the immediate of an encoded store to the low part of `value`. */
export function patchLo12S(inst: number, value: number): number {
  return (inst & 0x01fff07f) | (((value >> 5) & 0x7f) << 25) | ((value & 31) << 7)
}
