// The table of what a back end makes of each opcode at each type with which features, found out by compiling a function of that one instruction.
import type { Func } from '@k23/ir'
import { compileFunction } from '../compile.ts'
import type { TargetIsa } from '../isa.ts'
import { LowerError } from '../lower-error.ts'
import { coverageSubjects } from './subjects.ts'

export { coverageSubjects, type Subject } from './subjects.ts'

/** Opcodes that need no rules: those of LowerCtx.lowerShared, constants, which are made where they are used, and what has become of dynamic vectors before. */
export const SHARED_OPCODES: ReadonlySet<string> = new Set([
  'jump',
  'return',
  'call',
  'call_indirect',
  'return_call',
  'return_call_indirect',
  'try_call',
  'try_call_indirect',
  'get_exception_handler_address',
  'stack_switch',
  'dynamic_stack_addr',
  'nop',
  'iconst',
  'f16const',
  'f32const',
  'f64const',
])

/** Settings without which opcodes are refused, naming the setting. */
export const COVERAGE_SETTINGS: Readonly<Record<string, string | boolean>> = {
  tls_model: 'elf_gd',
  stack_switch_model: 'basic',
  enable_pinned_reg: true,
}

/** `yes`, `call` and the routines that are called, or `no: ` and what would mend it. */
export function coverageOf(isa: TargetIsa, func: Func): string {
  try {
    const { relocs } = compileFunction(isa, func, { algorithm: 'single_pass' })
    const called = relocs.flatMap((r) => (r.name.kind === 'libcall' ? [r.name.name] : []))
    return called.length === 0 ? 'yes' : `call ${[...new Set(called)].map((n) => `\`${n}\``).join(' ')}`
  } catch (e) {
    if (e instanceof LowerError) return `no: ${e.mend}`
    throw e
  }
}

export interface CoverageOptions {
  readonly target: string
  /** The script that writes the table. */
  readonly script: string
  readonly columns: readonly (readonly [name: string, isa: TargetIsa])[]
}

/** The text of docs/coverage.md. */
export function coverageTable({ target, script, columns }: CoverageOptions): string {
  const errors: string[] = []
  const counts = { yes: 0, call: 0, no: 0 }
  const cell = (o: string): string => {
    if (!o.startsWith('no: ')) return o
    const text = o.slice(4)
    if (!errors.includes(text)) errors.push(text)
    return `no[^${errors.indexOf(text) + 1}]`
  }
  // Lines of one opcode with the same cells are one line.
  const lines = new Map<string, string[]>()
  for (const { op, type, functions } of coverageSubjects()) {
    const byCells = new Map<string, string[]>()
    for (const { note, make } of functions) {
      const cells = columns.map(([, isa]) => coverageOf(isa, make()))
      for (const c of cells) counts[c === 'yes' ? 'yes' : c.startsWith('no') ? 'no' : 'call']++
      const key = cells.map(cell).join(' | ')
      byCells.set(key, [...(byCells.get(key) ?? []), note])
    }
    for (const [cells, notes] of byCells) {
      const of = byCells.size === 1 ? '' : ` (${notes.join(', ')})`
      const key = `${op}\u0000${cells}`
      lines.set(key, [...(lines.get(key) ?? []), `${type}${of}`])
    }
  }
  const body = [...lines].map(([key, at]) => {
    const [op, cells] = key.split('\u0000')
    return `| \`${op}\` | ${at.join(' ')} | ${cells} |`
  })
  return [
    `# What ${target} lowers`,
    '',
    `Made by \`node ${script}\`: each opcode, at each scalar type and each vector type of up to 128 bits, compiled with the features of`,
    'each column. `call`: by a routine of the library. In brackets the types of operands, where they matter. Addresses are i64: the verifier refuses others.',
    'Dynamic vectors are lowered as the fixed ones that are their minimum. Vectors of more bits, and those of i128 and f128, are refused by what they are.',
    `Settings: ${Object.entries(COVERAGE_SETTINGS)
      .map(([k, v]) => `\`${k}=${v}\``)
      .join(', ')}; without them the opcodes concerned are refused, naming the setting.`,
    '',
    `${counts.yes} combinations are lowered in line, ${counts.call} by a call, ${counts.no} are refused.`,
    '',
    `| opcode | types | ${columns.map(([n]) => n).join(' | ')} |`,
    `|---|---|${columns.map(() => '---').join('|')}|`,
    ...body,
    '',
    ...errors.map((e, i) => `[^${i + 1}]: ${e}`),
    '',
  ].join('\n')
}
