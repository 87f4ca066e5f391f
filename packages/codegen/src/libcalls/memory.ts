// memcpy, memmove, memset, memcmp. Where both areas have the same place within words they go by words, else by bytes: an access of 8 bytes that is not
// aligned may be as slow as a trap. Where the target's processors make nothing of it (`unaligned`) they go by words always, two at a time.
import { abiParam, EQ, type Func, I32, I64, I8, NE, type Signature, UGE, ULT, type Value } from '@k23/ir'
import { Routine, type Var } from './routine.ts'

const returning = (r: Signature['returns'][number]): Signature => ({
  params: [abiParam(I64), abiParam(I64), abiParam(I64)],
  returns: [r],
  callConv: 'system_v',
})
const toPointer = returning(abiParam(I64))
/** The C type int comes sign-extended. */
const toInt = returning(abiParam(I32, { extension: 'sext' }))

const bump = (r: Routine, v: Var, by: number): void => v.set(r.ins.iadd_imm(v.get(), by))

/** Words, if both areas have the same place within them, behind the single bytes up to the first. */
function whereAligned(r: Routine, to: Var, from: Var, left: Var, one: () => void, words: () => void): void {
  const { ins } = r
  r.when(r.icmp(EQ, ins.band_imm(ins.bxor(to.get(), from.get()), 7), 0n), () => {
    r.loop(() => ins.band(r.icmp(NE, left.get(), 0n), r.icmp(NE, ins.band_imm(to.get(), 7), 0n)), one)
    words()
  })
}

/** Copies upwards from where `to` and `from` stand, `left` bytes. */
function copyUp(r: Routine, to: Var, from: Var, left: Var, unaligned: boolean): void {
  const { ins } = r
  const one = (): void => {
    r.store(ins.ireduce(I8, r.byte(from.get())), to.get())
    bump(r, to, 1)
    bump(r, from, 1)
    bump(r, left, -1)
  }
  const words = (): void => {
    r.loop(
      () => r.icmp(UGE, left.get(), 8n),
      () => {
        r.store(r.load(I64, from.get()), to.get())
        bump(r, to, 8)
        bump(r, from, 8)
        bump(r, left, -8)
      },
    )
  }
  if (unaligned) {
    r.loop(
      () => r.icmp(UGE, left.get(), 16n),
      () => {
        const [x, y] = [r.load(I64, from.get()), r.load(I64, from.get(), 8)]
        r.store(x, to.get())
        r.store(y, to.get(), 8)
        bump(r, to, 16)
        bump(r, from, 16)
        bump(r, left, -16)
      },
    )
    words()
  } else whereAligned(r, to, from, left, one, words)
  r.loop(() => r.icmp(NE, left.get(), 0n), one)
}

/** The same downwards, from behind the ends. */
function copyDown(r: Routine, to: Var, from: Var, left: Var, unaligned: boolean): void {
  const { ins } = r
  const one = (): void => {
    bump(r, to, -1)
    bump(r, from, -1)
    r.store(ins.ireduce(I8, r.byte(from.get())), to.get())
    bump(r, left, -1)
  }
  const words = (): void => {
    r.loop(
      () => r.icmp(UGE, left.get(), 8n),
      () => {
        bump(r, to, -8)
        bump(r, from, -8)
        r.store(r.load(I64, from.get()), to.get())
        bump(r, left, -8)
      },
    )
  }
  if (unaligned) {
    r.loop(
      () => r.icmp(UGE, left.get(), 16n),
      () => {
        bump(r, to, -16)
        bump(r, from, -16)
        const [x, y] = [r.load(I64, from.get()), r.load(I64, from.get(), 8)]
        r.store(x, to.get())
        r.store(y, to.get(), 8)
        bump(r, left, -16)
      },
    )
    words()
  } else whereAligned(r, to, from, left, one, words)
  r.loop(() => r.icmp(NE, left.get(), 0n), one)
}

export function memcpy(name: string, unaligned: boolean): Func {
  const r = new Routine(name, toPointer)
  const [to, from, n] = r.args
  copyUp(r, r.variable(to), r.variable(from), r.variable(n), unaligned)
  r.return(to)
  return r.done()
}

export function memmove(name: string, unaligned: boolean): Func {
  const r = new Routine(name, toPointer)
  const [to, from, n] = r.args
  // Upwards unless the target begins inside the source.
  r.when(
    r.icmp(ULT, r.ins.isub(to, from), n),
    () => copyDown(r, r.variable(r.ins.iadd(to, n)), r.variable(r.ins.iadd(from, n)), r.variable(n), unaligned),
    () => copyUp(r, r.variable(to), r.variable(from), r.variable(n), unaligned),
  )
  r.return(to)
  return r.done()
}

export function memset(name: string): Func {
  const r = new Routine(name, toPointer)
  const { ins } = r
  const [to, byte, n] = r.args
  const at = r.variable(to)
  const left = r.variable(n)
  const one = (): void => {
    r.store(ins.ireduce(I8, byte), at.get())
    bump(r, at, 1)
    bump(r, left, -1)
  }
  r.loop(() => ins.band(r.icmp(NE, left.get(), 0n), r.icmp(NE, ins.band_imm(at.get(), 7), 0n)), one)
  const word = ins.imul(ins.band_imm(byte, 255), r.i64(0x0101010101010101n))
  r.loop(
    () => r.icmp(UGE, left.get(), 8n),
    () => {
      r.store(word, at.get())
      bump(r, at, 8)
      bump(r, left, -8)
    },
  )
  r.loop(() => r.icmp(NE, left.get(), 0n), one)
  r.return(to)
  return r.done()
}

/** -1, 0 or 1 by the first bytes that differ. */
export function memcmp(name: string): Func {
  const r = new Routine(name, toInt)
  const { ins } = r
  const [p, q, n] = r.args
  const a = r.variable(p)
  const b = r.variable(q)
  const left = r.variable(n)
  const step = (by: number): void => {
    bump(r, a, by)
    bump(r, b, by)
    bump(r, left, -by)
  }
  // Equal words are skipped.
  r.when(r.icmp(EQ, ins.band_imm(ins.bor(p, q), 7), 0n), () => {
    const same = (): Value => {
      const enough = r.icmp(UGE, left.get(), 8n)
      // A word that is not all inside the areas lies in their page nevertheless, but it may be another object's: do not read it.
      const x = ins.select(enough, a.get(), r.func.resolve(p))
      const y = ins.select(enough, b.get(), r.func.resolve(p))
      return ins.band(enough, r.icmp(EQ, r.load(I64, x), r.load(I64, y)))
    }
    r.when(r.icmp(UGE, n, 8n), () => r.loop(same, () => step(8)))
  })
  r.loop(
    () => r.icmp(NE, left.get(), 0n),
    () => {
      const x = r.byte(a.get())
      const y = r.byte(b.get())
      r.when(r.icmp(NE, x, y), () => {
        const below = r.icmp(ULT, x, y)
        r.return(ins.select(below, ins.iconst(I32, -1), ins.iconst(I32, 1)))
      })
      step(1)
    },
  )
  r.return(ins.iconst(I32, 0))
  return r.done()
}
