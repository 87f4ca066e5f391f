// Exceptions on riscv64: a host call walks the frames of the emulated hart by frame pointers and call sites, and goes on in the handler that it finds with
// every register but the frame's and the payload's spoilt. The CLIF interpreter says what should come out.
import { callTrampoline, compile, type CompiledModule, functionAt, SLOT_BYTES } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { type DataValue, dataValue, formatDataValues, type Func, functionNameText, I64, parseFunctions } from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { type Hart, HOST_CALL, type Machine, PERM_READ, PERM_WRITE, placeImage, RETURNED } from '@k23/machine'
import { describe, expect, test } from 'vitest'

const machine: Machine = createRiscv64Machine()
const hart: Hart = machine.createHart({ stackBytes: 1 << 20 })
const block = machine.memory.map(16 * SLOT_BYTES, PERM_READ | PERM_WRITE)

const RA = 1
const SP = 2
const FP = 8
const A0 = 10
const CALLEE_SAVED = [8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27]

/** The tag is the number of the host call; the payload is (block argument, 77). A tag of 0 returns. */
const THROW = `function %throw(i64, i64) system_v {
    sig0 = (i64, i64) system_v
block0(v0: i64, v1: i64):
    v2 = iconst.i64 ${machine.hostCallStub}
    call_indirect sig0, v2(v0, v1)
    return
}`

const u64 = (at: number): number => {
  const v = machine.memory.view(at, 8)
  const d = new DataView(v.buffer, v.byteOffset, 8)
  return d.getUint32(0, true) + d.getUint32(4, true) * 2 ** 32
}
const write = (r: number, x: number): void => hart.writeRegister(r, x | 0, Math.floor(x / 2 ** 32))
const read = (r: number): number => {
  const { lo, hi } = hart.readRegister(r)
  return (lo >>> 0) + hi * 2 ** 32
}

interface Loaded {
  readonly module: CompiledModule
  readonly base: number
}

function load(text: string, algorithm: string): Loaded {
  const functions = parseFunctions(`${text}\n${THROW}`).functions.map((f) => f.func)
  const main = functions[0]
  const module = compile([...functions, callTrampoline(main.signature, 'enter')], {
    target: 'riscv64',
    settings: { regalloc_algorithm: algorithm, regalloc_checker: true },
  })
  expect(module.relocs).toEqual([])
  return { module, base: placeImage(machine, module) }
}

/** Goes on in the handler for `tag`; false where no frame has one. `inContext` decides by the value of a handler's context. */
function unwind({ module, base }: Loaded, tag: number, inContext?: number): boolean {
  const payload = hart.readRegister(A0 + 1)
  let pc = read(RA)
  let fp = read(FP)
  for (;;) {
    const at = pc - base
    const f = functionAt(module, at - 1)
    if (f === undefined || f.name === '%enter') return false
    const sp = fp + 16 - f.frameBytes
    const site = f.callSites.find((s) => s.offset === at - f.start)
    expect(site, `a call site of ${f.name} at ${at - f.start}`).toBeDefined()
    const handler = site?.handlers?.find(
      (h) =>
        h.tag === undefined ||
        (h.tag === tag &&
          (inContext === undefined || (h.context !== undefined && u64(sp + h.context.spOffset) === inContext))),
    )
    if (handler !== undefined) {
      for (let r = 1; r < 32; r++) hart.writeRegister(r, 0x7e57_0000 | r, 0x7e57_7e57)
      write(SP, sp)
      write(FP, fp)
      hart.writeRegister(A0, payload.lo, payload.hi)
      write(A0 + 1, 77)
      hart.pc = base + f.start + handler.offset
      return true
    }
    pc = u64(fp + 8)
    fp = u64(fp)
  }
}

function call(l: Loaded, main: Func, args: readonly DataValue[], inContext?: number): string {
  const view = machine.memory.view(block, 16 * SLOT_BYTES)
  view.fill(0xcc)
  args.forEach((a, i) => {
    view.set(a.bits, i * SLOT_BYTES)
  })
  const address = (name: string): number => l.base + (l.module.symbols.get(name) as number)
  machine.enter(hart, address('%enter'), [address(functionNameText(main.name)), block])
  for (const r of CALLEE_SAVED) hart.writeRegister(r, 0x5a5a0000 | r, 0x1234)
  hart.fuel = 1_000_000
  for (;;) {
    const { kind, number } = machine.run(hart)
    if (kind === RETURNED) break
    expect(kind).toBe(HOST_CALL)
    if (number !== 0 && !unwind(l, number, inContext)) {
      machine.reset(hart)
      return 'uncaught'
    }
  }
  for (const r of CALLEE_SAVED) expect([r, hart.readRegister(r)]).toEqual([r, { lo: 0x5a5a0000 | r, hi: 0x1234 }])
  const out = machine.memory.view(block, 16 * SLOT_BYTES)
  return formatDataValues(
    main.signature.returns.map((p, i) => ({
      type: p.type,
      bits: out.slice(i * SLOT_BYTES, i * SLOT_BYTES + (p.type === I64 ? 8 : 16)),
    })),
  )
}

