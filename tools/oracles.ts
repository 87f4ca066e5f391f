// Who checks each row of the riscv64 table: which assemblers its bytes, who its semantics; as Markdown, run by tools/docs.ts. Exit status 3 where an assembler
// is not installed. The tests choose their rows by the same functions.
import { findGnuAs, findLlvmMc } from '../packages/isa-riscv64/test/assemblers.ts'
import { oracleOf } from '../packages/emulator/test/oracles.ts'
import { compiledRows } from '../packages/emulator/test/states.ts'

const [gnu, llvm] = [findGnuAs(), findLlvmMc()]
if (typeof gnu === 'string' || typeof llvm === 'string') process.exit(3)

type Row = (typeof compiledRows)[number]
const needs = (row: Row): string[] => row.attrs.feature?.split(' ') ?? []
const knows = (a: Exclude<typeof gnu, string>, row: Row): boolean =>
  needs(row).every((either) => either.split('/').some((e) => a.knows(e)))

const columns: readonly [name: string, has: (row: Row) => boolean][] = [
  ['GNU as', (r) => knows(gnu, r)],
  ['llvm-mc', (r) => knows(llvm, r)],
  ['qemu', (r) => oracleOf(r) === 'qemu'],
  ['manual', (r) => oracleOf(r) === 'manual'],
  ['form of another', (r) => oracleOf(r) === 'form'],
  ['protocol', (r) => oracleOf(r) === 'protocol'],
]

const byExtension = new Map<string, Row[]>()
for (const row of compiledRows) {
  const key = row.attrs.feature ?? 'I'
  byExtension.set(key, [...(byExtension.get(key) ?? []), row])
}
const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
const counts = (rows: readonly Row[]): number[] => columns.map(([, has]) => rows.filter(has).length)

console.log(`${gnu.name}, ${llvm.name}, qemu-user 7.2.\n`)
console.log(line(['extension', 'rows', ...columns.map(([n]) => n)]))
console.log(line(['---', ...['rows', ...columns].map(() => '--:')]))
for (const [extension, rows] of byExtension) console.log(line([extension, rows.length, ...counts(rows)]))
console.log(line(['all', compiledRows.length, ...counts(compiledRows)]))

const groups = new Map<string, string[]>()
for (const row of compiledRows) {
  const key = columns
    .filter(([, has]) => has(row))
    .map(([n]) => n)
    .join(', ')
  groups.set(key, [...(groups.get(key) ?? []), row.id])
}
console.log('\nRow by row:\n')
for (const [key, ids] of [...groups].sort((a, b) => b[1].length - a[1].length))
  console.log(`- ${key} (${ids.length}): ${ids.map((id) => `\`${id}\``).join(' ')}`)
