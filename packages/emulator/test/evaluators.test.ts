// The generated evaluator against the eager one, bit by bit: every row with semantics, random operands and states, memory included.
import { rows } from '@k23/isa-riscv64/insts'
import { HOST_CALL, PERM_NONE, PERM_READ, PERM_WRITE, TRAP, TRAP_ECALL, TRAP_ILLEGAL } from '@k23/machine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRiscv64Machine, type HartState } from '../src/riscv64/index.ts'
import { riscv64Semantics } from '../src/riscv64/semantics.ts'
import { type Access, type EagerState, executeEagerly } from '../src/semantics/eager.ts'
import type { EmulatedMemory } from '../src/memory.ts'
import { encodeRow, Random, randomFloat, randomImmediate, randomValue, semanticRows } from './states.ts'

const RUNS = process.env.K23_LONG === '1' ? 2000 : 60

// Two machines with the same layout: one runs the generated evaluator, the memory of the other is the eager evaluator's.
const machine = createRiscv64Machine({ memoryBytes: 1 << 22 })
const hart = machine.createHart({ stackBytes: 4096 }) as HartState
const eagerMachine = createRiscv64Machine({ memoryBytes: 1 << 22 })
const control = eagerMachine.createHart({ stackBytes: 4096 }) as HartState
const data = machine.memory.map(3 * 4096, PERM_READ | PERM_WRITE)
eagerMachine.memory.map(3 * 4096, PERM_READ | PERM_WRITE)
// The page behind may be read only, then comes a hole.
for (const m of [machine, eagerMachine]) m.memory.protect(data + 4096, 4096, PERM_READ)
for (const m of [machine, eagerMachine]) m.memory.protect(data + 8192, 4096, PERM_NONE)

function inData(random: Random): bigint {
  const offset = random.pick([0, 1, 7, 8, 4088, 4091, 4092, 4095, 4096, 8184, 8188, 8190, random.below(8192)])
  return BigInt(data + offset)
}

function sameBytes(a: EmulatedMemory, b: EmulatedMemory): boolean {
  return Buffer.compare(a.view(data, 8192), b.view(data, 8192)) === 0
}

test('every body belongs to a row', () => {
  expect(Object.keys(riscv64Semantics).filter((id) => !(id in rows))).toEqual([])
  expect(semanticRows.length).toBeGreaterThan(120)
})

