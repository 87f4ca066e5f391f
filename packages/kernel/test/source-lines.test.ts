// Backtraces say where in its source a program was, if the compiler left that in the module.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Store, type Trap } from '../src/index.ts'
import { thrown, world } from './wat.ts'

const works = (program: string): boolean => spawnSync(program, ['--version']).status === 0
const clang = works('clang') && works('wasm-ld')
if (!clang) console.log('skipped: clang or wasm-ld is missing (pnpm setup:oracles)')

const PROGRAM = `__attribute__((noinline)) int divide(int a, int b) {
  return a /
      b;
}
__attribute__((noinline)) int average(int *values, int n) {
  int sum = 0;
  for (int i = 0; i < n; i++)
    sum += values[i];
  return 1 + divide(sum, n);
}
int run(int n) {
  int values[3] = { 4, 5, 6 };
  return 2 * average(values, n);
}
`

test.skipIf(!clang).each(['-O0', '-O2'])('of a C program, %s', (opt) => {
  const folder = mkdtempSync(join(tmpdir(), 'k23-source-'))
  try {
    writeFileSync(join(folder, 'program.c'), PROGRAM)
    // In two steps: clang as the linker's driver runs any wasm-opt on the PATH, which inlines what must not be.
    const steps: [program: string, args: string[]][] = [
      ['clang', ['--target=wasm32', '-gdwarf-4', opt, '-c', '-o', 'program.o', 'program.c']],
      ['wasm-ld', ['--no-entry', '--export=run', '-o', 'program.wasm', 'program.o']],
    ]
    for (const [program, args] of steps) {
      const r = spawnSync(program, args, { cwd: folder, encoding: 'utf8' })
      expect(r.stderr).toBe('')
    }
    const { engine } = world()
    const store = new Store(engine)
    const i = store.instantiate(engine.compile(readFileSync(join(folder, 'program.wasm'))))
    expect(i.func('run').call(3)).toBe(12)
    const trap = thrown(() => i.func('run').call(0)) as Trap
    expect(trap.code).toBe('integer_division_by_zero')
    const places = trap.backtrace.map((f) => [f.name, f.source?.file.split('/').at(-1), f.source?.line])
    expect(places).toEqual([
      ['divide', 'program.c', 2],
      ['average', 'program.c', 9],
      ['run', 'program.c', 13],
    ])
    expect(trap.backtrace[0].source?.column).toBe(12)
    expect(trap.backtrace[0].source?.file).toBe('program.c')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
