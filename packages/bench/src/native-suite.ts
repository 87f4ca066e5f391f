// What it costs to enter guest code on the host's CPU and to leave it, in nanoseconds each: by the machine itself, and through the kernel.
import { Engine, type Func, funcType, Linker, Store } from '@k23/kernel'
import { EPOCH, type Hart, HOST_CALL, RETURNED, TRAP } from '@k23/machine'
import { createNativeMachine, type NativeMachine, nativeMissing } from '@k23/native'
import { median, repeated } from './measure.ts'

export interface NativeRow {
  readonly program: string
  readonly ns: number
}

export interface NativeSuiteOptions {
  readonly runs: number
  /** Only the program with this name. */
  readonly only?: string
  readonly step?: (text: string) => void
}

/** Something that is done `times` times; it checks that it was. */
type Work = (times: number) => void

interface Program {
  readonly name: string
  readonly times: number
  readonly make: (machine: NativeMachine, hart: Hart) => Work
}

function expectKind(found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`the hart stopped for reason ${found}, not ${wanted}`)
}

/** Enters code that faults, and gives the call up. */
const trapping =
  (...bytes: number[]): Program['make'] =>
  (machine, hart) => {
    const code = machine.placeCode(Uint8Array.from(bytes))
    return (times) => {
      for (let i = 0; i < times; i++) {
        machine.enter(hart, code, [])
        expectKind(machine.run(hart).kind, TRAP)
        machine.leave(hart)
      }
    }
  }

/** (module (import "env" "f" (func (param i32) (result i32))) (func (export "call") (param i32) (result i32) local.get 0)
 *    (func (export "host") (param i32) (loop (drop (call 0 (local.get 0))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))) */
const MODULE = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 10, 2, 96, 1, 127, 1, 127, 96, 1, 127, 0, 2, 9, 1, 3, 101, 110, 118, 1, 102, 0, 0, 3,
  3, 2, 0, 1, 7, 15, 2, 4, 99, 97, 108, 108, 0, 1, 4, 104, 111, 115, 116, 0, 2, 10, 26, 2, 4, 0, 32, 0, 11, 19, 0, 3,
  64, 32, 0, 16, 0, 26, 32, 0, 65, 1, 107, 34, 0, 13, 0, 11, 11,
])

function kernel(machine: NativeMachine): { call: Func; host: Func; calls: () => number } {
  const store = new Store(new Engine({ machine }))
  let calls = 0
  const linker = new Linker(store).func('env', 'f', funcType(['i32'], ['i32']), (n: number) => {
    calls++
    return n
  })
  const instance = linker.instantiate(store.engine.compile(MODULE))
  return { call: instance.func('call'), host: instance.func('host'), calls: () => calls }
}

// biome-ignore format: table
const programs: readonly Program[] = [
  { name: 'enter and return',          times: 200_000, make: enterAndReturn },
  { name: 'host call',                 times: 200_000, make: hostCall },
  { name: 'nested call',               times: 100_000, make: nestedCall },
  { name: 'trap: load fault',          times: 20_000,  make: trapping(0x48, 0x8b, 0x04, 0x25, 8, 0, 0, 0) },
  { name: 'trap: ud2',                 times: 20_000,  make: trapping(0x0f, 0x0b) },
  { name: 'trap: division by zero',    times: 20_000,  make: trapping(0x31, 0xc9, 0xf7, 0xf1) },
  { name: 'interrupted by a timer',    times: 100,     make: interrupted },
  { name: 'place and remove code',     times: 2_000,   make: placeCode },
  { name: 'create and close a machine', times: 100,    make: () => createMachine },
  { name: 'kernel: call of an export', times: 100_000, make: (machine) => exportCall(machine) },
  { name: 'kernel: call of the host',  times: 100_000, make: (machine) => hostFunction(machine) },
]

