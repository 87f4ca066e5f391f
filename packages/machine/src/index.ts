// The interface between a kernel and what it runs on: an emulator of some ISA, or the host's CPU.
// Leaf package: types and a few constants; it imports nothing, and neither emulator nor native is known here.
//
// A machine has an ISA with features, one window of memory, and harts. `run(hart)` continues a hart on its own guest stack and comes back with
// a reason; `run` again resumes where it stopped. Nothing ever calls back into JavaScript from guest code: a host call is a reason.

export { MachineBase, type NestingHart, stop, stopByTrap } from './base.ts'
export { patchCode, type PlaceableImage, placeImage, writeAbsolutes } from './place.ts'

export type IsaName = 'riscv64' | 'aarch64' | 'x64'

// ---- Permissions of a page
export const PERM_NONE = 0
export const PERM_READ = 1
export const PERM_WRITE = 2
export const PERM_EXEC = 4

/** Bytes of a page of machine memory: the unit of map and protect. */
export const PAGE_SIZE = 4096

// ---- Reasons why run() came back
export const RETURNED = 0 // the entry function returned to the machine
export const TRAP = 1 // trapKind, pc, address
export const HOST_CALL = 2 // number, argument block; run() resumes after the call
export const FUEL = 3 // the hart's fuel was used up; run() resumes. Code compiled to count for itself makes a host call instead
export const EPOCH = 4 // interrupt() was called; run() resumes. Code compiled to look at an epoch makes a host call instead
export const BREAKPOINT = 5 // run() resumes behind it
export type ReasonKind = 0 | 1 | 2 | 3 | 4 | 5

// ---- What the hardware reported (the kernel maps pc to a wasm trap through the code's trap table)
export const TRAP_ILLEGAL = 0 // illegal or reserved instruction
export const TRAP_BREAK = 1 // ebreak / brk / int3
export const TRAP_FETCH = 2 // fetch from memory that is not executable; `address` is the pc
export const TRAP_LOAD = 3 // load outside readable memory; `address` is the first byte of the access
export const TRAP_STORE = 4
export const TRAP_MISALIGNED = 5 // atomics that must be aligned, or a misaligned pc
export const TRAP_ARITHMETIC = 6 // x64 #DE
export const TRAP_ECALL = 7 // ecall / svc / syscall of a program that expects an operating system; pc is at the instruction
export const trapKindNames: readonly string[] = [
  'illegal instruction',
  'breakpoint',
  'instruction fetch fault',
  'load fault',
  'store fault',
  'misaligned access',
  'arithmetic fault',
  'environment call',
]

/** Why a hart stopped. One object per hart, overwritten by each run(): copy what must outlive the next one. */
export interface StopReason {
  kind: ReasonKind
  /** TRAP: a TRAP_* constant. */
  trapKind: number
  /** Address of the instruction that stopped (TRAP, BREAKPOINT), else of the next one. */
  pc: number
  /** TRAP_LOAD, TRAP_STORE, TRAP_FETCH: the faulting address. */
  address: number
  /** HOST_CALL: the number given to the host-call stub. */
  number: number
  /** HOST_CALL: address of the argument block (16-byte slots, arguments in, results out). */
  block: number
}

/** Memory of a machine: one address space, addresses are plain numbers below 2^53 (2^47 on the host's CPU, so never int32 words). */
export interface MachineMemory {
  /** Lowest and past-the-end address that map() can give. */
  readonly base: number
  readonly limit: number
  /** Reservations of gigabytes cost nothing and a faulting access is as good as a compare: memories are best guarded by pages that are never mapped. */
  readonly guardPages?: boolean
  /** Maps `length` bytes (rounded up to pages) of zeroed memory with permissions, anywhere or at `at`; returns the address. Throws RangeError where there is no room. */
  map(length: number, perms: number, at?: number): number
  /** Reserves address space with PERM_NONE that a later protect() opens: a wasm memory with room to grow, guard pages. */
  reserve(length: number): number
  /** Changes permissions of whole pages; never W and X together. Throws RangeError where there is no memory for pages that are opened. */
  protect(address: number, length: number, perms: number): void
  /** Gives back one whole mapping or reservation. */
  unmap(address: number, length: number): void
  /** The bytes at an address, permissions aside (the kernel's own access): valid until memory grows (map, reserve). */
  view(address: number, length: number): Uint8Array
  /** Grows whenever views become invalid: compare to know whether to fetch a view again. */
  readonly generation: number
}

