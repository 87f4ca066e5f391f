// Zfa, which qemu 7.2 does not have, against what the manual says (RISC-V Unprivileged ISA 20240411, 25), computed here from the host's numbers.
import { describe, expect, test } from 'vitest'
import {
  float,
  floatCode,
  type FloatFormat,
  type FloatOp,
  raised,
  resultHi,
  resultLo,
} from '../src/float/operations.ts'
import { createRiscv64Machine } from '../src/riscv64/index.ts'
import type { HartState } from '../src/riscv64/hart.ts'
import { compiledRows, encodeRow, Random, randomFloatBits } from './states.ts'

const COUNT = process.env.K23_LONG === '1' ? 20_000 : 1_000
const NX = 1
const NV = 16

const WIDTH: Readonly<Record<FloatFormat, number>> = { h: 16, s: 32, d: 64 }
const NAN: Readonly<Record<FloatFormat, bigint>> = { h: 0x7e00n, s: 0x7fc00000n, d: 0x7ff8000000000000n }
const view = new DataView(new ArrayBuffer(8))

/** The value of a float's bits, exact in a double. */
function numberOf(format: FloatFormat, bits: bigint): number {
  view.setBigUint64(0, bits << BigInt(64 - WIDTH[format]))
  return format === 'h' ? view.getFloat16(0) : format === 's' ? view.getFloat32(0) : view.getFloat64(0)
}
function bitsOf(format: FloatFormat, value: number): bigint {
  view.setBigUint64(0, 0n)
  if (format === 'h') view.setFloat16(0, value)
  else if (format === 's') view.setFloat32(0, value)
  else view.setFloat64(0, value)
  return view.getBigUint64(0) >> BigInt(64 - WIDTH[format])
}
const isSignaling = (format: FloatFormat, bits: bigint): boolean =>
  Number.isNaN(numberOf(format, bits)) && (bits & NAN[format]) !== NAN[format]
const box = (format: FloatFormat, bits: bigint): bigint =>
  format === 'd' ? bits : bits | ((1n << 64n) - (1n << BigInt(WIDTH[format])))

const low = (v: bigint): number => Number(BigInt.asIntN(32, v))
const high = (v: bigint): number => Number(BigInt.asIntN(32, v >> 32n))

const machine = createRiscv64Machine({ memoryBytes: 1 << 20 })
const hart = machine.createHart({ stackBytes: 4096 }) as HartState

/** Runs `id` on f8 and f9 in a rounding mode; rd is f10 or x10. */
function run(id: string, imm: number, rm: number, a: bigint, b: bigint): { x: bigint; f: bigint; flags: number } {
  const row = compiledRows.find((r) => r.id === id)
  if (row === undefined) throw new Error(id)
  const bits = encodeRow(row, { rd: 10, rs1: 8, rs2: 9, rm, imm })
  const code = machine.placeCode(Uint8Array.of(bits, bits >> 8, bits >> 16, bits >> 24))
  machine.reset(hart)
  machine.enter(hart, code, [])
  for (const [n, v] of [
    [8, a],
    [9, b],
  ] as const) {
    // biome-ignore format: table
    hart.x[128 + 2 * n] = low(v)
    hart.x[129 + 2 * n] = high(v)
  }
  hart.fcsr = 0
  hart.fuel = 1
  machine.run(hart)
  machine.memory.unmap(code, 4)
  expect(hart.fuel, `${id} is executed`).toBe(0)
  const register = (n: number): bigint => (BigInt(hart.x[n + 1] >>> 0) << 32n) | BigInt(hart.x[n] >>> 0)
  return { x: register(20), f: register(148), flags: hart.fcsr & 31 }
}

/** To an integral value by the mode (exact in doubles up to 2^53). */
function integral(x: number, rm: number): number {
  const down = Math.floor(x)
  const rest = x - down
  if (rest === 0 || !Number.isFinite(x)) return x
  const up = down + 1
  const nearest = rest < 0.5 ? down : rest > 0.5 ? up : rm === 4 ? (x < 0 ? down : up) : down % 2 === 0 ? down : up
  const result = [nearest, Math.trunc(x), down, up, nearest][rm]
  return result === 0 && (x < 0 || Object.is(x, -0)) ? -0 : result
}

