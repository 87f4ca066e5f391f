// A switch over integers: runs of neighbouring values become jump tables, a binary search finds the run.
import type { Block, Value } from '../entities.ts'
import { EQ, UGE, ULT } from '../condcodes.ts'
import { I128, I32, I64, bits, type Type } from '../types.ts'
import { BuilderError, type FunctionBuilder } from './function-builder.ts'

interface Run {
  readonly first: bigint
  readonly blocks: Block[] // of first, first + 1, ...
}

/** Collects the cases of a switch, then emits it. Cases are unsigned values of the switched-on type. */
export class Switch {
  private readonly cases = new Map<bigint, Block>()

  setEntry(value: number | bigint, block: Block): void {
    const v = BigInt(value)
    if (v < 0n) throw new BuilderError(`switch case ${v} is negative: cases are unsigned`)
    if (this.cases.has(v)) throw new BuilderError(`switch case ${v} is there already`)
    this.cases.set(v, block)
  }

  /** Ends the current block with branches on `value`; what matches no case goes to `otherwise`. */
  emit(builder: FunctionBuilder, value: Value, otherwise: Block): void {
    const type = builder.func.typeOf(value)
    const sorted = [...this.cases].sort((a, b) => (a[0] < b[0] ? -1 : 1))
    const runs: Run[] = []
    for (const [v, block] of sorted) {
      if (v >> BigInt(bits(type)) !== 0n) throw new BuilderError(`switch case ${v} does not fit the switched-on value`)
      const last = runs.at(-1)
      if (last !== undefined && last.first + BigInt(last.blocks.length) === v) last.blocks.push(block)
      else runs.push({ first: v, blocks: [block] })
    }
    if (runs.length === 0) {
      builder.ins.jump(otherwise)
      return
    }
    // Work list of (block to fill, range of runs); the block is the current one at first.
    const work: [Block | undefined, number, number][] = [[undefined, 0, runs.length]]
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const [block, from, to] = next
      if (block !== undefined) {
        builder.switchToBlock(block)
        builder.sealBlock(block)
      }
      if (to - from <= 1) {
        emitRun(builder, value, type, runs[from], otherwise)
        continue
      }
      const middle = (from + to) >> 1
      const low = builder.createBlock()
      const high = builder.createBlock()
      const split = constant(builder, type, runs[middle].first)
      builder.ins.brif(builder.ins.icmp(UGE, value, split), high, [], low, [])
      work.push([low, from, middle], [high, middle, to])
    }
  }
}

function constant(builder: FunctionBuilder, type: Type, v: bigint): Value {
  if (type !== I128) return builder.ins.iconst(type, v)
  return builder.ins.iconcat(builder.ins.iconst(I64, v), builder.ins.iconst(I64, v >> 64n))
}

function emitRun(builder: FunctionBuilder, value: Value, type: Type, run: Run, otherwise: Block): void {
  const { ins } = builder
  if (run.blocks.length === 1) {
    ins.brif(ins.icmp(EQ, value, constant(builder, type, run.first)), run.blocks[0], [], otherwise, [])
    return
  }
  let index = run.first === 0n ? value : ins.isub(value, constant(builder, type, run.first))
  if (bits(type) > 32) {
    const table = builder.createBlock()
    const inRange = ins.icmp(ULT, index, constant(builder, type, BigInt(run.blocks.length)))
    ins.brif(inRange, table, [], otherwise, [])
    builder.switchToBlock(table)
    builder.sealBlock(table)
    index = ins.ireduce(I32, index)
  } else if (bits(type) < 32) {
    index = ins.uextend(I32, index)
  }
  ins.br_table(
    index,
    builder.createJumpTable(
      [otherwise],
      run.blocks.map((b) => [b]),
    ),
  )
}
