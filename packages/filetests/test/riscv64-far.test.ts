// Functions and data that lie further away than 2 GB: calls, tail calls and addresses of what is not colocated.
import { callTrampoline, compile } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { parseFunctions } from '@k23/ir'
import { PERM_EXEC, PERM_READ, PERM_WRITE, RETURNED, writeAbsolutes } from '@k23/machine'
import { expect, test } from 'vitest'

const CALLER = `function %f(i64, i64) -> i64 {
    gv0 = symbol %data+8
    sig0 = (i64, i64) -> i64
    fn0 = %g sig0
block0(v0: i64, v1: i64):
    v2 = call fn0(v0, v1)
    v3 = symbol_value.i64 gv0
    v4 = load.i64 v3
    v5 = iadd v2, v4
    v6 = func_addr.i64 fn0
    v7 = call_indirect sig0, v6(v5, v1)
    return v7
}
function %tail(i64, i64) -> i64 tail {
    fn0 = %g2(i64, i64) -> i64 tail
block0(v0: i64, v1: i64):
    return_call fn0(v1, v0)
}
function %near(i64, i64) -> i64 {
    fn0 = %f(i64, i64) -> i64
    fn1 = colocated %f(i64, i64) -> i64
    fn2 = %tail(i64, i64) -> i64 tail
block0(v0: i64, v1: i64):
    v2 = call fn0(v0, v1)
    v3 = call fn1(v0, v1)
    v4 = call fn2(v2, v3)
    return v4
}`
const CALLEE = `function %g(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
    v2 = imul v0, v1
    return v2
}
function %g2(i64, i64) -> i64 tail {
block0(v0: i64, v1: i64):
    v2 = isub v0, v1
    v3 = iadd v2, v0
    return v3
}`

test.each([[[]], [['has_c', 'has_zba', 'has_zbb']]])('features %j', (list) => {
  const features = Object.fromEntries(list.map((f) => [f, true]))
  const machine = createRiscv64Machine()
  const { memory } = machine
  const signature = parseFunctions(CALLER).functions[0].func.signature
  const caller = compile([...parseFunctions(CALLER).functions.map((f) => f.func), callTrampoline(signature, 'enter')], {
    target: 'riscv64',
    features,
  })
  const callee = compile(CALLEE, { target: 'riscv64', features })
  const place = (m: typeof caller, at: number, outside: ReadonlyMap<string, number>): ReadonlyMap<string, number> => {
    const size = m.image.length
    memory.map(size, PERM_READ | PERM_WRITE, at)
    const bytes = memory.view(at, size)
    bytes.set(m.image)
    writeAbsolutes(m, bytes, at)
    const words = new DataView(bytes.buffer, bytes.byteOffset, size)
    for (const r of m.relocs) {
      expect([r.kind, outside.has(r.symbol), r.offset % 8]).toEqual(['abs64', true, 0])
      words.setBigUint64(r.offset, BigInt(outside.get(r.symbol) as number) + r.addend, true)
    }
    memory.protect(at, size, PERM_READ | PERM_EXEC)
    return new Map([...m.symbols].map(([name, offset]) => [name, at + offset]))
  }
  const data = memory.map(16, PERM_READ | PERM_WRITE, 0xf000_0000)
  memory.view(data + 8, 1)[0] = 100
  const far = place(callee, 0xc000_0000, new Map())
  const near = place(caller, 0x10_0000, new Map([...far, ['%data', data]]))
  // three words: %g (shared by call and address), %data, %g2; and one for each of %f and %tail within the image
  expect(caller.relocs.map((r) => r.symbol).sort()).toEqual(['%data', '%g', '%g2'])
  expect(caller.absolutes.map((a) => a.target).sort()).toEqual(['%f', '%tail'].map((s) => caller.symbols.get(s)).sort())
  const hart = machine.createHart()
  const block = memory.map(4096, PERM_READ | PERM_WRITE)
  memory.view(block, 32).fill(0)
  memory.view(block, 1)[0] = 3
  memory.view(block + 16, 1)[0] = 5
  machine.enter(hart, near.get('%enter') as number, [near.get('%near') as number, block])
  expect(machine.run(hart).kind).toBe(RETURNED)
  // f(3, 5) = (3 * 5 + 100) * 5 = 575; g2(575, 575) = 575
  const result = memory.view(block, 8)
  expect(new DataView(result.buffer, result.byteOffset).getBigInt64(0, true)).toBe(575n)
})
