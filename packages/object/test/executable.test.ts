// Static executables: exports called from the shell, traps, WASI programs; on the host's CPU or under qemu-user.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { compile } from '@k23/codegen'
import { parseFunctions } from '@k23/ir'
import { clifExecutable, linuxAbi, wasmExecutable } from '@k23/object'
import { describe, expect, test } from 'vitest'
import { elfTargets, present, quietly, toolsFor, withFiles } from './tools.ts'
import { assemble } from './wat.ts'

const corpus = join(process.env.K23_TEST_DATA ?? resolve(import.meta.dirname, '../../../../shared/data'), 'wasm-corpus')

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

const VALUES = `(module
  (func (export "i32") (param i32) (result i32) (local.get 0))
  (func (export "i64") (param i64) (result i64) (local.get 0))
  (func (export "f32 x4") (param f32 f32 f32 f32) (result f32 f32 f32 f32) (local.get 0) (local.get 1) (local.get 2) (local.get 3))
  (func (export "f64 x8") (param f64 f64 f64 f64 f64 f64 f64 f64) (result f64 f64 f64 f64 f64 f64 f64 f64)
    (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7))
  (func (export "null") (param externref) (result externref funcref) (local.get 0) (ref.null func))
  (func (export "nothing")))`

const TRAPS = `(module
  (memory 1)
  (table 2 funcref)
  (func $divide (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "through") (param i32) (result i32) (call $divide (i32.const 6) (local.get 0)))
  (func $load (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func $deep (export "deep") (param i32) (result i32) (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))
  (func $filler (export "fill") (param i32) (memory.fill (local.get 0) (i32.const 1) (i32.const 100)))
  (func (export "indirect") (param i32) (call_indirect (local.get 0)))
  (func (export "stop") unreachable)
  (func (export "convert") (param f64) (result i32) (i32.trunc_f64_s (local.get 0))))`

/** A command that writes its arguments, its environment and its input, as they come to it; its status is the number of arguments. */
const ECHO = `(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $as (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $ag (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $es (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $eg (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (func $out (param $at i32) (param $n i32)
    (i32.store (i32.const 16) (local.get $at)) (i32.store (i32.const 20) (local.get $n))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
  (func (export "_start") (local $count i32)
    (drop (call $as (i32.const 0) (i32.const 4)))
    (local.set $count (i32.load (i32.const 0)))
    (drop (call $ag (i32.const 1024) (i32.const 4096)))
    (call $out (i32.load (i32.const 1024)) (i32.load (i32.const 4)))
    (drop (call $es (i32.const 0) (i32.const 4)))
    (drop (call $eg (i32.const 1024) (i32.const 4096)))
    (call $out (i32.load (i32.const 1024)) (i32.load (i32.const 4)))
    (loop $more
      (i32.store (i32.const 16) (i32.const 65536)) (i32.store (i32.const 20) (i32.const 1000))
      (drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 28)))
      (if (i32.load (i32.const 28)) (then (call $out (i32.const 65536) (i32.load (i32.const 28))) (br $more))))
    (call $exit (local.get $count))))`

