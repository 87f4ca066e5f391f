// Random states and operands for tests of vector instructions. Cases use v0-v7, x10-x13, f8-f9, and groups of up to two registers (four for
// wide operands), so that a case is small; the bytes that loads and stores may touch are around x10.
import type { CompiledRow } from '@k23/machinst/rows'
import { vectorRows } from '../src/gen/riscv64-vector.ts'
import type { EmulatedMemory } from '../src/memory.ts'
import { type HartState, SINK } from '../src/riscv64/hart.ts'
import { evaluateVector, ILLEGAL } from '../src/riscv64/vector/unit.ts'
import { compiledRows, type Random, randomFloatBits, randomImmediate, randomValue } from './states.ts'

/** Vector rows with the operation that unit.ts runs for them, in the order of vectorRows. */
export const vectorCompiled: readonly CompiledRow[] = ((): CompiledRow[] => {
  const ids = vectorRows.map(([base, , masked]) => (masked ? `${base}_m` : base))
  return ids.map((id) => {
    const row = compiledRows.find((r) => r.id === id)
    if (row === undefined) throw new Error(id)
    return row
  })
})()

export const SCRATCH_BYTES = 640
/** Where x10 points in the scratch bytes. */
export const SCRATCH_MIDDLE = 288

export interface VectorCase {
  readonly row: CompiledRow
  readonly operands: Readonly<Record<string, number>>
  readonly vtype: number
  readonly avl: number
  readonly fcsr: number
  readonly vcsr: number
  /** x10 (offset from the middle of the scratch bytes where the row accesses memory), x11, x12, x13. */
  readonly x: readonly bigint[]
  readonly accesses: boolean
  readonly f: readonly bigint[]
  /** v0-v7. */
  readonly v: Uint8Array
  readonly scratch: Uint8Array
}

/** Elements that make something happen: floats for float rows, small numbers as indices, edges. */
function fillVectors(random: Random, row: CompiledRow, sew: number): Uint8Array {
  const v = new Uint8Array(128)
  const view = new DataView(v.buffer)
  const float = /^v(m?f)/.test(row.id)
  const small = /gather|compress/.test(row.id)
  const set = (at: number, width: number, value: bigint): void => {
    for (let i = 0; i < width / 8; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn))
  }
  for (let register = 0; register < 8; register++) {
    const at = 16 * register
    for (let i = 0; i < 16; i++) v[at + i] = random.next()
    if (register === 0 && random.below(2) === 0) continue
    const width = float ? random.pick([sew, sew, Math.min(2 * sew, 64)]) : sew
    for (let e = 0; e < 128 / width; e++) {
      const value = small
        ? BigInt(random.below(20))
        : float && width >= 16 && random.below(8) !== 0
          ? randomFloatBits(random, width)
          : random.below(3) === 0
            ? (1n << BigInt(width - 1)) - BigInt(random.below(2))
            : randomValue(random)
      if (random.below(8) !== 0) set(at + (e * width) / 8, width, value)
    }
  }
  return v
}

/** A state and operands; whether the instruction is legal in it is for the caller to find out. */
export function randomCase(random: Random, row: CompiledRow): VectorCase {
  const sewLog = 3 + random.below(4)
  const lmul = random.pick([0, 0, 0, 0, 1, 5, 6, 7, 7])
  const vtype = lmul | ((sewLog - 3) << 3) | (random.below(4) << 6)
  const operands: Record<string, number> = {}
  for (const o of row.operands) {
    if (o.entry.kind === 'immediate') operands[o.name] = o.entry.state ? 0 : randomImmediate(random, o)
    else if (o.entry.bank === 2) operands[o.name] = o.entry.width === 0 ? 0 : random.pick([0, 1, 2, 3, 4, 4, 5, 6, 7])
    else if (o.entry.bank === 1) operands[o.name] = 8 + random.below(2)
    else operands[o.name] = random.pick([0, 10, 11, 12, 13, 13])
    if (o.name === 'vtype') operands[o.name] = random.below(6) === 0 ? randomImmediate(random, o) : vtype
  }
  const accesses = row.attrs.load !== undefined || row.attrs.store !== undefined
  const x = [0, 1, 2, 3].map((i) => (i > 0 && random.below(2) === 0 ? BigInt(random.below(20)) : randomValue(random)))
  if (accesses) {
    operands.rs1 = 10
    if ('rs2' in operands) operands.rs2 = 11
    x[0] = BigInt(random.below(16))
    x[1] = BigInt.asUintN(64, BigInt(random.pick([0, 1, 2, 4, 8, -1, -4, -8, 3])))
  }
  const width = 8 << (sewLog - 3)
  const boxed = width === 64 ? 0n : (1n << 64n) - (1n << BigInt(Math.max(width, 16)))
  const f = [0, 1].map(() =>
    random.below(10) === 0 ? randomValue(random) : boxed | randomFloatBits(random, Math.max(width, 16)),
  )
  const scratch = new Uint8Array(SCRATCH_BYTES)
  for (let i = 0; i < scratch.length; i++) scratch[i] = random.next()
  return {
    row,
    operands,
    vtype,
    avl: random.below(3) === 0 ? random.below(9) : 40,
    fcsr: (random.below(5) << 5) | (random.below(2) === 0 ? 0 : random.below(32)),
    vcsr: random.below(8),
    x,
    accesses,
    f,
    v: fillVectors(random, row, width),
    scratch,
  }
}

/** Words of a slot for a case: vd, rd or vs3; vs1, rs1 or an immediate; vs2, rs2 or vtype. */
export function slotWords(c: VectorCase): [number, number, number] {
  const word = (...names: string[]): number => {
    const operand = c.row.operands.find((o) => names.includes(o.name))
    if (operand === undefined) return 0
    const value = c.operands[operand.name]
    return operand.entry.kind === 'register' ? (operand.entry.bank * 64 + value) * 2 : value
  }
  const p1 = word('vd', 'rd', 'vs3')
  return [p1 === 0 ? SINK : p1, word('vs1', 'rs1', 'imm', 'avl'), word('vs2', 'rs2', 'vtype')]
}

/** True if this emulator executes the case; `number` is the row's position in vectorCompiled. */
export function isLegal(hart: HartState, memory: EmulatedMemory, number: number, c: VectorCase): boolean {
  hart.vector.configure(c.vtype, 0, c.avl)
  if (hart.vector.vill) return false
  hart.fcsr = 0
  return evaluateVector(hart, number, ...slotWords(c), memory) !== ILLEGAL
}
