// Plain data to bytes and back, described by values: a codec for each type, put together from those below. A codec for a record names every
// field of its type (a missing one is a type error), so that what is added to compiled code cannot get lost on its way.
//
// The form: integers as LEB128 (signed ones in zigzag), strings as the number of an earlier equal one, or 0 and the text. Bytes that no
// encoder wrote may decode to anything or throw DecodeError, but never read outside their array and never run long: every element takes
// at least a byte.
import { bug, U8Vec } from '@k23/entity'

export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

export class Writer {
  readonly out: U8Vec = new U8Vec(1 << 12)
  readonly strings: Map<string, number> = new Map()

  /** An integer from 0 to 2^53 - 1. */
  uint(n: number): void {
    const { out } = this
    if (!(n >= 0 && Number.isSafeInteger(n))) bug('encode', '-', '-', `${n} is no unsigned integer`)
    let rest = n
    while (rest >= 0x80) {
      out.push((rest & 0x7f) | 0x80)
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 0x80)
    }
    out.push(rest)
  }

  raw(bytes: Uint8Array): void {
    const { out } = this
    const at = out.length
    out.resize(at + bytes.length)
    out.data.set(bytes, at)
  }
}

export class Reader {
  readonly data: Uint8Array
  readonly strings: string[] = []
  at: number

  constructor(data: Uint8Array, at = 0) {
    this.data = data
    this.at = at
  }