for (const format of ['h', 's', 'd'] as const) {
  describe(`format ${format}`, () => {
    const random = new Random(WIDTH[format])
    const value = (): bigint => randomFloatBits(random, WIDTH[format])

    test('fli: the table of 25.1', () => {
      const least = { h: 2 ** -14, s: 2 ** -126, d: 2 ** -1022 }[format]
      // biome-ignore format: table
      const table = [
        -1, least, 2 ** -16, 2 ** -15, 2 ** -8, 2 ** -7, 0.0625, 0.125, 0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5,
        1.75, 2, 2.5, 3, 4, 8, 16, 128, 256, 32768, 65536, Infinity,
      ]
      table.forEach((x, i) => {
        expect(run(`fli_${format}`, i, 0, 0n, 0n), `${i}`).toMatchObject({
          f: box(format, bitsOf(format, x)),
          flags: 0,
        })
      })
      expect(run(`fli_${format}`, 31, 0, 0n, 0n)).toMatchObject({ f: box(format, NAN[format]), flags: 0 })
    })

    test('fminm, fmaxm: a NaN makes the canonical NaN; -0 is less than 0', () => {
      for (let i = 0; i < COUNT; i++) {
        const [a, b] = [value(), value()]
        const [x, y] = [numberOf(format, a), numberOf(format, b)]
        const flags = isSignaling(format, a) || isSignaling(format, b) ? NV : 0
        for (const [id, result] of [
          ['fminm', Math.min(x, y)],
          ['fmaxm', Math.max(x, y)],
        ] as const) {
          // biome-ignore format: table
          const want = Number.isNaN(result) ? NAN[format] : bitsOf(format, result)
          const at = `${id} ${a.toString(16)} ${b.toString(16)}`
          const got = run(`${id}_${format}`, 0, 0, box(format, a), box(format, b))
          expect([at, got.f, got.flags]).toEqual([at, box(format, want), flags])
        }
      }
    })

    test('fleq, fltq: quiet NaNs raise nothing', () => {
      for (let i = 0; i < COUNT; i++) {
        const a = value()
        const b = random.below(4) === 0 ? a : value()
        const [x, y] = [numberOf(format, a), numberOf(format, b)]
        const flags = isSignaling(format, a) || isSignaling(format, b) ? NV : 0
        for (const [id, result] of [
          ['fleq', x <= y],
          ['fltq', x < y],
        ] as const) {
          // biome-ignore format: table
          const at = `${id} ${a.toString(16)} ${b.toString(16)}`
          const got = run(`${id}_${format}`, 0, 0, box(format, a), box(format, b))
          expect([at, got.x, got.flags]).toEqual([at, result ? 1n : 0n, flags])
        }
      }
    })

    test('fround, froundnx: by each rounding mode', () => {
      for (let i = 0; i < COUNT; i++) {
        const a = random.below(2) === 0 ? value() : bitsOf(format, (random.below(4000) - 2000) / 8)
        const x = numberOf(format, a)
        const rm = random.below(5)
        const result = integral(x, rm)
        const nan = Number.isNaN(x)
        const want = nan ? NAN[format] : bitsOf(format, result)
        const invalid = isSignaling(format, a) ? NV : 0
        const at = `${a.toString(16)} mode ${rm}`
        const plain = run(`fround_${format}`, 0, rm, box(format, a), 0n)
        expect([at, plain.f, plain.flags]).toEqual([at, box(format, want), invalid])
        const exact = run(`froundnx_${format}`, 0, rm, box(format, a), 0n)
        expect([at, exact.f, exact.flags]).toEqual([at, box(format, want), nan || result === x ? invalid : NX])
      }
    })
  })
}

test('fcvtmod.w.d: truncated, modulo 2^32, signed; flags of fcvt.w.d', () => {
  const random = new Random(99)
  for (let i = 0; i < COUNT; i++) {
    const kind = random.below(3)
    const a =
      kind === 0 ? randomFloatBits(random, 64) : bitsOf('d', (random.next() - 2 ** 31) * 2 ** (random.below(100) - 40))
    const x = numberOf('d', a)
    const whole = Number.isFinite(x) ? BigInt(Math.trunc(x)) : 0n
    const inRange = x > -(2 ** 31) - 1 && x < 2 ** 31
    const flags = !inRange ? NV : Math.trunc(x) === x ? 0 : NX
    const got = run('fcvtmod_w_d', 0, 1, a, 0n)
    const at = `${x}`
    expect([at, got.x, got.flags]).toEqual([at, BigInt.asUintN(64, BigInt.asIntN(32, whole)), flags])
  }
})

test('the fast path leaves these operations to software', () => {
  for (const op of [
    'minm',
    'maxm',
    'leq',
    'ltq',
    'round',
    'roundnx',
    'mod_w',
    'li',
  ] as const satisfies readonly FloatOp[]) {
    for (const format of ['s', 'd'] as const) {
      const [a, b] = [box(format, bitsOf(format, 2.5)), box(format, bitsOf(format, -0.75))]
      const results = [-1, 0].map((fcsr) => {
        float(floatCode(op, format), 0, fcsr, low(a), high(a), low(b), high(b), 0, 0)
        return [resultLo, resultHi, raised]
      })
      expect(results[0], op).toEqual(results[1])
    }
  }
})
