// Test data: the packs of spec scripts and the corpus of real modules.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const root = process.env.K23_TEST_DATA ?? join(process.env.K23_ROOT ?? '.', '../shared/data')

export interface Command {
  type: string
  line: number
  filename?: string
  module_type?: string
  text?: string
}
export interface Script {
  commands: Command[]
  files: Record<string, string>
}

/** Path of test data, or undefined (said once) where it is missing. */
export function dataPath(name: string): string | undefined {
  const path = join(root, name)
  if (existsSync(path)) return path
  console.log(`test data missing: ${path} (set K23_TEST_DATA); tests that need it are skipped`)
  return undefined
}

export function readPack(path: string): Record<string, Script> {
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8'))
}

export function fileOf(script: Script, name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(script.files[name], 'base64'))
}

/** All .wasm files below `dir`: path relative to it, and bytes. */
export function wasmFiles(dir: string): { name: string; bytes: Uint8Array }[] {
  const names = readdirSync(dir, { recursive: true }) as string[]
  return names
    .filter((n) => n.endsWith('.wasm'))
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(dir, name))) }))
}
