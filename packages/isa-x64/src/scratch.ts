// What emission writes instructions with: rows in a scratch stream, encoded at once.
import { I32Vec } from '@k23/entity'
import type { CodeBuffer } from '@k23/machinst'
import * as feat from './features.ts'
import { emit, encode, memBase, memIndex } from './insts/index.ts'
import type { Gpr, Mem, Writable, Xmm } from './insts/index.ts'
import { RBP_WORD, RSP_WORD, TMP_WORD } from './registers.ts'

export const SP: Writable<Gpr> = RSP_WORD as Writable<Gpr>
export const FP: Writable<Gpr> = RBP_WORD as Writable<Gpr>
export const TMP: Writable<Gpr> = TMP_WORD as Writable<Gpr>

/** The scratch stream of pseudo-instructions; the constructors push on `words`. */
export class Scratch {
  readonly words: I32Vec = new I32Vec(64)
  readonly mem: I32Vec = new I32Vec(16)
  readonly avx: boolean

  constructor(features: number) {
    this.avx = (features & (1 << feat.AVX)) !== 0
  }

  /** Encodes what was pushed and empties the stream. */
  flush(b: CodeBuffer): void {
    const w = this.words.data
    for (let at = 0; at < this.words.length; at += w[at] >>> 16) encode(w, at, b.bytes)
    this.words.clear()
    this.mem.clear()
  }
  at(base: Gpr, offset: number): Mem {
    return memBase(this, base, offset)
  }
  indexed(base: Gpr, index: Gpr, shift: number): Mem {
    return memIndex(this, base, index, shift, 0)
  }
  /** Adds a constant to a register; the flags are nobody's here. */
  add(r: Writable<Gpr>, k: number): void {
    if (k < 0) emit.subq_ri(this, r, r, -k)
    else if (k > 0) emit.addq_ri(this, r, r, k)
  }
}

export function loadOrStoreX(s: Scratch, x: number, m: Mem, load: boolean): void {
  if (load) (s.avx ? emit.vmovups_rm : emit.movups_rm)(s, x as Writable<Xmm>, m)
  else (s.avx ? emit.vmovups_mr : emit.movups_mr)(s, x as Xmm, m)
}
