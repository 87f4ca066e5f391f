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

/** Wasm functions that are running, innermost first, up to the last entry from the host. */
export function backtrace(store: Store, pc: number): Frame[] {
  const { engine, hart, guest } = store
  const frames: Frame[] = []
  if (store.depth === 0) return frames
  const { framePointer, returnAddress, stackPointer } = frameRegisters[engine.machine.isa]
  const register = (n: number): number => {
    const { lo, hi } = hart.readRegister(n)
    return (hi >>> 0) * 2 ** 32 + (lo >>> 0)
  }
  const onStack = (at: number, bytes: number): boolean => at >= store.stackLow && at + bytes <= store.stackTop
  /** In the caller of a function without frame: one byte before its return address lies in the call. */
  const callerOfLeaf = (): number => {
    if (returnAddress !== undefined) return register(returnAddress) - 1
    const sp = register(stackPointer)
    return onStack(sp, 8) ? guest.u64(sp) - 1 : 0
  }
  let fp = register(framePointer)
  let at = pc
  if (engine.moduleAt(at) === undefined) at = callerOfLeaf()
  while (frames.length < MAX_FRAMES) {
    const frame = engine.moduleAt(at)?.frameAt(at)
    if (frame === undefined || frame === 'entry') break
    if (frame !== 'host') frames.push(frame)
    if (at === pc && engine.moduleAt(at)?.isFrameless(at)) {
      at = callerOfLeaf()
      continue
    }
    if (!onStack(fp, 16)) break
    at = guest.u64(fp + 8) - 1
    fp = guest.u64(fp)
  }
  return frames
}
