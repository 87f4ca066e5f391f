// Symbols, special registers, and instructions that only mark a place.
import type { Block, GlobalValue, Inst } from '../../entities.ts'
import { bits, type Type } from '../../types.ts'
import type { Frame } from '../machine.ts'
import { instAddress } from '../program.ts'
import type { EffectEvaluator, EffectTable } from './effects.ts'

function narrowed(frame: Frame, inst: Inst, x: bigint): bigint[] {
  const { func } = frame.code
  return [BigInt.asUintN(bits(func.typeOf(func.result(inst)) as Type), x)]
}

/** One thread: a thread-local symbol has one address, like any other. */
const globalValue: EffectEvaluator = (m, frame, inst) =>
  narrowed(frame, inst, m.globalValue(frame, frame.code.func.imm0[inst] as GlobalValue))

const funcAddr: EffectEvaluator = (m, frame, inst) =>
  narrowed(frame, inst, BigInt(m.program.callee(frame.code, frame.code.func.imm0[inst] as never).address))

const setPinned: EffectEvaluator = (m, frame, inst) => {
  m.pinned = m.arg(frame, inst, 0)
  return []
}

/** The address of the handler's first instruction. */
const handlerAddress: EffectEvaluator = (_m, frame, inst) => {
  const { func } = frame.code
  const tryCall = func.lastInst[func.imm0[inst] as Block]
  const handlers = func.exceptionTables[func.imm1[tryCall]].items.filter((i) => i.kind !== 'context')
  const block = func.bcBlock[handlers[func.imm1[inst]].target]
  return narrowed(frame, inst, BigInt(instAddress(frame.code, func.firstInst[block] as Inst)))
}

const nothing: EffectEvaluator = () => []

// biome-ignore format: table
export const specialEvaluators: EffectTable = {
  symbol_value:                  globalValue,
  tls_value:                     globalValue,
  func_addr:                     funcAddr,
  get_pinned_reg:                (m, frame, inst) => narrowed(frame, inst, m.pinned),
  set_pinned_reg:                setPinned,
  get_frame_pointer:             (_m, frame, inst) => narrowed(frame, inst, BigInt(frame.fp)),
  get_stack_pointer:             (_m, frame, inst) => narrowed(frame, inst, BigInt(frame.sp)),
  get_return_address:            (_m, frame, inst) => narrowed(frame, inst, BigInt(frame.returnAddress)),
  get_exception_handler_address: handlerAddress,
  nop:                           nothing,
  sequence_point:                nothing,
  debugtrap:                     nothing,
}
