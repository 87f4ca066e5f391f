// A timer of the kernel that sends a signal to one thread: no second thread is needed to interrupt the first one.
//
// It fires once for each arm(). A thread that is idle is woken up at most once, and one that keeps running arms it again. A signal may come late, when
// another machine of the thread runs, and several may be seen as one: so a signal only says that it is time to look at the clock.

import type { Libc } from './libc.ts'
import type { NativeFunction } from './koffi.ts'

// time.h, signal.h
const CLOCK_MONOTONIC = 1
const SIGEV_THREAD_ID = 4
const SIGEVENT_BYTES = 64

/** Timers of the process that nobody can arm any more. */
const abandoned = new FinalizationRegistry<() => void>((remove) => remove())

interface State {
  armed: boolean
  fired: boolean
  /** When the signal comes, in milliseconds of performance.now(). */
  due: number
}

/** Of this thread's timers. */
const waiting = new Set<State>()

/** To be called for each signal: finds the timers that are due. */
export function expireTimers(): void {
  // The two clocks are the same, read in different units.
  const now = performance.now() + 0.01
  for (const state of waiting) {
    if (state.due > now) continue
    state.armed = false
    state.fired = true
    waiting.delete(state)
  }
}

export class Timer {
  private readonly state: State = { armed: false, fired: false, due: 0 }
  private readonly milliseconds: number
  private readonly settime: NativeFunction
  private readonly remove: () => void
  private readonly id: number
  private readonly once: Uint8Array

  /** Sends `signal` to the thread with the kernel's number `task`. */
  constructor(libc: Libc, task: number, signal: number, milliseconds: number) {
    this.milliseconds = milliseconds
    const c = libc.koffi.load(null)
    const create = c.func('timer_create', 'int', ['int', 'void *', 'void *'])
    const remove = c.func('timer_delete', 'int', ['uintptr_t'])
    this.settime = c.func('timer_settime', 'int', ['uintptr_t', 'int', 'void *', 'void *'])
    // struct sigevent: value, signal, how to notify, thread
    const event = new Uint8Array(SIGEVENT_BYTES)
    const fields = new DataView(event.buffer)
    fields.setInt32(8, signal, true)
    fields.setInt32(12, SIGEV_THREAD_ID, true)
    fields.setInt32(16, task, true)
    const id = new Uint8Array(8)
    if (create(CLOCK_MONOTONIC, event, id) !== 0)
      throw new Error(`timer_create: the host refuses it (errno ${libc.koffi.errno()})`)
    const idWords = new DataView(id.buffer)
    const number = idWords.getUint32(4, true) * 2 ** 32 + idWords.getUint32(0, true)
    this.id = number
    this.remove = () => void remove(number)
    abandoned.register(this, this.remove, this)
    // struct itimerspec: interval (none), then the time to the first
    this.once = new Uint8Array(32)
    const nanoseconds = Math.max(1, Math.round(milliseconds * 1e6))
    const spec = new DataView(this.once.buffer)
    spec.setUint32(16, Math.floor(nanoseconds / 1e9), true)
    spec.setUint32(24, nanoseconds % 1e9, true)
  }

  get armed(): boolean {
    return this.state.armed
  }

  arm(): void {
    const { state } = this
    state.armed = true
    state.due = performance.now() + this.milliseconds
    waiting.add(state)
    this.settime(this.id, 0, this.once, null)
  }

  /** Whether it has fired since the last call of this. */
  takeFired(): boolean {
    const { state } = this
    const { fired } = state
    state.fired = false
    return fired
  }

  close(): void {
    abandoned.unregister(this)
    waiting.delete(this.state)
    this.remove()
  }
}
