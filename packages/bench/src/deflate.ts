// Drives the module of zip-module.ts: what JavaScript does around it, on any machine that can call its exports.
//
// The module has malloc and free, and per direction: X_new() gives a stream; X_init_raw(stream[, level]) readies it (0 is success);
// X_process(stream, in, inLength, out, outLength, flush) gives status << 24 | bytes produced, the status being signed, 1 at the end of the stream
// and negative for an error; X_last_consumed(stream) says how much input that took; X_end(stream) frees it.

/** An instance of the module. */
export interface ZlibInstance {
  /** Calls an export with i32 arguments; its i32 result, or 0 where it has none. */
  call(name: string, ...args: number[]): number
  /** Copies bytes into linear memory. */
  write(address: number, bytes: Uint8Array): void
  /** Copies bytes out of linear memory. */
  read(address: number, length: number): Uint8Array
}

export type Direction = 'deflate' | 'inflate'

const IN_BYTES = 32 * 1024
const OUT_BYTES = 64 * 1024
const NO_FLUSH = 0
const FINISH = 4
const STREAM_END = 1

/** Readies a fresh instance; once, before the first transform. */
export function initialize(z: ZlibInstance): void {
  z.call('_initialize')
}

/** The raw deflate stream of `input`, or what the raw deflate stream `input` stands for. Throws Error where the module reports one. */
export function transform(z: ZlibInstance, direction: Direction, input: Uint8Array, level = 6): Uint8Array {
  const inAt = allocate(z, IN_BYTES)
  const outAt = allocate(z, OUT_BYTES)
  const stream = z.call(`${direction}_new`)
  check(
    direction,
    'init',
    direction === 'deflate' ? z.call('deflate_init_raw', stream, level) : z.call('inflate_init_raw', stream),
  )
  const chunks: Uint8Array[] = []
  const process = (length: number, flush: number): number => {
    const result = z.call(`${direction}_process`, stream, length === 0 ? 0 : inAt, length, outAt, OUT_BYTES, flush)
    const status = result >> 24
    if (status < 0) check(direction, 'process', status)
    const produced = result & 0xff_ffff
    if (produced !== 0) chunks.push(z.read(outAt, produced))
    return result
  }
  let ended = false
  for (let at = 0; at < input.length && !ended; ) {
    const part = input.subarray(at, at + IN_BYTES)
    z.write(inAt, part)
    const result = process(part.length, NO_FLUSH)
    const consumed = z.call(`${direction}_last_consumed`, stream)
    ended = result >> 24 === STREAM_END
    if (!ended && consumed === 0 && (result & 0xff_ffff) === 0)
      throw new Error(`${direction}: no progress at byte ${at} of ${input.length}`)
    at += consumed
  }
  while (!ended) {
    const result = process(0, FINISH)
    ended = result >> 24 === STREAM_END || (result & 0xff_ffff) === 0
  }
  check(direction, 'end', z.call(`${direction}_end`, stream))
  z.call('free', inAt)
  z.call('free', outAt)
  return concat(chunks)
}

function allocate(z: ZlibInstance, bytes: number): number {
  const at = z.call('malloc', bytes)
  if (at === 0) throw new Error(`malloc(${bytes}) failed`)
  return at >>> 0
}

function check(direction: Direction, step: string, status: number): void {
  if (status !== 0) throw new Error(`${direction}: ${step} reports ${status}`)
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(chunks.reduce((n, c) => n + c.length, 0))
  let at = 0
  for (const c of chunks) {
    out.set(c, at)
    at += c.length
  }
  return out
}
