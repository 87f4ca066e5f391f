// Memory, control, calls, exceptions, limits, host functions.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type DataValue,
  dataValue,
  F32,
  type Func,
  I32,
  I64,
  I8,
  parseFunctions,
  unsignedBits,
  verify,
} from '../src/index.ts'
import {
  createInterpreter,
  type HostFunction,
  type InterpreterOptions,
  Memory,
  OUT_OF_FUEL,
  type Outcome,
} from '../src/interpreter/index.ts'

function functions(text: string): Func[] {
  const funcs = parseFunctions(text).functions.map((f) => f.func)
  for (const f of funcs) expect(verify(f)).toEqual([])
  return funcs
}

const i64 = (n: bigint | number): DataValue => dataValue(I64, n)
const i32 = (n: bigint | number): DataValue => dataValue(I32, n)

/** Results as unsigned numbers, or the trap, or the reason. */
function short(o: Outcome): bigint[] | string {
  return 'results' in o ? o.results.map((r) => unsignedBits(r)) : 'trap' in o ? o.trap : o.unsupported
}

/** Calls %f. */
function call(text: string, args: readonly DataValue[] = [], options: InterpreterOptions = {}): bigint[] | string {
  return short(createInterpreter(functions(text), options).invoke('f', args))
}

describe('memory', () => {
  const heap = (bytes: number[], writable = true): { memory: Memory; base: number; bytes: Uint8Array } => {
    const memory = new Memory()
    const content = Uint8Array.from(bytes)
    return { memory, base: memory.map(content, { writable }), bytes: content }
  }

  test('byte orders and extension', () => {
    const { memory, base } = heap([0x81, 0x02, 0x03, 0x84, 0x85, 0x06, 0x07, 0x88])
    const load = (inst: string): bigint[] | string =>
      call(
        `function %f(i64) -> ${/^[^ ]*/.exec(inst)![0].includes('x') ? 'i16x8' : 'i64'} {\nblock0(v0: i64):\n v1 = ${inst} v0\n return v1\n}`,
        [i64(base)],
        { memory },
      )
    expect(load('load.i64')).toEqual([0x8807_0685_8403_0281n])
    expect(load('load.i64 little')).toEqual([0x8807_0685_8403_0281n])
    expect(load('load.i64 big')).toEqual([0x8102_0384_8506_0788n])
    expect(load('uload8.i64')).toEqual([0x81n])
    expect(load('sload8.i64')).toEqual([0xffff_ffff_ffff_ff81n])
    expect(load('uload16.i64 big')).toEqual([0x8102n])
    expect(load('sload16.i64 big')).toEqual([0xffff_ffff_ffff_8102n])
    expect(load('uload32')).toEqual([0x8403_0281n])
    expect(load('sload32')).toEqual([0xffff_ffff_8403_0281n])
    expect(load('sload8x8')).toEqual([0xff88_0007_0006_ff85_ff84_0003_0002_ff81n])
    expect(load('uload8x8')).toEqual([0x0088_0007_0006_0085_0084_0003_0002_0081n])
    const vector = (type: string, inst: string): bigint[] | string =>
      call(`function %f(i64) -> ${type} {\nblock0(v0: i64):\n v1 = ${inst} v0\n return v1\n}`, [i64(base)], { memory })
    expect(vector('i32x4', 'sload16x4')).toEqual([0xffff_8807_0000_0685_ffff_8403_0000_0281n])
    expect(vector('i64x2', 'uload32x2 big')).toEqual([(0x8506_0788n << 64n) | 0x8102_0384n])
    expect(vector('i16x4', 'load.i16x4 big')).toEqual([0x0788_8506_0384_8102n])
  })

  test('stores write their width and no more', () => {
    const { memory, base, bytes } = heap(new Array<number>(16).fill(0xee))
    const run = (inst: string): string => {
      bytes.fill(0xee)
      expect(
        call(
          `function %f(i64, i64) {\nblock0(v0: i64, v1: i64):\n ${inst} v1, v0+2\n return\n}`,
          [i64(base), i64(0x1122_3344_5566_7788n)],
          { memory },
        ),
      ).toEqual([])
      return [...bytes].map((b) => b.toString(16)).join(' ')
    }
    expect(run('istore8')).toBe('ee ee 88 ee ee ee ee ee ee ee ee ee ee ee ee ee')
    expect(run('istore16 big')).toBe('ee ee 77 88 ee ee ee ee ee ee ee ee ee ee ee ee')
    expect(run('istore32')).toBe('ee ee 88 77 66 55 ee ee ee ee ee ee ee ee ee ee')
    expect(run('store')).toBe('ee ee 88 77 66 55 44 33 22 11 ee ee ee ee ee ee')
    expect(run('store big')).toBe('ee ee 11 22 33 44 55 66 77 88 ee ee ee ee ee ee')
  })

  test('faults', () => {
    const { memory, base } = heap([1, 2, 3, 4], false)
    const load = (flags: string, at: number | bigint): bigint[] | string =>
      call(`function %f(i64) -> i32 {\nblock0(v0: i64):\n v1 = load.i32 ${flags} v0\n return v1\n}`, [i64(at)], {
        memory,
      })
    expect(load('', base)).toEqual([0x0403_0201n])
    expect(load('', base + 1)).toBe('heap_oob')
    expect(load('', base - 1)).toBe('heap_oob')
    expect(load('', 0)).toBe('heap_oob')
    expect(load('', (1n << 64n) - 2n)).toBe('heap_oob')
    expect(load('user9', 0)).toBe('user9')
    expect(load('notrap', 0)).toMatch(/^undefined behaviour: load of i32 at 0x0/)
    expect(
      call('function %f(i64) {\nblock0(v0: i64):\n v1 = iconst.i32 1\n store user3 v1, v0\n return\n}', [i64(base)], {
        memory,
      }),
    ).toBe('user3')
    const code =
      'function %f() -> i32 {\n fn0 = %f() -> i32\nblock0:\n v0 = func_addr.i64 fn0\n v1 = load.i32 v0\n return v1\n}'
    expect(call(code)).toBe('heap_oob')
  })

  test('an aligned access elsewhere is undefined, and so is a misaligned atomic one', () => {
    const { memory, base } = heap([1, 2, 3, 4, 5, 6, 7, 8])
    const aligned = 'function %f(i64) -> i32 {\nblock0(v0: i64):\n v1 = load.i32 aligned v0\n return v1\n}'
    expect(call(aligned, [i64(base + 4)], { memory })).toEqual([0x0807_0605n])
    expect(call(aligned, [i64(base + 1)], { memory })).toMatch(/not aligned/)
    const atomic = 'function %f(i64) -> i32 {\nblock0(v0: i64):\n v1 = atomic_load.i32 v0\n return v1\n}'
    expect(call(atomic, [i64(base)], { memory })).toEqual([0x0403_0201n])
    expect(call(atomic, [i64(base + 2)], { memory })).toMatch(/not aligned/)
  })

  test('addresses of 32 bits wrap at 32 bits', () => {
    const { memory, base } = heap([7])
    const text = 'function %f(i32) -> i64 {\nblock0(v0: i32):\n v1 = uload8.i64 v0+16\n return v1\n}'
    expect(call(text, [i32(base - 16)], { memory })).toEqual([7n])
    const wraps = new Memory()
    wraps.map(Uint8Array.of(9), { base: 0x8 })
    expect(call(text, [i32(0xffff_fff8)], { memory: wraps })).toEqual([9n])
  })

  test('atomics that may write fault where writing is not allowed', () => {
    const { memory, base, bytes } = heap([1, 2, 3, 4], false)
    const run = (inst: string): bigint[] | string =>
      call(
        `function %f(i64, i32) -> i32 {\nblock0(v0: i64, v1: i32):\n v2 = ${inst}\n return v2\n}`,
        [i64(base), i32(0)],
        { memory },
      )
    expect(run('atomic_load.i32 v0')).toEqual([0x0403_0201n])
    expect(run('atomic_rmw.i32 add v0, v1')).toBe('heap_oob')
    expect(run('atomic_cas.i32 user4 v0, v1, v1')).toBe('user4')
    expect([...bytes]).toEqual([1, 2, 3, 4])
  })

  test('atomics of every width against BigInt', () => {
    const updates: { readonly [op: string]: (a: bigint, b: bigint, w: number) => bigint } = {
      add: (a, b) => a + b,
      sub: (a, b) => a - b,
      and: (a, b) => a & b,
      nand: (a, b) => -1n - (a & b),
      or: (a, b) => a | b,
      xor: (a, b) => a ^ b,
      xchg: (_a, b) => b,
      umin: (a, b) => (a < b ? a : b),
      umax: (a, b) => (a < b ? b : a),
      smin: (a, b, w) => (BigInt.asIntN(w, a) < BigInt.asIntN(w, b) ? a : b),
      smax: (a, b, w) => (BigInt.asIntN(w, a) < BigInt.asIntN(w, b) ? b : a),
    }
    for (const w of [8, 16, 32, 64, 128]) {
      for (const [op, update] of Object.entries(updates)) {
        const f = functions(`function %f(i64, i${w}, i${w}) -> i${w}, i${w}, i${w}, i${w} {
block0(v0: i64, v1: i${w}, v2: i${w}):
  v3 = atomic_rmw.i${w} ${op} v0, v1
  v4 = atomic_load.i${w} v0
  v5 = atomic_cas.i${w} v0, v1, v2
  v6 = atomic_cas.i${w} v0, v4, v2
  v7 = atomic_load.i${w} v0
  return v3, v4, v5, v7
}`)
        const type = f[0].signature.params[1].type
        const any = fc.bigInt({ min: 0n, max: (1n << BigInt(w)) - 1n })
        fc.assert(
          fc.property(any, any, any, (old, x, y) => {
            const memory = new Memory()
            const bytes = dataValue(type, old).bits.slice()
            const o = createInterpreter(f, { memory }).invoke('f', [
              i64(memory.map(bytes)),
              dataValue(type, x),
              dataValue(type, y),
            ])
            const now = BigInt.asUintN(w, update(old, x, w))
            // One of the exchanges succeeds: the first where x is there, else the second.
            expect(short(o)).toEqual([old, now, now, y])
            expect(unsignedBits({ type, bits: bytes })).toBe(y)
          }),
          { numRuns: 20 },
        )
      }
    }
  })

  test('stack slots: distinct, aligned, zero at first, gone with the frame', () => {
    const text = `function %f() -> i64, i64, i64, i64, i64 {
  ss0 = explicit_slot 3
  ss1 = explicit_slot 64, align = 64
  ss2 = explicit_slot 8
  fn0 = %g() -> i64
block0:
  v0 = stack_addr.i64 ss0
  v1 = stack_addr.i64 ss1+8
  v2 = stack_addr.i64 ss2
  v3 = load.i64 v2
  v4 = iconst.i64 -1
  store v4, v2
  v5 = call fn0()
  return v0, v1, v2, v3, v5
}
function %g() -> i64 {
  ss0 = explicit_slot 256
block0:
  v0 = stack_addr.i64 ss0+128
  v1 = load.i64 v0
  return v1
}`
    const [a, b, c, zero, fresh] = call(text) as bigint[]
    expect((b - 8n) % 64n).toBe(0n)
    expect(c % 8n).toBe(0n)
    expect(b - 8n >= a + 3n || a >= b + 56n).toBe(true)
    expect(c >= b + 56n || c + 8n <= b - 8n).toBe(true)
    expect([zero, fresh]).toEqual([0n, 0n])
  })
})

