// Arguments, environment, time, random bytes, the end of the process.
import { EQ, SGT, type Value } from '@k23/ir'
import type { Datum } from '../../../compose.ts'
import { zeros } from '../../../data.ts'
import { LENGTH, type RuntimeRoutine } from '../runtime.ts'
import { INVAL } from './errno.ts'
import type { Body, Row, WasiRoutine } from './routine.ts'

// ---- ARGUMENTS: number of arguments, their vector, number of variables, their vector
export const ARGUMENTS = 'rt_arguments'
export const ARGUMENT_COUNT = 0
export const ARGUMENT_VECTOR = 8
const VARIABLES = 16
/** A struct timespec. */
const TIME = 'wasi_time'
/** As many bytes of it as poll_oneoff has subscriptions of clocks with the same end. */
const CLOCKS = 4n
const NANOSECONDS = 1_000_000_000n
const TIMER_ABSOLUTE = 1n

export function processData(): Datum[] {
  return [zeros(ARGUMENTS, 32), zeros(TIME, 16)]
}

/** Notes what the system left on the stack: argc, argv, 0, envp, 0. */
export function noteArguments(r: RuntimeRoutine, stack: Value): void {
  const note = r.address(ARGUMENTS)
  const count = r.u64(stack)
  const vector = r.plus(stack, 8n)
  r.set64(count, note, ARGUMENT_COUNT)
  r.set64(vector, note, ARGUMENT_VECTOR)
  const variables = r.plus(vector, r.ins.ishl_imm(r.plus(count, 1n), 3))
  const n = r.variable(r.i64(0))
  r.loop(
    () => r.u64(r.plus(variables, r.ins.ishl_imm(n.get(), 3))),
    () => r.add(n, 1n),
  )
  r.set64(n.get(), note, VARIABLES)
  r.set64(variables, note, VARIABLES + 8)
}

/** Number of strings of a vector, and bytes of all with their zeros. */
const sizes =
  (list: number): Body =>
  (r) => {
    const [count, bytes] = r.params
    const [n, vector] = listOf(r, list)
    const total = r.variable(r.i64(0))
    r.count(n, (i) => total.set(r.plus(total.get(), r.plus(r.call(LENGTH, [item(r, vector, i)]), 1n))))
    r.set32(n, r.guest(count, 4n))
    r.set32(total.get(), r.guest(bytes, 4n))
  }

/** Pointers to the strings, and the strings. */
const strings =
  (list: number): Body =>
  (r) => {
    const [pointers, buffer] = r.params
    const [n, vector] = listOf(r, list)
    const at = r.variable(buffer)
    r.count(n, (i) => {
      const s = item(r, vector, i)
      const bytes = r.plus(r.call(LENGTH, [s]), 1n)
      r.set32(at.get(), r.guest(r.plus(pointers, r.ins.ishl_imm(i, 2)), 4n))
      r.call('Memcpy', [r.guest(at.get(), bytes), s, bytes])
      at.set(r.plus(at.get(), bytes))
    })
  }

function listOf(r: WasiRoutine, list: number): [Value, Value] {
  const note = r.address(ARGUMENTS)
  return [r.u64(note, list), r.u64(note, list + 8)]
}

const item = (r: WasiRoutine, vector: Value, i: Value): Value => r.u64(r.plus(vector, r.ins.ishl_imm(i, 3)))

const clock =
  (call: 'clock_gettime' | 'clock_getres', result: number): Body =>
  (r) => {
    const time = r.address(TIME)
    const out = r.guest(r.params[result], 8n)
    // WASI's clocks have Linux's numbers: realtime, monotonic, process, thread.
    r.failIf(r.icmp(SGT, r.params[0], CLOCKS - 1n), INVAL)
    r.must(r.syscall(call, r.params[0], time))
    r.set64(r.plus(r.ins.imul(r.u64(time), r.i64(NANOSECONDS)), r.u64(time, 8)), out)
  }

