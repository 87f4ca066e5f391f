// A parent that waits, and a child of it in an endless loop of guest code.
import { fork } from 'node:child_process'
import { createNativeMachine, endWithParent } from '../src/index.ts'

if (process.argv[2] === 'child') {
  endWithParent()
  const machine = createNativeMachine()
  const hart = machine.createHart()
  machine.enter(hart, machine.placeCode(Uint8Array.of(0xeb, 0xfe)), []) // jmp to itself
  process.send?.('running')
  setTimeout(() => machine.run(hart), 50)
} else {
  const child = fork(import.meta.filename, ['child'])
  child.on('message', () => console.log(child.pid))
}
