// The vector unit: interprets table.ts over the elements that vl and the mask leave, with the lane functions of u.lanes.
//
// A slot holds, as in the generated `layouts`: p1 the register word of vd, rd or vs3; p2 that of vs1 or rs1, or an immediate; p3 that of vs2 or
// rs2, or vtype. Which vector instruction goes ahead needs little: that vtype is valid, that the register groups are aligned and overlap
// only as they may (31.3.4.2, 31.5.2; everything else is reserved, and illegal here), that there are lanes of this width.
//
// Lanes are computed in order and written at once. That is a parallel commit all the same: where a destination may overlap a source, an
// element's bits are never read after they were written (a narrower or equal destination at the start of the source, a wider one at its end).

import { TRAP_LOAD, TRAP_STORE, PERM_READ, PERM_WRITE } from '@k23/machine'
import { roundingMode } from '../../float/operations.ts'
import { vectorRows } from '../../gen/riscv64-vector.ts'
import type { EmulatedMemory } from '../../memory.ts'
import type { LaneFunction } from '../../semantics/lane-source.ts'
import type { HartState } from '../hart.ts'
import {
  extendScalar,
  FLOAT,
  isGroup,
  mayOverlap,
  readBit,
  readElement,
  SIGNED,
  shareRegister,
  UNSIGNED,
  writeBit,
  writeElement,
} from './elements.ts'
import type { VectorState } from './state.ts'
import {
  type AccessOperation,
  type LanesOperation,
  MASK,
  type OtherOperation,
  UNUSED,
  vectorOperations,
} from './table.ts'

/** Results of evaluateVector. FAULTS: mem.faultKind, faultLo, faultHi. */
export const DONE = 0
export const ILLEGAL = 1
export const FAULTS = 2

// Where p2 comes from, in vectorRows
const FROM_V = 1
const FROM_F = 3
const FROM_IMMEDIATE = 4

/** An instruction form: what it does, where its second source comes from, whether v0 masks it. */
interface Form<T = LanesOperation | AccessOperation | OtherOperation> {
  readonly operation: T
  readonly source: number
  readonly masked: boolean
  readonly run: Run
}
type Run = (
  u: VectorState,
  form: Form,
  hart: HartState,
  p1: number,
  p2: number,
  p3: number,
  mem: EmulatedMemory,
) => number

/** Number of the vector register that a register word names. */
const vector = (word: number): number => (word >> 1) & 31

/** Runs the form with this number (position in vectorRows). */
export function evaluateVector(
  hart: HartState,
  number: number,
  p1: number,
  p2: number,
  p3: number,
  mem: EmulatedMemory,
): number {
  const form = forms[number]
  const u = hart.vector
  // Nothing here leaves another value than 0, so no other need be accepted (31.3.7); vset{i}vl{i} reset it.
  if (u.vstart !== 0 && form.run !== configure) return ILLEGAL
  return form.run(u, form, hart, p1, p2, p3, mem)
}

const active = (u: VectorState, form: Form, e: number): boolean => !form.masked || readBit(u, 0, e) !== 0

/** Low word of the scalar or immediate of a form as an element of this width; the high one in u.high. */
function scalar(u: VectorState, form: Form, hart: HartState, p2: number, log: number, extension: 0 | 1 | 2): number {
  if (form.source === FROM_IMMEDIATE) return extendScalar(u, p2, p2 >> 31, log, extension)
  return extendScalar(u, hart.x[p2], hart.x[p2 | 1], log, form.source === FROM_F ? FLOAT : extension)
}

/** An unsigned scalar that counts elements: exact where below 2^53, large otherwise. */
function elementCount(form: Form, hart: HartState, p2: number): number {
  if (form.source === FROM_IMMEDIATE) return p2
  return (hart.x[p2 | 1] >>> 0) * 4294967296 + (hart.x[p2] >>> 0)
}

const isWidth = (log: number): boolean => log >= 3 && log <= 6
const isFloatWidth = (u: VectorState, log: number): boolean => (log >= 5 ? log <= 6 : log === 4 && u.hasHalf)

/** A vector operand: width and group are legal. */
function isOperand(u: VectorState, register: number, ratio: number): boolean {
  return isWidth(u.sewLog + ratio) && isGroup(register, u.lmulLog + ratio)
}

