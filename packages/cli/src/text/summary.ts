// What `test` and `wast` say at their end: failures first, then why what was not run was not, then the sums.
import pc from 'picocolors'

/** What came of one file. */
export interface FileOutcome {
  readonly file: string
  readonly target: string
  readonly exec: string
  readonly opt: string
  readonly pass: number
  readonly fail: number
  readonly skip: number
  readonly failures: readonly { readonly line: number; readonly type: string; readonly why: string }[]
}

/** The line of `--json`. */
export function outcomeJson(r: FileOutcome): string {
  const { file, target, exec, opt, pass, fail, skip, failures } = r
  return JSON.stringify({ file, target, exec, opt, pass, fail, skip, failures })
}

/** Reasons, and failures of one file, that a summary names. */
const MAX_REASONS = 40
const MAX_FAILURES = 20

/** `skips`: how many cases were not run, by reason. */
export function summary(results: readonly FileOutcome[], skips: ReadonlyMap<string, number>, ms: number): string {
  const lines: string[] = []
  for (const r of results) {
    for (const f of r.failures.slice(0, MAX_FAILURES)) {
      const [first, ...rest] = f.why.split('\n')
      lines.push(`${pc.red('FAIL')} ${r.file}:${f.line}: ${f.type}: ${first}`, ...rest.map((line) => `     ${line}`))
    }
    const more = r.failures.length - MAX_FAILURES
    if (more > 0) lines.push(`${pc.red('FAIL')} ${r.file}: ${more} more (--json names all)`)
  }
  if (skips.size > 0) {
    lines.push('skipped:')
    const sorted = [...skips].sort((a, b) => b[1] - a[1])
    for (const [reason, count] of sorted.slice(0, MAX_REASONS)) lines.push(`${String(count).padStart(7)}  ${reason}`)
    const rest = sorted.slice(MAX_REASONS)
    if (rest.length > 0)
      lines.push(`${String(rest.reduce((n, [, count]) => n + count, 0)).padStart(7)}  for ${rest.length} more reasons`)
  }
  const sum = (of: (r: FileOutcome) => number): number => results.reduce((n, r) => n + of(r), 0)
  const failed = sum((r) => r.fail)
  const filesPassed = results.filter((r) => r.fail === 0 && r.pass > 0).length
  const verdict = failed > 0 ? pc.red(`${failed} failed`) : '0 failed'
  lines.push(
    `${pc.green(`${sum((r) => r.pass)} passed`)}, ${verdict}, ${sum((r) => r.skip)} skipped; ${filesPassed} of ${results.length} files with passes and no failure; ${(ms / 1000).toFixed(1)} s`,
  )
  return lines.join('\n')
}

/** Adds a count to a reason's. */
export function addSkip(skips: Map<string, number>, reason: string, count: number): void {
  skips.set(reason, (skips.get(reason) ?? 0) + count)
}
