// Tokens of CLIF text.
//
// One token of lookahead, held in the lexer's fields: no object exists per token. Character classes come from one table.
// Entity numbers of values and blocks, which make up most of a function's text, are decoded while they are scanned; other
// entities (ss0, gv1, const2) are identifiers whose number the parser reads with `entity`.
//
// Comments are not tokens: they are collected as they are skipped, each with the owner that the parser had set by then
// (the instruction, block or declaration being parsed), so a comment belongs to what it follows.
import { errorAt, type ParseError } from './error.ts'

/** Kinds of token; punctuation is its own character code. (Typed as numbers, so that no comparison narrows a field that `next` changes.) */
export const EOF: number = 0
export const IDENT: number = 1 // iadd, i32, ss0
export const VALUE: number = 2 // v12: num
export const BLOCK: number = 3 // block12: num
export const NAME: number = 4 // %name or %"name": str, and quoted
export const INT: number = 5 // 12, -0x1_000: num, NaN beyond 2^53
export const FLOAT: number = 6 // 0x1.8p3, 0.0, +Inf, -sNaN:0x1
export const STRING: number = 7 // "text": str
export const SRCLOC: number = 8 // @00a2: num
export const ARROW: number = 256 // ->
export const EQUAL: number = 257 // ==
export const NOT_EQUAL: number = 258 // !=

export const LPAREN: number = 40
export const RPAREN: number = 41
export const STAR: number = 42
export const COMMA: number = 44
export const DOT: number = 46
export const COLON: number = 58
export const LESS: number = 60
export const ASSIGN: number = 61
export const GREATER: number = 62
export const AT: number = 64
export const LBRACKET: number = 91
export const RBRACKET: number = 93
export const LBRACE: number = 123
export const RBRACE: number = 125

/** How many entity numbers a text may skip in all: so many, and so many for each of its characters. */
const GAPS = 1_000_000
const GAPS_PER_CHARACTER = 16

// Character classes: bit 0 decimal digit, bit 1 hex digit, bit 2 identifier start, bit 3 identifier part, bit 4 blank
const DIGIT = 1
const HEX = 2
const START = 4
const PART = 8
const BLANK = 16
const classes = new Uint8Array(128)
for (let c = 48; c <= 57; c++) classes[c] = DIGIT | HEX | PART
for (let c = 65; c <= 90; c++) classes[c] = START | PART
for (let c = 97; c <= 122; c++) classes[c] = START | PART
for (const c of [65, 66, 67, 68, 69, 70, 97, 98, 99, 100, 101, 102]) classes[c] |= HEX
classes[95] = START | PART
for (const c of [9, 10, 11, 12, 13, 32]) classes[c] = BLANK

/** A comment with its position and what it follows. */
export interface Comment {
  /** Without the leading `;` (all of them) and blanks. */
  readonly text: string
  /** 1-based line. */
  readonly line: number
  /** Offset of the `;`. */
  readonly start: number
  /** Offset of the comment's end (the line break or the end of the text). */
  readonly end: number
  /** `file`, `function`, `inst3`, `block0`, `gv1`, ...: the entity that the comment belongs to. */
  readonly owner: string
}

function isPart(c: number): boolean {
  return c < 128 && (classes[c] & PART) !== 0
}

const tooLarge = 'the entity number is too large: the text skips too many numbers'

/** A lexer over `text`; the first token is current after construction. */
export class Lexer {
  readonly text: string
  /** Number of the text's first line. */
  readonly firstLine: number
  /** Kind of the current token. */
  kind: number = EOF
  /** Offsets of the current token. */
  start = 0
  end = 0
  /** Line of the current token. */
  line: number
  num = 0
  str = ''
  quoted = false
  /** Where the previous token ended. */
  lastEnd = 0
  comments: Comment[] = []
  /** Owner of the comments that follow: a prefix (`inst`, `block`, `file`) and a number, -1 for none. */
  ownerKind = 'file'
  ownerNum = -1
  /** Entity numbers that may still be skipped. */
  private gaps: number

  /** Starts at offset `from`, which is on line `line`; `firstLine` is the number that errors give to the text's first line. */
  constructor(text: string, from = 0, line = 1, firstLine = 1) {
    this.text = text
    this.firstLine = firstLine
    this.line = line
    this.end = from
    this.gaps = GAPS + GAPS_PER_CHARACTER * text.length
    this.next()
  }

  /** The error at the current token: `expected X, found Y`. */
  expected(what: string): ParseError {
    return this.error(`expected ${what}, found ${this.describe()}`)
  }
  /** An error at the current token. */
  error(reason: string): ParseError {
    return errorAt(this.text, this.start, reason, this.firstLine)
  }
  errorAt(at: number, reason: string): ParseError {
    return errorAt(this.text, at, reason, this.firstLine)
  }
  /** The current token's text. */
  slice(): string {
    return this.text.slice(this.start, this.end)
  }
  private describe(): string {
    if (this.kind === EOF) return 'the end of the text'
    const s = this.slice()
    return `\`${s.length > 40 ? `${s.slice(0, 40)}...` : s}\``
  }

