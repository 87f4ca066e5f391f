// What runs and compiles the functions of a file: given by the caller, so that this package knows no code generator.
import type { DataValue, Func } from '@k23/ir'

/** Machines that filetests may ask for. */
export type Isa = 'riscv64' | 'aarch64' | 'x64'

export type OptLevel = 'none' | 'speed' | 'speed_and_size'

/** How compiled code is run. */
export type Exec = 'emu' | 'native' | 'qemu' | 'interpret'

/** What came of a call. `trap` is the trap code's text form (`heap_oob`, `user1`); `unsupported` says what is missing: a skip. */
export type Outcome =
  | { readonly results: readonly DataValue[] }
  | { readonly trap: string }
  | { readonly unsupported: string }

/** The functions of one file, ready to be called. */
export interface Runnable {
  /** Calls the function `%name` (as written, without `%`; `u0:1` for a name of numbers). Memory is as it was at the start of the call. */
  invoke(name: string, args: readonly DataValue[]): Outcome
  /** Frees what running needs. */
  dispose?(): void
}

export interface CompileOptions {
  readonly target: Isa
  /** ISA flags of the target line, then those of the command line: `has_avx` is 'true', `has_avx=false` is 'false'. */
  readonly flags: ReadonlyMap<string, string>
  /** Shared settings of the `set` lines, then those of the command line, by Cranelift's names, without opt_level. */
  readonly settings: ReadonlyMap<string, string>
  readonly opt: OptLevel
}

export interface Backend {
  /** Why code for this target with these flags cannot be run here (no back end, the host lacks a feature), or undefined if it can. */
  missing(target: Isa, flags: ReadonlyMap<string, string>): string | undefined
  /**
   * Compiles all functions of a file. `unsupported` is a skip of all run lines; an error that it throws is a failure. A function that
   * cannot be compiled alone should rather give `unsupported` when it, or a function that it calls, is invoked.
   */
  compile(functions: readonly Func[], options: CompileOptions): Runnable | { readonly unsupported: string }
  /** The text that `test compile` checks: one line per instruction. */
  listing(func: Func, options: CompileOptions): { readonly text: string } | { readonly unsupported: string }
}

export interface Interpreter {
  /** Makes the functions of a file callable. */
  load(functions: readonly Func[]): Runnable | { readonly unsupported: string }
}
