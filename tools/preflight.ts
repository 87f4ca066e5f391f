// pnpm preflight [--only STEP,STEP] [--force]: the gate before anything lands, the same here as in CI.
//
// The steps are a list. Each is a command; a step with `remember` is left out when it has passed on this very tree.

import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, styleText } from 'node:util'
import { root } from './source-files.ts'
import { cache, notePassed, passedOn, treeHash } from './tree.ts'

interface Step {
  name: string
  /** What has to hold, for the one who reads the failure. */
  what: string
  /** Program and arguments; a program without a path is one of node_modules/.bin. */
  command: string[]
  env?: Record<string, string>
  /** The step's note in node_modules/.cache (tools/tree.ts). */
  remember?: string
  /** Why the step has nothing to do here, or undefined. */
  skip?(): string | undefined
}

const filetests = (): string[] => globSync('filetests/**/*.clif', { cwd: root }).sort()
const noFiletests = (): string | undefined => (filetests().length === 0 ? 'no files in filetests/' : undefined)

/** Without a single fuzz test, "passed" would be said of nothing. */
const noFuzzTests = (): string | undefined => {
  const files = globSync(['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root })
  const some = files.some((file) => /tags: \[?'fuzz'/.test(readFileSync(join(root, file), 'utf8')))
  return some ? undefined : 'no tests are tagged fuzz'
}

// biome-ignore format: table
const steps: Step[] = [
  { name: 'format',   what: 'pnpm format changes nothing',                  command: ['biome', 'format', '.'] },
  { name: 'lint',     what: 'biome finds nothing',                          command: ['biome', 'lint', '--error-on-warnings', '.'] },
  { name: 'generate', what: 'every generator runs, checked-in files fresh', command: ['node', 'tools/generate.ts', ...(process.env.CI ? ['--check'] : [])] },
  { name: 'types',    what: 'tsc -b',                                       command: ['tsc', '-b'] },
  { name: 'imports',  what: 'the import graph is as tools/import-graph.ts', command: ['node', 'tools/check-imports.ts'] },
  { name: 'tests',    what: 'npm test',                                     command: ['node', 'tools/test.ts'], remember: 'tests' },
  { name: 'clif',     what: "the project's own filetests that need no target", skip: noFiletests,
    command: ['./k23', 'test', ...filetests()], remember: 'clif' },
  { name: 'clif-rv',  what: "the project's own filetests on the riscv64 emulator", skip: noFiletests,
    command: ['./k23', 'test', '--target', 'riscv64', '--exec', 'emu', ...filetests()], remember: 'clif-rv' },
  { name: 'docs',     what: 'generated parts of the documentation are fresh', command: ['node', 'tools/docs.ts', '--check'] },
  { name: 'fuzz',     what: 'tests tagged fuzz, with a short budget', skip: noFuzzTests,
    command: ['vitest', 'run', '--tags-filter=fuzz'], env: { K23_FUZZ_SECONDS: '10' }, remember: 'fuzz' },
  { name: 'fuzz-wasm', what: 'random modules behave as on V8 (a minute in CI)',
    command: ['./k23', 'fuzz', '--seconds', process.env.CI ? '60' : '5'], remember: 'fuzz-wasm' },
]

const { values } = parseArgs({ options: { only: { type: 'string' }, force: { type: 'boolean' } } })
const chosen = values.only?.split(',') ?? steps.map((step) => step.name)
for (const name of chosen) {
  if (!steps.some((step) => step.name === name)) {
    console.error(`preflight: no step ${name}; there are ${steps.map((step) => step.name).join(', ')}`)
    process.exit(2)
  }
}

const report = (step: Step, verdict: string, color: 'green' | 'red' | 'dim', note: string): void =>
  console.log(`${styleText(color, verdict.padEnd(7))} ${step.name.padEnd(10)} ${note}`)

/** Lines of a failed step's output that are repeated here. */
const SHOWN = 150

const begin = performance.now()
const tree = treeHash()
let failures = 0
for (const step of steps.filter((each) => chosen.includes(each.name))) {
  const skipped = step.skip?.()
  if (skipped !== undefined) {
    report(step, 'nothing', 'dim', skipped)
    continue
  }
  if (step.remember && !values.force && passedOn(step.remember, tree)) {
    report(step, 'passed', 'green', 'just now on this tree, not repeated')
    continue
  }
  const start = performance.now()
  const [program, ...args] = step.command
  const path = program!.startsWith('.') ? join(root, program!) : join(root, 'node_modules', '.bin', program!)
  const done = spawnSync(path, args, {
    cwd: root,
    env: { ...process.env, ...step.env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    shell: process.platform === 'win32',
  })
  const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`
  if (done.status === 0) {
    report(step, 'passed', 'green', seconds)
    if (step.remember && treeHash() === tree) notePassed(step.remember, tree)
  } else {
    failures++
    report(step, 'FAILED', 'red', `${seconds}: ${step.what} (${step.command.join(' ').slice(0, 100)})`)
    const lines = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error ?? ''}`.trimEnd().split('\n')
    if (lines.length > SHOWN) lines.splice(SHOWN, lines.length, `... and ${lines.length - SHOWN} lines more`)
    console.log(lines.join('\n'))
  }
}
const result = join(cache, 'test-result.txt')
if (chosen.includes('tests') && existsSync(result)) console.log(readFileSync(result, 'utf8').trimEnd())
const total = `${((performance.now() - begin) / 1000).toFixed(1)} s`
console.log(failures === 0 ? `preflight: all passed in ${total}` : `preflight: ${failures} failed in ${total}`)
process.exitCode = failures === 0 ? 0 : 1
