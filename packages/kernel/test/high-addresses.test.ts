// Machines whose addresses need more than 32 bits, as the host's CPU has them: the kernel and generated code keep all of an address.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { describe, expect, test } from 'vitest'
import { Engine, type Func, funcType, type Trap, valType } from '../src/index.ts'
import { runScript, type Script } from '../src/wast.ts'
import { thrown, world } from './wat.ts'

const HIGH = { memoryBytes: 2 ** 47 }
const path = `${process.env.K23_TEST_DATA ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url))}/spec/spec.json.gz`

test('instances, references, memories, tables, nested calls and backtraces', () => {
  const { store, linker, module } = world({}, HIGH)
  const table = store.table({ min: 4 })
  const memory = store.memory({ min: 1, max: 100 })
  linker.define('env', 't', table).define('env', 'm', memory)
  linker.func('env', 'host', funcType(['funcref', 'i32'], ['i32']), (f: Func, n: number) => f.call(n) as number)
  const i = linker.instantiate(
    module(`(module
      (import "env" "t" (table 4 funcref)) (import "env" "m" (memory 1))
      (import "env" "host" (func $host (param funcref i32) (result i32)))
      (global (export "g") funcref (ref.func $div)) (global $e (mut externref) (ref.null extern))
      (elem (i32.const 1) $div $f) (elem $p funcref (ref.func $div)) (data (i32.const 8) "abcd")
      (func $div (param i32) (result i32) (i32.div_u (i32.const 100) (local.get 0)))
      (func $f (export "f") (param i32) (result i32)
        (table.init $p (i32.const 3) (i32.const 0) (i32.const 1))
        (drop (memory.grow (i32.const 60)))
        (i32.store (i32.const 3900000) (local.get 0))
        (call $host (table.get (i32.const 3)) (i32.load (i32.const 3900000))))
      (func (export "indirect") (param i32) (result i32) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 2)))
      (func (export "extern") (param externref) (result externref) (global.set $e (local.get 0)) (global.get $e)))`),
  )
  for (const at of [i.vmctx, store.cells, store.stackLow, memory.base]) expect(at).toBeGreaterThan(2 ** 32)
  expect(i.func('indirect').call(7)).toBe(14)
  expect([table.get(1), table.get(3)]).toEqual([i.global('g').get(), i.global('g').get()])
  expect(i.func('extern').call(store)).toBe(store)
  expect([...memory.read(8, 4), memory.pages]).toEqual([97, 98, 99, 100, 61])
  const trap = thrown(() => i.func('indirect').call(0)) as Trap
  expect(trap.backtrace.map((f) => f.name)).toEqual(['div', 'f', 'indirect'])
  expect((table.get(1) as Func).call(5)).toBe(20)
  expect(i.global('g').bits).toBeGreaterThan(2n ** 32n)
  expect(i.global('g').type.type).toBe(valType('funcref'))
  store.close()
})

test('a stack overflow is a trap there too', () => {
  const { linker, module } = world({ stackBytes: 128 << 10 }, HIGH)
  const i = linker.instantiate(
    module(
      '(module (func $f (export "f") (param i64) (result i64) (i64.add (local.get 0) (call $f (i64.add (local.get 0) (i64.const 1))))))',
    ),
  )
  const trap = thrown(() => i.func('f').call(0n)) as Trap
  expect([trap.code, trap.backtrace.length]).toEqual(['stack_overflow', 100])
})

const SCRIPTS =
  `call call_indirect data elem endianness float_memory func_ptrs global imports linking load memory memory64 memory_copy
  memory_fill memory_grow memory_init memory_trap ref_func ref_is_null return_call_indirect start store table_copy table_fill table_get table_grow
  table_init table_set`
    .trim()
    .split(/\s+/)
    .map((n) => `${n}.wast`)

describe.skipIf(!existsSync(path))('spec scripts', () => {
  test('all that handle addresses', { timeout: 60_000 }, () => {
    const pack = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Record<string, Script>
    const failures: string[] = []
    let pass = 0
    for (const name of SCRIPTS) {
      const high = runScript(pack[name], {
        engine: new Engine({ machine: createRiscv64Machine(HIGH), settings: { regalloc_checker: true } }),
        stackBytes: 256 << 10,
        fuel: 1e8,
      })
      pass += high.pass
      for (const f of high.failures) failures.push(`${name}:${f.line}: ${f.type}: ${f.why}`)
    }
    expect(failures).toEqual([])
    expect(pass).toBeGreaterThan(7000)
    console.log(`above 4 GiB: ${pass} commands of ${SCRIPTS.length} scripts pass`)
  })
})