  uint(): number {
    const { data } = this
    let value = 0
    let scale = 1
    for (;;) {
      if (this.at >= data.length) throw new DecodeError('the data ends too early')
      const byte = data[this.at++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
      scale *= 0x80
    }
    if (!Number.isSafeInteger(value)) throw new DecodeError('a number is too large')
    return value
  }

  /** A length of something whose elements take a byte or more each. */
  length(): number {
    const n = this.uint()
    if (n > this.data.length - this.at) throw new DecodeError('the data ends too early')
    return n
  }

  raw(length: number): Uint8Array {
    if (length > this.data.length - this.at) throw new DecodeError('the data ends too early')
    const start = this.at
    this.at += length
    return this.data.subarray(start, this.at)
  }
}

export interface Codec<T> {
  write(w: Writer, value: T): void
  read(r: Reader): T
  /** The value may be absent: a record then lacks the field. */
  readonly optional?: true
}

export function encode<T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer> {
  const w = new Writer()
  codec.write(w, value)
  return w.out.view().slice()
}

/** Throws DecodeError where the bytes are not those of one value. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const r = new Reader(bytes)
  const value = codec.read(r)
  if (r.at !== bytes.length) throw new DecodeError('there is more data than expected')
  return value
}

export const uint: Codec<number> = {
  write: (w, n) => w.uint(n),
  read: (r) => r.uint(),
}

/** -2^52 to 2^52 - 1. */
export const int: Codec<number> = {
  write: (w, n) => w.uint(n < 0 ? -2 * n - 1 : 2 * n),
  read(r) {
    const n = r.uint()
    return n % 2 === 0 ? n / 2 : -(n + 1) / 2
  },
}

const MAX_BITS = 256n

/** Mostly small. */
export const bigint: Codec<bigint> = {
  write(w, n) {
    let rest = n < 0n ? -2n * n - 1n : 2n * n
    for (; rest >= 0x80n; rest >>= 7n) w.out.push(Number(rest & 0x7fn) | 0x80)
    w.out.push(Number(rest))
  },
  read(r) {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      if (r.at >= r.data.length || shift > MAX_BITS) throw new DecodeError('the data ends too early')
      const byte = r.data[r.at++]
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n)
  },
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export const text: Codec<string> = {
  write(w, s) {
    const known = w.strings.get(s)
    if (known !== undefined) {
      w.uint(known)
      return
    }
    w.strings.set(s, w.strings.size + 1)
    const bytes = encoder.encode(s)
    w.uint(0)
    w.uint(bytes.length)
    w.raw(bytes)
  },
  read(r) {
    const known = r.uint()
    if (known > r.strings.length) throw new DecodeError('a string that did not occur before')
    if (known !== 0) return r.strings[known - 1]
    const bytes = r.raw(r.length())
    let s: string
    try {
      s = decoder.decode(bytes)
    } catch {
      throw new DecodeError('a string that is not UTF-8')
    }
    r.strings.push(s)
    return s
  },
}

export const bytes: Codec<Uint8Array> = {
  write(w, b) {
    w.uint(b.length)
    w.raw(b)
  },
  read: (r) => new Uint8Array(r.raw(r.length())),
}

/** Pairs of int32 words, of which the first ascend: differences between neighbours. */
export const pairs: Codec<Int32Array> = {
  write(w, p) {
    w.uint(p.length >> 1)
    let first = 0
    let second = 0
    for (let i = 0; i < p.length; i += 2) {
      int.write(w, p[i] - first)
      int.write(w, p[i + 1] - second)
      first = p[i]
      second = p[i + 1]
    }
  },
  read(r) {
    const p = new Int32Array(2 * r.length())
    let first = 0
    let second = 0
    for (let i = 0; i < p.length; i += 2) {
      p[i] = first += int.read(r)
      p[i + 1] = second += int.read(r)
    }
    return p
  },
}

export function list<T>(element: Codec<T>): Codec<readonly T[]> {
  return {
    write(w, values) {
      w.uint(values.length)
      for (const value of values) element.write(w, value)
    },
    read(r) {
      const values: T[] = []
      for (let n = r.length(); n > 0; n--) values.push(element.read(r))
      return values
    },
  }
}

/** Undefined, or a value. */
export function option<T>(inner: Codec<T>): Codec<T | undefined> {
  return {
    write(w, value) {
      w.uint(value === undefined ? 0 : 1)
      if (value !== undefined) inner.write(w, value)
    },
    read: (r) => (r.uint() === 0 ? undefined : inner.read(r)),
  }
}

/** A field that may be absent. */
export function absent<T>(inner: Codec<T>): Codec<T> {
  return { ...(option(inner) as Codec<T>), optional: true }
}

export function record<T extends object>(fields: { readonly [K in keyof T]-?: Codec<Exclude<T[K], never>> }): Codec<T> {
  const names = Object.keys(fields) as (keyof T)[]
  const codecs = names.map((name) => fields[name] as Codec<T[keyof T]>)
  return {
    write(w, value) {
      for (let i = 0; i < names.length; i++) codecs[i].write(w, value[names[i]])
    },
    read(r) {
      const value: Partial<T> = {}
      for (let i = 0; i < names.length; i++) {
        const field = codecs[i].read(r)
        if (field !== undefined || codecs[i].optional !== true) value[names[i]] = field
      }
      return value as T
    },
  }
}

export function pair<A, B>(a: Codec<A>, b: Codec<B>): Codec<readonly [A, B]> {
  return {
    write(w, value) {
      a.write(w, value[0])
      b.write(w, value[1])
    },
    read(r) {
      const first = a.read(r)
      return [first, b.read(r)]
    },
  }
}

/** One of several records, told apart by the value of `kind`. */
export function variant<T extends { readonly kind: string }>(
  cases: {
    readonly [K in T['kind']]: Codec<Omit<Extract<T, { readonly kind: K }>, 'kind'>>
  },
): Codec<T> {
  const kinds = Object.keys(cases) as T['kind'][]
  const numbers = new Map(kinds.map((kind, i) => [kind, i]))
  const codecs = kinds.map((kind) => cases[kind] as Codec<object>)
  return {
    write(w, value) {
      const number = numbers.get(value.kind as T['kind']) as number
      w.uint(number)
      codecs[number].write(w, value)
    },
    read(r) {
      const number = r.uint()
      if (number >= kinds.length) throw new DecodeError('a variant that does not exist')
      return { kind: kinds[number], ...codecs[number].read(r) } as unknown as T
    },
  }
}
