// WebAssembly modules as npm has them, on the kernel and on V8, driven by the same code: the answers are the same bytes. On the host's CPU and on the
// emulator of riscv64; K23_LONG=1 adds that of x64, and what takes an emulator minutes.
import { spawnSync } from 'node:child_process'
import fs, { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WASI } from 'node:wasi'
import { getPath } from '@dprint/json'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { createX64Machine } from '@k23/emulator/x64'
import { decodeModule } from '@k23/frontend-wasm'
import { Engine, Func, Linker, Store } from '@k23/kernel'
import { bytesSink, type FileSystem, Wasi } from '@k23/kernel/wasi'
import type { Machine } from '@k23/machine'
import { createNativeMachine, nativeMissing } from '@k23/native'
import { afterAll, describe, expect, test } from 'vitest'
import { ICEPACK } from '../tools/setup-oracles.ts'

const long = process.env.K23_LONG === '1'
const missing = nativeMissing()
if (missing !== undefined) console.log(`skipped on the host's CPU: ${missing}`)

const closing: (() => void)[] = []
afterAll(() => closing.forEach((close) => close()))

function native(): Machine {
  const machine = createNativeMachine()
  closing.push(() => machine.close())
  return machine
}

const NATIVE = "the host's CPU"
const memoryBytes = 256 << 20
const machines: readonly (readonly [on: string, make: () => Machine])[] = [
  ['riscv64 emulator', () => createRiscv64Machine({ memoryBytes })],
  ...(long ? ([['x64 emulator', () => createX64Machine({ memoryBytes })]] as const) : []),
  ...(missing === undefined ? ([[NATIVE, native]] as const) : []),
]

const timeout = long ? 3600_000 : 240_000

/** A running module, as both hosts offer it. */
interface Running {
  call(name: string, ...args: Argument[]): number
  /** Valid until the next call. */
  bytes(at: number, length: number): Uint8Array
}

type Argument = number | bigint

/** Imports beside WASI, and in its place: functions that give this number, or nothing. */
type HostNumbers = Readonly<Record<string, number | undefined>>

/** The type of the memory that a module imports, as its import section has it. */
function importedMemory(wasm: Uint8Array): { min: number; max: number | undefined } | undefined {
  const { info } = decodeModule(wasm)
  return info.numImportedMemories === 0 ? undefined : info.memories[0]
}

function onV8(wasm: Uint8Array<ArrayBuffer>, numbers: HostNumbers): Running {
  const wasi = new WASI({ version: 'preview1' })
  const env = Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, () => n]))
  const type = importedMemory(wasm)
  const given =
    type === undefined ? undefined : new WebAssembly.Memory({ initial: type.min, maximum: type.max ?? 65536 })
  const imports = {
    wasi_snapshot_preview1: { ...(wasi.getImportObject() as WebAssembly.Imports).wasi_snapshot_preview1, ...env },
    env: { ...env, ...(given === undefined ? {} : { memory: given }) },
  }
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), imports)
  const exports = instance.exports as Record<string, (...args: Argument[]) => number>
  if ('_initialize' in exports) wasi.initialize(instance)
  const memory = given ?? (instance.exports.memory as WebAssembly.Memory)
  return {
    call: (name, ...args) => exports[name](...args),
    bytes: (at, length) => new Uint8Array(memory.buffer, at >>> 0, length),
  }
}