describe('control', () => {
  test('br_table, and block arguments that exchange values', () => {
    const text = `function %f(i32) -> i32, i32 {
block0(v0: i32):
  v1 = iconst.i32 1
  v2 = iconst.i32 2
  br_table v0, block2(v1, v2), [block1(v1, v2), block2(v2, v1)]
block1(v3: i32, v4: i32):
  jump block2(v4, v3)
block2(v5: i32, v6: i32):
  return v5, v6
}`
    expect(call(text, [i32(0)])).toEqual([2n, 1n])
    expect(call(text, [i32(1)])).toEqual([2n, 1n])
    expect(call(text, [i32(2)])).toEqual([1n, 2n])
    expect(call(text, [i32(-1)])).toEqual([1n, 2n])
    const swap = `function %f(i32, i64, i64) -> i64, i64 {
block0(v0: i32, v1: i64, v2: i64):
  jump block1(v0, v1, v2)
block1(v3: i32, v4: i64, v5: i64):
  v6 = iconst.i32 1
  v7 = isub v3, v6
  brif v7, block1(v7, v5, v4), block2
block2:
  return v4, v5
}`
    expect(call(swap, [i32(4), i64(10), i64(20)])).toEqual([20n, 10n])
  })

  test('traps', () => {
    const text = `function %f(i32) -> i32 {
block0(v0: i32):
  trapz v0, user5
  v1 = iconst.i32 2
  v2 = icmp eq v0, v1
  trapnz v2, int_ovf
  v3 = icmp ugt v0, v1
  brif v3, block1, block2
block1:
  trap user250
block2:
  return v0
}`
    expect([0, 1, 2, 3].map((n) => call(text, [i32(n)]))).toEqual(['user5', [1n], 'int_ovf', 'user250'])
  })

  test('recursion has a limit, tail calls have none', () => {
    const deep = (kind: string): string => `function %f(i64) -> i64 tail {
  fn0 = %f(i64) -> i64 tail
  ss0 = explicit_slot 32
block0(v0: i64):
  brif v0, block1, block2
block1:
  v1 = iconst.i64 1
  v2 = isub v0, v1
  ${kind}
block2:
  v9 = get_stack_pointer.i64
  return v9
}`
    const calls = deep('v3 = call fn0(v2)\n  return v3')
    const tails = deep('return_call fn0(v2)')
    const [top] = call(calls, [i64(0)]) as bigint[]
    const [below] = call(calls, [i64(100)]) as bigint[]
    expect(top - below).toBe(4800n)
    expect(call(calls, [i64(100)], { maxDepth: 100 })).toBe('stk_ovf')
    expect(call(calls, [i64(99)], { maxDepth: 100 })).toEqual([top - 99n * 48n])
    expect(call(calls, [i64(100)], { stackSize: 4096 })).toBe('stk_ovf')
    expect(call(calls, [i64(9_000)])).toEqual([top - 9_000n * 48n])
    expect(call(tails, [i64(100_000)], { maxDepth: 2, stackSize: 256 })).toEqual([top])
    expect(call(tails, [i64(100_000)], { fuel: 1_000 })).toBe(OUT_OF_FUEL)
  })

  test('the stack limit of a function', () => {
    const text = `function %f(i64 vmctx) -> i64 {
  gv0 = vmctx
  gv1 = load.i64 notrap aligned gv0+8
  stack_limit = gv1
  ss0 = explicit_slot 64
block0(v0: i64):
  v1 = get_stack_pointer.i64
  return v1
}`
    const memory = new Memory()
    const limit = new Uint8Array(16)
    const at = memory.map(limit)
    const [sp] = call(text, [i64(at)], { memory }) as bigint[]
    const withLimit = (n: bigint): bigint[] | string => {
      const fresh = new Memory()
      return call(text, [i64(fresh.map(Uint8Array.from([...new Uint8Array(8), ...i64(n).bits])))], { memory: fresh })
    }
    expect(withLimit(sp)).toEqual([sp])
    expect(withLimit(sp + 1n)).toBe('stk_ovf')
  })

  test('frame pointers and return addresses form a chain', () => {
    const text = `function %f() -> i64, i64, i64, i64 {
  fn0 = %g() -> i64, i64, i64
block0:
  v0 = get_frame_pointer.i64
  v1, v2, v3 = call fn0()
  return v0, v1, v2, v3
}
function %g() -> i64, i64, i64 {
block0:
  v0 = get_frame_pointer.i64
  v1 = load.i64 v0
  v2 = load.i64 v0+8
  v3 = get_return_address.i64
  return v1, v2, v3
}`
    const [fp, saved, inMemory, returnAddress] = call(text) as bigint[]
    expect(saved).toBe(fp)
    expect(inMemory).toBe(returnAddress)
    expect(returnAddress > 0x1_0000n).toBe(true)
  })

  test('calls through addresses', () => {
    const text = `function %f(i64, i8) -> i64 {
  sig0 = (i64) -> i64
  sig1 = (i32) -> i64
  fn0 = %g(i64) -> i64
block0(v0: i64, v1: i8):
  v2 = func_addr.i64 fn0
  brif v1, block1, block2
block1:
  v3 = call_indirect sig0, v2(v0)
  return v3
block2:
  v4 = ireduce.i32 v0
  v5 = call_indirect sig1, v2(v4)
  return v5
}
function %g(i64) -> i64 {
block0(v0: i64):
  v1 = iadd v0, v0
  return v1
}`
    expect(call(text, [i64(21), dataValue(I8, 1)])).toEqual([42n])
    expect(call(text, [i64(21), dataValue(I8, 0)])).toMatch(/f calls g with another signature/)
    const wild = 'function %f(i64) {\n sig0 = ()\nblock0(v0: i64):\n call_indirect sig0, v0()\n return\n}'
    expect(call(wild, [i64(0x1_0004)])).toMatch(/where no function is/)
  })

  test('structures passed by value are copies', () => {
    const text = `function %f() -> i64, i64 {
  ss0 = explicit_slot 16
  fn0 = %g(i64 sarg(16)) -> i64 system_v
block0:
  v0 = stack_addr.i64 ss0
  v1 = iconst.i64 77
  store v1, v0+8
  v2 = call fn0(v0)
  v3 = load.i64 v0+8
  return v2, v3
}
function %g(i64 sarg(16)) -> i64 system_v {
block0(v0: i64):
  v1 = load.i64 v0+8
  v2 = iconst.i64 1
  store v2, v0+8
  return v1
}`
    expect(call(text)).toEqual([77n, 77n])
  })
})

