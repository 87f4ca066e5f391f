// The machine protocol on the host's CPU: entering and coming back, host calls, nesting, several harts, and what the host must find unchanged.
import { BREAKPOINT, EPOCH, FUEL, HOST_CALL, RETURNED } from '@k23/machine'
import { describe, expect, test } from 'vitest'
import { callHost, lacking, RAX, RBX, RCX, RDX, register, RSP, world } from './guest.ts'

describe.skipIf(lacking !== undefined)('calls', () => {
  test('arguments arrive where the psABI says, with the stack aligned', () => {
    using w = world()
    // Digits of a sum in base 16 say which argument came where; the low bits of rsp at entry are 8.
    const { address } = w.place(`
      movq %rsp, %rax
      andq $15, %rax
      leaq (%rax,%rdi), %rax
      leaq (%rax,%rsi), %rax
      addq %rdx, %rax
      addq %rcx, %rax
      addq %r8, %rax
      addq %r9, %rax
      addq 8(%rsp), %rax
      addq 16(%rsp), %rax
      movq %rbp, %rdx
      ret`)
    const args = [1, 2, 3, 4, 5, 6, 7, 8].map((i) => i * 16 ** i)
    for (let n = 0; n <= 8; n++) {
      w.machine.enter(w.hart, address, n === 8 ? args : [...args.slice(0, n), ...new Array(8 - n).fill(0)])
      expect(w.machine.run(w.hart).kind).toBe(RETURNED)
      expect(register(w.hart, RAX)).toBe(BigInt(8 + args.slice(0, n).reduce((a, b) => a + b, 0)))
      expect(register(w.hart, RDX)).toBe(0n)
    }
    expect(() => w.machine.run(w.hart)).toThrow('idle')
    expect(() => w.machine.enter(w.hart, address, new Array(9).fill(0))).toThrow('up to 8')
  })

  test('addresses beyond 32 bits and negative numbers are 64-bit arguments', () => {
    using w = world()
    const { address } = w.place('movq %rdi, %rax\nmovq %rsi, %rdx\nret')
    w.machine.enter(w.hart, address, [2 ** 47 + 12345, -2])
    w.machine.run(w.hart)
    expect([register(w.hart, RAX), register(w.hart, RDX)]).toEqual([2n ** 47n + 12345n, 2n ** 64n - 2n])
  })

  test("registers written before run() are the guest's, and those it leaves can be read", () => {
    using w = world()
    const { address } = w.place('leaq (%rbx,%r15), %rax\nmovq $-7, %rbx\nmovq $9, %r11\nret')
    w.machine.enter(w.hart, address, [])
    w.hart.writeRegister(RBX, 5, 1)
    w.hart.writeRegister(15, 6, 2)
    const sp = register(w.hart, RSP)
    w.machine.run(w.hart)
    expect([RAX, RBX, 11].map((n) => register(w.hart, n))).toEqual([(3n << 32n) | 11n, 2n ** 64n - 7n, 9n])
    expect(register(w.hart, RSP)).toBe(sp)
  })

  test('a hart without fuel does not start', () => {
    using w = world()
    const { address } = w.place('movq $1, %rax\nret')
    w.machine.enter(w.hart, address, [])
    w.hart.fuel = 0
    expect(w.machine.run(w.hart).kind).toBe(FUEL)
    w.hart.fuel = 1
    expect(w.machine.run(w.hart).kind).toBe(RETURNED)
  })

  test('a hart of another machine is refused', () => {
    using w = world()
    using other = world()
    expect(() => w.machine.run(other.hart)).toThrow('another machine')
  })
})

