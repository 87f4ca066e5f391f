// Branches, traps, calls, returns.
import { bug } from '@k23/entity'
import type { BlockCall, FuncRef, Inst, SigRef } from '../../entities.ts'
import { callSignature } from '../../inst-info.ts'
import type { Bits } from '../lanes.ts'
import type { Frame, Machine } from '../machine.ts'
import { Trap, undefinedBehaviour } from '../outcome.ts'
import { type Callee, sameTypes } from '../program.ts'
import { switchStack } from '../stack-switch.ts'
import type { ControlEvaluator, ControlTable } from './effects.ts'

const jump: ControlEvaluator = (m, frame, inst) => m.jump(frame, frame.code.func.imm0[inst] as BlockCall)

const brif: ControlEvaluator = (m, frame, inst) => {
  const { imm0, imm1 } = frame.code.func
  m.jump(frame, (m.arg(frame, inst, 0) !== 0n ? imm0 : imm1)[inst] as BlockCall)
}

const brTable: ControlEvaluator = (m, frame, inst) => {
  const table = frame.code.func.jumpTables[frame.code.func.imm0[inst]]
  m.jump(frame, table.entries[Number(m.arg(frame, inst, 0))] ?? table.default)
}

const trap: ControlEvaluator = (_m, frame, inst) => {
  throw new Trap(frame.code.func.imm0[inst])
}

function trapIf(zero: boolean): ControlEvaluator {
  return (m, frame, inst) => {
    if ((m.arg(frame, inst, 0) === 0n) === zero) throw new Trap(frame.code.func.imm0[inst])
    m.next(frame)
  }
}

const stackSwitch: ControlEvaluator = (m, frame, inst) => {
  const [to, from, payload] = m.args(frame, inst)
  switchStack(m, frame, inst, to, from, payload)
}

// ---- calls: who is called, then how

type FindCallee = (m: Machine, frame: Frame, inst: Inst) => { callee: Callee; args: Bits[] }

const direct: FindCallee = (m, frame, inst) => ({
  callee: m.program.callee(frame.code, frame.code.func.imm0[inst] as FuncRef),
  args: m.args(frame, inst),
})

const indirect: FindCallee = (m, frame, inst) => {
  const address = m.arg(frame, inst, 0)
  const callee =
    m.program.at(address) ?? undefinedBehaviour(`a call to 0x${address.toString(16)}, where no function is`)
  return { callee, args: m.args(frame, inst, 1) }
}

type Transfer = 'call' | 'tailCall'

function calling(find: FindCallee, how: Transfer): ControlEvaluator {
  return (m, frame, inst) => {
    const { func } = frame.code
    const { callee, args } = find(m, frame, inst)
    const sig = callSignature(func, inst)
    const signature =
      func.signatures[sig as SigRef] ?? bug('interpreter', frame.code.name, `inst${inst}`, 'a call without a signature')
    if (callee.kind === 'clif' && !sameTypes(signature, callee.func.signature)) {
      undefinedBehaviour(`${frame.code.name} calls ${callee.name} with another signature than it has`)
    }
    if (how === 'call') m.call(frame, inst, callee, signature, args)
    else m.tailCall(frame, callee, signature, args)
  }
}

// biome-ignore format: table
export const controlEvaluators: ControlTable = {
  jump,
  brif,
  br_table:             brTable,
  trap,
  trapz:                trapIf(true),
  trapnz:               trapIf(false),
  return_:              (m, frame, inst) => m.return(frame, m.args(frame, inst)),
  call:                 calling(direct, 'call'),
  call_indirect:        calling(indirect, 'call'),
  return_call:          calling(direct, 'tailCall'),
  return_call_indirect: calling(indirect, 'tailCall'),
  try_call:             calling(direct, 'call'),
  try_call_indirect:    calling(indirect, 'call'),
  stack_switch:         stackSwitch,
}
