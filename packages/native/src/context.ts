// Memory that stubs, signal handler and TypeScript share: byte offsets, little-endian. What is the same on every CPU.
//
// Context: one per hart; all that the guest has while it does not run.
//    0  u32  exit: why the guest was left
//    4  u32  mode: how it goes on
//    8  u64  pc
//   16  u64  the host's stack pointer while the guest runs
//   24  ...  addresses for the signal handler, which serves all machines of a process: see below
//   80  u32  signal, 88 u64 faulting address: for EXIT_SIGNAL
//   84  u32  CAUSE_* bits: who interrupted
//  128  u64 x 32  general registers by number
//  384  ...  what else the CPU has
//
// Thread block: one per thread, at the low end of its alternate signal stack, where the handler finds it.
//    0  u64  THREAD_MAGIC
//    8  u64  context of the hart that runs on this thread, 0 for none: then no fault is the guest's
//   16  u32  CAUSE_* bits of interrupts by which nothing has stopped yet

export const CTX_EXIT = 0
export const CTX_MODE = 4
export const CTX_PC = 8
export const CTX_HOST_SP = 16
/** Where the handler goes on after it saved the general registers; and where, if the guest has not started. */
export const CTX_TRAP_ENTRY = 24
export const CTX_ABORT_ENTRY = 32
/** The part of the enter stub in which the context is complete. */
export const CTX_ENTER_LOW = 40
export const CTX_ENTER_HIGH = 48
/** Guest code, which may be interrupted anywhere. */
export const CTX_CODE_LOW = 56
export const CTX_CODE_HIGH = 64
export const CTX_THREAD = 72
export const CTX_SIGNAL = 80
export const CTX_CAUSE = 84
export const CTX_FAULT_ADDRESS = 88
export const CTX_GPR = 128
export const CTX_CPU = 384

/** How run() goes on: calls the pc; restores what a call preserves (after a call out of the guest); restores every bit (after a signal). */
export const MODE_CALL = 0
export const MODE_LIGHT = 1
export const MODE_FULL = 2

export const EXIT_RETURNED = 0
export const EXIT_SIGNAL = 1
export const EXIT_HOST_CALL = 2
/** Interrupted between two instructions of the guest; the context is in mode FULL. */
export const EXIT_PREEMPTED = 3
/** Interrupted before the guest went on; the context is as it was. */
export const EXIT_NOT_STARTED = 4

/** Who interrupted: somebody by tgkill, or a machine's timer (any machine's of the thread). */
export const CAUSE_ASKED = 1
export const CAUSE_TIMER = 2

export const THREAD_RUNNING = 8
export const THREAD_PENDING = 16
/** "23kn", "tan" and the version of these layouts. */
export const THREAD_MAGIC_LO = 0x6e_6b_33_32
export const THREAD_MAGIC_HI = 0x01_6e_61_74

/** Cells of a machine's control page, which lies right before its stubs. */
export const CONTROL_CURRENT = 0
export const CONTROL_TARGET = 8
export const CONTROL_SAVED = 16
export const CONTROL_EXIT = 24