const lanes: Run = (u, form, hart, p1, p2, p3) => {
  const op = form.operation as LanesOperation
  if (u.vill) return ILLEGAL
  const f = u.lanes[op.lane][u.sewLog - 3]
  if (f === undefined || !widthsAreLegal(u, op)) return ILLEGAL
  const vd = vector(p1)
  const vs2 = vector(p3)
  const vs1 = vector(p2)
  const { sewLog, lmulLog } = u
  const fromVector = form.source === FROM_V
  const toMask = op.d === MASK
  if (toMask ? false : !isOperand(u, vd, op.d)) return ILLEGAL
  const dLog = toMask ? 0 : sewLog + op.d
  const dEmul = toMask ? 0 : lmulLog + op.d
  if (!toMask && vd === 0 && (form.masked || op.carry)) return ILLEGAL
  if (op.a !== UNUSED && !(isOperand(u, vs2, op.a) && mayOverlap(vd, dLog, dEmul, vs2, sewLog + op.a, lmulLog + op.a)))
    return ILLEGAL
  if (fromVector && !(isOperand(u, vs1, op.b) && mayOverlap(vd, dLog, dEmul, vs1, sewLog + op.b, lmulLog + op.b)))
    return ILLEGAL
  if (!prepare(u, op, hart)) return ILLEGAL

  const aLog = sewLog + op.a
  const bLog = sewLog + op.b
  let aLo = 0
  let aHi = 0
  let bLo = 0
  let bHi = 0
  let dLo = 0
  let dHi = 0
  if (!fromVector && op.b !== UNUSED) {
    bLo = scalar(u, form, hart, p2, bLog, op.bs)
    bHi = u.high
  }
  if (op.a === 0 && (op.d === 0 || toMask) && (op.b === 0 || op.b === UNUSED)) {
    oneWidth(u, op, f, form.masked, vd, vs2, fromVector ? vs1 : -1, bLo, bHi)
    hart.fcsr |= u.raised
    return DONE
  }
  for (let e = 0; e < u.vl; e++) {
    if (!active(u, form, e)) continue
    if (op.a !== UNUSED) {
      aLo = readElement(u, vs2, e, aLog, op.as)
      aHi = u.high
    }
    if (fromVector) {
      bLo = readElement(u, vs1, e, bLog, op.bs)
      bHi = u.high
    }
    if (op.readsD) {
      dLo = readElement(u, vd, e, dLog, op.ds)
      dHi = u.high
    }
    const lo = f(u, aLo, aHi, bLo, bHi, dLo, dHi, op.carry ? readBit(u, 0, e) : 0)
    if (toMask) writeBit(u, vd, e, lo)
    else writeElement(u, vd, e, dLog, lo, u.hi)
  }
  hart.fcsr |= u.raised
  return DONE
}

/**
 * The loop where all elements are of SEW, which is most of them: without a call per element but the lane's. `vs1` is -1 where b is the scalar bLo, bHi.
 * Elements of up to 32 bits: a shift up and down extends the sign, or nothing by 0; the high word is the sign's, or `fixed` for unsigned (0) and floats (-1).
 */
