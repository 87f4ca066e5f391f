// stack_switch: several chains of frames, of which one runs.
//
// A context is three words in memory, as compiled code has them: stack pointer, frame pointer, and where to go on. That is enough to know a suspended chain
// again: no two live stacks share addresses. A context that is no suspended chain's starts one: its third word is the address of a function of one argument,
// the payload, which must never return.
import type { Inst } from '../entities.ts'
import type { Bits } from './lanes.ts'
import { type Frame, type Machine, NEW_STACK, RETURN_TO_HOST } from './machine.ts'
import { readPlace, writePlace } from './memory.ts'
import { Trap, undefinedBehaviour } from './outcome.ts'
import { addressBehind } from './program.ts'
import { TRAP_HEAP_OUT_OF_BOUNDS } from '../trapcode.ts'

const WORDS = 3

/** Saves the running chain in one context and goes on with that of the other, which is read first: they may be the same. */
export function switchStack(m: Machine, frame: Frame, inst: Inst, to: Bits, from: Bits, payload: Bits): void {
  const words = context(m, from, false).map((p) => Number(readPlace(p, 8)))
  const here = [frame.sp, frame.fp, addressBehind(frame.code, inst)]
  context(m, to, true).forEach((p, i) => {
    writePlace(p, 8, BigInt(here[i]))
  })
  const first = m.frames.findLastIndex((f) => f.returnAddress === RETURN_TO_HOST || f.returnAddress === NEW_STACK)
  m.suspended.set(here.join(), m.frames.splice(first))
  const chain = m.suspended.get(words.join())
  if (chain !== undefined) {
    m.suspended.delete(words.join())
    m.frames.push(...chain)
    m.resume(chain[chain.length - 1], [payload])
    return
  }
  const [sp, fp, address] = words
  const callee = m.program.at(BigInt(address))
  if (callee?.kind !== 'clif' || callee.func.signature.params.length !== 1)
    undefinedBehaviour(`a context that goes on at 0x${address.toString(16)}, which is no function of one argument`)
  m.push(callee, [payload], { sp, returnAddress: NEW_STACK, fp })
}

function context(m: Machine, address: Bits, write: boolean) {
  return Array.from({ length: WORDS }, (_, i) => {
    const place = m.memory.find(BigInt.asUintN(64, address + BigInt(8 * i)), 8, write)
    if (place === undefined) throw new Trap(TRAP_HEAP_OUT_OF_BOUNDS)
    return place
  })
}
