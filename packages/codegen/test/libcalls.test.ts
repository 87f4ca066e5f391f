// Library routines: which are linked, and that the same bytes come out whatever was compiled before. What they compute is compared with the interpreter
// in @k23/filetests.
import { expect, test } from 'vitest'
import { compile, LIBRARY_ROUTINES } from '@k23/codegen'

const calling = (name: string): string => `function %f(i64, i64, i64) -> i64 {
    fn0 = %${name}(i64, i64, i64) -> i64 system_v
block0(v0: i64, v1: i64, v2: i64):
    v3 = call fn0(v0, v1, v2)
    return v3
}`
const dividing = `function %g(i128, i128) -> i128 {
block0(v0: i128, v1: i128):
    v2 = udiv v0, v1
    v3 = srem v2, v1
    return v3
}`

test('what is called and not defined is linked, in the order of the table', () => {
  const m = compile(`${dividing}\n${calling('Memset')}`, { target: 'riscv64' })
  expect(m.relocs).toEqual([])
  expect(m.functions.map((f) => f.name)).toEqual(['%g', '%f', '%Memset', '%__udivti3', '%__modti3'])
})

test("a function of the module's own comes first", () => {
  const own = 'function %Memset(i64, i64, i64) -> i64 system_v { block0(v0: i64, v1: i64, v2: i64): return v2 }'
  const m = compile(`${own}\n${calling('Memset')}`, { target: 'riscv64' })
  expect(m.functions.map((f) => f.name)).toEqual(['%Memset', '%f'])
})

test('the same bytes whatever was compiled before', () => {
  const options = { target: 'riscv64', features: { has_zbb: true } }
  const first = compile(dividing, options).image
  compile(calling('Memcpy'), options)
  compile(dividing, { target: 'riscv64' })
  compile(`${calling('Memmove')}\n${dividing}`, options)
  expect(compile(dividing, options).image).toEqual(first)
})

test('other names stay relocations', () => {
  expect(LIBRARY_ROUTINES.length).toBe(new Set(LIBRARY_ROUTINES.map((r) => r.name)).size)
  expect(compile(calling('Nothing'), { target: 'riscv64' }).relocs.map((r) => r.symbol)).toEqual(['%Nothing'])
})