function oneWidth(
  u: VectorState,
  op: LanesOperation,
  f: LaneFunction,
  masked: boolean,
  vd: number,
  vs2: number,
  vs1: number,
  bLo: number,
  bHi: number,
): void {
  const { bytes, halves, words, vl, sewLog } = u
  const { carry, readsD } = op
  const toMask = op.d === MASK
  const from = vs1 < 0 ? vs2 : vs1
  const narrow = 32 - (1 << sewLog)
  const aShift = op.as === SIGNED ? narrow : 0
  const bShift = op.bs === SIGNED ? narrow : 0
  const dShift = op.ds === SIGNED ? narrow : 0
  const aFixed = op.as === FLOAT ? -1 : 0
  const bFixed = op.bs === FLOAT ? -1 : 0
  const dFixed = op.ds === FLOAT ? -1 : 0
  const fill = sewLog === 4 ? -0x10000 : 0
  const aSigned = op.as === SIGNED
  const bSigned = op.bs === SIGNED
  const dSigned = op.ds === SIGNED
  let dLo = 0
  let dHi = 0
  for (let e = 0; e < vl; e++) {
    const bit = masked || carry ? (bytes[e >> 3] >> (e & 7)) & 1 : 0
    if (masked && bit === 0) continue
    const c = carry ? bit : 0
    let lo: number
    if (sewLog === 6) {
      const a = vs2 * 4 + 2 * e
      if (vs1 >= 0) {
        bLo = words[vs1 * 4 + 2 * e]
        bHi = words[vs1 * 4 + 2 * e + 1]
      }
      const d = vd * 4 + 2 * e
      if (readsD) {
        dLo = words[d]
        dHi = words[d + 1]
      }
      lo = f(u, words[a], words[a + 1], bLo, bHi, dLo, dHi, c)
      if (!toMask) {
        words[d] = lo
        words[d + 1] = u.hi
        continue
      }
    } else {
      let aLo: number
      let b: number
      let d: number
      if (sewLog === 3) {
        aLo = bytes[vs2 * 16 + e]
        b = bytes[from * 16 + e]
        d = bytes[vd * 16 + e]
      } else if (sewLog === 4) {
        aLo = halves[vs2 * 8 + e]
        b = halves[from * 8 + e]
        d = halves[vd * 8 + e]
      } else {
        aLo = words[vs2 * 4 + e]
        b = words[from * 4 + e]
        d = words[vd * 4 + e]
      }
      aLo = ((aLo << aShift) >> aShift) | (fill & aFixed)
      const aHi = aSigned ? aLo >> 31 : aFixed
      if (vs1 >= 0) {
        bLo = ((b << bShift) >> bShift) | (fill & bFixed)
        bHi = bSigned ? bLo >> 31 : bFixed
      }
      if (readsD) {
        dLo = ((d << dShift) >> dShift) | (fill & dFixed)
        dHi = dSigned ? dLo >> 31 : dFixed
      }
      lo = f(u, aLo, aHi, bLo, bHi, dLo, dHi, c)
      if (!toMask) {
        if (sewLog === 3) bytes[vd * 16 + e] = lo
        else if (sewLog === 4) halves[vd * 8 + e] = lo
        else words[vd * 4 + e] = lo
        continue
      }
    }
    const at = vd * 16 + (e >> 3)
    bytes[at] = (bytes[at] & ~(1 << (e & 7))) | ((lo & 1) << (e & 7))
  }
}

/** Every operand's width exists, and floats at it. */
function widthsAreLegal(u: VectorState, op: LanesOperation): boolean {
  const legal = (ratio: number, extension: number): boolean =>
    ratio === UNUSED ||
    ratio === MASK ||
    (extension === FLOAT ? isFloatWidth(u, u.sewLog + ratio) : isWidth(u.sewLog + ratio))
  return legal(op.a, op.as) && legal(op.b, op.bs) && legal(op.d, op.ds)
}

/** Sets up what lane functions read; false if frm is reserved (31.13: even where it does not matter). */
function prepare(u: VectorState, op: LanesOperation, hart: HartState): boolean {
  u.raised = 0
  if (!op.float) return true
  u.fcsr = hart.fcsr
  u.mode = roundingMode(7, hart.fcsr)
  return u.mode >= 0
}

const reduce: Run = (u, form, hart, p1, p2, p3) => {
  const op = form.operation as LanesOperation
  if (u.vill) return ILLEGAL
  const f = u.lanes[op.lane][u.sewLog - 3]
  const vs2 = vector(p3)
  if (f === undefined || !widthsAreLegal(u, op) || !isOperand(u, vs2, op.a) || !isWidth(u.sewLog + op.d)) return ILLEGAL
  if (!prepare(u, op, hart)) return ILLEGAL
  if (u.vl === 0) return DONE
  const dLog = u.sewLog + op.d
  let lo = readElement(u, vector(p2), 0, dLog, op.bs)
  let hi = u.high
  for (let e = 0; e < u.vl; e++) {
    if (!active(u, form, e)) continue
    const aLo = readElement(u, vs2, e, u.sewLog, op.as)
    lo = f(u, aLo, u.high, lo, hi, 0, 0, 0)
    hi = dLog === 6 ? u.hi : op.bs === SIGNED ? lo >> 31 : op.bs === FLOAT ? -1 : 0
  }
  writeElement(u, vector(p1), 0, dLog, lo, hi)
  hart.fcsr |= u.raised
  return DONE
}

// ---- Configuration (31.6)

