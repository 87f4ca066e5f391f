// Every riscv64 row, without an assembler: constructors, encoder, decoder, printer and descriptors agree with the row and with each other.
import { I32Vec } from '@k23/entity'
import {
  compress,
  decode,
  disassemble,
  emit,
  encode,
  expand,
  Fixup,
  fitsFixup,
  type Label,
  Opc,
  patchFixup,
  print,
  tables,
} from '@k23/isa-riscv64/insts'
import type { FReg, Writable, XReg } from '@k23/isa-riscv64/insts'
import { patchHi20, patchLo12I, patchLo12S, pcrelHi20, pcrelLo12 } from '@k23/isa-riscv64/insts'
import {
  descConstraint,
  descIsDef,
  descIsLate,
  descWord,
  descArgument,
  CONSTRAINT_REUSE,
  pregWord,
  vregWord,
} from '@k23/machinst/rows'
import { fc, test as property } from './property.ts'
import { describe, expect, test } from 'vitest'
import { byId, compiled, distanceIn, isLegal, random, samplesOf } from './samples.ts'

type Constructor = (s: { words: I32Vec }, ...operands: number[]) => number
const constructors = emit as unknown as Readonly<Record<string, Constructor>>
const x = (hw: number) => pregWord(hw) as Writable<XReg>
const f = (hw: number) => pregWord(64 + hw) as Writable<FReg>

describe('every row', () => {
  test('constructor, encoder, decoder: words to bits to words', () => {
    const out = new Int32Array(16)
    let cases = 0
    for (const r of compiled) {
      for (const words of samplesOf(r, 20)) {
        const s = { words: new I32Vec() }
        constructors[r.id](s, ...words.subarray(1))
        expect(s.words.view(), r.id).toEqual(words)
        const bits = encode(words, 0, distanceIn(r, words))
        expect((bits ^ r.match) & r.mask, r.id).toBe(0)
        const n = decode(bits, out)
        const got = compiled[out[0] & 0xffff]
        if (got !== r) {
          // A special case with a row of its own: the same bits again.
          expect(got.attrs.specialOf, `${print(words, 0)} decodes as ${print(out, 0)}`).toBe(r.id)
          expect(encode(out, 0, 0)).toBe(bits)
        } else expect([n, ...out.subarray(0, n)], r.id).toEqual([r.words, ...words])
        cases++
      }
    }
    expect(cases).toBeGreaterThan(10_000)
  })

  test('opcode constants are the positions in the table', () => {
    expect(Object.entries(Opc).sort((a, b) => a[1] - b[1])).toEqual(compiled.map((r) => [r.id, r.opcode]))
  })

  test('descriptors name the register words with their roles', () => {
    for (const r of compiled) {
      const list = [...tables.descs.subarray(tables.descStart[r.opcode], tables.descStart[r.opcode + 1])]
      const expected = r.operands.flatMap((o) => {
        if (o.role === 'imm') return []
        const def = {
          word: o.word,
          def: o.role !== 'use' && o.role !== 'lateuse',
          late: o.role === 'def' || o.role === 'lateuse' || o.role === 'readwrite',
        }
        return o.role === 'readwrite' ? [def, { word: o.word + 1, def: false, late: false }] : [def]
      })
      expect(
        list.map((d) => ({ word: descWord(d), def: descIsDef(d), late: descIsLate(d) })),
        r.id,
      ).toEqual(expected)
      for (const [i, d] of list.entries()) {
        if (descConstraint(d) !== CONSTRAINT_REUSE) continue
        expect(descArgument(d)).toBe(i + 1)
      }
    }
  })
})

describe('decoder', () => {
  test('every 16-bit pattern: what decodes encodes to the same bits, and the rest is reserved', () => {
    const out = new Int32Array(16)
    let defined = 0
    for (let bits = 0; bits < 0x10000; bits++) {
      if ((bits & 3) === 3) continue
      const n = decode(bits, out)
      if (n === 0) continue
      defined++
      const r = compiled[out[0] & 0xffff]
      expect(encode(out, 0, distanceIn(r, out))).toBe(bits)
      // The half word above belongs to the next instruction.
      expect(decode(bits | 0xabcd0000, out)).toBe(n)
    }
    expect(defined).toBeGreaterThan(40_000)
    expect(decode(0, out), 'all zeros are defined to be illegal').toBe(0)
  })

  test('finds the same row as a linear search', () => {
    const out = new Int32Array(16)
    const next = random(4711)
    let found = 0
    for (let i = 0; i < 40_000; i++) {
      const r = compiled[next() % compiled.length]
      // A row's bits, its operands random, and sometimes one bit wrong.
      let bits = (r.match & r.mask) | (next() & ~r.mask)
      if (i % 3 === 0) bits ^= 1 << (next() % 32)
      const n = decode(bits, out)
      const matching = compiled.filter((c) => ((bits ^ c.match) & c.mask) === 0)
      if (n === 0) {
        const missed = matching.filter((c) => c.operands.every((o, k) => isLegal(o.entry, operandIn(c, k, bits))))
        if (missed.length > 0)
          expect(
            missed.map((c) => c.id),
            `0x${(bits >>> 0).toString(16)}`,
          ).toEqual([])
        continue
      }
      found++
      const got = compiled[out[0] & 0xffff]
      if (!matching.includes(got)) expect(matching.map((c) => c.id)).toContain(got.id)
      for (const c of matching) {
        if (c === got || c.operands.some((o, k) => !isLegal(o.entry, operandIn(c, k, bits)))) continue
        expect(got.attrs.specialOf).toBe(c.id)
      }
    }
    expect(found).toBeGreaterThan(20_000)
  })
})