describe.each(elfTargets.filter((t) => linuxAbi(t) !== undefined))('%s', (target) => {
  const { prefix, runner } = toolsFor(target)
  const runs = runner.length === 0 || present(runner[0])
  const program = (wasm: Uint8Array): Uint8Array => wasmExecutable(compile(wasm, { target }), { source: 'test.wasm' })

  /** Runs a program with the folder as its current one. */
  function run(
    file: Uint8Array,
    args: readonly string[],
    o: { input?: string; env?: Record<string, string>; cwd?: string } = {},
  ): Ended {
    return withFiles({ program: file }, (folder) => {
      const path = join(folder, 'program')
      chmodSync(path, 0o755)
      const all = [...runner.filter((x) => x !== '-L' && !x.startsWith('/usr/')), path, ...args]
      const done = spawnSync(all[0], all.slice(1), {
        encoding: 'latin1',
        cwd: o.cwd ?? folder,
        input: o.input ?? '',
        maxBuffer: 1 << 28,
        timeout: 60_000,
        ...(o.env === undefined ? {} : { env: { PATH: process.env.PATH, ...o.env } }),
      })
      return { status: done.status, out: done.stdout, err: done.stderr }
    })
  }

  test.skipIf(!present(`${prefix}readelf`))('readelf and objdump have nothing to complain of', () => {
    withFiles({ program: program(assemble(ECHO)) }, (folder) => {
      const path = join(folder, 'program')
      const text =
        quietly(`${prefix}readelf`, ['-W', '-a', '-wilfF', path]) + quietly(`${prefix}objdump`, ['-dx', path])
      expect(text).not.toMatch(/warning|corrupt|error:/i)
      // Nothing is writable and executable.
      expect([...text.matchAll(/LOAD .* ([R ][W ][E ]) 0x/g)].map((m) => m[1])).toEqual(['R  ', 'R E', 'RW '])
    })
  })

  describe.skipIf(!runs)('running', () => {
    test('integers', () => {
      const file = program(assemble(VALUES))
      const cases: [type: string, text: string, want: string][] = [
        ['i32', '42', '42'],
        ['i32', '-2147483648', '-2147483648'],
        ['i32', '4294967295', '-1'],
        ['i32', '0xFFff_0000', '-65536'],
        ['i32', '-0x10', '-16'],
        ['i64', '9223372036854775807', '9223372036854775807'],
        ['i64', '18446744073709551615', '-1'],
        ['i64', '-9223372036854775808', '-9223372036854775808'],
        ['i64', '+1_000', '1000'],
      ]
      for (const [type, text, want] of cases)
        expect(run(file, [type, text])).toEqual({ status: 0, out: `${want}\n`, err: '' })
      for (const [type, text] of [
        ['i32', '4294967296'],
        ['i32', '-2147483649'],
        ['i64', '18446744073709551616'],
        ['i64', '99999999999999999999999'],
        ['i64', '-9223372036854775809'],
        ['i32', ''],
        ['i32', '0x'],
        ['i32', '1x0'],
        ['i32', '12a'],
        ['i32', '--1'],
      ]) {
        const bits = type.slice(1)
        const err = `argument 1 is "${text}", expected an integer of ${bits} bits, such as -1, 42 or 0xff\n`
        expect(run(file, [type, text])).toEqual({ status: 2, out: '', err })
      }
      expect(run(file, ['nothing'])).toEqual({ status: 0, out: '', err: '' })
      expect(run(file, ['null', 'null'])).toEqual({ status: 0, out: 'null\nnull\n', err: '' })
      expect(run(file, ['nope']).err).toMatch(/^no exported function nope\n.*\n {2}i32\(i32\)\n/)
      expect(run(file, ['i32']).err).toBe('i32 takes 1 arguments, found 0\n')
      expect(run(file, [])).toMatchObject({ status: 2, out: '' })
    })

    test('floats are read and written as JavaScript does', () => {
      const file = program(assemble(VALUES))
      const text = (x: number): string =>
        Object.is(x, -0) ? '-0' : Number.isNaN(x) ? 'nan' : String(x).replace('Infinity', 'inf')
      const texts = [
        ...[
          '0',
          '-0',
          '1',
          '.5',
          '5.',
          '1e21',
          '1e-7',
          '123456789012345680000',
          '0.000001',
          '-1.25e+3',
          'nan',
          'inf',
          '-inf',
          '1E400',
        ],
        ...[
          '5e-324',
          '2.2250738585072014e-308',
          '1.7976931348623157e308',
          '2.4703282292062327e-324',
          '2.4703282292062328e-324',
        ],
        // Halfway between two doubles, and a little more.
        ...[
          '9007199254740993',
          '9007199254740993.00000000000000000000000000000001',
          '1.7976931348623158e308',
          '1.79769313486231580793e308',
        ],
        `0.${'0'.repeat(400)}1`,
        `1${'0'.repeat(300)}`,
        `9007199254740992.${'9'.repeat(900)}`,
        `9007199254740993${'0'.repeat(900)}e-900`,
        ...samples(target === 'x64' ? 400 : 100),
      ]
      for (let i = 0; i < texts.length; i += 8) {
        const eight = Array.from({ length: 8 }, (_, k) => texts[(i + k) % texts.length])
        const want = eight.map(
          (t) =>
            `${text(t === 'nan' ? Number.NaN : t.endsWith('inf') ? Number(`${t.slice(0, -3)}Infinity`) : Number(t))}\n`,
        )
        expect(run(file, ['f64 x8', ...eight])).toEqual({ status: 0, out: want.join(''), err: '' })
        const four = eight.slice(0, 4)
        const narrow = four.map(
          (t) =>
            `${text(Math.fround(t === 'nan' ? Number.NaN : t.endsWith('inf') ? Number(`${t.slice(0, -3)}Infinity`) : Number(t)))}\n`,
        )
        expect(run(file, ['f32 x4', ...four])).toEqual({ status: 0, out: narrow.join(''), err: '' })
      }
      for (const bad of ['', '.', 'e5', '1e', '1e+', '1.2.3', '0x1p3', 'infinity', '1 ', '-'])
        expect(run(file, ['f64 x8', bad, ...'1234567']).err).toBe(
          `argument 1 is "${bad}", expected a number, such as 1.5, -2e10, inf or nan\n`,
        )
    })

    test('traps: kind, function and offset, and status 134', () => {
      const wasm = assemble(TRAPS)
      const file = program(wasm)
      const at = (kind: string, func: string, args: readonly string[]): void => {
        const { status, out, err } = run(file, args)
        expect({ status, out }).toEqual({ status: 134, out: '' })
        const m = /^trap: (\w+): (.+) in function (\d+) \((.+)\) at offset 0x([0-9a-f]+)\n$/.exec(err)
        expect([err, m?.[1], m?.[4]]).toEqual([err, kind, func])
        expect(Number.parseInt(m?.[5] as string, 16)).toBe(offsets(wasm, func))
      }
      at('integer_division_by_zero', 'divide', ['divide', '1', '0'])
      at('integer_overflow', 'divide', ['divide', '-2147483648', '-1'])
      at('integer_division_by_zero', 'divide', ['through', '0'])
      at('memory_out_of_bounds', 'load', ['load', '65533'])
      at('memory_out_of_bounds', 'load', ['load', '-1'])
      // In what stands for the kernel: the call belongs to the function.
      at('memory_out_of_bounds', 'filler', ['fill', '65437'])
      at('undefined_element', 'indirect', ['indirect', '2'])
      at('uninitialized_element', 'indirect', ['indirect', '0'])
      at('unreachable', 'stop', ['stop'])
      at('bad_conversion', 'convert', ['convert', 'nan'])
      const { status, err } = run(file, ['deep', '0'])
      expect(status).toBe(134)
      expect(err).toMatch(/^trap: stack_overflow: call stack exhausted in function \d+ \(deep\) at offset/)
    })

    test('a command: arguments, environment, input, exit status', () => {
      const file = program(assemble(ECHO))
      const { status, out, err } = run(file, ['one', '', 'three'], {
        input: 'x'.repeat(100_000),
        env: { WASI_TEST: 'a value', EMPTY: '' },
      })
      expect({ status, err }).toEqual({ status: 4, err: '' })
      const parts = out.split('\0')
      expect(parts.slice(1, 4)).toEqual(['one', '', 'three'])
      expect(parts).toContain('WASI_TEST=a value')
      expect(parts).toContain('EMPTY=')
      expect(parts[parts.length - 1]).toBe('x'.repeat(100_000))
    })

    test('files: the same answers as from Node', () => {
      const wasm = filesProgram()
      const [ours, theirs] = ['ours', 'theirs'].map(
        (who) => (use: (folder: string) => Ended) =>
          withFiles({}, (folder) => {
            prepare(folder)
            const done = use(folder)
            expect([who, done.status, done.err]).toEqual([who, 0, ''])
            return { out: done.out, moved: readFileSync(join(folder, 'box/sub/moved'), 'utf8') }
          }),
      )
      const expected = theirs((folder) => {
        const node = `import { WASI } from 'node:wasi'
          import { readFileSync } from 'node:fs'
          const wasi = new WASI({ version: 'preview1', preopens: { '.': ${JSON.stringify(join(folder, 'box'))} } })
          const module = await WebAssembly.compile(readFileSync(process.argv[2]))
          wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()))`
        writeFileSync(join(folder, 'run.mjs'), node)
        writeFileSync(join(folder, 'program.wasm'), wasm)
        const args = ['--no-warnings', join(folder, 'run.mjs'), join(folder, 'program.wasm')]
        const done = spawnSync(process.execPath, args, { encoding: 'latin1' })
        return { status: done.status, out: done.stdout, err: done.stderr }
      })
      const got = ours((folder) => run(program(wasm), [], { cwd: join(folder, 'box') }))
      const answers = (e: { out: string }): string[] =>
        steps.map(
          (s, i) =>
            `${s.join(' ')} -> ${e.out
              .slice(8 * i, 8 * i + 8)
              .split('')
              .map((c) => c.charCodeAt(0))
              .join(',')}`,
        )
      expect(answers(got)).toEqual(answers(expected))
      expect(got.moved).toBe(expected.moved)
    })

    const programs = ['blake3-scalar', 'rust-json', 'quicksort', 'pulldown-cmark'].filter((p) =>
      existsSync(join(corpus, p)),
    )
    test.skipIf(programs.length === 0).each(programs)('%s of the corpus', (name) => {
      const folder = join(corpus, name)
      const { status, out, err } = run(program(readFileSync(join(folder, 'benchmark.wasm'))), [], { cwd: folder })
      expect(status).toBe(0)
      for (const [stream, text] of [
        ['stdout', out],
        ['stderr', err],
      ]) {
        const file = ['default', 'benchmark']
          .map((s) => join(folder, `${s}.${stream}.expected`))
          .find((f) => existsSync(f))
        expect(file).toBeDefined()
        expect(text).toBe(readFileSync(file as string, 'latin1'))
      }
    })

    test('CLIF: %main gives the status', () => {
      const of = (text: string): Ended => {
        const functions = parseFunctions(text).functions.map((f) => f.func)
        return run(clifExecutable(functions, compile(functions, { target })), [])
      }
      const inner = 'function %seven() -> i64 system_v { block0: v0 = iconst.i64 7 return v0 }'
      const main = (result: string, value: string): string => `${inner} function %main()${result} system_v {
        fn0 = %seven() -> i64 system_v
        block0: v0 = call fn0() ${value} }`
      expect(of(main(' -> i64', 'return v0')).status).toBe(7)
      expect(of(main(' -> i8', 'v1 = ireduce.i8 v0 return v1')).status).toBe(7)
      expect(of(main('', 'return')).status).toBe(0)
      expect(() => of(inner)).toThrow(/%main, which is not there/)
      expect(() => of(`function %main(i64) system_v { block0(v0: i64): return }`)).toThrow(/no parameters/)
      expect(() => of(`function %main() system_v { fn0 = %gone() system_v block0: call fn0() return }`)).toThrow(
        /undefined symbols: gone/,
      )
    })
  })

  test('imports that no program has are refused', () => {
    const foreign = assemble('(module (import "env" "f" (func)))')
    expect(() => program(foreign)).toThrow(/env\.f is no function that an executable has/)
    const memory = assemble('(module (import "env" "m" (memory 1)))')
    expect(() => program(memory)).toThrow(/env\.m is a memory/)
    const shape = assemble('(module (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32))))')
    expect(() => program(shape)).toThrow(/another type/)
  })
})

