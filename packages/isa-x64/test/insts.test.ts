// Every x64 row, without an assembler: constructors, encoder, decoder, printer, descriptors and attributes agree with the row and with each other.
import { describe, expect, test } from 'vitest'
import { I32Vec, U8Vec } from '@k23/entity'
import {
  CC,
  decode,
  decodedLength,
  disassemble,
  emit,
  encode,
  encodeShort,
  type Gpr,
  type Label,
  type Mem,
  memBase,
  memFrame,
  memIndex,
  memRip,
  type MemSink,
  memSymbol,
  Opc,
  print,
  tables,
  type Writable,
  type Xmm,
} from '@k23/isa-x64/insts'
import {
  CONSTRAINT_FIXED,
  CONSTRAINT_REG,
  CONSTRAINT_REUSE,
  type CompiledX64Row,
  descArgument,
  descBank,
  descConstraint,
  descIsDef,
  descIsLate,
  descWord,
  NO_REG,
  pregWord,
  vregWord,
  X64_FLAGS,
} from '@k23/machinst/rows'
import { byId, compiled, distanceIn, random, randomCode, samplesOf } from './samples.ts'

type Constructor = (s: MemSink, ...operands: number[]) => number
const constructors = emit as unknown as Readonly<Record<string, Constructor>>
const gpr = (hw: number) => pregWord(hw) as Writable<Gpr>
const xmm = (hw: number) => pregWord(64 + hw) as Writable<Xmm>
const sink = (): MemSink => ({ words: new I32Vec(), mem: new I32Vec() })

/** Calls the row's constructor with the operands that the words hold. */
function construct(r: CompiledX64Row, words: Int32Array): Int32Array {
  const s = sink()
  const operands: number[] = []
  for (const { entry, word, words: n } of r.operands) {
    if (entry.kind !== 'memory') {
      // A read-write register has two words, whether or not it says so.
      const count = entry.kind === 'register' && isPair(r, word) ? 2 : n
      operands.push(...words.subarray(word, word + count))
      continue
    }
    // Not at the sink's start, so that the position matters.
    s.mem.resize(4, 99)
    operands.push(s.mem.length)
    for (const w of words.subarray(word, word + 4)) s.mem.push(w)
  }
  constructors[r.id](s, ...operands)
  return s.words.view()
}

function isPair(r: CompiledX64Row, word: number): boolean {
  return r.operands.some((o) => o.word === word && o.role === 'readwrite')
}

function bytesOf(words: Int32Array, distance: number | undefined): Uint8Array {
  const buf = new U8Vec()
  const field = encode(words, 0, buf)
  if (distance !== undefined) new DataView(buf.data.buffer).setInt32(field, distance, true)
  return buf.view().slice()
}

function isEqual(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((w, i) => w === b[i])
}

