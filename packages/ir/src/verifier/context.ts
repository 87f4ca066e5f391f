// What the parts of the verifier share: the function, the options, and the list of errors.
import { NONE } from '@k23/entity'
import type { Block, Inst, Value } from '../entities.ts'
import type { Func } from '../function.ts'
import type { Type } from '../types.ts'

export interface VerifierOptions {
  /** Type of an address on the target: I32 or I64. Without it, checks that need it are left out. */
  readonly pointerType?: Type
}

export interface VerifierError {
  /** What is wrong, as the text form names it: `inst3`, `block1`, `gv0`, `sig2`, `fn0`, `region1`, `function`. */
  readonly entity: string
  /** The instruction, -1 where the error is of something else. */
  readonly inst: Inst | -1
  readonly message: string
}

export class VerifierContext {
  readonly func: Func
  readonly pointerType: Type | undefined
  readonly errors: VerifierError[] = []

  constructor(func: Func, options: VerifierOptions) {
    this.func = func
    this.pointerType = options.pointerType
  }

  atInst(inst: Inst, message: string): void {
    this.errors.push({ entity: `inst${inst}`, inst, message })
  }
  atBlock(block: Block, message: string): void {
    this.errors.push({ entity: `block${block}`, inst: NONE, message })
  }
  at(entity: string, message: string): void {
    this.errors.push({ entity, inst: NONE, message })
  }

  isBlock(b: number): b is Block {
    return b >= 0 && b < this.func.numBlocks && this.func.blockInserted[b] !== 0
  }
  isValue(v: number): v is Value {
    return v >= 0 && v < this.func.numValues
  }

  /** Calls `f` with each instruction of the layout. */
  forEachInst(f: (inst: Inst, block: Block) => void): void {
    const { func } = this
    for (let b: number = func.firstBlock; b !== NONE; b = func.nextBlock[b])
      for (let i = func.firstInst[b]; i !== NONE; i = func.nextInst[i]) f(i as Inst, b as Block)
  }
}
