// k23 test: files of Cranelift's filetest format, against compiled code on the emulator or the interpreter.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { targetByName, targets } from '@k23/codegen'
import {
  applySetting,
  type Failure,
  FileError,
  type FileOptions,
  type FileResult,
  type Interpreter,
  type Isa,
  runFile,
  SHARED_SETTINGS,
} from '@k23/filetests'
import { createEmulatedBackend } from '@k23/filetests/emulated'
import { createInterpreter } from '@k23/ir/interpreter'
import { EXIT_FAILED, usage } from '../failure.ts'
import { backendOptions } from '../machine.ts'
import { type CommonOptions, execOf, targetName } from '../options.ts'
import { progress } from '../progress.ts'
import { addSkip, outcomeJson, summary } from '../text/summary.ts'

interface Options extends CommonOptions {
  readonly bless?: boolean
  readonly interpretAll?: boolean
}

/** Instructions that one run line may take under the interpreter. */
const INTERPRETER_FUEL = 20_000_000

const interpreter: Interpreter = {
  load: (functions) => createInterpreter(functions, { fuel: INTERPRETER_FUEL }),
}

export async function run(paths: readonly string[], options: Options): Promise<void> {
  const files = clifFiles(paths)
  checkSettings(options)
  // Without target and exec, what needs no machine is run. One that we have no back end for is a skip, not an error.
  const plain = options.exec === undefined && options.target === undefined
  const target = options.target !== undefined && targets[options.target] === undefined ? undefined : targetName(options)
  const exec = plain ? 'interpret' : execOf(options, target ?? (options.target as string))
  const json = options.json === true
  const bless = options.bless === true || process.env.K23_BLESS === '1'
  const fileOptions: FileOptions = {
    exec,
    interpreter,
    backend: createEmulatedBackend(
      target === undefined || exec === 'interpret' ? {} : await backendOptions(target, exec),
    ),
    bless,
    ...(plain || (exec === 'interpret' && options.target === undefined)
      ? {}
      : { target: (options.target ?? target) as Isa }),
    ...(options.opt === undefined ? {} : { opt: options.opt }),
    ...(options.set === undefined ? {} : { set: options.set }),
    ...(options.interpretAll === undefined ? {} : { interpretAll: options.interpretAll }),
    ...(json ? {} : { print: (text: string) => process.stdout.write(`${text}\n`) }),
  }
  const started = performance.now()
  const shown = progress(files.length)
  const results: FileResult[] = []
  for (const file of files) {
    shown.step(file)
    const result = runOne(file, fileOptions)
    if (result.blessed !== undefined) writeFileSync(file, result.blessed)
    if (json) process.stdout.write(`${outcomeJson(result)}\n`)
    results.push(result)
  }
  shown.done()
  if (!json) {
    const skips = new Map<string, number>()
    for (const r of results) for (const s of r.skips) addSkip(skips, generalReason(s.reason), s.count)
    const blessed = results.filter((r) => r.blessed !== undefined).map((r) => `blessed ${r.file}\n`)
    process.stdout.write(`${blessed.join('')}${summary(results, skips, performance.now() - started)}\n`)
  }
  if (results.some((r) => r.fail > 0)) process.exitCode = EXIT_FAILED
}

/** A file's result; a fault of ours is one failure of that file, and the next one is run. */
function runOne(file: string, options: FileOptions): FileResult {
  const text = readFileSync(file, 'utf8')
  try {
    return runFile(file, text, options)
  } catch (e) {
    const why = e instanceof Error ? ((process.env.K23_DEBUG === '1' ? e.stack : undefined) ?? e.message) : String(e)
    const failure: Failure = { line: 0, type: 'internal', why }
    return {
      file,
      target: options.target ?? 'none',
      exec: options.exec,
      opt: options.opt ?? 'none',
      pass: 0,
      fail: 1,
      skip: 0,
      failures: [failure],
      skips: [],
    }
  }
}

function clifFiles(paths: readonly string[]): string[] {
  const files = paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [path]
    const below = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.clif'))
    return below.sort().map((f) => join(path, f))
  })
  if (files.length === 0) throw usage(`${paths.join(', ')}: no .clif file there`)
  return files
}

/** Wrong settings of the command line are no failure of each file. */
function checkSettings(options: Options): void {
  const features =
    options.target !== undefined && targets[options.target] !== undefined
      ? targetByName(options.target).featureNames
      : undefined
  for (const item of options.set ?? []) {
    const [name] = item.split('=', 1)
    if (SHARED_SETTINGS.includes(name)) {
      try {
        applySetting(item, 0, new Map())
      } catch (e) {
        throw e instanceof FileError ? usage(`--set ${item}: ${e.message}`) : e
      }
    } else if (features !== undefined && !features.includes(name)) {
      throw usage(
        `--set ${item}: there is no setting ${name}, and ${options.target} has no such feature; its features: ${features.join(', ')}`,
      )
    }
  }
}

/** The reason without the place: functions and instructions that lack the same thing count together. */
function generalReason(reason: string): string {
  return reason.replace(/^(?:%\S+: )+/, '').replace(/ in function \S+?(?:, inst\d+)?(?=:|$)/, '')
}
