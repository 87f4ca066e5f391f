// The programs that objects are checked with, by target.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { targets } from '@k23/codegen'
import { elfMachine } from '@k23/object'

export interface Tools {
  /** Prefix of the GNU tools for the machine. */
  readonly prefix: string
  /** What runs an executable. */
  readonly runner: readonly string[]
  /** CPU features that GNU as of Debian 12 and the runner know. */
  readonly features: Readonly<Record<string, boolean>>
}

const host = process.arch === 'x64' && process.platform === 'linux'

const all: Readonly<Record<string, Tools>> = {
  riscv64: {
    prefix: 'riscv64-linux-gnu-',
    runner: ['qemu-riscv64', '-L', '/usr/riscv64-linux-gnu'],
    features: { has_zba: true, has_zbb: true, has_zbs: true, has_c: true },
  },
  x64: { prefix: host ? '' : 'x86_64-linux-gnu-', runner: host ? [] : ['qemu-x86_64'], features: {} },
}

/** The targets that have both a back end and an ELF table. */
export const elfTargets: readonly string[] = Object.keys(targets).filter((t) => elfMachine(t) !== undefined)

export function toolsFor(target: string): Tools {
  return all[target]
}

export function present(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

/** Runs a program that must succeed and say nothing on standard error; gives its output. */
export function quietly(program: string, args: readonly string[]): string {
  const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 30 })
  if (done.status !== 0 || done.stderr !== '')
    throw new Error(
      `${program} ${args.join(' ')}: status ${done.status ?? done.signal}\n${done.stderr}${done.error ?? ''}`,
    )
  return done.stdout
}

/** Writes files into a folder of their own, by name, and removes it afterwards. */
export function withFiles<R>(files: Readonly<Record<string, Uint8Array | string>>, use: (folder: string) => R): R {
  const folder = mkdtempSync(join(tmpdir(), 'k23-object-'))
  try {
    for (const [name, contents] of Object.entries(files)) writeFileSync(join(folder, name), contents)
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
