// Vector rows beyond what insts.test.ts and insts-assembler.test.ts check of every row: the state word, the mask operand, and that the roles
// say what the manual requires of overlaps (RISC-V Unprivileged ISA 20240411, 31.5.2, 31.16).
import { I32Vec } from '@k23/entity'
import {
  decode,
  emit,
  encode,
  LMUL_1,
  LMUL_F2,
  print,
  SEW_16,
  SEW_32,
  SEW_64,
  tables,
  VSTATE_NONE,
  VSTATE_VALID,
  vstate,
  vstateAvl,
  vstateHolds,
  vstateVtype,
  vstateVxrm,
  VXRM_RDN,
  VXRM_RNU,
} from '@k23/isa-riscv64/insts'
import type { VReg, Writable, XReg } from '@k23/isa-riscv64/insts'
import {
  CONSTRAINT_FIXED,
  descArgument,
  descConstraint,
  descIsDef,
  descIsLate,
  descWord,
  pregWord,
} from '@k23/machinst/rows'
import { describe, expect, test } from 'vitest'
import { byId, compiled, samplesOf } from './samples.ts'

const vectorRows = compiled.filter((r) => /^(V|Zvbb|Zvbb\/Zvkb)$/.test(r.attrs.feature ?? ''))
const v = (hw: number) => pregWord(128 + hw) as Writable<VReg>
const x = (hw: number) => pregWord(hw) as Writable<XReg>

test('there are rows, masked and unmasked', () => {
  expect(vectorRows.length).toBeGreaterThan(600)
  expect(vectorRows.filter((r) => r.id.endsWith('_m')).length).toBeGreaterThan(250)
})

describe('the state word', () => {
  test('is the last of every row but those that do not depend on vtype', () => {
    const without = vectorRows.filter((r) => r.operands.at(-1)?.entryName !== 'vstate').map((r) => r.id)
    expect(without).toEqual('vsetvli vsetivli vsetvl vl1re8_v vl1re16_v vl1re32_v vl1re64_v vs1r_v'.split(' '))
  })

  test('changes neither bits nor text, and does not come back from a decoder', () => {
    const out = new Int32Array(16)
    for (const r of vectorRows) {
      if (r.attrs.state === undefined) continue
      for (const words of samplesOf(r, 3)) {
        const bits = encode(words, 0, 0)
        const text = print(words, 0)
        words[r.words - 1] = vstate(SEW_32, LMUL_1, 4, VXRM_RDN)
        expect(encode(words, 0, 0), r.id).toBe(bits)
        expect(print(words, 0)).toBe(text)
        expect(decode(bits, out)).toBe(r.words)
        expect(out[r.words - 1]).toBe(VSTATE_NONE)
      }
    }
  })

  test('packs vtype as vsetivli takes it', () => {
    const s = { words: new I32Vec() }
    const state = vstate(SEW_16, LMUL_F2, 4, VXRM_RNU, 1, 0)
    expect([vstateAvl(state), vstateVxrm(state), vstateVxrm(vstate(SEW_16, LMUL_1, 1))]).toEqual([4, VXRM_RNU, -1])
    emit.vsetivli(s, x(0), vstateAvl(state), vstateVtype(state))
    expect(print(s.words.data, 0)).toBe('vsetivli zero, 4, e16, mf2, ta, mu')
  })

  test('holds for the same vtype and avl; vxrm where it is asked for', () => {
    const a = vstate(SEW_64, LMUL_1, 2)
    const b = vstate(SEW_64, LMUL_1, 2, VXRM_RNU)
    // what there is, what is wanted, whether it will do
    const cases: readonly (readonly [number, number, boolean])[] = [
      [a, a, true],
      [b, a, true],
      [a, b, false],
      [b, b, true],
      [vstate(SEW_64, LMUL_1, 2, VXRM_RDN), b, false],
      [a, vstate(SEW_64, LMUL_1, 1), false],
      [a, vstate(SEW_32, LMUL_1, 2), false],
      [a, vstate(SEW_64, LMUL_1, 2, -1, 0), false],
      [a, VSTATE_NONE, true],
      [VSTATE_NONE, a, false],
      [VSTATE_NONE, VSTATE_NONE, true],
      [a, VSTATE_VALID, true],
      [VSTATE_NONE, VSTATE_VALID, false],
    ]
    for (const [current, wanted, holds] of cases)
      expect(vstateHolds(current, wanted), `${current} ${wanted}`).toBe(holds)
  })

  test('constructors take it', () => {
    const s = { words: new I32Vec() }
    const state = vstate(SEW_32, LMUL_1, 4)
    const at = emit.vadd_vv(s, v(1), v(2), v(3), state)
    expect([...s.words.view().subarray(at + 1)]).toEqual([v(1), v(2), v(3), state])
    // @ts-expect-error an integer register is no vector register
    emit.vadd_vv(s, v(1), x(2), v(3), state)
    expect(() => emit.vadd_vv(s, v(1), v(2), v(3), -1)).toThrow('vstate = -1')
  })
})

