// What is not the guest's must end the process as it would without us. The argument says what happens.
import { Worker } from 'node:worker_threads'
import { createNativeMachine } from '../src/index.ts'

const what = process.argv[2]
const machine = createNativeMachine()
const { koffi } = machine['host'].libc

/** Calls code directly, not by run(): no hart is running. */
function callOutside(bytes: readonly number[]): void {
  koffi.decode(machine.placeCode(Uint8Array.from(bytes)), koffi.proto('void', []))()
}

// A hart has run and trapped before: that must not matter.
const hart = machine.createHart()
machine.enter(hart, 0, [])
machine.run(hart)

const ways: Readonly<Record<string, () => void>> = {
  ud2: () => callOutside([0x0f, 0x0b]),
  load: () => callOutside([0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0]), // movq 0, %rax
  division: () => callOutside([0x31, 0xc9, 0xf7, 0xf1]), // xorl %ecx, %ecx; divl %ecx
  int3: () => callOutside([0xcc]),
  kill: () => {
    process.kill(process.pid, 'SIGSEGV')
  },
  // The thread of a worker has no machine; the handler is the whole process's.
  worker: () => {
    new Worker(
      `const { workerData } = require('node:worker_threads')
       const koffi = require(workerData.koffi)
       koffi.load(null) // gives koffi its stack for calls
       koffi.decode(workerData.code, koffi.proto('void', []))()`,
      {
        eval: true,
        workerData: {
          koffi: import.meta
            .resolve('koffi')
            .replace('file://', '')
            .replace(/index\.js$/, 'index.cjs'),
          code: machine.placeCode(Uint8Array.from([0x0f, 0x0b])),
        },
      },
    )
  },
}
ways[what]()
// Uses the machine, so that its memory stays.
setTimeout(() => console.log(`still alive with ${machine.isa}`), what === 'worker' ? 5000 : 200)
