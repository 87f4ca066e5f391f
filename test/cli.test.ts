// The command line as contracts promise it: exit status, one line for what went wrong, the shape of what is printed.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { VERSION } from '@k23/cli'
import { nativeMissing } from '@k23/native'
import { afterAll, describe, expect, test } from 'vitest'
import { root } from '../tools/source-files.ts'
import { assemble, type Done, Folder, k23 } from './cli-harness.ts'

const folder = new Folder('cli')
afterAll(() => folder.remove())

const WAT = `(module
  (memory (export "memory") 1)
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "swap") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
  (func $divide (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func $outside (export "oob") (result i32) (i32.load (i32.const 70000)))
  (func $again (export "rec") (call $again))
  (func (export "spin") (loop (br 0))))`
const wat = folder.file('module.wat', WAT)

/** Standard error has this one line, and nothing else. */
function oneLine(done: Done): string {
  expect(done.err).toMatch(/^k23: [^\n]*\n$/)
  expect(done.err).not.toMatch(/\n\s+at /)
  return done.err.slice('k23: '.length, -1)
}

describe('run', () => {
  test('prints results, one per line', async () => {
    expect(await k23('run', wat, '--invoke', 'add', '2', '-5')).toEqual({ status: 0, out: '-3\n', err: '' })
    expect(await k23('run', '--invoke', 'swap', wat, '0x10', '-9223372036854775808')).toEqual({
      status: 0,
      out: '-9223372036854775808\n16\n',
      err: '',
    })
  })

  test('--json gives one line', async () => {
    const { status, out } = await k23('run', '--json', wat, '--invoke', 'swap', '1', '2')
    expect(status).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ file: wat, invoke: 'swap', results: ['2', 1] })
  })

  test('without --invoke, runs _start', async () => {
    const file = folder.file('start.wat', '(module (func (export "_start") unreachable))')
    const done = await k23('run', file)
    expect(done.status).toBe(134)
    expect(oneLine(done)).toMatch(/^trap: unreachable: .* in function 0 \(_start\) at offset 0x[0-9a-f]+$/)
    expect((await k23('run', wat)).status).toBe(2)
  })

  test.each([
    [['div', '1', '0'], 'integer_division_by_zero', /function 2 \((\$?divide|div)\)/],
    [['oob'], 'memory_out_of_bounds', /function 3 \((outside|oob)\)/],
    [['rec'], 'stack_overflow', /function 4 \((again|rec)\)/],
  ])('a trap is status 134 and names kind, function and offset: %s', async (args, kind, where) => {
    const done = await k23('run', wat, '--invoke', ...args)
    expect(done.status).toBe(134)
    const line = oneLine(done)
    expect(line).toContain(`trap: ${kind}`)
    expect(line).toMatch(where)
    const offset = Number(/at offset (0x[0-9a-f]+)$/.exec(line)?.[1])
    expect(offset).toBeGreaterThan(8)
    expect(offset).toBeLessThan((await assemble(WAT)).length)
  })

  test('fuel ends an endless loop', async () => {
    const done = await k23('run', '--target', 'riscv64', '--fuel', '100000', wat, '--invoke', 'spin')
    expect(done.status).toBe(1)
    expect(oneLine(done)).toContain('out of fuel after 100000 instructions')
    const here = await k23('run', '--fuel', '100000', wat, '--invoke', 'spin')
    expect([here.status, oneLine(here)]).toEqual([1, expect.stringMatching(/^out of fuel.* in function 5 /)])
  })

  test.each([
    [[wat, '--invoke', 'nope'], /no exported function nope; it has add, swap/],
    [[wat, '--invoke', 'memory'], /memory is a memory/],
    [[wat, '--invoke', 'add', '1'], /add takes 2 arguments \(i32, i32\), found 1/],
    [[wat, '--invoke', 'add', '1', 'two'], /argument 2 is "two", expected an integer of 32 bits/],
    [[wat, '--invoke', 'add', '1', '4294967296'], /argument 2/],
    [['no-such-file.wasm'], /no-such-file.wasm: no such file/],
    [[root], /is a folder/],
    [
      [wat, '--exec', 'native', '--target', process.arch === 'riscv64' ? 'x64' : 'riscv64'],
      /--exec native runs code for this host's CPU/,
    ],
    [[wat, '--exec', 'magic'], /magic/],
    [[wat, '--target', 'aarch64'], /the aarch64 back end is not available yet/],
    [['--set', 'nonsense=1', wat, '--invoke', 'add', '1', '2'], /nonsense.*settings: .*features: /],
    [['--set', 'opt_level=fast', wat, '--invoke', 'add', '1', '2'], /opt_level.*fast/],
    [['--fuel', 'lots', wat], /--fuel lots/],
  ])('wrong usage is status 2: %s', async (args, message) => {
    const done = await k23('run', ...args)
    expect(done.status).toBe(2)
    expect(oneLine(done)).toMatch(message)
  })

  test('a module that needs other imports is told so', async () => {
    const file = folder.file('imports.wat', '(module (import "env" "f" (func)) (func (export "_start")))')
    const done = await k23('run', file)
    expect(done.status).toBe(2)
    expect(oneLine(done)).toMatch(/imports env\.f: k23 run provides wasi_snapshot_preview1/)
  })

  test.each([
    [
      '(module (memory 1) (data (i32.const 65535) "a") (data (i32.const 65535) "ab"))',
      134,
      /out of bounds memory access by data segment 1$/,
    ],
    [
      '(module (func $f) (table 1 funcref) (elem (i32.const 1) $f))',
      134,
      /out of bounds table access by element segment 0$/,
    ],
    ['(module (table 4294967295 funcref))', 1, /m.wat: the machine has no room for table 4294967295 funcref$/],
    [
      '(module (import "wasi_snapshot_preview1" "fd_close" (func (param i64))))',
      1,
      /m.wat: incompatible import type of wasi_snapshot_preview1.fd_close: expected .*, found /,
    ],
    [
      '(module (import "wasi_snapshot_preview1" "none" (func)))',
      1,
      /m.wat: unknown import wasi_snapshot_preview1.none/,
    ],
    [
      '(module (import "wasi_snapshot_preview1" "sched_yield" (func $y (result i32))) (func $s (drop (call $y))) (start $s))',
      1,
      /m.wat: the module calls WASI, and so has to export its memory/,
    ],
  ])('what cannot be instantiated is one line: %s', async (text, status, message) => {
    const file = folder.file('m.wat', text.replace(/\)$/, ' (func (export "f")))'))
    const done = await k23('run', file, '--invoke', 'f')
    expect(oneLine(done)).toMatch(message)
    expect(done.status).toBe(status)
  })

  test('a component, and a module without functions', async () => {
    const component = await k23('run', folder.file('component.wasm', Uint8Array.of(0, 97, 115, 109, 13, 0, 1, 0)))
    expect(component.status).toBe(1)
    expect(oneLine(component)).toMatch(
      /malformed: unknown binary version: expected 1, .* component: .* \(at offset 0x4\)/,
    )
    const nothing = await k23('run', folder.file('nothing.wasm', Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)))
    expect(nothing.status).toBe(2)
    expect(oneLine(nothing)).toMatch(/nothing.wasm exports no function: there is nothing to run/)
  })

  test('a bad module is status 1 and names offset, expected and found', async () => {
    const good = await assemble(WAT)
    const cut = await k23('run', folder.file('cut.wasm', good.slice(0, -3)), '--invoke', 'add', '1', '2')
    expect(cut.status).toBe(1)
    expect(oneLine(cut)).toMatch(/cut.wasm: malformed: .*expected .*offset 0x[0-9a-f]+/)
    const bytes = await assemble('(module (func (result i32) (i32.const 7)))')
    bytes[bytes.lastIndexOf(0x41)] = 0x42 // i64.const
    const typed = await k23('run', folder.file('typed.wasm', bytes))
    expect(typed.status).toBe(1)
    expect(oneLine(typed)).toMatch(
      /invalid: type mismatch: expected i32, found i64 \(at offset 0x[0-9a-f]+, function 0\)/,
    )
    const text = await k23('run', folder.file('bad.wat', '(module\n  (func (i32.bad)))'))
    expect(text.status).toBe(1)
    expect(oneLine(text)).toMatch(/bad.wat: malformed: 2:\d+/)
  })
})

