import { Engine, Store } from '../src/index.ts'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
const bytes = Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0, 7, 6, 1, 2, 0x69, 0x64, 0, 0, 10, 6, 1, 4, 0, 0x20, 0, 0x0b,
])
const engine = new Engine({ machine: createRiscv64Machine(), settings: { regalloc_checker: true } })
const store = new Store(engine)
const i = store.instantiate(engine.compile(bytes))
console.log(i.func('id').call(42), i.func('id').call(-7))