describe('every row', () => {
  test('constructor, encoder, decoder: words to bytes to words', () => {
    const out = new Int32Array(40)
    let cases = 0
    for (const r of compiled) {
      for (const words of samplesOf(r, 5, 8)) {
        const made = construct(r, words)
        if (!isEqual(made, words)) expect(made, r.id).toEqual(words)
        const bytes = bytesOf(words, distanceIn(r, words))
        // Behind other bytes, and to a place of its own.
        const n = decode(Uint8Array.of(0x90, ...bytes, 0x90), 1, out, 20)
        if (n !== r.words || !isEqual(out.subarray(20, 20 + n), words) || decodedLength() !== bytes.length)
          expect([decodedLength(), ...out.subarray(20, 20 + n)], print(words, 0)).toEqual([bytes.length, ...words])
        // Without its last byte it is no instruction, or another, shorter one.
        const cut = decode(bytes.subarray(0, -1), 0, out)
        if (cut !== 0 && decodedLength() >= bytes.length) expect(decodedLength(), r.id).toBeLessThan(bytes.length)
        cases++
      }
    }
    expect(cases).toBeGreaterThan(20_000)
  })

  test('opcode constants are the positions in the table', () => {
    expect(Object.entries(Opc).sort((a, b) => a[1] - b[1])).toEqual(compiled.map((r) => [r.id, r.opcode]))
    expect(tables.ids).toEqual(compiled.map((r) => r.id))
  })

  test('descriptors name the register words with their roles', () => {
    for (const r of compiled) {
      const list = [...tables.descs.subarray(tables.descStart[r.opcode], tables.descStart[r.opcode + 1])]
      const expected = r.operands.flatMap((o) => {
        const { entry, word, role } = o
        if (entry.kind === 'immediate') return []
        if (entry.kind === 'memory')
          return [word, word + 1].map((w) => ({ word: w, bank: 0, def: false, late: false, optional: true, fixed: -1 }))
        const fixed = entry.fixed === undefined ? -1 : entry.bank * 64 + entry.fixed
        const of = (w: number, def: boolean, late: boolean) => ({
          word: w,
          bank: entry.bank,
          def,
          late,
          optional: false,
          fixed,
        })
        if (role === 'readwrite') return [of(word, true, true), of(word + 1, false, false)]
        return [of(word, role === 'def', role === 'def')]
      })
      const got = list.map((d) => ({
        word: descWord(d),
        bank: descBank(d),
        def: descIsDef(d),
        late: descIsLate(d),
        optional: (d & (1 << 24)) !== 0,
        fixed: descConstraint(d) === CONSTRAINT_FIXED ? descArgument(d) : -1,
      }))
      expect(got, r.id).toEqual(expected)
      for (const [i, d] of list.entries()) {
        if (descConstraint(d) === CONSTRAINT_REUSE) expect([descIsDef(d), descArgument(d)]).toEqual([true, i + 1])
        else expect([CONSTRAINT_REG, CONSTRAINT_FIXED]).toContain(descConstraint(d))
      }
      // What the allocator may give two operands must not be one register by the encoding: each fixed register is asked for once per side.
      const uses = expected.filter((e) => e.fixed >= 0 && !e.def).map((e) => e.fixed)
      const defs = expected.filter((e) => e.fixed >= 0 && e.def).map((e) => e.fixed)
      expect([new Set(uses).size, new Set(defs).size], r.id).toEqual([uses.length, defs.length])
    }
  })

  test('attributes make sense', () => {
    const all = Object.values(X64_FLAGS).reduce((a, b) => a | b)
    for (const r of compiled) {
      const op = r.opcode
      const memory = r.operands.find((o) => o.entry.kind === 'memory')
      expect(tables.memWord[op], r.id).toBe(memory?.word ?? 0)
      const [load, store] = [tables.load[op], tables.store[op]]
      expect([load, store, tables.aligned[op]], r.id).toEqual([r.load, r.store, r.aligned ? 1 : 0])
      if (memory === undefined || r.mnemonic.startsWith('lea')) expect([load, store], r.id).toEqual([0, 0])
      else {
        expect(load + store, r.id).toBeGreaterThan(0)
        expect([load > 0, store > 0], r.id).toEqual([memory.role !== 'def', memory.role !== 'use'])
        // A size that some letter or the mnemonic's end can explain, and that is a power of two.
        const size = Math.max(load, store)
        expect([1, 2, 4, 8, 16], r.id).toContain(size)
        const suffix = /^(?:lock )?(?:[a-z]+?)([bwlq])$/.exec(r.mnemonic)
        const widthOf = { b: 1, w: 2, l: 4, q: 8 }
        if (suffix !== null && isInteger(r) && !/^movz|^movs|^crc|^call|cmpxchg16b/.test(r.mnemonic))
          expect(size, r.id).toBe(widthOf[suffix[1] as 'b'])
      }
      expect(tables.aligned[op] === 1, r.id).toBe(needsAlignment(r))
      const [reads, writes, undef] = [tables.flagsRead[op], tables.flagsWritten[op], tables.flagsUndefined[op]]
      expect((reads | writes) & ~all).toBe(0)
      expect(undef & ~writes, r.id).toBe(0)
      const takesCondition = r.operands.some((o) => o.entryName === 'cc')
      if (takesCondition) expect(reads, r.id).toBe(all & ~X64_FLAGS.a)
      expect(tables.labelWord[op] !== 0, r.id).toBe(/^(jmp|jcc|call)$/.test(r.id))
      if (/^(jmp|jcc|call|ret)/.test(r.id)) expect(tables.effect[op], r.id).not.toBe(0)
      expect(tables.feature[op], r.id).toMatch(/^[a-z0-9_ /]*$/)
      if (/^v/.test(r.mnemonic)) expect(tables.feature[op], r.id).not.toBe('')
    }
  })
})