describe('progress', () => {
  const big = folder.file(
    'big.wat',
    `(module ${Array.from({ length: 300 }, (_, n) => `(func (export "f${n}") (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const ${n})) (i32.load (local.get 0))))`).join('\n')} (memory 1))`,
  )
  const onTerminal = async (...args: string[]): Promise<Done> => {
    const before = process.stderr.isTTY
    process.stderr.isTTY = true
    try {
      const done = await k23(...args)
      return { ...done, err: done.err.replaceAll('\x1b[K', '') }
    } finally {
      process.stderr.isTTY = before
    }
  }

  test('of a compilation is shown on a terminal only, and gone at the end', async () => {
    for (const args of [
      ['run', big, '--invoke', 'f7', '5'],
      ['compile', big, '--emit', 'asm'],
    ]) {
      const shown = await onTerminal(...args)
      expect(shown.err).toMatch(/^\r(compiling \S+big.wat: \d+ %\r)+$/)
      const quiet = await k23(...args)
      expect(quiet.err).toBe('')
      expect([shown.status, shown.out]).toEqual([0, quiet.out])
    }
  })

  test('does not get in the way of an error', async () => {
    const bytes = await assemble('(module (func (result i32) (i32.const 7)))')
    bytes[bytes.lastIndexOf(0x41)] = 0x42 // i64.const
    const file = folder.file('wrong.wasm', bytes)
    for (const command of ['run', 'compile']) {
      const done = await onTerminal(command, file)
      expect(done.status).toBe(1)
      expect(done.err).toMatch(
        /^\r+k23: \S+wrong.wasm: invalid: type mismatch: expected i32, found i64 \(at offset 0x[0-9a-f]+, function 0\)\n$/,
      )
    }
  })
})