describe('stacks', () => {
  // The contexts are at v0 and v0 + 24, the second stack ends at v1; the other side adds up what it is sent.
  const text = (body: string): string => `function %sum(i64) {
block0(v0: i64):
    v1 = iconst.i64 24
    v2 = iadd v0, v1
    v3 = iconst.i64 0
    jump block1(v3)
block1(v4: i64):
    v5 = stack_switch v0, v2, v4
    v6 = iadd v4, v5
    ${body}
}
function %f(i64, i64) -> i64 {
    sig0 = (i64)
    fn0 = %sum sig0
block0(v0: i64, v1: i64):
    v2 = func_addr.i64 fn0
    v3 = iconst.i64 24
    v4 = iadd v0, v3
    v5 = iconst.i64 0
    store v1, v0
    store v5, v0+8
    store v2, v0+16
    v6 = stack_switch v4, v0, v0
    v7 = iconst.i64 40
    v8 = stack_switch v4, v0, v7
    v9 = iconst.i64 2
    v10 = stack_switch v4, v0, v9
    return v10
}`
  const run = (body: string, size = 4096): bigint[] | string => {
    const memory = new Memory()
    const contexts = memory.map(48)
    const stack = memory.map(size)
    const funcs = functions(text(body)).reverse()
    return short(createInterpreter(funcs, { memory }).invoke('f', [i64(contexts), i64(stack + size)]))
  }

  test('stack_switch goes on where the other stack stopped, in memory of the embedder', () => {
    expect(run('jump block1(v6)')).toEqual([42n])
  })

  test('a stack that is too small overflows', () => {
    expect(run('jump block1(v6)', 8)).toBe('stk_ovf')
  })

  test('the first function of a stack must not return', () => {
    expect(run('return')).toMatch(/the first function on a stack returns/)
  })

  test('a context that is none, or that cannot be accessed', () => {
    const f = 'function %f(i64) -> i64 {\nblock0(v0: i64):\n v1 = stack_switch v0, v0, v0\n return v1\n}'
    const memory = new Memory()
    expect(call(f, [i64(memory.map(24))], { memory })).toMatch(/no function of one argument/)
    expect(call(f, [i64(memory.map(16))], { memory })).toBe('heap_oob')
  })
})

