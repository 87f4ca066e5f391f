// What is in the checkout and what imports what: shared by the generator, the import check and the gate.

import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseSync } from 'oxc-parser'

export const root: string = dirname(import.meta.dirname)

/** Every workspace package by its folder name, with its manifest. */
export function workspacePackages(): Map<string, Manifest> {
  const found = globSync('packages/*/package.json', { cwd: root }).sort()
  return new Map(
    found.map((path) => [path.split(/[\\/]/)[1]!, JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest]),
  )
}

/** One file, or one for Node and one for browsers. */
export type Conditional<T> = T | { node: T; default: T }

export interface Manifest {
  name: string
  private?: boolean
  sideEffects?: boolean | string[]
  exports: Record<string, Conditional<string>>
  bin?: Record<string, string>
  publishConfig?: {
    exports: Record<string, Conditional<{ types: string; default: string }>>
    bin?: Record<string, string>
  }
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

/** The files behind an entry of `exports`: the one for Node first, where there are two. */
export function entryFiles(entry: Conditional<string>): string[] {
  return typeof entry === 'string' ? [entry] : [entry.node, entry.default]
}

/** One import, export-from or dynamic import with a literal specifier, type-only ones included. */
export interface ImportSite {
  specifier: string
  line: number
}

export function importsOf(file: string): ImportSite[] {
  const text = readFileSync(file, 'utf8')
  const { module } = parseSync(file, text)
  const sites: ImportSite[] = []
  const add = (specifier: string, at: number) => sites.push({ specifier, line: text.slice(0, at).split('\n').length })
  for (const each of module.staticImports) add(each.moduleRequest.value, each.start)
  for (const each of module.staticExports) {
    for (const entry of each.entries) if (entry.moduleRequest) add(entry.moduleRequest.value, each.start)
  }
  for (const each of module.dynamicImports) {
    const literal = /^(['"`])(.*)\1$/.exec(text.slice(each.moduleRequest.start, each.moduleRequest.end))
    if (literal) add(literal[2]!, each.start)
  }
  return sites
}

/** The file that a specifier names, or undefined where it is no source file of this checkout. */
export function resolveImport(specifier: string, from: string, packages: Map<string, Manifest>): string | undefined {
  if (specifier.startsWith('.')) return resolve(dirname(from), specifier)
  const match = /^@k23\/([^/]+)(\/.*)?$/.exec(specifier)
  if (!match) return undefined
  const target = packages.get(match[1]!)?.exports[match[2] ? `.${match[2]}` : '.']
  return target === undefined ? undefined : join(root, 'packages', match[1]!, entryFiles(target)[0]!)
}

/** A path as people write it: from the root, with forward slashes. */
export const shown = (path: string): string => relative(root, path).replaceAll('\\', '/')
