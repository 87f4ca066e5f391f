// The published packages, laid out as a user's node_modules has them, under the oldest Node that they promise to run on, and in a browser.

import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, extname, join } from 'node:path'
import { zipModule } from '@k23/bench'
import { compile } from '@k23/codegen'
import { build as vite } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundle } from '../tools/build.ts'
import { root, workspacePackages } from '../tools/source-files.ts'
import { assemble } from './cli-harness.ts'

const published = [...workspacePackages()].filter(([, manifest]) => !manifest.private)

/** The machine's own Node, which is not the pinned one and need not be there. */
function systemNode(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'node')
    if (folder.includes('node_modules') || !existsSync(path)) continue
    const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.trim()
    if (version && Number(version.slice(1).split('.')[0]) >= 20) return path
  }
  return undefined
}

const folder = mkdtempSync(join(tmpdir(), 'k23-bundle-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeAll(async () => {
  for (const [name, manifest] of published) {
    const home = join(folder, 'node_modules', manifest.name)
    mkdirSync(home, { recursive: true })
    await bundle(name, manifest, join(home, 'dist'))
    const { exports } = manifest.publishConfig!
    const { sideEffects } = manifest
    const published = { name: manifest.name, type: 'module', sideEffects, exports }
    writeFileSync(join(home, 'package.json'), JSON.stringify(published))
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      const link = join(folder, 'node_modules', dependency)
      if (dependency.startsWith('@k23/') || existsSync(link)) continue
      mkdirSync(join(link, '..'), { recursive: true })
      symlinkSync(join(root, 'packages', name, 'node_modules', dependency), link)
    }
  }
})

const specifiers = published.flatMap(([name, manifest]) =>
  Object.keys(manifest.exports).map((subpath) => `@k23/${name}${subpath.slice(1)}`),
)

const CLIF = `function %twice(i64) -> i64 fast {
block0(v0: i64):
    v1 = iadd v0, v0
    return v1
}
`

describe('every entry of every public package loads, and one of them works', () => {
  const run = (node: string): void => {
    const code = specifiers.map((specifier) => `await import(${JSON.stringify(specifier)})`)
    code.push(`import { parseFunction, printFunction } from '@k23/ir'`)
    code.push(`console.log(printFunction(parseFunction(${JSON.stringify(CLIF)})))`)
    writeFileSync(join(folder, 'load.mjs'), code.join('\n'))
    const done = spawnSync(node, ['load.mjs'], { cwd: folder, encoding: 'utf8' })
    expect(`${done.stderr}${done.error ?? ''}`).toBe('')
    expect(done.status).toBe(0)
    expect(done.stdout.trim()).toBe(CLIF.trim())
  }

  test('under the pinned Node', () => run(process.execPath))

  test("under the machine's own Node", (context) => {
    const node = systemNode()
    if (node === undefined) return context.skip('no Node of 20 or newer on PATH beside the pinned one')
    run(node)
  })
})