  setOwner(kind: string, num: number): void {
    this.ownerKind = kind
    this.ownerNum = num
  }

  // ---- what the parser asks

  /** Takes the current token if it is of `kind`. */
  eat(kind: number): boolean {
    if (this.kind !== kind) return false
    this.next()
    return true
  }
  expect(kind: number, what: string): void {
    if (this.kind !== kind) throw this.expected(what)
    this.next()
  }
  /** True if the current token is the word `word`. */
  isWord(word: string): boolean {
    return this.kind === IDENT && this.end - this.start === word.length && this.text.startsWith(word, this.start)
  }
  eatWord(word: string): boolean {
    if (!this.isWord(word)) return false
    this.next()
    return true
  }
  /** The number of the current token if it is `prefix` and a number (`ss12`), else -1. */
  entity(prefix: string): number {
    if (this.kind !== IDENT) return -1
    const first = this.start + prefix.length
    const n = this.end - first
    if (n < 1 || n > 9 || !this.text.startsWith(prefix, this.start)) return -1
    let num = 0
    for (let i = first; i < this.end; i++) {
      const d = this.text.charCodeAt(i) - 48
      if (d < 0 || d > 9) return -1
      num = num * 10 + d
    }
    return n > 1 && this.text.charCodeAt(first) === 48 ? -1 : num
  }

  /** Accounts for `n` entity numbers that the text skips before the one at offset `at`: memory stays in proportion to the text. */
  skipNumbers(n: number, at: number): void {
    this.gaps -= n
    if (this.gaps < 0) throw this.errorAt(at, tooLarge)
  }

  // ---- scanning

  /** Advances to the next token. */
  next(): void {
    const text = this.text
    const length = text.length
    let p = this.end
    this.lastEnd = p
    for (;;) {
      if (p >= length) {
        this.start = length
        this.end = length
        this.kind = EOF
        return
      }
      const c = text.charCodeAt(p)
      if (c === 32) {
        p++
      } else if (c === 10) {
        this.line++
        p++
      } else if (c === 59) {
        p = this.comment(p)
      } else if (c < 128 && (classes[c] & BLANK) !== 0) {
        p++
      } else {
        break
      }
    }
    this.start = p
    const c = text.charCodeAt(p)
    const cls = c < 128 ? classes[c] : 0
    if ((cls & START) !== 0) this.word(c, p)
    else if ((cls & DIGIT) !== 0) this.number(p)
    else this.punctuation(c, p)
  }

  private comment(p: number): number {
    const text = this.text
    let end = text.indexOf('\n', p)
    if (end < 0) end = text.length
    let from = p
    while (from < end && text.charCodeAt(from) === 59) from++
    this.comments.push({
      text: text.slice(from, end).trim(),
      line: this.line,
      start: p,
      end,
      owner: this.ownerNum < 0 ? this.ownerKind : this.ownerKind + this.ownerNum,
    })
    return end
  }

  private word(c: number, p: number): void {
    const text = this.text
    let q = p + 1
    if (c === 118 /* v */) {
      q = this.digits(q)
      if (q > p + 1) return this.finish(VALUE, q, p + 1)
    } else if (c === 98 /* b */ && text.startsWith('block', p)) {
      q = this.digits(p + 5)
      if (q > p + 5) return this.finish(BLOCK, q, p + 5)
    }
    q = p + 1
    while (isPart(text.charCodeAt(q))) q++
    this.kind = IDENT
    this.end = q
  }

  /** End of the decimal digits from `p` (with their value in `num`), or `p` if they do not make an entity number. */
  private digits(p: number): number {
    const text = this.text
    let q = p
    let n = 0
    let c = text.charCodeAt(q)
    while (c >= 48 && c <= 57) {
      n = n * 10 + (c - 48)
      c = text.charCodeAt(++q)
    }
    if (isPart(c) || (q > p + 1 && text.charCodeAt(p) === 48)) return p
    this.num = n
    return q
  }

  private finish(kind: number, end: number, digits: number): void {
    this.kind = kind
    this.end = end
    if (this.num > 0x3fff_ffff) throw this.errorAt(digits, tooLarge)
  }

