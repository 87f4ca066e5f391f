// Faults of guest code become returns of run(): each kind with pc and address, resumable, and in great numbers without a leak.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  BREAKPOINT,
  PAGE_SIZE,
  PERM_READ,
  PERM_WRITE,
  RETURNED,
  TRAP,
  TRAP_LOAD,
  TRAP_STORE,
  trapKindNames,
} from '@k23/machine'
import { describe, expect, test } from 'vitest'
import { lacking, RAX, RBX, RCX, RDX, register, world } from './guest.ts'
import { trapKinds } from './trap-kinds.ts'

const RW = PERM_READ | PERM_WRITE

/** Runs a script of this folder in a process of its own, which a fault outside of guest code would end. */
export function child(script: string, args: readonly string[] = [], timeout = 60_000) {
  const path = fileURLToPath(new URL(script, import.meta.url))
  return spawnSync(process.execPath, ['--expose-gc', path, ...args], { encoding: 'utf8', timeout })
}

describe.skipIf(lacking !== undefined)('each kind of trap', () => {
  test.each(trapKinds)('$name', ({ text, kind, address }) => {
    using w = world()
    const { machine, hart } = w
    const pages = machine.memory.map(3 * PAGE_SIZE, RW)
    const none = pages + PAGE_SIZE
    const readOnly = none + PAGE_SIZE
    machine.memory.protect(none, PAGE_SIZE, 0)
    machine.memory.protect(readOnly, PAGE_SIZE, PERM_READ)
    const code = w.place(text)
    machine.enter(hart, code.address, [none, readOnly])
    const r = machine.run(hart)
    expect([r.kind, trapKindNames[r.trapKind]]).toEqual([TRAP, trapKindNames[kind]])
    const low = machine.stackLow(hart)
    if (address === undefined) expect(r.address >= low - PAGE_SIZE && r.address < low).toBe(true)
    else if (typeof address === 'number') {
      if (address !== 2 ** 64) expect(r.address).toBe(address)
    } else expect(r.address).toBe((address.from === 'none' ? none : readOnly) + address.offset)
    expect(r.pc).toBe(Number.isNaN(code.at('fault')) ? r.address : code.at('fault'))
    expect(hart.pc).toBe(r.pc)
    machine.leave(hart)
    // And the hart is as good as new.
    machine.enter(hart, w.place('leaq (%rdi,%rsi), %rax\nret').address, [40, 2])
    expect(machine.run(hart).kind).toBe(RETURNED)
    expect(register(hart, RAX)).toBe(42n)
  })

  test('the registers at a fault can be read, and a call of no function is a trap too', () => {
    using w = world()
    const { machine, hart } = w
    const { address } = w.place('movq $11, %rbx\nmovq $-12, %rcx\nmovabsq $0x1234567890abcdef, %rdx\nud2')
    machine.enter(hart, address, [])
    machine.run(hart)
    expect([RBX, RCX, RDX].map((n) => register(hart, n))).toEqual([11n, 2n ** 64n - 12n, 0x1234567890abcdefn])
    machine.reset(hart)
    for (const nowhere of [0, 0x1000, 2 ** 47, 2 ** 63]) {
      machine.enter(hart, nowhere, [])
      const r = machine.run(hart)
      expect([r.kind, trapKindNames[r.trapKind]]).toEqual([TRAP, 'instruction fetch fault'])
      machine.reset(hart)
    }
  })
})

