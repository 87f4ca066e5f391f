// Registers for the operands of one instruction, as if nothing else lived in registers; what does live there is a
// matter of preference only.
//
// Problem. Each instruction has two phases, early and late. An early use occupies its register in the early phase, a
// late def and a clobber in the late phase, an early def and a late use in both; a def that reuses the register of a
// use occupies it in both, first with the one value and then with the other. Uses of one value may share a register.
// Some operands are fixed, some limited to low registers.
//
// Idea. Fixed operands and clobbers first; then the others greedily, most constrained first: small limits before large
// ones, both phases before one phase; an operand of one phase prefers a register that is taken in the other phase
// anyway. Where that fails, an exhaustive search, bounded in steps.
//
// Invariant: after `assign`, every operand with a constraint other than ANY and STACK has a register in `allocs`.
import { bug } from '@k23/entity'
import type { AllocInput, MachineEnv } from './interface.ts'
import {
  ANY,
  FIXED,
  LIMIT,
  NO_VREG,
  NUM_CLASSES,
  NUM_PREGS,
  REUSE,
  STACK,
  allocReg,
  opClass,
  opConstraint,
  opIsDef,
  opIsLate,
  opPayload,
} from './interface.ts'

const EARLY = 1
const LATE = 2
const BOTH = 3
/** Occupant of a register that nothing may share. */
const TAKEN = -1
const SEARCH_STEPS = 20000

/** What lives in registers after the instruction, and has to be saved from a register that an operand takes. */
export interface Residents {
  /** The virtual register in a register, or -1. */
  residentIn(reg: number): number
  /** The register of a virtual register, or -1. */
  registerOf(vreg: number): number
  /** When a register was last touched; the resident that has not been touched for longest is the first to go. */
  lastTouched(reg: number): number
}

export const NOBODY: Residents = { residentIn: () => -1, registerOf: () => -1, lastTouched: () => 0 }

/** What follows from a machine's lists of registers. */
export interface MachineTables {
  /** Per class: registers in order of preference. */
  readonly order: readonly Int32Array[]
  readonly allocatable: Uint8Array
  /** Per register: 1 << its place in the order, 0 from the 32nd place on and for registers that are not allocatable. */
  readonly bitOf: Int32Array
  /** Per class: all its bits. */
  readonly allBits: Int32Array
  // Work arrays of whoever allocates for the machine; one at a time.
  readonly early: Int32Array
  readonly late: Int32Array
  readonly touched: Int32Array
}

let lastTables: { env: MachineEnv; tables: MachineTables } | undefined

/** The tables of a machine: made once for all functions that are compiled for it. */
export function machineTables(env: MachineEnv): MachineTables {
  if (lastTables?.env === env) return lastTables.tables
  const order: Int32Array[] = []
  const tables = {
    order,
    allocatable: new Uint8Array(NUM_PREGS),
    bitOf: new Int32Array(NUM_PREGS),
    allBits: new Int32Array(NUM_CLASSES),
    early: new Int32Array(NUM_PREGS),
    late: new Int32Array(NUM_PREGS),
    touched: new Int32Array(NUM_PREGS * 4),
  }
  for (let c = 0; c < NUM_CLASSES; c++) {
    order.push(Int32Array.from([...(env.preferred[c] ?? []), ...(env.nonPreferred[c] ?? [])]))
    order[c].forEach((r, k) => {
      tables.allocatable[r] = 1
      tables.bitOf[r] = k < 32 ? 1 << k : 0
      tables.allBits[c] |= tables.bitOf[r]
    })
  }
  lastTables = { env, tables }
  return tables
}

/** Assigns registers, one instruction at a time. */
export class InstAssigner {
  /**
   * Per register, 1 + the virtual register that it holds in the early phase; 0 free, TAKEN not shareable. Valid until
   * the next `assign`.
   */
  early: Int32Array
  late: Int32Array
  private order: readonly Int32Array[]
  private allocatable: Uint8Array
  private touched: Int32Array
  private numTouched = 0
  private input: AllocInput
  private allocs: Int32Array
  // The operands that are not fixed. `itemTied`: the def that takes the register over from this use, or -1.
  private itemOp = new Int32Array(8)
  private itemTied = new Int32Array(8)
  private itemPhases = new Uint8Array(8)
  private itemLimit = new Uint8Array(8)
  private numItems = 0
  private steps = 0

  private readonly residents: Residents

  constructor(input: AllocInput, env: MachineEnv, allocs: Int32Array, residents: Residents) {
    this.residents = residents
    this.input = input
    this.allocs = allocs
    const tables = machineTables(env)
    this.order = tables.order
    this.allocatable = tables.allocatable
    this.early = tables.early.fill(0)
    this.late = tables.late.fill(0)
    this.touched = tables.touched
  }

