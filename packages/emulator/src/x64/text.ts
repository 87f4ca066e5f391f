// The generating builder of x64: runs a body once, at build time, and writes the JavaScript that does the same.
//
// There are two places for the text. An instruction of the loop finds its operands in the slot (code-cache.ts):
//   code[i + 1..3]   registers: index in the register file x
//   code[i + 4..6]   memory operand: base, index (0: none; else index | shift << 8 | 1 << 16), displacement. Of direct jumps: high and low word of
//                    the target in 5 and 6
//   code[i + 7]      immediate; its high word, of those with 64 bits, in 6
// An operation of the vector unit is a function (hart, d, a, b, c, imm) of such indices: whatever form the instruction has, its operands are in
// the register file by then.

import { bug } from '@k23/entity'
import { signatureOf, type X86FloatOp, type X86Operand } from '../float/x86.ts'
import {
  known,
  type Pair,
  type TextEmitter,
  type TextTypes,
  textEmitter,
  type Word,
  ZERO,
} from '../semantics/text-emitter.ts'
import type { Lane, X64Body, X64Builder, X64Exit } from './builder.ts'
import { ALL_FLAGS, flagKind } from './flags.ts'
import * as R from './registers.ts'

/** Where an instruction's operand is: a word of the slot, or a register that the instruction implies. */
export type Place = { readonly word: number } | { readonly register: number }

export interface X64Text {
  readonly text: string
  /** Nothing follows in memory. */
  readonly terminates: boolean
  /** May leave for another instruction than the next. */
  readonly transfers: boolean
}

/** A word that is an element of a vector, or (the low word of) a floating-point result. */
interface FloatWord extends Word {
  /** The element as a float, of which it has the bits. */
  readonly float?: string
  /** A number whose bits it has, unless that is a NaN: then the call gives them. */
  readonly number?: { readonly name: string; readonly call: string }
}

const EXITS: Record<X64Exit, string> = { illegal: 'ILLEGAL', breakpoint: 'EBREAK', syscall: 'ECALL' }

/** The text of an instruction; `place` says where its operands are. `short`: for one that is not in the loop. */
export function instructionText(
  id: string,
  body: X64Body,
  place: (operand: string) => Place | undefined,
  short: boolean,
): X64Text {
  const words = new Map<number, string>()
  return generate(id, body, short, (operand, e) => {
    const at = place(operand) ?? bug('generate', id, operand, 'the row has no such operand')
    if ('register' in at) return `${at.register * 2}`
    let text = words.get(at.word)
    if (text === undefined) words.set(at.word, (text = e.define(`code[i + ${at.word}]`).text))
    return text
  })
}

/** The body of an operation of the vector unit. */
export function operationText(id: string, body: X64Body): string {
  const { text, transfers } = generate(id, body, true, (operand) => {
    if (operand === 'rax' || operand === 'rdx') return `${(operand === 'rax' ? R.RAX : R.RDX) * 2}`
    return /^([dabc]|imm)$/.test(operand) ? operand : bug('generate', id, operand, 'no operand of the vector unit')
  })
  if (transfers) bug('generate', id, '-', 'an operation of the vector unit cannot leave')
  return text
}

