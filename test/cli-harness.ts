// Runs the command line in this process, with what it writes and its exit status caught. (A child per case would take most of the tests' time.)
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main, VERSION } from '@k23/cli'
import wabt from 'wabt'
import { root } from '../tools/source-files.ts'

export interface Done {
  readonly status: number
  readonly out: string
  readonly err: string
}

export async function k23(...args: string[]): Promise<Done> {
  const { stdout, stderr } = process
  const before = { out: stdout.write, err: stderr.write, status: process.exitCode }
  let out = ''
  let err = ''
  const text = (chunk: string | Uint8Array): string =>
    typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1')
  stdout.write = ((chunk: string | Uint8Array) => {
    out += text(chunk)
    return true
  }) as typeof stdout.write
  stderr.write = ((chunk: string | Uint8Array) => {
    err += text(chunk)
    return true
  }) as typeof stderr.write
  process.exitCode = 0
  try {
    await main(args, VERSION)
    return { status: Number(process.exitCode), out: plain(out), err: plain(err) }
  } finally {
    stdout.write = before.out
    stderr.write = before.err
    process.exitCode = before.status
  }
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
  return text.replaceAll(/\x1b\[[0-9;]*m/g, '')
}

/** A folder for one test file's inputs, under test/.cache. */
export class Folder {
  readonly path: string
  constructor(name: string) {
    this.path = join(root, 'test', '.cache', `${name}-${process.pid}`)
    mkdirSync(this.path, { recursive: true })
  }
  file(name: string, contents: string | Uint8Array): string {
    const path = join(this.path, name)
    writeFileSync(path, contents)
    return path
  }
  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Assembles the text format. */
export async function assemble(text: string): Promise<Uint8Array> {
  const module = (await wabt()).parseWat('test.wat', text)
  try {
    return module.toBinary({}).buffer
  } finally {
    module.destroy()
  }
}

/** xorshift32, as numbers below `n`. */
export function generator(seed: number): (n: number) => number {
  let x = seed
  return (n) => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (x >>> 0) % n
  }
}
