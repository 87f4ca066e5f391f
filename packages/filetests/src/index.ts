// The engine behind `k23 test`: one file of Cranelift's filetest format in, counts and failures out.
export type { Failure, Skip } from './commands/result.ts'
export { cfgText } from './commands/print-cfg.ts'
export { domtreeText } from './commands/domtree.ts'
export { type CheckFailure, type Directive, fileCheck, parseDirective } from './filecheck.ts'
export type { Backend, CompileOptions, Exec, Interpreter, Isa, OptLevel, Outcome, Runnable } from './interfaces.ts'
export { type FileOptions, type FileResult, resultJson, runFile } from './run-file.ts'
export { applySetting, FileError, parseTarget, SHARED_SETTINGS, type TargetLine } from './settings.ts'
