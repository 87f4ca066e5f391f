// A call from the host into guest code, from its entry to its return, with all that stops it in between.
//
// A host function that calls back enters again on the same hart, below the interrupted call; whatever ends a call early (a trap, an error
// thrown by a host function, fuel) gives up exactly that entry on its way through here, so that a host function may catch it and go on.
// Room is left for host functions that are asynchronous: run() may be called again at any later time for a hart stopped at a host call.
import {
  HOST_BLOCK_CALLER,
  HOST_BLOCK_FIRST,
  HOST_FUNCTION_BASE,
  SLOT_SIZE,
  TRAP_STACK_OVERFLOW,
} from '@k23/frontend-wasm/runtime-abi'
import { EPOCH, FUEL, HOST_CALL, RETURNED, TRAP } from '@k23/machine'
import { runBuiltin } from './builtins.ts'
import { bug, OutOfFuel, Trap } from './errors.ts'
import { getU64 } from './guest.ts'
import type { Store } from './store.ts'
import { backtrace, trapOfCode, trapOfReason } from './traps.ts'
import { readValue, writeValue } from './values.ts'

/** Calls within calls through host functions: bounds the host's stack, as the limit cell bounds the guest's. */
const MAX_DEPTH = 400

/** Runs the entry trampoline at `address` until it returns. */
export function enterGuest(store: Store, address: number, args: readonly number[]): void {
  const { hart } = store
  const { machine } = store.engine
  if (store.depth >= MAX_DEPTH) throw trapOfCode(TRAP_STACK_OVERFLOW, backtrace(store, hart.pc))
  machine.enter(hart, address, args)
  store.depth++
  let returned = false
  try {
    for (;;) {
      const r = machine.run(hart)
      if (r.kind === HOST_CALL) hostCall(store, r.number, r.block)
      else if (r.kind === RETURNED) {
        returned = true
        return
      } else if (r.kind === TRAP) throw trapOfReason(store, r)
      else if (r.kind === FUEL) atPlace(store, r.pc, () => store.usedUpFuel())
      else if (r.kind === EPOCH) atPlace(store, r.pc, () => store.reachedDeadline())
      else bug(`the hart stopped for reason ${r.kind} at 0x${r.pc.toString(16)}`)
    }
  } finally {
    store.depth--
    if (!returned) machine.leave(hart)
  }
}

function hostCall(store: Store, number: number, block: number): void {
  if (number >= HOST_FUNCTION_BASE) callHostFunction(store, number - HOST_FUNCTION_BASE, block)
  else atPlace(store, store.hart.pc, () => runBuiltin(store, number, block))
}

/** Does what guest code at `pc` left to the kernel: traps get its backtrace. */
function atPlace(store: Store, pc: number, run: () => void): void {
  try {
    run()
  } catch (e) {
    if (e instanceof Trap) throw new Trap(e.code, e.message, backtrace(store, pc))
    if (e instanceof OutOfFuel) throw new OutOfFuel(backtrace(store, pc))
    throw e
  }
}

function callHostFunction(store: Store, n: number, block: number): void {
  const entry = store.hostFunctions[n] ?? bug(`host call ${n}: there is no such function`)
  const { params, results } = entry.func.type
  const bytes = (HOST_BLOCK_FIRST + Math.max(params.length, results.length)) * SLOT_SIZE
  const slot = (i: number): number => (HOST_BLOCK_FIRST + i) * SLOT_SIZE
  const d = store.guest.data(block, bytes)
  const args = params.map((t, i) => readValue(store, d, slot(i), t))
  const outer = store.caller
  store.caller = store.instanceAt(getU64(d, HOST_BLOCK_CALLER * SLOT_SIZE))
  let result: unknown
  try {
    result = entry.run(...args)
  } finally {
    store.caller = outer
  }
  if (results.length === 0) return
  // The function may have made memory grow: the view is fetched again.
  const out = store.guest.data(block, bytes)
  if (results.length === 1) return writeValue(store, out, slot(0), results[0], result)
  if (!Array.isArray(result) || result.length !== results.length) {
    throw new TypeError(
      `the host function gives an array of ${results.length} results, found ${Array.isArray(result) ? `${result.length}` : typeof result}`,
    )
  }
  results.forEach((t, i) => {
    writeValue(store, out, slot(i), t, (result as unknown[])[i])
  })
}
