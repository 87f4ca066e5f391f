// Branches at the very edge of each form's reach, forwards and backwards: the form that is chosen is the shortest that reaches, and following the
// code from the branch ends at the label exactly where the condition holds.
import { CodeBuffer, type Emitter, type TargetIsa, tinyReach } from '@k23/machinst'
import { expect, test } from 'vitest'
import { riscv64 } from '../src/index.ts'
import { decode, expand, Opc } from '../src/insts/index.ts'
import { BR, TRAP_IF } from '../src/table.ts'

const PAD = 0x13 // nop
const [A0, A1, T0, T1] = [10, 11, 5, 6]
const FAR = 1 << 22

interface Site {
  readonly name: string
  /** Emits the branch to `label` (traps: to a trap behind the code). */
  readonly emit: (isa: TargetIsa, e: Emitter, label: number) => void
  /** Registers with which it is taken; and with which it is not, if it can be. */
  readonly taken: Readonly<Record<number, number>>
  readonly not: Readonly<Record<number, number>> | undefined
  readonly traps?: true
}

/** An Emitter as far as branches look at it: words, buffer, the trap's label. */
function emitter(buf: CodeBuffer, words: readonly number[]): Emitter {
  const trapLabel = (code: number): number => buf.deferTrap(code, -1)
  return { buf, v: { name: 'edges', words: Int32Array.from(words) }, trapLabel } as unknown as Emitter
}

const cond =
  (row: number, rs1: number, rs2: number, inverted: boolean) =>
  (isa: TargetIsa, e: Emitter, label: number): void =>
    isa.emitCondBranch(emitter(e.buf, [BR | (4 << 16), row, rs1 * 2, rs2 * 2]), 0, label, inverted)

// biome-ignore format: table
const SITES: readonly Site[] = [
  { name: 'beq a0, zero',           emit: cond(Opc.beq, A0, 0, false), taken: { [A0]: 0 },            not: { [A0]: 1 } },
  { name: 'bne zero, a0',           emit: cond(Opc.bne, 0, A0, false), taken: { [A0]: 1 },            not: { [A0]: 0 } },
  { name: 'bne a0, zero, inverted', emit: cond(Opc.bne, A0, 0, true),  taken: { [A0]: 0 },            not: { [A0]: 1 } },
  { name: 'beq t0, zero',           emit: cond(Opc.beq, T0, 0, false), taken: { [T0]: 0 },            not: { [T0]: 1 } },
  { name: 'beq a0, a1',             emit: cond(Opc.beq, A0, A1, false), taken: { [A0]: 3, [A1]: 3 },  not: { [A0]: 3, [A1]: 4 } },
  { name: 'blt a0, zero',           emit: cond(Opc.blt, A0, 0, false), taken: { [A0]: -1 },           not: { [A0]: 0 } },
  { name: 'bgeu t0, t1, inverted',  emit: cond(Opc.bgeu, T0, T1, true), taken: { [T0]: 1, [T1]: -1 }, not: { [T0]: -1, [T1]: 1 } },
  { name: 'jump',                   emit: (isa, e, label) => isa.emitJump(e, label), taken: {},       not: undefined },
  { name: 'trap where a0 is 0',     emit: (isa, e) => isa.emitInst(emitter(e.buf, [TRAP_IF | (5 << 16), Opc.beq, A0 * 2, 0, 7]), 0), taken: { [A0]: 0 }, not: { [A0]: 1 }, traps: true },
  { name: 'trap where t0 < a0',     emit: (isa, e) => isa.emitInst(emitter(e.buf, [TRAP_IF | (5 << 16), Opc.bltu, T0 * 2, A0 * 2, 7]), 0), taken: { [T0]: 1, [A0]: -1 }, not: { [T0]: 1, [A0]: 0 }, traps: true },
]

/** Where the code goes from `at`: to a nop, or, as -1, to a trap. */
function follow(buf: CodeBuffer, at: number, registers: Readonly<Record<number, number>>): number {
  const x = new Map(Object.entries(registers).map(([r, n]) => [Number(r), n]))
  const words = new Int32Array(16)
  const long = new Int32Array(16)
  let pc = at
  for (let steps = 0; steps < 4; steps++) {
    const low = buf.read16(pc)
    const size = (low & 3) === 3 ? 4 : 2
    const bits = size === 2 ? low : buf.read32(pc)
    if (bits === PAD || bits === 1) return pc
    decode(bits, words)
    const w = expand(words, 0, long) === 0 ? words : long
    const value = (word: number): number => (word >> 1 === 0 ? 0 : (x.get(word >> 1) as number))
    switch (w[0] & 0xffff) {
      case Opc.csrrw:
        return -1
      case Opc.auipc:
        x.set(w[1] >> 1, pc + ((w[2] << 12) | 0))
        pc += size
        break
      case Opc.jalr:
        expect(w[1]).toBe(0)
        return value(w[2]) + w[3]
      case Opc.jal:
        expect(w[1]).toBe(0)
        return pc + w[2]
      default: {
        const [a, b] = [value(w[1]), value(w[2])]
        const holds = new Map<number, boolean>([
          [Opc.beq, a === b],
          [Opc.bne, a !== b],
          [Opc.blt, a < b],
          [Opc.bge, a >= b],
          [Opc.bltu, a >>> 0 < b >>> 0],
          [Opc.bgeu, a >>> 0 >= b >>> 0],
        ]).get(w[0] & 0xffff)
        expect(holds).toBeDefined()
        pc += holds === true ? w[3] : size
      }
    }
  }
  return pc
}