describe('the tool itself', () => {
  test('the version is that of package.json', async () => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8')) as { version: string }
    expect(VERSION).toBe(manifest.version)
    expect(await k23('--version')).toEqual({ status: 0, out: `${VERSION}\n`, err: '' })
  })

  test('an unknown command or option is status 2', async () => {
    for (const args of [['frobnicate'], ['run', '--frobnicate', wat], ['explain', wat]]) {
      const done = await k23(...args)
      expect(done.status, args.join(' ')).toBe(2)
      expect(done.err).toMatch(/^k23: /)
    }
    expect((await k23('--help')).status).toBe(0)
  })

  test('as a process: status and output', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [join(root, 'packages/cli/src/main.ts'), ...args], {
        encoding: 'utf8',
        env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'), ...process.env },
      })
    const good = run('run', wat, '--invoke', 'add', '20', '22')
    expect([good.status, good.stdout, good.stderr]).toEqual([0, '42\n', ''])
    const trap = run('run', wat, '--invoke', 'div', '1', '0')
    expect([trap.status, trap.stdout]).toEqual([134, ''])
    expect(run('run', 'no-such-file').status).toBe(2)
  })
})

const CLIF = `test interpret
test run
set opt_level=none
target riscv64

function %twice(i64) -> i64 {
block0(v0: i64):
    v1 = iadd v0, v0
    return v1
}
; run: %twice(21) == 42
; run: %twice(-1) == -2
`

