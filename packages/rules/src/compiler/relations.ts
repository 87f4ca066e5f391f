// When one row contains another, excludes it, or several rows together cover one.
//
// A row is a conjunction of tests at places. Row a contains row b if each test of a is implied by a test of b: then a, standing earlier,
// takes everything that b could match. A guard (where, derive) is an unknown further test: a guarded row never contains, it may be contained.
// Two rows are disjoint if some place is asked for things that exclude each other.
//
// Cover by several: split what is left of b along a test of a row that overlaps it, drop the part that the row takes, and go on with
// the other parts; b is covered if nothing is left. The number of parts is bounded, so the answer "not covered" may be a missed error,
// and "covered" is always true.
import type { Row, Test } from './rows.ts'

function implies(b: Test, a: Test): boolean {
  if (a.site !== b.site) return false
  if (a.kind === 'set') return b.kind === 'set' && (b.mask & ~a.mask) === 0n
  if (a.kind === 'range') {
    if (b.kind !== 'range' || b.min < a.min || b.max > a.max) return false
    return b.step % a.step === 0 || (b.min === b.max && b.min % a.step === 0)
  }
  if (a.kind === 'literal') return b.kind === 'literal' && a.lo === b.lo && a.hi === b.hi
  if (a.kind === 'by') return b.kind === 'by' && a.by === b.by
  return true // equal: the site names both sides
}

function excludes(a: Test, b: Test): boolean {
  if (a.site !== b.site) return false
  if (a.kind === 'set') return b.kind === 'set' && (a.mask & b.mask) === 0n
  return a.kind === 'range' && b.kind === 'range' && (a.max < b.min || b.max < a.min)
}

/** Everything that `b` matches, `a` matches. */
export function contains(a: Row, b: Row): boolean {
  return !a.guarded && testsContain(a.tests, b.tests)
}
function testsContain(a: readonly Test[], b: readonly Test[]): boolean {
  return a.every((x) => b.some((y) => implies(y, x)))
}
/** Nothing is matched by both. */
export function disjoint(a: Row, b: Row): boolean {
  return testsDisjoint(a.tests, b.tests)
}
function testsDisjoint(a: readonly Test[], b: readonly Test[]): boolean {
  return a.some((x) => b.some((y) => excludes(x, y)))
}

/** True if everything that `b` matches is matched by one of `earlier`. Looks at up to `budget` parts. */
export function covered(b: Row, earlier: readonly Row[], budget = 200): boolean {
  const able = earlier.filter((a) => !a.guarded)
  let left = budget
  const isCovered = (part: readonly Test[], from: readonly Row[]): boolean => {
    if (left-- <= 0) return false
    const near = from.filter((a) => !testsDisjoint(a.tests, part))
    if (near.some((a) => testsContain(a.tests, part))) return true
    for (const a of near) {
      const test = a.tests.find((x) => !part.some((y) => implies(y, x)))!
      const outside = complement(test, part)
      if (outside === undefined) continue
      if (!isCovered(narrowed(part, test), near)) continue
      return outside.every((o) => isCovered(o, near))
    }
    return false
  }
  return isCovered(b.tests, able)
}

function narrowed(part: readonly Test[], test: Test): Test[] {
  const same = part.find((y) => y.site === test.site)
  if (same === undefined) return [...part, test]
  return part.map((y) => (y !== same ? y : intersection(y, test)))
}
function intersection(a: Test, b: Test): Test {
  if (a.kind === 'set' && b.kind === 'set') return { ...a, mask: a.mask & b.mask }
  if (a.kind === 'range' && b.kind === 'range')
    return { ...a, min: Math.max(a.min, b.min), max: Math.min(a.max, b.max), step: Math.max(a.step, b.step) }
  return a
}

/** `part` minus `test`, as parts; undefined where that cannot be said. */
function complement(test: Test, part: readonly Test[]): Test[][] | undefined {
  const same = part.find((y) => y.site === test.site)
  if (test.kind === 'set') {
    const all = same !== undefined && same.kind === 'set' ? same.mask : universe(test.limit)
    const mask = all & ~test.mask
    if (mask === 0n) return []
    return [narrowed(part, { ...test, mask })]
  }
  if (test.kind !== 'range' || test.step !== 1 || same === undefined || same.kind !== 'range') return undefined
  const out: Test[][] = []
  if (same.min < test.min) out.push(narrowed(part, { ...test, min: same.min, max: test.min - 1 }))
  if (same.max > test.max) out.push(narrowed(part, { ...test, min: test.max + 1, max: same.max }))
  return out
}
const universe = (limit: number): bigint => (1n << BigInt(limit)) - 1n
