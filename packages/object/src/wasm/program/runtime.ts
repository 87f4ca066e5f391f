// What the functions of an executable share: text in the program, output, numbers as text.
//
// Output is put into a line (LINE) until it is flushed to a handle. All of this runs on one thread.
import { type Func, NE, type Signature, UGE, type Value } from '@k23/ir'
import type { Datum } from '../../compose.ts'
import { StringPool, zeros } from '../../data.ts'
import type { LinuxAbi } from '../../linux/abi.ts'
import { ProgramRoutine, type Word } from '../../linux/routine.ts'

export const PUT = 'rt_put'
export const PUT_NUMBER = 'rt_put_number'
export const FLUSH = 'rt_flush'
export const WRITE_ALL = 'rt_write_all'
export const LENGTH = 'rt_length'
export const EQUAL = 'rt_equal'
const LINE = 'rt_line'
const LINE_BYTES = 1 << 14
/** Bytes in LINE, and digits in the making. */
const STATE = 'rt_line_state'
const DIGITS = 'rt_digits'
const MAX_DIGITS = 64

/** Everything that is built for one executable. */
export interface Builder {
  readonly linux: LinuxAbi
  readonly strings: StringPool
}

export function newBuilder(linux: LinuxAbi): Builder {
  return { linux, strings: new StringPool('rt_strings') }
}

export class RuntimeRoutine extends ProgramRoutine {
  readonly builder: Builder

  constructor(name: string, params: number, results: number, builder: Builder, signature?: Signature) {
    super(name, params, results, builder.linux, signature)
    this.builder = builder
  }

  /** Address and length of a text. */
  text(s: string): [address: Value, length: Value] {
    const { offset, length } = this.builder.strings.add(s)
    return [this.address(this.builder.strings.name, offset), this.i64(length)]
  }
  putText(s: string): void {
    this.call(PUT, this.text(s), 0)
  }
  put(address: Value, length: Word): void {
    this.call(PUT, [address, length], 0)
  }
  /** An unsigned number. */
  putNumber(x: Value, radix: bigint): void {
    this.call(PUT_NUMBER, [x, radix], 0)
  }
  flush(handle: bigint): void {
    this.call(FLUSH, [handle], 0)
  }
  /** Says it on standard error and ends the program. */
  fail(status: bigint): void {
    this.flush(2n)
    this.syscall('exit_group', status)
  }
}

export function sharedFunctions(b: Builder): Func[] {
  return [put(b), putNumber(b), flush(b), writeAll(b), length(b), equal(b)]
}

export function sharedData(): Datum[] {
  return [zeros(LINE, LINE_BYTES), zeros(STATE, 16), zeros(DIGITS, MAX_DIGITS)]
}

/** (address, n): what the line has no room for is left out. */
function put(b: Builder): Func {
  const r = new RuntimeRoutine(PUT, 2, 0, b)
  const [address, n] = r.args
  const state = r.address(STATE)
  const at = r.u64(state)
  const room = r.ins.isub(r.i64(LINE_BYTES), at)
  const taken = r.ins.umin(n, room)
  r.call('Memcpy', [r.plus(r.address(LINE), at), address, taken])
  r.set64(r.plus(at, taken), state)
  r.return()
  return r.done()
}

/** (number, radix) */
function putNumber(b: Builder): Func {
  const r = new RuntimeRoutine(PUT_NUMBER, 2, 0, b)
  const [number, radix] = r.args
  const rest = r.variable(number)
  const digits = r.address(DIGITS)
  const at = r.variable(r.i64(MAX_DIGITS))
  const more = r.variable(r.i64(1))
  r.loop(
    () => more.get(),
    () => {
      const digit = r.ins.urem(rest.get(), radix)
      rest.set(r.ins.udiv(rest.get(), radix))
      r.add(at, -1n)
      const letter = r.icmp(UGE, digit, 10n)
      const text = r.plus(digit, r.ins.select(letter, r.i64(0x61 - 10), r.i64(0x30)))
      r.set8(text, r.plus(digits, at.get()))
      more.set(r.is(NE, rest.get(), 0n))
    },
  )
  r.put(r.plus(digits, at.get()), r.ins.isub(r.i64(MAX_DIGITS), at.get()))
  r.return()
  return r.done()
}

/** (handle): writes the line and empties it. */
function flush(b: Builder): Func {
  const r = new RuntimeRoutine(FLUSH, 1, 0, b)
  const state = r.address(STATE)
  r.call(WRITE_ALL, [r.args[0], r.address(LINE), r.u64(state)], 0)
  r.set64(0n, state)
  r.return()
  return r.done()
}

/** (handle, address, n): as far as the system lets. */
function writeAll(b: Builder): Func {
  const r = new RuntimeRoutine(WRITE_ALL, 3, 0, b)
  const [handle] = r.args
  const at = r.variable(r.args[1])
  const left = r.variable(r.args[2])
  r.loop(
    () => left.get(),
    () => {
      const n = r.syscall('write', handle, at.get(), left.get())
      // An error, or nothing.
      r.when(r.icmp(UGE, r.plus(n, -1n), left.get()), () => r.return())
      at.set(r.plus(at.get(), n))
      left.set(r.ins.isub(left.get(), n))
    },
  )
  r.return()
  return r.done()
}

/** (address) -> bytes before a zero. */
function length(b: Builder): Func {
  const r = new RuntimeRoutine(LENGTH, 1, 1, b)
  const n = r.variable(r.i64(0))
  r.loop(
    () => r.u8(r.plus(r.args[0], n.get())),
    () => r.add(n, 1n),
  )
  r.return(n.get())
  return r.done()
}

/** (address, n, address, n) -> 1 where the bytes are the same. */
function equal(b: Builder): Func {
  const r = new RuntimeRoutine(EQUAL, 4, 1, b)
  const [x, n, y, m] = r.args
  r.when(r.icmp(NE, n, m), () => r.return(r.i64(0)))
  r.count(n, (i) => {
    r.when(r.icmp(NE, r.u8(r.plus(x, i)), r.u8(r.plus(y, i))), () => r.return(r.i64(0)))
  })
  r.return(r.i64(1))
  return r.done()
}