function onKernel(machine: Machine, wasm: Uint8Array, numbers: HostNumbers): Running {
  const engine = new Engine({ machine })
  const module = engine.compile(wasm)
  const store = new Store(engine)
  const linker = new Linker(store)
  new Wasi().define(linker)
  for (const { module: from, name, type } of module.imports)
    if ((from === 'env' || name in numbers) && type.kind === 'func')
      linker.func(from, name, type.type, () => numbers[name])
  const type = importedMemory(wasm)
  const given = type === undefined ? undefined : store.memory(type)
  if (given !== undefined) linker.define('env', 'memory', given)
  const instance = linker.instantiate(module)
  if (instance.exports._initialize instanceof Func) instance.func('_initialize').call()
  const memory = given ?? instance.memory('memory')
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

  test.each(machines)('formats as on V8: %s', { timeout }, (_, make) => {
    const [a, b] = [formatter(onKernel(make(), wasm, {})), formatter(onV8(wasm, {}))]
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

  test.each(machines)('runs programs as on V8: %s', { timeout }, (_, make) => {
    const [a, b] = [javascript(onKernel(make(), wasm, imports)), javascript(onV8(wasm, imports))]
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

describe('@sqlite.org/sqlite-wasm, a database', () => {
  const path = fileURLToPath(import.meta.resolve('@sqlite.org/sqlite-wasm/sqlite3.wasm'))
  const wasm = readFileSync(path) as Uint8Array<ArrayBuffer>
  // A database in memory asks the host for little: the time, and a heap that does not grow. Its system calls all fail (ENOSYS).
  const names = WebAssembly.Module.imports(new WebAssembly.Module(wasm)).map((i) => i.name)
  const clock = { emscripten_date_now: 1.7e12, emscripten_get_now: 1234.5, emscripten_get_heap_max: 2 ** 31 }
  const imports: HostNumbers = {
    ...Object.fromEntries(names.map((n) => [n, n.includes('syscall') ? -52 : 0])),
    ...clock,
  }

  /** Runs statements by the C interface; a line for each row, or for an error. */
  function database(m: Running): (sql: string) => string[] {
    m.call('__wasm_call_ctors')
    const put = (s: string): number => {
      const bytes = utf8.encode(`${s}\0`)
      const at = m.call('sqlite3_malloc', bytes.length)
      m.bytes(at, bytes.length).set(bytes)
      return at
    }
    const word = (at: number): number => new DataView(m.bytes(at, 4).slice().buffer).getUint32(0, true)
    const string = (at: number): string => {
      let length = 0
      while (m.bytes(at + length, 1)[0] !== 0) length++
      return text(m.bytes(at, length).slice())
    }
    const cell = m.call('sqlite3_malloc', 8)
    expect(m.call('sqlite3_open', put(':memory:'), cell)).toBe(0)
    const db = word(cell)
    return (sql) => {
      const lines: string[] = []
      const [ROW, DONE] = [100, 101]
      for (let at = put(sql); ; at = word(cell + 4)) {
        if (m.call('sqlite3_prepare_v2', db, at, -1, cell, cell + 4) !== 0)
          return [...lines, `error: ${string(m.call('sqlite3_errmsg', db))}`]
        const statement = word(cell)
        if (statement === 0) return lines
        let result = m.call('sqlite3_step', statement)
        for (; result === ROW; result = m.call('sqlite3_step', statement)) {
          const columns = Array.from({ length: m.call('sqlite3_column_count', statement) }, (_, i) => {
            const value = m.call('sqlite3_column_text', statement, i)
            return value === 0 ? 'NULL' : string(value)
          })
          lines.push(columns.join('|'))
        }
        if (result !== DONE) lines.push(`error: ${string(m.call('sqlite3_errmsg', db))}`)
        m.call('sqlite3_finalize', statement)
      }
    }
  }

  // biome-ignore format: table
  const scripts = [
    'SELECT sqlite_version(), 1 + 1, 7 / 2, 7 / 2.0, -7 % 3, 1e308 * 10, 0.1 + 0.2, 9223372036854775807 + 1',
    `CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, score REAL, kind INT);
     WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 300)
     INSERT INTO t SELECT i, printf('name-%03d', i * 37 % 301), i * 1.25 / 3, i % 7 FROM n;
     CREATE INDEX by_name ON t(name); CREATE UNIQUE INDEX by_id ON t(kind, id);`,
    'SELECT kind, count(*), round(avg(score), 6), min(name), max(name), total(score) FROM t GROUP BY kind ORDER BY 3 DESC',
    'SELECT name, score FROM t WHERE name BETWEEN "name-100" AND "name-110" ORDER BY name DESC LIMIT 7 OFFSET 2',
    'SELECT id, kind, sum(score) OVER (PARTITION BY kind ORDER BY id ROWS 2 PRECEDING), rank() OVER (ORDER BY name) FROM t WHERE id < 20 ORDER BY id',
    'EXPLAIN QUERY PLAN SELECT a.name FROM t a JOIN t b ON a.name = b.name WHERE b.kind = 3',
    "BEGIN; UPDATE t SET name = upper(name) WHERE kind = 2; DELETE FROM t WHERE id % 3 = 0; SELECT count(*), changes() FROM t; ROLLBACK; SELECT count(*), sum(length(name)) FROM t",
    `SELECT json_extract('{"a":[1,2,{"b":"x"}]}', '$.a[2].b'), json_group_array(name) FROM (SELECT name FROM t ORDER BY id LIMIT 4)`,
    "SELECT date(0, 'unixepoch', '+400 days', 'weekday 1'), strftime('%Y-%j %H:%M:%f', 2460000.4321), julianday('2024-02-29 12:00')",
    "SELECT hex(zeroblob(4) || x'00ff'), unicode('ü'), char(128512, 65), instr('banana', 'nan'), replace('aXbXc', 'X', '--'), trim('  x '), 'a' LIKE 'A', 'abc' GLOB 'a*'",
    'SELECT sin(1), exp(10), ln(3), pow(2, 0.5), round(2.5), cast("12abc" AS INT), cast(1e20 AS INT), typeof(1.0), abs(-5), 3 << 62, ~5',
    'INSERT INTO t VALUES(1, NULL, NULL, NULL)', 'SELECT * FROM missing', 'SELECT 1 +', 'PRAGMA integrity_check',
  ]

  test.each(machines)('answers as on V8: %s', { timeout }, (_, make) => {
    const [a, b] = [database(onKernel(make(), wasm, imports)), database(onV8(wasm, imports))]
    const found = scripts.map((s) => a(s))
    expect(found).toEqual(scripts.map((s) => b(s)))
    expect(found[0][0]).toMatch(/^3\.\d+\.\d+\|2\|3\|3\.5\|-1\|Inf\|0\.3/)
    expect(found[2]).toHaveLength(7)
    expect(found.slice(-4).map((lines) => lines[0])).toEqual([
      'error: UNIQUE constraint failed: t.id',
      'error: no such table: missing',
      'error: incomplete input',
      'ok',
    ])
  })
})

describe('icepack of @yowasp/nextpnr-ice40, a WASI program', () => {
  test.skipIf(!existsSync(ICEPACK)).each(machines)(
    'packs as on V8 (skipped without what pnpm setup:oracles brings): %s',
    { timeout },
    (on, make) => {
      const run = icepackOnKernel(make())
      const folder = mkdtempSync(join(tmpdir(), 'k23-icepack-'))
      const file = (name: string): Buffer => readFileSync(join(folder, name))
      try {
        writeFileSync(join(folder, 'a.asc'), bitstreamText())
        const both = (output: string | undefined, ...args: string[]): void => {
          const outcomes = [icepackOnV8, run].map((host) => {
            if (output !== undefined) rmSync(join(folder, output), { force: true })
            return { ...host(folder, args), output: output === undefined ? '' : file(output).toString('base64') }
          })
          expect(outcomes[1]).toEqual(outcomes[0])
        }
        both('a.bin', '-s', '-v', '/a.asc', '/a.bin')
        expect(file('a.bin').length).toBeGreaterThan(7000)
        both(undefined, '-h')
        both(undefined, '/missing.asc', '/x.bin')
        // Unpacking takes 2.8 billion instructions of riscv64, and gives the tiles back.
        if (!long && on !== NATIVE) return
        both('b.asc', '-u', '/a.bin', '/b.asc')
        const tiles = (lines: string): string[] =>
          lines
            .split('\n')
            .filter((l) => /^([01]|\.\w+_tile)/.test(l))
            .sort()
        expect(tiles(file('b.asc').toString())).toEqual(tiles(bitstreamText()))
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )

  /** All tiles of the smallest chip, with arbitrary bits. */
  function bitstreamText(): string {
    const lines = ['.comment', '.device 384', '.warmboot enabled']
    let state = 7
    const row = (n: number): string =>
      Array.from({ length: n }, () => {
        state = (Math.imul(state, 1103515245) + 12345) | 0
        return (state >>> 16) & 1
      }).join('')
    const tile = (name: string, width: number): void => {
      lines.push(`.${name}`, ...Array.from({ length: 16 }, () => row(width)))
    }
    for (let y = 1; y < 9; y++) for (let x = 1; x < 7; x++) tile(`logic_tile ${x} ${y}`, 54)
    for (let y = 1; y < 9; y++) for (const x of [0, 7]) tile(`io_tile ${x} ${y}`, 18)
    for (let x = 1; x < 7; x++) for (const y of [0, 9]) tile(`io_tile ${x} ${y}`, 18)
    return `${lines.join('\n')}\n`
  }

  interface Ran {
    readonly exit: number | null
    readonly stderr: string
  }

  function icepackOnV8(folder: string, args: readonly string[]): Ran {
    const program = `
      import { readFileSync } from 'node:fs'
      import { WASI } from 'node:wasi'
      const [file, folder, ...args] = process.argv.slice(1).filter((a) => a !== '--')
      const wasi = new WASI({ version: 'preview1', args: ['icepack', ...args], preopens: { '/': folder } })
      const { instance } = await WebAssembly.instantiate(readFileSync(file), wasi.getImportObject())
      process.exitCode = wasi.start(instance)`
    const command = ['--no-warnings', '--input-type=module', '-e', program, ICEPACK, folder, '--', ...args]
    const done = spawnSync(process.execPath, command, { encoding: 'utf8' })
    return { exit: done.status, stderr: done.stderr }
  }

  function icepackOnKernel(machine: Machine): (folder: string, args: readonly string[]) => Ran {
    const engine = new Engine({ machine })
    const module = engine.compile(new Uint8Array(readFileSync(ICEPACK)))
    return (folder, args) => {
      const linker = new Linker(new Store(engine))
      const stderr = bytesSink()
      const preopens = [{ fs: fs as FileSystem, path: folder, name: '/' }]
      const wasi = new Wasi({ args: ['icepack', ...args], preopens, stderr })
      wasi.define(linker)
      return { exit: wasi.start(linker.instantiate(module)), stderr: text(stderr.bytes()) }
    }
  }
})
