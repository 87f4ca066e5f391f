// One file of the filetest format, from its text to counts.
//
// The commands of the preamble are a plan: `set` lines accumulate, a `target` line takes the settings in force there, each `test` line
// is a command that runs over the functions. Commands that need no target are always run; `test run` and `test compile` run once per
// target line that matches the target asked for.
import { type ParsedFile, ParseError, parseFile } from '@k23/ir'
import { testCat } from './commands/cat.ts'
import { applyReplacements, type Replacement, testCompile } from './commands/compile.ts'
import { testDomtree } from './commands/domtree.ts'
import { testPrintCfg } from './commands/print-cfg.ts'
import { type Failure, type Skip, Tally } from './commands/result.ts'
import { runAll, runLines } from './commands/run.ts'
import { testVerifier } from './commands/verifier.ts'
import { type Directive, parseDirective } from './filecheck.ts'
import type { Backend, CompileOptions, Exec, Interpreter, Isa, OptLevel } from './interfaces.ts'
import { applySetting, FileError, parseTarget, SHARED_SETTINGS, type TargetLine } from './settings.ts'

export interface FileOptions {
  /** The machine of `test run` and `test compile`; without it those commands are skips. */
  readonly target?: Isa
  readonly exec: Exec
  /** Overrides what the file sets. */
  readonly opt?: OptLevel
  /** Of the command line: shared settings and ISA flags, `name=value` or `name`; they come after those of the file. */
  readonly set?: readonly string[]
  readonly backend?: Backend
  readonly interpreter?: Interpreter
  /** Under `interpret`, also runs the lines of files that have `test run` but not `test interpret`. */
  readonly interpretAll?: boolean
  /** Makes `blessed` of what `precise-output` tests find, and counts those as passed. */
  readonly bless?: boolean
  /** Takes what `print:` lines print. */
  readonly print?: (text: string) => void
}

/** The line of `--json`, then what it leaves out. */
export interface FileResult {
  readonly file: string
  readonly target: string
  readonly exec: Exec
  readonly opt: string
  readonly pass: number
  readonly fail: number
  readonly skip: number
  readonly failures: readonly Failure[]
  readonly skips: readonly Skip[]
  /** The file's text with the output that was found, if `bless` was asked for and anything differed. */
  readonly blessed?: string
}

/** The result as its line of `k23 test --json`. */
export function resultJson(r: FileResult): string {
  const { file, target, exec, opt, pass, fail, skip, failures } = r
  return JSON.stringify({ file, target, exec, opt, pass, fail, skip, failures })
}

/** Commands of the format that belong to parts that do not exist yet. */
const LATER = new Set(['optimize', 'alias-analysis', 'inline', 'unwind', 'safepoint', 'legalizer'])

interface TestLine {
  readonly name: string
  readonly args: readonly string[]
  readonly line: number
}

interface Plan {
  readonly tests: readonly TestLine[]
  readonly targets: readonly TargetLine[]
  /** All settings of the file. */
  readonly settings: ReadonlyMap<string, string>
}

function makePlan(file: ParsedFile): Plan {
  const tests: TestLine[] = []
  const targets: TargetLine[] = []
  const settings = new Map<string, string>()
  for (const { name, args, line } of file.commands) {
    if (name === 'set') {
      if (args.length === 0) throw new FileError(line, 'expected a setting after `set`')
      for (const item of args) applySetting(item, line, settings)
    } else if (name === 'target') {
      targets.push(parseTarget(args, line, new Map(settings)))
    } else if (name === 'test') {
      if (args.length === 0) throw new FileError(line, 'expected a command after `test`')
      tests.push({ name: args[0], args: args.slice(1), line })
    }
  }
  if (tests.length === 0) throw new FileError(1, 'the file has no `test` line')
  return { tests, targets, settings }
}

/** Runs one file. `path` is for messages only. Never throws for what the file contains. */
export function runFile(path: string, text: string, options: FileOptions): FileResult {
  const tally = new Tally()
  const replacements: Replacement[] = []
  let opt = options.opt ?? 'none'
  try {
    const file = parseFile(text)
    const plan = makePlan(file)
    opt = options.opt ?? (plan.settings.get('opt_level') as OptLevel | undefined) ?? 'none'
    const common: Directive[] = []
    for (const c of file.comments) {
      const d = parseDirective(c.text, c.line)
      if (d !== undefined) common.push(d)
    }
    for (const test of plan.tests) runTest(test, plan, { path, text, file, common, options, tally, replacements })
  } catch (e) {
    if (e instanceof ParseError) tally.fail(e.line, 'parse', `${e.column}: ${e.reason}`)
    else if (e instanceof FileError) tally.fail(e.line, 'commands', e.message)
    else throw e
  }
  const blessed =
    options.bless === true && replacements.length > 0 ? { blessed: applyReplacements(text, replacements) } : {}
  const failures = tally.failures
  return {
    file: path,
    target: options.target ?? 'none',
    exec: options.exec,
    opt,
    pass: tally.pass,
    fail: failures.length,
    skip: tally.skips.reduce((n, s) => n + s.count, 0),
    failures,
    skips: tally.skips,
    ...blessed,
  }
}

interface Context {
  readonly path: string
  readonly text: string
  readonly file: ParsedFile
  readonly common: readonly Directive[]
  readonly options: FileOptions
  readonly tally: Tally
  readonly replacements: Replacement[]
}