  /** Readies it for another function. */
  start(input: AllocInput, env: MachineEnv, allocs: Int32Array): void {
    this.input = input
    this.allocs = allocs
    const tables = machineTables(env)
    this.order = tables.order
    this.allocatable = tables.allocatable
    this.early = tables.early.fill(0)
    this.late = tables.late.fill(0)
    this.touched = tables.touched
    this.numTouched = 0
    this.numItems = 0
  }

  /**
   * Assigns all operands of instruction `i` that need a register. `tiedDef[k]` for the k-th operand of the instruction is the operand index of
   * the def that reuses it, or -1.
   */
  assign(i: number, tiedDef: Int32Array): void {
    const { opStart, opVReg, opDesc, clobbers, clobberSets } = this.input
    const { allocs } = this
    this.reset()
    const first = opStart[i]
    const end = opStart[i + 1]
    if (clobbers[i] >= 0) this.blockClobbers(clobberSets[clobbers[i]])
    for (let o = first; o < end; o++) {
      const d = opDesc[o]
      const c = opConstraint(d)
      const tied = tiedDef[o - first]
      if (c === FIXED) {
        allocs[o] = allocReg(opPayload(d))
        if (opVReg[o] === NO_VREG) continue
        const phases = this.phases(o, tied)
        if (!this.fits(o, tied, phases, 256, opPayload(d))) this.fail(o, i, 'its fixed register is taken')
        this.occupy(o, tied, phases, opPayload(d))
      } else if (c !== STACK && (c !== ANY || tied >= 0) && c !== REUSE) {
        this.addItem(o, tied, this.phases(o, tied), c === LIMIT ? opPayload(d) : 64)
      }
    }
    for (let k = 0; k < this.numItems; k++) {
      const r = this.pick(k)
      if (r < 0) {
        this.search(i)
        return
      }
      this.occupy(this.itemOp[k], this.itemTied[k], this.itemPhases[k], r)
    }
  }

  /** Forgets the last instruction. */
  reset(): void {
    const { early, late, touched } = this
    for (let t = 0; t < this.numTouched; t++) {
      early[touched[t]] = 0
      late[touched[t]] = 0
    }
    this.numTouched = 0
    this.numItems = 0
  }

  /** Registers that operands or clobbers of the last instruction have touched. */
  get numTouchedRegs(): number {
    return this.numTouched
  }

  touchedReg(k: number): number {
    return this.touched[k]
  }

  /**
   * Takes a register that is still free in both phases, for a use of `v` (v >= 0) or for a def (-1) in the given
   * phases.
   */
  takeFree(r: number, v: number, inEarly: boolean, inLate: boolean): void {
    this.touch(r)
    if (inEarly) this.early[r] = v < 0 ? TAKEN : v + 1
    if (inLate) this.late[r] = v < 0 ? TAKEN : v + 1
  }

  private phases(o: number, tied: number): number {
    const d = this.input.opDesc[o]
    if (tied >= 0) return BOTH
    return opIsDef(d) === opIsLate(d) ? (opIsDef(d) ? LATE : EARLY) : BOTH
  }

  private blockClobbers(set: Int32Array): void {
    for (let w = 0; w < set.length; w++) {
      let bits = set[w]
      while (bits !== 0) {
        const r = (w << 5) + (31 - Math.clz32(bits & -bits))
        bits &= bits - 1
        this.touch(r)
        this.late[r] = TAKEN
      }
    }
  }

  private touch(r: number): void {
    if (this.early[r] === 0 && this.late[r] === 0) this.touched[this.numTouched++] = r
  }

  /** May operand `o` (and the def tied to it) be in register `r`? */
  private fits(o: number, tied: number, phases: number, limit: number, r: number): boolean {
    if ((r & 63) >= limit) return false
    const desc = this.input.opDesc
    const holder = this.input.opVReg[o] + 1
    const e = this.early[r]
    const l = this.late[r]
    if (opIsDef(desc[o])) return l === 0 && (phases === LATE || e === 0)
    if (tied >= 0) return l === 0 && (e === 0 || (e === holder && opIsLate(desc[tied])))
    if (e !== 0 && e !== holder) return false
    return phases === EARLY || l === 0 || l === holder
  }

  private occupy(o: number, tied: number, phases: number, r: number): void {
    this.touch(r)
    const desc = this.input.opDesc
    const isDef = opIsDef(desc[o])
    const holder = isDef ? TAKEN : this.input.opVReg[o] + 1
    if ((phases & EARLY) !== 0) this.early[r] = tied >= 0 && !opIsLate(desc[tied]) ? TAKEN : holder
    if ((phases & LATE) !== 0) this.late[r] = tied >= 0 ? TAKEN : holder
    this.allocs[o] = allocReg(r)
    if (tied >= 0) this.allocs[tied] = allocReg(r)
  }