function expected(text: string, args: readonly DataValue[], inContext?: number): string {
  const functions = parseFunctions(text).functions.map((f) => f.func)
  const interpreter = createInterpreter(functions, {
    host: new Map([
      [
        'throw',
        ([tag, payload]: readonly DataValue[]) => {
          const n = (v: DataValue): bigint => new DataView(v.bits.buffer, v.bits.byteOffset).getBigUint64(0, true)
          if (n(tag) === 0n) return { results: [] }
          const matches =
            inContext === undefined ? {} : { inContext: (c: bigint | undefined) => c === BigInt(inContext) }
          return { exception: { tag: Number(n(tag)), payload: [n(payload), 77n], ...matches } }
        },
      ],
    ]),
  })
  const name = (functions[0].name as { name: string }).name
  const o = interpreter.invoke(name, args)
  if ('results' in o) return formatDataValues(o.results)
  if ('unsupported' in o && o.unsupported.includes('not caught')) return 'uncaught'
  throw new Error(JSON.stringify(o))
}

/** First the function that is called with (tag, x), tags 0 to 4; then what it needs. `%throw` is the host's. */
const programs: Readonly<Record<string, string>> = {
  'values that live on, results and payloads': `function %f(i64, i64) -> i64 {
    fn0 = %mid(i64, i64) -> i64, i64 tail
block0(v0: i64, v1: i64):
    v2 = imul v1, v1
    v3 = iadd v1, v2
    try_call fn0(v0, v1), sig0, block1(ret0, v2, ret1), [ tag1: block2(exn0, exn1), tag2: block1(exn1, v3, exn0), default: block3(v2) ]
block1(v4: i64, v5: i64, v6: i64):
    v7 = isub v4, v5
    v8 = imul v7, v6
    v9 = iadd v8, v3
    return v9
block2(v10: i64, v11: i64):
    v12 = iadd v10, v11
    v13 = isub v12, v2
    return v13
block3(v14: i64):
    v15 = isub v14, v3
    return v15
}
function %mid(i64, i64) -> i64, i64 tail {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    v2 = iadd v0, v1
    v3 = imul v0, v1
    v4 = bxor v2, v3
    v5 = bor v2, v3
    v6 = isub v4, v5
    call fn0(v0, v6)
    v7 = iadd v2, v3
    v8 = isub v4, v5
    v9 = bxor v6, v7
    return v8, v9
}`,
  'frames between, and an outer handler': `function %f(i64, i64) -> i64 {
    fn0 = %g(i64, i64) -> i64 system_v
block0(v0: i64, v1: i64):
    try_call fn0(v0, v1), sig0, block1(ret0), [ tag3: block2(exn0) ]
block1(v2: i64):
    return v2
block2(v3: i64):
    v4 = iadd v3, v1
    return v4
}
function %g(i64, i64) -> i64 system_v {
    fn0 = %h(i64, i64) -> i64 system_v
    fn1 = %throw(i64, i64) system_v
    ss0 = explicit_slot 40
block0(v0: i64, v1: i64):
    v9 = stack_addr.i64 ss0
    store v1, v9+32
    try_call fn0(v0, v1), sig0, block1(ret0), [ tag1: block2(exn0, exn1), tag4: block3 ]
block1(v2: i64):
    return v2
block2(v3: i64, v4: i64):
    v5 = load.i64 v9+32
    v6 = iadd v3, v4
    v7 = imul v6, v5
    return v7
block3:
    v8 = iconst.i64 3
    call fn1(v8, v1)
    return v1
}
function %h(i64, i64) -> i64 system_v {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    v2 = iadd v0, v1
    call fn0(v0, v1)
    v3 = isub v2, v1
    return v3
}`,
  'results on the stack, arguments that the callee removes': `function %f(i64, i64) -> i64 {
    fn0 = %many(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64, i64 tail
block0(v0: i64, v1: i64):
    jump block1(v1, v0)
block1(v2: i64, v20: i64):
    try_call fn0(v0, v2, v1, v1, v2, v1, v1, v1, v2, v1, v20), sig0, block2(ret0, ret9, ret8), [ tag1: block3(exn0), tag2: block1(v1, exn0) , default: block4]
block2(v3: i64, v4: i64, v5: i64):
    v6 = isub v3, v4
    v7 = imul v6, v5
    return v7
block3(v8: i64):
    v9 = isub v8, v2
    return v9
block4:
    return v1
}
function %many(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64, i64 tail {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64, v9: i64, v10: i64):
    v12 = iconst.i64 2
    v13 = icmp eq v0, v12
    v14 = icmp eq v10, v0
    v15 = band v13, v14
    v16 = iconst.i64 0
    v17 = select v13, v16, v0
    v18 = select v15, v0, v17
    call fn0(v18, v9)
    v11 = iadd v8, v10
    return v11, v1, v2, v3, v4, v5, v6, v7, v8, v9
}`,
  'a wide result, by address, in a loop': `function %f(i64, i64) -> i64 {
    fn0 = %wide(i64, i64) -> i128 system_v
block0(v0: i64, v1: i64):
    v2 = func_addr.i64 fn0
    v3 = iconst.i64 3
    jump block1(v3, v1)
block1(v4: i64, v5: i64):
    try_call_indirect v2(v0, v5), sig0, block2(ret0), [ tag1: block3(exn1, exn0), tag2: block3(v4, exn0) ]
block2(v6: i128):
    v7, v8 = isplit v6
    v9 = iadd v7, v8
    jump block3(v9, v5)
block3(v10: i64, v11: i64):
    v12 = iadd v10, v11
    v13 = iconst.i64 -1
    v14 = iadd v4, v13
    brif v14, block1(v14, v12), block4
block4:
    return v12
}
function %wide(i64, i64) -> i128 system_v {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    call fn0(v0, v1)
    v2 = iconcat v0, v1
    return v2
}`,
  'no handlers': `function %f(i64, i64) -> i64 {
    fn0 = %g(i64, i64) -> i64 system_v
block0(v0: i64, v1: i64):
    try_call fn0(v0, v1), sig0, block1(ret0, v1), []
block1(v2: i64, v3: i64):
    v4 = iadd v2, v3
    return v4
}
function %g(i64, i64) -> i64 system_v {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    call fn0(v0, v1)
    return v1
}`,
}

