import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EditList } from '../src/edits.ts'
import { allocIndex, allocIsReg, allocIsStack, allocReg, allocStack, preg } from '../src/interface.ts'
import { ParallelMoves } from '../src/moves.ts'

interface Move {
  from: number
  to: number
  cls: number
}

// Locations: five registers of two one-word classes and eight slots that both classes share (so that a cycle can run
// through both); the third class, two words wide, has its own registers and slots.
const REGS = 5
const SLOTS = 8
const SCRATCH = 60
const TEMP = 100

const location = (cls: number, k: number): number =>
  k < REGS ? allocReg(preg(cls, k)) : allocStack(cls === 2 ? 40 + 2 * (k - REGS) : k - REGS)

const someMoves = fc
  .array(fc.tuple(fc.nat(2), fc.nat(REGS + SLOTS - 1), fc.nat(REGS + SLOTS - 1)), { maxLength: 30, size: 'max' })
  .map((list): Move[] => {
    const written = new Set<number>()
    const moves: Move[] = []
    // A source has one value, so one class.
    const classOf = new Map<number, number>()
    for (const [cls, f, t] of list) {
      const from = location(cls, f)
      const to = location(cls, t)
      if (written.has(to) || (classOf.get(from) ?? cls) !== cls) continue
      written.add(to)
      classOf.set(from, cls)
      moves.push({ from, to, cls })
    }
    return moves
  })

/** Runs the sequentialized moves; returns what each location holds, named after the location that held it at first. */
function run(moves: Move[], free: (cls: number) => number): { state: Map<number, number>; edits: EditList } {
  const edits = new EditList(4)
  const parallel = new ParallelMoves({
    freeReg: free,
    victimReg: (cls) => preg(cls, 1),
    tempSlot: (cls, which) => TEMP + 4 * cls + 2 * which,
  })
  // Twice: the resolver has to forget the first set wholly.
  for (const point of [0, 1]) {
    for (const m of moves) parallel.add(m.from, m.to, m.cls)
    if (point === 1) edits.length = 0
    parallel.resolve(edits, point)
  }
  const state = new Map<number, number>()
  const read = (loc: number): number => state.get(loc) ?? loc
  for (let e = 0; e < edits.length; e++) {
    const from = edits.from[e]
    const to = edits.to[e]
    expect(allocIsReg(from) || allocIsReg(to)).toBe(true)
    for (const side of [from, to]) if (allocIsReg(side)) expect(allocIndex(side) >> 6).toBe(edits.cls[e])
    state.set(to, read(from))
  }
  return { state, edits }
}

function agrees(moves: Move[], free: (cls: number) => number): void {
  const { state } = run(moves, free)
  const temporary = (loc: number): boolean =>
    allocIsStack(loc) ? allocIndex(loc) >= TEMP : (allocIndex(loc) & 63) === SCRATCH
  for (const m of moves) expect(state.get(m.to) ?? m.to).toBe(m.from)
  const written = new Set(moves.map((m) => m.to))
  for (const [loc, value] of state) if (!written.has(loc) && !temporary(loc)) expect(value).toBe(loc)
}

test('the sequence does what the parallel moves say, with a free register', () => {
  fc.assert(
    fc.property(someMoves, (moves) => agrees(moves, (cls) => preg(cls, SCRATCH))),
    { numRuns: 2000 },
  )
})

test('the sequence does what the parallel moves say, without a free register', () => {
  fc.assert(
    fc.property(someMoves, (moves) => agrees(moves, () => -1)),
    { numRuns: 2000 },
  )
})

test('the sequence does what the parallel moves say, with a free register of one class only', () => {
  fc.assert(
    fc.property(someMoves, (moves) => agrees(moves, (cls) => (cls === 1 ? preg(cls, SCRATCH) : -1))),
    { numRuns: 2000 },
  )
})

test('permutations, which are nothing but cycles', () => {
  const permutation = fc
    .tuple(
      fc.shuffledSubarray(
        Array.from({ length: REGS + SLOTS }, (_, k) => k),
        { minLength: REGS + SLOTS },
      ),
      fc.nat(2),
    )
    .map(([p, cls]): Move[] => p.map((to, from) => ({ from: location(cls, from), to: location(cls, to), cls })))
  for (const free of [(cls: number) => preg(cls, SCRATCH), () => -1]) {
    fc.assert(
      fc.property(permutation, (moves) => agrees(moves, free)),
      { numRuns: 1000 },
    )
  }
})

test('a cycle of registers takes one extra move, a chain none', () => {
  const r = (k: number): number => allocReg(preg(0, k))
  const cycle = [0, 1, 2].map((k) => ({ from: r(k), to: r((k + 1) % 3), cls: 0 }))
  expect(run(cycle, (cls) => preg(cls, SCRATCH)).edits.length).toBe(4)
  const chain = [0, 1, 2].map((k) => ({ from: r(k), to: r(k + 1), cls: 0 }))
  expect(run(chain, (cls) => preg(cls, SCRATCH)).edits.length).toBe(3)
})

test('a large set of moves is resolved in linear time', () => {
  const n = 50_000
  const shift = Array.from({ length: n }, (_, k) => ({
    from: allocStack(1000 + k),
    to: allocStack(1000 + ((k + 1) % n)),
    cls: 0,
  }))
  const { edits } = run(shift, (cls) => preg(cls, SCRATCH))
  expect(edits.length).toBe(2 * n + 2)
})

test('two values for one location are refused', () => {
  const r = (k: number): number => allocReg(preg(0, k))
  const moves = [
    { from: r(0), to: r(2), cls: 0 },
    { from: r(1), to: r(2), cls: 0 },
  ]
  expect(() => run(moves, () => -1)).toThrow(/two values/)
})