/** All operands are general registers, memory and immediates. */
function isInteger(r: CompiledX64Row): boolean {
  return r.operands.every((o) => o.entry.kind !== 'register' || o.entry.bank === 0)
}

/** Legacy SSE's memory operands of 16 bytes, but for the moves and comparisons that say otherwise; and what has alignment in its name. */
function needsAlignment(r: CompiledX64Row): boolean {
  const [op, form] = [r.opcode, r.alternatives[0].form]
  if (Math.max(tables.load[op], tables.store[op]) !== 16) return false
  if (/mova|movdqa|movnt|cmpxchg16b/.test(r.mnemonic)) return true
  return form === 0 && !/movu|movdqu|lddqu|pcmp[ei]str/.test(r.mnemonic)
}

describe('encoder', () => {
  test('takes the shortest form', () => {
    const lengths: [string, (s: MemSink) => number, number][] = [
      ['imm8', (s) => emit.addq_ri(s, gpr(3), gpr(3), -128), 4],
      ['imm32', (s) => emit.addq_ri(s, gpr(3), gpr(3), 128), 7],
      ['rax imm32', (s) => emit.addq_ri(s, gpr(0), gpr(0), 128), 6],
      ['rax imm8', (s) => emit.addq_ri(s, gpr(0), gpr(0), 127), 4],
      ['al', (s) => emit.addb_ri(s, gpr(0), gpr(0), 127), 2],
      ['test al', (s) => emit.testb_ri(s, gpr(0), 127), 2],
      ['shift by 1', (s) => emit.shlq_ri(s, gpr(3), gpr(3), 1), 3],
      ['shift by 2', (s) => emit.shlq_ri(s, gpr(3), gpr(3), 2), 4],
      ['push', (s) => emit.pushq_r(s, gpr(3)), 1],
      ['push r12', (s) => emit.pushq_r(s, gpr(12)), 2],
      ['push imm8', (s) => emit.pushq_i(s, -1), 2],
      ['mov imm32', (s) => emit.movl_ri(s, gpr(3), -1), 5],
      ['base', (s) => emit.movl_rm(s, gpr(3), memBase(s, gpr(1), 0)), 2],
      ['rbp', (s) => emit.movl_rm(s, gpr(3), memBase(s, gpr(5), 0)), 3],
      ['rsp', (s) => emit.movl_rm(s, gpr(3), memBase(s, gpr(4), 0)), 3],
      ['disp8', (s) => emit.movl_rm(s, gpr(3), memBase(s, gpr(1), 127)), 3],
      ['disp32', (s) => emit.movl_rm(s, gpr(3), memBase(s, gpr(1), 128)), 6],
      ['VEX2', (s) => emit.vmovaps_rr(s, xmm(1), xmm(2)), 4],
      ['VEX2, reversed', (s) => emit.vmovaps_rr(s, xmm(1), xmm(9)), 4],
      ['VEX3', (s) => emit.vmovaps_rr(s, xmm(9), xmm(10)), 5],
      ['EVEX disp8 * 16', (s) => emit.vpabsq_rm(s, xmm(1), memBase(s, gpr(1), 127 * 16)), 7],
      ['EVEX disp32', (s) => emit.vpabsq_rm(s, xmm(1), memBase(s, gpr(1), 8)), 10],
    ]
    for (const [what, make, length] of lengths) {
      const s = sink()
      const buf = new U8Vec()
      encode(s.words.data, make(s), buf)
      expect(buf.length, what).toBe(length)
    }
  })

  test('appends, or writes where it is told; says where the pc-relative field is', () => {
    const s = sink()
    const buf = new U8Vec()
    for (let i = 0; i < 5; i++) buf.push(0x90)
    const call = emit.call(s, 7 as Label)
    expect(encode(s.words.data, call, buf)).toBe(1)
    expect([...buf.view()]).toEqual([0x90, 0x90, 0x90, 0x90, 0x90, 0xe8, 0, 0, 0, 0])
    expect(encode(s.words.data, emit.jcc(s, 7 as Label, CC.e), buf, 2)).toBe(2)
    expect([...buf.view()]).toEqual([0x90, 0x90, 0x0f, 0x84, 0, 0, 0, 0])
    // movl $0x11223344, label(%rip): the field is not the last thing.
    expect(encode(s.words.data, emit.movl_mi(s, memRip(s, 3 as Label), 0x11223344), buf, 0)).toBe(2)
    expect([...buf.view()]).toEqual([0xc7, 0x05, 0, 0, 0, 0, 0x44, 0x33, 0x22, 0x11])
    const align = emit.vpalignr_rrmi(s, xmm(9), xmm(1), memSymbol(s, 12), 3)
    expect(encode(s.words.data, align, buf, 0)).toBe(5)
    expect(buf.length).toBe(10)
    expect(encode(s.words.data, emit.ud2(s), buf, 0)).toBe(0)
  })

  test('short jumps', () => {
    const s = sink()
    const buf = new U8Vec()
    expect(encodeShort(s.words.data, emit.jmp(s, 1 as Label), buf)).toBe(1)
    expect(encodeShort(s.words.data, emit.jcc(s, 1 as Label, CC.g), buf)).toBe(1)
    expect([...buf.view()]).toEqual([0xeb, 0, 0x7f, 0])
    expect(encodeShort(s.words.data, emit.call(s, 1 as Label), buf)).toBe(0)
    expect(encodeShort(s.words.data, emit.jmp_r(s, gpr(0)), buf)).toBe(0)
    expect(buf.length).toBe(4)
  })

  test('a frame address must be resolved before', () => {
    const s = sink()
    const at = emit.movq_rm(s, gpr(0), memFrame(s, 2, 16))
    expect(() => encode(s.words.data, at, new U8Vec())).toThrow(/frame address/)
  })
})