/** An operand's value read off the bits by the row alone. */
function operandIn(r: (typeof compiled)[number], operand: number, bits: number): number {
  const { entry } = r.operands[operand]
  let value = 0
  let top = 0
  for (const s of r.slices) {
    if (s.operand !== operand) continue
    for (let b = 0; b < s.width; b++) value |= ((bits >>> (s.dest + b)) & 1) << (s.source + b)
    top = Math.max(top, s.source + s.width)
  }
  if (entry.kind === 'register') return value + (entry.bias ?? 0)
  const v = entry.min < 0 ? (value << (32 - top)) >> (32 - top) : value
  return entry.wrap === undefined ? v : v & (2 ** entry.wrap - 1)
}

describe('constructors refuse what the field cannot hold', () => {
  const immediates = compiled.flatMap((r) =>
    r.operands.flatMap((o, k) => (o.entry.kind === 'immediate' && !o.entry.pcRelative ? [{ r, o, k }] : [])),
  )
  property(
    'immediates out of range',
    fc.constantFrom(...immediates),
    fc.integer(),
    fc.integer({ min: -70, max: 70 }),
    ({ r, o, k }, wide, near) => {
      if (o.entry.kind !== 'immediate') return
      for (const value of [wide, o.entry.min + near, o.entry.max + near, near + 0.5, Number.NaN]) {
        if (isLegal(o.entry, value) || Object.is(value, -0)) continue
        const words = [...samplesOf(r, 1)[0]]
        words[o.word] = value
        const s = { words: new I32Vec() }
        expect(() => constructors[r.id](s, ...words.slice(1)), `${r.id} operand ${k} = ${value}`).toThrow(
          `${r.id}: ${o.name} = ${value}, expected `,
        )
        expect(s.words.length, 'nothing was pushed').toBe(0)
      }
    },
  )

  test('physical registers outside a three-bit field; virtual ones pass, to be checked after allocation', () => {
    const s = { words: new I32Vec() }
    expect(() => emit.c_sub(s, x(7), x(7), x(8))).toThrow(
      'c_sub: rd = register 7, expected one of 8 9 10 11 12 13 14 15',
    )
    expect(() => emit.c_mv(s, x(7), x(0))).toThrow('c_mv: rs2 = register 0')
    emit.c_sub(s, vregWord(1) as Writable<XReg>, vregWord(2) as XReg, vregWord(3) as XReg)
    expect(print(s.words.data, 0)).toBe('c.sub v1, v3')
  })

  test('types: a forgotten Writable and a wrong register class do not compile', () => {
    const s = { words: new I32Vec() }
    const use = x(1) as XReg
    // @ts-expect-error a plain register cannot be defined
    emit.addi(s, use, use, 1)
    // @ts-expect-error a float register in an integer operand
    emit.add(s, x(1), f(1), use)
    // @ts-expect-error a number is no label
    emit.beq(s, use, use, 8)
    expect(s.words.length).toBe(12)
  })
})

describe('printer', () => {
  test('labels and virtual registers as the caller names them', () => {
    const s = { words: new I32Vec() }
    emit.beq(s, vregWord(5) as XReg, x(0), 3 as Label)
    const options = { label: (n: number) => `L${n}`, vreg: (n: number) => `%${n}` }
    expect(print(s.words.data, 0, options)).toBe('beq %5, zero, L3')
  })

  test('disassembly walks lengths and shows what is no instruction', () => {
    const bytes = Uint8Array.of(
      0x13,
      0x05,
      0x15,
      0x00,
      0x2a,
      0x85,
      0x00,
      0x00,
      0xff,
      0xff,
      0xff,
      0xff,
      0x63,
      0x08,
      0xb5,
      0x00,
      0x01,
    )
    expect(disassemble(bytes, 0, bytes.length, { label: (at) => `0x${at.toString(16)}` })).toEqual([
      { offset: 0, length: 4, text: 'addi a0, a0, 1' },
      { offset: 4, length: 2, text: 'c.mv a0, a0' },
      { offset: 6, length: 2, text: '.2byte 0x0' },
      { offset: 8, length: 4, text: '.4byte 0xffffffff' },
      { offset: 12, length: 4, text: 'beq a0, a1, 0x1c' },
      { offset: 16, length: 1, text: '.1byte 0x1' },
    ])
  })
})

