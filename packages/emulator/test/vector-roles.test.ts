// What vector rows declare against what they do: nothing but the declared definitions changes, and nothing but the declared uses matters. Each case runs
// twice, the second time with everything that the row does not say to read set to other values, an old vd that is only defined among them.
import type { CompiledRow } from '@k23/machinst/rows'
import { expect, test } from 'vitest'
import { HartState, SINK } from '../src/riscv64/hart.ts'
import { vectorRows } from '../src/gen/riscv64-vector.ts'
import { vectorOperations } from '../src/riscv64/vector/table.ts'
import { DONE, evaluateVector } from '../src/riscv64/vector/unit.ts'
import { EmulatedMemory } from '../src/memory.ts'
import { PERM_READ, PERM_WRITE } from '@k23/machine'
import { Random } from './states.ts'
import { randomCase, SCRATCH_MIDDLE, slotWords, vectorCompiled, type VectorCase } from './vector-states.ts'

const CASES = process.env.K23_LONG === '1' ? 200 : 12

const memory = new EmulatedMemory(1 << 20)
const page = memory.map(4096, PERM_READ | PERM_WRITE)

/** Vector registers that an operand may name: the widest group that cases here have; accesses of wide elements take more. */
const groupOf = (row: CompiledRow): number => ((row.attrs.load ?? row.attrs.store) === undefined ? 4 : 8)

interface State {
  readonly bytes: Uint8Array
  readonly x: Int32Array
}

/** What is accrued and what rounds, for floats and for fixed point. */
interface Modes {
  readonly fcsr: number
  readonly vxrm: number
}

interface Executed {
  readonly outcome: number
  readonly after: State
  readonly memory: Uint8Array
  readonly fcsr: number
  readonly vxsat: number
}

function execute(number: number, c: VectorCase, state: State, modes: Modes): Executed {
  const hart = new HartState(0, 0, 0)
  hart.vector.configure(c.vtype, 0, c.avl)
  hart.fcsr = modes.fcsr
  hart.vector.vxrm = modes.vxrm
  hart.vector.bytes.set(state.bytes)
  hart.x.set(state.x)
  memory.view(page, c.scratch.length).set(c.scratch)
  const outcome = hart.vector.vill ? -1 : evaluateVector(hart, number, ...slotWords(c), memory)
  return {
    outcome,
    after: { bytes: hart.vector.bytes, x: hart.x },
    memory: memory.view(page, c.scratch.length).slice(),
    fcsr: hart.fcsr,
    vxsat: hart.vector.vxsat,
  }
}

/** Rows that compute with floats; those that round fixed-point numbers (31.12.2-5); those that clamp them (31.12.1, 31.12.3, 31.12.5). */
const computesFloats = (id: string): boolean => /^v(f|mf)/.test(id) && !/^v(fmv|fmerge|fslide1|fsgnj|fclass)/.test(id)
const roundsFixed = (id: string): boolean => /^v(aadd|asub|smul|ssr[la]|nclip)/.test(id)
const clamps = (id: string): boolean => /^v(sadd|ssub|smul|nclip)/.test(id)