const configure: Run = (u, form, hart, p1, p2, p3) => {
  const { x } = hart
  const { kind } = form.operation
  const [vtype, vtypeHigh] = kind === 'vsetvl' ? [x[p3], x[p3 | 1]] : [p3, 0]
  let avl: number
  if (kind === 'vsetivli') avl = p2
  else if (p2 !== 0) avl = elementCount(form, hart, p2)
  // From x0: as many as there are, or, where nothing wants to know vl, as before.
  else avl = p1 < 64 ? Number.POSITIVE_INFINITY : u.vl
  u.configure(vtype, vtypeHigh, avl)
  x[p1] = u.vl
  x[p1 | 1] = 0
  return DONE
}

// ---- Memory (31.7). Elements are checked before any takes effect, so that a trap leaves nothing done and vstart at 0.

const temporary = new Int32Array(2 * 128)
const highWords = new Int32Array(128)

const access: Run = (u, form, hart, p1, p2, p3, mem) => {
  const op = form.operation as AccessOperation
  const register = vector(p1)
  const isLoad = op.kind === 'load'
  let count = 16
  let log = 3
  if (op.shape !== 'whole') {
    if (u.vill) return ILLEGAL
    if (op.log === 0) count = (u.vl + 7) >> 3
    else {
      log = op.log
      if (!isGroup(register, log - u.sewLog + u.lmulLog) || (isLoad && form.masked && register === 0)) return ILLEGAL
      count = u.vl
    }
  }
  const size = 1 << (log - 3)
  const { x } = hart
  const baseLo = x[p2] >>> 0
  const baseHi = x[p2 | 1]
  const strideLo = op.shape === 'strided' ? x[p3] : size
  const strideHi = op.shape === 'strided' ? x[p3 | 1] : 0
  if (op.shape !== 'strided' && !form.masked && transferRun(u, register, isLoad, baseLo, baseHi, count * size, mem))
    return DONE

  let lo = baseLo
  let hi = baseHi
  const needed = isLoad ? PERM_READ : PERM_WRITE
  for (let e = 0; e < count; e++) {
    if (active(u, form, e)) {
      if (mem.place(needed, size, lo, hi) < 0) {
        mem.faultKind = isLoad ? TRAP_LOAD : TRAP_STORE
        mem.faultLo = lo | 0
        mem.faultHi = hi
        return FAULTS
      }
      temporary[2 * e] = lo
      highWords[e] = hi
    }
    const next = (lo + (strideLo >>> 0)) >>> 0
    hi = (hi + strideHi + (next < lo ? 1 : 0)) | 0
    lo = next
  }
  if (isLoad) {
    // Read everything first: nothing can fault any more, and the addresses are needed no longer.
    for (let e = 0; e < count; e++) {
      if (!active(u, form, e)) continue
      mem.load(size, temporary[2 * e], highWords[e])
      temporary[2 * e] = mem.lo
      temporary[2 * e + 1] = mem.hi
    }
    for (let e = 0; e < count; e++)
      if (active(u, form, e)) writeElement(u, register, e, log, temporary[2 * e], temporary[2 * e + 1])
    return DONE
  }
  for (let e = 0; e < count; e++) {
    if (!active(u, form, e)) continue
    const value = readElement(u, register, e, log, UNSIGNED)
    mem.store(size, temporary[2 * e], highWords[e], value, u.high)
  }
  return DONE
}

/** Adjacent bytes, if all of them may be accessed: true if done. */
function transferRun(
  u: VectorState,
  register: number,
  isLoad: boolean,
  lo: number,
  hi: number,
  bytes: number,
  mem: EmulatedMemory,
): boolean {
  const place = bytes === 0 ? -1 : mem.place(isLoad ? PERM_READ : PERM_WRITE, bytes, lo, hi)
  if (place < 0) return false
  const at = register * 16
  const { u8 } = mem
  if (isLoad) for (let i = 0; i < bytes; i++) u.bytes[at + i] = u8[place + i]
  else for (let i = 0; i < bytes; i++) u8[place + i] = u.bytes[at + i]
  return true
}

// ---- Moves of scalars and registers (31.16.1, 31.16.2, 31.16.6)

