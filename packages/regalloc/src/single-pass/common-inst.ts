// The ways of nearly all instructions, over words of bits.
//
// `plainInst` is for early uses and late results in any register, where as many registers are empty as the instruction
// has operands: nothing has to give way. (plain-run.ts does the same for integers, in one go for as many instructions as
// possible.) `commonInst` adds fixed registers, results that take over the register of a use, registers that are
// destroyed, and residents that leave. Both look first whether they can do the whole instruction, and leave it untouched
// to the next way if not; the last way (any-inst.ts) does everything.
//
// Order in commonInst. First what cannot be chosen: fixed registers and clobbers; residents in them leave. Then results,
// then uses whose register a result takes over, then uses that are in registers already, then the others, so that no
// choice takes a register that a later one has to have. There are enough registers for that: as many as operands, beside
// those that could not be chosen.
import {
  FIXED,
  NO_VREG,
  NUM_CLASSES,
  REG,
  REUSE,
  allocIndex,
  allocIsReg,
  allocReg,
  opClass,
  opConstraint,
  opIsDef,
  opIsLate,
  opPayload,
} from '../interface.ts'
import { ALL, HELD, NEEDS_HOME, ORDER, R_BIT, R_TIME, type State, V_INFO, WRITTEN, recordOf } from './state.ts'

// Kinds of operands, as bits. Above CLASS_SHIFT follow the classes.
const USE = 1
const DEF = 2
const FIXED_USE = 4
const FIXED_DEF = 8
const REUSE_DEF = 16
const OTHER = 32
const CLASS_SHIFT = 6

/** Per descriptor without its payload: the kind of the operand, and its class. */
const KIND: Int32Array = Int32Array.from({ length: 128 }, (_, d) => {
  const c = opConstraint(d)
  let kind = OTHER
  if (opIsDef(d) === opIsLate(d)) {
    if (c === REG) kind = opIsDef(d) ? DEF : USE
    else if (c === FIXED) kind = opIsDef(d) ? FIXED_DEF : FIXED_USE
    else if (c === REUSE && opIsDef(d)) kind = REUSE_DEF
  }
  return kind | (1 << (CLASS_SHIFT + opClass(d)))
})

function kindOf(d: number): number {
  return KIND[d & 127] & ((1 << CLASS_SHIFT) - 1)
}

// Which way can do an instruction with these kinds of operands?
export function isPlain(kinds: number): boolean {
  return (kinds & (FIXED_USE | FIXED_DEF | REUSE_DEF | OTHER)) === 0
}
export function isCommon(kinds: number): boolean {
  return (kinds & OTHER) === 0
}
export function hasResults(kinds: number): boolean {
  return (kinds & (DEF | FIXED_DEF | REUSE_DEF | OTHER)) !== 0
}

/** The kinds of an instruction's operands, and their classes. Operands outside the allocator's hands are placed. */
export function kindsOf(s: State, first: number, end: number): number {
  const { opVReg, opDesc } = s.input
  let kinds = 0
  for (let o = first; o < end; o++) {
    if (opVReg[o] === NO_VREG) placeOutside(s, o)
    else kinds |= KIND[opDesc[o] & 127]
  }
  return kinds
}

/** An operand that is a register outside the allocator's hands, which is in nobody's way. */
export function placeOutside(s: State, o: number): void {
  const d = s.input.opDesc[o]
  s.allocs[o] = allocReg(opPayload(d))
  if (opIsDef(d)) s.write(opPayload(d))
}

