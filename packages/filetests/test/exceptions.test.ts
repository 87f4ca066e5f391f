// Exceptions on every machine: a host call walks the frames of the hart by frame pointers and call sites, and goes on in the handler that it finds with
// every register but the frame's and the payload's spoilt. The CLIF interpreter says what should come out.
import { functionAt } from '@k23/codegen'
import type { X64Hart } from '@k23/emulator/x64'
import { bytes, type DataValue, dataValue, formatDataValues, I64, parseFunctions, parseType } from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { HOST_CALL, RETURNED, TRAP } from '@k23/machine'
import { beforeAll, describe, expect, test as all } from 'vitest'
import { exceptionPrograms } from './exception-programs.ts'
import { Random } from './random-clif.ts'
import { throwingProgram } from './random-throwing.ts'
import { Guest, machines, type Program, type TestMachine } from './guest.ts'

/** The tag is the number of the host call; the payload is (second argument, 77). A tag of 0 returns. */
const throwing = (hostCallStub: number): string => `function %throw(i64, i64) system_v {
    sig0 = (i64, i64) system_v
block0(v0: i64, v1: i64):
    v2 = iconst.i64 ${hostCallStub}
    call_indirect sig0, v2(v0, v1)
    return
}`

const PROGRAMS = process.env.K23_LONG === '1' ? 100 : 10

const CALLEE_SAVED = 0x1234_5a5a_0000n
const SPOILT = 0x7e57_7e57_7e57_0000n

class Thrower {
  readonly guest: Guest
  /** Exceptions that a handler took. */
  handled = 0
  private readonly machine: TestMachine

  constructor(machine: TestMachine) {
    this.guest = new Guest(machine)
    this.machine = machine
  }

  load(text: string, algorithm: string): Program {
    return this.guest.load(`${text}\n${throwing(this.guest.machine.hostCallStub)}`, {
      target: this.machine.target,
      settings: {
        regalloc_algorithm: algorithm,
        regalloc_checker: true,
        // riscv64 gives one NaN only. Which one an operation of x64 gives is the machine's business.
        enable_nan_canonicalization: this.machine.target === 'x64',
      },
    })
  }

  /** Goes on in the handler for `tag`; false where no frame has one. `inContext` decides by the value of a handler's context. */
  private unwind({ module, base }: Program, tag: number, inContext: bigint | undefined): boolean {
    const { guest } = this
    const { returnAddress, stackPointer, framePointer, payload: places, second, count } = guest.registers
    const payload = guest.read(second)
    let pc = returnAddress === undefined ? guest.word(guest.read(stackPointer)) : guest.read(returnAddress)
    let fp = guest.read(framePointer)
    for (;;) {
      const at = Number(pc) - base
      const f = functionAt(module, at - 1)
      if (f === undefined || f.name === '%enter') return false
      const sp = fp + 16n - BigInt(f.frameBytes)
      const site = f.callSites.find((s) => s.offset === at - f.start)
      expect(site, `a call site of ${f.name} at ${at - f.start}`).toBeDefined()
      const handler = site?.handlers?.find(
        (h) =>
          h.tag === undefined ||
          (h.tag === tag &&
            (inContext === undefined ||
              (h.context !== undefined && guest.word(sp + BigInt(h.context.spOffset)) === inContext))),
      )
      if (handler !== undefined) {
        for (let r = 0; r < count; r++) guest.write(r, SPOILT + BigInt(r))
        if (this.machine.name === 'x64') for (let r = 0; r < 16; r++) (guest.hart as X64Hart).vector(r).fill(0x7e)
        guest.write(stackPointer, sp)
        guest.write(framePointer, fp)
        guest.write(places[0], payload)
        guest.write(places[1], 77n)
        guest.hart.pc = base + f.start + handler.offset
        this.handled++
        return true
      }
      pc = guest.word(fp + 8n)
      fp = guest.word(fp)
    }
  }

