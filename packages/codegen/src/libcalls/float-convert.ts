// Between formats, and between floats and integers, where there is no instruction (float-format.ts).
import {
  EQ,
  type Func,
  I128,
  SLT,
  signature,
  TRAP_BAD_CONVERSION_TO_INTEGER,
  TRAP_INTEGER_OVERFLOW,
  type Type,
  UGT,
  bits as typeBits,
} from '@k23/ir'
import { formatOf, leadingZeros, nan, round, signedInfinity, signedZero, unpack } from './float-format.ts'
import { Routine } from './routine.ts'

export const convert =
  (from: Type, to: Type) =>
  (name: string): Func => {
    const r = new Routine(name, signature([from], [to], 'system_v'))
    const source = formatOf(from)
    const target = formatOf(to)
    const x = unpack(r, source, r.args[0])
    r.when(x.isNan, () => r.return(nan(r, target)))
    r.when(x.isInf, () => r.return(signedInfinity(r, target, x.sign)))
    r.when(x.isZero, () => r.return(signedZero(r, target, x.sign)))
    const e = r.ins.iadd_imm(x.exponent, target.bias - source.bias)
    r.return(round(r, target, x.sign, e, x.significand))
    return r.done()
  }

export const fromInteger =
  (from: Type, to: Type, signed: boolean) =>
  (name: string): Func => {
    const r = new Routine(name, signature([from], [to], 'system_v'))
    const { ins } = r
    const target = formatOf(to)
    const x = from === I128 ? r.args[0] : signed ? ins.sextend(I128, r.args[0]) : ins.uextend(I128, r.args[0])
    const negative = signed ? ins.icmp(SLT, x, r.i128(0n)) : ins.icmp(SLT, r.i64(0), r.i64(0))
    const magnitude = signed ? ins.iabs(x) : x
    r.when(r.icmp(EQ, x, 0n), () => r.return(signedZero(r, target, r.i64(0))))
    const zeros = leadingZeros(r, magnitude)
    const e = ins.irsub_imm(zeros, target.bias + 127)
    r.return(round(r, target, r.bool(negative), e, ins.ishl(magnitude, zeros)))
    return r.done()
  }

/** CLIF's fcvt_to_sint and fcvt_to_uint: traps where a NaN or what lies outside the range is given, or saturates. */
export const toInteger =
  (from: Type, to: Type, signed: boolean, saturates: boolean) =>
  (name: string): Func => {
    const r = new Routine(name, signature([from], [to], 'system_v'))
    const { ins } = r
    const source = formatOf(from)
    const width = BigInt(typeBits(to))
    const x = unpack(r, source, r.args[0])
    const result = (v: ReturnType<typeof r.i64>): typeof v => (to === I128 ? v : ins.ireduce(to, v))
    if (saturates) r.when(x.isNan, () => r.return(result(r.i128(0n))))
    else ins.trapnz(x.isNan, TRAP_BAD_CONVERSION_TO_INTEGER)
    const e = ins.iadd_imm(x.exponent, -source.bias)
    r.when(ins.bor(x.isZero, ins.icmp(SLT, e, r.i64(0))), () => r.return(result(r.i128(0n))))
    const beyond = ins.bor(x.isInf, ins.icmp(SLT, r.i64(127), e))
    const magnitude = ins.ushr(x.significand, ins.band_imm(ins.irsub_imm(e, 127), 127))
    const negative = ins.icmp(EQ, x.sign, r.i64(1))
    const most = signed ? (1n << (width - 1n)) - 1n : (1n << width) - 1n
    const least = signed ? 1n << (width - 1n) : 0n
    const limit = ins.select(negative, r.i128(least), r.i128(most))
    const tooLarge = ins.bor(beyond, ins.icmp(UGT, magnitude, limit))
    if (!saturates) ins.trapnz(tooLarge, TRAP_INTEGER_OVERFLOW)
    const kept = saturates ? ins.select(tooLarge, limit, magnitude) : magnitude
    r.return(result(ins.select(negative, ins.ineg(kept), kept)))
    return r.done()
  }