describe.skipIf(lacking !== undefined)('host calls', () => {
  test('run comes back with number and block, and goes on with what the host left', () => {
    using w = world()
    const { address } = w.place(callHost)
    for (const [number, block] of [
      [0, 0],
      [7, 2 ** 40 + 8],
      [-1, 16],
    ]) {
      w.machine.enter(w.hart, address, [number, block])
      w.hart.writeRegister(RBX, 99, 0)
      const r = w.machine.run(w.hart)
      expect([r.kind, r.number, r.block]).toEqual([HOST_CALL, number, block])
      expect(r.pc).toBe(w.hart.pc)
      w.hart.writeRegister(RAX, 41, 0)
      expect(w.machine.run(w.hart).kind).toBe(RETURNED)
      expect([register(w.hart, RAX), register(w.hart, RBX)]).toEqual([42n, 99n])
    }
  })

  test('what a call preserves is preserved, though the host does other things meanwhile', () => {
    using w = world()
    const saved = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15']
    const { address } = w.place(`
      subq $24, %rsp
      movl $0x7f80, 8(%rsp)      # round towards zero
      ldmxcsr 8(%rsp)
      movw $0x0f7f, 12(%rsp)
      fldcw 12(%rsp)
      ${saved.map((r, i) => `movabsq $0x1234567890${i}, %${r}`).join('\n')}
      movabsq $HOST_CALL, %rax
      call *%rax
      xorl %eax, %eax
      ${saved.map((r, i) => `movabsq $0x1234567890${i}, %rcx\nsubq %${r}, %rcx\norq %rcx, %rax`).join('\n')}
      stmxcsr 8(%rsp)
      movl 8(%rsp), %edx
      andl $0xffc0, %edx
      fnstcw 12(%rsp)
      movzwl 12(%rsp), %ecx
      addq $24, %rsp
      ret`)
    w.machine.enter(w.hart, address, [1, 2])
    expect(w.machine.run(w.hart).kind).toBe(HOST_CALL)
    // The host's own arithmetic is not the guest's: to the nearest, whatever the guest has set.
    expect([1, 10].map((x) => x / 3)).toEqual([0.3333333333333333, 3.3333333333333335])
    const other = w.machine.createHart()
    w.machine.enter(other, w.place('xorl %ebx, %ebx\nmovq $1, %r12\nmovq $2, %rbp\nret').address, [])
    expect(w.machine.run(other).kind).toBe(RETURNED)
    expect(w.machine.run(w.hart).kind).toBe(RETURNED)
    expect([RAX, RDX, RCX].map((n) => register(w.hart, n))).toEqual([0n, 0x7f80n, 0x0f7fn])
  })

  /** f(n): n is 0 ? 1 : n * (what the host leaves in the slot on the stack that it is given) */
  const factorial = `
    pushq %rbx
    subq $16, %rsp
    movq %rdi, %rbx
    movl $1, %eax
    testq %rdi, %rdi
    jz 1f
    leaq -1(%rdi), %rdi
    movq %rsp, %rsi
    movabsq $HOST_CALL, %rax
    call *%rax
    movq (%rsp), %rax
    imulq %rbx, %rax
 1: addq $16, %rsp
    popq %rbx
    ret`

  test('a host function may enter again, to any depth, and the stopped calls go on', () => {
    using w = world()
    const { address } = w.place(factorial)
    let deepest = 0
    const f = (n: number, depth: number): bigint => {
      deepest = Math.max(deepest, depth)
      w.machine.enter(w.hart, address, [n])
      let r = w.machine.run(w.hart)
      while (r.kind === HOST_CALL) {
        const { number, block } = r
        const value = f(number, depth + 1)
        const slot = w.machine.memory.view(block, 8)
        new DataView(slot.buffer, slot.byteOffset, 8).setBigUint64(0, value, true)
        r = w.machine.run(w.hart)
      }
      expect(r.kind).toBe(RETURNED)
      return register(w.hart, RAX)
    }
    expect(f(20, 0)).toBe(2432902008176640000n)
    expect(deepest).toBe(20)
    expect(f(3, 0)).toBe(6n)
    expect(() => w.machine.run(w.hart)).toThrow('idle')
  })

  test('leave gives up the innermost call only, also one that trapped, and reset all of them', () => {
    using w = world()
    const { address } = w.place(callHost)
    const { machine, hart } = w
    const bad = w.place('movq $5, %rbx\nud2').address
    machine.enter(hart, address, [1, 0])
    hart.writeRegister(RBX, 77, 0)
    machine.run(hart)
    for (let i = 0; i < 3; i++) {
      machine.enter(hart, bad, [])
      machine.run(hart)
      expect(register(hart, RBX)).toBe(5n)
      machine.leave(hart)
    }
    hart.writeRegister(RAX, 1, 0)
    expect(machine.run(hart).kind).toBe(RETURNED)
    expect([register(hart, RAX), register(hart, RBX)]).toEqual([2n, 77n])

    machine.enter(hart, address, [1, 0])
    machine.run(hart)
    machine.enter(hart, bad, [])
    machine.run(hart)
    machine.reset(hart)
    expect(() => machine.run(hart)).toThrow('idle')
  })

  test('a call within a stopped function leaves its red zone alone', () => {
    using w = world()
    const { machine, hart } = w
    const { address } = w.place(`
      .set at, 8
      .rept 16
      movq $at, -at(%rsp)
      .set at, at + 8
      .endr
      int3
      xorl %eax, %eax
      .set at, 8
      .rept 16
      imulq $3, %rax
      addq -at(%rsp), %rax
      .set at, at + 8
      .endr
      ret`)
    machine.enter(hart, address, [])
    expect(machine.run(hart).kind).toBe(BREAKPOINT)
    machine.enter(hart, w.place('pushq $0\npushq $0\npopq %rax\npopq %rax\nret').address, [])
    expect(machine.run(hart).kind).toBe(RETURNED)
    expect(machine.run(hart).kind).toBe(RETURNED)
    expect(register(hart, RAX)).toBe(
      Array.from({ length: 16 }, (_, i) => 8 + 8 * i).reduce((sum, x) => 3n * sum + BigInt(x), 0n),
    )
  })

  test('two harts run in turns, each on its own stack', () => {
    using w = world()
    const { machine } = w
    // Sums what the host gives until it gives 0; the sum is on the stack while the host has control.
    const { address } = w.place(`
      pushq %rbx
      pushq $0
      subq $8, %rsp
      movabsq $HOST_CALL, %rbx
   1: call *%rbx
      addq %rax, 8(%rsp)
      testq %rax, %rax
      jnz 1b
      addq $8, %rsp
      popq %rax
      popq %rbx
      ret`)
    const harts = [w.hart, machine.createHart({ stackBytes: 4096 }), machine.createHart()]
    for (const hart of harts) machine.enter(hart, address, [])
    const kinds = harts.map((hart) => machine.run(hart).kind)
    expect(kinds).toEqual([HOST_CALL, HOST_CALL, HOST_CALL])
    for (let round = 1; round <= 1000; round++)
      harts.forEach((hart, i) => {
        hart.writeRegister(RAX, round * 10 ** i, 0)
        expect(machine.run(hart).kind).toBe(HOST_CALL)
      })
    harts.forEach((hart, i) => {
      hart.writeRegister(RAX, 0, 0)
      expect(machine.run(hart).kind).toBe(RETURNED)
      expect(register(hart, RAX)).toBe(BigInt(500500 * 10 ** i))
    })
  })
})

