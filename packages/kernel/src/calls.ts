// A call from the host into guest code, from its entry to its return, with all that stops it in between.
//
// A host function that calls back enters again on the same hart, below the interrupted call; whatever ends a call early (a trap, an error
// thrown by a host function, fuel) gives up exactly that entry on its way through here, so that a host function may catch it and go on.
//
// A host function may be asynchronous: the hart stays stopped at the host call until the promise is settled, and meanwhile the host may do what it
// likes, further calls of the same store included. Those lie below on the same stack, so an entry goes on only when it is the innermost again.
//
// Invariant. `store.entries` are the machine's entries of the hart, outermost first: an entry that is not among them any more was given up.
import {
  EXTERNREF,
  HOST_BLOCK_CALLER,
  HOST_BLOCK_FIRST,
  HOST_FUNCTION_BASE,
  SLOT_SIZE,
  TRAP_STACK_OVERFLOW,
  type ValType,
} from '@k23/frontend-wasm/runtime-abi'
import { EPOCH, FUEL, HOST_CALL, RETURNED, TRAP } from '@k23/machine'
import { runBuiltin } from './builtins.ts'
import { bug, OutOfFuel, Trap } from './errors.ts'
import { getU64 } from './guest.ts'
import type { Store } from './store.ts'
import { backtrace, type Place, placeOf, trapOfCode, trapOfReason } from './traps.ts'
import { readValue, writeValue } from './values.ts'

/** Calls within calls through host functions: bounds the host's stack, as the limit cell bounds the guest's. */
const MAX_DEPTH = 400

/** A call into the guest that has not returned. */
export interface Entry {
  readonly isAsync: boolean
  /** A promise is waited for: calls in the meantime are not made by this one, though they lie on its stack. */
  isWaiting: boolean
  /** Where it was stopped when it made the next one, for backtraces; undefined where that was not its doing. */
  place: Place | undefined
}

/** What a stopped hart waits for: settled with the rest of the work that the stop was for. */
type Pending = Promise<() => void>

const RETURNS = Symbol('the entry has returned')

/** Runs the entry trampoline at `address` until it returns. */
export function enterGuest(store: Store, address: number, args: readonly number[]): void {
  const entry = begin(store, address, args)
  let returned = false
  try {
    for (;;) {
      const stop = advance(store)
      if (stop === RETURNS) {
        returned = true
        return
      }
      if (stop !== undefined) {
        stop.catch(() => {})
        throw new TypeError('a host function of a call that is not asynchronous gave a promise: use callAsync')
      }
      if (store.entries.at(-1) !== entry)
        throw new TypeError('a host function returned before an asynchronous call that it made: it must wait for it')
    }
  } finally {
    end(store, entry, returned)
  }
}

/** The same where host functions may be asynchronous, with `results` of it in the end; what is executed before the first of them waits is executed at once. */
export async function enterGuestAsync<T>(
  store: Store,
  address: number,
  args: readonly number[],
  results: () => T,
): Promise<T> {
  const entry = begin(store, address, args, true)
  let returned = false
  try {
    for (;;) {
      const stop = advance(store)
      if (stop === RETURNS) {
        returned = true
        // At once: the next call at this depth has the same block.
        return results()
      }
      if (stop === undefined && store.entries.at(-1) === entry) continue
      entry.isWaiting = true
      try {
        const rest = await stop
        await innermost(store, entry)
        rest?.()
      } catch (e) {
        await innermost(store, entry)
        throw e
      }
      entry.isWaiting = false
    }
  } finally {
    end(store, entry, returned)
  }
}

function begin(store: Store, address: number, args: readonly number[], isAsync = false): Entry {
  const { hart, entries } = store
  if (entries.length >= MAX_DEPTH) throw trapOfCode(TRAP_STACK_OVERFLOW, backtrace(store, hart.pc))
  const outer = entries.at(-1)
  if (outer !== undefined) outer.place = outer.isWaiting ? undefined : placeOf(store, hart.pc)
  store.engine.machine.enter(hart, address, args)
  const entry: Entry = { isAsync, isWaiting: false, place: undefined }
  entries.push(entry)
  return entry
}