describe('constructors', () => {
  const refused: [string, (s: MemSink) => unknown, RegExp][] = [
    ['imm8', (s) => emit.addb_ri(s, gpr(0), gpr(0), 256), /imm = 256, expected -128\.\.255/],
    ['imm8 below', (s) => emit.addb_ri(s, gpr(0), gpr(0), -129), /imm = -129/],
    ['imm16', (s) => emit.addw_ri(s, gpr(0), gpr(0), 65536), /imm = 65536/],
    ['imm32', (s) => emit.addq_ri(s, gpr(0), gpr(0), 2 ** 31), /imm = 2147483648/],
    ['fraction', (s) => emit.addq_ri(s, gpr(0), gpr(0), 0.5), /imm = 0\.5/],
    ['count', (s) => emit.shlq_ri(s, gpr(0), gpr(0), 64), /imm = 64, expected 0\.\.63/],
    ['count of 32 bits', (s) => emit.shll_ri(s, gpr(0), gpr(0), 32), /imm = 32, expected 0\.\.31/],
    ['condition', (s) => emit.setcc_r(s, gpr(0), 16), /cc = 16/],
    ['lane', (s) => emit.pinsrq_rri(s, xmm(0), xmm(0), gpr(1), 2), /imm = 2, expected 0\.\.1/],
    ['comparison', (s) => emit.cmpps_rri(s, xmm(0), xmm(0), xmm(1), 8), /imm = 8, expected 0\.\.7/],
    ['halves', (s) => emit.movabsq_ri(s, gpr(0), 2 ** 31, 0), /immLo/],
    ['bank', (s) => emit.addq_rr(s, gpr(0), gpr(0), xmm(1) as unknown as Gpr), /src = register/],
    ['bank the other way', (s) => emit.addps_rr(s, xmm(0), xmm(0), gpr(1) as unknown as Xmm), /src = register/],
    ['register 16', (s) => emit.addps_rr(s, xmm(0), xmm(0), xmm(16)), /src = register/],
    ['not rcx', (s) => emit.shlq_rc(s, gpr(0), gpr(0), gpr(2)), /rcx = register 2, expected one of 1/],
    ['not rax', (s) => emit.divq_r(s, gpr(1), gpr(0), gpr(2), gpr(2), gpr(3)), /rax = register 1/],
    ['not xmm0', (s) => emit.pblendvb_rr(s, xmm(1), xmm(1), xmm(2), xmm(3)), /mask = register 3/],
    ['index rsp', (s) => memIndex(s, gpr(0), gpr(4), 0, 0), /cannot be an index/],
    ['no index', (s) => memIndex(s, gpr(0), NO_REG, 0, 0), /cannot be an index/],
    ['scale', (s) => memIndex(s, gpr(0), gpr(1), 4, 0), /shift 4/],
    ['displacement', (s) => memBase(s, gpr(0), 2 ** 31), /displacement/],
    ['base of another bank', (s) => memBase(s, xmm(1), 0), /no general register/],
    ['no Mem', (s) => emit.movq_rm(s, gpr(0), 0 as Mem), /not in the sink/],
    [
      'a Mem of before',
      (s) => {
        const mem = memBase(s, gpr(0), 0)
        s.mem.clear()
        emit.movq_rm(s, gpr(0), mem)
      },
      /not in the sink/,
    ],
  ]
  test.each(refused)('%s', (_, make, message) => {
    expect(() => make(sink())).toThrow(message)
  })

  test('every immediate of every row is checked at both ends', () => {
    let checked = 0
    for (const r of compiled) {
      const [words] = samplesOf(r, 1, 1)
      for (const { entry, word } of r.operands) {
        if (entry.kind !== 'immediate' || entry.label || entry.max === 2 ** 31 - 1) continue
        for (const bad of [entry.min - 1, entry.max + 1]) {
          const copy = words.slice()
          copy[word] = bad
          expect(() => construct(r, copy), `${r.id} ${bad}`).toThrow(`= ${bad}`)
          checked++
        }
      }
    }
    expect(checked).toBeGreaterThan(400)
  })

  test('every register of every row is checked', () => {
    for (const r of compiled) {
      const [words] = samplesOf(r, 1, 1)
      for (const { entry, word } of r.operands) {
        if (entry.kind !== 'register') continue
        for (const offset of isPair(r, word) ? [0, 1] : [0]) {
          const copy = words.slice()
          copy[word + offset] = pregWord((1 - entry.bank) * 64 + 1)
          expect(() => construct(r, copy), r.id).toThrow('register')
          if (entry.fixed === undefined) continue
          copy[word + offset] = pregWord(entry.bank * 64 + entry.fixed + 1)
          expect(() => construct(r, copy), r.id).toThrow(`expected one of ${entry.fixed}`)
        }
      }
    }
  })

  test('unsigned immediates of 8 and 16 bits become signed', () => {
    const s = sink()
    const at = [emit.addb_ri(s, gpr(1), gpr(1), 200), emit.movw_mi(s, memBase(s, gpr(1), 0), 0xffff)]
    expect(at.map((i) => print(s.words.data, i))).toEqual(['addb $-56, %cl', 'movw $-1, (%rcx)'])
  })

  test('virtual registers pass', () => {
    const s = sink()
    const v = (n: number) => vregWord(n) as Writable<Gpr>
    emit.addq_rm(s, v(7), v(8), memIndex(s, v(9), v(10), 2, 4))
    emit.shlq_rc(s, v(1), v(2), v(3))
    expect([...s.words.view()]).toEqual([
      Opc.addq_rm | (7 << 16),
      15,
      17,
      19,
      21,
      2,
      4,
      Opc.shlq_rc | (4 << 16),
      3,
      5,
      7,
    ])
    expect(print(s.words.data, 0)).toBe('addq 4(%v9,%v10,4), %v7')
  })

  test('types: a forgotten Writable and a wrong register class do not compile', () => {
    const s = sink()
    const use = gpr(1) as Gpr
    // @ts-expect-error a plain register cannot be defined
    emit.addq_rr(s, use, use, use)
    // @ts-expect-error a general register in a float operand
    expect(() => emit.addps_rr(s, xmm(0), xmm(0), use)).toThrow()
    // @ts-expect-error a number is no label
    emit.jmp(s, 8)
    // @ts-expect-error a number is no memory operand
    expect(() => emit.movq_rm(s, gpr(0), 0)).toThrow()
    // @ts-expect-error a sink without memory operands
    expect(() => emit.movq_rm({ words: s.words }, gpr(0), 0 as Mem)).toThrow()
  })
})

