// rcp and rsqrt: what the manual promises (relative error, special operands), of the emulator and of this CPU. Their low bits differ from CPU to CPU.
import { expect, test } from 'vitest'
import { rcp32, rsqrt32 } from '../src/float/x86.ts'
import { Random, randomFloatBits } from './states.ts'
import { type CpuResult, runOnCpu, whyNoCpu } from './x64-cpu.ts'
import { randomCase, semanticRows, type X64Case } from './x64-states.ts'

const BOUND = 1.5 * 2 ** -12
const view = new DataView(new ArrayBuffer(4))
const single = (bits: number): number => {
  view.setInt32(0, bits)
  return view.getFloat32(0)
}

/** Why `result` is not what the manual promises; undefined if it is. */
function wrong(name: 'rcp' | 'rsqrt', bits: number, result: number): string | undefined {
  const x = single(bits)
  const r = single(result)
  const sign = bits & 0x80000000
  const is = (wanted: number): string | undefined =>
    result === (wanted | 0) ? undefined : `${(result >>> 0).toString(16)}, not ${(wanted >>> 0).toString(16)}`
  if (Number.isNaN(x)) return is(bits | 0x400000)
  if (Math.abs(x) < 2 ** -126) return is(sign | 0x7f800000)
  if (name === 'rsqrt' && x < 0) return is(0xffc00000)
  const exact = name === 'rcp' ? 1 / x : 1 / Math.sqrt(x)
  // Between these bounds a CPU may flush or not.
  if (Math.abs(exact) < 2 ** -126 * 1.001) return r === 0 && Object.is(r, x < 0 ? -0 : 0) ? undefined : error(r, exact)
  return error(r, exact)
}

function error(r: number, exact: number): string | undefined {
  const relative = Math.abs(r / exact - 1)
  return relative <= BOUND ? undefined : `relative error ${relative}`
}

function* operands(): Generator<number> {
  const random = new Random(99)
  for (let k = 0; k < 20_000; k++) yield Number(BigInt.asIntN(32, randomFloatBits(random, 32)))
}

test('of the emulator', () => {
  for (const bits of operands()) {
    expect([bits, wrong('rcp', bits, rcp32(bits))]).toEqual([bits, undefined])
    expect([bits, wrong('rsqrt', bits, rsqrt32(bits))]).toEqual([bits, undefined])
  }
})

const missing = whyNoCpu()
test.skipIf(missing !== undefined)(`of this CPU${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  const rows = semanticRows.filter((row) => /^(rcp|rsqrt)ps_rr$/.test(row.id))
  expect(rows.length).toBe(2)
  for (const row of rows) {
    const random = new Random(7)
    const cases = Array.from({ length: 2000 }, (_, i) => randomCase(random, row, i))
    const results: CpuResult[] = runOnCpu(cases)
    cases.forEach((c: X64Case, i) => {
      const { src, dst } = c.operands
      if (src.kind !== 'xmm' || dst.kind !== 'xmm') throw new Error(c.text)
      for (let k = 0n; k < 4n; k++) {
        const lane = (v: bigint): number => Number(BigInt.asIntN(32, v >> (32n * k)))
        const bits = lane(c.xmm[src.number])
        const name = row.id.startsWith('rcp') ? 'rcp' : 'rsqrt'
        expect([bits, wrong(name, bits, lane(results[i].xmm[dst.number]))]).toEqual([bits, undefined])
      }
    })
  }
})
