// From a fresh clone to a running tool: node tools/bootstrap.mjs (k23 | SCRIPT.ts) ARGS...
//
// This file runs under whatever Node (20 or newer) the machine has, before anything is installed, so it is plain
// JavaScript without dependencies. It installs the workspace when that is not as the lockfile says (finding out takes a few
// milliseconds), then hands over to the pinned Node, which is one of the packages just installed.

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PNPM = 'pnpm@12.21.0'
const NODE_MAJOR = 26

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules', '.bin')
const cache = join(root, 'node_modules', '.cache')
const stamp = join(cache, 'installed')

/** Hash of everything that decides what gets installed. */
function wanted() {
  const hash = createHash('sha256')
  const manifests = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/package.json`)
  for (const file of ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests.sort()]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

function installIfNeeded() {
  const hash = wanted()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  console.error('installing what the lockfile says (once) ...')
  // Standard output belongs to the command that was asked for.
  const done = spawnSync('npx', ['-y', PNPM, 'install', '--frozen-lockfile'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (done.status !== 0) {
    console.error(`installation failed: npx -y ${PNPM} install --frozen-lockfile (in ${root})`)
    process.exit(done.status ?? 1)
  }
  mkdirSync(cache, { recursive: true })
  writeFileSync(stamp, hash)
}

/** The pinned Node; on a platform for which the lockfile has none, the one that runs this, if it is new enough. */
function findNode() {
  const pinned = join(bin, 'node')
  if (existsSync(pinned)) return pinned
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath
  console.error(
    `no Node ${NODE_MAJOR} for ${process.platform}-${process.arch} in the lockfile: install Node ${NODE_MAJOR} and run this with it`,
  )
  process.exit(1)
}

const [what, ...args] = process.argv.slice(2)
if (what === undefined) {
  console.error('usage: node tools/bootstrap.mjs (k23 | SCRIPT.ts) ARGS...')
  process.exit(2)
}
installIfNeeded()
const script =
  what === 'k23'
    ? ['--import', new URL('fresh.ts', import.meta.url).href, join(root, 'packages', 'cli', 'src', 'main.ts')]
    : [join(root, what)]
const child = spawn(findNode(), [...script, ...args], {
  // A tool works on the checkout; the command-line tool works where the user stands.
  cwd: what === 'k23' ? (process.env.INIT_CWD ?? process.cwd()) : root,
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: [bin, process.env.PATH].join(delimiter),
    NODE_COMPILE_CACHE: join(cache, 'node'),
    // Who waits for it: packages/cli/src/machine.ts.
    K23_BOOTSTRAP: String(process.pid),
  },
})
// Ctrl-C reaches the child by itself (same process group); other signals come to this process only. Either way it waits.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
})
