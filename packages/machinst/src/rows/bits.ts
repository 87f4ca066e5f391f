// The bits of a row, parsed: constant bits, and slices of operands.

export interface ParsedBits {
  readonly width: number
  readonly match: number
  readonly mask: number
  readonly fields: readonly BitField[]
}

/** `width` bits of the operand `name` from bit `source` on, at bit `dest`. A field without slices in the text has `whole` set. */
export interface BitField {
  readonly name: string
  readonly source: number
  readonly dest: number
  readonly width: number
  readonly whole: boolean
}

/** Width of the field `name` where the bits do not slice it; undefined for an unknown name. */
export type FieldWidth = (name: string) => number | undefined

/** Parses the manual's notation, most significant bit first. Only 16- and 32-bit encodings exist on fixed-width ISAs. */
export function parseBits(bits: string, fieldWidth: FieldWidth, fail: (message: string) => never): ParsedBits {
  interface Piece {
    name: string
    source: number
    width: number
    whole: boolean
    value: number
  }
  const pieces: Piece[] = []
  for (const token of bits.trim().split(/\s+/)) {
    if (/^[01]+$/.test(token)) {
      pieces.push({ name: '', source: 0, width: token.length, whole: false, value: Number.parseInt(token, 2) })
      continue
    }
    const m = /^([a-z]\w*)(?:\[([\d:|]+)\])?$/i.exec(token)
    if (m === null) fail(`'${token}' is neither binary digits nor a field`)
    const name = m[1]
    if (m[2] === undefined) {
      const width = fieldWidth(name)
      if (width === undefined) fail(`field ${name} is no operand of the row`)
      pieces.push({ name, source: 0, width, whole: true, value: 0 })
      continue
    }
    if (fieldWidth(name) === undefined) fail(`field ${name} is no operand of the row`)
    for (const range of m[2].split('|')) {
      const [high, low = high] = range.split(':').map(Number)
      if (!(high >= low && low >= 0)) fail(`slice [${range}] of ${name} is not high:low`)
      pieces.push({ name, source: low, width: high - low + 1, whole: false, value: 0 })
    }
  }
  const width = pieces.reduce((sum, p) => sum + p.width, 0)
  if (width !== 16 && width !== 32) fail(`the bits sum up to ${width}, not to 16 or 32`)
  let at = width
  let match = 0
  let mask = 0
  const fields: BitField[] = []
  for (const p of pieces) {
    at -= p.width
    if (p.name === '') {
      match |= p.value << at
      mask |= (-1 >>> (32 - p.width)) << at
    } else fields.push({ name: p.name, source: p.source, dest: at, width: p.width, whole: p.whole })
  }
  return { width, match: match | 0, mask: mask | 0, fields }
}
