// Names between a program and the code that no compiler makes, the same on every machine.

/** Where the system begins a program: calls MAIN with the address of the stack's contents (argc, argv, 0, envp, 0, ...). */
export const START = '_start'
/** system_v (i64 stack). Must not return. */
export const MAIN = 'k23_main'
/** system_v (number, six arguments) -> i64: a system call. */
export const SYSCALL = 'k23_syscall'
/** system_v (): one instruction that stops with a signal, then a return. */
export const STOP = 'k23_stop'
/** What a signal handler returns to, where the system does not bring it. */
export const RESTORER = 'k23_restorer'