export function bitCount(x: number): number {
  x -= (x >>> 1) & 0x55555555
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** An instruction with USE and DEF only, without clobbers. False if it may need more; nothing has changed then. */
export function plainInst(s: State, i: number, first: number, end: number, kinds: number): boolean {
  const { allocs, values, regs, classes } = s
  const { opVReg, opDesc } = s.input
  for (let c = 0; c < NUM_CLASSES; c++) {
    if ((kinds & (1 << (CLASS_SHIFT + c))) === 0) continue
    if (bitCount(classes[ALL + c] & ~classes[HELD + c]) < end - first) return false
  }
  const time = ++s.time
  // Registers of results, of several classes at once: that forgoes a register, no more.
  let results = 0
  if ((kinds & DEF) !== 0) {
    for (let o = first; o < end; o++) {
      const d = opDesc[o]
      const v = opVReg[o]
      if (!opIsDef(d) || v === NO_VREG) continue
      const c = opClass(d)
      const at = recordOf(v)
      let a = values[at]
      let bit: number
      if (a !== 0) {
        bit = regs[(a & ~3) + R_BIT]
        values[at] = 0
        regs[a & ~3] = 0
        classes[HELD + c] &= ~bit
      } else {
        const free = classes[ALL + c] & ~classes[HELD + c] & ~results
        bit = free & -free
        a = classes[ORDER + 32 * c + 31 - Math.clz32(bit)]
      }
      results |= bit
      classes[WRITTEN + c] |= bit
      regs[(a & ~3) + R_TIME] = time
      allocs[o] = a
      if ((values[at + V_INFO] & NEEDS_HOME) !== 0) s.pushEdit(2 * i + 1, a, s.homeOf(v), c)
    }
  }
  if ((kinds & USE) !== 0) {
    for (let o = first; o < end; o++) {
      const d = opDesc[o]
      const v = opVReg[o]
      if (opIsDef(d) || v === NO_VREG) continue
      const at = recordOf(v)
      let a = values[at]
      if (a === 0) {
        const c = opClass(d)
        const free = classes[ALL + c] & ~classes[HELD + c]
        // Rather the register of a result.
        const bits = (free & results) !== 0 ? free & results : free
        const bit = bits & -bits
        a = classes[ORDER + 32 * c + 31 - Math.clz32(bit)]
        values[at] = a
        regs[a & ~3] = v + 1
        classes[HELD + c] |= bit
      }
      regs[(a & ~3) + R_TIME] = time
      allocs[o] = a
    }
  }
  return true
}

/** Operands, by class, for which a register has to be chosen. */
const numChosen = new Int32Array(NUM_CLASSES)

/** An instruction without operands of kind OTHER. False if it may need more; nothing has changed then. */
export function commonInst(s: State, i: number, first: number, end: number, kinds: number, isTerm: boolean): boolean {
  const { allocs, values, classes, earlyBits, lateBits } = s
  const { opVReg, opDesc } = s.input
  s.takeNothing()
  if (!takeFixed(s, i, first, end)) return false
  s.time++
  if (hasResults(kinds)) takeResultRegisters(s, first, end)
  evict(s, first, end, isTerm)

  // Results in any register: one that is free in the late phase, rather one that a use has in the early phase.
  for (let o = first; (kinds & DEF) !== 0 && o < end; o++) {
    const d = opDesc[o]
    if (opVReg[o] === NO_VREG || allocs[o] !== 0 || kindOf(d) !== DEF) continue
    const c = opClass(d)
    const free = classes[ALL + c] & ~classes[HELD + c] & ~lateBits[c]
    const a =
      free !== 0
        ? s.first(c, (free & earlyBits[c]) !== 0 ? free & earlyBits[c] : free)
        : s.leave(s.oldest(c, classes[HELD + c] & ~lateBits[c]))
    lateBits[c] |= s.bit(a)
    s.touch(a)
    allocs[o] = a
  }

  // Results in the register of a use; that register is theirs in both phases.
  for (let o = first; (kinds & REUSE_DEF) !== 0 && o < end; o++) {
    const d = opDesc[o]
    if (opVReg[o] === NO_VREG || kindOf(d) !== REUSE_DEF) continue
    const use = first + opPayload(d)
    if (allocs[use] === 0) {
      const c = opClass(d)
      const wanted = values[recordOf(opVReg[o])]
      const taken = earlyBits[c] | lateBits[c]
      const free = classes[ALL + c] & ~(classes[HELD + c] | taken)
      const a =
        wanted !== 0 && (free & s.bit(wanted)) !== 0
          ? wanted
          : free !== 0
            ? s.first(c, free)
            : s.leave(s.oldest(c, classes[HELD + c] & ~taken))
      earlyBits[c] |= s.bit(a)
      lateBits[c] |= s.bit(a)
      s.touch(a)
      allocs[use] = a
    }
    allocs[o] = allocs[use]
  }

  // Uses whose register is settled; a value that is nowhere yet lives there above the instruction.
  for (let o = first; o < end; o++) if (allocs[o] !== 0) liveWhereUsed(s, o)
  let left = false
  for (let o = first; (kinds & USE) !== 0 && o < end; o++) {
    const v = opVReg[o]
    if (v === NO_VREG || opIsDef(opDesc[o]) || allocs[o] !== 0) continue
    const a = values[recordOf(v)]
    if (a === 0) {
      left = true
      continue
    }
    earlyBits[a >> 8] |= s.bit(a)
    s.touch(a)
    allocs[o] = a
  }
  // The other uses: in a register that is free in the early phase, rather one that is lost in the late phase.
  for (let o = first; left && o < end; o++) {
    const v = opVReg[o]
    if (v === NO_VREG || opIsDef(opDesc[o]) || allocs[o] !== 0) continue
    if (values[recordOf(v)] === 0) {
      const c = opClass(opDesc[o])
      const free = classes[ALL + c] & ~classes[HELD + c] & ~earlyBits[c]
      const a =
        free !== 0
          ? s.first(c, (free & lateBits[c]) !== 0 ? free & lateBits[c] : free)
          : s.leave(s.oldest(c, classes[HELD + c] & ~earlyBits[c]))
      earlyBits[c] |= s.bit(a)
      s.hold(a, v)
    }
    allocs[o] = values[recordOf(v)]
  }
  finishMoves(s, i, first, end, isTerm)
  return true
}

/**
 * Places fixed operands and clobbers. False if two of them are in each other's way, or if there may be too few registers
 * for the other operands.
 */
function takeFixed(s: State, i: number, first: number, end: number): boolean {
  const { earlyBits, lateBits, allocs, classes } = s
  const { opVReg, opDesc, clobbers } = s.input
  const { bitOf } = s.machine
  for (let c = 0; c < NUM_CLASSES; c++) {
    numChosen[c] = 0
    if (clobbers[i] >= 0) lateBits[c] = s.clobberBits(clobbers[i], c)
  }
  for (let o = first; o < end; o++) {
    const d = opDesc[o]
    if (opVReg[o] === NO_VREG) continue
    const c = opClass(d)
    const kind = kindOf(d)
    const use = kind === REUSE_DEF ? opDesc[first + opPayload(d)] : d
    allocs[o] = 0
    if (opConstraint(use) !== FIXED) {
      numChosen[c]++
      continue
    }
    const bit = bitOf[opPayload(use)]
    const bits = kind === FIXED_USE ? earlyBits : lateBits
    if (bit === 0 || (bits[c] & bit) !== 0) return false
    bits[c] |= bit
    if (kind !== REUSE_DEF) allocs[o] = allocReg(opPayload(d))
  }
  for (let c = 0; c < NUM_CLASSES; c++) {
    if (numChosen[c] > bitCount(classes[ALL + c] & ~(earlyBits[c] | lateBits[c]))) return false
  }
  return true
}

/** Results that are in registers below: in the same ones, if those are free. Where they are expected stays noted. */
function takeResultRegisters(s: State, first: number, end: number): void {
  const { allocs, values, lateBits } = s
  const { opVReg, opDesc } = s.input
  for (let o = first; o < end; o++) {
    const v = opVReg[o]
    const d = opDesc[o]
    if (v === NO_VREG || !opIsDef(d)) continue
    const a = values[recordOf(v)]
    if (a === 0) continue
    s.drop(a)
    const c = opClass(d)
    if (kindOf(d) !== DEF || (lateBits[c] & s.bit(a)) !== 0) continue
    lateBits[c] |= s.bit(a)
    s.touch(a)
    allocs[o] = a
  }
}

/** Residents in fixed and destroyed registers leave: for an empty register, if one is to spare, else for their homes. */
function evict(s: State, first: number, end: number, isTerm: boolean): void {
  const { earlyBits, lateBits, regs, classes, allocs } = s
  const { opVReg, opDesc } = s.input
  for (let c = 0; c < NUM_CLASSES; c++) {
    let bits = classes[HELD + c] & (earlyBits[c] | lateBits[c])
    for (; bits !== 0; bits &= bits - 1) {
      const a = s.first(c, bits)
      const v = regs[a & ~3] - 1
      if ((lateBits[c] & s.bit(a)) === 0) {
        // Read there, and nothing else happens to it?
        let o = first
        while (o < end && (opVReg[o] !== v || allocs[o] !== a || opIsDef(opDesc[o]))) o++
        if (o < end) continue
      }
      const free = classes[ALL + c] & ~(earlyBits[c] | lateBits[c])
      const empty = free & ~classes[HELD + c]
      if (isTerm || empty === 0 || bitCount(free) <= numChosen[c]) {
        s.leave(a)
        continue
      }
      // Those that survive calls come last in the order.
      const other = classes[ORDER + 32 * c + 31 - Math.clz32(empty)]
      s.drop(a)
      s.hold(other, v)
      earlyBits[c] |= s.bit(other)
      lateBits[c] |= s.bit(other)
      s.addMove(other, a, c)
    }
  }
}

function liveWhereUsed(s: State, o: number): void {
  const v = s.input.opVReg[o]
  if (v !== NO_VREG && !opIsDef(s.input.opDesc[o]) && s.values[recordOf(v)] === 0) s.hold(s.allocs[o], v)
}

/** The moves after the instruction: results to where they are expected and to their homes; and those before it. */
function finishMoves(s: State, i: number, first: number, end: number, isTerm: boolean): void {
  const { allocs, values } = s
  const { opVReg, opDesc } = s.input
  for (let o = first; o < end; o++) {
    const v = opVReg[o]
    const d = opDesc[o]
    if (v === NO_VREG || !opIsDef(d)) continue
    const at = recordOf(v)
    const a = allocs[o]
    if (values[at] !== 0 && values[at] !== a) s.addMove(a, values[at], opClass(d))
    values[at] = 0
    if (allocIsReg(a)) s.write(allocIndex(a))
    if ((values[at + V_INFO] & NEEDS_HOME) !== 0 && !isTerm) s.addMove(a, s.homeOf(v), opClass(d))
  }
  s.flushMoves(2 * i + 1)
  for (let o = first; o < end; o++) {
    const v = opVReg[o]
    if (v === NO_VREG || opIsDef(opDesc[o])) continue
    liveWhereUsed(s, o) // it may have been in a register that another operand took
    const a = values[recordOf(v)]
    if (a !== allocs[o]) s.addMove(a, allocs[o], opClass(opDesc[o]))
  }
  s.flushMoves(2 * i)
}