describe('compile', () => {
  const clif = folder.file('twice.clif', CLIF)

  test('asm, clif and vcode are text', async () => {
    const asm = await k23('compile', clif, '--target', 'riscv64')
    expect(asm).toMatchObject({ status: 0, err: '' })
    expect(asm.out).toMatch(/^%twice: +; \d+ bytes/)
    expect(asm.out).toMatch(/ {2}00000 {2}add a0, a0, a0\n/)
    expect((await k23('compile', wat, '--emit', 'clif')).out).toMatch(
      /function u0:0\(i64 vmctx, i64, i32, i32\) -> i32 tail/,
    )
    expect((await k23('compile', wat, '--emit', 'vcode')).out).toMatch(/; function u0:0\nblock0:\n/)
  })

  test('bin is the code', async () => {
    const out = join(folder.path, 'twice.bin')
    const { status, out: json } = await k23('compile', clif, '--target', 'riscv64', '-o', out, '--json')
    expect(status).toBe(0)
    const bytes = readFileSync(out)
    expect(JSON.parse(json)).toMatchObject({ emit: 'bin', target: 'riscv64', bytes: bytes.length, symbols: ['%twice'] })
    expect(bytes.subarray(0, 4).toString('hex')).toBe('3305a500') // add a0, a0, a0: funct7 0, rs2 10, rs1 10, rd 10, opcode 0x33
  })

  test('obj and exe are ELF files', async () => {
    for (const [emit, type] of [
      ['obj', 1],
      ['exe', 2],
    ] as const) {
      const out = join(folder.path, emit)
      const wat = folder.file('seven.wat', '(module (func (export "seven") (result i32) (i32.const 7)))')
      expect(await k23('compile', wat, '--emit', emit, '-o', out)).toEqual({ status: 0, out: '', err: '' })
      const bytes = readFileSync(out)
      expect([bytes.toString('latin1', 1, 4), bytes.readUInt16LE(16)]).toEqual(['ELF', type])
    }
    const noMain = await k23('compile', clif, '--emit', 'exe', '-o', join(folder.path, 'x'))
    expect(noMain.status).toBe(1)
    expect(oneLine(noMain)).toContain('%main, which is not there')
    expect(oneLine(await k23('compile', clif, '-o', join(folder.path, 'x.what')))).toContain('--emit')
  })

  test('bad CLIF is status 1 with line and column', async () => {
    const done = await k23('compile', folder.file('bad.clif', 'function %f() {\nblock0:\n    v1 = nonsense v0\n}\n'))
    expect(done.status).toBe(1)
    expect(oneLine(done)).toMatch(/bad.clif: malformed: 3:10: expected an opcode, found `nonsense`/)
    const wrong = await k23(
      'compile',
      folder.file('wrong.clif', 'function %f(i32) -> i64 {\nblock0(v0: i32):\n    return v0\n}\n'),
    )
    expect(wrong.status).toBe(1)
    expect(oneLine(wrong)).toMatch(/wrong.clif: invalid: function %f: /)
  })
})

describe('explain', () => {
  const titles = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('== '))

  test('shows wasm, CLIF, VCode before and after allocation, and code with source offsets', async () => {
    const { status, out } = await k23('explain', wat, '--target', 'riscv64', '--func', 'div')
    expect(status).toBe(0)
    expect(titles(out).map((t) => t.replace(/[,(].*/, '').trim())).toEqual([
      '== WebAssembly: function 2',
      '== CLIF',
      '== VCode before register allocation',
      '== VCode after register allocation',
      '== riscv64 code',
    ])
    const offset = Number.parseInt(/([0-9a-f]+) {2}i32.div_s/.exec(out)?.[1] ?? '', 16)
    expect(out).toContain(`@${offset.toString(16).padStart(4, '0')} `) // in the CLIF
    const behind = out.split(/^== /m).map((stage) => stage.includes(`; wasm 0x${offset.toString(16)}`))
    expect(behind.slice(-3)).toEqual([true, true, true]) // both VCodes and the code
    expect(out).toContain('trap integer_division_by_zero')
    const [before, after] = out.split('== VCode after')
    expect(before).toMatch(/\bv\d+\(a\d\).* = args/)
    expect(after).not.toMatch(/\bv\d+\b/)
  })

  test('the same function by index, export and name; CLIF without the wasm stage', async () => {
    const byName = (await k23('explain', wat, '--func', 'div')).out
    expect((await k23('explain', wat, '--func', '2')).out).toBe(byName)
    const { out } = await k23('explain', folder.file('explain.clif', CLIF), '--func', 'twice', '--json')
    const { func, stages } = JSON.parse(out) as { func: string; stages: { stage: string; text: string }[] }
    expect(func).toBe('%twice')
    expect(stages.map((s) => s.stage)).toEqual(['clif:clif', 'vcode:lower', 'vcode:regalloc', 'asm'])
  })

  test('a function that is not there is status 2', async () => {
    expect(oneLine(await k23('explain', wat, '--func', '99'))).toContain('functions 0 to 5')
    const imports = folder.file('imports.wat', '(module (import "m" "f" (func)) (func))')
    expect(oneLine(await k23('explain', imports, '--func', '0'))).toContain('imported')
  })
})