/** Doubles all over: random bits, random short decimals, powers of two and ten with their neighbours. */
function samples(n: number): string[] {
  let state = 12345
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return state
  }
  const view = new DataView(new ArrayBuffer(8))
  return Array.from({ length: n }, (_, i) => {
    if (i % 4 === 0) return String(2 ** ((next() % 2098) - 1074))
    if (i % 4 === 1) return `${next() % 1000}.${next() % 100000}e${(next() % 600) - 300}`
    view.setUint32(0, next())
    view.setUint32(4, next())
    const x = view.getFloat64(0)
    return Number.isFinite(x) ? (i % 4 === 2 ? String(x) : x.toExponential(25 % (i % 21 || 1) || 20)) : '1.5'
  })
}

/** First byte of the operator that traps, by function of TRAPS. */
const OPERATORS: Readonly<Record<string, number>> = {
  divide: 0x6d,
  load: 0x28,
  filler: 0xfc,
  indirect: 0x11,
  stop: 0x00,
  convert: 0xaa,
}

/** Offset of that operator in the module. */
function offsets(wasm: Uint8Array, func: string): number {
  const { info } = compile(wasm, { target: elfTargets[0] }).wasm as NonNullable<ReturnType<typeof compile>['wasm']>
  const named = [...info.names.functions].find(([, name]) => name === func)
  const index = named?.[0] ?? (info.exports.find((e) => e.name === func)?.index as number)
  // All sizes in this module take one byte, but for the section's.
  let at = 8
  for (;;) {
    const id = wasm[at++]
    let size = 0
    let scale = 1
    for (let b = 128; b >= 128; scale *= 128) size += ((b = wasm[at++]) & 127) * scale
    if (id === 10) break
    at += size
  }
  at++
  for (let i = 0; i < index; i++) at += 1 + wasm[at]
  // Behind the size and the number of locals.
  return wasm.indexOf(OPERATORS[func], at + 2)
}