/** Gives up what is left of the entry, and all that is above it. */
function end(store: Store, entry: Entry, returned: boolean): void {
  const { entries, hart } = store
  if (!entries.includes(entry)) return
  for (let top = entries.pop(); top !== entry; top = entries.pop()) store.engine.machine.leave(hart)
  if (!returned) store.engine.machine.leave(hart)
  for (const resolve of store.waiting.splice(0)) resolve()
}

/** Waits until the entry is the innermost. */
async function innermost(store: Store, entry: Entry): Promise<void> {
  while (store.entries.at(-1) !== entry) {
    if (!store.entries.includes(entry)) throw new TypeError('the call was given up by the call that it is part of')
    await new Promise<void>((resolve) => store.waiting.push(resolve))
  }
}

/** Runs the hart until it stops, and does what it stopped for, or what can be done of it now. */
function advance(store: Store): typeof RETURNS | Pending | undefined {
  const r = store.engine.machine.run(store.hart)
  switch (r.kind) {
    case RETURNED:
      return RETURNS
    case HOST_CALL:
      return hostCall(store, r.number, r.block)
    case TRAP:
      throw trapOfReason(store, r)
    case FUEL:
      return atPlace(store, r.pc, () => store.usedUpFuel())
    case EPOCH:
      return atPlace(store, r.pc, () => store.reachedDeadline())
    default:
      return bug(`the hart stopped for reason ${r.kind} at 0x${r.pc.toString(16)}`)
  }
}

function hostCall(store: Store, number: number, block: number): Pending | undefined {
  if (number >= HOST_FUNCTION_BASE) return callHostFunction(store, number - HOST_FUNCTION_BASE, block)
  return atPlace(store, store.hart.pc, () => runBuiltin(store, number, block))
}

/** Does what guest code at `pc` left to the kernel: traps get its backtrace. */
function atPlace(store: Store, pc: number, run: () => Pending | undefined): Pending | undefined {
  const withPlace = (e: unknown): never => {
    if (e instanceof Trap) throw new Trap(e.code, e.message, backtrace(store, pc))
    if (e instanceof OutOfFuel) throw new OutOfFuel(backtrace(store, pc))
    throw e
  }
  try {
    const pending = run()
    if (!(pending instanceof Promise)) return undefined
    return pending.then((rest) => () => {
      try {
        rest()
      } catch (e) {
        withPlace(e)
      }
    })
  } catch (e) {
    return withPlace(e)
  }
}

function callHostFunction(store: Store, n: number, block: number): Pending | undefined {
  const called = store.hostFunctions[n] ?? bug(`host call ${n}: there is no such function`)
  const { params, results } = called.func.type
  const bytes = (HOST_BLOCK_FIRST + Math.max(params.length, results.length)) * SLOT_SIZE
  const slot = (i: number): number => (HOST_BLOCK_FIRST + i) * SLOT_SIZE
  const d = store.guest.data(block, bytes)
  const args: unknown[] = []
  for (let i = 0; i < params.length; i++) args.push(readValue(store, d, slot(i), params[i]))
  const outer = store.caller
  store.caller = store.instanceAt(getU64(d, HOST_BLOCK_CALLER * SLOT_SIZE))
  let result: unknown
  try {
    result = called.run(...args)
  } finally {
    store.caller = outer
  }
  // A promise is a value too, where nothing waits for it.
  const isValue = results.length === 1 && results[0] === EXTERNREF && store.entries.at(-1)?.isAsync !== true
  if (result instanceof Promise && !isValue)
    return result.then((value) => () => giveResults(store, block, bytes, results, value))
  giveResults(store, block, bytes, results, result)
  return undefined
}

function giveResults(store: Store, block: number, bytes: number, results: readonly ValType[], result: unknown): void {
  if (results.length === 0) return
  // The function may have made memory grow: the view is fetched here.
  const out = store.guest.data(block, bytes)
  const at = (i: number): number => (HOST_BLOCK_FIRST + i) * SLOT_SIZE
  if (results.length === 1) return writeValue(store, out, at(0), results[0], result)
  if (!Array.isArray(result) || result.length !== results.length) {
    throw new TypeError(
      `the host function gives an array of ${results.length} results, found ${Array.isArray(result) ? `${result.length}` : typeof result}`,
    )
  }
  results.forEach((t, i) => {
    writeValue(store, out, at(i), t, (result as unknown[])[i])
  })
}
