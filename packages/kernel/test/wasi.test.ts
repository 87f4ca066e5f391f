import { describe, expect, test } from 'vitest'
import { WasiExit } from '../src/wasi/errors.ts'
import { bytesSink, bytesSource, Wasi } from '../src/wasi/index.ts'
import { BUFFER, guest, OUT } from './wasi-guest.ts'
import { thrown } from './wat.ts'

describe('arguments and environment', () => {
  test('are laid out as pointers and strings that end in 0', () => {
    const g = guest({ args: ['prog', '', 'ä€😀'], env: { A: '1', B: 'x=y' } })
    g.ok('args_sizes_get', OUT, OUT + 4)
    expect([g.u32(OUT), g.u32(OUT + 4)]).toEqual([3, 5 + 1 + 10])
    g.ok('args_get', OUT, BUFFER)
    expect([0, 1, 2].map((i) => g.u32(OUT + 4 * i) - BUFFER)).toEqual([0, 5, 6])
    expect(g.text(BUFFER, 16)).toBe('prog\0\0ä€😀\0')
    g.ok('environ_sizes_get', OUT, OUT + 4)
    expect([g.u32(OUT), g.u32(OUT + 4)]).toEqual([2, 4 + 6])
    g.ok('environ_get', OUT, BUFFER)
    expect(g.text(BUFFER, 10)).toBe('A=1\0B=x=y\0')
  })

  test('a NUL in one is refused', () => {
    expect(() => new Wasi({ args: ['a\0b'] })).toThrow(TypeError)
    expect(() => new Wasi({ env: { A: '\0' } })).toThrow(TypeError)
  })
})

describe('the end of the program', () => {
  test('proc_exit ends it with its code, as unsigned', () => {
    const g = guest()
    const e = thrown(() => g.call('proc_exit', 7))
    expect(e).toBeInstanceOf(WasiExit)
    expect((e as WasiExit).code).toBe(7)
    expect((thrown(() => g.call('proc_exit', -1)) as WasiExit).code).toBe(2 ** 32 - 1)
  })
  test('a program that returns from _start has exit code 0', () => {
    const g = guest()
    expect(g.wasi.start(g.instance)).toBe(0)
    expect(g.call('fd_tell', 0, OUT)).toBe('EBADF')
  })
})

describe('streams', () => {
  test('input is read buffer by buffer until it ends', () => {
    const g = guest({ stdin: bytesSource(new TextEncoder().encode('hello world')) })
    g.putU32(OUT, BUFFER, 4, BUFFER + 10, 4)
    const got: string[] = []
    for (let i = 0; i < 3; i++) {
      g.ok('fd_read', 0, OUT, 2, OUT + 100)
      const n = g.u32(OUT + 100)
      got.push(g.text(BUFFER, Math.min(4, n)) + g.text(BUFFER + 10, Math.max(0, n - 4)))
    }
    expect(got).toEqual(['hello wo', 'rld', ''])
  })

  test('output is gathered, and each sink gets its own', () => {
    const stdout = bytesSink()
    const stderr = bytesSink()
    const g = guest({ stdout, stderr })
    g.put(BUFFER, new TextEncoder().encode('abcdef'))
    g.putU32(OUT, BUFFER, 2, BUFFER + 1000, 0, BUFFER + 4, 2)
    g.ok('fd_write', 1, OUT, 3, OUT + 100)
    expect(g.u32(OUT + 100)).toBe(4)
    g.putU32(OUT, BUFFER + 2, 2)
    g.ok('fd_write', 2, OUT, 1, OUT + 100)
    g.put(BUFFER, [0, 0, 0, 0, 0, 0])
    expect(new TextDecoder().decode(stdout.bytes())).toBe('abef')
    expect(new TextDecoder().decode(stderr.bytes())).toBe('cd')
  })

  test('go one way and cannot seek', () => {
    const g = guest()
    g.putU32(OUT, BUFFER, 4)
    expect(g.call('fd_write', 0, OUT, 1, OUT + 100)).toBe('ENOTCAPABLE')
    expect(g.call('fd_read', 1, OUT, 1, OUT + 100)).toBe('ENOTCAPABLE')
    expect(g.call('fd_seek', 1, 0n, 0, OUT)).toBe('ESPIPE')
    expect(g.call('fd_tell', 0, OUT)).toBe('ESPIPE')
    expect(g.call('fd_pread', 0, OUT, 1, 0n, OUT)).toBe('ESPIPE')
    expect(g.call('fd_readdir', 0, OUT, 8, 0n, OUT)).toBe('ENOTDIR')
    expect(g.call('fd_prestat_get', 0, OUT)).toBe('EBADF')
  })

  test('only a terminal is a character device', () => {
    const g = guest({ stdout: { write: () => {}, isTerminal: true } })
    g.ok('fd_fdstat_get', 1, OUT)
    expect(g.u8(OUT)).toBe(2)
    g.ok('fd_fdstat_get', 2, OUT)
    expect(g.u8(OUT)).toBe(0)
    // No right to seek: how C libraries know a terminal.
    expect(g.u64(OUT + 8) & 0b100100n).toBe(0n)
  })

  test("an error of a sink is the program's errno where it is one, and the caller's otherwise", () => {
    const broken = { write: (): void => void thrower() }
    let thrower = (): never => {
      throw Object.assign(new Error('gone'), { code: 'EPIPE' })
    }
    const g = guest({ stdout: broken })
    g.putU32(OUT, BUFFER, 4)
    expect(g.call('fd_write', 1, OUT, 1, OUT + 100)).toBe('EPIPE')
    thrower = () => {
      throw new RangeError('ours')
    }
    expect(() => g.call('fd_write', 1, OUT, 1, OUT + 100)).toThrow('ours')
  })
})