describe('the world outside', () => {
  test('what is not defined, or not there, is unsupported with a reason', () => {
    expect(call('function %f() {\n fn0 = %puts()\nblock0:\n call fn0()\n return\n}')).toBe(
      'function puts is not defined',
    )
    expect(call('function %f() {\n fn0 = u7:3()\nblock0:\n call fn0()\n return\n}')).toBe(
      'function u7:3 is not defined',
    )
    expect(
      call('function %f() -> i64 {\n gv0 = symbol %data\nblock0:\n v0 = symbol_value.i64 gv0\n return v0\n}'),
    ).toBe('symbol data is not defined')
    expect(short(createInterpreter([]).invoke('f', []))).toBe('function f is not defined')
  })

  test('symbols and thread-local symbols', () => {
    const text = `function %f() -> i64, i64, i64 {
  gv0 = symbol %data+8
  gv1 = symbol tls u1:2
  gv2 = symbol colocated %f
  fn0 = %f() -> i64, i64, i64
block0:
  v0 = symbol_value.i64 gv0
  v1 = tls_value.i64 gv1
  v2 = symbol_value.i64 gv2
  v3 = func_addr.i64 fn0
  v4 = isub v2, v3
  return v0, v1, v4
}`
    const symbols = new Map([
      ['data', 0x3000],
      ['u1:2', 0x4000],
    ])
    expect(call(text, [], { symbols })).toEqual([0x3008n, 0x4000n, 0n])
  })

  test('library routines', () => {
    const memory = new Memory()
    const bytes = new Uint8Array(16)
    const base = memory.map(bytes)
    const text = `function %f(i64, i64, i32) -> i32 system_v {
  fn0 = %Memset(i64, i32, i64) -> i64 system_v
  fn1 = %Memmove(i64, i64, i64) -> i64 system_v
  fn2 = %Memcmp(i64, i64, i64) -> i32 system_v
block0(v0: i64, v1: i64, v2: i32):
  v3 = iconst.i64 4
  v4 = call fn0(v0, v2, v3)
  v5 = iconst.i64 2
  v6 = iadd v4, v5
  v7 = call fn1(v6, v0, v1)
  v8 = call fn2(v0, v7, v1)
  return v8
}`
    expect(call(text, [i64(base), i64(8), i32(0x1ab)], { memory })).toEqual([1n])
    expect([...bytes]).toEqual([0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(call(text, [i64(base), i64(15), i32(1)], { memory })).toMatch(/cannot be accessed/)
    // Only as many bytes as asked for are compared: 4 that agree, before 2 that do not.
    bytes.set([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 9, 9])
    const same =
      'function %f(i64, i64) -> i32 system_v {\n fn0 = %Memcmp(i64, i64, i64) -> i32 system_v\nblock0(v0: i64, v1: i64):\n v2 = iconst.i64 4\n v3 = call fn0(v0, v1, v2)\n return v3\n}'
    expect(call(same, [i64(base), i64(base + 6)], { memory })).toEqual([0n])
    expect(call(same, [i64(base), i64(base + 1)], { memory })).toEqual([0xffff_ffffn])
    const fma =
      'function %f(f32) -> f32 {\n fn0 = %FmaF32(f32, f32, f32) -> f32\nblock0(v0: f32):\n v1 = call fn0(v0, v0, v0)\n return v1\n}'
    expect(call(fma, [dataValue(F32, 0x4000_0000)])).toEqual([0x40c0_0000n])
  })

  const thrower = `function %f(i64) -> i64 tail {
  sig0 = (i64) -> i64 tail
  fn0 = %middle(i64) -> i64 tail
block0(v0: i64):
  v1 = iconst.i64 1000
  try_call fn0(v0), sig0, block1(ret0), [tag1: block2(exn0), context v1, tag2: block2(exn1), default: block3]
block1(v2: i64):
  return v2
block2(v3: i64):
  v4 = iadd v3, v1
  return v4
block3:
  v5 = iconst.i64 -1
  return v5
}
function %middle(i64) -> i64 tail {
  fn0 = %host(i64) -> i64 tail
block0(v0: i64):
  v1 = call fn0(v0)
  v2 = iadd v1, v1
  return v2
}`

  test('exceptions from a host function unwind to the handler', () => {
    const host: HostFunction = (args) => {
      const n = Number(unsignedBits(args[0]))
      if (n === 0) return { results: [i64(5)] }
      if (n === 9) return { trap: 'user9' }
      if (n > 9) return { exception: { tag: 2, payload: [1n, 2n], inContext: (c) => c === BigInt(n) } }
      return { exception: { tag: n, payload: [1n, 2n] } }
    }
    const options = { host: new Map([['host', host]]) }
    expect(call(thrower, [i64(0)], options)).toEqual([10n])
    expect(call(thrower, [i64(1)], options)).toEqual([1001n])
    expect(call(thrower, [i64(2)], options)).toEqual([1002n])
    expect(call(thrower, [i64(3)], options)).toEqual([(1n << 64n) - 1n])
    expect(call(thrower, [i64(9)], options)).toBe('user9')
    expect(call(thrower, [i64(1000)], options)).toEqual([1002n])
    expect(call(thrower, [i64(999)], options)).toEqual([(1n << 64n) - 1n])
    const middle = createInterpreter(functions(thrower), options)
    expect(short(middle.invoke('middle', [i64(4)]))).toBe('an exception with tag 4 is not caught')
    expect(short(middle.invoke('f', [i64(0)]))).toEqual([10n])
  })

  test('a host function may call back, and traps inside do not disturb the caller', () => {
    const host: HostFunction = (args, cx) => {
      const inner = cx.invoke('inner', args)
      return 'trap' in inner ? { results: [i64(111)] } : inner
    }
    const text = `function %f(i64) -> i64, i64 {
  ss0 = explicit_slot 8
  fn0 = %host(i64) -> i64
block0(v0: i64):
  v1 = stack_addr.i64 ss0
  store v0, v1
  v2 = call fn0(v0)
  v3 = load.i64 v1
  return v2, v3
}
function %inner(i64) -> i64 {
  ss0 = explicit_slot 8
block0(v0: i64):
  v1 = stack_addr.i64 ss0
  trapz v0, user1
  v2 = iconst.i64 3
  store v2, v1
  v3 = imul v0, v2
  return v3
}`
    const options = { host: new Map([['host', host]]) }
    expect(call(text, [i64(7)], options)).toEqual([21n, 7n])
    expect(call(text, [i64(0)], options)).toEqual([111n, 0n])
  })

  test('handler addresses and the pinned register', () => {
    const text = `function %f() -> i64, i64, i64 tail {
  sig0 = () tail
  fn0 = %nothing() tail
block0:
  v0 = get_exception_handler_address.i64 block1, 0
  v1 = get_exception_handler_address.i64 block1, 1
  set_pinned_reg v0
  jump block1
block1:
  try_call fn0(), sig0, block2, [tag1: block3, tag2: block4]
block2:
  v2 = get_pinned_reg.i64
  v3 = isub v2, v0
  v4 = icmp eq v0, v1
  v5 = uextend.i64 v4
  return v0, v3, v5
block3:
  trap user1
block4:
  trap user2
}
function %nothing() tail {
block0:
  return
}`
    const [address, pinned, same] = call(text) as bigint[]
    expect(address > 0x1_0000n).toBe(true)
    expect([pinned, same]).toEqual([0n, 0n])
  })

  test('dynamic vectors have a scale of 1', () => {
    const text = `function %f(i32) -> i32x4 {
  gv0 = dyn_scale_target_const.i32x4
  dt0 = i32x4*gv0
  dss0 = explicit_dynamic_slot dt0
  dss1 = explicit_dynamic_slot dt0
block0(v0: i32):
  v1 = splat.dt0 v0
  v2 = iadd v1, v1
  v3 = dynamic_stack_addr.i64 dss1
  store v2, v3
  v6 = dynamic_stack_addr.i64 dss0
  store v1, v6
  v4 = load.dt0 v3
  v5 = extract_vector v4, 0
  return v5
}`
    expect(call(text, [i32(4)])).toEqual([0x0000_0008_0000_0008_0000_0008_0000_0008n])
  })

  test('the same call gives the same, and counts what it ran', () => {
    const interpreter = createInterpreter(
      functions(
        `${thrower.replace('%host(i64)', '%id(i64)')}\nfunction %id(i64) -> i64 tail {\nblock0(v0: i64):\n return v0\n}`,
      ),
    )
    expect(short(interpreter.invoke('f', [i64(3)]))).toEqual([6n])
    const once = interpreter.executed
    expect(short(interpreter.invoke('f', [i64(3)]))).toEqual([6n])
    expect(interpreter.executed).toBe(2 * once)
    expect(once).toBe(7)
  })
})
