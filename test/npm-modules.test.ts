// WebAssembly modules as npm has them, on the kernel and on V8, driven by the same code: the answers are the same bytes.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { WASI } from 'node:wasi'
import { getPath } from '@dprint/json'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { Engine, Func, Linker, Store } from '@k23/kernel'
import { Wasi } from '@k23/kernel/wasi'
import { describe, expect, test } from 'vitest'

/** A running module, as both hosts offer it. */
interface Running {
  call(name: string, ...args: number[]): number
  /** Valid until the next call. */
  bytes(at: number, length: number): Uint8Array
}

/** Imports beside WASI: each gives this number, or nothing. */
type HostNumbers = Readonly<Record<string, number | undefined>>

function onV8(wasm: Uint8Array<ArrayBuffer>, numbers: HostNumbers): Running {
  const wasi = new WASI({ version: 'preview1' })
  const env = Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, () => n]))
  const imports = { ...(wasi.getImportObject() as WebAssembly.Imports), env }
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), imports)
  const exports = instance.exports as Record<string, (...args: number[]) => number>
  if ('_initialize' in exports) wasi.initialize(instance)
  const memory = instance.exports.memory as WebAssembly.Memory
  return {
    call: (name, ...args) => exports[name](...args),
    bytes: (at, length) => new Uint8Array(memory.buffer, at >>> 0, length),
  }
}

function onKernel(wasm: Uint8Array, numbers: HostNumbers): Running {
  const engine = new Engine({ machine: createRiscv64Machine({ memoryBytes: 256 << 20 }) })
  const module = engine.compile(wasm)
  const store = new Store(engine)
  const linker = new Linker(store)
  new Wasi().define(linker)
  for (const { module: from, name, type } of module.imports)
    if (from === 'env' && type.kind === 'func') linker.func(from, name, type.type, () => numbers[name])
  const instance = linker.instantiate(module)
  if (instance.exports._initialize instanceof Func) instance.func('_initialize').call()
  const memory = instance.memory('memory')
  return {
    call: (name, ...args) => instance.func(name).call(...args) as number,
    bytes: (at, length) => memory.view(at >>> 0, length),
  }
}

const utf8 = new TextEncoder()
const text = (b: Uint8Array): string => new TextDecoder().decode(b)

describe('@dprint/json, a formatter without imports', () => {
  const wasm = readFileSync(getPath()) as Uint8Array<ArrayBuffer>

  /** Its plug-in interface, version 4: texts go through a shared buffer. */
  function formatter(m: Running): (path: string, source: string) => string {
    const send = (s: string): void => {
      const bytes = utf8.encode(s)
      m.bytes(m.call('clear_shared_bytes', bytes.length), bytes.length).set(bytes)
    }
    const receive = (length: number): string => text(m.bytes(m.call('get_shared_bytes_ptr'), length).slice())
    expect(m.call('dprint_plugin_version_4')).toBe(4)
    send(JSON.stringify({ global: { lineWidth: 40, indentWidth: 3 }, plugin: {} }))
    m.call('register_config', 1)
    return (path, source) => {
      send(path)
      m.call('set_file_path')
      send(source)
      const result = m.call('format', 1)
      if (result === 0) return `unchanged: ${source}`
      return result === 1 ? receive(m.call('get_formatted_text')) : `error: ${receive(m.call('get_error_text'))}`
    }
  }

  const large = JSON.stringify(
    Array.from({ length: 50 }, (_, i) => ({
      id: i,
      name: `n${'x'.repeat(i % 50)}`,
      list: [i, [i / 7, -i, null]],
      ok: i % 2 === 0,
    })),
  )
  const sources: [path: string, source: string][] = [
    ['a.json', '{"b":[1,2,   3],"c":{}}'],
    ['a.json', '{\n   "b": 1\n}\n'],
    ['a.jsonc', '// comment\n{ /* in */ "a": 1, // after\n\n\n"b": [\n1,2] }'],
    ['a.json', '{"a": '],
    ['a.json', '{"ünï": "😀 \\u00e9", "long": ["aaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbb", "c"]}'],
    ['a.json', ''],
    ['big.json', large],
  ]

  test('formats as on V8', () => {
    const [a, b] = [formatter(onKernel(wasm, {})), formatter(onV8(wasm, {}))]
    const found = sources.map(([path, source]) => a(path, source))
    expect(found).toEqual(sources.map(([path, source]) => b(path, source)))
    expect(found[0]).toBe('{ "b": [1, 2, 3], "c": {} }\n')
    expect(found[1]).toMatch(/^unchanged/)
    expect(found[3]).toMatch(/^error/)
    expect(found[6].length).toBeGreaterThan(large.length)
  })
})