const SCHEMA = ['file', 'target', 'exec', 'opt', 'pass', 'fail', 'skip', 'failures']

describe('test', () => {
  const good = folder.file('good.clif', CLIF)
  const bad = folder.file('wrong-result.clif', CLIF.replace('== 42', '== 43'))

  test('without --target the interpreter runs; with one, compiled code', async () => {
    const interpreted = await k23('test', good, '--json')
    expect(interpreted.status).toBe(0)
    expect(JSON.parse(interpreted.out)).toEqual({
      file: good,
      target: 'none',
      exec: 'interpret',
      opt: 'none',
      pass: 2,
      fail: 0,
      skip: 2,
      failures: [],
    })
    const emulated = await k23('test', good, '--target', 'riscv64', '--exec', 'emu', '--json')
    expect(JSON.parse(emulated.out)).toEqual({
      file: good,
      target: 'riscv64',
      exec: 'emu',
      opt: 'none',
      pass: 2,
      fail: 0,
      skip: 2,
      failures: [],
    })
  })

  test('a failure is status 1 and named first', async () => {
    const json = await k23('test', bad, '--target', 'riscv64', '--json')
    expect(json.status).toBe(1)
    const result = JSON.parse(json.out) as { failures: { line: number; type: string; why: string }[] }
    expect(Object.keys(result)).toEqual(SCHEMA)
    expect(result.failures).toEqual([{ line: 11, type: 'run', why: expect.stringContaining('got 42') }])
    const text = await k23('test', folder.path, '--target', 'riscv64')
    expect(text.status).toBe(1)
    expect(text.out.split('\n')[0]).toMatch(/^FAIL .*bad.clif:|^FAIL .*wrong-result.clif:11: run: /)
    expect(text.out).toMatch(/\d+ passed, \d+ failed, \d+ skipped/)
  })

  test('machines that are not there are skips, not passes', async () => {
    for (const target of ['x64', 'aarch64']) {
      const { status, out } = await k23('test', good, '--target', target, '--json')
      expect(status).toBe(0)
      expect(JSON.parse(out)).toMatchObject({ pass: 0, fail: 0, skip: 4 })
    }
  })

  test.skipIf(nativeMissing() !== undefined)("the host's CPU runs lines for it, by default", async () => {
    const file = folder.file('host.clif', CLIF.replace('target riscv64', 'target x86_64'))
    for (const args of [
      ['--target', 'x64'],
      ['--exec', 'native'],
    ]) {
      const { status, out } = await k23('test', file, ...args, '--json')
      expect(status).toBe(0)
      expect(JSON.parse(out)).toMatchObject({ target: 'x64', exec: 'native', pass: 2, fail: 0, skip: 2 })
    }
  })

  test('wrong usage is status 2', async () => {
    expect((await k23('test', 'no-such-folder')).status).toBe(2)
    expect((await k23('test', good, '--set', 'opt_level=fast')).status).toBe(2)
    expect((await k23('test', good, '--target', 'riscv64', '--set', 'has_wings')).status).toBe(2)
    expect((await k23('test', good, '--target', 'riscv64', '--exec', 'native')).status).toBe(2)
  })
})

