// Which operation of the vector unit a row is a form of, and what its operands are to that operation.
//
// An operation reads a, b and c and writes d, all in the register file; a row's sources, in order, are those. Two-operand rows read their
// destination first. A memory operand is loaded before (or stored afterwards); which source it is, the register form of the same row says.

import { bug } from '@k23/entity'
import type { CompiledX64Row } from '@k23/machinst/rows'
import { vectorFloat } from './float.ts'
import { vectorInteger } from './integer.ts'
import type { X64SemanticsTable } from '../builder.ts'

export const vectorOperations: X64SemanticsTable = { ...vectorInteger, ...vectorFloat }

export interface VectorBinding {
  readonly operation: string
  /** Row operand by the operation's; `mem` where it is memory. */
  readonly operands: Readonly<Record<string, string>>
  /** Bytes of memory read or written, and whether the address must be a multiple of them. */
  readonly load: number
  readonly store: number
  readonly aligned: boolean
}

/** General registers that bodies name themselves. */
const IMPLIED: readonly string[] = ['rax', 'rdx']

/** Row id without `evex_`, v and form. */
function mnemonicOf(id: string): string {
  return id
    .replace(/^evex_/, '')
    .replace(/_\w*$/, '')
    .replace(/^v/, '')
}

/** Operation names of a row, the special before the general. */
function candidates(row: CompiledX64Row): string[] {
  const mnemonic = mnemonicOf(row.id)
  const memory = row.operands.some((o) => o.entry.kind === 'memory')
  const byImmediate = /_r?[rm]i$/.test(row.id)
  return [...(memory ? [`${mnemonic}_memory`] : []), ...(byImmediate ? [`${mnemonic}_imm`] : []), mnemonic]
}

/** Undefined for rows that are not the vector unit's. `sibling`: the register form of a row with a memory operand, if there is one. */
export function vectorBinding(row: CompiledX64Row, sibling: CompiledX64Row | undefined): VectorBinding | undefined {
  const operation = candidates(row).find((name) => Object.hasOwn(vectorOperations, name))
  if (operation === undefined) return undefined
  const shape = sibling ?? row
  const isInput = (role: string): boolean => role === 'use' || role === 'lateuse'
  const registers = shape.operands.filter((o) => o.entry.kind === 'register')
  const has = (name: string): boolean => row.operands.some((o) => o.name === name)
  const named = (name: string): string => (has(name) ? name : 'mem')
  const operands: Record<string, string> = {}
  const sources: string[] = []
  const target = registers.find((o) => !isInput(o.role))
  if (target !== undefined) operands.d = named(target.name)
  else if (row.store !== 0) operands.d = 'mem'
  if (target?.role === 'readwrite') sources.push(named(target.name))
  // A mask is the last, wherever the encoding has it.
  const uses = registers.filter((o) => isInput(o.role) && !IMPLIED.includes(o.name)).map((o) => o.name)
  for (const o of registers) if (isInput(o.role) && IMPLIED.includes(o.name)) operands[o.name] = o.name
  sources.push(...uses.filter((n) => n !== 'mask').map(named), ...uses.filter((n) => n === 'mask').map(named))
  // Rows that only have a memory form
  if (row.load !== 0 && !sources.includes('mem')) sources.push('mem')
  for (const [i, name] of sources.entries())
    operands['abc'[i] ?? bug('vector unit', row.id, name, 'too many sources')] = name
  return { operation, operands, load: row.load, store: row.store, aligned: row.aligned }
}

/** All rows of the vector unit. */
export function vectorBindings(rows: readonly CompiledX64Row[]): Map<CompiledX64Row, VectorBinding> {
  const bindings = new Map<CompiledX64Row, VectorBinding>()
  for (const row of rows) {
    const sibling = rows.find((r) => r.rowId === row.rowId && r.operands.every((o) => o.entry.kind !== 'memory'))
    const binding = vectorBinding(row, sibling)
    if (binding !== undefined) bindings.set(row, binding)
  }
  return bindings
}