describe('what the guest hands over is checked', () => {
  const end = 65536
  const g = guest({ args: ['a'], env: { A: 'b' } })
  // biome-ignore format: table
  const rows: [name: string, ...args: (number | bigint)[]][] = [
    ['args_get',            end - 2, BUFFER],
    ['args_get',            OUT, end - 1],
    ['args_sizes_get',      end - 3, OUT],
    ['args_sizes_get',      OUT, -4],
    ['environ_get',         OUT, end],
    ['environ_sizes_get',   end, OUT],
    ['clock_time_get',      0, 0n, end - 7],
    ['clock_res_get',       0, -1],
    ['random_get',          end - 4, 5],
    ['random_get',          0, -1],
    ['fd_read',             0, end - 4, 1, OUT],
    ['fd_read',             0, OUT, 1, end - 2],
    ['fd_write',            1, end - 4, 1, OUT],
    ['fd_fdstat_get',       1, end - 23],
    ['fd_filestat_get',     1, end - 63],
    ['poll_oneoff',         end - 47, OUT, 1, OUT],
    ['poll_oneoff',         OUT, end - 31, 1, OUT],
    ['poll_oneoff',         OUT, OUT, -1, OUT],
  ]
  for (const [name, ...args] of rows) {
    test(`${name}(${args.join(', ')}) is EFAULT`, () => {
      g.put(OUT, new Array(64).fill(0))
      expect(g.call(name, ...args)).toBe('EFAULT')
    })
  }
  test('a buffer of an iovec too', () => {
    g.putU32(OUT, BUFFER, 4, end - 3, 4)
    expect(g.call('fd_write', 1, OUT, 2, OUT + 100)).toBe('EFAULT')
    g.putU32(OUT, BUFFER, 4, 0xffff_fffc, 8)
    expect(g.call('fd_read', 0, OUT, 2, OUT + 100)).toBe('EFAULT')
  })
  test('the number of iovecs is bounded', () => {
    expect(g.call('fd_write', 1, OUT, 1025, OUT)).toBe('EINVAL')
    expect(g.call('fd_write', 1, OUT, -1, OUT)).toBe('EINVAL')
    g.put(OUT, new Array(8 * 1024).fill(0))
    expect(g.call('fd_write', 1, OUT, 1024, OUT)).toBe('SUCCESS')
  })
  test('descriptors are looked up as unsigned', () => {
    for (const fd of [3, -1, 2 ** 31 - 1]) expect(g.call('fd_fdstat_get', fd, OUT)).toBe('EBADF')
    for (const fd of [3, -1]) expect(g.call('fd_close', fd)).toBe('EBADF')
  })
})

