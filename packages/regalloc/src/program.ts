// Allocator input written as objects: for tests, the fuzzer and examples. A compiler fills the flat arrays directly.
import { bug } from '@k23/entity'
import type { AllocInput, AllocOutput, PRegSet } from './interface.ts'
import {
  ANY,
  FIXED,
  LIMIT,
  NO_VREG,
  REG,
  REUSE,
  STACK,
  allocIndex,
  allocIsReg,
  opClass,
  opConstraint,
  opIsDef,
  opIsLate,
  opPayload,
  pregSet,
} from './interface.ts'

/**
 * One operand: a virtual register (NO_VREG for a fixed register that is passed through) and a descriptor made by
 * `operand()`.
 */
export interface ProgramOperand {
  readonly vreg: number
  readonly desc: number
}

export interface ProgramInst {
  readonly operands: readonly ProgramOperand[]
  /** Registers that it destroys. */
  readonly clobbers?: readonly number[]
}

export interface ProgramBlock {
  readonly params: readonly number[]
  readonly insts: readonly ProgramInst[]
  readonly succs: readonly { readonly target: number; readonly args: readonly number[] }[]
  readonly loopDepth?: number
  readonly cold?: boolean
}

export interface Program {
  /** Class of each virtual register. */
  readonly classes: readonly number[]
  readonly blocks: readonly ProgramBlock[]
}

/** Flattens a program; finds the predecessors. */
export function programInput(program: Program, name = 'program'): AllocInput {
  const { blocks } = program
  const blockInsts = [0]
  const succStart = [0]
  const succs: number[] = []
  const paramStart = [0]
  const params: number[] = []
  const edgeArgStart = [0]
  const edgeArgs: number[] = []
  const opStart = [0]
  const opVReg: number[] = []
  const opDesc: number[] = []
  const clobbers: number[] = []
  const clobberSets: PRegSet[] = []
  const preds: number[][] = blocks.map(() => [])
  for (let b = 0; b < blocks.length; b++) {
    const block = blocks[b]
    params.push(...block.params)
    paramStart.push(params.length)
    for (const inst of block.insts) {
      for (const o of inst.operands) {
        opVReg.push(o.vreg)
        opDesc.push(o.desc)
      }
      opStart.push(opVReg.length)
      clobbers.push(inst.clobbers === undefined ? -1 : clobberSets.push(pregSet(inst.clobbers)) - 1)
    }
    blockInsts.push(clobbers.length)
    for (const s of block.succs) {
      succs.push(s.target)
      if (preds[s.target] === undefined) bug('program', name, `block${b}`, `no block${s.target}`)
      preds[s.target].push(b)
      edgeArgs.push(...s.args)
      edgeArgStart.push(edgeArgs.length)
    }
    succStart.push(succs.length)
  }
  const predStart = [0]
  for (const p of preds) predStart.push(predStart[predStart.length - 1] + p.length)
  return {
    numInsts: clobbers.length,
    numBlocks: blocks.length,
    numVRegs: program.classes.length,
    vregClass: Uint8Array.from(program.classes),
    blockInsts: Int32Array.from(blockInsts),
    succStart: Int32Array.from(succStart),
    succs: Int32Array.from(succs),
    predStart: Int32Array.from(predStart),
    preds: Int32Array.from(preds.flat()),
    paramStart: Int32Array.from(paramStart),
    params: Int32Array.from(params),
    edgeArgStart: Int32Array.from(edgeArgStart),
    edgeArgs: Int32Array.from(edgeArgs),
    opStart: Int32Array.from(opStart),
    opVReg: Int32Array.from(opVReg),
    opDesc: Int32Array.from(opDesc),
    clobbers: Int32Array.from(clobbers),
    clobberSets,
    loopDepth: Uint8Array.from(blocks.map((b) => b.loopDepth ?? 0)),
    cold: Uint8Array.from(blocks.map((b) => (b.cold === true ? 1 : 0))),
    name,
  }
}

function printReg(p: number): string {
  return `${'ifv'[p >> 6] ?? '?'}${p & 63}`
}

function printAlloc(a: number): string {
  return allocIsReg(a) ? printReg(allocIndex(a)) : `[${allocIndex(a)}]`
}

function printConstraint(d: number): string {
  switch (opConstraint(d)) {
    case ANY:
      return 'any'
    case REG:
      return 'reg'
    case STACK:
      return 'stack'
    case FIXED:
      return printReg(opPayload(d))
    case REUSE:
      return `reuse ${opPayload(d)}`
    case LIMIT:
      return `<${opPayload(d)}`
    default:
      return '?'
  }
}

/**
 * The program as text, with its allocation and moves if `output` is given. One line per instruction, `def`s before
 * `<-`; `!` marks early defs and late uses.
 */
export function printProgram(input: AllocInput, output?: AllocOutput): string {
  const lines: string[] = []
  let edit = 0
  const edits = (point: number): void => {
    if (output === undefined) return
    for (; edit < output.numEdits && output.editPoint[edit] <= point; edit++) {
      lines.push(`      ${printAlloc(output.editTo[edit])} = ${printAlloc(output.editFrom[edit])}`)
    }
  }
  for (let b = 0; b < input.numBlocks; b++) {
    const params = Array.from(input.params.subarray(input.paramStart[b], input.paramStart[b + 1]), (v) => `v${v}`)
    const notes = `${input.loopDepth[b] > 0 ? ` depth ${input.loopDepth[b]}` : ''}${input.cold[b] !== 0 ? ' cold' : ''}`
    lines.push(`block${b}(${params.join(', ')}):${notes}`)
    for (let i = input.blockInsts[b]; i < input.blockInsts[b + 1]; i++) {
      edits(2 * i)
      const show = (defs: boolean): string => {
        const parts: string[] = []
        for (let o = input.opStart[i]; o < input.opStart[i + 1]; o++) {
          const d = input.opDesc[o]
          if (opIsDef(d) !== defs) continue
          const v = input.opVReg[o] === NO_VREG ? '' : `v${input.opVReg[o]}`
          const where = output === undefined ? '' : `=${printAlloc(output.allocs[o])}`
          const cls = 'ifv'[opClass(d)]
          parts.push(`${v}:${cls}:${printConstraint(d)}${opIsDef(d) === opIsLate(d) ? '' : '!'}${where}`)
        }
        return parts.join(' ')
      }
      const clobbered: string[] = []
      if (input.clobbers[i] >= 0) {
        const set = input.clobberSets[input.clobbers[i]]
        for (let p = 0; p < set.length * 32; p++) if ((set[p >> 5] & (1 << (p & 31))) !== 0) clobbered.push(printReg(p))
      }
      lines.push(
        `  ${i}: ${show(true)} <- ${show(false)}${clobbered.length > 0 ? ` clobbers ${clobbered.join(' ')}` : ''}`,
      )
      edits(2 * i + 1)
    }
    for (let e = input.succStart[b]; e < input.succStart[b + 1]; e++) {
      const args = Array.from(input.edgeArgs.subarray(input.edgeArgStart[e], input.edgeArgStart[e + 1]), (v) => `v${v}`)
      lines.push(`    -> block${input.succs[e]}(${args.join(', ')})`)
    }
  }
  return `${lines.join('\n')}\n`
}
