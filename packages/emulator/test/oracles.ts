// Who vouches for the meaning of each riscv64 row besides ourselves. The tests that compare choose their rows by this, and tools/oracles.ts reports it.
import type { CompiledRow } from '@k23/machinst/rows'
import { riscv64Semantics } from '../src/riscv64/semantics.ts'
import { vectorRows } from '../src/gen/riscv64-vector.ts'
import { compiledRows } from './states.ts'

/**
 * qemu: qemu-user 7.2 over random states. manual: the manual's definitions, computed in a test by other means. protocol: leaves the program, which the tests of
 * the machine watch. form: a 16-bit form of a row; what it stands for is what assemblers compress to it, the rest is that row's.
 */
export type Oracle = 'qemu' | 'manual' | 'protocol' | 'form'

/** What qemu 7.2 does not have; zfa.test.ts, manual.test.ts and vector.test.ts do. */
const NOT_IN_QEMU = ['Zfa', 'Zicond', 'Zvbb', 'Zcb']
const LEAVES_THE_PROGRAM = ['ecall', 'ebreak', 'c_ebreak']
const vectorIds: ReadonlySet<string> = new Set(vectorRows.map(([base, , masked]) => (masked ? `${base}_m` : base)))

/** Undefined: the row has no semantics. */
export function oracleOf(row: CompiledRow): Oracle | undefined {
  const long = row.expansions.length === 0 ? row : compiledRows[row.expansions[0].opcode]
  if (!(long.id in riscv64Semantics) && !vectorIds.has(long.id)) return undefined
  if (LEAVES_THE_PROGRAM.includes(row.id)) return 'protocol'
  const extensions = (row.attrs.feature ?? '').split(/[ /]/)
  if (!extensions.some((f) => NOT_IN_QEMU.includes(f))) return 'qemu'
  return long === row ? 'manual' : 'form'
}