describe('printer', () => {
  test('labels, symbols, frame areas and virtual registers as the caller names them', () => {
    const s = sink()
    const at = [
      emit.jcc(s, 3 as Label, CC.ne),
      emit.movq_rm(s, gpr(0), memRip(s, 4 as Label)),
      emit.leaq_rm(s, gpr(0), memSymbol(s, 5)),
      emit.movq_mr(s, vregWord(5) as Gpr, memFrame(s, 3, 16)),
    ]
    const options = {
      label: (n: number) => `L${n}`,
      vreg: (n: number) => `%r_${n}`,
      symbol: (n: number) => `extra${n}`,
      frame: (kind: number, offset: number) => `area${kind}[${offset}]`,
    }
    expect(at.map((i) => print(s.words.data, i, options))).toEqual([
      'jne L3',
      'movq L4(%rip), %rax',
      'leaq extra5(%rip), %rax',
      'movq %r_5, area3[16]',
    ])
    expect(print(s.words.data, at[2])).toBe('leaq symbol5(%rip), %rax')
    expect(print(s.words.data, at[3])).toBe('movq %v5, frame3+16')
  })

  test('disassembly shows targets, and what is no instruction', () => {
    const bytes = Uint8Array.of(0x48, 0x01, 0xd8, 0xeb, 0xfb, 0x06, 0x48, 0x8b, 0x05, 0x10, 0, 0, 0, 0xe8, 6, 6)
    expect(disassemble(bytes, 0, bytes.length, { label: (at) => `0x${at.toString(16)}` })).toEqual([
      { offset: 0, length: 3, text: 'addq %rbx, %rax' },
      { offset: 3, length: 2, text: 'jmp 0x0' },
      { offset: 5, length: 1, text: '.byte 0x6' },
      { offset: 6, length: 7, text: 'movq 0x1d(%rip), %rax' },
      { offset: 13, length: 1, text: '.byte 0xe8' },
      { offset: 14, length: 1, text: '.byte 0x6' },
      { offset: 15, length: 1, text: '.byte 0x6' },
    ])
    expect(disassemble(bytes.subarray(3, 5))[0].text).toBe('jmp . - 3')
    expect(disassemble(bytes.subarray(6, 13))[0].text).toBe('movq 16(%rip), %rax')
  })
})