const random: Body = (r) => {
  const at = r.variable(r.guest(r.params[0], r.params[1]))
  const left = r.variable(r.params[1])
  r.loop(
    () => left.get(),
    () => {
      const n = r.must(r.syscall('getrandom', at.get(), left.get(), 0n))
      at.set(r.plus(at.get(), n))
      left.set(r.ins.isub(left.get(), n))
    },
  )
}

// ---- poll_oneoff: subscriptions of 48 bytes, events of 32
const SUBSCRIPTION = 48
const EVENT = 32
const TAG = 8
const CLOCK_ID = 16
const CLOCK_TIMEOUT = 24
const CLOCK_FLAGS = 40

/** Handles are always ready; without any, it sleeps until the first clock, and says so of that one. */
const poll: Body = (r) => {
  const { ins } = r
  const [from, to, n, count] = r.params
  const place = r.guest(from, ins.imul_imm(n, SUBSCRIPTION))
  const events = r.guest(to, ins.imul_imm(n, EVENT))
  const out = r.guest(count, 4n)
  r.failIf(r.icmp(EQ, n, 0n), INVAL)
  const found = r.variable(r.i64(0))
  const event = (s: Value): void => {
    const e = r.plus(events, ins.imul_imm(found.get(), EVENT))
    r.call('Memset', [e, 0n, BigInt(EVENT)])
    r.set64(r.u64(s), e)
    r.set8(r.u8(s, TAG), e, 10)
    r.add(found, 1n)
  }
  r.count(n, (i) => {
    const s = r.plus(place, ins.imul_imm(i, SUBSCRIPTION))
    r.when(r.u8(s, TAG), () => event(s))
  })
  r.when(r.icmp(EQ, found.get(), 0n), () => {
    const first = r.variable(place)
    r.count(n, (i) => {
      const s = r.plus(place, ins.imul_imm(i, SUBSCRIPTION))
      const sooner = r.icmp(SGT, r.u64(first.get(), CLOCK_TIMEOUT), r.u64(s, CLOCK_TIMEOUT))
      first.set(ins.select(sooner, s, first.get()))
    })
    const s = first.get()
    const time = r.address(TIME)
    const timeout = r.u64(s, CLOCK_TIMEOUT)
    r.set64(ins.udiv(timeout, r.i64(NANOSECONDS)), time)
    r.set64(ins.urem(timeout, r.i64(NANOSECONDS)), time, 8)
    const absolute = r.and(r.u16(s, CLOCK_FLAGS), TIMER_ABSOLUTE)
    r.failIf(r.icmp(SGT, r.u32(s, CLOCK_ID), 1n), INVAL)
    r.syscall('clock_nanosleep', r.u32(s, CLOCK_ID), absolute, time, 0n)
    event(s)
  })
  r.set32(found.get(), out)
}

const exit: Body = (r) => {
  r.syscall('exit_group', r.params[0])
}

// biome-ignore format: table
export const processRows: readonly Row[] = [
  { name: 'args_sizes_get',    params: 'ii',   body: sizes(ARGUMENT_COUNT) },
  { name: 'args_get',          params: 'ii',   body: strings(ARGUMENT_COUNT) },
  { name: 'environ_sizes_get', params: 'ii',   body: sizes(VARIABLES) },
  { name: 'environ_get',       params: 'ii',   body: strings(VARIABLES) },
  { name: 'clock_time_get',    params: 'iIi',  body: clock('clock_gettime', 2) },
  { name: 'clock_res_get',     params: 'ii',   body: clock('clock_getres', 1) },
  { name: 'random_get',        params: 'ii',   body: random },
  { name: 'poll_oneoff',       params: 'iiii', body: poll },
  { name: 'sched_yield',       params: '',     body: (r) => void r.must(r.syscall('sched_yield')) },
  { name: 'proc_exit',         params: 'i',    result: false, body: exit },
]
