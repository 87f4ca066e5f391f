// A guest that only passes calls on: each WASI function as an export, and a memory, so that tests make the calls one by one.
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { Engine, type Instance, Linker, Store } from '../src/index.ts'
import { errno } from '../src/wasi/abi.ts'
import { calls } from '../src/wasi/calls.ts'
import { Wasi, type WasiOptions } from '../src/wasi/index.ts'
import { wat } from './wat.ts'

const types = (params: string): string => [...params].map((c) => (c === 'I' ? 'i64' : 'i32')).join(' ')

/** Text of the module. */
export const passOn = `(module
  ${calls
    .map(([name, params]) => {
      const result = name === 'proc_exit' ? '' : '(result i32)'
      return `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${types(params)}) ${result}))`
    })
    .join('\n')}
  (memory (export "memory") 1)
  (func (export "_start"))
  ${calls
    .map(([name, params]) => {
      const result = name === 'proc_exit' ? '' : '(result i32)'
      const args = [...params].map((_, i) => `local.get ${i}`).join(' ')
      return `(func (export "${name}") (param ${types(params)}) ${result} ${args} call $${name})`
    })
    .join('\n')})`

const engine = new Engine({ machine: createRiscv64Machine() })
const module = engine.compile(wat(passOn))
const names: Readonly<Record<number, string>> = Object.fromEntries(Object.entries(errno).map(([k, v]) => [v, k]))

/** Where strings for calls are put, and where results come back. */
export const TEXT = 1024
export const OUT = 8192
export const BUFFER = 16384

export interface Guest {
  readonly instance: Instance
  readonly wasi: Wasi
  /** The name of the errno. */
  call(name: string, ...args: (number | bigint | string)[]): string
  /** Must succeed. */
  ok(name: string, ...args: (number | bigint | string)[]): void
  u8(at: number): number
  u32(at: number): number
  u64(at: number): bigint
  bytes(at: number, length: number): Uint8Array
  text(at: number, length: number): string
  put(at: number, bytes: Uint8Array | number[]): void
  putU32(at: number, ...words: number[]): void
  putU64(at: number, x: bigint): void
}

/** A string among the arguments becomes its address and length. */
export function guest(options: WasiOptions = {}): Guest {
  const store = new Store(engine)
  const linker = new Linker(store)
  const wasi = new Wasi(options)
  wasi.define(linker)
  const instance = linker.instantiate(module)
  const memory = instance.memory('memory')
  const data = (): DataView => {
    const v = memory.view()
    return new DataView(v.buffer, v.byteOffset, v.length)
  }
  const g: Guest = {
    instance,
    wasi,
    call(name, ...args) {
      let at = TEXT
      const values = args.flatMap((a) => {
        if (typeof a !== 'string') return [a]
        const bytes = new TextEncoder().encode(a)
        memory.write(at, bytes)
        at += bytes.length
        return [at - bytes.length, bytes.length]
      })
      return names[instance.func(name).call(...values) as number]
    },
    ok(name, ...args) {
      const r = g.call(name, ...args)
      if (r !== 'SUCCESS') throw new Error(`${name}(${args.join(', ')}) gives ${r}`)
    },
    u8: (at) => data().getUint8(at),
    u32: (at) => data().getUint32(at, true),
    u64: (at) => data().getBigUint64(at, true),
    bytes: (at, length) => memory.read(at, length),
    text: (at, length) => new TextDecoder().decode(memory.read(at, length)),
    put: (at, bytes) => memory.write(at, Uint8Array.from(bytes)),
    putU32(at, ...words) {
      words.forEach((w, i) => {
        data().setUint32(at + 4 * i, w, true)
      })
    },
    putU64: (at, x) => data().setBigUint64(at, x, true),
  }
  return g
}
