// Compiles a rule list into test/.cache and loads the result.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Inst } from '@k23/ir'
import type { Rule } from '@k23/rules'
import { type Compiled, type CompileOptions, compileRules } from '@k23/rules/compiler'
import type { TestContext } from './context.ts'

export interface Loaded {
  lower(cx: TestContext, inst: Inst): boolean
  roots: ((cx: TestContext, inst: Inst) => boolean)[]
  terms: Record<string, (cx: TestContext, ...args: number[]) => number>
  fired: Uint32Array
  compiled: Compiled
}

export async function load(
  name: string,
  rules: readonly Rule[],
  rulesModule: string,
  more: Partial<CompileOptions> = {},
): Promise<Loaded> {
  const compiled = compileRules(rules, {
    rulesModule,
    contextType: 'TestContext',
    contextModule: '../context.ts',
    generator: 'a test',
    instrument: true,
    ...more,
  })
  const folder = join(import.meta.dirname, '.cache')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, compiled.source)
  const module = (await import(pathToFileURL(file).href)) as Omit<Loaded, 'compiled'>
  return { ...module, compiled }
}
