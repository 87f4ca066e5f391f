// The project's own filetests, in the folder `filetests` at the root: on the interpreter, and as riscv64 code on the emulator with each
// register allocator, its checker on. Nothing fails and nothing is skipped but what belongs to the other kind of execution.
//
// `; traps: %f(1, 0) int_divz` behind a function says that the call traps with the code. That is this test's own: run lines know no traps.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NUM_OPCODES, opName, parseFile, type ParsedFile, parseRunCommand, printFunctionName } from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { describe, expect, test } from 'vitest'
import { createEmulatedBackend } from '../src/emulated.ts'
import {
  applySetting,
  type CompileOptions,
  type Interpreter,
  parseTarget,
  type Runnable,
  runFile,
} from '../src/index.ts'

const folder = join(import.meta.dirname, '../../../filetests')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((f) => f.endsWith('.clif'))
  .sort()
const texts = new Map(files.map((f) => [f, readFileSync(join(folder, f), 'utf8')]))
const interpreter: Interpreter = { load: (functions) => createInterpreter(functions, { fuel: 10_000_000 }) }
const ALGORITHMS = ['single_pass', 'backtracking'] as const

function has(file: string, command: string): boolean {
  return new RegExp(`^test ${command}\\b`, 'm').test(texts.get(file) as string)
}

/** The calls of `traps:` lines: function, arguments, code. */
function trapLines(
  file: ParsedFile,
): { line: number; name: string; args: Parameters<Runnable['invoke']>[1]; code: string }[] {
  return file.functions.flatMap((f) =>
    f.comments.flatMap((c) => {
      const m = /^traps: (%.*\)) (\w+)$/.exec(c.text)
      if (m === null) {
        expect(c.text, `line ${c.line}`).not.toMatch(/^traps?:/)
        return []
      }
      const command = parseRunCommand(`print: ${m[1]}`, f.func.signature, c.line)
      if (command?.kind !== 'print') throw new Error(`line ${c.line}: no call`)
      const name = printFunctionName(f.func).replace('%', '')
      expect(command.func, `line ${c.line}`).toBe(name)
      return [{ line: c.line, name, args: command.args, code: m[2] }]
    }),
  )
}

/** What each trap line comes to, by line. */
function trapsOf(file: ParsedFile, runnable: Runnable): [line: number, outcome: unknown][] {
  return trapLines(file).map(({ line, name, args }) => [line, runnable.invoke(name, args)])
}

/** The riscv64 target lines of a file, with the settings in force there. */
function compileOptions(file: ParsedFile): CompileOptions[] {
  const settings = new Map<string, string>()
  return file.commands.flatMap(({ name, args, line }) => {
    if (name === 'set') for (const item of args) applySetting(item, line, settings)
    if (name !== 'target') return []
    const target = parseTarget(args, line, new Map(settings))
    return [{ target: 'riscv64', flags: target.flags, settings: target.settings, opt: 'none' }]
  })
}

describe('on the interpreter', () => {
  const interpreted = files.filter((f) => has(f, '(interpret|cat|verifier)'))
  test.each(interpreted)('%s', (name) => {
    const text = texts.get(name) as string
    const r = runFile(name, text, { exec: 'interpret', interpreter })
    expect(r.failures).toEqual([])
    expect(r.skips.filter((s) => s.reason !== 'test run is not run under interpret')).toEqual([])
    expect(r.pass).toBeGreaterThan(0)
    if (!has(name, 'interpret')) return
    const file = parseFile(text)
    const runnable = interpreter.load(file.functions.map((f) => f.func)) as Runnable
    expect(trapsOf(file, runnable)).toEqual(trapLines(file).map((t) => [t.line, { trap: t.code }]))
  })
})

describe.each(ALGORITHMS)('riscv64 on the emulator, %s', (algorithm) => {
  const backend = createEmulatedBackend({ algorithm })
  test.each(files.filter((f) => has(f, 'run')))('%s', (name) => {
    const text = texts.get(name) as string
    const r = runFile(name, text, { exec: 'emu', target: 'riscv64', backend })
    expect(r.failures).toEqual([])
    expect(r.skips.filter((s) => s.reason !== 'test interpret is not run under emu')).toEqual([])
    expect(r.pass).toBeGreaterThan(0)
    const file = parseFile(text)
    for (const options of compileOptions(file)) {
      const runnable = backend.compile(
        file.functions.map((f) => f.func),
        options,
      ) as Runnable
      expect(trapsOf(file, runnable), [...options.flags.keys()].join(' ')).toEqual(
        trapLines(file).map((t) => [t.line, { trap: t.code }]),
      )
      runnable.dispose?.()
    }
  })
})

describe('precise output', () => {
  const backend = createEmulatedBackend()
  test.each(files.filter((f) => has(f, 'compile')))('%s', (name) => {
    const r = runFile(`filetests/${name}`, texts.get(name) as string, { exec: 'emu', target: 'riscv64', backend })
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
  expect([...notRun].filter((op) => !run.has(op)).sort()).toEqual(['debugtrap', 'stack_switch', 'tls_value'])
  const compiled = opcodes(files.filter((f) => has(f, 'run')))
  const lines = files.reduce((n, f) => n + ((texts.get(f) as string).match(/^; (run|traps)\b/gm) ?? []).length, 0)
  console.log(
    `${files.length} files, ${lines} run and trap lines; ${run.size} opcodes interpreted, ${compiled.size} compiled for riscv64`,
  )
})
