// Emission: one pass over the words of allocated VCode.
//
// Blocks come in their order, cold ones last. Before emission, blocks that only jump (no moves of the allocator, nothing else) are taken out: their label is
// their target's. Then, at the end of each block, what follows is known, so a jump to the next block is no instruction and a conditional
// branch whose taken side follows is inverted. So there is nothing to mend behind the fact, and code is emitted in order, once (or
// twice, where branches have to be widened: code-buffer.ts).
import { bug, type I32Vec } from '@k23/entity'
import type { AllocOutput, PRegSet } from '@k23/regalloc'
import {
  FRAME_INCOMING,
  FRAME_OUTGOING,
  FRAME_SLOT,
  FRAME_SPILL,
  FRAME_TAIL,
  type FrameLayout,
  type FrameRequest,
} from './abi.ts'
import type { HandlerInfo } from './call-info.ts'
import { type BranchKind, CodeBuffer, type Label } from './code-buffer.ts'
import {
  INST_CALL,
  INST_RETURN,
  INST_TABLE,
  INST_TERMINATOR,
  P_ARGS,
  P_JUMP,
  P_TAIL_CALL,
  P_TAIL_CALL_IND,
  P_TRAP,
} from './inst-table.ts'
import type { TargetIsa } from './isa.ts'
import type { VCode } from './vcode.ts'
import type { Signature } from '@k23/ir'

export class Emitter {
  readonly isa: TargetIsa
  readonly v: VCode
  readonly buf: CodeBuffer
  readonly frame: FrameLayout
  /** Where stack slots begin, from the stack pointer. */
  readonly slotBase: number
  readonly spillBase: number
  private readonly slotOffsets: readonly number[]
  /** Current instruction: its trap code and source location. */
  trapCode = 0
  srcloc = -1
  /** Label that stands for each block: its own, unless the block only jumps. */
  blockLabel: Int32Array = new Int32Array(0)

  constructor(isa: TargetIsa, v: VCode, buf: CodeBuffer, frame: FrameLayout, slotOffsets: readonly number[]) {
    this.isa = isa
    this.v = v
    this.buf = buf
    this.frame = frame
    this.slotOffsets = slotOffsets
    this.slotBase = frame.outgoingBytes
    this.spillBase = frame.outgoingBytes + frame.slotBytes
  }

  /** Byte offset of a stack slot in the slot area. */
  slotOffset(slot: number): number {
    return this.slotOffsets[slot]
  }

  /** Byte offset from the stack pointer of a frame-relative address. */
  frameOffset(kind: number, offset: number): number {
    if (kind === FRAME_OUTGOING) return offset
    if (kind === FRAME_SLOT) return this.slotBase + offset
    if (kind === FRAME_SPILL) return this.spillBase + offset
    const incoming = this.frame.totalBytes + (this.frame.setup ? 16 : 0) + this.frame.tailBytes
    if (kind === FRAME_INCOMING) return incoming + offset
    if (kind === FRAME_TAIL) return incoming + this.frame.incomingBytes + offset
    return bug('emit', this.v.name, `frame kind ${kind}`, 'no such area')
  }

  /** Records that the instruction that is emitted next traps with the current instruction's code. */
  markTrap(): void {
    if (this.trapCode !== 0) this.buf.trapHere(this.trapCode)
  }

  /** Label of a deferred trap with the current source location. */
  trapLabel(code: number): Label {
    return this.buf.deferTrap(code, this.srcloc)
  }
}

/** The frame of an allocated function. */
export function layoutFrame(
  isa: TargetIsa,
  sig: Signature,
  req: FrameRequest,
  out: AllocOutput,
  keepFramePointer: boolean,
): FrameLayout {
  const saved = isa.savedRegisters(sig, req.savesAll ? withAllocatable(isa, out.usedRegs) : out.usedRegs)
  const align = isa.stackAlign
  const up = (n: number, a: number): number => (n + a - 1) & -a
  let clobberBytes = 0
  const clobbers = saved.map((reg) => {
    clobberBytes += isa.saveBytes(reg)
    return { reg, at: -clobberBytes }
  })
  const spillBytes = up(out.spillWords * 8, align)
  const slotBytes = up(req.slotBytes, align)
  const outgoingBytes = up(req.outgoingBytes, align)
  clobberBytes = up(clobberBytes, align)
  const totalBytes = clobberBytes + spillBytes + slotBytes + outgoingBytes
  const abi = isa.abi(sig)
  const setup =
    keepFramePointer || req.hasCalls || req.usesIncoming || req.needsFrame || req.tailArgBytes !== 0 || totalBytes !== 0
  return {
    callConv: sig.callConv,
    setup,
    clobbers,
    clobberBytes,
    spillBytes,
    slotBytes,
    outgoingBytes,
    totalBytes,
    incomingBytes: abi.stackArgBytes,
    tailBytes: Math.max(0, req.tailArgBytes - abi.stackArgBytes),
    popBytes: abi.calleePops ? abi.stackArgBytes : 0,
  }
}

