// LEB128: every value reads back, and every malformed form is refused.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Reader } from '../src/decoder/reader.ts'
import { WasmError } from '../src/index.ts'

/** Encodes `x` in at least `pad` bytes. */
function encode(x: bigint, signed: boolean, pad = 1): number[] {
  const out: number[] = []
  for (;;) {
    const b = Number(x & 127n)
    x >>= 7n
    const done = signed ? (x === 0n && (b & 64) === 0) || (x === -1n && (b & 64) !== 0) : x === 0n
    if (done && out.length + 1 >= pad) return [...out, b]
    out.push(b | 128)
  }
}

type Kind = 'u32' | 's32' | 's33' | 'u64' | 's64'
const KINDS: readonly [Kind, number, boolean][] = [
  ['u32', 32, false],
  ['s32', 32, true],
  ['s33', 33, true],
  ['u64', 64, false],
  ['s64', 64, true],
]

function read(kind: Kind, bytes: number[]): bigint {
  const r = new Reader(Uint8Array.from(bytes))
  const lo = r[kind]()
  expect(r.pos).toBe(bytes.length)
  if (kind === 'u64') return (BigInt(r.hi >>> 0) << 32n) | BigInt(lo >>> 0)
  if (kind === 's64') return (BigInt(r.hi) << 32n) | BigInt(lo >>> 0)
  return BigInt(lo)
}

function fault(kind: Kind, bytes: number[]): string {
  try {
    new Reader(Uint8Array.from(bytes))[kind]()
  } catch (e) {
    if (e instanceof WasmError && e.code === 'malformed') return e.reason.split(':')[0]
    throw e
  }
  return ''
}

describe.each(KINDS)('%s', (kind, bits, signed) => {
  const max = Math.ceil(bits / 7)
  const lowest = signed ? -(1n << BigInt(bits - 1)) : 0n
  const highest = (1n << BigInt(signed ? bits - 1 : bits)) - 1n

  test('every value reads back at every length', () => {
    const edges = [lowest, highest, 0n, 1n, 63n, 64n, 127n, 128n, 1n << 31n, (1n << 32n) - 1n, -1n, -64n, -65n].filter(
      (x) => x >= lowest && x <= highest,
    )
    for (const x of edges) for (let pad = 1; pad <= max; pad++) expect(read(kind, encode(x, signed, pad))).toBe(x)
    fc.assert(
      fc.property(fc.bigInt({ min: lowest, max: highest }), fc.integer({ min: 1, max }), (x, pad) => {
        expect(read(kind, encode(x, signed, pad))).toBe(x)
      }),
    )
  })

  test('too many bytes', () => {
    expect(fault(kind, [...new Array(max).fill(0x80), 0])).toBe('integer representation too long')
    expect(fault(kind, [...new Array(max).fill(0xff), 0x7f])).toBe('integer representation too long')
  })

  test('bits that do not fit, in the last byte: all 128 of its values', () => {
    const used = bits - 7 * (max - 1)
    for (let last = 0; last < 128; last++) {
      // signed: the bits above the sign bit repeat it
      const ok = signed ? [0, 127 >> (used - 1)].includes(last >> (used - 1)) : last >> used === 0
      expect(fault(kind, [...new Array(max - 1).fill(0x80), last]), `last byte ${last}`).toBe(
        ok ? '' : 'integer too large',
      )
    }
  })

  test('cut short', () => {
    for (let n = 0; n < max; n++) expect(fault(kind, new Array(n).fill(0x80))).toBe('unexpected end')
  })
})
