// k23 bench: the suites of @k23/bench as tables, or as JSON lines.
import {
  BOUND,
  type AsyncRow,
  asyncSuite,
  type CompileRow,
  type CompileSkip,
  compileSuite,
  type EmulatorRow,
  emulatorSuite,
  type GccRow,
  gccSuite,
  type GrowthRow,
  type MoveCounts,
  type NativeRow,
  nativeSuite,
  PHASES,
  regallocGrowth,
  type RegallocRow,
  regallocSuite,
} from '@k23/bench'
import pc from 'picocolors'
import { usage } from '../failure.ts'
import { type CommonOptions, compileOptions } from '../options.ts'
import { progress } from '../progress.ts'
import { plainTable, rate, size } from '../text/table.ts'

interface Options extends CommonOptions {
  readonly runs: string
  readonly only?: string
}

const SUITES = ['compile', 'async', 'emulator', 'native', 'regalloc', 'gcc'] as const

export async function run(suites: readonly string[], options: Options): Promise<void> {
  const runs = Number(options.runs)
  if (!Number.isInteger(runs) || runs < 1) throw usage(`--runs ${options.runs}: expected a number from 1 up`)
  for (const suite of suites)
    if (!(SUITES as readonly string[]).includes(suite))
      throw usage(`there is no suite ${suite}: the suites are ${SUITES.join(', ')}`)
  const wanted = suites.length === 0 ? SUITES : suites
  const shared = {
    compile: compileOptions(options),
    runs,
    ...(options.only === undefined ? {} : { only: options.only }),
  }
  const json = options.json === true
  const shown = progress()
  const step = (text: string): void => shown.step(text)
  let measured = 0
  if (wanted.includes('compile')) {
    const { rows, skips } = compileSuite({ ...shared, step })
    shown.done()
    measured += rows.length + skips.length
    if (json) for (const row of rows) print({ suite: 'compile', ...row })
    else if (rows.length > 0) process.stdout.write(compileTables(rows))
    printSkips('compile', skips, json)
  }
  if (wanted.includes('async')) {
    const { rows, skips } = await asyncSuite({ ...shared, step })
    shown.done()
    measured += rows.length + skips.length
    if (json) for (const row of rows) print({ suite: 'async', ...row })
    else if (rows.length > 0) process.stdout.write(asyncTable(rows))
    printSkips('async', skips, json)
  }
  if (wanted.includes('emulator')) {
    const rows = emulatorSuite({ ...shared, step })
    shown.done()
    measured += rows.length
    if (json) for (const row of rows) print({ suite: 'emulator', ...row })
    else if (rows.length > 0) process.stdout.write(emulatorTable(rows))
  }
  if (wanted.includes('native')) {
    const { rows, skip } = nativeSuite({ ...shared, step })
    shown.done()
    measured += rows.length + (skip === undefined ? 0 : 1)
    if (json) for (const row of rows) print({ suite: 'native', ...row })
    else if (rows.length > 0) process.stdout.write(nativeTable(rows))
    if (skip !== undefined) {
      if (json) print({ suite: 'native', skip })
      else process.stdout.write(`${pc.dim(`native: skipped, it needs ${skip}`)}\n`)
    }
  }
  if (wanted.includes('regalloc')) {
    const { rows, skips } = regallocSuite({ ...shared, step })
    shown.done()
    measured += rows.length + skips.length
    if (json) for (const row of rows) print({ suite: 'regalloc', ...row })
    else if (rows.length > 0) process.stdout.write(regallocTable(rows))
    for (const skip of skips) {
      if (json) print({ suite: 'regalloc', program: skip.program, skip: skip.why })
      else process.stdout.write(`${pc.dim(`not compiled: ${skip.program}: ${skip.why}`)}\n`)
    }
    if (options.only === undefined) {
      const growth = regallocGrowth(step)
      shown.done()
      if (json) for (const row of growth) print({ suite: 'regalloc', ...row })
      else process.stdout.write(growthTable(growth))
    }
  }
  if (wanted.includes('gcc')) {
    const rows = gccSuite().filter((r) => options.only === undefined || r.kernel === options.only)
    measured += Math.max(rows.length, options.only === undefined ? 1 : 0)
    if (json) for (const row of rows) print({ suite: 'gcc', ...row })
    else if (rows.length > 0) process.stdout.write(gccTable(rows))
    else if (options.only === undefined)
      process.stdout.write(
        `${pc.dim('gcc: skipped, it needs riscv64-linux-gnu-gcc (Debian: gcc-riscv64-linux-gnu)')}\n`,
      )
  }
  if (measured === 0) throw usage(`--only ${options.only}: no such program in ${wanted.join(', ')}`)
}

function printSkips(suite: string, skips: readonly CompileSkip[], json: boolean): void {
  for (const skip of skips) {
    if (json) print({ suite, program: skip.program, skip: skip.why })
    else process.stdout.write(`${pc.dim(`not compiled: ${skip.program}: ${skip.why}`)}\n`)
  }
}

