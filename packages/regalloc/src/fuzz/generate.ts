// Random programs for the allocators. Each instruction is generated together with a hidden assignment of registers that
// satisfies it, and the constraints are drawn so that the hidden assignment stays one solution: every program has an
// allocation. How tight it is varies.
import { bug } from '@k23/entity'
import type { MachineEnv, PReg } from '../interface.ts'
import {
  ANY,
  CLASS_VECTOR,
  FIXED,
  LIMIT,
  NO_VREG,
  NUM_CLASSES,
  REG,
  REUSE,
  STACK,
  operand,
  preg,
} from '../interface.ts'
import type { Program, ProgramBlock, ProgramInst, ProgramOperand } from '../program.ts'
import { dominators, generateCfg } from './cfg.ts'
import type { Choices } from './choices.ts'

export interface FuzzOptions {
  readonly maxBlocks: number
  readonly maxInstsPerBlock: number
}

export interface FuzzCase {
  readonly program: Program
  readonly env: MachineEnv
}

/**
 * A machine of few registers in three classes, vectors of two words, or one like x64 (two classes); with or without
 * scratch registers, and with or without classes that hold another's spilled values.
 */
export function generateEnv(choices: Choices): MachineEnv {
  if (choices.below(3) === 2) return x64Env(choices)
  const preferred: PReg[][] = []
  const nonPreferred: PReg[][] = []
  const scratch: (PReg | undefined)[] = []
  for (let c = 0; c < NUM_CLASSES; c++) {
    // Hardware number 0 is never allocatable, it serves as the register that is passed through; 63 is the scratch
    // register.
    const count = 4 + choices.below(c === 0 ? 7 : 4)
    const stride = 1 + choices.below(2)
    const regs = Array.from({ length: count }, (_, k) => preg(c, 1 + k * stride))
    const split = Math.min(count, 2 + choices.below(count))
    preferred.push(regs.slice(0, split))
    nonPreferred.push(regs.slice(split))
    scratch.push(choices.below(2) === 0 ? preg(c, 63) : undefined)
  }
  const env = { preferred, nonPreferred, scratch, spillWords: [1, 1, 2] }
  if (choices.below(2) === 0) return env
  return { ...env, spillClass: preferred.map((_, c) => (choices.below(2) === 0 ? undefined : (c + 1) % NUM_CLASSES)) }
}

/** rsp and rbp are not the allocator's; rax, rcx and rdx come first. */
function x64Env(choices: Choices): MachineEnv {
  const gpr = (k: number): PReg => preg(0, k)
  const xmms = Array.from({ length: 15 }, (_, k) => preg(1, 1 + k))
  return {
    preferred: [[1, 2, 3, 4, 5, 6, 7, 8].map(gpr), xmms, []],
    nonPreferred: [[9, 10, 11, 12, 13].map(gpr), [], []],
    scratch: [choices.below(2) === 0 ? preg(0, 63) : undefined, preg(1, 63), undefined],
    spillWords: [1, 2, 2],
    spillClass: [choices.below(2) === 0 ? undefined : 1, undefined, undefined],
  }
}