for (const row of semanticRows) {
  test(row.id, () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed)
        const operands: Record<string, number> = {}
        for (const o of row.operands) {
          operands[o.name] = o.entry.kind === 'register' ? random.below(32) : randomImmediate(random, o)
          if (o.name === 'csr') operands[o.name] = random.pick([1, 2, 3, 0xc00, 0xc02, 0x300, 0x7ff])
        }
        const state: EagerState = {
          x: Array.from({ length: 32 }, () => randomValue(random)),
          pc: 0n,
          reservation: 0n,
          f: Array.from({ length: 32 }, () => randomFloat(random, row)),
        }
        state.x[0] = 0n
        const touches = row.attrs.load ?? row.attrs.store
        if (touches !== undefined) {
          const offset = BigInt(operands.offset ?? 0)
          let address = random.below(8) === 0 ? randomValue(random) : BigInt.asUintN(64, inData(random) - offset)
          if (row.attrs.feature === 'A' && random.below(4) !== 0) address &= ~7n
          if (operands.rs1 !== 0) state.x[operands.rs1] = address
          if (random.below(2) === 0) state.reservation = address | BigInt(touches === 4 ? 1 : 2)
        }
        const bits = encodeRow(row, operands)
        const code = machine.placeCode(Uint8Array.of(bits, bits >>> 8, bits >>> 16, bits >>> 24))
        state.pc = BigInt(code)
        const fill = random.next()
        for (const m of [machine, eagerMachine]) {
          const bytes = m.memory.view(data, 8192)
          for (let i = 0; i < 8192; i += 61) bytes[i] = fill >>> (i & 31)
        }

        machine.reset(hart)
        machine.enter(hart, code, [])
        for (let r = 0; r < 32; r++) {
          hart.writeRegister(r, Number(BigInt.asIntN(32, state.x[r])), Number(BigInt.asIntN(32, state.x[r] >> 32n)))
          hart.x[128 + 2 * r] = Number(BigInt.asIntN(32, state.f[r]))
          hart.x[129 + 2 * r] = Number(BigInt.asIntN(32, state.f[r] >> 32n))
        }
        hart.reservationLo = Number(BigInt.asIntN(32, state.reservation))
        hart.reservationHi = Number(BigInt.asIntN(32, state.reservation >> 32n))
        hart.fcsr = control.fcsr = (random.below(5) << 5) | random.below(32)
        control.instructions = hart.instructions
        hart.fuel = 1
        const before = { ...state, x: [...state.x], f: [...state.f] }
        const reason = machine.run(hart)

        const accesses: Access[] = []
        const outcome = executeEagerly(
          { body: riscv64Semantics[row.id], length: row.length, operands },
          state,
          eagerMachine.memory,
          control,
          (a) => accesses.push(a),
        )

        if (outcome.kind === 'trap') {
          expect(reason.kind).toBe(TRAP)
          expect(reason.trapKind).toBe(outcome.trap === 'illegal' ? TRAP_ILLEGAL : outcome.trap)
          if (outcome.trap !== 'illegal') expect(reason.address).toBe(Number(outcome.address))
          expect(reason.pc).toBe(code)
          expect(hart.fuel).toBe(1)
          expect(state).toEqual(before)
        } else if (outcome.kind === 'exit') {
          if (outcome.exit === 'ecall') expect(reason.trapKind).toBe(TRAP_ECALL)
          else expect(reason.kind).not.toBe(HOST_CALL)
        } else {
          expect(hart.pc).toBe(Number(state.pc))
          expect(hart.fuel).toBe(0)
        }
        for (let r = 0; r < 32; r++) {
          const { lo, hi } = hart.readRegister(r)
          expect(`x${r} ${((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toString(16)}`).toBe(
            `x${r} ${state.x[r].toString(16)}`,
          )
          const f = (BigInt(hart.x[129 + 2 * r] >>> 0) << 32n) | BigInt(hart.x[128 + 2 * r] >>> 0)
          expect(`f${r} ${f.toString(16)}`).toBe(`f${r} ${state.f[r].toString(16)}`)
        }
        expect([hart.reservationLo >>> 0, hart.reservationHi >>> 0]).toEqual([
          Number(state.reservation & 0xffffffffn),
          Number(state.reservation >> 32n),
        ])
        expect(hart.fcsr).toBe(control.fcsr)
        expect(sameBytes(machine.memory, eagerMachine.memory)).toBe(true)
        checkRoles(row.id, operands, accesses, outcome.kind === 'next')
        machine.memory.unmap(code, 4)
      }),
      { numRuns: RUNS },
    )
  })
}

/** What the instruction touched against what its row says. */
function checkRoles(
  id: string,
  operands: Record<string, number>,
  accesses: readonly Access[],
  completed: boolean,
): void {
  const row = semanticRows.find((r) => r.id === id)
  if (row === undefined) throw new Error(id)
  const touched = (what: Access['what']): string[] =>
    [...new Set(accesses.filter((a) => a.what === what).map((a) => a.operand ?? ''))].sort()
  const declared = (roles: readonly string[]): string[] =>
    row.operands
      .filter((o) => o.entry.kind === 'register' && roles.includes(o.role))
      .map((o) => o.name)
      .sort()
  const reads = declared(['use', 'lateuse', 'readwrite'])
  const writes = declared(['def', 'earlydef', 'readwrite'])
  expect(touched('read')).toEqual(reads)
  if (completed) expect(touched('write')).toEqual(writes)
  for (const access of accesses) {
    if (access.what === 'load') expect(access.size).toBe(row.attrs.load)
    if (access.what === 'store') expect(access.size).toBe(row.attrs.store)
  }
  if (completed && row.attrs.load !== undefined) expect(accesses.some((a) => a.what === 'load')).toBe(true)
  if (completed && row.attrs.store !== undefined && !id.startsWith('sc_'))
    expect(accesses.some((a) => a.what === 'store')).toBe(true)
  if (operands.rd === 0) expect(hart.readRegister(0)).toEqual({ lo: 0, hi: 0 })
}
