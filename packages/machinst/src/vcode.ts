// VCode: machine instructions over virtual registers, as a flat stream of words, with blocks and edges beside it.
//
// The stream holds rows of the ISA's instruction table (rows/types.ts has the layout) and pseudo-instructions, whose opcodes follow the rows'.
// A fixed-form instruction has its register words where its descriptors say. A variable-form pseudo carries them inline:
//
//   [header, info, k, (register word, allocator descriptor) * k]          info: an index into a side table, or an immediate
//
// Terminators name no labels: their targets are the block's successors, in order (jump: 0; conditional: 0 taken, 1 not taken;
// table: 0 default, 1.. entries). Arguments of the edges stand in edgeArgs, as many as the target has parameters.
//
// Invariants: block 0 is the entry; a block's instructions are consecutive and end with its only terminator; critical edges are split;
// each virtual register has one definition (SSA); aliases of registers made while lowering are resolved.
import { I32Vec } from '@k23/entity'
import type { AllocOutput, PRegSet } from '@k23/regalloc'
import type { CallSiteInfo } from './call-info.ts'

export class VCode {
  readonly name: string
  /** The word stream. */
  words: Int32Array = new Int32Array(0)
  numInsts = 0
  /** Word offset of each instruction. */
  instAt: I32Vec = new I32Vec(64)
  /** Source location of each instruction, -1 for none. */
  instSrcloc: I32Vec = new I32Vec(64)
  /** Trap code with which a memory access or other faulting instruction traps, 0 for none. */
  instTrap: I32Vec = new I32Vec(64)

  numBlocks = 0
  /** Block b is instructions blockInsts[b] .. blockInsts[b + 1] - 1. */
  blockInsts: I32Vec = new I32Vec(16)
  succStart: I32Vec = new I32Vec(16)
  succs: I32Vec = new I32Vec(16)
  predStart: I32Vec = new I32Vec(16)
  preds: I32Vec = new I32Vec(16)
  paramStart: I32Vec = new I32Vec(16)
  params: I32Vec = new I32Vec(16)
  edgeArgStart: I32Vec = new I32Vec(16)
  edgeArgs: I32Vec = new I32Vec(16)
  loopDepth: Uint8Array = new Uint8Array(0)
  cold: Uint8Array = new Uint8Array(0)
  /** The CLIF block that a block came from, or -1 for a split edge. */
  clifBlock: I32Vec = new I32Vec(16)

  numVRegs = 0
  vregClass: Uint8Array = new Uint8Array(64)

  /** Side table of calls: `info` of the call pseudos. */
  calls: CallSiteInfo[] = []
  clobberSets: PRegSet[] = []
  /** Side table of anything an ISA's pseudo needs that is no word. */
  extra: unknown[] = []

  /** Set by allocation. */
  allocation: AllocOutput | undefined = undefined

  constructor(name: string) {
    this.name = name
  }
}