/** Emits the site with its label `distance` bytes from its start, relaxed; the offset of the site, and the bytes that it took. */
function place(isa: TargetIsa, site: Site, distance: number, kinds = isa.branchKinds) {
  const buf = new CodeBuffer('edges', kinds)
  let start = 0
  let end = 0
  let target = 0
  const pad = (n: number): void => {
    for (let k = 0; k + 4 <= n; k += 4) buf.put32(PAD)
    if (n % 4 !== 0) buf.put16(1) // c.nop
  }
  for (let again = true; again; ) {
    buf.clear()
    const label = buf.newLabel()
    if (distance < 0) {
      buf.bind(label)
      target = 0
      pad(-distance)
    } else buf.put32(PAD)
    start = buf.offset
    site.emit(isa, emitter(buf, []), label)
    end = buf.offset
    if (distance >= 0) {
      if (distance >= end - start) pad(distance - (end - start))
      target = buf.offset
      buf.bind(label)
    }
    // The trap, if it is one behind the code, stands at the label.
    for (let i = 0; i < buf.deferredTraps.length; i += 3) {
      buf.bind(buf.deferredTraps.data[i])
      isa.emitTrap(buf)
    }
    buf.put32(PAD)
    again = buf.relax()
  }
  buf.patch((b, offset, d, kind) => isa.patch(b, offset, d, kind))
  return { buf, start, size: end - start, target }
}

const short = riscv64.create({ has_c: true }, {})
const long = riscv64.create({}, {})

const EDGES = [254, 256, 2046, 2048, 4094, 4096, 0xffff0, 0xffffe, 0x100000]
const distances = [4, 6, 8, 12, ...EDGES.flatMap((n) => [n - 4, n - 2, n, n + 2, n + 4]), FAR]

for (const [name, isa] of [
  ['compressed', short],
  ['rv64g', long],
] as const) {
  test.each(SITES)(`${name}: $name`, (site) => {
    const sizes = new Map<number, number>()
    for (const sign of site.traps ? [1] : [1, -1])
      for (const n of distances) {
        // without compressed instructions everything is 4 bytes long
        if (isa === long && n % 4 !== 0) continue
        // not taken, a branch to the trap right behind it would run into it
        if (site.traps && n < 12) continue
        const { buf, start, size, target } = place(isa, site, sign * n)
        const at = `${sign * n}`
        const goes = follow(buf, start, site.taken)
        expect(`${at}: ${goes}`).toBe(`${at}: ${site.traps ? -1 : target}`)
        if (site.not !== undefined) expect(`${at}: ${follow(buf, start, site.not)}`).toBe(`${at}: ${start + size}`)
        const distance = Math.abs(target - start)
        sizes.set(size, Math.max(sizes.get(size) ?? 0, distance))
      }
    // The longest distance seen with each size: what the manual says that the form reaches (2.5.1, 2.5.2, 27.4).
    const seen = [...sizes].sort((a, b) => a[0] - b[0])
    const cannotWait = seen.slice(0, -1).every(([, d], i) => i === 0 || d > seen[i - 1][1])
    expect(cannotWait).toBe(true)
    const reach: Readonly<Record<number, number>> = site.name === 'jump' ? { 2: 2046, 4: 0xffff0 } : { 2: 254, 4: 4094 }
    for (const [size, most] of seen.slice(0, -1)) {
      const limit = reach[size] ?? 0xffff0
      expect(`${size} bytes: ${most <= limit && most > limit - 8}`).toBe(`${size} bytes: true`)
    }
    expect(seen.length).toBe(site.name === 'jump' ? (isa === short ? 3 : 2) : forms(site, isa))
  })
}

/** How many forms a conditional site has. */
function forms(site: Site, isa: TargetIsa): number {
  const compressible =
    isa === short && /^(beq a0, zero|bne zero, a0|bne a0, zero, inverted|trap where a0 is 0)$/.test(site.name)
  return (site.traps ? 2 : 3) + (compressible ? 1 : 0)
}

test('tiny reaches: every form within a few hundred bytes', () => {
  for (const isa of [short, long]) {
    const kinds = tinyReach(isa.branchKinds, 16)
    for (const site of SITES) {
      const sizes = new Set<number>()
      for (let n = 12; n < 2000; n += 20) {
        const { buf, start, size, target } = place(isa, site, n, kinds)
        sizes.add(size)
        expect(follow(buf, start, site.taken)).toBe(site.traps ? -1 : target)
        if (site.not !== undefined) expect(follow(buf, start, site.not)).toBe(start + size)
      }
      expect(sizes.size, site.name).toBe(site.name === 'jump' ? (isa === short ? 3 : 2) : forms(site, isa))
    }
  }
})
