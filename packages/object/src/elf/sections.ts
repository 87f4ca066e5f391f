// The file header and the table of section headers, which objects and executables share.
import { ByteWriter } from '../bytes.ts'
import { EHDR_BYTES, PHDR_BYTES, SHDR_BYTES, SHT_STRTAB } from './format.ts'

export interface FileHeader {
  /** ET_* */
  readonly type: number
  /** EM_* */
  readonly machine: number
  readonly flags: number
  readonly entry?: number
  /** Program headers, which follow the file header. */
  readonly segments?: number
}

const AT_SHOFF = 40
const AT_SHNUM = 60
const AT_SHSTRNDX = 62

/** Writes the header; the section table fills its own fields in. */
export function fileHeader(w: ByteWriter, h: FileHeader): void {
  w.put(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)) // 64 bits, little-endian, System V
  const segments = h.segments ?? 0
  w.u16(h.type)
  w.u16(h.machine)
  w.u32(1)
  w.u64(h.entry ?? 0)
  w.u64(segments === 0 ? 0 : EHDR_BYTES)
  w.u64(0)
  w.u32(h.flags)
  w.u16(EHDR_BYTES)
  w.u16(segments === 0 ? 0 : PHDR_BYTES)
  w.u16(segments)
  w.u16(SHDR_BYTES)
  w.u16(0)
  w.u16(0)
}

export interface SectionHeader {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly align: number
  readonly entsize: number
  readonly offset: number
  readonly address: number
  readonly size: number
  readonly link: number
  readonly info: number
}

/** Section headers in the making; index 0 is the null section. */
export class SectionTable {
  private readonly rows: SectionHeader[] = []

  /** Index of the section that is added next. */
  get next(): number {
    return this.rows.length + 1
  }
  add(h: SectionHeader): number {
    return this.rows.push(h)
  }

  /** Writes the section names and the table, and its place into the file header. */
  write(w: ByteWriter): void {
    const names = new StringTable()
    const offset = w.length
    const index = this.add({
      name: '.shstrtab',
      type: SHT_STRTAB,
      flags: 0,
      align: 1,
      entsize: 0,
      offset,
      address: 0,
      size: 0,
      link: 0,
      info: 0,
    })
    const at = this.rows.map((r) => names.add(r.name))
    w.put(names.bytes())
    const size = w.length - offset
    w.align(8)
    const table = w.length
    w.fill(SHDR_BYTES)
    this.rows.forEach((r, i) => {
      w.u32(at[i])
      w.u32(r.type)
      w.u64(r.flags)
      w.u64(r.address)
      w.u64(r.offset)
      w.u64(i === index - 1 ? size : r.size)
      w.u32(r.link)
      w.u32(r.info)
      w.u64(r.align)
      w.u64(r.entsize)
    })
    w.set64(AT_SHOFF, table)
    w.set16(AT_SHNUM, this.rows.length + 1)
    w.set16(AT_SHSTRNDX, index)
  }
}

/** Strings with a zero behind each, every one once; offset 0 is the empty one. */
export class StringTable {
  private readonly w = new ByteWriter()
  private readonly at = new Map<string, number>([['', 0]])

  constructor() {
    this.w.u8(0)
  }
  /** Offset of the string. */
  add(s: string): number {
    let at = this.at.get(s)
    if (at === undefined) {
      at = this.w.length
      this.at.set(s, at)
      this.w.text(s)
    }
    return at
  }
  bytes(): Uint8Array {
    return this.w.bytes()
  }
}