/** With every register that the allocator may use: not the pinned one, which is no function's to restore. */
function withAllocatable(isa: TargetIsa, used: PRegSet): PRegSet {
  const { preferred, nonPreferred, scratch } = isa.env
  const set = used.slice()
  for (const r of [...preferred.flat(), ...nonPreferred.flat(), ...scratch])
    if (r !== undefined) set[r >> 5] |= 1 << (r & 31)
  return set
}

/** Offsets of blocks and of instructions in the emitted code, for `explain`. */
export interface EmitTrace {
  /** Code offset of each emitted instruction of VCode, -1 where it is no code. */
  readonly instOffset: Int32Array
  /** Moves of the register allocator, ascending: triples (code offset, its end, number of the edit in the allocation). */
  readonly moves: I32Vec
}

/** Emits the whole function into `buf` (labels 0 .. numBlocks - 1 are the blocks'). */
export function emitFunction(
  isa: TargetIsa,
  v: VCode,
  frame: FrameLayout,
  slotOffsets: readonly number[],
  kinds: readonly BranchKind[],
  trace?: EmitTrace,
): CodeBuffer {
  const buf = new CodeBuffer(v.name, kinds)
  const target = threadJumps(v, isa)
  const sequence = emissionOrder(v, target)
  emitOnce(isa, v, buf, frame, slotOffsets, target, sequence, trace)
  // The second emission has the widths that the arithmetic found; alignment behind the body can make a third one necessary.
  while (buf.relax()) {
    buf.clear()
    emitOnce(isa, v, buf, frame, slotOffsets, target, sequence, trace)
  }
  buf.patch((b, offset, distance, kind) => isa.patch(b, offset, distance, kind))
  placeHandlers(buf)
  return buf
}

function emitOnce(
  isa: TargetIsa,
  v: VCode,
  buf: CodeBuffer,
  frame: FrameLayout,
  slotOffsets: readonly number[],
  target: Int32Array,
  sequence: Int32Array,
  trace: EmitTrace | undefined,
): void {
  const e = new Emitter(isa, v, buf, frame, slotOffsets)
  const out = v.allocation
  if (out === undefined) bug('emit', v.name, '-', 'registers are not allocated')
  const { words } = v
  const { flags, generic } = isa.table
  const instAt = v.instAt.data
  const srclocs = v.instSrcloc.data
  const trapCodes = v.instTrap.data
  e.blockLabel = target
  buf.newLabels(v.numBlocks)
  trace?.moves.clear()
  isa.emitPrologue(e, frame)
  for (let s = 0; s < sequence.length; s++) {
    const b = sequence[s]
    const next = s + 1 < sequence.length ? sequence[s + 1] : -1
    const first = v.blockInsts.data[b]
    const end = v.blockInsts.data[b + 1]
    buf.bind(b)
    isa.startBlock?.(e, b)
    let edit = firstEdit(out, 2 * first)
    for (let i = first; i < end; i++) {
      const at = instAt[i]
      const opc = words[at] & 0xffff
      e.srcloc = srclocs[i]
      if (e.srcloc !== -1 || buf.srclocs.length !== 0) buf.srcloc(e.srcloc)
      for (; edit < out.numEdits && out.editPoint[edit] === 2 * i; edit++) emitEdit(e, out, edit, trace)
      e.trapCode = trapCodes[i]
      if (trace !== undefined) trace.instOffset[i] = buf.offset
      const fl = flags[opc]
      if ((fl & INST_TERMINATOR) === 0) {
        if (opc !== generic + P_ARGS) isa.emitInst(e, at)
        for (; edit < out.numEdits && out.editPoint[edit] === 2 * i + 1; edit++) emitEdit(e, out, edit, trace)
      } else emitTerminator(e, b, next, at, opc, fl, target)
    }
  }
  emitDeferred(e)
}

function emitEdit(e: Emitter, out: AllocOutput, edit: number, trace: EmitTrace | undefined): void {
  const start = e.buf.offset
  e.isa.emitMove(e, out.editFrom[edit], out.editTo[edit], out.editClass[edit])
  if (trace === undefined) return
  trace.moves.push(start)
  trace.moves.push(e.buf.offset)
  trace.moves.push(edit)
}

/** First edit at `point` or behind. */
function firstEdit(out: AllocOutput, point: number): number {
  let lo = 0
  let hi = out.numEdits
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (out.editPoint[mid] < point) lo = mid + 1
    else hi = mid
  }
  return lo
}

/** The blocks that are emitted, in order: the hot ones, then the cold ones. */
function emissionOrder(v: VCode, target: Int32Array): Int32Array {
  const order = new Int32Array(v.numBlocks)
  let n = 0
  for (let want = 0; want < 2; want++)
    for (let b = 0; b < v.numBlocks; b++) if (v.cold[b] === want && target[b] === b) order[n++] = b
  return order.subarray(0, n)
}

