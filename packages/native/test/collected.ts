// Machines that nobody closes: prints how many mappings there are before and after the collector had its chance, and what a kept view shows.
import { readFileSync } from 'node:fs'
import { PERM_READ, PERM_WRITE } from '@k23/machine'
import { createNativeMachine } from '../src/index.ts'

const mappings = (): number => readFileSync('/proc/self/maps', 'utf8').split('\n').length

function viewOfForgottenMachine(): Uint8Array {
  const { memory } = createNativeMachine()
  const view = memory.view(memory.map(4096, PERM_READ | PERM_WRITE), 10)
  view[3] = 77
  return view
}

createNativeMachine().createHart()
const kept = viewOfForgottenMachine()
const before = mappings()
for (let i = 0; i < 100; i++) {
  const machine = createNativeMachine()
  machine.enter(machine.createHart(), machine.placeCode(Uint8Array.of(0xc3)), [])
  machine.tick(1000)
  machine.beat(machine.memory.map(8, PERM_READ | PERM_WRITE), 1)
}
for (let i = 0; i < 10; i++) {
  globalThis.gc?.()
  await new Promise((resolve) => setTimeout(resolve, 5))
}
console.log(JSON.stringify({ before, after: mappings(), kept: kept[3] }))
