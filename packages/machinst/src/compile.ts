// One function through the back end: the list of stages, and what each leaves behind.
import { I32Vec } from '@k23/entity'
import { type Block, computeCfg, computeLoops, depthOf, type Func, functionNameText } from '@k23/ir'
import { type Algorithm, allocate } from '@k23/regalloc'
import { applyAllocation, buildAllocInput } from './alloc-input.ts'
import { type CallSite, type Reloc, tinyReach, type UnwindRow } from './code-buffer.ts'
import { withFixedVectors } from './dynamic-vectors.ts'
import { emitFunction, type EmitTrace, layoutFrame } from './emit.ts'
import type { TargetIsa } from './isa.ts'
import { VCode } from './vcode.ts'

export interface CompileFunctionOptions {
  readonly algorithm?: Algorithm
  /** Run the symbolic checker over the allocation. */
  readonly check?: boolean
  /** For tests: branches reach this many bytes only (code-buffer.ts, tinyReach). */
  readonly branchReach?: number
  /** Called with the live ranges and decisions of the register allocator, line by line. */
  readonly trace?: (line: string) => void
  /** Called with the state after each stage, for `explain` and tracing. */
  readonly observe?: (stage: Stage, v: VCode, trace?: EmitTrace) => void
}

/** Stages of the back end, in order. */
export type Stage = 'lower' | 'regalloc' | 'emit'

/** Machine code of one function. */
export interface CompiledFunction {
  readonly name: string
  readonly code: Uint8Array
  readonly alignment: number
  readonly relocs: readonly Reloc[]
  /** Pairs (offset, trap code), ascending. */
  readonly traps: Int32Array
  /** Pairs (offset, source location), ascending: valid to the next pair's offset. */
  readonly srclocs: Int32Array
  readonly callSites: readonly CallSite[]
  /** Ascending; empty where the setting unwind_info is off. */
  readonly unwind: readonly UnwindRow[]
  /** Of a function under windows_fastcall: UNWIND_INFO as Windows wants it in .xdata (Microsoft, "x64 exception handling"). Not there where unwind_info is off. */
  readonly unwindInfo?: Uint8Array
  /** Bytes of the frame from the stack pointer to above the return address; in a function with a frame pointer it is 16 below that end. */
  readonly frameBytes: number
  readonly stats: { readonly insts: number; readonly spills: number; readonly reloads: number; readonly moves: number }
}

export function compileFunction(isa: TargetIsa, given: Func, options: CompileFunctionOptions = {}): CompiledFunction {
  const func = withFixedVectors(given)
  const name = functionNameText(func.name)
  const v = new VCode(name)
  const cx = isa.createLowerCtx(func, v)
  cx.lower()
  const algorithm = options.algorithm ?? 'backtracking'
  if (algorithm === 'backtracking') fillLoopDepths(func, v)
  options.observe?.('lower', v)

  const input = buildAllocInput(v, isa.table)
  const out = allocate(input, isa.env, {
    algorithm,
    check: options.check === true,
    ...(options.trace === undefined ? {} : { trace: options.trace }),
  })
  applyAllocation(v, isa.table, out)
  options.observe?.('regalloc', v)

  const keepFp = isa.shared.preserve_frame_pointers === true
  const frame = layoutFrame(isa, func.signature, cx.frame, out, keepFp)
  const trace =
    options.observe === undefined ? undefined : { instOffset: new Int32Array(v.numInsts).fill(-1), moves: new I32Vec() }
  const kinds = options.branchReach === undefined ? isa.branchKinds : tinyReach(isa.branchKinds, options.branchReach)
  const buf = emitFunction(isa, v, frame, cx.frame.slotOffsets, kinds, trace)
  options.observe?.('emit', v, trace)
  const unwind = isa.shared.unwind_info !== false
  return {
    name,
    code: buf.bytes.view().slice(),
    alignment: 16,
    relocs: buf.relocs,
    traps: buf.traps.view().slice(),
    srclocs: buf.srclocs.view().slice(),
    callSites: buf.callSites,
    unwind: unwind ? buf.unwind : [],
    ...(unwind && buf.unwindInfo !== undefined ? { unwindInfo: buf.unwindInfo } : {}),
    frameBytes: frame.totalBytes + (frame.setup ? 16 : isa.returnAddressBytes),
    stats: { insts: v.numInsts, ...out.stats },
  }
}

/** Loop depth of each block, for spill weights; that of a split edge is the lesser of its ends'. */
function fillLoopDepths(func: Func, v: VCode): void {
  const loops = computeLoops(func, computeCfg(func))
  for (let b = 0; b < v.numBlocks; b++) {
    const clif = v.clifBlock.data[b]
    if (clif !== -1) v.loopDepth[b] = Math.min(255, depthOf(loops, clif as Block))
  }
  for (let b = 0; b < v.numBlocks; b++) {
    if (v.clifBlock.data[b] !== -1) continue
    const succ = v.loopDepth[v.succs.data[v.succStart.data[b]]]
    const preds = v.predStart.data[b]
    v.loopDepth[b] = v.predStart.data[b + 1] === preds ? 0 : Math.min(succ, v.loopDepth[v.preds.data[preds]])
  }
}