/** One hart. Registers are numbered as instructions encode them: x0-x31, or rax rcx rdx rbx rsp rbp rsi rdi r8-r15. */
export interface Hart {
  readonly id: number
  /** Remaining fuel in instructions (an emulator counts each one; native counts as the code does); Infinity for none. */
  fuel: number
  /** Instructions executed since creation (emulators; 0 elsewhere). */
  readonly instructions: number
  /** Integer register as signed 64 bits, in two int32 words. */
  readRegister(n: number): { lo: number; hi: number }
  writeRegister(n: number, lo: number, hi: number): void
  pc: number
  readonly reason: StopReason
}

export interface HartOptions {
  /** Bytes of guest stack, with a guard page below. Default 1 MiB. */
  stackBytes?: number
}

/** One line of a trace: the instruction about to execute. */
export type TraceHook = (pc: number, text: string) => void

/** Registers that a walk over frames begins with; returnAddress is undefined where a call pushes it to the stack instead. */
export interface FrameRegisters {
  readonly returnAddress: number | undefined
  readonly framePointer: number
  readonly stackPointer: number
}

export const frameRegisters: Readonly<Record<IsaName, FrameRegisters>> = {
  riscv64: { returnAddress: 1, framePointer: 8, stackPointer: 2 },
  aarch64: { returnAddress: 30, framePointer: 29, stackPointer: 31 },
  x64: { returnAddress: undefined, framePointer: 5, stackPointer: 4 },
}

/** What a kernel is handed. */
export interface Machine {
  readonly isa: IsaName
  /** CPU features by the code generator's names (`has_zbb`). */
  readonly features: readonly string[]
  readonly memory: MachineMemory
  /** Places code: writes it, makes it executable, does what the ISA demands for instruction caches. Returns its address (16-byte aligned or more). Compiled images: placeImage(). */
  placeCode(bytes: Uint8Array, alignment?: number): number
  /** Takes away what placeCode() placed at this address. No hart may be in it. */
  removeCode(address: number): void
  /** Address of the host-call stub that generated code calls (number and block in the ABI's first two argument registers). */
  readonly hostCallStub: number
  createHart(options?: HartOptions): Hart
  /** Gives an idle hart's stack back; the hart may not be used any more. */
  destroyHart(hart: Hart): void
  /** Lowest usable address of the hart's stack, for the stack-limit cell. */
  stackLow(hart: Hart): number
  /**
   * Prepares a call of the function at `address` with up to eight integer/pointer arguments; the next run() starts it. The hart is idle, or
   * stopped (a host function that calls back): then the new call runs below the stopped one on the same stack, and after it RETURNED (results
   * readable until then) the next run() goes on with the stopped one.
   */
  enter(hart: Hart, address: number, args: readonly number[]): void
  /** Continues `hart` until there is a reason to stop. */
  run(hart: Hart): StopReason
  /** Gives up the innermost call only (after a trap in a nested one): the next run() goes on with the call that was stopped below it. */
  leave(hart: Hart): void
  /** Drops what the hart was doing (after a trap): its stack is empty again. */
  reset(hart: Hart): void
  /** Asks all harts to stop with EPOCH at the next check. */
  interrupt(): void
  /** Calls `hook` before each instruction (emulators; slow), or removes it. */
  trace?(hook: TraceHook | undefined): void
}