// ---- what a program does with files

type Arg = number | bigint | string
/** A function of WASI with its arguments: texts are addresses (and lengths) of paths; what comes back is four bytes of errno and four of OUT. */
type Step = readonly [name: string, ...args: Arg[]]

const OUT = 512
const BUFFER = 1024
const RIGHTS = 0xfffffffn
/** Rights for which Node opens for writing: fd_datasync, fd_write, fd_allocate, fd_filestat_set_size. */
const WRITING = 0x400141n
const [CREAT, DIRECTORY, EXCL, TRUNC] = [1, 2, 4, 8]
const open = (path: string, oflags = 0, rights: bigint = RIGHTS, fdflags = 0, folder = 3): Step => [
  'path_open',
  folder,
  0,
  path,
  oflags,
  rights,
  rights,
  fdflags,
  OUT,
]
/** OUT holds the handle that the step before made; later steps name handles by the order in which they were opened. */
const FIRST = 4

const steps: readonly Step[] = [
  open('new', CREAT | EXCL),
  ['fd_write', FIRST, 64, 1, OUT],
  ['fd_tell', FIRST, OUT],
  ['fd_seek', FIRST, 2n, 0, OUT],
  ['fd_read', FIRST, 72, 1, OUT],
  ['fd_pwrite', FIRST, 64, 1, 100n, OUT],
  ['fd_pread', FIRST, 72, 1, 98n, OUT],
  ['fd_filestat_set_size', FIRST, 50n],
  ['fd_filestat_get', FIRST, BUFFER],
  ['load', BUFFER + 32],
  ['load', BUFFER + 16],
  ['fd_seek', FIRST, -10n, 2, OUT],
  ['fd_seek', FIRST, -100n, 1, OUT],
  ['fd_seek', FIRST, 0n, 9, OUT],
  ['fd_sync', FIRST],
  ['fd_allocate', FIRST, 0n, 200n],
  ['fd_close', FIRST],
  ['fd_close', FIRST],
  open('new', CREAT | EXCL),
  open('gone'),
  open('sub/file'),
  ['fd_read', FIRST, 72, 1, OUT],
  ['load', BUFFER],
  ['fd_close', FIRST],
  open('sub', DIRECTORY, RIGHTS & ~WRITING),
  open('file', 0, RIGHTS & ~WRITING, 0, FIRST),
  ['fd_close', FIRST],
  ['fd_close', FIRST + 1],
  open('sub/file', TRUNC),
  ['fd_filestat_get', FIRST, BUFFER],
  ['load', BUFFER + 32],
  ['fd_close', FIRST],
  open('../outside/secret'),
  open('sub/../../outside/secret'),
  open('sub/../new'),
  ['fd_close', FIRST],
  open('/etc/passwd'),
  open('new', DIRECTORY),
  ['path_create_directory', 3, 'made'],
  ['path_create_directory', 3, 'made'],
  ['path_create_directory', 3, 'made/deep'],
  ['path_remove_directory', 3, 'made'],
  ['path_remove_directory', 3, 'made/deep'],
  ['path_remove_directory', 3, 'made'],
  ['path_remove_directory', 3, 'new'],
  ['path_unlink_file', 3, 'gone'],
  ['path_rename', 3, 'new', 3, 'sub/moved'],
  ['path_filestat_get', 3, 0, 'sub/moved', BUFFER],
  ['load', BUFFER + 32],
  ['path_filestat_get', 3, 0, 'sub', BUFFER],
  ['load', BUFFER + 16],
  ['path_symlink', 'moved', 3, 'sub/link'],
  ['path_filestat_get', 3, 0, 'sub/link', BUFFER],
  ['load', BUFFER + 16],
  ['path_filestat_get', 3, 1, 'sub/link', BUFFER],
  ['load', BUFFER + 16],
  ['path_readlink', 3, 'sub/link', BUFFER, 100, OUT],
  ['load', BUFFER],
  ['path_open', 3, 1, 'sub/link', 0, RIGHTS, RIGHTS, 0, OUT],
  ['path_link', 3, 0, 'sub/moved', 3, 'second'],
  ['path_filestat_get', 3, 0, 'second', BUFFER],
  ['load', BUFFER + 24],
  ['path_filestat_set_times', 3, 0, 'second', 5_000_000_000n, 6_000_000_000n, 5],
  ['path_filestat_get', 3, 0, 'second', BUFFER],
  ['load', BUFFER + 40],
  ['load', BUFFER + 44],
  ['load', BUFFER + 48],
  ['path_unlink_file', 3, 'second'],
  ['path_unlink_file', 3, 'sub/link'],
  ['fd_prestat_get', 3, OUT],
  ['load', OUT + 4],
  ['fd_prestat_get', 77, OUT],
  ['fd_prestat_dir_name', 3, OUT, 1],
  ['fd_fdstat_get', 3, BUFFER],
  ['loadbyte', BUFFER],
  ['fd_fdstat_get', 77, BUFFER],
  ['fd_filestat_get', 77, BUFFER],
  ['fd_write', 77, 64, 1, OUT],
  ['random_get', BUFFER, 16],
  ['clock_time_get', 1, 0n, BUFFER],
  ['clock_time_get', 9, 0n, BUFFER],
  ['sched_yield'],
]

