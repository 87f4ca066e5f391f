// Reads the binary format's primitives. Every read is bounded by `end`; every fault is a WasmError with the offset of the item that is wrong.
//
// LEB128: a number of n bits has at most ceil(n / 7) bytes; a longer one is malformed ("integer representation too long"), and so is one
// whose last byte has bits that do not fit ("integer too large"): unsigned, they must be zero; signed, they must repeat the sign.
import { WasmError, type WasmErrorCode } from '../error.ts'
import { DEFAULT_FEATURES, type Features } from '../features.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class Reader {
  readonly bytes: Uint8Array
  /** What types there are. */
  readonly features: Features
  pos: number
  end: number
  /** High word of the last 64-bit read. */
  hi = 0
  /** Function index for errors, -1 outside bodies. */
  func = -1

  constructor(bytes: Uint8Array, features: Features = DEFAULT_FEATURES, pos = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.features = features
    this.pos = pos
    this.end = end
  }

  fail(code: WasmErrorCode, reason: string, offset: number = this.pos): never {
    throw new WasmError(code, offset, reason, this.func)
  }

  /** The reads ran past `end`. */
  private unexpectedEnd(): never {
    return this.func >= 0
      ? this.fail('malformed', 'unexpected end of section or function: expected more bytes in the body', this.end)
      : this.fail('malformed', 'unexpected end: expected more bytes', this.end)
  }

  u8(): number {
    if (this.pos >= this.end) this.unexpectedEnd()
    return this.bytes[this.pos++]
  }

  /** The next byte, or -1 at the end; does not advance. */
  peek(): number {
    return this.pos < this.end ? this.bytes[this.pos] : -1
  }

  /** Unsigned LEB128 of 32 bits, as a non-negative number. */
  u32(): number {
    if (this.pos < this.end) {
      const b = this.bytes[this.pos]
      if (b < 128) {
        this.pos++
        return b
      }
    }
    return this.longU32()
  }

  private longU32(): number {
    const start = this.pos
    let result = 0
    for (let shift = 0; ; shift += 7) {
      const b = this.u8()
      if (shift === 28) {
        if (b & 0x80) this.fail('malformed', 'integer representation too long: expected at most 5 bytes', start)
        if (b & 0x70) this.fail('malformed', 'integer too large: expected 32 bits', start)
        return (result | (b << 28)) >>> 0
      }
      result |= (b & 127) << shift
      if (b < 128) return result
    }
  }

  /** Signed LEB128 of 32 bits. */
  s32(): number {
    if (this.pos < this.end) {
      const b = this.bytes[this.pos]
      if (b < 128) {
        this.pos++
        return (b << 25) >> 25
      }
    }
    return this.longS32()
  }

  private longS32(): number {
    const start = this.pos
    let result = 0
    for (let shift = 0; ; shift += 7) {
      const b = this.u8()
      if (shift === 28) {
        if (b & 0x80) this.fail('malformed', 'integer representation too long: expected at most 5 bytes', start)
        // bits 3..6: bit 3 is the sign (bit 31), the rest must repeat it
        const top = b & 0x78
        if (top !== 0 && top !== 0x78) this.fail('malformed', 'integer too large: expected 32 bits', start)
        return result | (b << 28)
      }
      result |= (b & 127) << shift
      if (b < 128) return (result << (25 - shift)) >> (25 - shift)
    }
  }

  /** Signed LEB128 of 33 bits (block types), exact as a number. */
  s33(): number {
    const start = this.pos
    let result = 0
    for (let shift = 0, scale = 1; ; shift += 7, scale *= 128) {
      const b = this.u8()
      if (shift === 28) {
        if (b & 0x80) this.fail('malformed', 'integer representation too long: expected at most 5 bytes', start)
        const top = b & 0x70
        if (top !== 0 && top !== 0x70) this.fail('malformed', 'integer too large: expected 33 bits', start)
        return result + ((b << 27) >> 27) * scale
      }
      if (b < 128) return result + ((b << 25) >> 25) * scale
      result += (b & 127) * scale
    }
  }

  /** Signed LEB128 of 64 bits: low word returned, high word in `hi`. */
  s64(): number {
    return this.leb64(true)
  }

  /** Unsigned LEB128 of 64 bits: low word (int32) returned, high word in `hi`. */
  u64(): number {
    return this.leb64(false)
  }

  private leb64(signed: boolean): number {
    const start = this.pos
    let lo = 0
    let hi = 0
    for (let shift = 0; ; shift += 7) {
      const b = this.u8()
      if (shift === 63) {
        if (b & 0x80) this.fail('malformed', 'integer representation too long: expected at most 10 bytes', start)
        if (signed ? b !== 0 && b !== 0x7f : b > 1) this.fail('malformed', 'integer too large: expected 64 bits', start)
        this.hi = hi | (b << 31)
        return lo
      }
      const bits = b & 127
      if (shift < 28) lo |= bits << shift
      else if (shift === 28) {
        lo |= bits << 28
        hi = bits >> 4
      } else hi |= bits << (shift - 32)
      if (b < 128) {
        if (signed && (b & 0x40) !== 0) {
          const width = shift + 7
          if (width < 32) {
            lo |= -1 << width
            hi = -1
          } else hi |= -1 << (width - 32)
        }
        this.hi = hi
        return lo
      }
    }
  }

  /** Four bytes, little-endian, as int32. */
  word(): number {
    if (this.pos + 4 > this.end) this.unexpectedEnd()
    const b = this.bytes
    const p = this.pos
    this.pos = p + 4
    return b[p] | (b[p + 1] << 8) | (b[p + 2] << 16) | (b[p + 3] << 24)
  }

  /** A count of items of at least one byte each: more than the bytes left is malformed, more than `limit` refused. */
  count(limit: number, what: string): number {
    const at = this.pos
    const n = this.u32()
    if (n > this.end - this.pos)
      this.fail('malformed', `unexpected end: expected ${n} ${what}, found ${this.end - this.pos} bytes`, at)
    if (n > limit) this.fail('limit', `too many ${what}: expected at most ${limit}, found ${n}`, at)
    return n
  }

  /** Length in bytes of what follows, within `end`. */
  size(what: string): number {
    const at = this.pos
    const n = this.u32()
    if (n > this.end - this.pos) {
      this.fail('malformed', `length out of bounds: expected ${n} bytes of ${what}, found ${this.end - this.pos}`, at)
    }
    return n
  }

  name(): string {
    const at = this.pos
    const n = this.u32()
    if (n > this.end - this.pos) {
      this.fail(
        'malformed',
        `unexpected end: expected a name of ${n} bytes, found ${this.end - this.pos} (length out of bounds)`,
        at,
      )
    }
    if (n > 100_000) this.fail('limit', `name too long: expected at most 100000 bytes, found ${n}`, at)
    const start = this.pos
    this.pos += n
    try {
      return utf8.decode(this.bytes.subarray(start, this.pos))
    } catch {
      return this.fail('malformed', 'malformed UTF-8 encoding: expected a name in UTF-8', start)
    }
  }
}
