// A second thread that advances an epoch while the first one is busy in guest code: a few instructions of our own in a thread of the system.
import { PERM_READ, PERM_WRITE } from '@k23/machine'
import type { Libc } from './libc.ts'

/** Parameters of the thread: address of a u64; 1 to stop (a futex); how long to wait, a timespec; a mask of all signals. */
export const BEAT_CELL = 0
export const BEAT_STOP = 8
export const BEAT_WAIT = 16
export const BEAT_MASK = 32
const BEAT_BYTES = 40

const FUTEX_WAKE_PRIVATE = 129

/** Runs `code` (x64/linux-beat.ts) on the u64 at `cell`. The result stops it; code and cell must stay until then. */
export function startBeat(libc: Libc, futex: number, code: number, cell: number, milliseconds: number): () => void {
  const c = libc.koffi.load(null)
  const create = c.func('pthread_create', 'int', ['void *', 'void *', 'uintptr_t', 'uintptr_t'])
  const join = c.func('pthread_join', 'int', ['uintptr_t', 'void *'])
  const params = libc.map(BEAT_BYTES, PERM_READ | PERM_WRITE)
  const bytes = new Uint8Array(BEAT_BYTES)
  const words = new DataView(bytes.buffer)
  const nanoseconds = Math.max(1, Math.round(milliseconds * 1e6))
  words.setUint32(BEAT_CELL, cell >>> 0, true)
  words.setUint32(BEAT_CELL + 4, Math.floor(cell / 2 ** 32), true)
  words.setUint32(BEAT_WAIT, Math.floor(nanoseconds / 1e9), true)
  words.setUint32(BEAT_WAIT + 8, nanoseconds % 1e9, true)
  bytes.fill(0xff, BEAT_MASK, BEAT_MASK + 8)
  libc.copyIn(params, bytes)
  const handle = new Uint8Array(8)
  const failed = create(handle, null, code, params)
  if (failed !== 0) {
    libc.unmap(params, BEAT_BYTES)
    throw new Error(`pthread_create: the host refuses it (error ${failed})`)
  }
  const handleWords = new DataView(handle.buffer)
  const thread = handleWords.getUint32(4, true) * 2 ** 32 + handleWords.getUint32(0, true)
  let stopped = false
  return () => {
    if (stopped) return
    stopped = true
    libc.copyIn(params + BEAT_STOP, Uint8Array.of(1))
    libc.syscall(futex, params + BEAT_STOP, FUTEX_WAKE_PRIVATE, 1)
    join(thread, null)
    libc.unmap(params, BEAT_BYTES)
  }
}
