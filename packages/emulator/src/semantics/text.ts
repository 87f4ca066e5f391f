// The generating builder: runs a body once, at build time, and writes the JavaScript that does the same on int32 pairs.
//
// The text runs inside the generated loop (riscv64/generator.ts), where these names are bound:
//   code, i       predecoded instructions and the index of this one (layout: riscv64/code-cache.ts)
//   x             registers, low and high word interleaved; a field holds twice the register number
//   pcs, link     address of each slot, slot of each direct target (0: unknown)
//   mem, perms, u8, u16, i32     memory (memory.ts); hart, n: the hart, instructions left
//   pageIndex, slotAt            where decoded code is
//   float, roundingMode, resultLo, resultHi, raised    of float/operations.ts

import { bug } from '@k23/entity'
import { type FloatFormat, type FloatOp, floatCode } from '../float/operations.ts'
import type { Body, Builder, ExitName, LaneBody, LaneBuilder, StateName } from './builder.ts'
import { type Pair, type TextTypes, textEmitter, type Word } from './text-emitter.ts'

/** What a slot word of the predecoded instruction holds. */
export interface Field {
  readonly operand: string
  /** use: twice the register number; def: the same, or 64 for x0; imm: the value. */
  readonly role: 'use' | 'def' | 'imm'
  /** Floating-point register: twice the number, plus 128. */
  readonly isFloat: boolean
}

export interface GeneratedBody {
  /** Fields in the order of slot words 1, 2, 3, then the two small fields of word 0. */
  readonly fields: readonly Field[]
  /** Statements; falls out at the end for the next instruction, unless `terminates`. */
  readonly text: string
  readonly terminates: boolean
  /** May leave for another instruction than the next. */
  readonly transfers: boolean
}

/**
 * The body of a function (u, aLo, aHi, bLo, bHi, dLo, dHi, carry) that returns the low word of the lane's result and, if it is `wide`, leaves the high one in u.hi
 * (riscv64/vector/lanes.ts: LaneState).
 */
export function generateLane(id: string, lane: LaneBody, wide: boolean): string {
  const body: Body = (b) => {
    const l = b as typeof b & LaneBuilder<TextTypes>
    type Lane = (b: LaneBuilder<TextTypes>, v: { a: Pair; b: Pair; d: Pair; carry: Word }) => Pair
    const [a, y, d] = ['a', 'b', 'd'].map((name) => l.x(name) as Pair)
    l.setX('r', (lane as Lane)(l, { a, b: y, d, carry: l.imm('carry') as Word }))
  }
  return generateBody(id, body, wide ? 'wide lane' : 'lane').text
}

