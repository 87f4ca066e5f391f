// Hosts that lack something: the system, the CPU, koffi, XSAVE.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { BREAKPOINT, RETURNED } from '@k23/machine'
import { describe, expect, test } from 'vitest'
import { NativeMachine } from '../src/index.ts'
import { type Koffi, loadKoffi } from '../src/linux/koffi.ts'
import { createX64Cpu } from '../src/x64/cpu.ts'
import { linuxX64 } from '../src/x64/linux-host.ts'
import { assemble } from './gas.ts'
import { lacking, RAX, RDX, register } from './guest.ts'

describe('where something is missing', () => {
  test.each([
    ['system', /^support for plan9-\w+ hosts \(there is: linux-x64\)$/],
    ['cpu', /^support for \w+-s390x hosts/],
    [
      'koffi',
      process.platform === 'linux' && process.arch === 'x64'
        ? /^the npm package koffi with its binary for linux-x64 \(Cannot find module 'koffi'\)$/
        : /^support for/,
    ],
  ])('an error names it: %s', (what, message) => {
    const script = fileURLToPath(new URL('elsewhere.ts', import.meta.url))
    const run = spawnSync(process.execPath, [script, what], { encoding: 'utf8', timeout: 30_000 })
    expect([run.status, run.stderr]).toEqual([0, ''])
    const { missing, isa, errors } = JSON.parse(run.stdout)
    expect(missing).toMatch(message)
    expect(isa).toBeNull()
    expect(errors).toEqual([`native execution needs ${missing}`, `native execution needs ${missing}`])
  })
})

test.skipIf(lacking !== undefined)('a CPU without XSAVE keeps the state that it has by FXSAVE', () => {
  const host = linuxX64(loadKoffi() as Koffi)
  const cpu = createX64Cpu({ features: [], xsave: false, avx: false, stateBytes: 512 })
  const machine = new NativeMachine({ ...host, cpu }, {})
  try {
    const hart = machine.createHart()
    // Two breakpoints with everything in use: flags, SSE, x87, rounding; in between another call that uses them otherwise.
    const program = assemble(`
      movl $0x3f800000, %eax
      movd %eax, %xmm7
      pshufd $0, %xmm7, %xmm15
      movl $0x7f80, -8(%rsp)
      ldmxcsr -8(%rsp)
      fldpi
      stc
      int3
      sbbq %rax, %rax
      addps %xmm15, %xmm15
      int3
      movd %xmm15, %ecx
      subq %rcx, %rax
      fldpi
      fcomip %st(1), %st(0)
      setne %dl
      movzbl %dl, %edx
      fstp %st(0)
      stmxcsr -8(%rsp)
      movl -8(%rsp), %ecx
      andl $0x6000, %ecx
      orl %ecx, %edx
      ret
    other:
      xorps %xmm15, %xmm15
      xorps %xmm7, %xmm7
      fldz
      fstp %st(0)
      ret`)
    const code = machine.placeCode(program.bytes)
    machine.enter(hart, code, [])
    for (let i = 0; i < 2; i++) {
      expect(machine.run(hart).kind).toBe(BREAKPOINT)
      machine.enter(hart, code + (program.labels.get('other') as number), [])
      expect(machine.run(hart).kind).toBe(RETURNED)
      expect(Math.sqrt(2) * 1.5).toBe(2.121320343559643)
    }
    expect(machine.run(hart).kind).toBe(RETURNED)
    // -1 from the carry, less the bits of 2.0f; pi is equal to pi, and rounding is towards zero.
    expect(register(hart, RAX)).toBe(BigInt.asUintN(64, -1n - 0x40000000n))
    expect(register(hart, RDX)).toBe(0x6000n)
  } finally {
    machine.close()
  }
})