export function generateCase(choices: Choices, options: FuzzOptions): FuzzCase {
  const env = generateEnv(choices)
  const cfg = generateCfg(choices, options.maxBlocks)
  const n = cfg.succs.length
  const dom = dominators(cfg)
  const classes: number[] = []
  const newValue = (cls: number): number => classes.push(cls) - 1
  const blocks: {
    params: number[]
    insts: ProgramInst[]
    succs: { target: number; args: number[] }[]
    values: number[]
    cold: boolean
  }[] = []
  const vectors = env.preferred[CLASS_VECTOR].length > 0 && choices.below(2) === 1
  const someClass = (): number => {
    const c = choices.below(6)
    if (c === 5) return vectors ? CLASS_VECTOR : 0
    return c === 4 ? 1 : 0
  }

  // Parameters first: arguments of a back edge may need values of blocks that come later, but only dominating ones.
  for (let b = 0; b < n; b++) {
    const params: number[] = []
    if (cfg.preds[b].length > 0) for (let k = choices.below(6) - 1; k > 0; k--) params.push(newValue(someClass()))
    blocks.push({ params, insts: [], succs: [], values: [...params], cold: choices.below(8) === 7 })
  }

  // In order of dominance, so that a block's dominators are complete before it.
  const order = Array.from({ length: n }, (_, b) => b).sort((a, b) => dom[a].size - dom[b].size || a - b)
  for (const b of order) {
    const block = blocks[b]
    const available: number[][] = [[], [], []]
    for (const d of [...dom[b]].sort((x, y) => dom[x].size - dom[y].size)) {
      for (const v of blocks[d].values) available[classes[v]].push(v)
    }
    const define = (cls: number): number => {
      const v = newValue(cls)
      block.values.push(v)
      return v
    }
    const pickUse = (cls: number): number => {
      const list = available[cls]
      if (list.length === 0) return NO_VREG
      // Mostly recent values, sometimes any: long live ranges make pressure.
      const back = choices.below(4) === 3 ? choices.below(list.length) : choices.below(Math.min(list.length, 6))
      return list[list.length - 1 - back]
    }
    // The entry starts with some values, so that others have something to use.
    if (b === 0) {
      for (let k = 1 + choices.below(8); k > 0; k--) {
        const cls = someClass()
        const v = define(cls)
        available[cls].push(v)
        block.insts.push({ operands: [{ vreg: v, desc: operand(1, 1, cls, choices.below(4) === 3 ? ANY : REG) }] })
      }
    }
    const count = choices.below(options.maxInstsPerBlock + 1)
    for (let k = 0; k < count; k++) {
      const inst = generateInst(choices, env, pickUse, define, someClass, true)
      block.insts.push(inst)
      for (const o of inst.operands)
        if ((o.desc & 1) !== 0 && o.vreg !== NO_VREG) available[classes[o.vreg]].push(o.vreg)
    }
    // The branch. Where its moves would have to come before it, it has no operands.
    const free = cfg.succs[b].every((t) => cfg.preds[t].length === 1)
    const term: ProgramInst & { operands: ProgramOperand[] } =
      free && choices.below(2) === 1
        ? generateInst(choices, env, pickUse, define, someClass, choices.below(2) === 1)
        : { operands: [] }
    block.insts.push(term)
    for (const o of term.operands) if ((o.desc & 1) !== 0 && o.vreg !== NO_VREG) available[classes[o.vreg]].push(o.vreg)
    for (const t of cfg.succs[b]) {
      const args: number[] = []
      for (const p of blocks[t].params) {
        const list = available[classes[p]]
        if (list.length > 0) {
          const a = pickUse(classes[p])
          args.push(a)
        } else args.push(-1)
      }
      block.succs.push({ target: t, args })
    }
  }
  // An argument for which nothing of the class was available: define it in the entry.
  for (const block of blocks) {
    block.succs.forEach(({ target, args }) => {
      args.forEach((a, k) => {
        if (a >= 0) return
        const cls = classes[blocks[target].params[k]]
        const v = newValue(cls)
        blocks[0].insts.unshift({ operands: [{ vreg: v, desc: operand(1, 1, cls, REG) }] })
        args[k] = v
      })
    })
  }
  const program: Program = {
    classes,
    blocks: blocks.map(
      (x, b): ProgramBlock => ({
        params: x.params,
        insts: x.insts,
        succs: x.succs,
        loopDepth: cfg.loopDepth[b],
        cold: x.cold,
      }),
    ),
  }
  if (program.blocks.length === 0) bug('regalloc fuzz', '-', '-', 'no blocks')
  return { program, env }
}

