// Which alternatives could decode the same bytes: all of them must differ in what a decoder looks at.
import type { CompiledX64Row, X64Alternative, X64Operand } from './types.ts'

/** Opcode bytes of an alternative: several where a register or a condition is in the byte. */
export function opcodeBytes(a: X64Alternative): number[] {
  const n = a.plus === 'r' ? 8 : a.plus === 'cc' ? 16 : 1
  return Array.from({ length: n }, (_, i) => a.opcode + i)
}

/** Position of a table byte's candidates in decodeStart. */
export function decodeKey(form: number, map: number, opcode: number): number {
  return (form * 4 + map) * 256 + opcode
}
export const DECODE_KEYS: number = 3 * 4 * 256

interface Candidate {
  readonly row: CompiledX64Row
  readonly alternative: X64Alternative
}

/** Reports two alternatives of a table that match the same bytes. */
export function checkX64Overlaps(rows: readonly CompiledX64Row[], fail: (message: string) => never): void {
  const byKey = new Map<number, Candidate[]>()
  for (const row of rows) {
    for (const alternative of row.alternatives) {
      for (const byte of opcodeBytes(alternative)) {
        const key = decodeKey(alternative.form, alternative.map, byte)
        const others = byKey.get(key) ?? []
        for (const other of others) {
          if (overlaps(other, { row, alternative }))
            fail(
              `rows ${other.row.id} ('${other.alternative.text}') and ${row.id} ('${alternative.text}') decode the same bytes`,
            )
        }
        byKey.set(key, [...others, { row, alternative }])
      }
    }
  }
}

function overlaps(x: Candidate, y: Candidate): boolean {
  const [a, b] = [x.alternative, y.alternative]
  if (a.prefixes !== b.prefixes) return false
  if (!a.wig && !b.wig && a.w !== b.w) return false
  const [p, q] = [modrmSet(x), modrmSet(y)]
  // Without ModRM or constants the next byte can be anything.
  if (p === undefined || q === undefined) return true
  if (!p.some((byte) => q.includes(byte))) return false
  const n = Math.min(a.constants.length, b.constants.length)
  return a.constants.slice(0, n).every((byte, i) => b.constants[i] === byte)
}

const ALL_BYTES = Array.from({ length: 256 }, (_, i) => i)

/** Values of the byte behind the opcode that the alternative accepts; undefined where it has none. */
function modrmSet({ row, alternative: a }: Candidate): number[] | undefined {
  if (a.constants.length > 0) return [a.constants[0]]
  if (!a.modrm) return undefined
  const isMemory = isMemoryOperand(row.operands[a.rm])
  return ALL_BYTES.filter((byte) => isMemory === byte < 0xc0 && (a.digit < 0 || ((byte >> 3) & 7) === a.digit))
}

export function isMemoryOperand(o: X64Operand | undefined): boolean {
  return o?.entry.kind === 'memory'
}
