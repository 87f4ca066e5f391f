import { describe, expect, test } from 'vitest'
import { checkImports, graphProblems, violation } from '../tools/check-imports.ts'

describe('the import graph', () => {
  test('is what the code really imports', () => {
    expect(checkImports()).toEqual([])
  })

  test('allows what a row names, and no more', () => {
    expect(violation('ir', 'src', '@k23/entity')).toBeUndefined()
    expect(violation('entity', 'src', '@k23/ir')).toMatch(/not in the import graph/)
    expect(violation('kernel', 'src', '@k23/emulator')).toMatch(/not in the import graph/)
    expect(violation('kernel', 'test', '@k23/emulator')).toBeUndefined()
  })

  test('keeps to subpaths where a row names one', () => {
    expect(violation('emulator', 'src', '@k23/machinst/rows')).toBeUndefined()
    expect(violation('emulator', 'src', '@k23/machinst')).toMatch(/only @k23\/machinst\/rows/)
    expect(violation('kernel', 'src', '@k23/frontend-wasm')).toMatch(/only @k23\/frontend-wasm\/runtime-abi/)
  })

  test('keeps build-time subpaths out of src', () => {
    expect(violation('isa-riscv64', 'src', '@k23/machinst/rows/compiler')).toMatch(/build-time/)
    expect(violation('isa-riscv64', 'build', '@k23/machinst/rows/compiler')).toBeUndefined()
    expect(violation('regalloc', 'build', '@k23/machinst/rows/compiler')).toMatch(/not in the import graph/)
  })

  test('has no cycles and no unknown names', () => {
    expect(graphProblems({ a: { imports: ['b/sub'] }, b: { imports: ['c'] }, c: { imports: ['a', 'd'] } })).toEqual([
      'import-graph: cycle a -> b -> c -> a',
      'import-graph: c names the unknown package d',
    ])
  })
})
