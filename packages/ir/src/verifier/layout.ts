// The layout, and what belongs to blocks and instructions: parameters, results, debug tags, stack maps.
import { NONE } from '@k23/entity'
import type { Block, Inst, Value } from '../entities.ts'
import { ALIAS, PARAM, RESULT } from '../function.ts'
import * as Op from '../gen/op.ts'
import { CALL, NUM_OPCODES, opFlags, TERMINATOR } from '../opcodes/tables.ts'
import { bytes, typeName } from '../types.ts'
import type { VerifierContext } from './context.ts'

/** False where the lists are broken, so that walking them further would be of no use. */
export function verifyLayout(cx: VerifierContext): boolean {
  if (!verifyLists(cx)) return false
  const { func } = cx
  for (let b: number = func.firstBlock; b !== NONE; b = func.nextBlock[b]) {
    verifyParams(cx, b as Block)
    const last = func.lastInst[b]
    if (last === NONE) cx.atBlock(b as Block, `block${b} is empty: it must end with a terminator`)
    for (let i = func.firstInst[b]; i !== NONE; i = func.nextInst[i]) {
      const inst = i as Inst
      const op = func.op[inst]
      if (op === 0 || op >= NUM_OPCODES) {
        cx.atInst(inst, `unknown opcode ${op}`)
        return false
      }
      const terminator = (opFlags[op] & TERMINATOR) !== 0
      if (terminator && i !== last)
        cx.atInst(inst, `a terminator instruction was encountered before the end of block${b}`)
      if (!terminator && i === last) cx.atInst(inst, `block${b} does not end in a terminator instruction`)
      verifyResults(cx, inst)
      verifyTags(cx, inst)
    }
  }
  verifyAliases(cx)
  verifyEntry(cx)
  return true
}

function verifyLists(cx: VerifierContext): boolean {
  const { func } = cx
  let before: number = NONE
  let count = 0
  for (let b: number = func.firstBlock; b !== NONE; b = func.nextBlock[b]) {
    if (!cx.isBlock(b) || func.prevBlock[b] !== before || ++count > func.numBlocks) {
      cx.at(`block${b}`, `the list of blocks is broken at block${b}`)
      return false
    }
    let beforeInst: number = NONE
    let insts = 0
    for (let i = func.firstInst[b]; i !== NONE; i = func.nextInst[i]) {
      if (i >= func.numInsts || func.prevInst[i] !== beforeInst || func.instBlock[i] !== b || ++insts > func.numInsts) {
        cx.at(`inst${i}`, `the list of instructions of block${b} is broken at inst${i}`)
        return false
      }
      beforeInst = i
    }
    if (func.lastInst[b] !== beforeInst) {
      cx.atBlock(b, `the list of instructions of block${b} does not end at its last instruction`)
      return false
    }
    before = b
  }
  if (func.lastBlock !== before) {
    cx.at('function', 'the list of blocks does not end at its last block')
    return false
  }
  return true
}

function verifyParams(cx: VerifierContext, b: Block): void {
  const { func } = cx
  for (let i = 0, n = func.numParams(b); i < n; i++) {
    const v = func.param(b, i)
    if (!cx.isValue(v) || func.valKind[v] !== PARAM || func.valDef[v] !== b || func.valNum[v] !== i)
      cx.atBlock(b, `parameter ${i} of block${b} is v${v}, which is not defined as that`)
  }
}

function verifyResults(cx: VerifierContext, inst: Inst): void {
  const { func } = cx
  for (let i = 0, n = func.numResults(inst); i < n; i++) {
    const v = func.result(inst, i)
    if (!cx.isValue(v) || func.valKind[v] !== RESULT || func.valDef[v] !== inst || func.valNum[v] !== i)
      cx.atInst(inst, `result ${i} of inst${inst} is v${v}, which is not defined as that`)
  }
}

function verifyAliases(cx: VerifierContext): void {
  const { func } = cx
  for (let v = 0; v < func.numValues; v++) {
    if (func.valKind[v] !== ALIAS) continue
    let x = v
    let steps = 0
    while (cx.isValue(x) && func.valKind[x] === ALIAS && steps++ <= func.numValues) x = func.valDef[x]
    if (!cx.isValue(x)) cx.at(`v${v}`, `alias v${v} stands for v${x}, which does not exist`)
    else if (func.valKind[x] === ALIAS) {
      cx.at(`v${v}`, `alias v${v} stands for itself`)
      return
    } else if (func.valType[x] !== func.valType[v])
      cx.at(`v${v}`, `alias v${v} has type ${typeName(func.typeOf(v as Value))}, v${x} has ${typeName(func.typeOf(x))}`)
  }
}

function verifyEntry(cx: VerifierContext): void {
  const { func } = cx
  const entry = func.firstBlock
  if (entry === NONE) return
  if (func.cold[entry] !== 0) cx.atBlock(entry, 'entry block cannot be marked as cold')
  const expected = func.signature.params
  const got = func.numParams(entry)
  if (got !== expected.length) {
    cx.atBlock(entry, `entry block parameters (${got}) must match function signature (${expected.length})`)
    return
  }
  expected.forEach((p, i) => {
    const t = func.typeOf(func.param(entry, i))
    if (t !== p.type)
      cx.atBlock(entry, `entry block parameter ${i} expected to have type ${typeName(p.type)}, got ${typeName(t)}`)
  })
}

function verifyTags(cx: VerifierContext, inst: Inst): void {
  const { func } = cx
  const op = func.op[inst]
  const isCall = (opFlags[op] & CALL) !== 0
  const tags = func.debugTags.get(inst)
  if (tags !== undefined && tags.length > 0 && !isCall && op !== Op.sequence_point)
    cx.atInst(inst, 'debug tags present on non-call, non-sequence point instruction')
  for (const tag of tags ?? [])
    if (tag.kind === 'slot' && func.stackSlots[tag.slot] === undefined)
      cx.atInst(inst, `undefined stack slot ss${tag.slot} in debug tag`)
  const map = func.stackMaps.get(inst)
  if (map === undefined) return
  if (!isCall) cx.atInst(inst, 'stack map present on an instruction that is no call')
  for (const entry of map) {
    const slot = func.stackSlots[entry.slot]
    if (slot === undefined) cx.atInst(inst, `undefined stack slot ss${entry.slot} in stack map`)
    else if (entry.offset < 0 || entry.offset + bytes(entry.type) > slot.size)
      cx.atInst(
        inst,
        `stack map entry ${typeName(entry.type)} @ ss${entry.slot}+${entry.offset} is outside of its slot`,
      )
  }
}