describe('decoder', () => {
  test('refuses what no row says', () => {
    const out = new Int32Array(16)
    const hex = (text: string) => Uint8Array.from(text.split(' '), (b) => Number.parseInt(b, 16))
    for (const text of [
      '06', // undefined in 64-bit mode
      '67 8b 00', // address size
      '64 8b 00', // segment
      '88 e0', // ah
      '00 c7', // bh
      'f6 dc', // ah
      'f0 01 d8', // lock on a register form
      'f3 01 d8', // rep on an addition
      '66 48 40 01 d8', // two REX
      '48 66 01 d8', // REX before another prefix
      'c5 fc 58 c1', // 256 bits
      'c4 e1 7c 58 c1',
      'c5 f0 28 c1', // vvvv of an instruction without that operand
      'c4 e3 71 4b c2 31', // low bits under /is4
      '62 f2 fd 09 1f c1', // mask k1
      '62 f2 fd 88 1f c1', // zeroing
      '62 f2 fd 18 1f 01', // broadcast
      '62 f2 fd 28 1f c1', // 256 bits
      '62 e2 fd 08 1f c1', // xmm16 in reg
      '62 b2 fd 08 1f c1', // xmm17 in rm
      '66 c5 f8 58 c1', // prefix before VEX
      '48 c5 f8 58 c1',
      '0f 38', // incomplete
      'e8 00 00 00',
      '',
    ])
      expect(decode(text === '' ? new Uint8Array(0) : hex(text), 0, out), text).toBe(0)
  })

  test('random bytes: what decodes encodes to an instruction that decodes the same', () => {
    const next = random(99)
    const out = new Int32Array(16)
    const again = new Int32Array(16)
    let found = 0
    for (let i = 0; i < 150_000; i++) {
      const bytes = randomCode(i, next)
      const n = decode(bytes, 0, out)
      if (n === 0) continue
      found++
      const length = decodedLength()
      const r = compiled[out[0] & 0xffff]
      const canonical = bytesOf(out, distanceIn(r, out))
      const isSame = decode(canonical, 0, again) === n && out.every((w, k) => k >= n || again[k] === w)
      const isShorter = tables.labelWord[r.opcode] !== 0 || canonical.length <= length
      // Nothing behind the instruction counts.
      bytes.fill(0, length)
      const isAlone = decode(bytes, 0, again) === n && out.every((w, k) => k >= n || again[k] === w)
      if (!isSame || !isShorter || !isAlone || length > 15)
        expect([isSame, isShorter, isAlone, length], `${Buffer.from(bytes).toString('hex')} ${print(out, 0)}`).toBe(
          'fine',
        )
    }
    expect(found).toBeGreaterThan(20_000)
  })
})