function generate(
  id: string,
  body: X64Body,
  short: boolean,
  field: (operand: string, e: TextEmitter) => string,
): X64Text {
  const e = textEmitter({ short })
  const { i32, i64, define, defineFlag, effect, condition, leave, zeroExtend } = e
  const commits: string[] = []
  let terminator: { readonly text: string; readonly falls: boolean } | undefined
  const once = new Map<string, Word>()
  const cached = (key: string, make: () => Word): Word => {
    let word = once.get(key)
    if (word === undefined) once.set(key, (word = make()))
    return word
  }
  const fields = new Map<string, string>()
  const fieldOf = (operand: string): string => {
    let text = fields.get(operand)
    if (text === undefined) fields.set(operand, (text = field(operand, e)))
    return text
  }
  const low = (index: string): Word => cached(`lo ${index}`, () => define(`x[${index}]`))
  const high = (index: string): Word => cached(`hi ${index}`, () => define(`x[${index} | 1]`))
  const register = (index: string): Pair => ({ lo: low(index), hi: high(index) })
  const write = (index: string, value: Pair): void => {
    commits.push(`x[${index}] = ${value.lo.text}`, `x[${index} | 1] = ${value.hi.text}`)
  }
  /** Both words of what a call returns and leaves. */
  const twoWords = (call: string, second: string): Pair => {
    const lo = define(call)
    return { lo, hi: define(second, lo) }
  }

  function address(popped = false): Pair {
    if (short && !popped) return twoWords('effectiveAddress(x, code, i)', 'highWord')
    const lo = e.fresh()
    const hi = e.fresh()
    const base = cached('base', () => define('code[i + 4]'))
    const index = cached('index', () => define('code[i + 5]'))
    const disp = cached('disp', () => define('code[i + 6]'))
    effect(
      `let ${lo} = (x[${base.text}] + ${disp.text}) | 0\n` +
        `let ${hi} = (x[${base.text} | 1] + (${disp.text} >> 31) + ((${lo} >>> 0) < (${disp.text} >>> 0) ? 1 : 0)) | 0\n` +
        `if (${index.text} !== 0) {\n` +
        `  const r = ${index.text} & 255, s = (${index.text} >> 8) & 3\n` +
        `  const il = x[r] << s\n` +
        `  ${lo} = (${lo} + il) | 0\n` +
        `  ${hi} = (${hi} + (x[r | 1] << s | x[r] >>> 1 >>> ~s) + ((${lo} >>> 0) < (il >>> 0) ? 1 : 0)) | 0\n` +
        `}`,
    )
    const pair: Pair = { lo: { text: lo }, hi: { text: hi } }
    if (!popped) return pair
    return i64.add(pair, zeroExtend(define(`${base.text} === ${R.RSP * 2} ? 8 : 0`)))
  }

  const target = 'hart.targetLo = code[i + 6]; hart.targetHi = code[i + 5]'
  const take = `{ const s = link[i >> 3]; if (s !== 0) { i = s; n--; continue } ${target}; ${leave('MISS_DIRECT', true)} }`
  function terminate(text: string, falls: boolean): void {
    if (terminator !== undefined) bug('generate', id, '-', 'two terminators')
    terminator = { text, falls }
  }
  const guarded = (when: Word | undefined, text: string): string =>
    when === undefined ? text : `if (${condition(when)}) { ${text} }`

  // ---- Lanes

  const sum = (base: string, n: number): string => (n === 0 ? base : `${base} + ${n}`)
  const VIEWS = { 8: ['x8', 2], 16: ['x16', 1], 32: ['x', 0] } as const
  const element = (operand: string, bits: 8 | 16 | 32, number: string): string => {
    const [view, shift] = VIEWS[bits]
    const base = shift === 0 ? fieldOf(operand) : `(${fieldOf(operand)} << ${shift})`
    return `${view}[${number === '0' ? base : `${base} + ${number}`}]`
  }
  const float64 = (at: string, n: number): string => `xf64[${sum(`(${at} >> 1)`, n)}]`
  const float32 = (at: string, n: number): string => `xf32[${sum(at, n)}]`
  const element64 = (operand: string, n: number): Pair => {
    const at = fieldOf(operand)
    const lo: FloatWord = { ...define(`x[${sum(at, 2 * n)}]`), float: float64(at, n) }
    return { lo, hi: define(`x[${sum(at, 2 * n + 1)}]`) }
  }
  const element32 = (operand: string, n: number): FloatWord => ({
    ...define(element(operand, 32, `${n}`)),
    float: float32(fieldOf(operand), n),
  })
  /** Empty where the element is what it was. */
  const store64 = (at: string, n: number, { lo, hi }: Pair): string => {
    const { float, number } = lo as FloatWord
    const [low, high] = [`x[${sum(at, 2 * n)}]`, `x[${sum(at, 2 * n + 1)}]`]
    if (float === float64(at, n)) return ''
    if (number === undefined) return `${low} = ${lo.text}; ${high} = ${hi.text}`
    const { name, call } = number
    return `if (${name} === ${name}) ${float64(at, n)} = ${name}; else { ${low} = ${call}; ${high} = x86.high }`
  }
  const store32 = (at: string, n: number, value: FloatWord): string => {
    const { float, number } = value
    const word = `x[${sum(at, n)}]`
    if (float === float32(at, n)) return ''
    if (number === undefined) return `${word} = ${value.text}`
    const { name, call } = number
    return `if (${name} === ${name}) ${float32(at, n)} = ${name}; else ${word} = ${call}`
  }
  /** What JavaScript's arithmetic on the elements themselves gives, as far as it is the same but for NaNs. */
  function numberOf(op: X86FloatOp, bits: number, operands: readonly Pair[]): string | undefined {
    const [a, y] = operands.map((p) => (p.lo as FloatWord).float)
    const signs: Partial<Record<X86FloatOp, string>> = { add: '+', sub: '-', mul: '*', div: '/' }
    const sign = signs[op]
    if (sign !== undefined) return a === undefined || y === undefined ? undefined : `${a} ${sign} ${y}`
    const { lo, hi } = operands[0]
    if (op === 'sqrt') return a === undefined ? undefined : `Math.sqrt(${a})`
    // From the other format, with one rounding at most.
    if (op === 'toF32' || (op === 'toF64' && bits === 32)) return bits === 16 ? undefined : a
    if (bits !== 64) return undefined
    if (op === 'fromI32') return lo.text
    if (op === 'fromI64') return `${hi.text} * 4294967296 + (${lo.text} >>> 0)`
    return undefined
  }
  /** A call that takes elements as numbers, where one gives what the call with bits does. */
  function elementCall(op: X86FloatOp, operands: readonly Pair[]): string | undefined {
    const [a, y] = operands.map((p) => (p.lo as FloatWord).float)
    if (a === undefined) return undefined
    if (op === 'compare') return y === undefined ? undefined : `x86.relation(${a}, ${y})`
    if (op === 'toI32t') return `x86.word(Math.trunc(${a}))`
    return op === 'toI64t' ? `x86.longWord(Math.trunc(${a}))` : undefined
  }
  /** An element whose number is a value has been read: its register must not change before all elements are computed. */
  let readsOthers = false

  const builder: X64Builder<TextTypes> = {
    i32,
    i64,
    r64: (operand) => register(fieldOf(operand)),
    r32: (operand) => low(fieldOf(operand)),
    rsp: () => register(`${R.RSP * 2}`),
    rbp: () => register(`${R.RBP * 2}`),
    imm: (operand) => ({ text: fieldOf(operand) }),
    imm64: (operand) => ({ lo: { text: fieldOf(operand) }, hi: define('code[i + 6]') }),
    nextPc: () => zeroExtend(define('(pcs[i >> 3] + ((code[i] >>> 16) & 15)) | 0')),
    address,
    flag: (name) => cached(`flag ${name}`, () => define(name === 'c' ? 'carryFlag(x)' : 'overflowFlag(x)')),
    condition: (operand) => defineFlag(`condition(x, ${fieldOf(operand)})`),
    clock: () => twoWords('hart.clock(n)', 'hart.clockHi'),
    divide(signed, hi, lo, by) {
      const args = [hi, lo, by].flatMap((p) => [p.lo.text, p.hi.text])
      const fails = defineFlag(`divide(${signed}, ${args.join(', ')})`)
      const call: Word = { text: fails.flag! }
      const part = (name: string): Word => define(name, call)
      return {
        quotient: { lo: part('quotientLo'), hi: part('quotientHi') },
        remainder: { lo: part('remainderLo'), hi: part('remainderHi') },
        fails,
      }
    },
    cpuid(leaf, subleaf) {
      const all = define(`hart.cpuid(${leaf.text}, ${subleaf.text})`)
      return [define(`${all.text}[0]`), define(`${all.text}[1]`), define(`${all.text}[2]`), define(`${all.text}[3]`)]
    },
    compareStrings(lengths) {
      const given = lengths === undefined ? 'false, 0, 0' : `true, ${lengths[0].text}, ${lengths[1].text}`
      const index = define(`strings(x8, ${fieldOf('a')}, ${fieldOf('b')}, imm, ${given})`)
      const word = (name: string): Word => define(name, index)
      return {
        index,
        low: { lo: word('mask[0]'), hi: word('mask[1]') },
        high: { lo: word('mask[2]'), hi: word('mask[3]') },
        flags: word('stringFlags'),
      }
    },
    deposit: (a, m) => twoWords(`deposit(${a.lo.text}, ${a.hi.text}, ${m.lo.text}, ${m.hi.text})`, 'highWord'),
    extract: (a, m) => twoWords(`extract(${a.lo.text}, ${a.hi.text}, ${m.lo.text}, ${m.hi.text})`, 'highWord'),
    crc32c: (crc, data, bytes) => define(`crc32c(${crc.text}, ${data.lo.text}, ${data.hi.text}, ${bytes})`),
    float(op, bits, ...operands) {
      const { args, result } = signatureOf(op)
      const isWide = (what: X86Operand): boolean => what === 'q' || what === 'd' || (what === 'f' && bits === 64)
      const texts = operands.flatMap((p, k) => (isWide(args[k]) ? [p.lo.text, p.hi.text] : [p.lo.text]))
      const call = elementCall(op, operands) ?? `x86.${op}${bits}(${texts.join(', ')})`
      const value = isWide(result) ? twoWords(call, 'x86.high') : zeroExtend(define(call))
      const expression = numberOf(op, bits, operands)
      if (expression === undefined) return value
      const lo: FloatWord = { ...value.lo, number: { name: define(expression).text, call } }
      return { lo, hi: value.hi }
    },
    load: e.load,
    store: e.store,
    load128(address) {
      effect(`if (!mem.load16(${address.lo.text}, ${address.hi.text})) { ${leave('FAULT')} }`)
      return [
        { lo: define('mem.lo'), hi: define('mem.hi') },
        { lo: define('mem.upperLo'), hi: define('mem.upperHi') },
      ]
    },
    store128(address, a, y) {
      const words = [address, a, y].flatMap((p) => [p.lo.text, p.hi.text])
      effect(`if (!mem.store16(${words.join(', ')})) { ${leave('FAULT')} }`)
    },
    checkAligned(size, { lo, hi }) {
      effect(`if ((${lo.text} & ${size - 1}) !== 0) { mem.misaligned(${lo.text}, ${hi.text}); ${leave('FAULT')} }`)
    },
    divideErrorIf: (when) => effect(`if (${condition(when)}) { ${leave('ARITHMETIC')} }`),
    set64: (operand, value) => write(fieldOf(operand), value),
    set32: (operand, value) => write(fieldOf(operand), { lo: value, hi: ZERO }),
    setLow(operand, bits, value) {
      const at = fieldOf(operand)
      commits.push(`x[${at}] = (x[${at}] & ${bits === 8 ? -256 : -65536}) | ${value.text}`)
    },
    setRsp: (value) => write(`${R.RSP * 2}`, value),
    setRbp: (value) => write(`${R.RBP * 2}`, value),
    setFlags(kind, width, a, y, { carry, when } = {}) {
      const stores = [`x[${R.FLAG_KIND}] = ${flagKind(kind, width)}`, `x[${R.FLAG_A}] = ${a.lo.text}`]
      if (kind !== 'logic') stores.push(`x[${R.FLAG_B}] = ${y.lo.text}`)
      if (width === 64) {
        stores.push(`x[${R.FLAG_A + 1}] = ${a.hi.text}`)
        if (kind !== 'logic') stores.push(`x[${R.FLAG_B + 1}] = ${y.hi.text}`)
      }
      if (carry !== undefined) stores.push(`x[${R.FLAG_CARRY}] = ${carry.text}`)
      commits.push(guarded(when, stores.join('; ')))
    },
    setFlagBits(mask, value, { undefined: undef = 0, undefinedIf, when } = {}) {
      const all = (mask | undef) === ALL_FLAGS
      let v = i32.and(value, i32.const(mask)).text
      if (undefinedIf !== undefined) {
        const [some, unless] = undefinedIf
        v = define(`${condition(unless)} ? (${v} & ${~some}) | (x[${R.FLAG_UNDEFINED}] & ${some}) : ${v}`).text
      }
      if (undef !== 0) v = `${v} | (x[${R.FLAG_UNDEFINED}] & ${undef})`
      commits.push(guarded(when, `${all ? 'knowFlags(x' : `overrideFlags(x, ${mask | undef}`}, ${v})`))
    },
    lane: (operand, bits, n) => (bits === 32 ? element32(operand, n) : define(element(operand, bits, `${n}`))),
    lane64: (operand, n) => element64(operand, n),
    laneAt(operand, bits, n) {
      readsOthers = true
      return define(element(operand, bits, n.text))
    },
    lane64At(operand, n) {
      readsOthers = true
      const at = fieldOf(operand)
      const k = define(`${at} + (${n.text} << 1)`)
      return { lo: define(`x[${k.text}]`), hi: define(`x[${k.text} | 1]`) }
    },
    setLane(operand, bits, n, value) {
      if (bits === 32) commits.push(store32(fieldOf(operand), n, value))
      else commits.push(`${element(operand, bits, `${n}`)} = ${value.text}`)
    },
    setLane64: (operand, n, value) => commits.push(store64(fieldOf(operand), n, value)),
    map(bits, f) {
      const lane = (k: string): Lane<TextTypes> => ({
        u: (operand) => define(element(operand, bits, k)),
        s: (operand) => define(element(operand, bits, k).replace(/^x(8|16)\[/, 'x$1s[')),
        q: () => bug('generate', id, '-', 'no 64-bit elements here'),
      })
      const d = fieldOf('d')
      if (bits === 32) {
        for (let k = 0; k < 4; k++) commits.push(`x[${sum(d, k)}] = ${f(lane(`${k}`), known(k)).text}`)
        return
      }
      effect(`for (let k = 0; k < ${128 / bits}; k++) {`)
      const value = f(lane('k'), { text: 'k' })
      const [view, shift] = VIEWS[bits]
      effect(`${view}[${readsOthers ? R.PARTIAL_RESULT << shift : `(${d} << ${shift})`} + k] = ${value.text}`)
      effect('}')
      if (readsOthers) for (let k = 0; k < 4; k++) effect(`x[${sum(d, k)}] = x[${R.PARTIAL_RESULT + k}]`)
    },
    map64(f) {
      const narrow = (): never => bug('generate', id, '-', 'only 64-bit elements here')
      for (let k = 0; k < 2; k++) {
        const value = f({ u: narrow, s: narrow, q: (operand) => element64(operand, k) }, known(k))
        commits.push(store64(fieldOf('d'), k, value))
      }
    },
    jump: () => terminate(take, false),
    branch: (when) => terminate(`if (${condition(when)}) ${take}`, true),
    jumpIndirect({ lo, hi }) {
      terminate(
        `const p = ${hi.text} === 0 ? pageIndex[${lo.text} >>> 12] : 0\n` +
          `if (p !== 0) { const s = slotAt[p + (${lo.text} & 4095)]; if (s !== 0) { i = s; n--; continue } }\n` +
          `hart.targetLo = ${lo.text}; hart.targetHi = ${hi.text}; ${leave('MISS_INDIRECT', true)}`,
        false,
      )
    },
    exit: (name) => terminate(leave(EXITS[name]), false),
  }
  body(builder)
  for (const text of commits) if (text !== '') effect(text)
  const last = terminator as { readonly text: string; readonly falls: boolean } | undefined
  if (last !== undefined) effect(last.text)
  return { text: e.finish(), terminates: last !== undefined && !last.falls, transfers: last !== undefined }
}
