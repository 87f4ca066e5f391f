// The CLIF interpreter: the oracle that compiled code is compared with.
//
// Problem: say for any CLIF program what it computes, or that nothing is said. Idea: one evaluator per opcode, in a table per family
// (eval/), each as close to the definition of the opcode as it can be, on BigInts; a loop that takes one instruction after the other.
// Nothing here is shared with a back end, nor with the optimizer beyond `evalPure`.
//
// Invariants:
//   1. Functions are verified: what the verifier rejects is a bug here.
//   2. A value is the unsigned number of its bits, within the bits of its type, lane 0 lowest.
//   3. Every opcode has exactly one evaluator: pure (results from operands), effect (needs the machine), or control (says what is next).
//   4. Where CLIF leaves a result open, the interpreter says so (`unsupported: undefined behaviour: ...`) instead of choosing; the sole
//      exception are NaNs, which are canonical (soft-float/number.ts).
import { bug } from '@k23/entity'
import type { Inst } from '../entities.ts'
import type { Func } from '../function.ts'
import { opName } from '../opcodes/tables.ts'
import type { DataValue } from '../text/data-value.ts'
import { trapCodeName } from '../trapcode.ts'
import { controlEvaluators } from './eval/control.ts'
import type { ControlEvaluator, EffectEvaluator } from './eval/effects.ts'
import { applyPure, PURE } from './eval/eval-pure.ts'
import { memoryEvaluators } from './eval/memory.ts'
import { opcodeOf, type OpName } from './eval/pure.ts'
import { specialEvaluators } from './eval/special.ts'
import type { HostFunction } from './host.ts'
import { fromBytes } from './lanes.ts'
import { type Frame, Machine, outcomeOf } from './machine.ts'
import { Memory } from './memory.ts'
import { OUT_OF_FUEL, type Outcome, Trap, Unsupported } from './outcome.ts'
import { Program, pureInst } from './program.ts'

export interface InterpreterOptions {
  /** Instructions that one call may run; no limit by default. */
  readonly fuel?: number
  /** Nested calls before stk_ovf; 10,000 by default. */
  readonly maxDepth?: number
  /** Bytes of the stack, a multiple of 16; 8 MiB by default. Running out of it is stk_ovf, too. */
  readonly stackSize?: number
  /** Functions of the embedder, by name: `f` for %f, `u0:1` for a name of numbers, `Memcpy` to replace a library routine. */
  readonly host?: ReadonlyMap<string, HostFunction>
  /** Addresses of symbols (symbol_value, tls_value), by name. Functions are found without. */
  readonly symbols?: ReadonlyMap<string, number>
  /** Memory that the program finds; a new one by default. Interpreters may share one, running one after the other. */
  readonly memory?: Memory
}

export interface Interpreter {
  /**
   * Calls a function: `f` for %f, `u0:1` for a name of numbers. Arguments have the types of its signature. The stack is as new for
   * every call, mapped memory is as the last call left it.
   */
  invoke(name: string, args: readonly DataValue[]): Outcome
  readonly memory: Memory
  /** Instructions that have run, in all calls together. */
  readonly executed: number
}

type Step = (m: Machine, frame: Frame, inst: Inst) => void

/** By opcode. */
const STEPS: readonly (Step | undefined)[] = steps()

function steps(): (Step | undefined)[] {
  const out = new Array<Step | undefined>(opName.length).fill(undefined)
  const add = (op: number, step: Step): void => {
    if (out[op] !== undefined) bug('interpreter', '-', opName[op], 'two evaluators')
    out[op] = step
  }
  PURE.forEach((evaluator, op) => {
    if (evaluator === undefined) return
    add(op, (m, frame, inst) => {
      m.setResults(frame, inst, applyPure(evaluator, m.args(frame, inst), pureInst(frame.code, inst)))
      m.next(frame)
    })
  })
  for (const table of [memoryEvaluators, specialEvaluators]) {
    for (const [name, evaluator] of Object.entries(table) as [OpName, EffectEvaluator][]) {
      add(opcodeOf(name), (m, frame, inst) => {
        m.setResults(frame, inst, evaluator(m, frame, inst))
        m.next(frame)
      })
    }
  }
  for (const [name, evaluator] of Object.entries(controlEvaluators) as [OpName, ControlEvaluator][])
    add(opcodeOf(name), evaluator)
  return out
}

/** True if the interpreter has an evaluator for the opcode. */
export function isInterpreted(op: number): boolean {
  return STEPS[op] !== undefined
}

/** Makes verified functions callable. They may call each other, the host's functions, and library routines. */
export function createInterpreter(functions: readonly Func[], options: InterpreterOptions = {}): Interpreter {
  const memory = options.memory ?? new Memory()
  const program = new Program(functions, options.host ?? new Map(), options.symbols ?? new Map())
  const fuel = options.fuel ?? Number.POSITIVE_INFINITY
  let executed = 0
  const limits = { maxDepth: options.maxDepth ?? 10_000, stackSize: options.stackSize ?? 8 << 20 }
  const machine = new Machine(memory, program, limits, invoke)

  function invoke(name: string, args: readonly DataValue[]): Outcome {
    const callee = program.find(name)
    if (callee === undefined) return { unsupported: `function ${name} is not defined` }
    if (callee.kind === 'host') return { unsupported: `${name} is a host function` }
    const { params } = callee.func.signature
    if (args.length !== params.length || args.some((a, i) => a.type !== params[i].type)) {
      bug('interpreter', name, '-', 'arguments do not have the types of the signature')
    }
    const depth = machine.frames.length // more than 0 where a host function calls back
    if (depth === 0) machine.begin(fuel)
    try {
      machine.callFromHost(
        callee,
        args.map((a) => fromBytes(a.bits)),
      )
      run(depth)
      return outcomeOf(callee.func, machine.returned)
    } catch (e) {
      machine.frames.length = depth
      if (e instanceof Trap) return { trap: trapCodeName(e.code) }
      if (e instanceof Unsupported) return { unsupported: e.message }
      throw e
    } finally {
      if (depth === 0) machine.end()
    }
  }

  /** Runs until there are `depth` frames. */
  function run(depth: number): void {
    const { frames } = machine
    while (frames.length > depth) {
      const frame = frames[frames.length - 1]
      const { inst } = frame
      if (machine.fuel-- <= 0) throw new Unsupported(OUT_OF_FUEL)
      executed++
      const op = frame.code.func.op[inst]
      const step = STEPS[op] ?? bug('interpreter', frame.code.name, `inst${inst}`, `no evaluator for ${opName[op]}`)
      step(machine, frame, inst)
    }
  }

  return {
    invoke,
    memory,
    get executed(): number {
      return executed
    },
  }
}
