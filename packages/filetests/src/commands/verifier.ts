// test verifier: each `; error: text` is found in an error of the entity that it follows (or of one on the same line), and no other
// error is found. A function without such comments verifies.
import { I32, I64, type ParsedFunction, verify } from '@k23/ir'
import type { Tally } from './result.ts'

function lineOf(f: ParsedFunction, entity: string): number {
  const { sourceMap } = f
  const inst = /^inst(\d+)$/.exec(entity)
  const line = inst === null ? sourceMap.lines.get(entity) : sourceMap.instLines[Number(inst[1])]
  return line ?? sourceMap.functionLine
}

export function testVerifier(tally: Tally, f: ParsedFunction, pointerBits: 32 | 64 | undefined): void {
  const errors = verify(f.func, pointerBits === undefined ? {} : { pointerType: pointerBits === 32 ? I32 : I64 })
  const left = [...errors]
  let expected = 0
  for (const c of f.comments) {
    const m = /^error:\s*(.*)$/.exec(c.text)
    if (m === null) continue
    expected++
    const where = lineOf(f, c.owner)
    const at = left.findIndex(
      (e) => e.message.includes(m[1]) && (e.entity === c.owner || lineOf(f, e.entity) === where),
    )
    if (at >= 0) {
      left.splice(at, 1)
      tally.pass++
    } else {
      const found = errors.map((e) => `${e.entity}: ${e.message}`).join('\n') || 'none'
      tally.fail(c.line, 'verifier', `expected an error of ${c.owner}: ${m[1]}\nfound: ${found}`)
    }
  }
  for (const e of left) tally.fail(lineOf(f, e.entity), 'verifier', `unexpected error of ${e.entity}: ${e.message}`)
  if (expected === 0 && left.length === 0) tally.pass++
}
