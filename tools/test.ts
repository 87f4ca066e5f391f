// npm test [-- VITEST ARGS...]: generated files, then vitest, then one plain line with the numbers.
//
// A whole run that passes leaves a note of the tree it passed on, which lets `pnpm preflight` leave the tests out.
// --long (pnpm test:long) runs the same tests with their large counts and data sets.

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { generate } from './generate.ts'
import { root } from './source-files.ts'
import { cache, notePassed, treeHash } from './tree.ts'

interface JsonReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  success: boolean
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

/** Files that failed before or outside their tests (an import, a hook) count as one failure each. */
const failures = (report: JsonReport): number =>
  report.numFailedTests +
  report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((each) => each.status !== 'failed'),
  ).length

const args = process.argv.slice(2)
const long = args.includes('--long')
const filters = args.filter((arg) => arg !== '--long')

const { failed, stale } = generate()
if (failed.length > 0) process.exit(1)
if (process.env.CI && stale.length > 0) {
  console.error(`generated files that are checked in were stale: ${stale.join(', ')}`)
  process.exit(1)
}

mkdirSync(cache, { recursive: true })
const before = treeHash()
const jsonFile = join(cache, 'test-report.json')
const resultFile = join(cache, 'test-result.txt')
rmSync(jsonFile, { force: true })
const vitest = spawn(
  join(root, 'node_modules', '.bin', 'vitest'),
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${jsonFile}`, '--tags-filter=!fuzz', ...filters],
  {
    cwd: root,
    stdio: ['inherit', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1', FORCE_COLOR: undefined }),
      ...(long ? { K23_LONG: '1' } : {}),
    },
    shell: process.platform === 'win32',
  },
)
let tail = ''
vitest.stdout.on('data', (chunk: Buffer) => {
  process.stdout.write(chunk)
  tail = (tail + chunk.toString()).slice(-4000)
})
vitest.on('close', (code) => {
  let closing = 'no test report: vitest did not get to its end'
  let ok = false
  try {
    const report = JSON.parse(readFileSync(jsonFile, 'utf8')) as JsonReport
    const skipped = report.numPendingTests + report.numTodoTests
    closing = `${report.numPassedTests} passed, ${failures(report)} failed, ${skipped} skipped`
    ok = code === 0 && report.success && report.numPassedTests > 0
  } catch {
    // Said by `closing`.
  }
  console.log(closing)
  const plain = stripVTControlCharacters(tail)
  const summary = plain.slice(Math.max(0, plain.lastIndexOf(' Test Files '))).replace(/^JSON report written.*$/m, '')
  writeFileSync(resultFile, `${summary.trimEnd()}\n${closing}\n`)
  // Only a whole run counts, and only if nobody edited the tree under it.
  if (ok && filters.length === 0 && treeHash() === before) notePassed('tests', before)
  process.exitCode = ok ? 0 : (code ?? 1) || 1
})
