// What an ISA gives to the shared back end.
import type { Func, Signature } from '@k23/ir'
import type { MachineEnv, PRegSet } from '@k23/regalloc'
import type { AbiSignature, FrameLayout } from './abi.ts'
import type { BranchKind, CodeBuffer } from './code-buffer.ts'
import type { Emitter } from './emit.ts'
import type { InstTable } from './inst-table.ts'
import type { LowerCtx } from './lower.ts'
import type { VCode } from './vcode.ts'

/** Settings that back ends read, by Cranelift's names, already checked. */
export interface SharedFlags {
  readonly [name: string]: boolean | number | string
}

/** CPU features as bits of one int; the ISA names them. */
export interface IsaFlags {
  readonly features: number
  /** `has_zbb=true` and its like, as given. */
  readonly named: Readonly<Record<string, boolean>>
}

export interface TargetIsa {
  readonly name: 'riscv64' | 'aarch64' | 'x64'
  readonly flags: IsaFlags
  readonly shared: SharedFlags
  readonly table: InstTable
  readonly env: MachineEnv
  readonly branchKinds: readonly BranchKind[]
  /** Whether loads may be folded into instructions. */
  readonly sinksLoads: boolean

  abi(signature: Signature): AbiSignature
  /** Registers that a call of this convention may overwrite. */
  callClobbers(signature: Signature): PRegSet
  createLowerCtx(func: Func, vcode: VCode): LowerCtx
  /** Which of the written registers a function of this signature must save. */
  savedRegisters(signature: Signature, used: PRegSet): number[]
  /** Bytes that saving one register takes, before alignment. */
  saveBytes(preg: number): number
  readonly stackAlign: number
  /** Bytes that a call pushes: the return address, where it is not in a register. */
  readonly returnAddressBytes: number
  /** What unwind rows are written with, as PRegs; the return address is a column of its own where a call pushes it. */
  readonly frameRegisters: {
    readonly stackPointer: number
    readonly framePointer: number
    readonly returnAddress: number
  }
  /** Register for the target of an indirect tail call: neither an argument's nor one that the epilogue restores. */
  readonly tailTarget: number
  /** Fixed registers of the pseudo-instruction `stack_switch`, as PRegs, where there is one. The result comes where the payload goes. */
  readonly stackSwitch?: { readonly store: number; readonly load: number; readonly payload: number }
  /** Registers in which an exception brings its payload to a handler, as PRegs. */
  readonly exceptionPayload: readonly number[]

  emitPrologue(e: Emitter, frame: FrameLayout): void
  /** The label of a block was bound here: for an ISA that keeps state over instructions. */
  startBlock?(e: Emitter, block: number): void
  /** Epilogue and return. */
  emitReturn(e: Emitter, frame: FrameLayout): void
  /** Epilogue and jump of a tail call. */
  emitTailCall(e: Emitter, at: number, frame: FrameLayout): void
  /** One instruction that is no branch between blocks. */
  emitInst(e: Emitter, at: number): void
  /** A conditional branch to `label`: taken where the condition holds (or, inverted, where it does not). */
  emitCondBranch(e: Emitter, at: number, label: number, inverted: boolean): void
  emitJump(e: Emitter, label: number): void
  /** A table branch; `labels` are those of all successors, the default first. */
  emitTableBranch(e: Emitter, at: number, labels: readonly number[]): void
  /** A move between two allocations of a class. */
  emitMove(e: Emitter, from: number, to: number, cls: number): void
  /** An instruction that traps. */
  emitTrap(b: CodeBuffer): void
  /** Writes a distance into an encoded instruction: false where it does not fit. */
  patch(b: CodeBuffer, offset: number, distance: number, kind: number): boolean
  /** Text of one instruction of the stream, virtual or physical. */
  printInst(v: VCode, at: number): string
}

/** A back end before its features and settings are chosen: what `@k23/isa-*` exports. */
export interface Target {
  readonly name: 'riscv64' | 'aarch64' | 'x64'
  /** Flags of CPU features that `create` understands. */
  readonly featureNames: readonly string[]
  /** The single features of a machine, by name, that a flag asks for: several of a preset, none of a flag that every machine has. */
  primitives(feature: string): readonly string[]
  create(features: Readonly<Record<string, boolean>>, shared: SharedFlags): TargetIsa
  /** Resolves a relocation inside one image: `distance` is symbol + addend - place. False where it does not reach. */
  relocate(code: Uint8Array, offset: number, kind: string, distance: number): boolean
  /** Instructions of `length` bytes in all that do nothing: what takes the place of a patchable call. RangeError for a length that no instructions have. */
  nops(length: number): Uint8Array
}
