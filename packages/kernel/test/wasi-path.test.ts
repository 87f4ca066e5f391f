// Random folders full of links: whatever path a guest gives, what the host gets lies in the preopened folder, and is where the host itself would
// have gone.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CallError } from '../src/wasi/errors.ts'
import type { FileSystem } from '../src/wasi/index.ts'
import { type Place, resolvePath } from '../src/wasi/path.ts'

const names = ['a', 'b', 'c', 'd']
const component = fc.constantFrom(...names, ...names, '..', '.', '')
const path = fc.array(component, { minLength: 1, maxLength: 6 }).map((c) => c.join('/'))
const target = fc.oneof(path, fc.constantFrom('../outside', '../../outside/x', '/', '..', '../box/a'))
/** What lies at a path: a folder, a file, or a link. */
const entry = fc.tuple(
  fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 2 }).map((c) => c.join('/')),
  fc.oneof(
    fc.constant({ kind: 'folder' }),
    fc.constant({ kind: 'file' }),
    target.map((to) => ({ kind: 'link', to })),
    target.map((to) => ({ kind: 'link', to })),
  ),
)

function build(box: string, entries: readonly [string, { kind: string; to?: string }][]): void {
  for (const [at, { kind, to }] of entries) {
    try {
      const full = join(box, at)
      // A parent that is a link may lead out: such an entry is none.
      if (!`${fs.realpathSync(dirname(full))}/`.startsWith(`${box}/`)) continue
      if (kind === 'folder') fs.mkdirSync(full)
      else if (kind === 'file') fs.writeFileSync(full, '', { flag: 'wx' })
      else fs.symlinkSync(to || '.', full)
    } catch {
      // It is there already, or its parent is not.
    }
  }
}

function real(p: string): string | undefined {
  try {
    // Not realpathSync itself, which folds `..` as text first.
    return fs.realpathSync.native(p)
  } catch {
    return undefined
  }
}

test('the host is never given a way out', () => {
  const top = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'k23-wasi-')))
  const counts = { resolved: 0, refused: 0, linked: 0 }
  let n = 0
  try {
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 4, maxLength: 14 }),
        fc.array(path, { minLength: 5, maxLength: 20 }),
        (entries, paths) => {
          const box = join(top, `${n++}`, 'box')
          fs.mkdirSync(box, { recursive: true })
          fs.mkdirSync(join(box, '../outside'))
          fs.writeFileSync(join(box, '../outside/x'), '')
          build(box, entries)
          const root = { fs: fs as FileSystem, path: box, name: '.' }
          for (const p of paths) {
            for (const follow of [true, false]) {
              let place: Place
              try {
                place = resolvePath(root, [], p, follow)
              } catch (e) {
                if (!(e instanceof CallError)) throw e
                counts.refused++
                continue
              }
              counts.resolved++
              expect(place.names).not.toContain('..')
              const parent = place.names.length === 0 ? box : dirname(place.host)
              // The parent is as the host sees it, without a link left in it.
              expect(real(parent)).toBe(parent)
              expect(`${parent}/`.startsWith(`${box}/`)).toBe(true)
              const theirs = real(`${box}/${p}`)
              if (place.status === undefined) expect(theirs).toBe(undefined)
              else if (!place.status.isSymbolicLink()) expect(theirs).toBe(place.host)
              else {
                counts.linked++
                expect(follow).toBe(false)
              }
            }
          }
        },
      ),
      { numRuns: process.env.K23_LONG === '1' ? 5000 : 200 },
    )
  } finally {
    fs.rmSync(top, { recursive: true })
  }
  // All three happen often: the test does not pass by refusing everything.
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(50)
})
