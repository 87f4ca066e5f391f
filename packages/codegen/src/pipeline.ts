// The passes that a function goes through, as data: which run, in which order, and why there.
import { bug } from '@k23/entity'
import { type Func, functionNameText, I64, verify, type VerifierError } from '@k23/ir'
import {
  type CompiledFunction,
  compileFunction,
  LowerError,
  type Stage,
  type TargetIsa,
  type VCode,
  type EmitTrace,
} from '@k23/machinst'
import type { Algorithm } from '@k23/regalloc'
import { canonicalizeNans } from './canonicalize-nans.ts'
import { CodegenError } from './error.ts'
import type { Settings } from './settings.ts'

/** What a CLIF pass is given. */
export interface PassContext {
  readonly settings: Settings
  /** The function was given by a caller, not made by a translator of ours: what is wrong with it is the input's fault. */
  readonly foreign: boolean
  /** For tests: bytes that branches reach (machinst/src/code-buffer.ts, tinyReach). */
  readonly branchReach?: number
}

export interface Pass {
  readonly name: string
  /** Why it stands where it stands. */
  readonly why: string
  readonly enabled: (settings: Settings) => boolean
  readonly run: (f: Func, cx: PassContext) => void
}

/** Passes over CLIF, in order. The back end's stages (lower, regalloc, emit) follow: machinst/compile.ts. */
export const passes: readonly Pass[] = [
  {
    name: 'verify',
    why: 'every later pass assumes what the verifier lists at its head',
    enabled: (s) => s.enable_verifier === true,
    run: verifyPass,
  },
  {
    name: 'canonicalize-nans',
    why: 'whatever reads a float later on, and whatever is computed from constants, must see the canonical NaN',
    enabled: (s) => s.enable_nan_canonicalization === true,
    run: canonicalizeNans,
  },
]

function verifyPass(f: Func, cx: PassContext): void {
  // All targets have addresses of 64 bits.
  const errors = verify(f, { pointerType: I64 })
  if (errors.length === 0) return
  const name = functionNameText(f.name)
  const first = errors[0] as VerifierError
  if (!cx.foreign) bug('verify', name, first.entity, first.message)
  throw new CodegenError(
    'invalid',
    `function ${name}: ${first.entity}: ${first.message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`,
    {
      func: name,
      inst: first.entity,
    },
  )
}

/** Sees a function after each pass and stage. Free when absent. */
export interface Observer {
  clif?(stage: string, f: Func): void
  vcode?(stage: Stage, v: VCode, isa: TargetIsa, trace?: EmitTrace): void
  /** Lines of the setting regalloc_verbose_logs; without it they go to the console's error stream. */
  log?(line: string): void
}

/** One function from CLIF to machine code. */
export function compileClif(isa: TargetIsa, f: Func, cx: PassContext, observer?: Observer): CompiledFunction {
  const { settings } = cx
  for (const pass of passes) {
    if (!pass.enabled(settings)) continue
    pass.run(f, cx)
    observer?.clif?.(pass.name, f)
  }
  try {
    return compileFunction(isa, f, {
      algorithm: algorithmOf(settings),
      check: settings.regalloc_checker === true,
      ...(cx.branchReach === undefined ? {} : { branchReach: cx.branchReach }),
      ...(settings.regalloc_verbose_logs === true ? { trace: (line: string) => logLine(observer, line) } : {}),
      ...(observer?.vcode === undefined
        ? {}
        : { observe: (stage, v, trace) => observer.vcode?.(stage, v, isa, trace) }),
    })
  } catch (e) {
    if (e instanceof LowerError)
      throw new CodegenError(
        'unsupported',
        e.message,
        { func: e.func, ...(e.inst === -1 ? {} : { inst: `inst${e.inst}` }) },
        e.mend,
      )
    throw e
  }
}

function logLine(observer: Observer | undefined, line: string): void {
  if (observer?.log !== undefined) observer.log(line)
  else (globalThis as { console?: { error(line: string): void } }).console?.error(line)
}

function algorithmOf(settings: Settings): Algorithm {
  return settings.regalloc_algorithm as Algorithm
}
