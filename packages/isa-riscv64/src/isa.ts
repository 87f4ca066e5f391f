// The riscv64 target: what the shared back end is given.
import type { Func, Inst } from '@k23/ir'
import type { SharedFlags, TargetIsa, VCode } from '@k23/machinst'
import { CLASS_FLOAT } from '@k23/regalloc'
import { abiOf, callClobbers, savedRegisters } from './abi.ts'
import { branchKinds, emitCondBranch, emitJump, emitTableBranch, emitTrap, patch } from './emit-branch.ts'
import { emitPrologue, emitReturn, emitTailCall } from './emit-frame.ts'
import { emitInst, emitMove, startBlock } from './emit.ts'
import { featureBits } from './features.ts'
import { roots } from './gen/lower.ts'
import { RiscvLower } from './lower/driver.ts'
import { printInst } from './print.ts'
import { EXCEPTION_PAYLOAD, FP, machineEnv, RA, SP, STACK_SWITCH, TAIL_TARGET } from './registers.ts'
import { Scratch } from './scratch.ts'
import { table } from './table.ts'

/** The back end for riscv64 with these features (`{ has_zbb: true }`) and shared settings. */
export function createRiscv64(named: Readonly<Record<string, boolean>>, shared: SharedFlags): TargetIsa {
  const features = featureBits(named)
  const words = Int32Array.of(features)
  const settings = Int32Array.of(shared.enable_heap_access_spectre_mitigation === false ? 0 : 1)
  const s = new Scratch(features)
  const isa: TargetIsa = {
    name: 'riscv64',
    flags: { features, named },
    shared,
    table,
    env: machineEnv(shared.enable_pinned_reg === true),
    branchKinds,
    sinksLoads: false,
    stackAlign: 16,
    returnAddressBytes: 0,
    frameRegisters: { stackPointer: SP, framePointer: FP, returnAddress: RA },
    tailTarget: TAIL_TARGET,
    stackSwitch: STACK_SWITCH,
    exceptionPayload: EXCEPTION_PAYLOAD,
    abi: abiOf,
    callClobbers,
    savedRegisters,
    saveBytes: (r) => (r >> 6 > CLASS_FLOAT ? 16 : 8),
    createLowerCtx: (func: Func, v: VCode) => new RiscvLower(isa, func, v, words, settings, match),
    emitPrologue: (e, frame) => emitPrologue(s, e, frame),
    startBlock: (e, block) => startBlock(s, e, block),
    emitReturn: (e, frame) => emitReturn(s, e, frame),
    emitTailCall: (e, at, frame) => emitTailCall(s, e, at, frame),
    emitInst: (e, at) => emitInst(s, e, at),
    emitCondBranch: (e, at, label, inverted) => emitCondBranch(s, e, at, label, inverted),
    emitJump: (e, label) => emitJump(s, e, label),
    emitTableBranch: (e, at, labels) => emitTableBranch(s, e, at, labels),
    emitMove: (e, from, to, cls) => emitMove(s, e, from, to, cls),
    emitTrap,
    patch,
    printInst,
  }
  return isa
}

/** The compiled rules. */
function match(cx: RiscvLower, inst: Inst): boolean {
  return roots[cx.func.op[inst]]?.(cx, inst) ?? false
}
