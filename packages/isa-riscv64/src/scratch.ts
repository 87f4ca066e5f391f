// The scratch stream of emission: pseudo-instructions push rows on it, and one loop encodes them, compressed where that is possible.
// x30 (TMP) belongs to emission: offsets out of reach, far branches. x31 (TMP2) belongs to the allocator's moves.
import { I32Vec } from '@k23/entity'
import type { Type } from '@k23/ir'
import type { CodeBuffer } from '@k23/machinst'
import { loadRow, storeRow } from './context.ts'
import type { BlockStates } from './emit-vector-blocks.ts'
import { hasState, setState } from './emit-vector.ts'
import * as feat from './features.ts'
import { compress, emit, encode, tables, VSTATE_NONE } from './insts/index.ts'
import type { Writable, XReg } from './insts/index.ts'
import { FP_WORD, RA_WORD, SP_WORD, TMP_WORD, ZERO_WORD } from './registers.ts'

export const X0: XReg = ZERO_WORD as XReg
export const RA: Writable<XReg> = RA_WORD as Writable<XReg>
export const SP: Writable<XReg> = SP_WORD as Writable<XReg>
export const FP: Writable<XReg> = FP_WORD as Writable<XReg>
export const TMP: Writable<XReg> = TMP_WORD as Writable<XReg>

/** The scratch stream of pseudo-instructions; the constructors push on `words`. */
export class Scratch {
  readonly words: I32Vec = new I32Vec(64)
  readonly features: number
  /** Whether there are 16-bit instructions. */
  readonly short: boolean
  /** What vtype, vl and vxrm hold at the end of what is emitted (emit-vector.ts). */
  vstate: number = VSTATE_NONE
  /** Of the function being emitted, where it has vectors; and its current block. */
  blocks: BlockStates | undefined = undefined
  block = 0
  /** 1 for each opcode that the target can execute in compressed form. */
  private readonly allowed: Uint8Array
  private readonly shortWords: Int32Array = new Int32Array(16)

  constructor(features: number) {
    this.features = features
    this.short = (features & (1 << feat.ZCA)) !== 0
    this.allowed = new Uint8Array(tables.mnemonic.length)
    for (let i = 0; i < this.allowed.length; i++)
      if (tables.length[i] === 2 && hasExtensions(features, tables.feature[i])) this.allowed[i] = 1
  }

  /** Encodes what was pushed and empties the stream. */
  flush(b: CodeBuffer): void {
    const w = this.words.data
    for (let at = 0; at < this.words.length; at += w[at] >>> 16) this.put(b, w, at)
    this.words.clear()
  }

  /** Encodes one instruction, compressed where the target has compressed instructions and the operands allow. */
  put(b: CodeBuffer, words: Int32Array, at: number): void {
    if (hasState[words[at] & 0xffff] !== 0) this.need(b, words[at + (words[at] >>> 16) - 1])
    if (this.short && this.compressed(b, words, at)) return
    if (tables.length[words[at] & 0xffff] === 2) b.put16(encode(words, at, 0))
    else b.put32(encode(words, at, 0))
  }

  /** The same without compression, for what is patched later. */
  flushLong(b: CodeBuffer): void {
    const w = this.words.data
    for (let at = 0; at < this.words.length; at += w[at] >>> 16) b.put32(encode(w, at, 0))
    this.words.clear()
  }

  /** Brings about a vector state. */
  need(b: CodeBuffer, wanted: number): void {
    this.vstate = setState(this, b, this.vstate, wanted)
  }

  private compressed(b: CodeBuffer, words: Int32Array, at: number): boolean {
    if (compress(words, at, this.shortWords, 0, this.allowed) === 0) return false
    b.put16(encode(this.shortWords, 0, 0))
    return true
  }

  /** rd = base + offset, whatever the offset. */
  addOffset(rd: Writable<XReg>, base: XReg, offset: number): void {
    if (offset >= -2048 && offset <= 2047) {
      emit.addi(this, rd, base, offset)
      return
    }
    this.loadImm(TMP, offset)
    emit.add(this, rd, base, TMP)
  }

  /** rd = a signed 32-bit constant. */
  loadImm(rd: Writable<XReg>, k: number): void {
    if (k >= -2048 && k <= 2047) {
      emit.addi(this, rd, X0, k)
      return
    }
    const low = (k << 20) >> 20
    emit.lui(this, rd, ((k - low) >>> 12) & 0xfffff)
    if (low !== 0) emit.addiw(this, rd, rd, low)
  }

  load(rd: number, base: XReg, offset: number, type: Type): void {
    const [b, o] = this.reach(base, offset)
    loadRow(type)(this as never, rd as never, b, o)
  }

  store(rs: number, base: XReg, offset: number, type: Type): void {
    const [b, o] = this.reach(base, offset)
    storeRow(type)(this as never, b, rs as never, o)
  }

  private reach(base: XReg, offset: number): [XReg, number] {
    if (offset >= -2048 && offset <= 2047) return [base, offset]
    this.loadImm(TMP, offset)
    emit.add(this, TMP, TMP, base)
    return [TMP, 0]
  }
}

/** Whether features cover a row's extensions (`C D`, `Zcb Zbb`); those of the base always do. */
function hasExtensions(features: number, extensions: string): boolean {
  return extensions.split(' ').every((x) => {
    const bit = x === 'C' ? feat.ZCA : x === 'D' && extensions.startsWith('C') ? feat.ZCD : feat.BY_EXTENSION[x]
    return bit === undefined || (features & (1 << bit)) !== 0
  })
}