  /**
   * Inserts an item in the order in which items are placed: small limits first, both phases before one, uses with ties
   * first of all those.
   */
  private addItem(o: number, tied: number, phases: number, limit: number): void {
    let k = this.numItems++
    if (k === this.itemOp.length) this.growItems()
    while (k > 0 && this.rank(this.itemLimit[k - 1], this.itemPhases[k - 1]) > this.rank(limit, phases)) {
      this.itemOp[k] = this.itemOp[k - 1]
      this.itemTied[k] = this.itemTied[k - 1]
      this.itemPhases[k] = this.itemPhases[k - 1]
      this.itemLimit[k] = this.itemLimit[k - 1]
      k--
    }
    this.itemOp[k] = o
    this.itemTied[k] = tied
    this.itemPhases[k] = phases
    this.itemLimit[k] = limit
  }

  private rank(limit: number, phases: number): number {
    return limit * 2 + (phases === BOTH ? 0 : 1)
  }

  private growItems(): void {
    const n = this.itemOp.length * 2
    const copy = <T extends Int32Array | Uint8Array>(to: T, from: T): T => {
      to.set(from)
      return to
    }
    this.itemOp = copy(new Int32Array(n), this.itemOp)
    this.itemTied = copy(new Int32Array(n), this.itemTied)
    this.itemPhases = copy(new Uint8Array(n), this.itemPhases)
    this.itemLimit = copy(new Uint8Array(n), this.itemLimit)
  }

  /**
   * The best register for item `k`, or -1: where the value is or is wanted, else a free one, else the one whose
   * resident is longest untouched.
   */
  private pick(k: number): number {
    const { opDesc, opVReg } = this.input
    const { residents } = this
    const o = this.itemOp[k]
    const tied = this.itemTied[k]
    const phases = this.itemPhases[k]
    const limit = this.itemLimit[k]
    const regs = this.order[opClass(opDesc[o])]
    const vreg = opVReg[o]
    const hint = residents.registerOf(tied >= 0 ? opVReg[tied] : vreg)
    if (hint >= 0 && this.fits(o, tied, phases, limit, hint)) return hint
    const { early, late } = this
    const isDef = opIsDef(opDesc[o])
    // A register that another operand has taken already: shared with a use of the same value, or free in the other
    // phase and given up by its resident anyway.
    if (tied < 0) {
      for (let k = 0; k < this.numTouched; k++) {
        const r = this.touched[k]
        if (this.allocatable[r] === 0 || r >> 6 !== opClass(opDesc[o])) continue
        const shared = !isDef && early[r] === vreg + 1
        const given =
          phases === EARLY ? late[r] === TAKEN && early[r] === 0 : phases === LATE && residents.residentIn(r) < 0
        if ((shared || given) && this.fits(o, tied, phases, limit, r)) return r
      }
    }
    let best = -1
    // An empty register, else the one with the oldest resident.
    let bestAge = 0x7fffffff
    for (let x = 0; x < regs.length; x++) {
      const r = regs[x]
      const age = residents.residentIn(r) < 0 ? -1 : residents.lastTouched(r)
      if (age >= bestAge || !this.fits(o, tied, phases, limit, r)) continue
      bestAge = age
      best = r
      if (age < 0) break
    }
    return best
  }

  private search(i: number): void {
    // Take back what the greedy pass has placed: everything that is not fixed and no clobber.
    const { opStart, opDesc, opVReg, clobbers, clobberSets } = this.input
    this.early.fill(0)
    this.late.fill(0)
    this.numTouched = 0
    if (clobbers[i] >= 0) this.blockClobbers(clobberSets[clobbers[i]])
    const first = opStart[i]
    for (let o = first; o < opStart[i + 1]; o++) {
      if (opConstraint(opDesc[o]) !== FIXED || opVReg[o] === NO_VREG) continue
      let tied = -1
      for (let p = first; p < opStart[i + 1]; p++) {
        if (opConstraint(opDesc[p]) === REUSE && first + opPayload(opDesc[p]) === o) tied = p
      }
      this.occupy(o, tied, this.phases(o, tied), opPayload(opDesc[o]))
    }
    this.steps = SEARCH_STEPS
    if (!this.searchFrom(0)) this.fail(this.itemOp[0], i, 'no assignment of registers satisfies the constraints')
  }

  private searchFrom(k: number): boolean {
    if (k === this.numItems) return true
    const o = this.itemOp[k]
    const regs = this.order[opClass(this.input.opDesc[o])]
    for (let x = 0; x < regs.length; x++) {
      const r = regs[x]
      if (--this.steps < 0) return false
      if (!this.fits(o, this.itemTied[k], this.itemPhases[k], this.itemLimit[k], r)) continue
      const e = this.early[r]
      const l = this.late[r]
      this.occupy(o, this.itemTied[k], this.itemPhases[k], r)
      if (this.searchFrom(k + 1)) return true
      this.early[r] = e
      this.late[r] = l
    }
    return false
  }

  private fail(o: number, i: number, why: string): never {
    return bug('regalloc', this.input.name, `inst${i}`, `operand ${o - this.input.opStart[i]}: ${why}`)
  }
}
