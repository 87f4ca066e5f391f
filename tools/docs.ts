// pnpm docs [--check]: rewrites the generated regions of Markdown files, so that what the documentation shows is what happens.
//
// A region names the command that makes it, and is replaced by what the command prints:
//
//   <!-- pnpm docs: ./k23 explain examples/gcd.wat --func gcd -->
//   ...
//   <!-- end -->
//
// Output goes into a code block, unless the command is `text: ...`: then it is Markdown itself.
// --check changes nothing and fails where a region is not what its command prints.

import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './source-files.ts'

const REGION = /<!-- pnpm docs: (text: )?(.+?) -->\n[\s\S]*?<!-- end -->/g

/** What the command prints; undefined where it cannot tell here (exit status 3: no test data). */
function output(command: string): string | undefined {
  const [program, ...args] = command.split(' ')
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined }
  const done = spawnSync(program === 'node' ? process.execPath : program, args, { cwd: root, encoding: 'utf8', env })
  if (done.status === 3) return undefined
  if (done.status !== 0) throw new Error(`${command}: exit status ${done.status}\n${done.stderr}`)
  return done.stdout.trimEnd()
}

const check = process.argv.includes('--check')
let stale = 0
for (const file of globSync(['*.md', 'docs/*.md', 'packages/*/*.md'], { cwd: root }).sort()) {
  const path = join(root, file)
  const before = readFileSync(path, 'utf8')
  const after = before.replace(REGION, (region: string, text: string | undefined, command: string) => {
    const printed = output(command)
    if (printed === undefined) return region
    const body = text === undefined ? `\`\`\`text\n${printed}\n\`\`\`` : printed
    return `<!-- pnpm docs: ${text ?? ''}${command} -->\n${body}\n<!-- end -->`
  })
  if (after === before) continue
  stale++
  if (check) console.error(`${file}: a generated region is not what its command prints; run \`pnpm docs\``)
  else {
    writeFileSync(path, after)
    console.log(`${file}: rewritten`)
  }
}
if (check && stale > 0) process.exitCode = 1