describe('masks and overlaps', () => {
  const descsOf = (op: number) => [...tables.descs.subarray(tables.descStart[op], tables.descStart[op + 1])]

  test('the mask is a use of v0, late where the result must not be there', () => {
    for (const r of vectorRows) {
      const vm = r.operands.find((o) => o.name === 'vm')
      if (vm === undefined) continue
      const desc = descsOf(r.opcode).find((d) => descWord(d) === vm.word)!
      expect([descConstraint(desc), descArgument(desc), descIsDef(desc)], r.id).toEqual([CONSTRAINT_FIXED, 128, false])
      const vd = r.operands.find((o) => o.name === 'vd')
      expect(descIsLate(desc), r.id).toBe(vd?.entryName === 'vdm')
    }
  })

  test('a physical register elsewhere than in v0 is refused as a mask, and v0 as a masked destination', () => {
    const s = { words: new I32Vec() }
    expect(() => emit.vmerge_vvm(s, v(1), v(1), v(2), v(3), 0)).toThrow(
      'vmerge_vvm: vm = register 1, expected one of 0',
    )
    expect(() => emit.vmerge_vvm(s, v(0), v(0), v(2), v(3), 0)).toThrow('vmerge_vvm: vd = register 0')
  })

  // By the manual: what is wider than its source, and what reads all of its source before it is done.
  const APART =
    /^(v[sz]ext_|vw(add|sub)u?_v|vwmul|vwsll|vfw(add|sub|mul)_v|vfwcvt|vrgather|vcompress|vms[bio]f|viota|vf?slide1up|vslideup)/
  const WIDE_UPDATE = /^vf?wn?m(acc|sac)/
  test('destinations that must not share a register with a source are apart from it in the roles', () => {
    for (const r of vectorRows) {
      const vd = r.operands.find((o) => o.name === 'vd')
      const sources = r.operands.filter((o) => /^vs[12]$/.test(o.name))
      if (vd === undefined || sources.length === 0) continue
      const apart = vd.role === 'earlydef' || (vd.role === 'readwrite' && sources.every((o) => o.role === 'lateuse'))
      expect(apart, r.id).toBe(APART.test(r.id) || WIDE_UPDATE.test(r.id))
      if (/^vf?w(add|sub)u?_wv/.test(r.id)) expect(sources.map((o) => o.role)).toEqual(['lateuse', 'use'])
    }
  })

  test('a masked row reads what its destination held, but for reductions', () => {
    for (const r of vectorRows) {
      const plain = r.id.endsWith('_m') ? byId.get(r.id.slice(0, -2)) : undefined
      const vd = r.operands.find((o) => o.name === 'vd')
      if (plain === undefined || vd === undefined) continue
      expect(vd.role, r.id).toBe(/^vf?w?red/.test(r.id) ? 'def' : 'readwrite')
    }
  })
})