function runTest(test: TestLine, plan: Plan, cx: Context): void {
  const { file, common, tally } = cx
  switch (test.name) {
    case 'cat':
      for (const f of file.functions) testCat(tally, f, common)
      return
    case 'verifier':
      for (const f of file.functions) testVerifier(tally, f, plan.targets[0]?.pointerBits)
      return
    case 'domtree':
      for (const f of file.functions) testDomtree(tally, f, common)
      return
    case 'print-cfg':
      for (const f of file.functions) testPrintCfg(tally, f, common)
      return
    case 'interpret':
      if (cx.options.exec === 'interpret' || cx.options.target === undefined) interpret(test, cx)
      else
        tally.skip(
          test.line,
          'interpret',
          `test interpret is not run under ${cx.options.exec}`,
          countRunLines(file, 'interpret'),
        )
      return
    case 'run':
      testRun(test, plan, cx)
      return
    case 'compile':
      compileAll(test, plan, cx)
      return
    default:
      if (!LATER.has(test.name)) throw new FileError(test.line, `unknown test command \`${test.name}\``)
      tally.skip(test.line, test.name, `test ${test.name} is not supported yet`, file.functions.length)
  }
}

/** Number of run lines, malformed ones left out. */
function countRunLines(file: ParsedFile, type: string): number {
  return runLines(file, new Tally(), type).length
}

function interpret(test: TestLine, cx: Context): void {
  const { file, tally, options } = cx
  const lines = runLines(file, tally, test.name)
  if (options.interpreter === undefined) {
    tally.skip(test.line, test.name, 'no interpreter', lines.length)
    return
  }
  const runnable = options.interpreter.load(file.functions.map((f) => f.func))
  if ('unsupported' in runnable) {
    tally.skip(test.line, test.name, runnable.unsupported, lines.length)
    return
  }
  try {
    runAll(lines, runnable, tally, test.name, '', options.print ?? (() => {}))
  } finally {
    runnable.dispose?.()
  }
}

/** The options of a matching target line: the file's flags and settings, then those of the command line. */
function compileOptions(target: Isa, line: TargetLine, options: FileOptions): CompileOptions {
  const flags = new Map(line.flags)
  const settings = new Map(line.settings)
  for (const item of options.set ?? []) {
    const equals = item.indexOf('=')
    const name = equals < 0 ? item : item.slice(0, equals)
    if (SHARED_SETTINGS.includes(name)) applySetting(item, line.line, settings)
    else flags.set(name, equals < 0 ? 'true' : item.slice(equals + 1))
  }
  const opt = options.opt ?? (settings.get('opt_level') as OptLevel | undefined) ?? 'none'
  settings.delete('opt_level')
  return { target, flags, settings, opt }
}

/** The target lines for the machine asked for; what cannot be run of them is skipped, `count` cases each. */
function matchingTargets(
  test: TestLine,
  plan: Plan,
  cx: Context,
  count: number,
): { line: TargetLine; options: CompileOptions; backend: Backend }[] {
  const { tally, options } = cx
  const { target, backend } = options
  if (target === undefined) {
    tally.skip(test.line, test.name, `test ${test.name} needs a target`, count)
    return []
  }
  const out: { line: TargetLine; options: CompileOptions; backend: Backend }[] = []
  let matched = false
  for (const line of plan.targets) {
    if (line.isa === undefined) {
      tally.skip(line.line, test.name, `no machine ${line.triple}`, count)
      continue
    }
    if (line.isa !== target) continue
    matched = true
    const forLine = compileOptions(target, line, options)
    const missing = backend === undefined ? `no back end for ${target}` : backend.missing(target, forLine.flags)
    if (missing === undefined && backend !== undefined) out.push({ line, options: forLine, backend })
    else tally.skip(line.line, test.name, missing ?? '', count)
  }
  if (!matched) tally.skip(test.line, test.name, `no target line for ${target}`, count)
  return out
}

function testRun(test: TestLine, plan: Plan, cx: Context): void {
  const { file, tally, options } = cx
  if (options.exec === 'interpret') {
    const marked = plan.tests.some((t) => t.name === 'interpret')
    if (options.interpretAll === true && !marked) interpret({ ...test, name: 'run' }, cx)
    else tally.skip(test.line, 'run', 'test run is not run under interpret', countRunLines(file, 'run'))
    return
  }
  const lines = runLines(file, tally, 'run')
  for (const { line, options: forLine, backend } of matchingTargets(test, plan, cx, lines.length)) {
    const what = `target ${[line.triple, ...[...line.flags].map(([k, v]) => (v === 'true' ? k : `${k}=${v}`))].join(' ')}: `
    let runnable: ReturnType<Backend['compile']>
    try {
      runnable = backend.compile(
        file.functions.map((f) => f.func),
        forLine,
      )
    } catch (e) {
      tally.fail(line.line, 'run', `${what}${e instanceof Error ? (e.stack ?? e.message) : String(e)}`)
      continue
    }
    if ('unsupported' in runnable) {
      tally.skip(line.line, 'run', runnable.unsupported, lines.length)
      continue
    }
    try {
      runAll(lines, runnable, tally, 'run', what, options.print ?? (() => {}))
    } finally {
      runnable.dispose?.()
    }
  }
}

function compileAll(test: TestLine, plan: Plan, cx: Context): void {
  const { file, common, tally, text, path, replacements } = cx
  if (cx.options.exec === 'interpret') {
    tally.skip(test.line, 'compile', 'test compile is not run under interpret', file.functions.length)
    return
  }
  const precise = test.args.includes('precise-output')
  for (const { options, backend } of matchingTargets(test, plan, cx, file.functions.length)) {
    for (const f of file.functions) {
      const before = tally.failures.length
      const replacement = testCompile(tally, f, common, backend, options, { precise, path, text, line: test.line })
      if (replacement === undefined || cx.options.bless !== true) continue
      replacements.push(replacement)
      tally.failures.length = before
      tally.pass++
    }
  }
}
