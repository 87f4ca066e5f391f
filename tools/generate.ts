// pnpm generate [--check] [--force] [PACKAGE...]: runs every packages/*/generate.ts whose inputs changed, in dependency order.
//
// A generator's inputs are the files it declares and everything that its generate.ts imports, directly or not, so an edit
// in the row compiler regenerates each back end. What counts is content (hashes); the times in the stamps only make
// the common answer cheap. Each generator runs in a process of its own, since a later one may import what an earlier one wrote.
//
// --check fails if a generator changed one of its outputs that is checked in (one outside src/gen): the gate's way to see
// that such a file is as fresh as its source.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Report } from './run-generator.ts'
import { importsOf, resolveImport, root, shown, workspacePackages } from './source-files.ts'
import { fileTime, fileTimes, matches, readStamps, type Stamps, stampFile, suspects } from './stamps.ts'

const packages = workspacePackages()

/** Packages in an order in which each comes after what it depends on. */
function inDependencyOrder(names: string[]): string[] {
  const order: string[] = []
  const seen = new Set<string>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    const { dependencies, devDependencies } = packages.get(name)!
    for (const dependency of Object.keys({ ...dependencies, ...devDependencies })) {
      if (dependency.startsWith('@k23/')) visit(dependency.slice(5))
    }
    order.push(name)
  }
  for (const name of packages.keys()) visit(name)
  return order.filter((name) => names.includes(name))
}

/** generate.ts and all that it imports from this checkout, paths from the root. */
function importClosure(entry: string): Set<string> {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(shown(file))) return
    seen.add(shown(file))
    if (!existsSync(file) || !file.endsWith('.ts')) return
    for (const { specifier } of importsOf(file)) {
      const target = resolveImport(specifier, file, packages)
      if (target !== undefined) visit(target)
    }
  }
  visit(join(root, entry))
  return seen
}

const contents = (path: string): string =>
  existsSync(join(root, path))
    ? createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex')
    : '-'

function hashOf(paths: string[]): string {
  const hash = createHash('sha256').update(process.version)
  for (const path of paths) hash.update(path).update(contents(path))
  return hash.digest('hex')
}

function inputsOf(name: string, globs: string[], outputs: string[]): string[] {
  const inputs = importClosure(`packages/${name}/generate.ts`)
  for (const path of matches(globs)) inputs.add(path)
  for (const path of outputs) inputs.delete(path)
  return [...inputs].sort()
}

function run(name: string): Report | undefined {
  const child = spawnSync(process.execPath, [join(root, 'tools', 'run-generator.ts'), name], {
    cwd: join(root, 'packages', name),
    stdio: ['ignore', 2, 2, 'pipe'],
  })
  return child.status === 0 ? JSON.parse(child.output[3]!.toString()) : undefined
}

function saveStamps(stamps: Stamps): void {
  writeFileSync(`${stampFile}.${process.pid}`, JSON.stringify(stamps))
  renameSync(`${stampFile}.${process.pid}`, stampFile)
}

/** Two runs at once (a test run beside ./k23) would write the same files. The lock of a process that died is taken over. */
function withLock<T>(work: () => T): T {
  const lock = `${stampFile}.lock`
  mkdirSync(dirname(lock), { recursive: true })
  for (let waited = 0; ; waited += 50) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0
      if (waited > 1000 && (owner === 0 || !isAlive(owner))) rmSync(lock, { force: true })
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    }
  }
  try {
    return work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export interface GenerateOptions {
  force?: boolean
  only?: string[]
}

/** Returns the packages whose generator failed, and the checked-in files that were stale. */
export function generate(options: GenerateOptions = {}): { failed: string[]; stale: string[] } {
  return withLock(() => {
    const stamps = readStamps()
    const failed: string[] = []
    const stale: string[] = []
    const all = [...packages.keys()].filter((name) => existsSync(join(root, 'packages', name, 'generate.ts')))
    for (const name of inDependencyOrder(all)) {
      if (options.only?.length && !options.only.includes(name)) continue
      // Asked again for each: an earlier generator may just have written what this one reads.
      if (!options.force && !suspects(stamps).includes(name)) continue
      const old = stamps[name]
      if (old !== undefined && !options.force) {
        const outputs = Object.keys(old.outputs)
        const inputs = inputsOf(name, old.globs, outputs)
        const kept = outputs.every((path) => old.outputs[path] === fileTime(path))
        if (kept && hashOf(inputs) === old.hash) {
          stamps[name] = { ...old, inputs: fileTimes(inputs) }
          saveStamps(stamps)
          continue
        }
      }
      const start = performance.now()
      const report = run(name)
      if (report === undefined) {
        console.error(`generate: ${name} failed (packages/${name}/generate.ts)`)
        failed.push(name)
        continue
      }
      const inputs = inputsOf(name, report.globs, report.outputs)
      const { globs, outputs } = report
      stamps[name] = { globs, inputs: fileTimes(inputs), outputs: fileTimes(outputs), hash: hashOf(inputs) }
      saveStamps(stamps)
      stale.push(...report.changed.filter((path) => !path.includes('/src/gen/')))
      console.error(`generate: ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
    }
    for (const name of Object.keys(stamps)) if (!all.includes(name)) delete stamps[name]
    saveStamps(stamps)
    return { failed, stale }
  })
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { check: { type: 'boolean' }, force: { type: 'boolean' } },
    allowPositionals: true,
  })
  const { failed, stale } = generate({ force: values.force ?? false, only: positionals })
  if (stale.length > 0) {
    const what = values.check ? 'generated files were stale; commit them as they are now' : 'rewritten, to be committed'
    console.error(`generate: ${what}: ${stale.join(', ')}`)
  }
  if (failed.length > 0 || (values.check && stale.length > 0)) process.exitCode = 1
}
