// Text of integers: decimal or hexadecimal, with underscores anywhere among the digits. Printed decimal below 10,000 (and
// where negative), else hexadecimal in groups of four digits.

/** More digits than the widest integer has: such a literal counts as 2^200, which is out of every range. */
const MAX_DIGITS = 50

/** The value of an integer token of any size. */
export function parseBig(text: string): bigint {
  const negative = text.startsWith('-')
  const all = (negative || text.startsWith('+') ? text.slice(1) : text).replaceAll('_', '')
  const hex = /^0[xX]/.test(all)
  const digits = (hex ? all.slice(2) : all).replace(/^0+/, '')
  const n = digits.length > MAX_DIGITS ? 1n << 200n : BigInt(digits === '' ? 0 : hex ? `0x${digits}` : digits)
  return negative ? -n : n
}

/** `0x0001_0000`: groups of four digits. */
export function hexGroups(n: bigint | number): string {
  const digits = n.toString(16)
  const padded = digits.padStart(Math.ceil(digits.length / 4) * 4, '0')
  let out = `0x${padded.slice(0, 4)}`
  for (let i = 4; i < padded.length; i += 4) out += `_${padded.slice(i, i + 4)}`
  return out
}

/** A signed immediate. */
export function formatInt(n: number | bigint): string {
  return n < 10_000 ? n.toString() : hexGroups(n)
}

/** The signed 64-bit immediate of two words. */
export function formatInt64(lo: number, hi: number): string {
  if (hi === lo >> 31) return formatInt(lo)
  return formatInt((BigInt(hi) << 32n) | BigInt(lo >>> 0))
}

/** `+8`, `-12`, or nothing for 0. */
export function formatOffset(n: number): string {
  if (n === 0) return ''
  return n < 0 ? `-${formatInt(-n)}` : `+${formatInt(n)}`
}