const moveRegister: Run = (u, _form, _hart, p1, _p2, p3) => {
  if (u.vill) return ILLEGAL
  u.bytes.copyWithin(vector(p1) * 16, vector(p3) * 16, vector(p3) * 16 + 16)
  return DONE
}
const moveToX: Run = (u, _form, hart, p1, _p2, p3) => {
  if (u.vill) return ILLEGAL
  hart.x[p1] = readElement(u, vector(p3), 0, u.sewLog, SIGNED)
  hart.x[p1 | 1] = u.sewLog === 6 ? u.high : hart.x[p1] >> 31
  return DONE
}
const moveToF: Run = (u, _form, hart, p1, _p2, p3) => {
  if (u.vill || !isFloatWidth(u, u.sewLog)) return ILLEGAL
  hart.x[p1] = readElement(u, vector(p3), 0, u.sewLog, FLOAT)
  hart.x[p1 | 1] = u.high
  return DONE
}
const moveFromX: Run = (u, form, hart, p1, p2) => {
  if (u.vill) return ILLEGAL
  const lo = scalar(u, form, hart, p2, u.sewLog, UNSIGNED)
  if (u.vl > 0) writeElement(u, vector(p1), 0, u.sewLog, lo, u.high)
  return DONE
}
const moveFromF: Run = (u, form, hart, p1, p2, p3, mem) =>
  isFloatWidth(u, u.sewLog) ? moveFromX(u, form, hart, p1, p2, p3, mem) : ILLEGAL

// ---- Masks (31.15)

const maskLogic: Run = (u, form, _hart, p1, p2, p3) => {
  if (u.vill) return ILLEGAL
  const { code } = form.operation as OtherOperation
  for (let e = 0; e < u.vl; e++) {
    const row = 2 * readBit(u, vector(p3), e) + readBit(u, vector(p2), e)
    writeBit(u, vector(p1), e, code >> row)
  }
  return DONE
}
const countBits: Run = (u, form, hart, p1, _p2, p3) => {
  if (u.vill) return ILLEGAL
  let count = 0
  for (let e = 0; e < u.vl; e++) if (active(u, form, e)) count += readBit(u, vector(p3), e)
  hart.x[p1] = count
  hart.x[p1 | 1] = 0
  return DONE
}
function firstSet(u: VectorState, form: Form, vs2: number): number {
  for (let e = 0; e < u.vl; e++) if (active(u, form, e) && readBit(u, vs2, e) !== 0) return e
  return -1
}
const firstBit: Run = (u, form, hart, p1, _p2, p3) => {
  if (u.vill) return ILLEGAL
  const first = firstSet(u, form, vector(p3))
  hart.x[p1] = first
  hart.x[p1 | 1] = first >> 31
  return DONE
}
/** Bits before, before and at, or at the first one. */
const setFirst: Run = (u, form, _hart, p1, _p2, p3) => {
  const vd = vector(p1)
  const vs2 = vector(p3)
  if (u.vill || vd === vs2 || (form.masked && vd === 0)) return ILLEGAL
  const { code } = form.operation as OtherOperation
  const found = firstSet(u, form, vs2)
  const first = found < 0 ? u.vl : found
  for (let e = 0; e < u.vl; e++) {
    if (active(u, form, e)) writeBit(u, vd, e, e < first ? (code === 3 ? 0 : 1) : e === first && code !== 1 ? 1 : 0)
  }
  return DONE
}

/** A destination group of SEW that the mask does not lie in. */
function isDestination(u: VectorState, form: Form, vd: number): boolean {
  return !u.vill && isGroup(vd, u.lmulLog) && !(form.masked && vd === 0)
}

const iota: Run = (u, form, _hart, p1, _p2, p3) => {
  const vd = vector(p1)
  const vs2 = vector(p3)
  if (!isDestination(u, form, vd) || shareRegister(vd, u.lmulLog, vs2, 0)) return ILLEGAL
  let sum = 0
  for (let e = 0; e < u.vl; e++) {
    if (!active(u, form, e)) continue
    writeElement(u, vd, e, u.sewLog, sum, 0)
    sum += readBit(u, vs2, e)
  }
  return DONE
}
const index: Run = (u, form, _hart, p1) => {
  const vd = vector(p1)
  if (!isDestination(u, form, vd)) return ILLEGAL
  for (let e = 0; e < u.vl; e++) if (active(u, form, e)) writeElement(u, vd, e, u.sewLog, e, 0)
  return DONE
}

// ---- Slides, gather, compress (31.16.3-5)

function copyElement(u: VectorState, vd: number, e: number, vs2: number, from: number): void {
  const lo = readElement(u, vs2, from, u.sewLog, UNSIGNED)
  writeElement(u, vd, e, u.sewLog, lo, u.high)
}

