// Which encodings are legal under which vtype, against qemu-user 7.2: random operands and vtypes, most of them reserved. The program has a handler for
// SIGILL, which notes it and goes on behind the instruction.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HartState } from '../src/riscv64/hart.ts'
import { EmulatedMemory } from '../src/memory.ts'
import { assemble, type Line } from './assemble.ts'
import { staticElf } from './elf.ts'
import { encodeRow, Random } from './states.ts'
import { isLegal, randomCase, vectorCompiled, type VectorCase } from './vector-states.ts'

const CASES = process.env.K23_LONG === '1' ? 400 : 40
const CODE = 0x400000
const DATA = 0x8000000
const SA_SIGINFO = 4
const SIGILL = 4
/** Where riscv64 Linux has the registers in the third argument of a handler: pc, x1, x2, ... (struct ucontext). */
const GREGS = 176
/** The first page: struct sigaction, then bytes that loads and stores may touch; results behind it, a byte per case. */
const SCRATCH = DATA + 2048
const RESULTS = DATA + 4096

const X = (n: number): number => n * 2
const F = (n: number): number => (64 + n) * 2
const MARK = 29

const start = assemble([
  ['jal', 0, '.main'],
  ['ld', X(5), X(12), GREGS],
  ['addi', X(5), X(5), 4],
  ['sd', X(12), X(5), GREGS],
  ['addi', X(5), 0, 1],
  ['sd', X(12), X(5), GREGS + 8 * MARK],
  ['jalr', 0, X(1), 0],
  '.main',
  ['addi', X(10), 0, SIGILL],
  ['lui', X(11), DATA >>> 12],
  ['addi', X(12), 0, 0],
  ['addi', X(13), 0, 8],
  ['addi', X(17), 0, 134], // rt_sigaction
  ['ecall'],
  ['lui', X(31), RESULTS >>> 12],
])

function codeOf(c: VectorCase, at: number): Uint8Array {
  const before = assemble([
    ['addi', X(30), 0, c.avl],
    ['vsetvli', 0, X(30), c.vtype],
    ...(c.accesses
      ? ([
          ['lui', X(10), SCRATCH >>> 12],
          ['addi', X(10), X(10), 1024],
          ['addi', X(10), X(10), 1024],
          ['addi', X(11), 0, 1],
        ] as Line[])
      : []),
    ['addi', X(MARK), 0, 0],
    ['fadd_d', F(31), F(31), F(31), 7], // see vector-qemu.test.ts
  ])
  const bits = encodeRow(c.row, c.operands)
  const after = assemble([
    ['sb', X(31), X(MARK), 0],
    ['addi', X(31), X(31), 1],
  ])
  const padding = (at + before.length) % 4096 === 0 ? assemble([['addi', 0, 0, 0]]) : []
  return Uint8Array.from([...padding, ...before, bits, bits >> 8, bits >> 16, bits >> 24, ...after])
}

const hasQemu = spawnSync('qemu-riscv64', ['--version']).status === 0
const why = hasQemu ? '' : ' (skipped: qemu-riscv64 is not installed; pnpm setup:oracles installs it)'

test.skipIf(!hasQemu)(`what is legal is what qemu-user executes${why}`, () => {
  const random = new Random(815)
  const memory = new EmulatedMemory(1 << 20)
  const hart = new HartState(0, 0, 0)
  const cases: VectorCase[] = []
  const mine: boolean[] = []
  const chunks = [start]
  let at = CODE + start.length
  for (const [number, row] of vectorCompiled.entries()) {
    if (row.attrs.feature !== 'V') continue
    for (let i = 0; i < CASES; i++) {
      const c = randomCase(random, row)
      hart.vector.configure(c.vtype, 0, c.avl)
      // qemu 7.2 does not refuse elements that a fractional LMUL cannot hold (31.3.4.2); vector.test.ts has the rule.
      if (hart.vector.vill) continue
      cases.push(c)
      mine.push(isLegal(hart, memory, number, c))
      const code = codeOf(c, at)
      chunks.push(code)
      at += code.length
    }
  }
  const high = (cases.length + 0x800) >>> 12
  chunks.push(
    assemble([
      ['addi', 'a0', 'zero', 1],
      ['lui', 'a1', RESULTS >>> 12],
      ['lui', 'a2', high],
      ['addi', 'a2', 'a2', cases.length - high * 4096],
      ['addi', 'a7', 'zero', 64],
      ['ecall'],
      ['addi', 'a0', 'zero', 0],
      ['addi', 'a7', 'zero', 93],
      ['ecall'],
    ]),
  )
  const data = new Uint8Array(4096 + cases.length)
  new DataView(data.buffer).setUint32(0, CODE + 4, true)
  data[8] = SA_SIGINFO
  const folder = mkdtempSync(join(tmpdir(), 'k23-qemu-l-'))
  try {
    const file = join(folder, 'rows')
    const segments = [
      { address: CODE, bytes: Buffer.concat(chunks), flags: 5 },
      { address: DATA, bytes: data, flags: 6 },
    ]
    writeFileSync(file, staticElf(CODE, segments), { mode: 0o755 })
    const cpu = 'rv64,v=true,vlen=128,elen=64,vext_spec=v1.0,Zfh=true'
    const results = execFileSync('qemu-riscv64', ['-cpu', cpu, file], { maxBuffer: 2 ** 30 })
    expect(results.length).toBe(cases.length)
    const wrong = new Map<string, string>()
    cases.forEach((c, i) => {
      const theirs = results[i] === 0
      if (theirs === mine[i]) return
      wrong.set(
        c.row.id,
        `${c.row.id} ${JSON.stringify(c.operands)} vtype 0x${c.vtype.toString(16)}: ${theirs ? 'qemu executes it' : 'only k23 executes it'}`,
      )
    })
    expect([...wrong.values()].join('\n')).toBe('')
    const illegal = mine.filter((legal) => !legal).length
    console.info(`legality: ${cases.length} cases, ${illegal} of them illegal`)
    expect(illegal).toBeGreaterThan(cases.length / 10)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
