// The code that no compiler makes: its bytes are those that GNU as makes of its text.
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { linuxAbi } from '@k23/object'
import { describe, expect, test } from 'vitest'
import { elfTargets, present, quietly, toolsFor, withFiles } from './tools.ts'

describe.each(elfTargets)('%s', (target) => {
  const { prefix } = toolsFor(target)
  const linux = linuxAbi(target) as NonNullable<ReturnType<typeof linuxAbi>>

  test.skipIf(!present(`${prefix}as`)).each(linux.stubs.map((s) => [s.name, s] as const))('%s', (_, stub) => {
    const source = `.globl k23_main\n${stub.assembly.map((l) => `\t${l}\n`).join('')}`
    withFiles({ 'a.s': source }, (folder) => {
      const [object, bytes] = ['a.o', 'a.bin'].map((f) => join(folder, f))
      // Without linker relaxation, which the stubs do not ask for.
      quietly(`${prefix}as`, [
        ...(target === 'riscv64' ? ['-march=rv64g', '-mno-relax'] : []),
        '-o',
        object,
        join(folder, 'a.s'),
      ])
      quietly(`${prefix}objcopy`, ['-O', 'binary', '-j', '.text', object, bytes])
      expect([...readFileSync(bytes)]).toEqual([...stub.bytes])
      const relocs = [...quietly(`${prefix}readelf`, ['-rW', object]).matchAll(/^([0-9a-f]{16}) .* k23_main/gm)].map(
        (m) => Number.parseInt(m[1], 16),
      )
      expect(relocs).toEqual(stub.relocs.map((r) => r.offset))
    })
  })
})