test('the contract that other packages rely on', () => {
  const parameters = (id: string) =>
    byId
      .get(id)!
      .operands.map((o) => (o.role === 'readwrite' && o.entry.kind !== 'memory' ? `${o.name} ${o.name}In` : o.name))
      .join(' ')
  // biome-ignore format: table
  expect(
    ['addq_rm', 'addq_mr', 'cmpq_mr', 'mulq_r', 'divq_m', 'shlxq_mr', 'mulxq_rr', 'lock_cmpxchgq_mr', 'lock_cmpxchg16b_m', 'blendvps_rm', 'vpblendvb_rrmr', 'vshufps_rrmi', 'cmovq_rm', 'jcc', 'shldq_mrc'].map((id) => `${id}: ${parameters(id)}`),
  ).toEqual([
    'addq_rm: dst dstIn mem',
    'addq_mr: src mem',
    'cmpq_mr: b mem',
    'mulq_r: rdx rax raxIn src',
    'divq_m: rax raxIn rdx rdxIn mem',
    'shlxq_mr: dst count mem',
    'mulxq_rr: hi lo rdx src',
    'lock_cmpxchgq_mr: rax raxIn src mem',
    'lock_cmpxchg16b_m: rax raxIn rdx rdxIn rbx rcx mem',
    'blendvps_rm: dst dstIn mask mem',
    'vpblendvb_rrmr: dst a mask mem',
    'vshufps_rrmi: dst a mem imm',
    'cmovq_rm: dst dstIn mem cc',
    'jcc: target cc',
    'shldq_mrc: src rcx mem',
  ])
})
