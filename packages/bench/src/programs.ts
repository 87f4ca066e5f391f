// The modules that the compile suite compiles: the zip.js module, and those of the wasm corpus where it is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zipModulePath } from './zip-module.ts'

export interface Program {
  readonly name: string
  readonly path: string
}

/** Folder of the test data: K23_TEST_DATA, else ../shared/data beside the checkout, where there is one. */
export function testData(): string | undefined {
  const folder = process.env.K23_TEST_DATA ?? join(import.meta.dirname, '../../../../shared/data')
  return existsSync(folder) ? folder : undefined
}

export function programs(): Program[] {
  const list: Program[] = [{ name: 'zip.js', path: zipModulePath() }]
  const data = testData()
  const corpus = data === undefined ? undefined : join(data, 'wasm-corpus')
  if (corpus === undefined || !existsSync(corpus)) return list
  const files = readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.wasm'))
  return [...list, ...files.sort().map((f) => ({ name: f.replace(/\.wasm$/, ''), path: join(corpus, f) }))]
}

/** The bytes of a program; a view of its own, as compile() expects. */
export function load(program: Program): Uint8Array {
  return new Uint8Array(readFileSync(program.path))
}
