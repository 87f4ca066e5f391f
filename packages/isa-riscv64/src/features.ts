// CPU features of riscv64, by Cranelift's names: one row per flag. The base is rv64g (I M A F D, Zicsr, Zifencei).

/** Bit numbers in the features word. */
export const ZBA = 0
export const ZBB = 1
export const ZBC = 2
export const ZBS = 3
export const ZBKB = 4
export const ZICOND = 5
export const ZFA = 6
export const ZFHMIN = 7
export const ZFH = 8
export const ZCA = 9
export const ZCB = 10
export const ZCD = 11
export const V = 12
export const ZVFH = 13
export const ZVBB = 14

/** Flag name -> bits that it turns on (with what it implies). Bits of -1: part of the base, settable and without effect. */
// biome-ignore format: table
export const FEATURES: Readonly<Record<string, number>> = {
  has_m:        -1,
  has_a:        -1,
  has_f:        -1,
  has_d:        -1,
  has_zicsr:    -1,
  has_zifencei: -1,
  has_zba:      1 << ZBA,
  has_zbb:      1 << ZBB,
  has_zbc:      1 << ZBC,
  has_zbs:      1 << ZBS,
  has_zbkb:     1 << ZBKB,
  has_zicond:   1 << ZICOND,
  has_zfa:      1 << ZFA,
  has_zfhmin:   1 << ZFHMIN,
  has_zfh:      (1 << ZFH) | (1 << ZFHMIN),
  has_zca:      1 << ZCA,
  has_zcb:      (1 << ZCB) | (1 << ZCA),
  has_zcd:      (1 << ZCD) | (1 << ZCA),
  has_c:        (1 << ZCA) | (1 << ZCD),
  has_v:        1 << V,
  has_zvfh:     1 << ZVFH,
  has_zvbb:     1 << ZVBB,
}

/** Feature bit of an extension as instruction rows name it; those of the base have none. */
export const BY_EXTENSION: Readonly<Record<string, number>> = {
  Zba: ZBA,
  Zbb: ZBB,
  Zbc: ZBC,
  Zbs: ZBS,
  Zbkb: ZBKB,
  Zicond: ZICOND,
  Zfa: ZFA,
  Zfhmin: ZFHMIN,
  Zfh: ZFH,
  Zcb: ZCB,
  V: V,
}

/** Bits of the features that are on. */
export function featureBits(named: Readonly<Record<string, boolean>>): number {
  let bits = 0
  for (const [name, on] of Object.entries(named)) {
    const b = FEATURES[name]
    if (b === undefined || b === -1) continue
    if (on) bits |= b
    else bits &= ~b
  }
  return bits
}
