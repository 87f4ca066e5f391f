// node tools/check-imports.ts: the import graph (tools/import-graph.ts) against the code. Prints every violation.

import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { buildTime, graph, type Row } from './import-graph.ts'
import { entryFiles, importsOf, type Manifest, root, shown, workspacePackages } from './source-files.ts'

const packageOf = (entry: string): string => entry.split('/')[0]!

/** The graph's own sanity: known names, no cycle through `imports`. */
export function graphProblems(rows: Record<string, Row> = graph): string[] {
  const problems: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  const visit = (name: string, path: string[]): void => {
    if (state.get(name) === 'done') return
    if (state.get(name) === 'open') {
      problems.push(`import-graph: cycle ${[...path.slice(path.indexOf(name)), name].join(' -> ')}`)
      return
    }
    state.set(name, 'open')
    for (const entry of rows[name]?.imports ?? []) visit(packageOf(entry), [...path, name])
    state.set(name, 'done')
  }
  for (const [name, row] of Object.entries(rows)) {
    for (const entry of [...row.imports, ...(row.tests ?? [])]) {
      if (!(packageOf(entry) in rows)) problems.push(`import-graph: ${name} names the unknown package ${entry}`)
    }
    visit(name, [])
  }
  return problems
}

/** Where a file stands decides what it may import. */
export type Place = 'src' | 'build' | 'test'

/** Why `specifier` (of a @k23 package) may not be imported by `from`, or undefined if it may. */
export function violation(
  from: string,
  place: Place,
  specifier: string,
  rows: Record<string, Row> = graph,
): string | undefined {
  const target = specifier.slice('@k23/'.length)
  const row = rows[from]!
  const allowed = place === 'src' ? row.imports : [...row.imports, ...(row.tests ?? []), from]
  if (buildTime.includes(target)) {
    if (place === 'src') return 'a build-time subpath, for generate.ts and tests only'
    return allowed.some((entry) => packageOf(entry) === packageOf(target)) ? undefined : 'not in the import graph'
  }
  if (allowed.includes(target) || allowed.includes(packageOf(target))) return undefined
  const narrower = allowed.filter((entry) => packageOf(entry) === packageOf(target))
  return narrower.length > 0
    ? `only ${narrower.map((entry) => `@k23/${entry}`).join(', ')} may be`
    : 'not in the import graph'
}

function checkFile(name: string, row: Row, manifest: Manifest, file: string): string[] {
  const inside = shown(file).slice(`packages/${name}/`.length)
  const buildEntries = buildTime
    .filter((entry) => packageOf(entry) === name)
    .flatMap((entry) => entryFiles(manifest.exports[`.${entry.slice(name.length)}`] ?? '').map((path) => path.slice(2)))
  const place: Place = buildEntries.includes(inside) ? 'build' : inside.startsWith('src/') ? 'src' : 'test'
  const problems: string[] = []
  const conditional = Object.entries(manifest.exports).filter(([, entry]) => typeof entry !== 'string')
  const forNode = row.node === true || conditional.some(([, entry]) => entryFiles(entry)[0] === `./${inside}`)
  for (const { specifier, line } of importsOf(file)) {
    const report = (why: string): number => problems.push(`${shown(file)}:${line}: ${specifier}: ${why}`)
    if (specifier.startsWith('.')) {
      const target = shown(join(file, '..', specifier))
      if (target.startsWith(`packages/${name}/`)) {
        if (place === 'src' && !target.startsWith(`packages/${name}/src/`)) report('src imports only from src')
        if (!/\.(ts|json)$/.test(specifier)) report('relative imports end in .ts')
      } else if (place !== 'test' || target.startsWith('packages/')) {
        report('a relative import leaves the package: use the package name')
      }
    } else if (conditional.some(([subpath]) => `@k23/${name}${subpath.slice(1)}` === specifier)) {
      // The package's own entry of which Node and browsers have different files.
    } else if (specifier.startsWith('@k23/')) {
      const why = violation(name, place, specifier)
      if (why !== undefined) report(why)
    } else if (isBuiltin(specifier)) {
      if (!specifier.startsWith('node:')) report("Node's modules are written node:*")
      if (place === 'src' && !forNode)
        report('a library package runs in browsers too (what is for Node is behind the condition `node` of an entry)')
    } else if (place === 'src') {
      const npm = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')
      const listed = { ...manifest.dependencies, ...(manifest.private ? manifest.devDependencies : {}) }
      if (!(npm in listed)) report('not in dependencies of package.json')
    }
  }
  return problems
}

function checkManifest(name: string, row: Row, manifest: Manifest): string[] {
  const problems: string[] = []
  const same = (what: string, have: string[], want: string[]): void => {
    const missing = want.filter((each) => !have.includes(each))
    const extra = have.filter((each) => !want.includes(each))
    if (missing.length > 0) problems.push(`packages/${name}/${what}: lacks ${missing.join(', ')}`)
    if (extra.length > 0) problems.push(`packages/${name}/${what}: ${extra.join(', ')} is not in the import graph`)
  }
  const workspace = (record: Record<string, string> = {}): string[] =>
    Object.keys(record)
      .filter((each) => each.startsWith('@k23/'))
      .map((each) => each.slice(5))
  const imports = [...new Set(row.imports.map(packageOf))]
  const tests = [...new Set((row.tests ?? []).map(packageOf))]
  same('package.json dependencies', workspace(manifest.dependencies), imports)
  same('package.json devDependencies', workspace(manifest.devDependencies), tests)
  const config = JSON.parse(readFileSync(join(root, 'packages', name, 'tsconfig.json'), 'utf8'))
  const references = (config.references ?? []).map((each: { path: string }) => each.path.slice('../'.length))
  same('tsconfig.json references', references, imports)
  const published = manifest.publishConfig?.exports
  if (published) same('package.json publishConfig.exports', Object.keys(published), Object.keys(manifest.exports))
  return problems
}

export function checkImports(): string[] {
  const problems = graphProblems()
  const packages = workspacePackages()
  for (const name of Object.keys(graph)) if (!packages.has(name)) problems.push(`import-graph: no packages/${name}`)
  for (const [name, manifest] of packages) {
    const row = graph[name]
    if (row === undefined) {
      problems.push(`packages/${name}: no row in tools/import-graph.ts`)
      continue
    }
    problems.push(...checkManifest(name, row, manifest))
    const files = globSync([`packages/${name}/{src,test,generate}/**/*.ts`, `packages/${name}/*.ts`], { cwd: root })
    for (const file of files.sort()) problems.push(...checkFile(name, row, manifest, join(root, file)))
  }
  return problems
}

if (import.meta.main) {
  const problems = checkImports()
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}