describe.skipIf(lacking !== undefined)('the host gets back', () => {
  /** Destroys all that a function must preserve, and more. */
  const vandal = `
    ${['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15', 'r8', 'r9', 'r10', 'r11'].map((r) => `movq $-1, %${r}`).join('\n')}
    movl $0xff80, -8(%rsp)       # towards zero, flush to zero, denormals are zero
    orl $0x40, -8(%rsp)
    ldmxcsr -8(%rsp)
    movw $0x0c7f, -8(%rsp)       # x87: single precision, towards zero
    fldcw -8(%rsp)
    std`

  test.each([
    ['after a return', 'ret', RETURNED],
    ['after a host call', 'movabsq $HOST_CALL, %rax\ncall *%rax', HOST_CALL],
    ['after a trap', 'ud2', 1],
    ['after a load fault', 'movq 8, %rax', 1],
    ['after a breakpoint', 'int3', BREAKPOINT],
  ] as const)('its registers, control words and flags %s', (_, end, kind) => {
    using w = world()
    const { machine, hart } = w
    // Calls the enter stub as koffi does, with its own values in all that a call preserves, and says which came back changed.
    const { address } = w.place(`${vandal}\n${end}`)
    const check = w.place(`
      pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15
      subq $24, %rsp
      movq %rdi, 16(%rsp)
      movq %rsp, (%rdi)
      ${['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15'].map((r, i) => `movabsq $0x77770000${i}, %${r}`).join('\n')}
      call *%rsi
      xorl %eax, %eax
      ${['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15'].map((r, i) => `movabsq $0x77770000${i}, %rcx\nsubq %${r}, %rcx\norq %rcx, %rax`).join('\n')}
      movq 16(%rsp), %rdi
      subq (%rdi), %rsp
      orq %rsp, %rax
      addq (%rdi), %rsp
      pushfq
      popq %rcx
      andq $0x44500, %rcx
      orq %rcx, %rax
      stmxcsr 8(%rsp)
      movl 8(%rsp), %ecx
      andl $0xffc0, %ecx
      xorl $0x1f80, %ecx
      orq %rcx, %rax
      fnstcw 8(%rsp)
      movzwl 8(%rsp), %ecx
      xorl $0x037f, %ecx
      orq %rcx, %rax
      addq $24, %rsp
      popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx
      ret`)
    // Once by run(), so that the hart is the current one, then once by the checking function.
    machine.enter(hart, address, [])
    expect(machine.run(hart).kind).toBe(kind)
    machine.reset(hart)
    machine.enter(hart, address, [])
    const cell = machine.memory.map(4096, 3)
    const { koffi } = machine['host'].libc
    const checked = koffi.decode(check.address, koffi.proto('uint64_t', ['uintptr_t', 'uintptr_t']))
    expect(checked(cell, machine['enterAddress'])).toBe(0)
    // Arithmetic of JavaScript: rounding and denormal numbers.
    expect([1 / 3, 5e-324 * 1, Number.MIN_VALUE + Number.MIN_VALUE]).toEqual([0.3333333333333333, 5e-324, 1e-323])
  })
})

