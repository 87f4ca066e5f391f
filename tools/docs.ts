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

import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './source-files.ts'

const REGION = /<!-- pnpm docs: (text: )?(.+?) -->\n[\s\S]*?<!-- end -->/g

function output(command: string): string {
  const [program, ...args] = command.split(' ')
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined }
  return execFileSync(program === 'node' ? process.execPath : program, args, { cwd: root, encoding: 'utf8', env }).trimEnd()
}

const check = process.argv.includes('--check')
let stale = 0
for (const file of globSync(['*.md', 'docs/*.md', 'packages/*/*.md'], { cwd: root }).sort()) {
  const path = join(root, file)
  const before = readFileSync(path, 'utf8')
  const after = before.replace(REGION, (_, text: string | undefined, command: string) => {
    const body = text === undefined ? `\`\`\`text\n${output(command)}\n\`\`\`` : output(command)
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
