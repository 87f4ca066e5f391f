// vset{i}vl{i} where the state changes, and nowhere else.
import { parseFunctions } from '@k23/ir'
import { compileFunction } from '@k23/machinst'
import { expect, test } from 'vitest'
import { riscv64 } from '../src/index.ts'
import { disassemble } from '../src/insts/index.ts'

/** Instructions of a compiled function that set the vector state. */
function stateChanges(text: string): number {
  const { func } = parseFunctions(text).functions[0]
  const { code } = compileFunction(riscv64.create({ has_v: true }, {}), func, {
    algorithm: 'backtracking',
    check: true,
  })
  return disassemble(code).filter((d) => /^vset|^csrrwi/.test(d.text)).length
}

test('the vector state is set up once where it stays the same', () => {
  const loop = (body: string, before = ''): string => `function %f(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
    v2 = iconst.i64 16
${before}
    jump block1(v0, v1)
block1(v3: i64, v4: i64):
${body}
    v5 = iadd v3, v2
    v6 = isub v4, v2
    brif v6, block1(v5, v6), block2
block2:
    return v5
}`
  const add = 'v10 = load.i32x4 v3\n v11 = iadd v10, v10\n v12 = iabs v11\n store v12, v3'
  // Nothing is known before the loop, so that it is set up in it.
  expect(stateChanges(loop(add))).toBe(1)
  // Here it is set up before the loop, and holds at the loop's end.
  expect(stateChanges(loop(add, 'v20 = load.i32x4 v0\n v21 = ineg v20\n store v21, v0'))).toBe(1)
  // Two widths, and the rounding mode of averages.
  expect(stateChanges(loop(`${add}\n v13 = load.i8x16 v3\n v14 = avg_round v13, v13\n store v14, v3`))).toBe(3)
})
