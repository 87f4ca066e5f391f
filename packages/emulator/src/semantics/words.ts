// 32-bit operations that JavaScript has no operator for, as generated evaluators call them.

/** Count of trailing zeros; 32 for 0. */
export function ctz32(a: number): number {
  return a === 0 ? 32 : 31 - Math.clz32(a & -a)
}

/** High word of the unsigned 32 x 32 -> 64 product, by four 16-bit products; every sum stays below 2^32, so int32 arithmetic is exact. */
export function mulHigh32(a: number, b: number): number {
  const a0 = a & 0xffff
  const a1 = a >>> 16
  const b0 = b & 0xffff
  const b1 = b >>> 16
  const middle = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0
  const other = (Math.imul(a0, b1) + (middle & 0xffff)) | 0
  return (Math.imul(a1, b1) + (middle >>> 16) + (other >>> 16)) | 0
}
