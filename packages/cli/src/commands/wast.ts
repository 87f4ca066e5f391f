// k23 wast: WebAssembly spec scripts in JSON form, one by one or packed.
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Engine } from '@k23/kernel'
import { featuresOfScript, runScript, type Script, type WastResult } from '@k23/kernel/wast'
import { EXIT_FAILED, Failure, usage } from '../failure.ts'
import { checkFeatures, machineMaker, type MakeMachine, TIME_LIMIT } from '../machine.ts'
import { type CommonOptions, compileOptions, execOf } from '../options.ts'
import { progress } from '../progress.ts'
import { addSkip, type FileOutcome, outcomeJson, summary } from '../text/summary.ts'

interface Options extends CommonOptions {
  readonly only?: readonly string[]
}

/** A script with its name; wasmtime's scripts have lines of configuration. */
interface NamedScript {
  readonly name: string
  readonly script: Script & { readonly config?: Readonly<Record<string, string>> | readonly string[] }
}

/** Folders of a pack that are out of scope. */
const OUT_OF_SCOPE: readonly [folder: string, why: string][] = [
  ['proposals/custom-descriptors/', 'custom-descriptors are out of scope'],
  ['legacy/', 'legacy exceptions are out of scope'],
]

export async function run(files: readonly string[], options: Options): Promise<void> {
  const { target } = compileOptions(options)
  const exec = execOf(options, target)
  if (exec === 'interpret') throw usage('--exec interpret is for filetests: modules are compiled')
  const scripts = files.flatMap((file) => readScripts(file))
  const wanted =
    options.only === undefined
      ? scripts
      : scripts.filter((s) => options.only?.some((o) => s.name === o || s.name === `${o}.wast`))
  if (wanted.length === 0) throw usage(`--only ${options.only?.join(', ')}: no such script in ${files.join(', ')}`)
  const engines = new Engines(options, await machineMaker(target, exec, true))
  const started = performance.now()
  const shown = progress(wanted.length)
  const results: FileOutcome[] = []
  const skips = new Map<string, number>()
  for (const script of wanted) {
    shown.step(script.name)
    const result = runOne(script, engines)
    for (const [reason, count] of result.skips) addSkip(skips, reason, count)
    const { pass, fail, skip, failures } = result
    const outcome = { file: script.name, target, exec, opt: options.opt ?? 'speed', pass, fail, skip, failures }
    if (options.json === true) process.stdout.write(`${outcomeJson(outcome)}\n`)
    results.push(outcome)
  }
  shown.done()
  if (options.json !== true) process.stdout.write(`${summary(results, skips, performance.now() - started)}\n`)
  if (results.some((r) => r.fail > 0)) process.exitCode = EXIT_FAILED
}

/** A script's result; a fault of ours is one failure of that script, and the next one is run. */
function runOne({ name, script }: NamedScript, engines: Engines): WastResult {
  for (const [folder, why] of OUT_OF_SCOPE) {
    if (!name.startsWith(folder)) continue
    const skip = script.commands.length
    return { pass: 0, fail: 0, skip, failures: [], skips: new Map([[why, skip]]) }
  }
  try {
    return runScript(script, {
      engine: engines.for(name, config(script.config)),
      milliseconds: 1000 * TIME_LIMIT,
    })
  } catch (e) {
    const why = e instanceof Error ? ((process.env.K23_DEBUG === '1' ? e.stack : undefined) ?? e.message) : String(e)
    return { pass: 0, fail: 1, skip: 0, failures: [{ line: 0, type: 'internal', why }], skips: new Map() }
  }
}

/** Lines `name = value`. */
function config(lines: NamedScript['script']['config']): ReadonlyMap<string, string> {
  const all = Object.values(lines ?? {}).map((line) => line.split('=').map((part) => part.trim()))
  return new Map(all.map(([name, value]) => [name, value ?? 'true']))
}

/** One engine for all scripts with the same features and settings: placed code lives as long as its machine, and there is room for all. */
class Engines {
  private readonly made = new Map<string, Engine>()
  private readonly options: Options
  private readonly makeMachine: MakeMachine
  constructor(options: Options, makeMachine: MakeMachine) {
    this.options = options
    this.makeMachine = makeMachine
  }

  for(name: string, lines: ReadonlyMap<string, string>): Engine {
    const wasmFeatures = featuresOfScript(name)
    const canonical = lines.get('nan_canonicalization') === 'true'
    const key = JSON.stringify([wasmFeatures, canonical])
    let engine = this.made.get(key)
    if (engine === undefined) {
      const { target, settings, features = {}, optLevel } = compileOptions(this.options)
      const machine = this.makeMachine(settings)
      checkFeatures(machine, target, features)
      engine = new Engine({
        machine,
        target,
        settings: { ...(canonical ? { enable_nan_canonicalization: true } : {}), ...settings },
        wasmFeatures,
        ...(Object.keys(features).length === 0 ? {} : { features }),
        ...(optLevel === undefined ? {} : { optLevel }),
      })
      this.made.set(key, engine)
    }
    return engine
  }
}

/** The scripts of a file: those of a pack, one with its modules inside, or one as wast2json leaves it, its modules beside it. */
function readScripts(file: string): NamedScript[] {
  if (statSync(file).isDirectory()) throw usage(`${file}: is a folder, expected a script or a pack of scripts`)
  const bytes = readFileSync(file)
  let json: unknown
  try {
    json = JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'))
  } catch (e) {
    throw new Failure(
      EXIT_FAILED,
      `${file}: expected JSON${file.endsWith('.gz') ? ', compressed by gzip' : ''}: ${(e as Error).message}`,
    )
  }
  if (typeof json !== 'object' || json === null) throw notScript(file)
  if ('commands' in json) return [{ name: file, script: withModules(file, json as Script) }]
  return Object.entries(json).map(([name, script]) => {
    if (typeof script !== 'object' || script === null || !('commands' in script)) throw notScript(file)
    return { name, script: withModules(file, script as Script) }
  })
}

function notScript(file: string): Failure {
  return new Failure(EXIT_FAILED, `${file}: expected a script ({ "commands": [...] }) or a pack of scripts by name`)
}

function withModules(file: string, script: Script): Script {
  if (!Array.isArray(script.commands)) throw notScript(file)
  const odd = script.commands.findIndex((c: unknown) => typeof c !== 'object' || c === null || !('type' in c))
  if (odd >= 0) throw new Failure(EXIT_FAILED, `${file}: command ${odd} has no type: expected those of wast2json`)
  if (script.files !== undefined) return script
  const names = new Set(
    script.commands
      .filter((c) => c.module_type !== 'text')
      .flatMap((c) => (c.filename === undefined ? [] : [c.filename])),
  )
  return {
    ...script,
    files: Object.fromEntries([...names].map((n) => [n, readFileSync(join(dirname(file), n)).toString('base64')])),
  }
}