describe('clocks and chance', () => {
  test('are those of the environment', () => {
    let now = 1000n
    const slept: bigint[] = []
    const environment = {
      realtime: () => 5_000_000_000n,
      monotonic: () => now,
      sleep: (ns: bigint) => {
        slept.push(ns)
        now += ns
      },
      randomFill: (into: Uint8Array) => void into.fill(0xab),
    }
    const g = guest({ environment })
    g.ok('clock_time_get', 0, 0n, OUT)
    expect(g.u64(OUT)).toBe(5_000_000_000n)
    g.ok('clock_time_get', 1, 0n, OUT)
    expect(g.u64(OUT)).toBe(1000n)
    now += 5n
    g.ok('clock_time_get', 2, 0n, OUT)
    expect(g.u64(OUT)).toBe(5n)
    expect(g.call('clock_time_get', 4, 0n, OUT)).toBe('EINVAL')
    g.ok('random_get', BUFFER, 3)
    expect([...g.bytes(BUFFER, 4)]).toEqual([0xab, 0xab, 0xab, 0])
    // Two timers: relative 300 on the monotonic clock, absolute 200 from now on the real one.
    g.putU64(BUFFER, 11n)
    g.put(BUFFER + 8, [0])
    g.putU32(BUFFER + 16, 1)
    g.putU64(BUFFER + 24, 300n)
    g.putU64(BUFFER + 48, 12n)
    g.putU32(BUFFER + 64, 0)
    g.putU64(BUFFER + 72, 5_000_000_200n)
    g.put(BUFFER + 88, [1])
    g.ok('poll_oneoff', BUFFER, BUFFER + 1000, 2, OUT)
    expect(slept).toEqual([200n])
    expect([g.u32(OUT), g.u64(BUFFER + 1000), g.u8(BUFFER + 1010)]).toEqual([1, 12n, 0])
    expect(g.call('poll_oneoff', BUFFER, BUFFER, 0, OUT)).toBe('EINVAL')
  })

  test('the default ones: time passes, a sleep lasts, random bytes differ', () => {
    const g = guest()
    g.ok('clock_time_get', 1, 0n, OUT)
    const before = g.u64(OUT)
    g.put(BUFFER, new Array(48).fill(0))
    g.putU32(BUFFER + 16, 1)
    g.putU64(BUFFER + 24, 20_000_000n)
    g.ok('poll_oneoff', BUFFER, BUFFER + 1000, 1, OUT)
    g.ok('clock_time_get', 1, 0n, OUT)
    expect(Number(g.u64(OUT) - before)).toBeGreaterThanOrEqual(19_000_000)
    g.ok('clock_time_get', 0, 0n, OUT)
    expect(Math.abs(Number(g.u64(OUT) / 1_000_000n) - Date.now())).toBeLessThan(10_000)
    g.ok('random_get', BUFFER, 40_000)
    expect(new Set(g.bytes(BUFFER, 40_000)).size).toBe(256)
  })

  test('files are ready at once, and a source that has nothing is asked again', () => {
    let asked = 0
    const g = guest({
      stdin: { read: () => 0, available: () => (++asked < 3 ? 0 : 5) },
      environment: { sleep: () => {} },
    })
    g.put(BUFFER, new Array(96).fill(0))
    g.putU64(BUFFER, 1n)
    g.put(BUFFER + 8, [1])
    g.ok('poll_oneoff', BUFFER, BUFFER + 1000, 1, OUT)
    expect([g.u32(OUT), g.u64(BUFFER + 1000), g.u8(BUFFER + 1010), g.u64(BUFFER + 1016)]).toEqual([1, 1n, 1, 5n])
    expect(asked).toBe(3)
    // A bad descriptor is an event with an error; writing is always possible.
    g.putU32(BUFFER + 16, 77)
    g.putU64(BUFFER + 48, 2n)
    g.put(BUFFER + 56, [2])
    g.putU32(BUFFER + 64, 1)
    g.ok('poll_oneoff', BUFFER, BUFFER + 1000, 2, OUT)
    expect([g.u32(OUT), g.u8(BUFFER + 1008), g.u8(BUFFER + 1040)]).toEqual([2, 8, 0])
    g.put(BUFFER + 8, [3])
    expect(g.call('poll_oneoff', BUFFER, BUFFER + 1000, 1, OUT)).toBe('EINVAL')
  })
})

test('sockets are not supported', () => {
  const g = guest()
  expect(g.call('sock_accept', 0, 0, OUT)).toBe('ENOTSUP')
  expect(g.call('sock_recv', 0, OUT, 0, 0, OUT, OUT)).toBe('ENOTSUP')
  expect(g.call('sock_send', 0, OUT, 0, 0, OUT)).toBe('ENOTSUP')
  expect(g.call('sock_shutdown', 0, 0)).toBe('ENOTSUP')
  expect(g.call('sched_yield')).toBe('SUCCESS')
})
