// Immediates: constants, lanes, shuffle masks, memory flags, global values.
import type { Inst } from '../entities.ts'
import * as F from '../gen/format-ids.ts'
import * as Op from '../gen/op.ts'
import { memFlagsOf } from '../inst-info.ts'
import { BIG, LITTLE, READONLY, type MemFlags } from '../memflags.ts'
import { CAN_STORE, opFlags, opFormat, opName } from '../opcodes/tables.ts'
import { bits, bytes, F128, I16, I64, I8, isDynamic, laneCount, type Type, typeName } from '../types.ts'
import type { VerifierContext } from './context.ts'
import { globalType } from './declarations.ts'

export function verifyImmediates(cx: VerifierContext): void {
  cx.forEachInst((inst) => {
    const op = cx.func.op[inst]
    if (op === Op.bitcast) verifyBitcast(cx, inst)
    else {
      const flags = memFlagsOf(cx.func, inst)
      if (flags !== undefined) verifyMemory(cx, inst, flags)
    }
    switch (opFormat[op]) {
      case F.UnaryImm:
        return verifyIconst(cx, inst)
      case F.UnaryConst:
        return verifyConstant(cx, inst)
      case F.BinaryImm8:
      case F.TernaryImm8:
        return verifyLane(cx, inst)
      case F.Shuffle:
        return verifyShuffle(cx, inst)
      case F.UnaryGlobalValue:
        return verifyGlobalUse(cx, inst)
      case F.Trap:
      case F.CondTrap:
      case F.IntAddTrap:
        if (cx.func.imm0[inst] < 1 || cx.func.imm0[inst] > 255)
          cx.atInst(inst, `trap code ${cx.func.imm0[inst]} is not between 1 and 255`)
    }
  })
}

function verifyIconst(cx: VerifierContext, inst: Inst): void {
  const t = cx.func.ctrl[inst] as Type
  const lo = cx.func.imm0[inst]
  const mask = t === I8 ? 0xff : t === I16 ? 0xffff : -1
  if (t !== I64 && ((lo & mask) !== lo || cx.func.imm1[inst] !== 0))
    cx.atInst(inst, `constant immediate is out of bounds: it must be zero-extended from ${typeName(t)}`)
}

function verifyConstant(cx: VerifierContext, inst: Inst): void {
  const { func } = cx
  const c = func.imm0[inst]
  const t = func.op[inst] === Op.f128const ? F128 : (func.ctrl[inst] as Type)
  const got = func.constants[c].length
  if (got !== bytes(t))
    cx.atInst(inst, `The instruction expects const${c} to have a size of ${bytes(t)} bytes but it has ${got}`)
}

function verifyLane(cx: VerifierContext, inst: Inst): void {
  const t = cx.func.ctrl[inst] as Type
  const lane = cx.func.imm0[inst]
  if (!isDynamic(t) && (lane < 0 || lane >= laneCount(t)))
    cx.atInst(inst, `The lane ${lane} does not index into the type ${typeName(t)}`)
}

function verifyShuffle(cx: VerifierContext, inst: Inst): void {
  const mask = cx.func.immediates[cx.func.imm0[inst]]
  if (mask.length !== 16) cx.atInst(inst, `shuffle immediate has ${mask.length} bytes, expected 16`)
  for (const i of mask)
    if (i > 31) {
      cx.atInst(inst, `shuffle immediate index ${i} is larger than the maximum 31`)
      return
    }
}

function verifyGlobalUse(cx: VerifierContext, inst: Inst): void {
  const { func } = cx
  const gv = func.imm0[inst]
  const data = func.globalValues[gv]
  const t = func.ctrl[inst] as Type
  const expected = globalType(cx, data)
  if (expected !== undefined && expected !== t)
    cx.atInst(
      inst,
      `global_value instruction with type ${typeName(t)} references global value with type ${typeName(expected)}`,
    )
  if (func.op[inst] === Op.tls_value && !(data.kind === 'symbol' && data.tls))
    cx.atInst(inst, `tls_value references gv${gv}, which is no thread-local symbol`)
}

function verifyBitcast(cx: VerifierContext, inst: Inst): void {
  const { func } = cx
  const flags = func.imm1[inst]
  const to = func.ctrl[inst] as Type
  const v = func.pool.data[func.args[inst]]
  const from = func.valType[v] as Type
  if (bits(from) !== bits(to))
    cx.atInst(
      inst,
      `The bitcast argument v${v} has a type of ${bits(from)} bits, which doesn't match an expected type of ${bits(to)} bits`,
    )
  if ((flags & ~(LITTLE | BIG)) !== 0)
    cx.atInst(inst, 'The bitcast instruction only accepts the `big` or `little` memory flags')
  if ((flags & (LITTLE | BIG)) === 0 && laneCount(from) !== laneCount(to))
    cx.atInst(inst, 'Byte order specifier required for bitcast instruction changing lane count')
}

function verifyMemory(cx: VerifierContext, inst: Inst, flags: MemFlags): void {
  const { func } = cx
  const op = func.op[inst]
  if ((opFlags[op] & CAN_STORE) !== 0 && (flags & READONLY) !== 0)
    cx.atInst(
      inst,
      `A ${opName[op] === 'store' ? 'store' : opName[op]} instruction cannot have the \`readonly\` MemFlag`,
    )
  if (cx.pointerType === undefined) return
  const format = opFormat[op]
  const at = format === F.Store || format === F.StoreNoOffset ? 1 : 0
  const addr = func.pool.data[func.args[inst] + at]
  const got = bits(func.valType[addr] as Type)
  if (got !== bits(cx.pointerType))
    cx.atInst(inst, `invalid pointer width (got ${got}, expected ${bits(cx.pointerType)}) encountered v${addr}`)
}