describe('short forms', () => {
  test('expand, then compress, gives back the short form', () => {
    const long = new Int32Array(16)
    const short = new Int32Array(16)
    const allowed = new Uint8Array(compiled.length).fill(1)
    for (const r of compiled) {
      if (r.length === 4) {
        expect(r.expansions, r.id).toEqual([])
        continue
      }
      for (const words of samplesOf(r, 20)) {
        const n = expand(words, 0, long)
        expect(n, r.id).toBe(compiled[r.expansions[0].opcode].words)
        // The distance of a label is not known when the stream is compressed.
        if (tables.labelWord[r.opcode] !== 0) continue
        expect(compress(long, 0, short, 0, allowed), r.id).toBeGreaterThan(0)
        const again = new Int32Array(16)
        expect([...again.subarray(0, expand(short, 0, again))], print(long, 0)).toEqual([...long.subarray(0, n)])
      }
    }
  })

  test('a long form is shortened where a short one says the same, and stays otherwise', () => {
    const s = { words: new I32Vec() }
    const out = new Int32Array(16)
    const allowed = new Uint8Array(compiled.length).fill(1)
    const at = [
      emit.addi(s, x(10), x(11), 1),
      emit.addi(s, x(10), x(10), 32),
      emit.sub(s, x(10), x(11), x(10)),
      emit.lw(s, x(10), x(11), 2),
      emit.lw(s, x(10), x(11), -4),
      emit.lw(s, x(0), x(2), 4),
      emit.lui(s, x(10), 32),
      emit.lui(s, x(2), 1),
      emit.jalr(s, x(0), x(10), 2),
      emit.beq(s, x(8), x(0), 0 as Label),
    ]
    for (const i of at) expect(compress(s.words.data, i, out, 0, allowed), print(s.words.data, i)).toBe(0)
    const shortened: [number, string][] = [
      [emit.addi(s, x(10), x(11), 0), 'c.mv a0, a1'],
      [emit.add(s, x(10), x(11), x(10)), 'c.add a0, a1'],
      [emit.xor(s, x(10), x(11), x(10)), 'c.xor a0, a1'],
      [emit.addiw(s, x(10), x(0), -32), 'c.li a0, -32'],
      [emit.addi(s, x(2), x(2), -512), 'c.addi16sp sp, -512'],
      [emit.addi(s, x(0), x(0), 0), 'c.nop'],
      [emit.lui(s, x(10), 0xfffe0), 'c.lui a0, 1048544'],
      [emit.fsd(s, x(2), f(31), 504), 'c.fsdsp ft11, 504(sp)'],
      [emit.andi(s, x(8), x(8), 255), 'c.zext.b s0'],
    ]
    for (const [i, text] of shortened) {
      expect(compress(s.words.data, i, out, 0, allowed), text).toBeGreaterThan(0)
      expect(print(out, 0)).toBe(text)
    }
    const i = emit.sub(s, x(10), x(10), x(11))
    expect(compress(s.words.data, i, out, 0, new Uint8Array(compiled.length)), 'not allowed').toBe(0)
    expect(compress(s.words.data, i, out, 0, allowed)).toBe(4)
    expect(print(out, 0)).toBe('c.sub a0, a1')
  })
})

describe('fixups', () => {
  test('patching a field that was emitted as 0 equals encoding the distance', () => {
    for (const r of compiled) {
      const kind = tables.fixup[r.opcode]
      if (kind === 0) continue
      for (const words of samplesOf(r, 20)) {
        const distance = distanceIn(r, words)
        expect(fitsFixup(kind, distance)).toBe(true)
        expect(patchFixup(encode(words, 0, 0), kind, distance), r.id).toBe(encode(words, 0, distance))
        expect(patchFixup(encode(words, 0, -2), kind, distance), r.id).toBe(encode(words, 0, distance))
      }
    }
  })

  test('ranges', () => {
    const reach = { branch: 4096, jump: 1 << 20, cbranch: 256, cjump: 2048 }
    for (const [name, n] of Object.entries(reach)) {
      const kind = Fixup[name as keyof typeof reach]
      expect(
        [-n - 2, -n, -1, 0, n - 2, n].map((v) => fitsFixup(kind, v)),
        name,
      ).toEqual([false, true, false, true, true, false])
    }
  })

  test('auipc pairs add up to the distance', () => {
    const out = new Int32Array(16)
    const immediate = (bits: number, id: string) => {
      expect(decode(bits, out)).toBe(byId.get(id)!.words)
      return out[byId.get(id)!.words - 1]
    }
    const s = { words: new I32Vec() }
    emit.auipc(s, x(5), 0)
    const load = emit.ld(s, x(10), x(5), -1)
    const store = emit.sd(s, x(5), x(10), -1)
    for (const v of [0, 1, -1, 0x7ff, 0x800, -0x800, -0x801, 0x12345678, -0x12345678, 0x7ffff7ff, -0x80000000]) {
      const high = immediate(patchHi20(encode(s.words.data, 0, 0), v), 'auipc') << 12
      expect(high >>> 12).toBe(pcrelHi20(v))
      expect(high + immediate(patchLo12I(encode(s.words.data, load, 0), v), 'ld')).toBe(v)
      expect(high + immediate(patchLo12S(encode(s.words.data, store, 0), v), 'sd')).toBe(v)
      expect(high + pcrelLo12(v)).toBe(v)
    }
  })
})