  /** An integer or a float from `p`, where digits begin; `start` may be at its sign. */
  private number(p: number): void {
    const text = this.text
    let q = p
    let c = text.charCodeAt(q)
    let n = 0
    let count = 0
    let float = false
    if (c === 48 && (text.charCodeAt(q + 1) | 32) === 120) {
      q += 2
      for (;;) {
        c = text.charCodeAt(q)
        if (c < 128 && (classes[c] & HEX) !== 0) {
          if (n !== 0 || c !== 48) count++
          n = n * 16 + (c <= 57 ? c - 48 : (c | 32) - 87)
        } else if (c !== 95) break
        q++
      }
      if (count > 13) n = Number.NaN
      if (c === 46 || (c | 32) === 112) {
        float = true
        if (c === 46) {
          q++
          for (;;) {
            c = text.charCodeAt(q)
            if (c !== 95 && !(c < 128 && (classes[c] & HEX) !== 0)) break
            q++
          }
        }
        if ((c | 32) === 112) {
          c = text.charCodeAt(++q)
          if (c === 43 || c === 45) c = text.charCodeAt(++q)
          while (c >= 48 && c <= 57) c = text.charCodeAt(++q)
        }
      }
    } else {
      for (;;) {
        if (c >= 48 && c <= 57) {
          n = n * 10 + (c - 48)
          count++
        } else if (c !== 95) break
        c = text.charCodeAt(++q)
      }
      if (count > 15) n = Number.NaN
      if (c === 46) {
        float = true
        c = text.charCodeAt(++q)
        while (isPart(c)) c = text.charCodeAt(++q)
      }
    }
    if (isPart(c)) {
      while (isPart(text.charCodeAt(q))) q++
      this.end = q
      throw this.error(`malformed number \`${text.slice(this.start, q)}\``)
    }
    this.num = text.charCodeAt(this.start) === 45 ? 0 - n : n
    this.kind = float ? FLOAT : INT
    this.end = q
  }

  private punctuation(c: number, p: number): void {
    const text = this.text
    const d = text.charCodeAt(p + 1)
    if (c === 43 || c === 45) {
      if (c === 45 && d === 62) {
        this.kind = ARROW
        this.end = p + 2
        return
      }
      if (d >= 48 && d <= 57) return this.number(p + 1)
      if (d === 73 || d === 78 || d === 115) return this.special(p)
    } else if (c === 37) {
      return this.name(p)
    } else if (c === 34) {
      this.end = this.string(p)
      this.kind = STRING
      return
    } else if (c === 64 && d < 128 && (classes[d] & HEX) !== 0) {
      return this.srcloc(p)
    } else if ((c === 61 || c === 33) && d === 61) {
      this.kind = c === 61 ? EQUAL : NOT_EQUAL
      this.end = p + 2
      return
    }
    this.end = p + 1
    this.kind = c
    if (!(c >= 33 && c <= 126))
      throw this.error(`unexpected character ${JSON.stringify(String.fromCodePoint(text.codePointAt(p)!))}`)
  }

  /** +Inf, -NaN, +NaN:0x12, -sNaN:0x1 */
  private special(p: number): void {
    const text = this.text
    let q = p + 1
    while (isPart(text.charCodeAt(q))) q++
    if (text.charCodeAt(q) === 58 && text.charCodeAt(q + 1) === 48) {
      q++
      while (isPart(text.charCodeAt(q))) q++
    }
    this.kind = FLOAT
    this.end = q
  }

  /** Takes the word NaN, sNaN or Inf (with its payload) as a float without a sign; true if the token is a float now. */
  asFloat(): boolean {
    if (this.isWord('NaN') || this.isWord('sNaN') || this.isWord('Inf')) this.special(this.start - 1)
    return this.kind === FLOAT
  }

  private name(p: number): void {
    const text = this.text
    this.kind = NAME
    if (text.charCodeAt(p + 1) === 34) {
      this.quoted = true
      this.end = this.string(p + 1)
      return
    }
    let q = p + 1
    let c = text.charCodeAt(q)
    while (isPart(c) || c === 46 || c === 36) c = text.charCodeAt(++q)
    this.quoted = false
    this.str = text.slice(p + 1, q)
    this.end = q
  }

  /** A string from its opening quote at `p`: sets `str`, returns its end. */
  private string(p: number): number {
    const text = this.text
    let out = ''
    let q = p + 1
    let from = q
    for (;;) {
      const c = text.charCodeAt(q)
      if (c === 34) break
      if (Number.isNaN(c) || c === 10) throw this.errorAt(p, 'a string without its closing quote')
      if (c === 92) {
        const e = text[q + 1]
        const x = e === 'n' ? '\n' : e === '"' || e === '\\' ? e : undefined
        if (x === undefined) throw this.errorAt(q, 'expected one of the escapes \\n, \\" and \\\\')
        out += text.slice(from, q) + x
        q += 2
        from = q
      } else {
        q++
      }
    }
    this.str = out + text.slice(from, q)
    return q + 1
  }

  private srcloc(p: number): void {
    const text = this.text
    let q = p + 1
    let n = 0
    while (text.charCodeAt(q) < 128 && (classes[text.charCodeAt(q)] & HEX) !== 0) {
      const c = text.charCodeAt(q++)
      n = n * 16 + (c <= 57 ? c - 48 : (c | 32) - 87)
    }
    this.kind = SRCLOC
    this.end = q
    this.num = n
    if (n > 0xffff_ffff) throw this.error('a source location has at most 32 bits')
  }
}

/** `text` in quotes, as the lexer reads strings. */
export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`
}
