// Zicond, which qemu 7.2 does not have, by the manual's definition (12.1): czero.eqz is 0 where rs2 is 0, else rs1; czero.nez the other way round.
import { expect, test } from 'vitest'
import { createRiscv64Machine } from '../src/riscv64/index.ts'
import { oracleOf } from './oracles.ts'
import { compiledRows, encodeRow, Random, randomValue } from './states.ts'

const low = (v: bigint): number => Number(BigInt.asIntN(32, v))
const high = (v: bigint): number => Number(BigInt.asIntN(32, v >> 32n))

test.each([
  ['czero_eqz', (x: bigint, y: bigint) => (y === 0n ? 0n : x)],
  ['czero_nez', (x: bigint, y: bigint) => (y !== 0n ? 0n : x)],
] as const)('%s', (id, meaning) => {
  const row = compiledRows.find((r) => r.id === id)
  if (row === undefined) throw new Error(id)
  const machine = createRiscv64Machine({ memoryBytes: 1 << 20 })
  const hart = machine.createHart({ stackBytes: 4096 })
  const random = new Random(12)
  for (let i = 0; i < 300; i++) {
    const [x, y] = [randomValue(random), random.below(3) === 0 ? 0n : randomValue(random)]
    const rd = random.pick([10, 11, 12])
    const bits = encodeRow(row, { rd, rs1: 11, rs2: 12 })
    const code = machine.placeCode(Uint8Array.of(bits, bits >> 8, bits >> 16, bits >> 24))
    machine.enter(hart, code, [])
    hart.writeRegister(11, low(x), high(x))
    hart.writeRegister(12, low(y), high(y))
    hart.fuel = 1
    machine.run(hart)
    machine.reset(hart)
    machine.removeCode(code)
    const got = hart.readRegister(rd)
    expect([x, y, got.lo, got.hi]).toEqual([x, y, low(meaning(x, y)), high(meaning(x, y))])
  }
})

test('by the manual alone: Zfa (zfa.test.ts), Zvbb (vector.test.ts), and what is above', () => {
  const rows = compiledRows.filter((r) => oracleOf(r) === 'manual')
  const others = rows.filter((r) => !/^Zfa|Zvbb/.test(r.attrs.feature ?? ''))
  expect(others.map((r) => r.id)).toEqual(['czero_eqz', 'czero_nez'])
  expect(compiledRows.filter((r) => oracleOf(r) === undefined).map((r) => r.id)).toEqual([])
})
