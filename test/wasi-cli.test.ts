// `k23 run` on WASI programs, in processes of their own: streams, arguments, folders and exit codes are the process's.
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import wabtInit from 'wabt'
import { afterAll, expect, test } from 'vitest'
import { root } from '../tools/source-files.ts'
import { Folder } from './cli-harness.ts'

const folder = new Folder('wasi-cli')
afterAll(() => folder.remove())
const wabt = await wabtInit()

function program(name: string, text: string): string {
  const parsed = wabt.parseWat(name, text, {})
  const path = folder.file(name, parsed.toBinary({}).buffer)
  parsed.destroy()
  return path
}

function run(args: string[], input = ''): { status: number | null; out: string; err: string } {
  const main = join(root, 'packages/cli/src/main.ts')
  // Each start would strip the types of all modules again.
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'), ...process.env }
  const r = spawnSync(process.execPath, [main, 'run', ...args], { cwd: folder.path, input, encoding: 'utf8', env })
  return { status: r.status, out: r.stdout, err: r.stderr }
}

// Writes its arguments and environment as they lie in memory, then its input, and exits with the number of arguments.
const echo = program(
  'echo.wasm',
  `(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $as (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $ag (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $es (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $eg (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $r (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func $out (param $length i32)
      (i32.store (i32.const 16) (i32.const 4096))
      (i32.store (i32.const 20) (local.get $length))
      (drop (call $w (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
    (func (export "_start")
      (drop (call $as (i32.const 0) (i32.const 4)))
      (drop (call $ag (i32.const 1024) (i32.const 4096)))
      (call $out (i32.load (i32.const 4)))
      (drop (call $es (i32.const 8) (i32.const 4)))
      (drop (call $eg (i32.const 1024) (i32.const 4096)))
      (call $out (i32.load (i32.const 4)))
      (i32.store (i32.const 16) (i32.const 4096))
      (i32.store (i32.const 20) (i32.const 100))
      (drop (call $r (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
      (call $out (i32.load (i32.const 24)))
      (call $exit (i32.load (i32.const 0)))))`,
)

// Copies the file named by its data from descriptor FD to standard output; exits with the errno of path_open.
const cat = (name: string, fd: number, path: string): string =>
  program(
    name,
    `(module
      (import "wasi_snapshot_preview1" "path_open" (func $o (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_read" (func $r (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 512) "${path}")
      (func (export "_start") (local $e i32)
        (local.tee $e (call $o (i32.const ${fd}) (i32.const 1) (i32.const 512) (i32.const ${path.length}) (i32.const 0)
          (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)))
        (if (then (call $exit (local.get $e))))
        (i32.store (i32.const 16) (i32.const 4096))
        (i32.store (i32.const 20) (i32.const 100))
        (drop (call $r (i32.load (i32.const 0)) (i32.const 16) (i32.const 1) (i32.const 20)))
        (drop (call $w (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))))`,
  )

test('arguments, environment, input and exit code', () => {
  const r = run(['--env', 'A=1', '--env', 'B=x=y', echo, 'one', '--two', 'ä'], 'input')
  expect(r).toEqual({ status: 4, out: `${echo}\0one\0--two\0ä\0A=1\0B=x=y\0input`, err: '' })
})

test('the current folder is open, another with --dir, and nothing else', () => {
  folder.file('here.txt', 'here')
  mkdirSync(join(folder.path, 'other'))
  folder.file('other/there.txt', 'there')
  symlinkSync(join(root, 'package.json'), join(folder.path, 'out'))
  expect(run([cat('here.wasm', 3, 'here.txt')])).toEqual({ status: 0, out: 'here', err: '' })
  const there = cat('there.wasm', 4, 'there.txt')
  expect(run(['--dir', 'other::/data', there])).toEqual({ status: 0, out: 'there', err: '' })
  expect(run([there])).toEqual({ status: 8, out: '', err: '' })
  expect(run([cat('up.wasm', 3, '../x')]).status).toBe(76)
  expect(run([cat('link.wasm', 3, 'out')]).status).toBe(76)
  const wrong = run(['--dir', 'missing', there])
  expect([wrong.status, wrong.err]).toEqual([2, 'k23: --dir missing: there is no folder missing\n'])
})

test('a trap is 134, after the output before it', () => {
  const trap = program(
    'trap.wasm',
    `(module
      (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\08\\00\\00\\00\\03\\00\\00\\00hi\\n")
      (func (export "_start") (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32))) unreachable))`,
  )
  const r = run([trap])
  expect([r.status, r.out]).toEqual([134, 'hi\n'])
  expect(r.err).toMatch(/^k23: trap: unreachable: .* in function 1 .* at offset 0x[0-9a-f]+\n$/)
})

test('a reactor is initialized before its export is called', () => {
  const reactor = program(
    'reactor.wasm',
    `(module (global $n (mut i32) (i32.const 1)) (func (export "_initialize") (global.set $n (i32.const 42)))
      (func (export "get") (result i32) (global.get $n)))`,
  )
  expect(run([reactor, '--invoke', 'get'])).toEqual({ status: 0, out: '42\n', err: '' })
})

test('marks of a benchmark count instructions, where the machine does, and time', () => {
  const marked = program(
    'marked.wasm',
    `(module (import "bench" "start" (func $s)) (import "bench" "end" (func $e))
      (func (export "_start") (local i32) call $s
        (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000)))) call $e))`,
  )
  const r = run(['--target', 'riscv64', '--exec', 'emu', '--json', marked])
  const { exit, bench, instructions } = JSON.parse(r.out)
  expect(exit).toBe(0)
  expect(bench).toBeGreaterThan(1000)
  expect(instructions).toBeGreaterThan(bench)
  const { exit: also, benchMs } = JSON.parse(run(['--json', marked]).out)
  expect(also).toBe(0)
  expect(benchMs).toBeGreaterThan(0)
})
