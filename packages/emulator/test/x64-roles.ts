// What instructions touched against what their rows say: roles of operands, flags, sizes of accesses.
import type { CompiledX64Row } from '@k23/machinst/rows'
import { expect } from 'vitest'
import type { X64Access } from '../src/x64/eager.ts'
import { ALL_FLAGS, FLAG_BITS, type FlagLetter } from '../src/x64/flags.ts'

/** One run of an instruction. */
export interface Touched {
  readonly accesses: readonly X64Access[]
  readonly completed: boolean
  readonly undefinedFlags: number
}

/** Registers that no operand stands for. */
const UNNAMED = ['rsp', 'rbp', 'flags']

export function checkRoles(row: CompiledX64Row, runs: readonly Touched[]): void {
  const names = (what: X64Access['what'], list: readonly Touched[]): string[] => [
    ...new Set(
      list.flatMap((run) =>
        run.accesses.flatMap((a) => (a.what === what && a.operand !== undefined ? [a.operand] : [])),
      ),
    ),
  ]
  const named = (what: X64Access['what'], list: readonly Touched[]): string[] =>
    names(what, list)
      .filter((n) => !UNNAMED.includes(n))
      .sort()
  const declared = (roles: readonly string[]): string[] =>
    row.operands
      .filter((o) => o.entry.kind === 'register' && roles.includes(o.role))
      .map((o) => o.name)
      .sort()
  const completed = runs.filter((run) => run.completed)
  expect(completed.length, `${row.id}: cases without a trap`).toBeGreaterThan(0)
  expect(named('read', runs), `${row.id}: registers read`).toEqual(declared(['use', 'lateuse', 'readwrite']))
  expect(named('write', completed), `${row.id}: registers written`).toEqual(declared(['def', 'earlydef', 'readwrite']))

  // The whole access, in parts of up to 8 bytes.
  for (const what of ['load', 'store'] as const) {
    const size = what === 'load' ? row.load : row.store
    const stack = /^(pushq|popq|call|ret|leave)/.test(row.id) ? 8 : 0
    for (const run of completed) {
      const total = run.accesses.reduce((sum, a) => sum + (a.what === what ? (a.size ?? 0) : 0), 0)
      const implied = what === 'load' ? /^(popq|ret|leave)/.test(row.id) : /^(pushq|call)/.test(row.id)
      expect(total, `${row.id}: bytes of its ${what}`).toBe(size + (implied ? stack : 0))
    }
  }

  const flags = (what: 'read' | 'write'): number =>
    ALL_FLAGS &
    runs
      .flatMap((run) => run.accesses)
      .reduce((all, a) => (a.what === what && a.operand === 'flags' ? all | (a.flags ?? 0) : all), 0)
  const letters = (text: string | undefined): number =>
    [...(text ?? '')].reduce((all, l) => all | FLAG_BITS[l as FlagLetter], 0)
  const { reads, writes, undef } = row.attrs
  // Conditions read what they need: all runs together, over random conditions, are what the row says. AF is in none.
  expect(flagText(flags('read')), `${row.id}: flags read`).toBe(flagText(letters(reads)))
  expect(flagText(flags('write')), `${row.id}: flags written`).toBe(flagText(letters(writes)))
  const undefinedFlags = completed.reduce((all, run) => all | run.undefinedFlags, 0)
  // Of narrow shifts CF is undefined too, for counts that no code has a use for; the row leaves that out.
  const narrowShift = /^(sh[lr][bw]|sh[lr]dw)_/.test(row.id) ? letters('oszapc') : 0
  expect(flagText(undefinedFlags & ~narrowShift), `${row.id}: undefined flags`).toBe(
    flagText(letters(undef) & ~narrowShift),
  )
}

function flagText(mask: number): string {
  return Object.entries(FLAG_BITS)
    .filter(([, bit]) => (mask & bit) !== 0)
    .map(([letter]) => letter)
    .join('')
}
