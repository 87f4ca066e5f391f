// The pairs of opcode and controlling type that no rule takes in general.
import { typeName } from '@k23/ir'
import { ctrlMask, OPCODE_LIMIT, opName } from '../opcodes.ts'
import type { Rule } from '../rule.ts'
import { typesOf } from '../typeset.ts'
import { covered } from './relations.ts'
import { type Row, rootsOf } from './rows.ts'

export interface Gap {
  readonly op: string
  /** Text form; `none` for an opcode without a controlling type. */
  readonly type: string
  /** Some rules take special cases. */
  readonly partly: boolean
}

/**
 * Every (opcode, type) with `wanted` for which no rule, or no set of rules together, matches whatever the operands are. Features and
 * settings count as unknown: a rule that needs one covers nothing.
 */
export function uncovered(rules: readonly Rule[], wanted: (op: string, type: string) => boolean): Gap[] {
  const roots = new Map(rootsOf(rules, () => {}).map((r) => [r.op, r]))
  const gaps: Gap[] = []
  for (let op = 1; op < OPCODE_LIMIT; op++) {
    for (const t of typesOf(ctrlMask(op))) {
      const type = t === 0 ? 'none' : typeName(t)
      if (!wanted(opName(op), type)) continue
      const possible = 1n << BigInt(t)
      const all: Row = {
        rule: -1,
        tests: [{ kind: 'set', site: 'T', path: '', mask: possible, limit: 512 }],
        reads: [],
        guarded: false,
      }
      const rows = roots.get(op)?.rows ?? []
      if (!covered(all, rows))
        gaps.push({
          op: opName(op),
          type,
          partly: rows.some((r) =>
            r.tests.every((x) => x.site !== 'T' || (x.kind === 'set' && (x.mask & possible) !== 0n)),
          ),
        })
    }
  }
  return gaps
}
