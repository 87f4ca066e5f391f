// What gdb makes of an object in a C program: breakpoints by function and by line, backtraces through C and wasm, the line table.
import { join } from 'node:path'
import { compile } from '@k23/codegen'
import { wasmLibrary } from '@k23/object'
import { expect, test } from 'vitest'
import wabtInit from 'wabt'
import { elfTargets, present, quietly, withFiles } from './tools.ts'

const wabt = await wabtInit()
const MODULE = `(module
  (import "env" "callback" (func $callback (param i32) (result i32)))
  (func $inner (param $n i32) (result i32)
    (i32.add (call $callback (i32.mul (local.get $n) (i32.const 3))) (i32.const 1)))
  (func $outer (export "outer") (param $n i32) (result i32)
    (i32.sub (call $inner (local.get $n)) (local.get $n))))`
const CALLER = `
#include <stdio.h>
void m_init(void);
int m_outer(int);
int env_callback(int x) { return x * 2; }
int main(void) { m_init(); printf("%d\\n", m_outer(5)); return 0; }
`

test.skipIf(!elfTargets.includes('x64') || process.arch !== 'x64' || !present('gdb') || !present('gcc'))('gdb', () => {
  const parsed = wabt.parseWat('calls.wat', MODULE, {})
  const wasm = parsed.toBinary({ write_debug_names: true }).buffer
  const module = compile(wasm, { target: 'x64' })
  const object = wasmLibrary(module, { prefix: 'm', source: 'calls.wasm' })
  const [inner, outer] = [0, 1].map((i) => module.functions[i].srclocs)
  withFiles({ 'm.o': object, 'main.c': CALLER }, (folder) => {
    const path = join(folder, 'program')
    quietly('gcc', ['-no-pie', '-g', '-O0', '-o', path, join(folder, 'main.c'), join(folder, 'm.o')])
    const commands = [
      'set confirm off',
      'set width 0',
      'break env_callback',
      'break inner',
      'run',
      'info source',
      'backtrace',
      'continue',
      'backtrace',
      `info line calls.wasm[offset]:${outer[1]}`,
      'finish',
      'info symbol $pc',
      'continue',
    ]
    const text = quietlyButWarnings('gdb', ['-batch', '-nx', ...commands.flatMap((c) => ['-ex', c]), path])
    // Stopped behind the prologue of a function of the name section, at the offset of its first operator.
    expect(text).toMatch(new RegExp(`Breakpoint 2, inner \\(\\) at .*calls\\.wasm\\[offset\\]:${inner[1]}\\b`))
    expect(text).toContain('Current source file is ./calls.wasm[offset]')
    const frames = [...text.matchAll(/^#(\d+)\s+(?:0x[0-9a-f]+ in )?(\S+) \(/gm)].map((m) => `${m[1]} ${m[2]}`)
    expect(frames).toEqual([
      ...['0 inner', '1 outer', '2 m_outer', '3 main'],
      ...['0 env_callback', '1 import[0]', '2 inner', '3 outer', '4 m_outer', '5 main'],
    ])
    expect(text).toMatch(
      new RegExp(`Line ${outer[1]} of ".*calls\\.wasm\\[offset\\]" starts at address 0x[0-9a-f]+ <outer`),
    )
    expect(text).toMatch(/import\[0\] \+ \d+ in section \.text/)
    expect(text).toContain(`\n${5 * 3 * 2 + 1 - 5}\n`)
  })
  parsed.destroy()
})

/** gdb warns of what is no matter of objects (no debuginfod, no layout randomization). */
function quietlyButWarnings(program: string, args: readonly string[]): string {
  return quietly('sh', ['-c', 'exec "$@" 2>&1', 'sh', program, ...args])
}
