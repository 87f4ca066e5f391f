// Registers of riscv64 as PRegs (class * 64 + number) and the allocator's environment.
// x0 zero, x1 ra, x2 sp, x3 gp, x4 tp, x8 fp; x30 and x31 are kept out of allocation: x31 for the allocator's moves, x30 for emission
// (offsets out of range). x5-x7, x10-x17, x28, x29 are the caller's, x9, x18-x27 the callee's to save.
// f0-f7, f10-f17, f28-f31 are the caller's, f8, f9, f18-f27 the callee's. Vector registers are all the caller's; v0 holds masks, v31 is the allocator's.
import { CLASS_FLOAT, CLASS_INT, CLASS_VECTOR, type MachineEnv, type PReg, preg } from '@k23/regalloc'

export function x(n: number): PReg {
  return preg(CLASS_INT, n)
}
export function f(n: number): PReg {
  return preg(CLASS_FLOAT, n)
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

export const ZERO: PReg = x(0)
export const RA: PReg = x(1)
export const SP: PReg = x(2)
export const FP: PReg = x(8)
/** Scratch register of emission. */
export const TMP: PReg = x(30)
/** Scratch register of the allocator's moves. */
export const TMP2: PReg = x(31)
export const FTMP: PReg = f(31)
/** Mask of masked vector instructions: rules write and read it within one CLIF instruction. */
export const MASK: PReg = preg(CLASS_VECTOR, 0)
/** Scratch vector of the allocator's moves. */
export const VTMP: PReg = preg(CLASS_VECTOR, 31)
/** Registers of the stack probe: no arguments, and free at entry. */
export const PROBE_STEP: PReg = x(28)
export const PROBE_END: PReg = x(29)
/** Where a handler finds exn0 and exn1. */
export const EXCEPTION_PAYLOAD: readonly PReg[] = [x(10), x(11)]
/** Contexts and payload of stack_switch: a function that begins a stack finds the payload in its first argument. */
export const STACK_SWITCH: { readonly payload: PReg; readonly store: PReg; readonly load: PReg } = {
  payload: x(10),
  store: x(11),
  load: x(12),
}
/** Target of a tail call. */
export const TAIL_TARGET: PReg = x(6)

/** Register words (preg * 2) for direct use in instructions. */
export const ZERO_WORD: number = ZERO * 2
export const RA_WORD: number = RA * 2
export const SP_WORD: number = SP * 2
export const FP_WORD: number = FP * 2
export const MASK_WORD: number = MASK * 2
export const TMP_WORD: number = TMP * 2
export const TMP2_WORD: number = TMP2 * 2

export const callerSavedX: readonly PReg[] = [...range(10, 17), ...range(5, 7), 28, 29].map(x)
export const calleeSavedX: readonly PReg[] = [9, ...range(18, 27)].map(x)
export const callerSavedF: readonly PReg[] = [...range(10, 17), ...range(0, 7), ...range(28, 31)].map(f)
export const calleeSavedF: readonly PReg[] = [8, 9, ...range(18, 27)].map(f)
export const vectors: readonly PReg[] = range(1, 30).map((n) => preg(CLASS_VECTOR, n))

/** Everything that a call may overwrite. */
export const CALL_CLOBBERS: readonly PReg[] = [
  RA,
  ...callerSavedX,
  TMP,
  TMP2,
  ...callerSavedF,
  ...range(0, 31).map((n) => preg(CLASS_VECTOR, n)),
]
/** What a call of the convention preserve_all may overwrite: besides scratch registers, the two that the stack probe of a prologue takes. */
export const PRESERVE_ALL_CLOBBERS: readonly PReg[] = [
  RA,
  PROBE_STEP,
  PROBE_END,
  TMP,
  TMP2,
  FTMP,
  ...range(0, 31).map((n) => preg(CLASS_VECTOR, n)),
]

export function machineEnv(pinned: boolean): MachineEnv {
  // x27 is the pinned register where a function may use one.
  const saved = pinned ? calleeSavedX.filter((r) => r !== x(27)) : calleeSavedX
  return {
    preferred: [callerSavedX, callerSavedF.filter((r) => r !== FTMP), vectors],
    nonPreferred: [saved, calleeSavedF, []],
    scratch: [TMP2, FTMP, VTMP],
    spillWords: [1, 1, 2],
    // An integer is moved to a float register and back as fast as to memory, without touching it.
    spillClass: [CLASS_FLOAT, undefined, undefined],
  }
}
