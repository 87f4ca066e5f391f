// From what a hart reports to a trap of WebAssembly, with the functions that were running.
//
// A function that calls makes a frame, and a frame begins with the pair that both psABIs have there: the caller's frame pointer at fp + 0, the
// return address at fp + 8. So frames are a list, and the entry trampoline is its end. What calls nothing (a leaf that needs no stack, the
// host-call stub) may have no frame: it can only be the innermost, and its caller is in the return-address register, or on top of the stack.
import { TRAP_STACK_OVERFLOW, trapInfo } from '@k23/frontend-wasm/runtime-abi'
import { frameRegisters, PAGE_SIZE, type StopReason, TRAP_LOAD, TRAP_STORE, trapKindNames } from '@k23/machine'
import { bug, type Frame, Trap } from './errors.ts'
import type { Store } from './store.ts'

/** Frames that are kept of a deeper stack. */
const MAX_FRAMES = 100

export function trapOfCode(code: number, frames: readonly Frame[] = []): Trap {
  const row = trapInfo(code) ?? bug(`trap code ${code}`)
  return new Trap(row.name, row.message, frames)
}

export function trapOfReason(store: Store, r: StopReason): Trap {
  const module = store.engine.moduleAt(r.pc)
  let code = module?.trapAt(r.pc) ?? 0
  if (code === 0 && (r.trapKind === TRAP_LOAD || r.trapKind === TRAP_STORE) && pastStack(store, r.address))
    code = TRAP_STACK_OVERFLOW
  if (code === 0) {
    const where = module?.frameAt(r.pc)
    const name = typeof where === 'object' ? where.name : (where ?? 'no function of a module')
    bug(`${trapKindNames[r.trapKind]} at pc 0x${r.pc.toString(16)} (${name}), address 0x${r.address.toString(16)}`)
  }
  return trapOfCode(code, backtrace(store, r.pc))
}

/** Whether an address is in the guard page below the stack, or the stack pointer has left the stack downwards (wrapping included). */
function pastStack(store: Store, address: number): boolean {
  const low = store.engine.machine.stackLow(store.hart)
  if (address >= low - PAGE_SIZE && address < low) return true
  return store.hart.readRegister(frameRegisters[store.engine.machine.isa].stackPointer).hi < 0
}

/** Where a stopped hart is: what a walk over its frames begins with. */
export interface Place {
  readonly pc: number
  readonly fp: number
  /** In the caller of a function without frame. */
  readonly leafCaller: number
}

/** The hart's place; `pc` where it stopped. */
export function placeOf(store: Store, pc: number): Place {
  const { framePointer, returnAddress, stackPointer } = frameRegisters[store.engine.machine.isa]
  const register = (n: number): number => {
    const { lo, hi } = store.hart.readRegister(n)
    return (hi >>> 0) * 2 ** 32 + (lo >>> 0)
  }
  // One byte before a return address lies in the call.
  let leafCaller = 0
  if (returnAddress !== undefined) leafCaller = register(returnAddress) - 1
  else {
    const sp = register(stackPointer)
    if (onStack(store, sp, 8)) leafCaller = store.guest.u64(sp) - 1
  }
  return { pc, fp: register(framePointer), leafCaller }
}

function onStack(store: Store, at: number, bytes: number): boolean {
  return at >= store.stackLow && at + bytes <= store.stackTop
}

/** Wasm functions that are running, innermost first: those of the innermost entry, then those of the calls that it interrupted. */
export function backtrace(store: Store, pc: number): Frame[] {
  const frames: Frame[] = []
  for (let i = store.entries.length - 1; i >= 0; i--) {
    const place = i === store.entries.length - 1 ? placeOf(store, pc) : store.entries[i].place
    if (place === undefined) break
    walk(store, place, frames)
  }
  return frames
}

/** Adds the frames of one entry. */
function walk(store: Store, { pc, fp, leafCaller }: Place, frames: Frame[]): void {
  const { engine, guest } = store
  let at = pc
  let frame = fp
  if (engine.moduleAt(at) === undefined) at = leafCaller
  while (frames.length < MAX_FRAMES) {
    const found = engine.moduleAt(at)?.frameAt(at)
    if (found === undefined || found === 'entry') break
    if (found !== 'host') frames.push(found)
    if (at === pc && engine.moduleAt(at)?.isFrameless(at)) {
      at = leafCaller
      continue
    }
    if (!onStack(store, frame, 16)) break
    at = guest.u64(frame + 8) - 1
    frame = guest.u64(frame)
  }
}