const contexts = `function %f(i64, i64) -> i64 {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    v2 = iconst.i64 1234
    v3 = iconst.i64 5678
    try_call fn0(v0, v1), sig0, block1, [ context v2, tag1: block2, context v3, tag1: block3(exn0), tag2: block2 ]
block1:
    return v0
block2:
    return v1
block3(v4: i64):
    v5 = iadd v4, v3
    return v5
}`

describe.each(['single_pass', 'backtracking'])('%s', (algorithm) => {
  test.each(Object.entries(programs))('%s', (_, text) => {
    const l = load(text, algorithm)
    const main = parseFunctions(text).functions[0].func
    for (let tag = 0n; tag < 5n; tag++) {
      for (const x of [0n, 5n, 41n]) {
        const args = [dataValue(I64, tag), dataValue(I64, x)]
        expect(`${tag} ${x}: ${call(l, main, args)}`).toBe(`${tag} ${x}: ${expected(text, args)}`)
      }
    }
  })

  test('contexts choose the handler', () => {
    const l = load(contexts, algorithm)
    const main = parseFunctions(contexts).functions[0].func
    for (const tag of [1n, 2n])
      for (const context of [1234, 5678, 1]) {
        const args = [dataValue(I64, tag), dataValue(I64, 9n)]
        expect(`${tag} ${context}: ${call(l, main, args, context)}`).toBe(
          `${tag} ${context}: ${expected(contexts, args, context)}`,
        )
      }
  })

  test('the address of a handler is that in the table', () => {
    const text = `function %f(i64, i64) -> i64 {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    v2 = get_exception_handler_address.i64 block0, 1
    try_call fn0(v0, v1), sig0, block1, [ tag1: block2, tag2: block3 ]
block1:
    return v2
block2:
    return v0
block3:
    return v1
}`
    const l = load(text, algorithm)
    const main = parseFunctions(text).functions[0].func
    const f = l.module.functions[0]
    const handlers = f.callSites.flatMap((s) => s.handlers ?? [])
    expect(handlers.map((h) => h.tag)).toEqual([1, 2])
    expect(call(l, main, [dataValue(I64, 0n), dataValue(I64, 0n)])).toBe(
      formatDataValues([dataValue(I64, BigInt(l.base + f.start + handlers[1].offset))]),
    )
  })
})