/** The end of block `b`; block `next` follows it (-1: none). */
function emitTerminator(
  e: Emitter,
  b: number,
  next: number,
  at: number,
  opc: number,
  fl: number,
  target: Int32Array,
): void {
  const { isa, v, buf } = e
  const { generic } = isa.table
  if ((fl & INST_RETURN) !== 0) {
    if (opc === generic + P_TAIL_CALL || opc === generic + P_TAIL_CALL_IND) isa.emitTailCall(e, at, e.frame)
    else isa.emitReturn(e, e.frame)
    return
  }
  if (opc === generic + P_TRAP) {
    buf.trapHere(v.words[at + 1])
    isa.emitTrap(buf)
    return
  }
  const s = v.succStart.data[b]
  const n = v.succStart.data[b + 1] - s
  if (opc === generic + P_JUMP) {
    const t = target[v.succs.data[s]]
    if (t !== next) isa.emitJump(e, t)
    return
  }
  if (n === 2 && (fl & (INST_CALL | INST_TABLE)) === 0) {
    const taken = target[v.succs.data[s]]
    const other = target[v.succs.data[s + 1]]
    if (taken === other) {
      if (taken !== next) isa.emitJump(e, taken)
    } else if (taken === next) isa.emitCondBranch(e, at, other, true)
    else {
      isa.emitCondBranch(e, at, taken, false)
      if (other !== next) isa.emitJump(e, other)
    }
    return
  }
  if ((fl & INST_CALL) !== 0) {
    isa.emitInst(e, at)
    recordHandlers(e, v.calls[v.words[at + 1]].handlers ?? [], s)
    const normal = target[v.succs.data[s]]
    if (normal !== next) isa.emitJump(e, normal)
    return
  }
  const labels: number[] = []
  for (let k = 0; k < n; k++) labels.push(target[v.succs.data[s + k]])
  isa.emitTableBranch(e, at, labels)
}

/** Gives the call site made last its handlers, as labels until all code is placed. */
function recordHandlers(e: Emitter, handlers: readonly HandlerInfo[], firstSucc: number): void {
  const { callSites } = e.buf
  callSites[callSites.length - 1] = {
    ...callSites[callSites.length - 1],
    handlers: handlers.map(({ tag, context }, k) => ({
      tag,
      offset: e.blockLabel[e.v.succs.data[firstSucc + 1 + k]],
      context:
        context === undefined
          ? undefined
          : { spOffset: e.frameOffset(FRAME_SLOT, context.offset), bytes: context.bytes },
    })),
  }
}

/** Handlers by offset instead of label. */
function placeHandlers(buf: CodeBuffer): void {
  buf.callSites = buf.callSites.map((site) =>
    site.handlers === undefined
      ? site
      : { ...site, handlers: site.handlers.map((h) => ({ ...h, offset: buf.labelAt.data[h.offset] })) },
  )
}

/** target[b]: the block whose label stands for b's: b itself unless b only jumps. */
function threadJumps(v: VCode, isa: TargetIsa): Int32Array {
  const out = v.allocation as AllocOutput
  const n = v.numBlocks
  const target = new Int32Array(n)
  const instAt = v.instAt.data
  let edit = 0
  for (let b = 0; b < n; b++) {
    target[b] = b
    const first = v.blockInsts.data[b]
    while (edit < out.numEdits && out.editPoint[edit] < 2 * first) edit++
    const empty =
      v.blockInsts.data[b + 1] === first + 1 && (edit === out.numEdits || out.editPoint[edit] >= 2 * (first + 1))
    if (empty && b !== 0 && (v.words[instAt[first]] & 0xffff) === isa.table.generic + P_JUMP)
      target[b] = v.succs.data[v.succStart.data[b]]
  }
  // Follow chains; a cycle of empty blocks (an empty endless loop) keeps the block where the walk closes it.
  for (let b = 0; b < n; b++) {
    let t = b
    let steps = 0
    while (target[t] !== t && steps <= n) {
      t = target[t]
      steps++
    }
    if (steps > n) target[t] = t
    for (let x = b; target[x] !== x && x !== t; ) {
      const nextX = target[x]
      target[x] = t
      x = nextX
    }
  }
  return target
}

function emitDeferred(e: Emitter): void {
  const { buf, isa } = e
  const d = buf.deferredTraps
  for (let i = 0; i < d.length; i += 3) {
    buf.bind(d.data[i])
    buf.srcloc(d.data[i + 2])
    buf.trapHere(d.data[i + 1])
    isa.emitTrap(buf)
  }
  for (const c of buf.constants) {
    buf.align(c.bytes.length >= 16 ? 16 : c.bytes.length >= 8 ? 8 : 4)
    buf.bind(c.label)
    if (c.symbol !== undefined) buf.relocs.push({ offset: buf.offset, kind: 'abs64', ...c.symbol })
    for (const x of c.bytes) buf.put8(x)
  }
}
