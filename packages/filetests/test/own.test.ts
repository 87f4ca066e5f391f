// The project's own filetests, in the folder `filetests` at the root: on the interpreter, and as riscv64 code on the emulator with each
// register allocator, its checker on. Nothing fails and nothing is skipped but what belongs to the other kind of execution.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createX64Machine } from '@k23/emulator/x64'
import { NUM_OPCODES, opName, parseFile, parseRunCommand } from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { describe, expect, test } from 'vitest'
import { createEmulatedBackend } from '../src/emulated.ts'
import { type Interpreter, runFile } from '../src/index.ts'
import { missing, nativeBackend } from './x64-machine.ts'

const folder = join(import.meta.dirname, '../../../filetests')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((f) => f.endsWith('.clif'))
  .sort()
const texts = new Map(files.map((f) => [f, readFileSync(join(folder, f), 'utf8')]))
const interpreter: Interpreter = { load: (functions) => createInterpreter(functions, { fuel: 10_000_000 }) }
const ALGORITHMS = ['single_pass', 'backtracking'] as const

/** What belongs to another kind of execution, or to another machine. */
function otherKind(reason: string): boolean {
  return /^(test (interpret|run|compile) is not run under|no machine )/.test(reason)
}

function has(file: string, command: string): boolean {
  return new RegExp(`^test ${command}\\b`, 'm').test(texts.get(file) as string)
}

describe('on the interpreter', () => {
  const interpreted = files.filter((f) => has(f, '(interpret|cat|verifier)'))
  test.each(interpreted)('%s', (name) => {
    const text = texts.get(name) as string
    const r = runFile(name, text, { exec: 'interpret', interpreter })
    expect(r.failures).toEqual([])
    expect(r.skips.filter((s) => s.reason !== 'test run is not run under interpret')).toEqual([])
    expect(r.pass).toBeGreaterThan(0)
  })
})

describe.each(ALGORITHMS)('riscv64 on the emulator, %s', (algorithm) => {
  const backend = createEmulatedBackend({ algorithm })
  test.each(files.filter((f) => has(f, 'run') && !f.startsWith('x64')))('%s', (name) => {
    const text = texts.get(name) as string
    const r = runFile(name, text, { exec: 'emu', target: 'riscv64', backend })
    expect(r.failures).toEqual([])
    expect(r.skips.filter((s) => !otherKind(s.reason))).toEqual([])
    expect(r.pass).toBeGreaterThan(0)
  })
})

describe.skipIf(missing !== undefined).each(ALGORITHMS)(
  `x64 on the host's CPU, %s${missing === undefined ? '' : ` (needs ${missing})`}`,
  (algorithm) => {
    const backend = nativeBackend({ algorithm })
    test.each(files.filter((f) => has(f, 'run') && /^target x86_64/m.test(texts.get(f) as string)))('%s', (name) => {
      const text = texts.get(name) as string
      const r = runFile(name, text, { exec: 'native', target: 'x64', backend })
      expect(r.failures).toEqual([])
      expect(r.skips.filter((s) => !otherKind(s.reason))).toEqual([])
      expect(r.pass).toBeGreaterThan(0)
    })
  },
)

describe('x64 on the emulator', () => {
  const backend = createEmulatedBackend({ target: 'x64', machine: createX64Machine, algorithm: 'backtracking' })
  test.each(files.filter((f) => has(f, 'run') && /^target x86_64/m.test(texts.get(f) as string)))('%s', (name) => {
    const text = texts.get(name) as string
    const r = runFile(name, text, { exec: 'emu', target: 'x64', backend })
    expect(r.failures).toEqual([])
    expect(r.skips.filter((s) => !otherKind(s.reason))).toEqual([])
    expect(r.pass).toBeGreaterThan(0)
  })
})

describe('precise output', () => {
  test.each(files.filter((f) => has(f, 'compile')))('%s', (name) => {
    const target = name.startsWith('x64') ? 'x64' : 'riscv64'
    const backend = createEmulatedBackend({ target })
    const r = runFile(`filetests/${name}`, texts.get(name) as string, { exec: 'emu', target, backend })
    expect(r.failures.map((f) => f.why)).toEqual([])
    expect(r.skips).toEqual([])
    expect(r.pass).toBeGreaterThan(0)
  })
})

test('every file says what it shows, and is run somewhere', () => {
  for (const name of files) {
    expect(texts.get(name), name).toMatch(/^;;? /)
    expect(has(name, '(interpret|cat|verifier|compile)'), name).toBe(true)
    // What is compiled is interpreted as well.
    if (has(name, 'run')) expect(has(name, 'interpret'), name).toBe(true)
    // What looks like a command is one, and calls the function that it stands behind.
    for (const { func, comments } of parseFile(texts.get(name) as string).functions)
      for (const { text, line } of comments) {
        const command = parseRunCommand(text, func.signature, line)
        expect(/^(runs?|traps?|prints?)\b:?/.test(text), `${name}:${line}`).toBe(command !== undefined)
        if (command !== undefined && command.kind !== 'nonzero' && func.name.kind === 'testcase')
          expect(command.func, `${name}:${line}`).toBe(func.name.name)
      }
  }
})

test('every opcode is run, or said not to be', () => {
  const opcodes = (names: readonly string[]): Set<string> => {
    const found = new Set<string>()
    for (const name of names)
      for (const { func } of parseFile(texts.get(name) as string).functions)
        for (let i = 0; i < func.numInsts; i++) found.add(opName[func.op[i]])
    return found
  }
  const run = opcodes(files.filter((f) => has(f, 'interpret')))
  const notRun = opcodes(['not-run.clif'])
  const all = opName.slice(1, NUM_OPCODES)
  expect(all).toHaveLength(163)
  expect(all.filter((op) => !run.has(op) && !notRun.has(op))).toEqual([])
  // What is excused is what its file names, and no more.
  expect([...notRun].filter((op) => !run.has(op)).sort()).toEqual(['debugtrap', 'tls_value'])
  const compiled = opcodes(files.filter((f) => has(f, 'run')))
  const lines = files.reduce((n, f) => n + ((texts.get(f) as string).match(/^; (run|traps)\b/gm) ?? []).length, 0)
  console.log(
    `${files.length} files, ${lines} run and trap lines; ${run.size} opcodes interpreted, ${compiled.size} compiled for riscv64`,
  )
})