  call(program: Program, args: readonly DataValue[], inContext?: number): string {
    const { guest } = this
    const { machine, hart } = guest
    guest.enter(program, args)
    const saved = guest.registers.calleeSaved.map((r) => [r, CALLEE_SAVED + BigInt(r)] as const)
    for (const [r, x] of saved) guest.write(r, x)
    for (;;) {
      hart.fuel = this.machine.emulated ? 1_000_000 : Number.POSITIVE_INFINITY
      const { kind, number } = machine.run(hart)
      if (kind === RETURNED) break
      if (kind === TRAP) {
        machine.reset(hart)
        return 'trap'
      }
      expect(kind).toBe(HOST_CALL)
      if (number !== 0 && !this.unwind(program, number, inContext === undefined ? undefined : BigInt(inContext))) {
        machine.reset(hart)
        return 'uncaught'
      }
    }
    for (const [r, x] of saved) expect([r, guest.read(r)]).toEqual([r, x])
    return guest.results(program, (i) => bytes(program.main.signature.returns[i].type))
  }
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
  if ('trap' in o) return 'trap'
  if ('unsupported' in o && o.unsupported.includes('not caught')) return 'uncaught'
  throw new Error(JSON.stringify(o))
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

/** Differences of the stack pointer, before and after a call whose callee removes stack arguments, returning or not, and another one. */
const STACK_POINTERS = `function %f(i64, i64) -> i64, i64 {
    fn0 = %many(${Array.from({ length: 14 }, () => 'i64').join(', ')}) -> i64 tail
block0(v0: i64, v1: i64):
    v2 = get_stack_pointer.i64
    try_call fn0(${Array.from({ length: 14 }, (_, i) => `v${i % 2}`).join(', ')}), sig0, block1, [ tag1: block2, tag2: block1 ]
block1:
    v3 = get_stack_pointer.i64
    jump block3(v3)
block2:
    v4 = get_stack_pointer.i64
    jump block3(v4)
block3(v5: i64):
    v6 = isub v5, v2
    v7 = iconst.i64 0
    v8 = call fn0(${Array.from({ length: 14 }, (_, i) => (i === 0 ? 'v7' : 'v1')).join(', ')})
    v9 = get_stack_pointer.i64
    v10 = isub v9, v2
    return v6, v10
}
function %many(${Array.from({ length: 14 }, () => 'i64').join(', ')}) -> i64 tail {
    fn0 = %throw(i64, i64) system_v
block0(${Array.from({ length: 14 }, (_, i) => `v${i}: i64`).join(', ')}):
    call fn0(v0, v13)
    return v12
}`

const cases = machines.flatMap((m) =>
  ['single_pass', 'backtracking'].map((algorithm) => [m.name, algorithm, m] as const),
)

describe.each(cases)('%s, %s', (_, algorithm, machine) => {
  const test = all.skipIf(machine.missing !== undefined)
  let thrower: Thrower
  beforeAll(() => {
    if (machine.missing === undefined) thrower = new Thrower(machine)
  })

  test.each(Object.entries(exceptionPrograms))('%s', (_, text) => {
    const program = thrower.load(text, algorithm)
    for (let tag = 0n; tag < 5n; tag++) {
      for (const x of [0n, 5n, 41n]) {
        const args = [dataValue(I64, tag), dataValue(I64, x)]
        expect(`${tag} ${x}: ${thrower.call(program, args)}`).toBe(`${tag} ${x}: ${expected(text, args)}`)
      }
    }
  })

  test('random programs', () => {
    const seen = new Map<string, number>()
    const before = thrower.handled
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const { text, params } = throwingProgram(seed)
      const program = thrower.load(text, algorithm)
      const random = new Random(seed)
      for (let k = 0; k < 4; k++) {
        const args = params.map((t) => dataValue(parseType(t), random.integer(Number(t.slice(1)))))
        const want = expected(text, args)
        expect(`seed ${seed} call ${k}: ${thrower.call(program, args)}`).toBe(`seed ${seed} call ${k}: ${want}`)
        const kind = want === 'trap' || want === 'uncaught' ? want : 'results'
        seen.set(kind, (seen.get(kind) ?? 0) + 1)
      }
      thrower.guest.machine.removeCode(program.base)
    }
    expect(seen.get('results')).toBeGreaterThan(PROGRAMS)
    expect(seen.get('uncaught')).toBeGreaterThan(0)
    expect(thrower.handled - before).toBeGreaterThan(PROGRAMS)
  })

  test('contexts choose the handler', () => {
    const program = thrower.load(contexts, algorithm)
    for (const tag of [1n, 2n])
      for (const context of [1234, 5678, 1]) {
        const args = [dataValue(I64, tag), dataValue(I64, 9n)]
        expect(`${tag} ${context}: ${thrower.call(program, args, context)}`).toBe(
          `${tag} ${context}: ${expected(contexts, args, context)}`,
        )
      }
  })

  test('the stack pointer in a handler is that of the body, whatever the callee would have removed', () => {
    const program = thrower.load(STACK_POINTERS, algorithm)
    for (let tag = 0n; tag < 3n; tag++)
      expect(thrower.call(program, [dataValue(I64, tag), dataValue(I64, 9n)])).toBe('[0, 0]')
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
    const program = thrower.load(text, algorithm)
    const f = program.module.functions[0]
    const handlers = f.callSites.flatMap((s) => s.handlers ?? [])
    expect(handlers.map((h) => h.tag)).toEqual([1, 2])
    expect(thrower.call(program, [dataValue(I64, 0n), dataValue(I64, 0n)])).toBe(
      formatDataValues([dataValue(I64, BigInt(program.base + f.start + handlers[1].offset))]),
    )
  })
})
