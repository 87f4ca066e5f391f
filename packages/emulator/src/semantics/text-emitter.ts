// Text of integer operations and memory accesses on int32 pairs: what generating builders of all ISAs are made of.
//
// A 64-bit value is a pair of words. A word is a constant, or the name of a temporary that an earlier statement defined; nothing is
// computed twice and no expression is moved, so the order of the text is the order of the body. Temporaries that nothing reads (the high
// halves of 32-bit operations, mostly) are dropped at the end. Constants are folded with the eager evaluator's own operations.
//
// The text finds bound: mem, perms, u8, u16, i32 (memory.ts), hart, i (index of the slot) and n (instructions left).

import type { AccessSize, I32Ops, I64Ops, IntOps } from './builder.ts'
import { type BinaryName, binary, type CompareName, compare, type HighName } from './integers.ts'

/** A 32-bit word: `constant` if known (int32), else the name of a temporary; `flag` names the boolean that it was made from. */
export interface Word {
  readonly text: string
  readonly constant?: number
  readonly flag?: string
}
export interface Pair {
  readonly lo: Word
  readonly hi: Word
}
export interface TextTypes {
  i32: Word
  i64: Pair
}

interface Line {
  readonly defines: string | undefined
  readonly text: string
  /** A temporary whose statement must have run just before. */
  readonly behind?: string | undefined
}

const TEMPORARY = /\b[tc]\d+\b/g
export const known = (n: number): Word => ({ text: n < 0 ? `(${n})` : `${n}`, constant: n | 0 })
export const ZERO: Word = known(0)

export interface TextEmitter {
  readonly i32: I32Ops<TextTypes>
  readonly i64: I64Ops<TextTypes>
  /** A temporary with the value of an expression. `behind`: a call that left the value, which is then needed too. */
  define(expression: string, behind?: Word): Word
  /** The same for a boolean expression. */
  defineFlag(expression: string): Word
  /** A statement that stays. */
  effect(text: string): void
  /** The name of a temporary that a statement of the caller declares. */
  fresh(): string
  /** JavaScript's condition for a word that is not 0. */
  condition(w: Word): string
  extend(lo: Word): Pair
  zeroExtend(lo: Word): Pair
  /** Statements that leave the loop. */
  leave(exit: string, executed?: boolean): string
  load(size: AccessSize, address: Pair): Pair
  store(size: AccessSize, address: Pair, value: Pair): void
  /** All statements, without those that only define what nothing reads. */
  finish(): string
}