describe('quickjs-wasi, a JavaScript engine', () => {
  const wasm = readFileSync(fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm'))) as Uint8Array<ArrayBuffer>
  const imports: HostNumbers = {
    host_call: 0,
    host_interrupt: 0,
    host_promise_rejection: undefined,
    host_module_normalize: 0,
    host_module_load: 0,
    host_get_timezone_offset: 3600,
  }

  function javascript(m: Running): (source: string) => string {
    if (m.call('qjs_init') !== 0) throw new Error('qjs_init failed')
    const put = (s: string): number => {
      const bytes = utf8.encode(`${s}\0`)
      const at = m.call('malloc', bytes.length)
      m.bytes(at, bytes.length).set(bytes)
      return at
    }
    const lengthAt = m.call('malloc', 8)
    return (source) => {
      const code = put(source)
      const name = put('test.js')
      let value = m.call('qjs_eval', code, utf8.encode(source).length, name, 0)
      const thrown = m.call('qjs_is_exception', value) !== 0
      if (thrown) value = m.call('qjs_get_exception')
      const at = m.call('qjs_get_string_len', value, lengthAt)
      const length = new DataView(m.bytes(lengthAt, 4).slice().buffer).getUint32(0, true)
      const result = text(m.bytes(at, length).slice())
      m.call('qjs_free_value', value)
      return thrown ? `throws ${result}` : result
    }
  }

  // biome-ignore format: table
  const programs = [
    '1 + 2',
    '[0.1 + 0.2, 1/3, 1e21, 1e-7, -0, 5e-324, 2**53, Math.fround(1.1), Math.sin(1), Math.exp(10), (0.000001234).toFixed(8), (255).toString(36)].join()',
    '2n ** 200n / 3n ** 50n - 7n',
    'const f = (n) => n < 2 ? n : f(n - 1) + f(n - 2); f(18)',
    'JSON.stringify({ a: [1, , null, undefined], d: new Date(86400000.5 * 365), s: "\\ud800 \\u2028 ünï" })',
    '"The quick brown fox".replace(/(?<first>\\w+) (?=q)|o(?!x)/gu, (m, a) => "<" + m + ":" + a + ">")',
    '[..."hello wörld 😀"].map((c, i) => c.codePointAt(0) * i).sort().join()',
    'function* g() { let i = 0; while (i < 5) yield i++ ** 2 } Object.fromEntries([...g()].map((v, k) => [k, v])); JSON.stringify([...g()])',
    'new Date(Date.UTC(2024, 1, 29, 12)).toISOString() + new Date(0).getTimezoneOffset() + Date.parse("2020-02-30T00:00:00Z")',
    'null.x',
    'throw new RangeError("mine")',
    'let a = Array.from({ length: 3000 }, (_, i) => (i * 7919) % 3001); a.sort((x, y) => x - y); let h = 0; for (const x of a) h = (h * 31 + x) | 0; h',
    'const m = new Map(); for (let i = 0; i < 5000; i++) m.set("k" + (i % 700), i); [...m.values()].reduce((s, x) => s + x, 0)',
    'new Uint8Array(new Float64Array([Math.PI, NaN, -Infinity]).buffer).join()',
    'x = 1; with_ = class A { #p = 5; static s = 2; get v() { return this.#p ** A.s } }; new with_().v',
    'syntax error here',
  ]

  test('runs programs as on V8', () => {
    const [a, b] = [javascript(onKernel(wasm, imports)), javascript(onV8(wasm, imports))]
    const found = programs.map(a)
    expect(found).toEqual(programs.map(b))
    expect(found.slice(0, 4)).toEqual([
      '3',
      '0.30000000000000004,0.3333333333333333,1e+21,1e-7,0,5e-324,9007199254740992,1.100000023841858,0.8414709848078965,22026.465794806718,0.00000123,73',
      String(2n ** 200n / 3n ** 50n - 7n),
      '2584',
    ])
    expect(found[9]).toMatch(/^throws TypeError/)
  })
})
