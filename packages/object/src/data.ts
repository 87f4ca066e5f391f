// Data of objects, made with little ado.
import { ByteWriter } from './bytes.ts'
import type { Datum } from './compose.ts'

type Pointer = Datum['pointers'][number]

interface DatumOptions {
  readonly align?: number
  readonly pointers?: readonly Pointer[]
  readonly parts?: Datum['parts']
}

const ALIGN = 16

function datum(name: string, section: Datum['section'], bytes: Uint8Array, size: number, o: DatumOptions): Datum {
  return {
    name: `%${name}`,
    symbol: name,
    binding: 'local',
    section,
    bytes,
    size,
    align: o.align ?? ALIGN,
    pointers: o.pointers ?? [],
    parts: o.parts ?? [],
  }
}

/** Constants; with pointers among them, they are data. */
export function constants(name: string, bytes: Uint8Array, options: DatumOptions = {}): Datum {
  return datum(name, (options.pointers ?? []).length === 0 ? 'rodata' : 'data', bytes, bytes.length, options)
}

export function variables(name: string, bytes: Uint8Array, options: DatumOptions = {}): Datum {
  return datum(name, 'data', bytes, bytes.length, options)
}

export function zeros(name: string, size: number, align: number = ALIGN): Datum {
  return datum(name, 'bss', new Uint8Array(0), size, { align })
}

/** Records of words, some of which are addresses: a table that code walks. */
export class WordTable {
  private readonly w = new ByteWriter()
  private readonly pointers: Pointer[] = []

  word(x: number): this {
    this.w.u64(x)
    return this
  }
  address(target: string, addend = 0): this {
    this.pointers.push({ offset: this.w.length, target, addend })
    this.w.u64(0)
    return this
  }
  get bytes(): number {
    return this.w.length
  }
  done(name: string, parts: Datum['parts'] = []): Datum {
    return variables(name, this.w.bytes().slice(), { pointers: this.pointers, parts })
  }
}

/** Strings of a program, each once, in one datum. */
export class StringPool {
  readonly name: string
  private readonly w = new ByteWriter()
  private readonly at = new Map<string, number>()

  constructor(name: string) {
    this.name = name
  }
  /** Offset in the datum, and length in bytes. */
  add(text: string): { readonly offset: number; readonly length: number } {
    const bytes = new TextEncoder().encode(text)
    let offset = this.at.get(text)
    if (offset === undefined) {
      offset = this.w.length
      this.at.set(text, offset)
      this.w.put(bytes)
      this.w.u8(0)
    }
    return { offset, length: bytes.length }
  }
  done(): Datum {
    return constants(this.name, this.w.bytes().slice(), { align: 1 })
  }
}
