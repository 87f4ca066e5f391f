// Runs the program over virtual registers and the allocated program side by side along one random path, with real
// values (each definition makes a fresh number), and compares every use. The checker's independent witness: whatever
// the checker accepts must run like this.
import type { AllocInput, AllocOutput, MachineEnv } from '../src/interface.ts'
import { NO_VREG, allocIndex, allocIsReg, opClass, opIsDef, opIsLate } from '../src/interface.ts'

/** The first difference, or undefined. `choose(n)` picks the successor; at most `maxBlocks` blocks are run. */
export function simulate(
  input: AllocInput,
  output: AllocOutput,
  env: MachineEnv,
  choose: (n: number) => number,
  maxBlocks: number,
): string | undefined {
  const values = new Map<number, number>()
  // Registers hold a value, memory words hold a half: 2 * value + part.
  const regs = new Map<number, number>()
  const words = new Map<number, number>()
  let fresh = 1
  const write = (a: number, cls: number, x: number): void => {
    if (allocIsReg(a)) regs.set(allocIndex(a), x)
    else for (let w = 0; w < env.spillWords[cls]; w++) words.set(allocIndex(a) + w, 2 * x + w)
  }
  const read = (a: number, cls: number): number => {
    if (allocIsReg(a)) return regs.get(allocIndex(a)) ?? 0
    const first = words.get(allocIndex(a)) ?? 0
    for (let w = 0; w < env.spillWords[cls]; w++) if (words.get(allocIndex(a) + w) !== (first & ~1) + w) return -1
    return first >> 1
  }
  const edits = (point: number): void => {
    for (let e = 0; e < output.numEdits; e++) {
      if (output.editPoint[e] !== point) continue
      write(output.editTo[e], output.editClass[e], read(output.editFrom[e], output.editClass[e]))
    }
  }
  let block = 0
  for (let step = 0; step < maxBlocks; step++) {
    for (let i = input.blockInsts[block]; i < input.blockInsts[block + 1]; i++) {
      edits(2 * i)
      const first = input.opStart[i]
      const end = input.opStart[i + 1]
      const define = (late: boolean): void => {
        for (let o = first; o < end; o++) {
          const d = input.opDesc[o]
          if (!opIsDef(d) || opIsLate(d) !== late) continue
          const x = fresh++
          write(output.allocs[o], opClass(d), x)
          if (input.opVReg[o] !== NO_VREG) values.set(input.opVReg[o], x)
        }
      }
      const uses = (late: boolean): string | undefined => {
        for (let o = first; o < end; o++) {
          const d = input.opDesc[o]
          if (opIsDef(d) || opIsLate(d) !== late || input.opVReg[o] === NO_VREG) continue
          if (read(output.allocs[o], opClass(d)) !== values.get(input.opVReg[o])) return `inst${i} operand ${o - first}`
        }
        return undefined
      }
      // As bad as the machine may make it: early results before the inputs are read would be wrong for a reused one, so
      // first the early inputs, then the early results, then the late inputs, then garbage, then the late results.
      const wrong = uses(false)
      if (wrong !== undefined) return wrong
      define(false)
      const wrongLate = uses(true)
      if (wrongLate !== undefined) return wrongLate
      if (input.clobbers[i] >= 0) {
        const set = input.clobberSets[input.clobbers[i]]
        for (let p = 0; p < set.length * 32; p++) if ((set[p >> 5] & (1 << (p & 31))) !== 0) regs.set(p, -2)
      }
      for (const p of env.scratch) if (p !== undefined) regs.set(p, -2)
      define(true)
      edits(2 * i + 1)
    }
    const n = input.succStart[block + 1] - input.succStart[block]
    if (n === 0) return undefined
    const e = input.succStart[block] + choose(n)
    const target = input.succs[e]
    const args: number[] = []
    for (let k = input.edgeArgStart[e]; k < input.edgeArgStart[e + 1]; k++)
      args.push(values.get(input.edgeArgs[k]) as number)
    args.forEach((x, k) => {
      values.set(input.params[input.paramStart[target] + k], x)
    })
    block = target
  }
  return undefined
}