/** Addresses of texts, from here on. */
const TEXTS = 4096

/** Does all steps and writes what came of each. */
function filesProgram(): Uint8Array<ArrayBuffer> {
  const types = new Map<string, string>()
  const at = new Map<string, number>()
  let end = TEXTS
  const data: string[] = []
  const place = (t: string): number => {
    let address = at.get(t)
    if (address === undefined) {
      address = end
      at.set(t, address)
      data.push(`(data (i32.const ${address}) "${t}")`)
      end += t.length + 1
    }
    return address
  }
  const calls = steps.map(([name, ...args], i) => {
    const result = 65536 + 8 * i
    const store = (errno: string, value: string): string =>
      `(i32.store (i32.const ${result}) ${errno}) (i32.store (i32.const ${result + 4}) ${value})`
    if (name === 'load') return store('(i32.const 0)', `(i32.load (i32.const ${args[0]}))`)
    if (name === 'loadbyte') return store('(i32.const 0)', `(i32.load8_u (i32.const ${args[0]}))`)
    const values = args.flatMap((a) =>
      typeof a === 'string'
        ? [`(i32.const ${place(a)})`, `(i32.const ${a.length})`]
        : [typeof a === 'bigint' ? `(i64.const ${a})` : `(i32.const ${a})`],
    )
    types.set(name, values.map((v) => v.slice(1, 4)).join(' '))
    return `(i32.store (i32.const ${OUT}) (i32.const 0)) ${store(`(call $${name} ${values.join(' ')})`, `(i32.load (i32.const ${OUT}))`)}`
  })
  types.set('fd_write', 'i32 i32 i32 i32')
  const imports = [...types].map(
    ([name, params]) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${params}) (result i32)))`,
  )
  return assemble(`(module ${imports.join('\n')}
    (memory (export "memory") 2)
    ${data.join('\n')}
    (data (i32.const 2048) "some bytes")
    (func (export "_start")
      (i32.store (i32.const 64) (i32.const 2048)) (i32.store (i32.const 68) (i32.const 10))
      (i32.store (i32.const 72) (i32.const ${BUFFER})) (i32.store (i32.const 76) (i32.const 4))
      ${calls.join('\n')}
      (i32.store (i32.const 64) (i32.const 65536)) (i32.store (i32.const 68) (i32.const ${8 * steps.length}))
      (drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const ${OUT})))))`)
}

function prepare(folder: string): void {
  mkdirSync(join(folder, 'box/sub'), { recursive: true })
  mkdirSync(join(folder, 'outside'))
  writeFileSync(join(folder, 'outside/secret'), 'secret')
  writeFileSync(join(folder, 'box/sub/file'), 'contents')
  symlinkSync('file', join(folder, 'box/sub/old'))
}
