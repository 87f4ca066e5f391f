// The x64 target: what the shared back end is given.
import type { Func, Inst } from '@k23/ir'
import type { SharedFlags, TargetIsa, VCode } from '@k23/machinst'
import { abiOf, callClobbers, savedRegisters } from './abi.ts'
import { branchKinds, emitCondBranch, emitJump, emitTableBranch, patch } from './emit-branch.ts'
import { emitPrologue, emitReturn, emitTailCall, saveBytes } from './emit-frame.ts'
import { emitInst, emitMove, emitTrap } from './emit.ts'
import { featureBits } from './features.ts'
import { roots } from './gen/lower.ts'
import { X64Lower } from './lower/driver.ts'
import { printInst } from './print.ts'
import { EXCEPTION_PAYLOAD, machineEnv, RBP, RETURN_ADDRESS, RSP, STACK_SWITCH, TAIL_TARGET } from './registers.ts'
import { Scratch } from './scratch.ts'
import { table } from './table.ts'

/** The back end for x64 with these features (`{ has_avx: true }`) and shared settings. */
export function createX64(named: Readonly<Record<string, boolean>>, shared: SharedFlags): TargetIsa {
  const features = featureBits(named)
  const words = Int32Array.of(features)
  const settings = Int32Array.of(shared.enable_heap_access_spectre_mitigation === false ? 0 : 1)
  const s = new Scratch(features)
  const isa: TargetIsa = {
    name: 'x64',
    flags: { features, named },
    shared,
    table,
    env: machineEnv(shared.enable_pinned_reg === true),
    branchKinds,
    sinksLoads: true,
    stackAlign: 16,
    returnAddressBytes: 8,
    frameRegisters: { stackPointer: RSP, framePointer: RBP, returnAddress: RETURN_ADDRESS },
    tailTarget: TAIL_TARGET,
    exceptionPayload: EXCEPTION_PAYLOAD,
    stackSwitch: STACK_SWITCH,
    abi: abiOf,
    callClobbers,
    savedRegisters,
    saveBytes,
    createLowerCtx: (func: Func, v: VCode) => new X64Lower(isa, func, v, words, settings, match),
    emitPrologue: (e, frame) => emitPrologue(s, e, frame),
    emitReturn: (e, frame) => emitReturn(s, e, frame),
    emitTailCall: (e, at, frame) => emitTailCall(s, e, at, frame),
    emitInst: (e, at) => emitInst(s, e, at),
    emitCondBranch,
    emitJump: (e, label) => emitJump(e.buf, label),
    emitTableBranch: (e, at, labels) => emitTableBranch(s, e, at, labels),
    emitMove: (e, from, to, cls) => emitMove(s, e, from, to, cls),
    emitTrap,
    patch,
    printInst,
  }
  return isa
}

/** The compiled rules. */
function match(cx: X64Lower, inst: Inst): boolean {
  return roots[cx.func.op[inst]]?.(cx, inst) ?? false
}