function enterAndReturn(machine: NativeMachine, hart: Hart): Work {
  const code = machine.placeCode(Uint8Array.of(0x48, 0x8d, 0x04, 0x37, 0xc3)) // leaq (%rdi,%rsi), %rax; ret
  return (times) => {
    for (let i = 0; i < times; i++) {
      machine.enter(hart, code, [i, 1])
      expectKind(machine.run(hart).kind, RETURNED)
    }
    if (hart.readRegister(0).lo !== times) throw new Error('wrong result')
  }
}

function hostCall(machine: NativeMachine, hart: Hart): Work {
  // movq %rdi, %rbx; 1: call *%rbx; jmp 1b
  const code = machine.placeCode(Uint8Array.of(0x48, 0x89, 0xfb, 0xff, 0xd3, 0xeb, 0xfc))
  return (times) => {
    machine.enter(hart, code, [machine.hostCallStub])
    for (let i = 0; i < times; i++) expectKind(machine.run(hart).kind, HOST_CALL)
    machine.leave(hart)
  }
}

/** A call within a stopped one. */
function nestedCall(machine: NativeMachine, hart: Hart): Work {
  const outer = machine.placeCode(Uint8Array.of(0x48, 0x89, 0xfb, 0xff, 0xd3, 0xeb, 0xfc))
  const inner = machine.placeCode(Uint8Array.of(0xc3))
  return (times) => {
    machine.enter(hart, outer, [machine.hostCallStub])
    expectKind(machine.run(hart).kind, HOST_CALL)
    for (let i = 0; i < times; i++) {
      machine.enter(hart, inner, [])
      expectKind(machine.run(hart).kind, RETURNED)
    }
    machine.reset(hart)
  }
}

/** Over and above the time that the guest may run. */
const TICK = 0.05

function interrupted(machine: NativeMachine, hart: Hart): Work {
  const loop = machine.placeCode(Uint8Array.of(0xeb, 0xfe)) // 1: jmp 1b
  return (times) => {
    machine.tick(TICK)
    machine.enter(hart, loop, [])
    for (let i = 0; i < times; i++) expectKind(machine.run(hart).kind, EPOCH)
    machine.leave(hart)
    machine.tick(0)
  }
}

function placeCode(machine: NativeMachine): Work {
  const bytes = new Uint8Array(4096).fill(0xc3)
  return (times) => {
    for (let i = 0; i < times; i++) machine.removeCode(machine.placeCode(bytes))
  }
}

function createMachine(times: number): void {
  for (let i = 0; i < times; i++) {
    const machine = createNativeMachine()
    machine.createHart()
    machine.close()
  }
}

function exportCall(machine: NativeMachine): Work {
  const { call } = kernel(machine)
  return (times) => {
    for (let i = 0; i < times; i++) if (call.call(i) !== i) throw new Error('wrong result')
  }
}

function hostFunction(machine: NativeMachine): Work {
  const { host, calls } = kernel(machine)
  return (times) => {
    const before = calls()
    host.call(times)
    if (calls() - before !== times) throw new Error('wrong number of calls')
  }
}

/** The rows, or why there are none on this host. */
export function nativeSuite(options: NativeSuiteOptions): { rows: NativeRow[]; skip?: string } {
  const missing = nativeMissing()
  if (missing !== undefined) return { rows: [], skip: missing }
  const rows: NativeRow[] = []
  for (const { name, times, make } of programs) {
    if (options.only !== undefined && options.only !== name) continue
    options.step?.(`native ${name}`)
    const machine = createNativeMachine()
    if (machine.isa !== 'x64') {
      machine.close()
      return { rows: [], skip: `programs for ${machine.isa}` }
    }
    try {
      const work = make(machine, machine.createHart())
      work(Math.ceil(times / 10))
      const samples = repeated(options.runs, () => {
        const start = performance.now()
        work(times)
        return ((performance.now() - start) * 1e6) / times
      })
      rows.push({ program: name, ns: median(samples) - (make === interrupted ? TICK * 1e6 : 0) })
    } finally {
      machine.close()
    }
  }
  return { rows }
}
