// What travels between a machine and its child process. All numbers are 64-bit, little-endian.
//
// From the machine: commands of 8 words, the first of which says what to do.
//   RESUME                             return from the signal handler: the registers of its frame go on
//   SYSCALL number, six arguments      a system call; one word comes back
//   PUT     address, n                 n bytes follow the command and go to the address
//   GET     address, n                 n bytes come back
// From the child, when a signal has stopped it: STOP_WORDS words, then the registers (LinuxAbi.context).

export const COMMAND_BYTES = 64
export const RESUME = 0
export const SYSCALL = 1
export const PUT = 2
export const GET = 3

// Words of a stop.
export const STOP_SIGNAL = 0
/** si_code. */
export const STOP_CODE = 1
/** si_addr. */
export const STOP_ADDRESS = 2
/** Address of the ucontext_t; the frame of the signal reaches from there to STOP_FRAME_END. */
export const STOP_CONTEXT = 3
export const STOP_FRAME_END = 4
export const STOP_WORDS = 5

export const SIGILL = 4
export const SIGTRAP = 5
export const SIGBUS = 7
export const SIGFPE = 8
export const SIGSEGV = 11
export const SIGALRM = 14
/** Signals that stop a machine. */
export const SIGNALS: readonly number[] = [SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGALRM]