const slideUp: Run = (u, form, hart, p1, p2, p3) => {
  const vd = vector(p1)
  const vs2 = vector(p3)
  if (!isDestination(u, form, vd) || !isGroup(vs2, u.lmulLog) || vd === vs2) return ILLEGAL
  const offset = elementCount(form, hart, p2)
  for (let e = offset; e < u.vl; e++) if (active(u, form, e)) copyElement(u, vd, e, vs2, e - offset)
  return DONE
}
const slideDown: Run = (u, form, hart, p1, p2, p3) => {
  const vd = vector(p1)
  const vs2 = vector(p3)
  if (!isDestination(u, form, vd) || !isGroup(vs2, u.lmulLog)) return ILLEGAL
  const offset = elementCount(form, hart, p2)
  for (let e = 0; e < u.vl; e++) {
    if (!active(u, form, e)) continue
    if (e + offset < u.vlmax) copyElement(u, vd, e, vs2, e + offset)
    else writeElement(u, vd, e, u.sewLog, 0, 0)
  }
  return DONE
}
/** By one element, a scalar taking the free place. */
const slide1 =
  (up: boolean): Run =>
  (u, form, hart, p1, p2, p3) => {
    const vd = vector(p1)
    const vs2 = vector(p3)
    if (!isDestination(u, form, vd) || !isGroup(vs2, u.lmulLog) || (up && vd === vs2)) return ILLEGAL
    if (form.source === FROM_F && !isFloatWidth(u, u.sewLog)) return ILLEGAL
    const lo = scalar(u, form, hart, p2, u.sewLog, UNSIGNED)
    const hi = u.high
    const free = up ? 0 : u.vl - 1
    for (let e = 0; e < u.vl; e++) {
      if (!active(u, form, e)) continue
      if (e === free) writeElement(u, vd, e, u.sewLog, lo, hi)
      else copyElement(u, vd, e, vs2, up ? e - 1 : e + 1)
    }
    return DONE
  }

const gather: Run = (u, form, hart, p1, p2, p3) => {
  const vd = vector(p1)
  const vs1 = vector(p2)
  const vs2 = vector(p3)
  if (!isDestination(u, form, vd) || !isGroup(vs2, u.lmulLog) || shareRegister(vd, u.lmulLog, vs2, u.lmulLog))
    return ILLEGAL
  const { code } = form.operation as OtherOperation
  const fromVector = form.source === FROM_V
  const log = code === 0 ? u.sewLog : code
  const emul = log - u.sewLog + u.lmulLog
  if (fromVector && (!isGroup(vs1, emul) || shareRegister(vd, u.lmulLog, vs1, emul))) return ILLEGAL
  const fixed = fromVector ? 0 : elementCount(form, hart, p2)
  for (let e = 0; e < u.vl; e++) {
    if (!active(u, form, e)) continue
    const from = fromVector ? elementIndex(u, vs1, e, log) : fixed
    if (from < u.vlmax) copyElement(u, vd, e, vs2, from)
    else writeElement(u, vd, e, u.sewLog, 0, 0)
  }
  return DONE
}
function elementIndex(u: VectorState, register: number, e: number, log: number): number {
  const lo = readElement(u, register, e, log, UNSIGNED)
  return (u.high >>> 0) * 4294967296 + (lo >>> 0)
}

const compress: Run = (u, form, _hart, p1, p2, p3) => {
  const vd = vector(p1)
  const vs1 = vector(p2)
  const vs2 = vector(p3)
  if (!isDestination(u, form, vd) || !isGroup(vs2, u.lmulLog)) return ILLEGAL
  if (vd === vs2 || shareRegister(vd, u.lmulLog, vs1, 0)) return ILLEGAL
  let to = 0
  for (let e = 0; e < u.vl; e++) if (readBit(u, vs1, e) !== 0) copyElement(u, vd, to++, vs2, e)
  return DONE
}

// biome-ignore format: table
const runs: Readonly<Record<string, Run>> = {
  lanes, reduce, load: access, store: access,
  vsetvli: configure, vsetivli: configure, vsetvl: configure,
  moveRegister, moveToX, moveFromX, moveToF, moveFromF,
  maskLogic, countBits, firstBit, setFirst, iota, index,
  slideUp, slideDown, slide1Up: slide1(true), slide1Down: slide1(false), gather, compress,
}

const forms: readonly Form[] = vectorRows.map(([base, source, masked]) => {
  const operation = vectorOperations[base]
  return { operation, source, masked: masked === 1, run: runs[operation.kind] }
})