test('vector rows read and write what they declare', () => {
  const random = new Random(271)
  let cases = 0
  const flagged = new Set<string>()
  const clamped = new Set<string>()
  for (const [number, row] of vectorCompiled.entries()) {
    let found = 0
    for (let tries = 0; found < CASES && tries < 60 * CASES; tries++) {
      const c = randomCase(random, row)
      const state: State = { bytes: new Uint8Array(512), x: new Int32Array(192) }
      for (let i = 0; i < 512; i++) state.bytes[i] = random.next()
      state.bytes.set(c.v)
      for (let i = 2; i < 192; i++) if (i !== SINK && i !== SINK + 1) state.x[i] = random.next()
      c.x.forEach((v, i) => {
        const value = i === 0 && c.accesses ? v + BigInt(page + SCRATCH_MIDDLE) : v
        state.x[20 + 2 * i] = Number(BigInt.asIntN(32, value))
        state.x[21 + 2 * i] = Number(BigInt.asIntN(32, value >> 32n))
      })
      const modes: Modes = { fcsr: c.fcsr, vxrm: c.vcsr >> 1 }
      const first = execute(number, c, state, modes)
      if (first.outcome !== DONE) continue
      found++

      // Words of hart.x and bytes of vector registers by operand.
      const xOf = (roles: readonly string[]): Set<number> =>
        new Set(
          row.operands.flatMap(({ name, role, entry }) => {
            if (entry.kind !== 'register' || entry.bank === 2 || !roles.includes(role)) return []
            const at = entry.bank * 128 + 2 * c.operands[name]
            return [at, at + 1]
          }),
        )
      const vOf = (roles: readonly string[]): Set<number> =>
        new Set(
          row.operands.flatMap(({ name, role, entry }) => {
            if (entry.kind !== 'register' || entry.bank !== 2 || !roles.includes(role)) return []
            const registers = entry.width === 0 ? 1 : groupOf(row)
            return Array.from({ length: 16 * registers }, (_, i) => 16 * c.operands[name] + i)
          }),
        )
      const uses = ['use', 'lateuse', 'readwrite']
      const defs = ['def', 'earlydef', 'readwrite']
      const [xUses, vUses, xDefs, vDefs] = [xOf(uses), vOf(uses), xOf(defs), vOf(defs)]
      const isX = (i: number): boolean => i > 1 && i !== SINK && i !== SINK + 1
      for (let i = 0; i < 192; i++) {
        if (isX(i) && !xDefs.has(i) && first.after.x[i] !== state.x[i]) throw new Error(`${row.id} writes x word ${i}`)
      }
      for (let i = 0; i < 512; i++) {
        if (!vDefs.has(i) && first.after.bytes[i] !== state.bytes[i])
          throw new Error(`${row.id} writes vector byte ${i}`)
      }

      const other: State = { bytes: state.bytes.slice(), x: state.x.slice() }
      for (let i = 0; i < 192; i++) if (isX(i) && !xUses.has(i)) other.x[i] = random.next()
      for (let i = 0; i < 512; i++) if (!vUses.has(i)) other.bytes[i] = random.next()
      const second = execute(number, c, other, {
        fcsr: computesFloats(row.id) ? c.fcsr : random.below(5) << 5,
        vxrm: roundsFixed(row.id) ? modes.vxrm : random.below(4),
      })
      if (first.fcsr !== c.fcsr) flagged.add(row.id)
      if (first.vxsat !== 0) clamped.add(row.id)
      expect([row.id, second.outcome]).toEqual([row.id, DONE])
      for (const i of xDefs) {
        if (isX(i) && second.after.x[i] !== first.after.x[i])
          throw new Error(`${row.id}: x word ${i} depends on what is not declared`)
      }
      for (const i of vDefs) {
        // A bit is either computed, the same both times, or kept, as it was each time.
        const differs = first.after.bytes[i] ^ second.after.bytes[i]
        const changed = (first.after.bytes[i] ^ state.bytes[i]) | (second.after.bytes[i] ^ other.bytes[i])
        if ((differs & changed) !== 0) throw new Error(`${row.id}: vector byte ${i} depends on what is not declared`)
      }
      expect([row.id, Buffer.compare(first.memory, second.memory)]).toEqual([row.id, 0])
      const stores = Buffer.compare(first.memory, c.scratch) !== 0
      if (stores) expect(row.attrs.store, row.id).toBeGreaterThan(0)
      cases++
    }
    if (found < CASES) throw new Error(`${row.id}: only ${found} legal cases`)
  }
  expect([...flagged].filter((id) => !computesFloats(id))).toEqual([])
  expect([...clamped].filter((id) => !clamps(id))).toEqual([])
  // Nearly every row that can was seen to do so.
  const ids = vectorCompiled.map((r) => r.id)
  expect(flagged.size / ids.filter(computesFloats).length).toBeGreaterThan(0.8)
  expect(clamped.size / ids.filter(clamps).length).toBeGreaterThan(0.8)
  console.info(`${vectorCompiled.length} vector rows against their declared operands, ${cases} cases`)
})

test('access sizes are those of the elements', () => {
  vectorCompiled.forEach((row, i) => {
    const operation = vectorOperations[vectorRows[i][0]]
    const isAccess = operation.kind === 'load' || operation.kind === 'store'
    const bytes =
      !isAccess || !('log' in operation)
        ? undefined
        : operation.shape === 'whole'
          ? 16
          : 1 << Math.max(operation.log - 3, 0)
    expect([row.id, row.attrs.load, row.attrs.store]).toEqual([
      row.id,
      operation.kind === 'load' ? bytes : undefined,
      operation.kind === 'store' ? bytes : undefined,
    ])
  })
})
