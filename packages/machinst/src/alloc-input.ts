// VCode to the allocator's input, and the allocator's output back into the words: two loops over descriptors, in the same order, so that an
// operand's index is its position in that walk. An optional operand that is not there (NO_REG) is none for the allocator; rows have theirs last, so
// that the index in a REUSE constraint is right all the same.
import { I32Vec } from '@k23/entity'
import { type AllocInput, type AllocOutput, allocIndex, allocIsReg, FIXED, NO_VREG } from '@k23/regalloc'
import { bug } from '@k23/entity'
import { descToOperand, descWord, INST_VARIABLE, type InstTable, INST_CALL } from './inst-table.ts'
import { NO_REG } from './rows/registers.ts'
import type { VCode } from './vcode.ts'

export function buildAllocInput(v: VCode, table: InstTable): AllocInput {
  const n = v.numInsts
  const opStart = new Int32Array(n + 1)
  const opVReg = new I32Vec(n * 3)
  const opDesc = new I32Vec(n * 3)
  const clobbers = new Int32Array(n).fill(-1)
  const { words } = v
  const { descStart, descs, flags } = table
  const instAt = v.instAt.data
  const push = (reg: number, operand: number): void => {
    if (reg === NO_REG) return
    if ((reg & 1) !== 0) {
      opVReg.push(reg >> 1)
      opDesc.push(operand)
    } else {
      // A physical register outside the allocator's hands passes through.
      opVReg.push(NO_VREG)
      opDesc.push((operand & 15) | (FIXED << 4) | ((reg >> 1) << 8))
    }
  }
  for (let i = 0; i < n; i++) {
    opStart[i] = opVReg.length
    const at = instAt[i]
    const opc = words[at] & 0xffff
    const fl = flags[opc]
    if ((fl & INST_VARIABLE) !== 0) {
      const k = words[at + 2]
      for (let j = 0, p = at + 3; j < k; j++, p += 2) push(words[p], words[p + 1])
      if ((fl & INST_CALL) !== 0) clobbers[i] = v.calls[words[at + 1]].clobbers
    } else {
      for (let d = descStart[opc]; d < descStart[opc + 1]; d++) {
        const desc = descs[d]
        push(words[at + descWord(desc)], descToOperand(desc))
      }
    }
  }
  opStart[n] = opVReg.length
  return {
    numInsts: n,
    numBlocks: v.numBlocks,
    numVRegs: v.numVRegs,
    vregClass: v.vregClass,
    blockInsts: v.blockInsts.data,
    succStart: v.succStart.data,
    succs: v.succs.data,
    predStart: v.predStart.data,
    preds: v.preds.data,
    paramStart: v.paramStart.data,
    params: v.params.data,
    edgeArgStart: v.edgeArgStart.data,
    edgeArgs: v.edgeArgs.data,
    opStart,
    opVReg: opVReg.data,
    opDesc: opDesc.data,
    clobbers,
    clobberSets: v.clobberSets,
    loopDepth: v.loopDepth,
    cold: v.cold,
    name: v.name,
  }
}

/** Replaces virtual by physical registers in the words. Rows know no stack operands: an allocation on the stack there is our bug. */
export function applyAllocation(v: VCode, table: InstTable, out: AllocOutput): void {
  const { words } = v
  const { descStart, descs, flags } = table
  const instAt = v.instAt.data
  let op = 0
  for (let i = 0; i < v.numInsts; i++) {
    const at = instAt[i]
    const opc = words[at] & 0xffff
    if ((flags[opc] & INST_VARIABLE) !== 0) {
      const k = words[at + 2]
      for (let j = 0, p = at + 3; j < k; j++, p += 2) words[p] = physical(v, i, words[p], out.allocs[op++])
    } else {
      for (let d = descStart[opc]; d < descStart[opc + 1]; d++) {
        const p = at + descWord(descs[d])
        if (words[p] !== NO_REG) words[p] = physical(v, i, words[p], out.allocs[op++])
      }
    }
  }
  v.allocation = out
}

function physical(v: VCode, inst: number, reg: number, alloc: number): number {
  if ((reg & 1) === 0) return reg
  if (!allocIsReg(alloc)) bug('regalloc', v.name, `inst ${inst}`, `v${reg >> 1} has no register`)
  return allocIndex(alloc) << 1
}
