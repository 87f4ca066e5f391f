// Machines in worker threads, all at once: each traps, is interrupted by its timer and by the main thread, and V8's own traps work in between.
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { EPOCH, PAGE_SIZE, RETURNED, TRAP } from '@k23/machine'
import { createNativeMachine, type InterruptHandle, interruptNative } from '../src/index.ts'

const WORKERS = 4
const TRAPS = 5000

if (isMainThread) await main()
else work()

async function main(): Promise<void> {
  const workers = Array.from({ length: WORKERS }, () => new Worker(new URL(import.meta.url)))
  const results = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<unknown>((resolve, reject) => {
          worker.on('error', reject)
          worker.on('message', (message: { handle?: InterruptHandle; result?: unknown }) => {
            // The worker is in an endless loop from now on, without a timer.
            if (message.handle !== undefined) setTimeout(() => interruptNative(message.handle as InterruptHandle), 30)
            else resolve(message.result)
          })
        }),
    ),
  )
  // The main thread's own machine works beside them, and after they have ended.
  await Promise.all(workers.map((worker) => worker.terminate()))
  console.log(JSON.stringify({ workers: results, main: traps() }))
}

function work(): void {
  const machine = createNativeMachine()
  const hart = machine.createHart({ stackBytes: PAGE_SIZE })
  const loop = machine.placeCode(Uint8Array.from([0xeb, 0xfe])) // 1: jmp 1b
  machine.enter(hart, loop, [])
  machine.tick(5)
  const ticked = machine.run(hart).kind === EPOCH
  machine.tick(0)
  const counted = traps()
  parentPort?.postMessage({ handle: machine.interruptHandle })
  const interrupted = machine.run(hart).kind === EPOCH
  machine.close()
  parentPort?.postMessage({ result: { ...counted, ticked, interrupted } })
}

function traps(): { traps: number; wasm: number } {
  // (memory 1) (func (export "load") (param i32) (result i32) local.get 0 i32.load)
  const bytes = Uint8Array.from([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 8, 1, 4, 108, 111, 97, 100,
    0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11,
  ])
  const load = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.load as (at: number) => number
  const machine = createNativeMachine()
  const hart = machine.createHart({ stackBytes: PAGE_SIZE })
  const programs = [
    [0x0f, 0x0b], // ud2
    [0x48, 0x8b, 0x04, 0x25, 8, 0, 0, 0], // movq 8, %rax
    [0x31, 0xc9, 0xf7, 0xf1], // xorl %ecx, %ecx; divl %ecx
    [0x50, 0xeb, 0xfd], // 1: pushq %rax; jmp 1b
  ].map((code) => machine.placeCode(Uint8Array.from(code)))
  const returns = machine.placeCode(Uint8Array.from([0xc3]))
  const counts = { traps: 0, wasm: 0 }
  for (let i = 0; i < TRAPS; i++) {
    machine.enter(hart, programs[i % programs.length], [])
    if (machine.run(hart).kind === TRAP) counts.traps++
    machine.leave(hart)
    machine.enter(hart, returns, [])
    if (machine.run(hart).kind !== RETURNED) throw new Error('no return')
    try {
      load(-16)
    } catch {
      counts.wasm++
    }
  }
  machine.close()
  return counts
}