export function generateBody(
  id: string,
  body: Body,
  form: 'instruction' | 'lane' | 'wide lane' = 'instruction',
): GeneratedBody {
  const isLane = form !== 'instruction'
  const fields: Field[] = []
  const commits: string[] = []
  let terminator: string | undefined
  const emitter = textEmitter()
  const { i32, i64, define, effect, condition, zeroExtend, leave } = emitter

  function field(operand: string, role: Field['role'], isFloat: boolean): string {
    let index = fields.findIndex((f) => f.operand === operand && f.role === role)
    if (index < 0) index = fields.push({ operand, role, isFloat }) - 1
    if (index < 3) return `code[i + ${index + 1}]`
    if (index > 4 || (role !== 'imm' && !isFloat)) bug('generate', id, operand, 'more fields than a slot holds')
    const small = `(code[i] >>> ${index === 3 ? 19 : 25}) & 63`
    return isFloat ? `128 + ((${small}) << 1)` : small
  }
  const uses = new Map<string, Word>()
  /** The word of a field, read once. */
  function fieldWord(operand: string, role: Field['role'], isFloat = false): Word {
    const key = `${operand}:${role}`
    let word = uses.get(key)
    if (word === undefined) uses.set(key, (word = define(field(operand, role, isFloat))))
    return word
  }
  /** The taken edge: through the link that the first execution leaves, else out of the loop to find the slot. */
  function take(offset: Word): string {
    return `{ const s = link[i >> 2]; if (s !== 0) { i = s; n--; continue } hart.offset = ${offset.text}; ${leave('MISS_DIRECT', true)} }`
  }
  function terminate(text: string): void {
    if (terminator !== undefined) bug('generate', id, '-', 'two terminators')
    terminator = text
  }

  const stateWords: Record<StateName, [string, string]> = { reservation: ['hart.reservationLo', 'hart.reservationHi'] }
  const exits: Record<ExitName, string> = {
    ecall: 'ECALL',
    ebreak: 'EBREAK',
    fenceI: 'FENCE_I',
    hostCall: 'HOST_CALL',
    returned: 'RETURNED',
  }
  // Exits that retire their instruction; the others leave the pc at it.
  const retiring = new Set<ExitName>(['fenceI', 'hostCall'])

  /** The register file is one array; the field of an operand says where. */
  function readRegister(operand: string, isFloat: boolean): Pair {
    if (isLane) return { lo: { text: `${operand}Lo` }, hi: { text: `${operand}Hi` } }
    const f = fieldWord(operand, 'use', isFloat)
    let lo = uses.get(`${operand}:lo`)
    if (lo === undefined) uses.set(`${operand}:lo`, (lo = define(`x[${f.text}]`)))
    let hi = uses.get(`${operand}:hi`)
    if (hi === undefined) uses.set(`${operand}:hi`, (hi = define(`x[${f.text} | 1]`)))
    return { lo, hi }
  }
  function writeRegister(operand: string, value: Pair, isFloat: boolean): void {
    if (isLane) {
      if (form === 'wide lane') commits.push(`u.hi = ${value.hi.text}`)
      commits.push(`return ${value.lo.text}`)
      return
    }
    const f = fieldWord(operand, 'def', isFloat)
    commits.push(`x[${f.text}] = ${value.lo.text}`, `x[${f.text} | 1] = ${value.hi.text}`)
  }
  function float(op: FloatOp, format: FloatFormat, rounding: Word, ...operands: Pair[]): Pair {
    const args = [0, 1, 2].flatMap((k) =>
      operands[k] === undefined ? ['0', '0'] : [operands[k].lo.text, operands[k].hi.text],
    )
    let mode = rounding
    if (isLane) {
      effect(`float(${floatCode(op, format)}, ${mode.text}, u.fcsr, ${args.join(', ')})`)
      const result = { lo: define('resultLo'), hi: define('resultHi') }
      effect('u.raised |= raised')
      return result
    }
    if (rounding.constant === undefined) {
      mode = define(`roundingMode(${rounding.text}, hart.fcsr)`)
      effect(`if (${mode.text} < 0) { ${leave('ILLEGAL')} }`)
    }
    effect(`float(${floatCode(op, format)}, ${mode.text}, hart.fcsr, ${args.join(', ')})`)
    const lo = define('resultLo')
    const hi = define('resultHi')
    commits.push(`hart.fcsr |= ${define('raised').text}`)
    return { lo, hi }
  }

  const builder: Builder<TextTypes> & LaneBuilder<TextTypes> = {
    frm: () => ({ text: 'u.mode' }),
    vxrm: () => define('u.vxrm'),
    saturated: (when) => effect(`if (${condition(when)}) u.vxsat = 1`),
    i32,
    i64,
    x: (operand) => readRegister(operand, false),
    f: (operand) => readRegister(operand, true),
    float,
    imm: (operand) => (isLane ? { text: operand } : fieldWord(operand, 'imm')),
    number: (operand) => define(`${fieldWord(operand, 'use').text} >> 1`),
    pc: () => zeroExtend(define('pcs[i >> 2]')),
    nextPc: () => zeroExtend(define('(pcs[i >> 2] + ((code[i] >>> 16) & 7)) | 0')),
    state(name) {
      const [lo, hi] = stateWords[name]
      return { lo: define(lo), hi: define(hi) }
    },
    load: emitter.load,
    store: emitter.store,
    checkAtomic(size, address, writes) {
      effect(`if (!mem.checkAtomic(${size}, ${address.lo.text}, ${address.hi.text}, ${writes})) { ${leave('FAULT')} }`)
    },
    storeIf(when, size, address, value) {
      effect(`if (${condition(when)}) {`)
      emitter.store(size, address, value)
      effect('}')
    },
    csrRead(csr, writes) {
      effect(`if (!hart.csrRead(${csr.text}, ${condition(writes)}, n)) { ${leave('ILLEGAL')} }`)
      return { lo: define('hart.csrLo'), hi: define('hart.csrHi') }
    },
    setX: (operand, value) => writeRegister(operand, value, false),
    setF: (operand, value) => writeRegister(operand, value, true),
    setState(name, value) {
      const [lo, hi] = stateWords[name]
      commits.push(`${lo} = ${value.lo.text}`, `${hi} = ${value.hi.text}`)
    },
    csrWrite(csr, value, when) {
      commits.push(`if (${condition(when)}) hart.csrWrite(${csr.text}, ${value.lo.text}, ${value.hi.text})`)
    },
    jump: (offset) => terminate(take(fieldWord(offset, 'imm'))),
    branch: (when, offset) => terminate(`if (${condition(when)}) ${take(fieldWord(offset, 'imm'))}`),
    jumpIndirect: (target) => {
      const { lo, hi } = target
      terminate(
        `const p = ${hi.text} === 0 ? pageIndex[${lo.text} >>> 12] : 0\n` +
          `if (p !== 0) { const s = slotAt[p + ((${lo.text} & 4095) >> 1)]; if (s !== 0) { i = s; n--; continue } }\n` +
          `hart.targetLo = ${lo.text}; hart.targetHi = ${hi.text}; ${leave('MISS_INDIRECT', true)}`,
      )
    },
    exit: (name) => terminate(leave(exits[name], retiring.has(name))),
  }
  body(builder)

  for (const text of commits) effect(text)
  if (terminator !== undefined) effect(terminator)

  const last = terminator as string | undefined
  return {
    fields,
    text: emitter.finish(),
    terminates: last !== undefined && !last.startsWith('if'),
    transfers: last !== undefined,
  }
}
