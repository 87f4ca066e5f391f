// Registers of x64 as PRegs (class * 64 + number) and the allocator's environment (AMD64 psABI 3.2.1; Microsoft x64 calling convention).
// General registers are of class 0, the 16 vector registers, which hold floats and vectors alike, of class 1 with spill slots of 16 bytes. rsp
// and rbp are never allocated; r11 and xmm15 are scratch: of the allocator's moves, and of emission within one instruction.
import { CLASS_FLOAT, CLASS_INT, type MachineEnv, type PReg, preg } from '@k23/regalloc'

export function gpr(hw: number): PReg {
  return preg(CLASS_INT, hw)
}
export function xmm(hw: number): PReg {
  return preg(CLASS_FLOAT, hw)
}

export const RAX: PReg = gpr(0)
export const RCX: PReg = gpr(1)
export const RDX: PReg = gpr(2)
export const RBX: PReg = gpr(3)
export const RSP: PReg = gpr(4)
export const RBP: PReg = gpr(5)
export const RSI: PReg = gpr(6)
export const RDI: PReg = gpr(7)
export const R8: PReg = gpr(8)
export const R9: PReg = gpr(9)
export const R10: PReg = gpr(10)
export const R11: PReg = gpr(11)
export const R12: PReg = gpr(12)
export const R13: PReg = gpr(13)
export const R14: PReg = gpr(14)
export const R15: PReg = gpr(15)

/** The return address, as a column of unwind rows: number 16 in DWARF (AMD64 psABI, figure 3.36). */
export const RETURN_ADDRESS: PReg = gpr(16)

/** Scratch of moves and of emission. */
export const TMP: PReg = R11
export const XTMP: PReg = xmm(15)
/** The pinned register, where a function may use one. */
export const PINNED: PReg = R15
/** Where a handler finds exn0 and exn1. */
export const EXCEPTION_PAYLOAD: readonly PReg[] = [RAX, RDX]
/** Contexts and payload of stack_switch: a function that begins a stack finds the payload in its first argument. */
export const STACK_SWITCH: { readonly payload: PReg; readonly store: PReg; readonly load: PReg } = {
  payload: RDI,
  store: RSI,
  load: RDX,
}
/** Target of an indirect tail call: no argument, and not restored by the epilogue, which takes r11. */
export const TAIL_TARGET: PReg = R10

/** Register words (preg * 2) for direct use in instructions. */
export const RAX_WORD: number = RAX * 2
export const RCX_WORD: number = RCX * 2
export const RDX_WORD: number = RDX * 2
export const RBX_WORD: number = RBX * 2
export const RSP_WORD: number = RSP * 2
export const RBP_WORD: number = RBP * 2
export const TMP_WORD: number = TMP * 2
export const XTMP_WORD: number = XTMP * 2
export const PINNED_WORD: number = PINNED * 2

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

export const allGprs: readonly PReg[] = range(16)
  .filter((n) => n !== 4 && n !== 5)
  .map(gpr)
export const allXmms: readonly PReg[] = range(16).map(xmm)

/** What a callee restores under System V (and under our own conventions `fast` and `tail`). */
export const calleeSaved: readonly PReg[] = [RBX, R12, R13, R14, R15]
/** The same under the Microsoft convention. Vector registers first: their places in the frame are multiples of 16, as its unwind codes want them. */
export const calleeSavedWindows: readonly PReg[] = [...allXmms.slice(6), RBX, RSI, RDI, R12, R13, R14, R15]
/** What a call of preserve_all may overwrite: scratch registers alone. */
export const PRESERVE_ALL_CLOBBERS: readonly PReg[] = [TMP, XTMP]

const preferred: readonly PReg[] = [RAX, RCX, RDX, RSI, RDI, R8, R9, R10]

export function machineEnv(pinned: boolean): MachineEnv {
  return {
    preferred: [preferred, allXmms.slice(0, 15), []],
    nonPreferred: [pinned ? calleeSaved.filter((r) => r !== PINNED) : calleeSaved, [], []],
    scratch: [TMP, XTMP, undefined],
    spillWords: [1, 2, 2],
  }
}
