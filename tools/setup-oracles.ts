// pnpm setup:oracles: the independent tools that tests compare with. Nothing of the project needs them to run, and a test
// whose oracle is missing skips and says so.
//
// Debian packages come by apt-get (as root); the wasmtime wheel goes to a Python environment under node_modules/.cache, and a program of a large npm package
// beside it.
// What is there already is left alone, so a second run takes no time. Where something cannot be had, this says what and why, and
// ends well: a machine without it can still run everything else.

import { spawnSync } from 'node:child_process'
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { cache } from './tree.ts'

/** Debian package, a program or file that shows it is there, and what the tests ask it. */
// biome-ignore format: table
const PACKAGES: [name: string, proof: string, why: string][] = [
  ['qemu-user',                  'qemu-riscv64',                             'riscv64 and aarch64 programs: what each instruction does'],
  ['binutils-riscv64-linux-gnu', 'riscv64-linux-gnu-as',                     'bytes of every riscv64 instruction'],
  ['llvm-19',                    'llvm-mc-19',                               'bytes of riscv64 instructions newer than GNU as 2.40 (Zfa, Zcb, Zvbb)'],
  ['gcc-riscv64-linux-gnu',      'riscv64-linux-gnu-gcc',                    'linking riscv64 programs, and the C calling convention'],
  ['libc6-dev-riscv64-cross',    '/usr/riscv64-linux-gnu/include/stdio.h',   'C headers for the same'],
  ['binutils-aarch64-linux-gnu', 'aarch64-linux-gnu-as',                     'bytes of every aarch64 instruction'],
  ['clang',                      'clang',                                    'C to WebAssembly'],
  ['lld',                        'wasm-ld',                                  'C to WebAssembly'],
  ['python3-venv',               '/usr/share/doc/python3-venv',              'the Python environment for wasmtime'],
  ['chromium',                   'chromium',                                 'the published packages in a browser'],
]

const WASMTIME = '50.0.1'

function present(proof: string): boolean {
  const candidates = proof.startsWith('/')
    ? [proof]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, proof))
  return candidates.some((path) => existsSync(path))
}

const writable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function run(program: string, args: string[]): boolean {
  const done = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (done.status === 0) return true
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}`.trim().split('\n').slice(-5).join('\n')
  console.log(`  failed: ${program} ${args.join(' ')}\n${output || done.error?.message}`)
  return false
}

function debianPackages(): string {
  const missing = PACKAGES.filter(([, proof]) => !present(proof))
  if (missing.length === 0) return `all ${PACKAGES.length} Debian packages are there`
  const names = missing.map(([name]) => name)
  for (const [name, , why] of missing) console.log(`oracles: ${name} is missing (${why})`)
  if (!present('apt-get')) return 'no apt-get here; the tests that need these skip'
  if (!writable('/var/lib/dpkg'))
    return `not root: apt-get install ${names.join(' ')}; until then the tests that need these skip`
  // The lists may be as old as the machine's image: brought up to date only when something has to be installed.
  if (!run('apt-get', ['update', '-q'])) return 'the tests that need these skip'
  // One that this release does not have must not keep the others out.
  const known = names.filter((name) => spawnSync('apt-cache', ['show', name]).status === 0)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0)
    console.log(`oracles: there is no package ${unknown.join(' ')} here; the tests that need it skip`)
  if (known.length === 0) return 'nothing to install'
  const installed = run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...known])
  return installed ? `installed ${known.join(' ')}` : 'the tests that need these skip'
}

function wasmtime(): string {
  const venv = join(cache, 'oracles')
  const python = join(venv, 'bin', 'python')
  const marker = join(venv, `wasmtime-${WASMTIME}`)
  if (existsSync(marker)) return `wasmtime ${WASMTIME} is there`
  if (!present('python3')) return 'no python3, so no wasmtime; the tests that need it skip'
  const installed =
    run('python3', ['-m', 'venv', venv]) &&
    run(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', `wasmtime==${WASMTIME}`]) &&
    run(python, ['-c', 'import wasmtime'])
  if (!installed) return 'no wasmtime; the tests that need it skip'
  writeFileSync(marker, '')
  return `installed wasmtime ${WASMTIME} for ${python}`
}

/** A WASI program that comes in an npm package of 78 MB, of which it is a small part: too much for a dependency. */
const ICEPACK_PACKAGE = '@yowasp/nextpnr-ice40@0.8.621'
export const ICEPACK: string = join(cache, 'oracles', 'icepack-0.8.621.wasm')

function icepack(): string {
  if (existsSync(ICEPACK)) return 'icepack is there'
  const folder = mkdtempSync(join(tmpdir(), 'k23-oracles-'))
  try {
    const done = spawnSync('npm', ['pack', '--silent', ICEPACK_PACKAGE, '--pack-destination', folder], {
      encoding: 'utf8',
      shell: process.platform === 'win32',
    })
    const file = done.stdout?.trim().split('\n').at(-1) ?? ''
    const member = 'package/gen/icepack.core.wasm'
    if (done.status !== 0 || !run('tar', ['-xzf', join(folder, file), '-C', folder, member]))
      return `no ${ICEPACK_PACKAGE}; the tests that need it skip`
    mkdirSync(join(cache, 'oracles'), { recursive: true })
    // (A copy beside its place first: the temporary folder may be on another disk.)
    copyFileSync(join(folder, member), `${ICEPACK}.part`)
    renameSync(`${ICEPACK}.part`, ICEPACK)
    return `fetched icepack of ${ICEPACK_PACKAGE}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  console.log(`oracles: ${debianPackages()}`)
  console.log(`oracles: ${wasmtime()}`)
  console.log(`oracles: ${icepack()}`)
}
