// The interpreter of CLIF, and the evaluation of single opcodes.
export { createInterpreter, type Interpreter, type InterpreterOptions, isInterpreted } from './interpreter.ts'
export { evalPure, type Immediates, isEvaluable } from './eval/eval-pure.ts'
export { OUT_OF_FUEL, type Outcome } from './outcome.ts'
export type { HostContext, HostFunction, HostOutcome, Thrown } from './host.ts'
export { type MapOptions, Memory, type Place, readPlace, type Region, writePlace } from './memory.ts'