function generateInst(
  choices: Choices,
  env: MachineEnv,
  pickUse: (cls: number) => number,
  define: (cls: number) => number,
  someClass: () => number,
  mayDefine: boolean,
): ProgramInst & { operands: ProgramOperand[] } {
  const operands: ProgramOperand[] = []
  const clobbers: number[] = []
  // The hidden assignment: registers still free in each phase.
  // Most instructions of some machines write the register of an input, and want inputs in certain registers.
  const twoAddress = env.preferred[CLASS_VECTOR].length === 0
  const early = env.preferred.map((_, c) => new Set<number>([...env.preferred[c], ...env.nonPreferred[c]]))
  const late = early.map((s) => new Set(s))
  // How many registers an instruction may tie up: mostly some, sometimes all.
  const most = choices.below(8) === 7 ? 64 : 3
  const used = [0, 0, 0]
  const take = (cls: number, inEarly: boolean, inLate: boolean): number => {
    if (used[cls] >= most) return -1
    const list = [...early[cls]].filter((r) => !inLate || late[cls].has(r))
    const from = inEarly ? list : [...late[cls]]
    if (from.length === 0) return -1
    const r = from[choices.below(twoAddress && choices.below(2) === 1 ? Math.min(3, from.length) : from.length)]
    if (inEarly) early[cls].delete(r)
    if (inLate) late[cls].delete(r)
    used[cls]++
    return r
  }
  const constrain = (kind: 0 | 1, isLate: 0 | 1, cls: number, r: number): number => {
    switch (choices.below(6)) {
      case 0:
      case 1:
      case 2:
        return operand(kind, isLate, cls, REG)
      case 3:
        return operand(kind, isLate, cls, ANY)
      case 4:
        return operand(kind, isLate, cls, FIXED, r)
      default: {
        let limit = 1
        while (limit <= (r & 63)) limit *= 2
        return operand(kind, isLate, cls, LIMIT, limit)
      }
    }
  }
  const call = choices.below(8) === 7
  const numUses = choices.below(call ? 6 : 4)
  for (let k = 0; k < numUses; k++) {
    const cls = someClass()
    const v = pickUse(cls)
    if (v === NO_VREG) continue
    if (choices.below(12) === 11) {
      operands.push({ vreg: v, desc: operand(0, choices.below(2) as 0 | 1, cls, STACK) })
      continue
    }
    const isLate = choices.below(8) === 7 ? 1 : 0
    const r = take(cls, true, isLate === 1)
    if (r < 0) continue
    operands.push({ vreg: v, desc: constrain(0, isLate, cls, r) })
    // Now and then the same value again, in another register or on the stack.
    if (choices.below(10) === 9) {
      const again = take(cls, true, false)
      if (again >= 0) operands.push({ vreg: v, desc: operand(0, 0, cls, choices.below(2) === 0 ? FIXED : REG, again) })
    }
  }
  if (mayDefine) {
    if (choices.below(4) === 3 || (twoAddress && choices.below(2) === 1)) {
      const cls = someClass()
      const v = pickUse(cls)
      const isEarly = choices.below(8) === 7
      const r = v === NO_VREG ? -1 : take(cls, true, true)
      if (r >= 0) {
        const at = operands.length
        const stack = choices.below(16) === 15
        operands.push({ vreg: v, desc: stack ? operand(0, 0, cls, STACK) : constrain(0, 0, cls, r) })
        const def = define(cls)
        operands.push({ vreg: def, desc: operand(1, isEarly ? 0 : 1, cls, REUSE, at) })
      }
    }
    const numDefs = choices.below(3)
    for (let k = 0; k < numDefs; k++) {
      const cls = someClass()
      if (choices.below(16) === 15) {
        operands.push({ vreg: define(cls), desc: operand(1, 1, cls, STACK) })
        continue
      }
      const isEarly = choices.below(6) === 5
      const r = take(cls, isEarly, true)
      if (r >= 0) operands.push({ vreg: define(cls), desc: constrain(1, isEarly ? 0 : 1, cls, r) })
    }
  }
  if (choices.below(12) === 11) {
    const cls = someClass()
    operands.push({ vreg: NO_VREG, desc: operand(choices.below(2) as 0 | 1, 0, cls, FIXED, preg(cls, 0)) })
  }
  if (call || choices.below(16) === 15) {
    for (const set of late) for (const r of set) if (call || choices.below(2) === 1) clobbers.push(r)
  }
  return clobbers.length > 0 ? { operands, clobbers } : { operands }
}
