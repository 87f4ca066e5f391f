// What the demo deflates: text that is really there.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sampleText } from '@k23/bench'

const MOST = 256 << 10

/** The licence and the documents of this checkout, then its sources, up to 256 KiB; generated text where there is no checkout around. */
export function demoText(): { what: string; bytes: Uint8Array } {
  const root = join(import.meta.dirname, '../../../..')
  const files = ['LICENSE', '*.md', 'packages/*/README.md', 'packages/ir/src/**/*.ts'].flatMap((pattern) =>
    globSync(pattern, { cwd: root, exclude: (name) => name === 'gen' || name === 'node_modules' }).sort(),
  )
  const text = files.map((f) => readFileSync(join(root, f), 'utf8')).join('\n')
  if (text.length < 16 << 10) return { what: 'generated text', bytes: sampleText(MOST) }
  return {
    what: "this repository's own documents and sources",
    bytes: new Uint8Array(Buffer.from(text).subarray(0, MOST)),
  }
}
