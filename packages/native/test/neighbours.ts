// Others who use signals in this process: V8 for the bounds checks of its WebAssembly, its profiler, Node's signal events. Prints what they saw.
import { Session } from 'node:inspector'
import { EPOCH, RETURNED, TRAP } from '@k23/machine'
import { RAX, register, world } from './guest.ts'

/** (memory 1) (func (export "load") (param i32) (result i32) local.get 0 i32.load) */
const bytes = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 8, 1, 4, 108, 111, 97, 100, 0,
  0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11,
])
const load = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.load as (at: number) => number
const outOfBounds = (): boolean => {
  try {
    load(-16)
    return false
  } catch (e) {
    return e instanceof WebAssembly.RuntimeError
  }
}

const counts = { before: 0, wasm: 0, traps: 0, signals: 0, samples: 0 }
for (let i = 0; i < 100; i++) if (outOfBounds()) counts.before++

const w = world()
const { machine, hart } = w
const fault = w.place('movq 8, %rax').address
for (let i = 0; i < 20_000; i++) {
  machine.enter(hart, fault, [])
  if (machine.run(hart).kind === TRAP) counts.traps++
  machine.leave(hart)
  if (i % 4 === 0 && outOfBounds()) counts.wasm++
}

// Signals that Node handles, and the profiler's, while the guest runs: their handlers run on the guest's stack.
const spin = w.place('movq %rdi, %rax\n1: decq %rdi\njnz 1b\nret').address
const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.setSamplingInterval', { interval: 100 })
session.post('Profiler.start')
process.on('SIGUSR2', () => counts.signals++)
const started = performance.now()
for (let i = 0; i < 50; i++) {
  process.kill(process.pid, 'SIGUSR2')
  machine.enter(hart, spin, [5_000_000])
  if (machine.run(hart).kind !== RETURNED || register(hart, RAX) !== 5_000_000n) throw new Error('wrong result')
}
machine.tick(1)
machine.enter(hart, w.place('1: jmp 1b').address, [])
while (performance.now() - started < 200) if (machine.run(hart).kind !== EPOCH) throw new Error('no epoch')
session.post('Profiler.stop', (_, result) => {
  counts.samples = result?.profile.samples?.length ?? 0
})
for (let i = 0; i < 100; i++) if (outOfBounds()) counts.before++
setTimeout(() => {
  console.log(JSON.stringify(counts))
  process.exit()
}, 20)
