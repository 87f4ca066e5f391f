// What an allocator is given and what it gives back. It knows blocks, edges, instructions and operands, and nothing of CLIF or of any machine
// but its registers. All input is in flat typed arrays; CSR stands for "compressed sparse rows": row r of `items` is
// items[start[r]] .. items[start[r + 1] - 1].
//
// The input is SSA: each virtual register has one definition (a def operand, or a block parameter of one block), which dominates all uses.
// Critical edges are split: where an edge carries arguments, its source has one successor or its target has one predecessor
// (arguments on the edges of a block with several successors are allowed only if the target has one predecessor).
// Blocks are in emission order, block 0 is the entry, a block's instructions are consecutive, the last is its terminator.
// The entry block has no parameters and no predecessors.
//
// Program points: instruction i has `before` = 2 * i and `after` = 2 * i + 1. Early operands live at before, late ones at after.
// Edits at a point take effect in list order, before (after) the instruction.
import type { Packed } from '@k23/entity'

// ---- Register classes
export const CLASS_INT = 0
export const CLASS_FLOAT = 1
export const CLASS_VECTOR = 2
export const NUM_CLASSES = 3

/** A physical register: class * 64 + hardware number (0..63). */
export type PReg = Packed<'PReg'>
export function preg(cls: number, hw: number): PReg {
  return ((cls << 6) | hw) as PReg
}
export function pregClass(p: PReg): number {
  return p >> 6
}
export function pregHw(p: PReg): number {
  return p & 63
}
/** Number of different PReg values. */
export const NUM_PREGS = 192

/** A set of physical registers: six words of bits; bit `p & 31` of word `p >> 5`. */
export type PRegSet = Int32Array
export function pregSet(regs: readonly number[]): PRegSet {
  const s = new Int32Array(NUM_PREGS >> 5)
  for (const r of regs) s[r >> 5] |= 1 << (r & 31)
  return s
}

// ---- Operands. Two parallel words: the virtual register, and a descriptor:
//
//   bit  0      kind: 0 use, 1 def
//   bit  1      position: 0 early (before), 1 late (after). Usual: uses early, defs late.
//                 an early def (=&) is written while the inputs are still needed; a late use (!) is still read when outputs are written
//   bits 2-3    class
//   bits 4-6    constraint: ANY, REG, STACK, FIXED, REUSE, LIMIT
//   bits 8-15   payload: FIXED: the PReg; REUSE: index, among this instruction's operands, of the use whose register the def takes;
//               LIMIT: the register's hardware number is below this (a power of two)
//
// A virtual register of NO_VREG with FIXED stands for a non-allocatable physical register: it passes through unchanged.
export const NO_VREG = -1
export const ANY = 0
export const REG = 1
export const STACK = 2
export const FIXED = 3
export const REUSE = 4
export const LIMIT = 5

export function operand(kind: 0 | 1, late: 0 | 1, cls: number, constraint: number, payload = 0): number {
  return kind | (late << 1) | (cls << 2) | (constraint << 4) | (payload << 8)
}
export function opIsDef(d: number): boolean {
  return (d & 1) !== 0
}
export function opIsLate(d: number): boolean {
  return (d & 2) !== 0
}
export function opClass(d: number): number {
  return (d >> 2) & 3
}
export function opConstraint(d: number): number {
  return (d >> 4) & 7
}
export function opPayload(d: number): number {
  return (d >> 8) & 255
}

// ---- Allocations, packed: bits 0-1 kind (0 none, 1 register, 2 stack slot), bits 2.. PReg or slot index.
// A spill slot index counts 8-byte words; a 16-byte value takes two, aligned to 16.
export type Allocation = Packed<'Allocation'>
export const ALLOC_NONE: Allocation = 0 as Allocation
export function allocReg(p: number): Allocation {
  return ((p << 2) | 1) as Allocation
}
export function allocStack(slot: number): Allocation {
  return ((slot << 2) | 2) as Allocation
}
export function allocIsReg(a: number): boolean {
  return (a & 3) === 1
}
export function allocIsStack(a: number): boolean {
  return (a & 3) === 2
}
export function allocIndex(a: number): number {
  return a >> 2
}

/** The machine's registers, as the allocator may use them. */
export interface MachineEnv {
  /** Per class: allocatable registers, in order of preference (caller-saved first). */
  readonly preferred: readonly (readonly PReg[])[]
  /** Per class: allocatable registers that cost something to use (callee-saved). */
  readonly nonPreferred: readonly (readonly PReg[])[]
  /**
   * Per class: a register outside both lists that only move resolution may use (cycles, stack-to-stack), at one point: an instruction may overwrite it;
   * undefined: the allocator must find one.
   */
  readonly scratch: readonly (PReg | undefined)[]
  /** Per class: 8-byte words that a spill slot of the class takes (1 or 2). */
  readonly spillWords: readonly number[]
  /**
   * Per class: another class, registers of which may hold spilled values of this class where they are free; undefined: there is none. The
   * machine moves values of the class between all registers of both, and between those of either and slots. Without effect where the other
   * class has no scratch register. Default: none for any class.
   */
  readonly spillClass?: readonly (number | undefined)[]
}

/** The program to allocate. All arrays may be longer than they need to be. */
export interface AllocInput {
  readonly numInsts: number
  readonly numBlocks: number
  readonly numVRegs: number
  /** Class of each virtual register. */
  readonly vregClass: Uint8Array
  /** Block b is instructions blockInsts[b] .. blockInsts[b + 1] - 1. */
  readonly blockInsts: Int32Array
  /** CSR over blocks. The edge number of successor k of block b is succStart[b] + k. */
  readonly succStart: Int32Array
  readonly succs: Int32Array
  readonly predStart: Int32Array
  readonly preds: Int32Array
  /** CSR over blocks: parameter virtual registers. */
  readonly paramStart: Int32Array
  readonly params: Int32Array
  /** CSR over edges: argument virtual registers, as many as the target has parameters. */
  readonly edgeArgStart: Int32Array
  readonly edgeArgs: Int32Array
  /** CSR over instructions: operands. Branch arguments are not operands. */
  readonly opStart: Int32Array
  readonly opVReg: Int32Array
  readonly opDesc: Int32Array
  /** Per instruction: index into clobberSets, or -1. Clobbers are written at `after`: no late def may be in them, and nothing live through. */
  readonly clobbers: Int32Array
  readonly clobberSets: readonly PRegSet[]
  /** Per block: loop depth, and 1 where the block is cold. */
  readonly loopDepth: Uint8Array
  readonly cold: Uint8Array
  /** Name of the function, for error messages. */
  readonly name: string
}

/** The result. */
export interface AllocOutput {
  /** Per operand of the input (same index as opVReg): where it is. */
  readonly allocs: Int32Array
  /** Moves, sorted by point; moves at the same point take effect one after the other (already sequentialized, cycles resolved). */
  readonly numEdits: number
  readonly editPoint: Int32Array
  readonly editFrom: Int32Array
  readonly editTo: Int32Array
  /** Class of the value that an edit moves (how wide the move is); its registers are of that class, or of the class in MachineEnv.spillClass. */
  readonly editClass: Uint8Array
  /** Size of the spill area in 8-byte words. */
  readonly spillWords: number
  /** Registers that were written (for callee-save decisions), by operands, moves or as scratch. */
  readonly usedRegs: PRegSet
  readonly stats: { spills: number; reloads: number; moves: number }
}

export type Algorithm = 'simple' | 'single_pass' | 'backtracking'