describe('compiling and running modules', () => {
  /** Files of the page and of the program: the modules, and what both run with them. */
  let modules: Record<'small' | 'hello' | 'large', string>
  let expected: string[]

  beforeAll(async () => {
    const small = await assemble(`(module (import "env" "twice" (func $twice (param i32) (result i32)))
      (func (export "f") (param i32 i32) (result i32) (i32.div_s (call $twice (local.get 0)) (local.get 1))))`)
    const hello = await assemble(`(module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 0) "\\08\\00\\00\\00\\05\\00\\00\\00hello")
      (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))`)
    const large = zipModule()
    const base64 = (b: Uint8Array): string => Buffer.from(b).toString('base64')
    modules = { small: base64(small), hello: base64(hello), large: base64(large) }
    let h = 0x811c9dc5
    for (const byte of compile(large, { target: 'riscv64' }).image) h = Math.imul(h ^ byte, 0x01000193)
    const trap = `4 true: integer divide by zero at ${small.lastIndexOf(0x6d)}` // i32.div_s
    expected = [
      `small: ${trap}`,
      `small, in slices: ${trap}`,
      'hello: 0 hello',
      `large: ${Array(3)
        .fill(h >>> 0)
        .join(' ')}`,
      'cache: 1 of 2',
      'error: true malformed',
    ]
    copyFileSync(join(root, 'test', 'bundle-smoke.js'), join(folder, 'bundle-smoke.js'))
    const decode = `const decode = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
      const modules = Object.fromEntries(Object.entries(${JSON.stringify(modules)}).map(([k, v]) => [k, decode(v)]))`
    writeFileSync(
      join(folder, 'smoke.mjs'),
      `import { smoke } from './bundle-smoke.js'
      ${decode}
      const lines = await smoke(modules)
      const { user, system } = process.cpuUsage()
      console.log(JSON.stringify({ lines, cpuMs: (user + system) / 1000 }))`,
    )
    writeFileSync(
      join(folder, 'page.js'),
      `import { smoke } from './bundle-smoke.js'
      ${decode}
      const send = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) })
      smoke(modules).then((lines) => send({ lines }), (e) => send({ lines: [String(e?.stack ?? e)] }))`,
    )
    writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="./page.js"></script>')
  })

  /** Processor time of one process that does all that, in milliseconds: ten times what it takes on a slow machine. */
  const CPU_LIMIT = 60_000

  const inNode = (node: string): void => {
    const done = spawnSync(node, ['smoke.mjs'], { cwd: folder, encoding: 'utf8', timeout: 110_000 })
    expect(`${done.stderr}${done.error ?? ''}`).toBe('')
    const { lines, cpuMs } = JSON.parse(done.stdout)
    expect(lines).toEqual(expected)
    expect(cpuMs).toBeLessThan(CPU_LIMIT)
  }

  test('under the pinned Node', { timeout: 120_000 }, () => inNode(process.execPath))

  test("under the machine's own Node", { timeout: 120_000 }, (context) => {
    const node = systemNode()
    if (node === undefined) return context.skip('no Node of 20 or newer on PATH beside the pinned one')
    inNode(node)
  })

  test('in a browser, as a bundler packs it', { timeout: 240_000 }, async (context) => {
    const browser = ['chromium', 'chromium-browser', 'google-chrome'].map(onPath).find((path) => path !== undefined)
    if (browser === undefined) return context.skip('no chromium here: pnpm setup:oracles installs it')
    const dist = join(folder, 'page')
    await vite({ root: folder, logLevel: 'error', configFile: false, build: { outDir: dist, emptyOutDir: true } })
    // The bundler has found the worker and made a script of its own of it.
    expect(readdirSync(join(dist, 'assets')).filter((f) => f.startsWith('browser-worker'))).toHaveLength(1)
    expect(await inBrowser(browser, dist)).toEqual(expected)
  })
})

function onPath(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((f) => join(f, program)).find((path) => existsSync(path))
}

/** Opens the page of a folder in a browser without a window; what it posts to /result. */
async function inBrowser(browser: string, dist: string): Promise<string[]> {
  const profile = mkdtempSync(join(tmpdir(), 'k23-browser-'))
  const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }
  let report: (lines: string[]) => void = () => {}
  const reported = new Promise<string[]>((resolve) => {
    report = resolve
  })
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    if (path === '/result') {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        response.end()
        report(JSON.parse(body).lines)
      })
      return
    }
    const file = join(dist, path === '/' ? 'index.html' : path)
    if (!existsSync(file)) return void response.writeHead(404).end()
    response
      .writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
      .end(readFileSync(file))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run']
  const child = spawn(browser, [...flags, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], {
    stdio: 'ignore',
    detached: true,
  })
  const closed = new Promise((resolve) => child.on('exit', resolve))
  try {
    const ended = closed.then((code) => [`the browser ended with ${code}`])
    const late = new Promise<string[]>((resolve) => setTimeout(() => resolve(['no answer in 200 s']), 200_000).unref())
    return await Promise.race([reported, ended, late])
  } finally {
    // The whole group: it has helpers of its own.
    if (child.exitCode === null) process.kill(-(child.pid as number), 'SIGKILL')
    await closed
    server.closeAllConnections()
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}
