// poll_oneoff: waits until one of several things is the case.
//
// Nothing here is asynchronous: a file is always ready, a sink too, a source unless it says that nothing is there yet. So a wait is over at
// once if anything of that kind was asked for, and is a sleep until the first clock otherwise.
import * as abi from './abi.ts'
import { permit } from './descriptors.ts'
import { errnoOf, fail } from './errors.ts'
import type { GuestMemory } from './guest-memory.ts'
import { timeOf } from './process.ts'
import type { Program, Run } from './program.ts'

interface Event {
  readonly userdata: bigint
  readonly type: number
  readonly errno: number
  readonly bytes: bigint
}

interface Timer {
  readonly userdata: bigint
  /** Of the monotonic clock, in nanoseconds. */
  readonly end: bigint
}

/** How often sources that had nothing are asked again while a clock runs, in nanoseconds. */
const ASK_AGAIN = 10_000_000n

export const pollOneoff: Run = (p, m, subscriptions, events, count, result) => {
  const n = count >>> 0
  if (n === 0) fail('EINVAL')
  m.bytes(subscriptions, n * abi.SUBSCRIPTION.SIZE)
  m.bytes(events, n * abi.EVENT.SIZE)
  const rows = Array.from({ length: n }, (_, i) => (subscriptions >>> 0) + i * abi.SUBSCRIPTION.SIZE)
  const ready: Event[] = []
  const timers: Timer[] = []
  const files: number[] = []
  for (const row of rows) {
    const userdata = m.u64(row + abi.SUBSCRIPTION.userdata)
    const type = m.u8(row + abi.SUBSCRIPTION.tag)
    if (type === abi.EVENT_CLOCK) {
      try {
        timers.push({ userdata, end: endOf(p, m, row) })
      } catch (e) {
        ready.push({ userdata, type, errno: errnoOf(e) ?? fail('EINVAL'), bytes: 0n })
      }
    } else if (type === abi.EVENT_FD_READ || type === abi.EVENT_FD_WRITE) files.push(row)
    else fail('EINVAL')
  }
  for (;;) {
    for (const row of files) {
      const e = fileEvent(p, m, row)
      if (e !== undefined) ready.push(e)
    }
    const now = p.environment.monotonic()
    for (const t of timers)
      if (t.end <= now) ready.push({ userdata: t.userdata, type: abi.EVENT_CLOCK, errno: 0, bytes: 0n })
    if (ready.length > 0) break
    const first = timers.reduce<bigint | undefined>((a, t) => (a === undefined || t.end < a ? t.end : a), undefined)
    const left = first === undefined ? ASK_AGAIN : first - now
    p.environment.sleep(files.length > 0 && left > ASK_AGAIN ? ASK_AGAIN : left)
  }
  ready.forEach((e, i) => {
    writeEvent(m, (events >>> 0) + i * abi.EVENT.SIZE, e)
  })
  m.setU32(result, ready.length)
}

function endOf(p: Program, m: GuestMemory, row: number): bigint {
  const now = timeOf(p, m.u32(row + abi.SUBSCRIPTION.clock))
  const timeout = m.u64(row + abi.SUBSCRIPTION.timeout)
  const flags = m.u16(row + abi.SUBSCRIPTION.flags)
  if ((flags & ~abi.SUBSCRIPTION_CLOCK_ABSTIME) !== 0) fail('EINVAL')
  return p.environment.monotonic() + (flags === abi.SUBSCRIPTION_CLOCK_ABSTIME ? timeout - now : timeout)
}

/** undefined: not ready. */
function fileEvent(p: Program, m: GuestMemory, row: number): Event | undefined {
  const userdata = m.u64(row + abi.SUBSCRIPTION.userdata)
  const type = m.u8(row + abi.SUBSCRIPTION.tag)
  const event = (errno: number, bytes: number): Event => ({ userdata, type, errno, bytes: BigInt(bytes) })
  const reads = type === abi.EVENT_FD_READ
  try {
    const d = p.fds.get(m.u32(row + abi.SUBSCRIPTION.fd))
    permit(d, abi.rights('poll_fd_readwrite', reads ? 'fd_read' : 'fd_write'))
    if (!reads) return event(0, 1)
    if (d.kind === 'stream') {
      const available = d.source?.available?.()
      return available === 0 ? undefined : event(0, available ?? 1)
    }
    if (d.kind !== 'file') return event(abi.errno.EBADF, 0)
    const { size } = d.fs.fstatSync(d.handle, { bigint: true })
    return event(0, Math.max(0, Number(size) - d.offset))
  } catch (e) {
    const errno = errnoOf(e)
    if (errno === undefined) throw e
    return event(errno, 0)
  }
}

function writeEvent(m: GuestMemory, at: number, e: Event): void {
  m.bytes(at, abi.EVENT.SIZE).fill(0)
  m.setU64(at + abi.EVENT.userdata, e.userdata)
  m.setU16(at + abi.EVENT.error, e.errno)
  m.setU8(at + abi.EVENT.type, e.type)
  m.setU64(at + abi.EVENT.nbytes, e.bytes)
}