describe.skipIf(lacking !== undefined)('going on', () => {
  test('a faulting access is made again once its page is there, with every register as it was', () => {
    using w = world()
    const { machine, hart } = w
    const avx512 = machine.features.includes('has_avx512f')
    const avx = machine.features.includes('has_avx')
    const reserved = machine.memory.reserve(16 * PAGE_SIZE)
    const { address } = w.place(`
      pushq %rbx
      movl $1, %ebx
      ${avx512 ? 'vpbroadcastd %ebx, %zmm31\nkxnorw %k3, %k3, %k3' : ''}
      ${avx ? 'vmovd %ebx, %xmm5\nvpbroadcastd %xmm5, %ymm5'.replace('vpbroadcastd %xmm5, %ymm5', 'vpshufd $0, %xmm5, %xmm5\nvinsertf128 $1, %xmm5, %ymm5, %ymm5') : ''}
      movd %ebx, %xmm6
      movl $16, %ecx
      xorl %eax, %eax
      stc
   1: movq (%rdi), %rdx       # flags, mask registers and all of the vectors must survive this
      adcq $1, %rax
      ${avx512 ? 'vpaddd %zmm31, %zmm31, %zmm31' : ''}
      ${avx ? 'vaddps %ymm5, %ymm5, %ymm5' : ''}
      paddd %xmm6, %xmm6
      movq %rax, (%rdi)
      leaq 4096(%rdi), %rdi
      decl %ecx
      jnz 1b
      movd %xmm6, %edx
      ${avx ? 'vextractf128 $1, %ymm5, %xmm0\nvmovd %xmm0, %ecx\naddq %rcx, %rdx' : ''}
      ${avx512 ? 'vextracti32x4 $3, %zmm31, %xmm0\npextrd $3, %xmm0, %ecx\naddq %rcx, %rdx\nkmovw %k3, %ecx\naddq %rcx, %rdx' : ''}
      popq %rbx
      ret`)
    // Between a fault and the next, another hart destroys all of it.
    const vandal = machine.createHart()
    const destroy = w.place(`
      xorps %xmm5, %xmm5
      xorps %xmm6, %xmm6
      ${avx ? 'vzeroall' : ''}
      ${avx512 ? 'vpxord %zmm31, %zmm31, %zmm31\nkxorw %k3, %k3, %k3' : ''}
      ret`).address
    machine.enter(hart, address, [reserved])
    let faults = 0
    for (;;) {
      const r = machine.run(hart)
      if (r.kind === RETURNED) break
      expect([r.kind, r.trapKind, r.address]).toEqual([TRAP, TRAP_LOAD, reserved + faults * PAGE_SIZE])
      machine.memory.protect(r.address, PAGE_SIZE, RW)
      faults++
      machine.enter(vandal, destroy, [])
      expect(machine.run(vandal).kind).toBe(RETURNED)
    }
    expect(faults).toBe(16)
    // The carry was set once, before the first fault.
    expect(register(hart, RAX)).toBe(17n)
    // Doubled 16 times: 1 as an integer, and 1 as the bits of a denormal float.
    expect(register(hart, RDX)).toBe(65536n + (avx ? 65536n : 0n) + (avx512 ? 65536n + 65535n : 0n))
  })

  test('a breakpoint names its instruction, and goes on behind it', () => {
    using w = world()
    const { machine, hart } = w
    const code = w.place('movl $1, %eax\nhere: int3\naddl $1, %eax\nint3\naddl $1, %eax\nret')
    machine.enter(hart, code.address, [])
    const r = machine.run(hart)
    expect([r.kind, r.pc, hart.pc]).toEqual([BREAKPOINT, code.at('here'), code.at('here') + 1])
    hart.writeRegister(RAX, 40, 0)
    expect(machine.run(hart).kind).toBe(BREAKPOINT)
    expect(machine.run(hart).kind).toBe(RETURNED)
    expect(register(hart, RAX)).toBe(42n)
  })

  test('a trap in a nested call, whose stack is then given up', () => {
    using w = world({ stackBytes: 4 * PAGE_SIZE })
    const { machine, hart } = w
    const stop = w.place('pushq %rbx\nmovq $5, %rbx\nint3\nmovq %rbx, %rax\npopq %rbx\nret').address
    const over = w.place('1: pushq %rax\njmp 1b').address
    machine.enter(hart, stop, [])
    machine.run(hart)
    for (let i = 0; i < 100; i++) {
      machine.enter(hart, over, [])
      const r = machine.run(hart)
      expect([r.trapKind, r.address]).toEqual([TRAP_STORE, machine.stackLow(hart) - 8])
      machine.leave(hart)
    }
    expect(machine.run(hart).kind).toBe(RETURNED)
    expect(register(hart, RAX)).toBe(5n)
  })
})

describe.skipIf(lacking !== undefined)('in a process of its own', () => {
  const traps = process.env.K23_LONG === '1' ? 10_000_000 : 200_000

  test(`${traps.toLocaleString('en')} traps of all kinds, without a leak`, { timeout: 600_000 }, () => {
    const run = child('campaign.ts', [String(traps)], 600_000)
    expect([run.status, run.signal, run.stderr]).toEqual([0, null, ''])
    const { done, rss, maps, ms } = JSON.parse(run.stdout)
    console.log(`${done} traps in ${ms} ms; resident set ${rss[0]} -> ${rss[1]} KiB, mappings ${maps[0]} -> ${maps[1]}`)
    expect(done).toBe(traps)
    expect(maps[1]).toBe(maps[0])
    expect(rss[1] - rss[0]).toBeLessThan(8 << 10)
  })
})