describe.skipIf(lacking !== undefined)('interrupting', () => {
  test('interrupt() stops each hart once, when it runs next', () => {
    using w = world()
    const { machine, hart } = w
    const other = machine.createHart()
    const { address } = w.place(callHost)
    for (const h of [hart, other]) machine.enter(h, address, [1, 0])
    expect(machine.run(hart).kind).toBe(HOST_CALL)
    machine.interrupt()
    expect([machine.run(hart).kind, machine.run(other).kind]).toEqual([EPOCH, EPOCH])
    expect([machine.run(hart).kind, machine.run(other).kind]).toEqual([RETURNED, HOST_CALL])
  })

  test('a tick stops an endless loop, again and again', () => {
    using w = world()
    const { machine, hart } = w
    const { address } = w.place('1: jmp 1b')
    machine.tick(2)
    machine.enter(hart, address, [])
    for (let i = 0; i < 5; i++) {
      const r = machine.run(hart)
      expect([r.kind, r.pc]).toEqual([EPOCH, address])
    }
    machine.leave(hart)
    machine.tick(0)
    const returns = w.place('movl $1, %eax\nret').address
    machine.enter(hart, returns, [])
    expect(machine.run(hart).kind).toBe(RETURNED)
  })

  test('what is stopped between any two instructions goes on as if nothing had been', () => {
    using w = world()
    const { machine, hart } = w
    // Integer, flags across instructions, the red zone, SSE and (where there is) AVX, host calls now and then.
    const avx = machine.features.includes('has_avx')
    const { address } = w.place(`
      pushq %rbx
      pushq %r12
      subq $8, %rsp
      movq %rdi, %rbx
      movabsq $88172645463325252, %r12
      xorl %ecx, %ecx
      cvtsi2sdq %rdi, %xmm1
      xorps %xmm0, %xmm0
      ${avx ? 'vbroadcastss .Lone(%rip), %ymm2\nvxorps %ymm3, %ymm3, %ymm3' : ''}
   1: movq %r12, %rax
      shlq $13, %rax
      xorq %rax, %r12
      movq %r12, %rax
      shrq $7, %rax
      xorq %rax, %r12
      movq %r12, %rax
      shlq $17, %rax
      xorq %rax, %r12
      addq %r12, %r12
      adcq $0, %r12
      adcq $0, %rcx
      movq %rcx, -16(%rsp)
      incq -16(%rsp)
      movq -16(%rsp), %rcx
      ${avx ? 'vaddsd %xmm1, %xmm0, %xmm0' : 'addsd %xmm1, %xmm0'}
      ${avx ? 'vaddps %ymm2, %ymm3, %ymm3' : ''}
      testl $0xfffff, %ebx
      jnz 2f
      pushq %rcx
      subq $8, %rsp
      ${avx ? 'subq $32, %rsp\nvmovups %ymm3, (%rsp)' : ''}
      movsd %xmm0, -64(%rsp)
      subq $64, %rsp
      movsd %xmm1, 8(%rsp)
      movabsq $HOST_CALL, %rax
      call *%rax
      movsd 8(%rsp), %xmm1
      movsd (%rsp), %xmm0
      addq $64, %rsp
      ${avx ? 'vmovups (%rsp), %ymm3\naddq $32, %rsp\nvbroadcastss .Lone(%rip), %ymm2' : ''}
      addq $8, %rsp
      popq %rcx
   2: decq %rbx
      jnz 1b
      movq %xmm0, %rdx
      ${avx ? 'vextractf128 $1, %ymm3, %xmm4\nmovd %xmm4, %eax\naddq %rax, %rdx' : ''}
      movq %r12, %rax
      addq $8, %rsp
      popq %r12
      popq %rbx
      ret
      .balign 4
.Lone: .float 1.0`)
    const rounds = 6_000_000
    const run = (tick: number): { results: bigint[]; stops: number; calls: number } => {
      machine.tick(tick)
      machine.enter(hart, address, [rounds])
      let stops = 0
      let calls = 0
      for (;;) {
        const r = machine.run(hart)
        if (r.kind === RETURNED) break
        if (r.kind === EPOCH) {
          stops++
          // The host uses the same registers.
          if (Math.sqrt(stops) * 1.5 === 0) throw new Error('never')
        } else calls++
      }
      machine.tick(0)
      return { results: [RAX, RCX, RDX].map((n) => register(hart, n)), stops, calls }
    }
    const plain = run(0)
    expect([plain.stops, plain.calls]).toEqual([0, 5])
    const often = run(0.1)
    expect(often.results).toEqual(plain.results)
    expect(often.calls).toBe(5)
    expect(often.stops).toBeGreaterThan(50)
  })

  test("machines of one thread have their own ticks, and one's do not stop the other", () => {
    using a = world()
    using b = world()
    const spin = 'movq %rdi, %rax\n1: decq %rdi\njnz 1b\nret'
    const short = a.place(spin).address
    const long = b.place(spin).address
    a.machine.tick(1)
    b.machine.tick(40)
    let stops = [0, 0]
    const started = performance.now()
    while (performance.now() - started < 150) {
      for (const [i, w, code] of [
        [0, a, short],
        [1, b, long],
      ] as const) {
        w.machine.enter(w.hart, code, [300_000])
        while (w.machine.run(w.hart).kind === EPOCH) stops[i]++
        expect(register(w.hart, RAX)).toBe(300_000n)
      }
    }
    expect(stops[0]).toBeGreaterThan(5)
    expect(stops[1]).toBeGreaterThan(0)
    expect(stops[1]).toBeLessThan(5 + (performance.now() - started) / 40)
    b.machine.tick(0)
    stops = [0, 0]
    b.machine.enter(b.hart, long, [20_000_000])
    expect(b.machine.run(b.hart).kind).toBe(RETURNED)
  })

  test('a second thread advances a word that guest code looks at', () => {
    using w = world()
    const { machine, hart } = w
    const cell = machine.memory.map(4096, 3)
    const { address } = w.place('1: pause\nmovq (%rdi), %rax\ncmpq %rsi, %rax\njb 1b\nret')
    expect(() => machine.beat(address, 1)).toThrow('can be written')
    expect(() => machine.beat(cell + 4, 1)).toThrow('aligned')
    const stop = machine.beat(cell, 1)
    for (const n of [1, 2, 10]) {
      machine.enter(hart, address, [cell, n])
      expect(machine.run(hart).kind).toBe(RETURNED)
      expect(Number(register(hart, RAX))).toBeGreaterThanOrEqual(n)
    }
    stop()
    const word = machine.memory.view(cell, 8)
    const before = [...word]
    const until = performance.now() + 20
    while (performance.now() < until);
    expect([...word]).toEqual(before)
    stop()
    // One that nobody stops ends with the machine.
    machine.beat(cell, 1)
  })

  test('a timer that fires while no guest runs is seen by the next run, and then it is over', () => {
    using w = world()
    const { machine, hart } = w
    const { address } = w.place(callHost)
    machine.tick(200)
    machine.enter(hart, address, [1, 0])
    expect(machine.run(hart).kind).toBe(HOST_CALL)
    const until = performance.now() + 210
    while (performance.now() < until);
    expect(machine.run(hart).kind).toBe(EPOCH)
    machine.tick(0)
    expect(machine.run(hart).kind).toBe(RETURNED)
  })
})
