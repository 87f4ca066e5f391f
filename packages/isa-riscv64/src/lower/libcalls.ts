// What the rules for opcodes that call a routine (machinst/src/libcall-rules.ts) do in line on riscv64.
import { F16, F64, TRAP_INTEGER_DIVISION_BY_ZERO, TRAP_INTEGER_OVERFLOW, type Type, type Value } from '@k23/ir'
import { callConversion, type Inline, libcallRules as sharedRules } from '@k23/machinst'
import type { Rule } from '@k23/rules'
import { emit, Opc } from '../insts/index.ts'
import type { FReg, XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import { ZFHMIN } from '../features.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'

/** Between f16 and f32 or f64: by the instruction that Zfhmin has, else by a routine. */
export function convertHalf(c: RiscvLower, from: Type, to: Type, x: FReg): FReg {
  if (!c.has(ZFHMIN)) return callConversion(c, from, to, [x]) as FReg
  const d = c.tf()
  if (to === F16) (from === F64 ? emit.fcvt_h_d : emit.fcvt_h_s)(c, d, x, 0)
  else (to === F64 ? emit.fcvt_d_h : emit.fcvt_s_h)(c, d, x, 0)
  return d
}

/** All bits but the sign of the upper half. */
const magnitude = (c: RiscvLower, x: Value): XReg => c.rri(emit.srli, c.rri(emit.slli, c.hi(x), 1), 1)
const signBit = (c: RiscvLower, x: Value): XReg => {
  const top = c.rri(emit.srli, c.hi(x), 63)
  return c.rri(emit.slli, top, 63)
}

const inline: Inline<RiscvLower> = {
  checkDivisor(c, y) {
    c.trapIf(Opc.beq, c.rrr(emit.or, c.lo(y), c.hi(y)), X0, TRAP_INTEGER_DIVISION_BY_ZERO)
  },
  checkQuotient(c, x, y) {
    // min / -1: x.lo | (x.hi ^ min) | ~(y.lo & y.hi) is zero then only
    const min = c.rrr(emit.or, c.lo(x), c.rrr(emit.xor, c.hi(x), c.li(0, 0x80000000 | 0)))
    const minusOne = c.rri(emit.xori, c.rrr(emit.and, c.lo(y), c.hi(y)), -1)
    c.trapIf(Opc.beq, c.rrr(emit.or, min, minusOne), X0, TRAP_INTEGER_OVERFLOW)
  },
  answerIs(c, cond, answer) {
    const r = c.rri(emit.addiw, answer as XReg, 0)
    switch (cond) {
      case 'lt':
        return c.rri(emit.slti, r, 0)
      case 'le':
        return c.rri(emit.slti, r, 1)
      case 'eq':
        return c.rri(emit.sltiu, r, 1)
      case 'ne':
        return c.rrr(emit.sltu, X0, r)
      case 'gt':
        return c.rrr(emit.slt, X0, r)
      case 'ge':
        return inline.not(c, c.rri(emit.slti, r, 0))
    }
  },
  both: (c, a, b) => c.rrr(emit.and, a as XReg, b as XReg),
  not: (c, a) => c.rri(emit.xori, a as XReg, 1),
  fneg: (c, x) => c.pair(c.lo(x), c.rrr(emit.xor, c.hi(x), c.li(0, 0x80000000 | 0))),
  fabs: (c, x) => c.pair(c.lo(x), magnitude(c, x)),
  fcopysign: (c, x, y) => c.pair(c.lo(x), c.rrr(emit.or, magnitude(c, x), signBit(c, y))),
}

export const libcallRules: Rule[] = sharedRules(rule, inline)
