// Signals of this process and thread, set up once: the alternate stack with its thread block, and the CPU's handler (x64/linux-handler.ts).
//
// Both are found again by looking at the system's state, not at variables, since each worker has its own copy of this module: a thread has our
// stack if its alternate stack has our size and begins with the magic number, and a signal has our handler if the signature stands before it.
// Neither is ever taken away: a handler may be the one that another one passes on to, and a thread's stack must outlive its last fault.

import { PERM_EXEC, PERM_READ, PERM_WRITE } from '@k23/machine'
import * as C from '../context.ts'
import type { ThreadSignals } from '../host.ts'
import type { Libc } from './libc.ts'

const PAGE = 4096
/** More than the largest signal frame (12 KiB with AMX), and a size that nobody else is likely to choose. */
const STACK_BYTES = 68 << 10

// signal.h
const SIGILL = 4
const SIGTRAP = 5
const SIGBUS = 7
const SIGFPE = 8
const SIGSEGV = 11
/** Ignored by default, and meant for what nobody uses: out-of-band data of sockets. */
export const PREEMPT_SIGNAL = 23
const faults: readonly number[] = [SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV]

const SA_SIGINFO = 0x4
const SA_ONSTACK = 0x08000000
const SA_RESTART = 0x10000000
// struct sigaction of the C libraries: handler, a mask of 1,024 bits, flags, and a field that the library fills in.
const ACTION_BYTES = 152
const ACTION_FLAGS = 136

/** These bytes stand before the handler's first instruction: who finds them there need not install it again. */
export const SIGNATURE: readonly number[] = [...'k23 native trap1'].map((c) => c.charCodeAt(0))

/** On the data page before the handler's code: by signal number, 8 bytes each, the handler to pass on to. */
export const PREVIOUS = 0

export interface HandlerOptions {
  readonly alternateStackBytes: number
  readonly preemptSignal: number
  /** Bytes from the data page to the code. */
  readonly dataDistance: number
}

/** A CPU's handler: its bytes, and the offset of the first instruction, right behind SIGNATURE. */
export type HandlerCode = (options: HandlerOptions) => { readonly bytes: Uint8Array; readonly entry: number }

export interface SystemCalls {
  readonly getpid: number
  readonly gettid: number
  readonly tgkill: number
  readonly futex: number
  readonly prctl: number
}

/** Makes the calling thread able to run guest code. */
export function prepareThread(libc: Libc, handler: HandlerCode, calls: SystemCalls): ThreadSignals {
  const thread = alternateStack(libc)
  installHandler(libc, handler)
  return { thread, process: libc.syscall(calls.getpid, 0, 0, 0), task: libc.syscall(calls.gettid, 0, 0, 0) }
}

/** Sends the preemption signal to a thread; false if it is gone. */
export function preempt(libc: Libc, calls: SystemCalls, process: number, task: number): boolean {
  return libc.syscall(calls.tgkill, process, task, PREEMPT_SIGNAL) === 0
}

const PR_SET_PDEATHSIG = 1
const SIGKILL = 9

/** This process gets a signal that it cannot hold up when the thread that started it ends. */
export function endWithParent(libc: Libc, calls: SystemCalls): void {
  if (libc.syscall(calls.prctl, PR_SET_PDEATHSIG, SIGKILL, 0) !== 0)
    throw new Error(`prctl: the host refuses it (errno ${libc.koffi.errno()})`)
}

function alternateStack(libc: Libc): number {
  // stack_t: address, flags, size
  const present = new Uint8Array(24)
  libc.sigaltstack(null, present)
  const now = new DataView(present.buffer)
  const address = getAddress(now, 0)
  if (getAddress(now, 16) === STACK_BYTES) {
    const block = new DataView(libc.koffi.view(address, 16))
    const ours = block.getUint32(0, true) === C.THREAD_MAGIC_LO && block.getUint32(4, true) === C.THREAD_MAGIC_HI
    release(block.buffer)
    if (ours) return address
  }
  const guard = libc.map(PAGE + STACK_BYTES, 0)
  const stack = guard + PAGE
  libc.protect(stack, STACK_BYTES, PERM_READ | PERM_WRITE)
  const magic = new Uint8Array(16)
  const words = new DataView(magic.buffer)
  words.setUint32(0, C.THREAD_MAGIC_LO, true)
  words.setUint32(4, C.THREAD_MAGIC_HI, true)
  libc.copyIn(stack, magic)
  const wanted = new Uint8Array(24)
  const fields = new DataView(wanted.buffer)
  setAddress(fields, 0, stack)
  setAddress(fields, 16, STACK_BYTES)
  if (libc.sigaltstack(wanted, null) !== 0)
    throw new Error(`sigaltstack: the host refuses it (errno ${libc.koffi.errno()})`)
  return stack
}

function installHandler(libc: Libc, handler: HandlerCode): void {
  const signals = [...faults, PREEMPT_SIGNAL]
  const previous = signals.map((s) => presentHandler(libc, s))
  if (previous.every((p) => isOurs(libc, p))) return
  const { bytes, entry } = handler({
    alternateStackBytes: STACK_BYTES,
    preemptSignal: PREEMPT_SIGNAL,
    dataDistance: PAGE,
  })
  const data = libc.map(PAGE + Math.ceil(bytes.length / PAGE) * PAGE, PERM_READ | PERM_WRITE)
  const table = new Uint8Array(PAGE)
  const words = new DataView(table.buffer)
  // Each kind of fault is passed on to what was there for it, another handler of ours included.
  signals.forEach((s, i) => {
    setAddress(words, PREVIOUS + 8 * s, previous[i])
  })
  libc.copyIn(data, table)
  libc.protect(data, PAGE, PERM_READ)
  const start = data + PAGE
  libc.copyIn(start, bytes)
  libc.protect(start, bytes.length, PERM_READ | PERM_EXEC)
  const action = new Uint8Array(ACTION_BYTES)
  const fields = new DataView(action.buffer)
  setAddress(fields, 0, start + entry)
  // The preemption signal waits until a fault's handler is through.
  action[8 + ((PREEMPT_SIGNAL - 1) >> 3)] = 1 << ((PREEMPT_SIGNAL - 1) & 7)
  fields.setInt32(ACTION_FLAGS, SA_SIGINFO | SA_ONSTACK | SA_RESTART, true)
  for (const s of signals) {
    if (libc.sigaction(s, action, null) !== 0)
      throw new Error(`sigaction ${s}: the host refuses it (errno ${libc.koffi.errno()})`)
  }
}

function presentHandler(libc: Libc, signal: number): number {
  const action = new Uint8Array(ACTION_BYTES)
  libc.sigaction(signal, null, action)
  return getAddress(new DataView(action.buffer), 0)
}

function isOurs(libc: Libc, handler: number): boolean {
  if (handler <= 1) return false
  const before = libc.koffi.view(handler - SIGNATURE.length, SIGNATURE.length)
  const bytes = new Uint8Array(before)
  const same = SIGNATURE.every((b, i) => bytes[i] === b)
  release(before)
  return same
}

/** Ends a view: what still has it sees an empty buffer, and the collector need not count its bytes. Node 20 cannot; there it must not be used any more. */
export function release(buffer: ArrayBufferLike): void {
  const b = buffer as ArrayBuffer
  if ('transfer' in b) b.transfer(0)
}

function getAddress(d: DataView, at: number): number {
  return d.getUint32(at + 4, true) * 2 ** 32 + d.getUint32(at, true)
}
function setAddress(d: DataView, at: number, value: number): void {
  d.setUint32(at, value >>> 0, true)
  d.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
}