/** `short`: accesses call memory's functions always, for text that runs seldom. */
export function textEmitter(options: { readonly short?: boolean } = {}): TextEmitter {
  const lines: Line[] = []
  let temporaries = 0

  function define(expression: string, behind?: Word): Word {
    const name = `t${temporaries++}`
    lines.push({ defines: name, text: `const ${name} = ${expression}`, behind: behind?.text })
    return { text: name }
  }
  function defineFlag(expression: string): Word {
    const name = `c${temporaries++}`
    lines.push({ defines: name, text: `const ${name} = ${expression}` })
    return { text: `(${name} ? 1 : 0)`, flag: name }
  }
  function effect(text: string): void {
    lines.push({ defines: undefined, text })
  }
  const condition = (w: Word): string =>
    w.flag ?? (w.constant !== undefined ? `${w.constant !== 0}` : `${w.text} !== 0`)
  const leave = (exit: string, executed = false): string =>
    `hart.slot = i; hart.left = n${executed ? ' - 1' : ''}; return ${exit}`

  // ---- Words

  const fits = (a: Word, b: Word): boolean => a.constant !== undefined && b.constant !== undefined
  const is = (a: Word, n: number): boolean => a.constant === n
  const fold = (name: BinaryName, a: Word, b: Word): Word =>
    known(Number(binary[name](32, BigInt(a.constant! >>> 0), BigInt(b.constant! >>> 0))) | 0)

  function word(name: BinaryName, a: Word, b: Word): Word {
    if (fits(a, b)) return fold(name, a, b)
    switch (name) {
      case 'add':
        return is(b, 0) ? a : is(a, 0) ? b : define(`(${a.text} + ${b.text}) | 0`)
      case 'sub':
        return is(b, 0) ? a : define(`(${a.text} - ${b.text}) | 0`)
      case 'and':
        return is(a, 0) || is(b, 0) ? ZERO : is(a, -1) ? b : is(b, -1) ? a : define(`${a.text} & ${b.text}`)
      case 'or':
        if (a.flag !== undefined && b.flag !== undefined) return defineFlag(`${a.flag} || ${b.flag}`)
        return is(a, 0) ? b : is(b, 0) ? a : is(a, -1) || is(b, -1) ? known(-1) : define(`${a.text} | ${b.text}`)
      case 'xor':
        return is(a, 0) ? b : is(b, 0) ? a : is(b, -1) ? define(`~${a.text}`) : define(`${a.text} ^ ${b.text}`)
      case 'shl':
        return is(b, 0) ? a : define(`${a.text} << ${b.text}`)
      case 'shr_s':
        return is(b, 0) ? a : define(`${a.text} >> ${b.text}`)
      case 'shr_u':
        return is(b, 0) ? a : define(`(${a.text} >>> ${b.text}) | 0`)
      case 'rotl':
        return define(`(${a.text} << ${b.text}) | (${a.text} >>> 1 >>> ~${b.text})`)
      case 'rotr':
        return define(`(${a.text} >>> ${b.text}) | (${a.text} << 1 << ~${b.text})`)
      case 'mul':
        return define(`Math.imul(${a.text}, ${b.text})`)
      case 'div_s':
        return define(`(${a.text} / ${b.text}) | 0`)
      case 'rem_s':
        return define(`(${a.text} % ${b.text}) | 0`)
      case 'div_u':
        return define(`((${a.text} >>> 0) / (${b.text} >>> 0)) | 0`)
      case 'rem_u':
        return define(`((${a.text} >>> 0) % (${b.text} >>> 0)) | 0`)
    }
  }

  function wordCompare(name: CompareName, a: Word, b: Word): Word {
    if (fits(a, b)) return known(compare[name](32, BigInt(a.constant! >>> 0), BigInt(b.constant! >>> 0)) ? 1 : 0)
    const u = (w: Word): string => (w.constant === undefined ? `(${w.text} >>> 0)` : `${w.constant >>> 0}`)
    const texts: Record<CompareName, string> = {
      eq: `${a.text} === ${b.text}`,
      ne: `${a.text} !== ${b.text}`,
      lt_s: `${a.text} < ${b.text}`,
      ge_s: `${a.text} >= ${b.text}`,
      lt_u: `${u(a)} < ${u(b)}`,
      ge_u: `${u(a)} >= ${u(b)}`,
    }
    return defineFlag(texts[name])
  }

  const i32 = {
    const: known,
    wrap_i64: (a: Pair) => a.lo,
    clz: (a: Word) => define(`Math.clz32(${a.text})`),
    ctz: (a: Word) => define(`ctz32(${a.text})`),
    popcnt: (a: Word) => define(`popcount32(${a.text})`),
    extend8_s: (a: Word) => define(`(${a.text} << 24) >> 24`),
    extend16_s: (a: Word) => define(`(${a.text} << 16) >> 16`),
    eqz: (a: Word) => (a.flag !== undefined ? defineFlag(`!${a.flag}`) : wordCompare('eq', a, ZERO)),
    select: (c: Word, a: Word, b: Word) => {
      if (c.constant !== undefined) return c.constant !== 0 ? a : b
      return a === b ? a : define(`${condition(c)} ? ${a.text} : ${b.text}`)
    },
  } as I32Ops<TextTypes> & Record<string, unknown>
  for (const name of Object.keys(binary) as BinaryName[]) {
    i32[name] = (a, b) => word(name, a, b)
  }
  for (const name of Object.keys(compare) as CompareName[]) i32[name] = (a, b) => wordCompare(name, a, b)

  // ---- Pairs

  const big = (a: Pair): bigint => (BigInt(a.hi.constant! >>> 0) << 32n) | BigInt(a.lo.constant! >>> 0)
  const isKnown = (a: Pair): boolean => fits(a.lo, a.hi)
  const knownPair = (v: bigint): Pair => ({
    lo: known(Number(BigInt.asIntN(32, v))),
    hi: known(Number(BigInt.asIntN(32, v >> 32n))),
  })
  const u = (w: Word): string => (w.constant === undefined ? `(${w.text} >>> 0)` : `${w.constant >>> 0}`)

  /** A call of one of entity's i64 functions, which leave further result words in live bindings; read at once, before another call. */
  function call(name: string, a: Pair, b: Pair): Pair {
    const lo = define(`i64.${name}(${a.lo.text}, ${a.hi.text}, ${b.lo.text}, ${b.hi.text})`)
    return { lo, hi: define('i64.hi', lo) }
  }
  function remainder(name: string, a: Pair, b: Pair): Pair {
    effect(`i64.${name}(${a.lo.text}, ${a.hi.text}, ${b.lo.text}, ${b.hi.text})`)
    return { lo: define('i64.remLo'), hi: define('i64.remHi') }
  }

  /** Shift by a count known at build time: 0 <= k < 64. */
  function shiftBy(name: 'shl' | 'shr_s' | 'shr_u', a: Pair, k: number): Pair {
    if (k === 0) return a
    const n = known(k & 31)
    const back = known(32 - (k & 31))
    if (name === 'shl') {
      if (k >= 32) return { lo: ZERO, hi: word('shl', a.lo, n) }
      return { lo: word('shl', a.lo, n), hi: word('or', word('shl', a.hi, n), word('shr_u', a.lo, back)) }
    }
    if (k >= 32) return { lo: word(name, a.hi, n), hi: name === 'shr_u' ? ZERO : word('shr_s', a.hi, known(31)) }
    return { lo: word('or', word('shr_u', a.lo, n), word('shl', a.hi, back)), hi: word(name, a.hi, n) }
  }

  /** Shift by a variable count: JavaScript takes counts modulo 32, and `~n` is 31 - n there, which avoids the shift by 32. */
  function shift(name: 'shl' | 'shr_s' | 'shr_u', a: Pair, count: Word): Pair {
    const n = count.text
    const far = defineFlag(`(${n} & 32) !== 0`).flag
    const lo = a.lo.text
    const hi = a.hi.text
    if (name === 'shl') {
      return {
        lo: define(`${far} ? 0 : ${lo} << ${n}`),
        hi: define(`${far} ? ${lo} << ${n} : (${hi} << ${n}) | (${lo} >>> 1 >>> ~${n})`),
      }
    }
    const op = name === 'shr_s' ? '>>' : '>>>'
    return {
      lo: define(`${far} ? (${hi} ${op} ${n}) | 0 : (${lo} >>> ${n}) | (${hi} << 1 << ~${n})`),
      hi: define(`${far} ? ${name === 'shr_s' ? `${hi} >> 31` : '0'} : (${hi} ${op} ${n}) | 0`),
    }
  }

  /** By 32 the words change places; by less than that each takes bits from the other. */
  function rotate(name: 'rotl' | 'rotr', a: Pair, count: Word): Pair {
    const n = count.text
    const far = defineFlag(`(${n} & 32) !== 0`).flag
    const lo = define(`${far} ? ${a.hi.text} : ${a.lo.text}`).text
    const hi = define(`${far} ? ${a.lo.text} : ${a.hi.text}`).text
    const part = (own: string, other: string): Word =>
      define(
        name === 'rotl'
          ? `(${own} << ${n}) | (${other} >>> 1 >>> ~${n})`
          : `(${own} >>> ${n}) | (${other} << 1 << ~${n})`,
      )
    return { lo: part(lo, hi), hi: part(hi, lo) }
  }

  function pair(name: BinaryName | HighName, a: Pair, b: Pair): Pair {
    if (isKnown(a) && isKnown(b)) return knownPair(binary[name](64, big(a), big(b)))
    switch (name) {
      case 'add': {
        const lo = word('add', a.lo, b.lo)
        // Without a low word to add there is no carry.
        if (is(a.lo, 0) || is(b.lo, 0)) return { lo, hi: word('add', a.hi, b.hi) }
        return { lo, hi: define(`(${a.hi.text} + ${b.hi.text} + (${u(lo)} < ${u(a.lo)} ? 1 : 0)) | 0`) }
      }
      case 'sub':
        return {
          lo: word('sub', a.lo, b.lo),
          hi: define(`(${a.hi.text} - ${b.hi.text} - (${u(a.lo)} < ${u(b.lo)} ? 1 : 0)) | 0`),
        }
      case 'and':
      case 'or':
      case 'xor':
        return { lo: word(name, a.lo, b.lo), hi: word(name, a.hi, b.hi) }
      case 'shl':
      case 'shr_s':
      case 'shr_u':
        return b.lo.constant === undefined ? shift(name, a, b.lo) : shiftBy(name, a, b.lo.constant & 63)
      case 'rotl':
      case 'rotr':
        if (is(b.lo, 32)) return { lo: a.hi, hi: a.lo }
        if (b.lo.constant === undefined) return rotate(name, a, b.lo)
        if (name === 'rotr') return pair('or', pair('shr_u', a, b), pair('shl', a, pair('sub', knownPair(0n), b)))
        return pair('or', pair('shl', a, b), pair('shr_u', a, pair('sub', knownPair(0n), b)))
      case 'mul': {
        const cross = `Math.imul(${a.lo.text}, ${b.hi.text}) + Math.imul(${a.hi.text}, ${b.lo.text})`
        return { lo: word('mul', a.lo, b.lo), hi: define(`(mulHigh32(${a.lo.text}, ${b.lo.text}) + ${cross}) | 0`) }
      }
      case 'mul_high_s':
        return call('smulhi', a, b)
      case 'mul_high_u':
        return call('umulhi', a, b)
      case 'div_s':
        return call('sdiv', a, b)
      case 'div_u':
        return call('udiv', a, b)
      case 'rem_s':
        return remainder('sdiv', a, b)
      case 'rem_u':
        return remainder('udiv', a, b)
    }
  }

  function pairCompare(name: CompareName, a: Pair, b: Pair): Word {
    const al = u(a.lo)
    const bl = u(b.lo)
    const ah = a.hi.text
    const bh = b.hi.text
    switch (name) {
      case 'eq':
        return defineFlag(`${a.lo.text} === ${b.lo.text} && ${ah} === ${bh}`)
      case 'ne':
        return defineFlag(`${a.lo.text} !== ${b.lo.text} || ${ah} !== ${bh}`)
      case 'lt_s':
        return defineFlag(`${ah} < ${bh} || (${ah} === ${bh} && ${al} < ${bl})`)
      case 'ge_s':
        return defineFlag(`${ah} > ${bh} || (${ah} === ${bh} && ${al} >= ${bl})`)
      case 'lt_u':
        return defineFlag(`${ah} === ${bh} ? ${al} < ${bl} : ${u(a.hi)} < ${u(b.hi)}`)
      case 'ge_u':
        return defineFlag(`${ah} === ${bh} ? ${al} >= ${bl} : ${u(a.hi)} > ${u(b.hi)}`)
    }
  }

  const extend = (lo: Word): Pair => ({
    lo,
    hi: lo.constant !== undefined ? known(lo.constant >> 31) : define(`${lo.text} >> 31`),
  })
  const zeroExtend = (lo: Word): Pair => ({ lo, hi: ZERO })
  const i64 = {
    const: (n: number) => knownPair(BigInt(n)),
    extend_i32_s: (a: Word) => extend(a),
    extend_i32_u: (a: Word) => zeroExtend(a),
    clz: (a: Pair) =>
      zeroExtend(define(`${a.hi.text} !== 0 ? Math.clz32(${a.hi.text}) : 32 + Math.clz32(${a.lo.text})`)),
    ctz: (a: Pair) => zeroExtend(define(`${a.lo.text} !== 0 ? ctz32(${a.lo.text}) : 32 + ctz32(${a.hi.text})`)),
    popcnt: (a: Pair) => zeroExtend(define(`popcount32(${a.lo.text}) + popcount32(${a.hi.text})`)),
    extend8_s: (a: Pair) => extend(define(`(${a.lo.text} << 24) >> 24`)),
    extend16_s: (a: Pair) => extend(define(`(${a.lo.text} << 16) >> 16`)),
    eqz: (a: Pair) => defineFlag(`(${a.lo.text} | ${a.hi.text}) === 0`),
    select: (c: Word, a: Pair, b: Pair) => ({ lo: i32.select(c, a.lo, b.lo), hi: i32.select(c, a.hi, b.hi) }),
  } as I64Ops<TextTypes> & Record<string, unknown>
  for (const name of Object.keys(binary) as (BinaryName | HighName)[])
    i64[name] = (a: Pair, b: Pair) => pair(name, a, b)
  for (const name of Object.keys(compare) as CompareName[]) i64[name] = (a: Pair, b: Pair) => pairCompare(name, a, b)

  // ---- Memory

  function load(size: AccessSize, address: Pair): Pair {
    const { lo, hi } = address
    if (options.short === true) {
      effect(`if (!mem.load(${size}, ${lo.text}, ${hi.text})) { ${leave('FAULT')} }`)
      return { lo: define('mem.lo'), hi: size === 8 ? define('mem.hi') : ZERO }
    }
    const fast = [
      `${hi.text} === 0`,
      ...(size > 1 ? [`(${lo.text} & ${size - 1}) === 0`] : []),
      `(perms[${lo.text} >>> 12] & 1) !== 0`,
    ]
    const low = `t${temporaries++}`
    const high = `t${temporaries++}`
    const reads: Record<AccessSize, string> = {
      1: `${low} = u8[${lo.text} >>> 0]`,
      2: `${low} = u16[${lo.text} >>> 1]`,
      4: `${low} = i32[${lo.text} >>> 2]`,
      8: `${low} = i32[${lo.text} >>> 2]; ${high} = i32[(${lo.text} >>> 2) + 1]`,
    }
    const wide = size === 8
    effect(
      `let ${low} = 0${wide ? `, ${high} = 0` : ''}\n` +
        `if (${fast.join(' && ')}) { ${reads[size]} }\n` +
        `else if (mem.load(${size}, ${lo.text}, ${hi.text})) { ${low} = mem.lo${wide ? `; ${high} = mem.hi` : ''} }\n` +
        `else { ${leave('FAULT')} }`,
    )
    return { lo: { text: low }, hi: wide ? { text: high } : ZERO }
  }

  function store(size: AccessSize, address: Pair, value: Pair): void {
    const { lo, hi } = address
    const high = size === 8 ? value.hi.text : '0'
    if (options.short === true) {
      effect(`if (!mem.store(${size}, ${lo.text}, ${hi.text}, ${value.lo.text}, ${high})) { ${leave('FAULT')} }`)
      return
    }
    const fast = [
      `${hi.text} === 0`,
      ...(size > 1 ? [`(${lo.text} & ${size - 1}) === 0`] : []),
      `(perms[${lo.text} >>> 12] & 2) !== 0`,
    ]
    const writes: Record<AccessSize, string> = {
      1: `u8[${lo.text} >>> 0] = ${value.lo.text}`,
      2: `u16[${lo.text} >>> 1] = ${value.lo.text}`,
      4: `i32[${lo.text} >>> 2] = ${value.lo.text}`,
      8: `i32[${lo.text} >>> 2] = ${value.lo.text}; i32[(${lo.text} >>> 2) + 1] = ${value.hi.text}`,
    }
    effect(
      `if (${fast.join(' && ')}) { ${writes[size]} }\n` +
        `else if (!mem.store(${size}, ${lo.text}, ${hi.text}, ${value.lo.text}, ${high})) { ${leave('FAULT')} }`,
    )
  }

  return {
    i32: i32 as IntOps<TextTypes, Word> & I32Ops<TextTypes>,
    i64,
    define,
    defineFlag,
    effect,
    fresh: () => `t${temporaries++}`,
    condition,
    extend,
    zeroExtend,
    leave,
    load,
    store,
    finish() {
      // Backwards: a temporary is defined before its uses. A call whose value nobody reads, but what it left, stays as a call.
      const read = new Set<string>()
      const called = new Set<string>()
      const kept: string[] = []
      for (const line of lines.reverse()) {
        const { defines, text, behind } = line
        const isRead = defines === undefined || read.has(defines)
        if (!isRead && !called.has(defines)) continue
        for (const name of text.match(TEMPORARY) ?? []) read.add(name)
        if (behind !== undefined) called.add(behind)
        kept.push(isRead ? text : text.replace(/^const \w+ = /, ''))
      }
      return kept.reverse().join('\n')
    },
  }
}