describe('fuzz', () => {
  test('compares a number of programs, from a seed', async () => {
    const { status, out, err } = await k23('fuzz', '--programs', '3', '--seed', '5', '--json')
    expect([status, err]).toEqual([0, ''])
    const result = JSON.parse(out)
    expect(result).toMatchObject({ seed: 5, programs: 3, refused: {} })
    expect(result.calls).toBeGreaterThan(0)
    expect(await k23('fuzz', '--programs', '3', '--seed', '5', '--json')).toMatchObject({ out })
  })
  test('wrong usage is status 2', async () => {
    for (const args of [
      ['--seed', 'x'],
      ['--seconds', '-1'],
      ['--target', 'aarch64', '--exec', 'native'],
    ])
      expect((await k23('fuzz', ...args)).status, args.join(' ')).toBe(2)
  })
})

describe('wast', () => {
  const script = async (expected: string): Promise<object> => ({
    commands: [
      { type: 'module', line: 1, filename: 'm.0.wasm', module_type: 'binary' },
      {
        type: 'assert_return',
        line: 2,
        action: {
          type: 'invoke',
          field: 'add',
          args: [
            { type: 'i32', value: '2' },
            { type: 'i32', value: '3' },
          ],
        },
        expected: [{ type: 'i32', value: expected }],
      },
      { type: 'assert_malformed', line: 3, filename: 'm.1.wat', module_type: 'text', text: 'unexpected token' },
    ],
    files: { 'm.0.wasm': Buffer.from(await assemble(WAT)).toString('base64') },
  })

  test('a pack, one script of it, and --json', async () => {
    const pack = folder.file(
      'pack.json',
      JSON.stringify({
        'good.wast': await script('5'),
        'bad.wast': await script('6'),
        'legacy/old.wast': await script('6'),
      }),
    )
    const all = await k23('wast', pack, '--json')
    expect(all.status).toBe(1)
    const lines = all.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.map((l) => [l.file, l.pass, l.fail, l.skip])).toEqual([
      ['good.wast', 2, 0, 1],
      ['bad.wast', 1, 1, 1],
      ['legacy/old.wast', 0, 0, 3],
    ])
    for (const line of lines) expect(Object.keys(line)).toEqual(SCHEMA)
    expect((await k23('wast', pack, '--only', 'good')).status).toBe(0)
    expect((await k23('wast', pack, '--only', 'nope')).status).toBe(2)
    const text = await k23('wast', pack)
    expect(text.out).toMatch(/^FAIL bad.wast:2: assert_return: /)
    expect(text.out).toMatch(/3 passed, 1 failed, 5 skipped/)
  })

  test('what is no script is one line', async () => {
    for (const contents of ['not json', '[1]', '{"x": 1}', '{"commands": [null], "files": {}}', '{"commands": [{}]}']) {
      const done = await k23('wast', folder.file('broken.json', contents))
      expect(done.status).toBe(1)
      expect(oneLine(done)).toMatch(/broken\.json: .*expected/)
    }
    const path = await k23('wast', folder.path)
    expect(path.status).toBe(2)
    expect(oneLine(path)).toMatch(/: is a folder, expected a script/)
  })

  test('a module that the script does not have, or that is no base64, is a failure of its command', async () => {
    const commands = ['a.wasm', 'b.wasm'].map((filename, i) => ({ type: 'module', line: i + 1, filename }))
    const done = await k23('wast', folder.file('files.json', JSON.stringify({ commands, files: { 'b.wasm': 'AG!' } })))
    expect(done.status).toBe(1)
    expect(done.out).toMatch(/files.json:1: module: the script has no file a.wasm/)
    expect(done.out).toMatch(/files.json:2: module: TypeError: base64: unexpected character "!" at 2/)
  })
})