function print(row: object): void {
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

function compileTables(rows: readonly CompileRow[]): string {
  const speed = plainTable(['program', 'bodies', 'code', 'functions', 'warm', 'MB/s', 'cold', 'MB/s'], 1)
  const taken = PHASES.filter((p) => rows.some((r) => r.phases[p] > 0)) // the others are off by default
  const phases = plainTable(['program', ...taken], 1)
  for (const r of rows) {
    speed.push([
      r.program,
      size(r.bodyBytes),
      size(r.codeBytes),
      r.functions,
      ms(r.warmMs),
      rate(r.warmRate),
      ms(r.coldMs),
      rate(r.coldRate),
    ])
    phases.push([r.program, ...taken.map((p) => ms(r.phases[p]))])
  }
  const target = rows[0]?.target ?? ''
  return `${pc.bold('compile')} for ${target}: one thread, median of runs; MB of function bodies per second\n${speed.toString()}\n${pc.bold('phases')}, warm\n${phases.toString()}\n`
}

function asyncTable(rows: readonly AsyncRow[]): string {
  const head = [
    'program',
    'module',
    '1 worker',
    '2 workers',
    'gain',
    'no cache',
    'in memory',
    'gain',
    'in files',
    'gain',
  ]
  const table = plainTable(head, 1)
  const gain = (before: number, after: number): string => `${(before / after).toFixed(before / after < 10 ? 2 : 0)} x`
  for (const r of rows)
    table.push([
      r.program,
      size(r.moduleBytes),
      ms(r.oneWorkerMs),
      ms(r.twoWorkersMs),
      gain(r.oneWorkerMs, r.twoWorkersMs),
      ms(r.noCacheMs),
      ms(r.memoryCacheMs),
      gain(r.noCacheMs, r.memoryCacheMs),
      ms(r.fileCacheMs),
      gain(r.noCacheMs, r.fileCacheMs),
    ])
  return `${pc.bold('async')} for ${rows[0]?.target ?? ''}: compileAsync on warm workers, and out of a warm cache; median of runs\n${table.toString()}\n`
}

function emulatorTable(rows: readonly EmulatorRow[]): string {
  const table = plainTable(['program', 'guest instructions', 'time', 'MIPS'], 1)
  for (const r of rows) table.push([r.program, r.instructions.toLocaleString('en'), ms(r.ms), r.mips.toFixed(1)])
  return `${pc.bold('emulator')}: ${rows[0]?.target ?? ''}, median of runs\n${table.toString()}\n`
}

function gccTable(rows: readonly GccRow[]): string {
  const table = plainTable(['kernel', 'gcc -O2: bytes', 'ours', 'ratio', 'instructions executed', 'ours', 'ratio'], 1)
  for (const r of rows)
    table.push([
      r.kernel,
      size(r.gccBytes),
      size(r.bytes),
      (r.bytes / r.gccBytes).toFixed(2),
      size(r.gccInstructions),
      size(r.instructions),
      (r.instructions / r.gccInstructions).toFixed(2),
    ])
  return `${pc.bold('gcc')} -O2 for riscv64 against ours: code size, and instructions executed on the emulator\n${table.toString()}\n`
}

function nativeTable(rows: readonly NativeRow[]): string {
  const table = plainTable(['what', 'each'], 1)
  const time = (ns: number): string => (ns < 1000 ? `${ns.toFixed(0)} ns` : `${(ns / 1000).toFixed(1)} us`)
  for (const r of rows) table.push([r.program, time(r.ns)])
  return `${pc.bold('native')}: entering and leaving guest code on this CPU, median of runs\n${table.toString()}\n`
}

/** Two rows a program: how many times faster single_pass is, and how many times fewer memory accesses backtracking leaves. */
function regallocTable(rows: readonly RegallocRow[]): string {
  const head = ['program', 'allocator', 'ns/inst', 'faster', 'of compiling', 'static', 'executed', 'memory', 'fewer']
  const table = plainTable(head, 2)
  const per1000 = (n: number, m: MoveCounts): string => ((1000 * n) / m.instructions).toFixed(1)
  const triple = (m: MoveCounts): string =>
    m.instructions === 0 ? '' : [m.spills, m.reloads, m.moves].map((n) => per1000(n, m)).join(' / ')
  const times = (x: number, y: number): string => (y === 0 ? (x === 0 ? '' : 'all') : `${(x / y).toFixed(1)} x`)
  rows.forEach((r, k) => {
    const e = r.executed
    const isSingle = r.algorithm === 'single_pass'
    const other = rows[isSingle ? k + 1 : k - 1]
    // Per instruction of the program, since the runs that are compared may differ in length a little.
    const memory = (of: RegallocRow): number =>
      of.executed === undefined ? 0 : (of.executed.spills + of.executed.reloads) / of.executed.instructions
    table.push([
      r.program,
      r.algorithm,
      r.nsPerInst.toFixed(0),
      isSingle ? times(other.nsPerInst, r.nsPerInst) : '',
      `${((100 * r.allocMs) / r.compileMs).toFixed(0)} %`,
      triple(r.static),
      e === undefined ? '' : triple(e),
      e === undefined ? '' : `${e.sampled ? '~' : ''}${(1000 * memory(r)).toFixed(1)}${e.bounded ? ' *' : ''}`,
      isSingle ? '' : times(memory(other), memory(r)),
    ])
  })
  return `${pc.bold('regalloc')} for ${rows[0]?.target ?? ''}: spills / reloads / moves, and accesses of spill slots, per 1,000 instructions of the program, in the code and as executed\n${table.toString()}\n~ sampled   * of the first ${BOUND / 1e6} million instructions of the program, moves of the allocator not counted\n`
}

function growthTable(rows: readonly GrowthRow[]): string {
  const table = plainTable(['function', 'allocator', 'ns/inst at 1/16', 'ns/inst', 'growth'], 2)
  for (const r of rows) {
    table.push([r.function, r.algorithm, r.few.toFixed(0), r.many.toFixed(0), `${r.growth.toFixed(2)} x`])
  }
  return `${pc.bold('regalloc')}: time per instruction of functions made to be large, and of the same at a sixteenth of the size\n${table.toString()}\n`
}

function ms(value: number): string {
  return value < 10 ? `${value.toFixed(2)} ms` : `${value.toFixed(0)} ms`
}
