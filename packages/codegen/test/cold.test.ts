// Cold blocks are emitted last, and are otherwise blocks like others.
import { expect, test } from 'vitest'
import { compile } from '@k23/codegen'
import { disassemble } from '@k23/isa-riscv64/insts'

const text = `function %f(i32) -> i32 {
block0(v0: i32):
    v1 = iconst.i32 100
    brif v0, block1, block2
block1 cold:
    v2 = imul v0, v1
    v3 = icmp slt v2, v1
    brif v3, block3(v2), block3(v1)
block2:
    jump block3(v0)
block3(v4: i32):
    return v4
}`

test('a value that a cold block defines is used where it is hot', () => {
  for (const regalloc_algorithm of ['single_pass', 'backtracking']) {
    // the checker refuses a use without a definition
    const m = compile(text, { target: 'riscv64', settings: { regalloc_algorithm, regalloc_checker: true } })
    const lines = disassemble(m.image, 0, m.image.length).map((l) => l.text)
    const ret = lines.findIndex((l) => l.startsWith('jalr zero, 0(ra)'))
    expect(lines.findIndex((l) => l.startsWith('mul'))).toBeGreaterThan(ret)
  }
})
