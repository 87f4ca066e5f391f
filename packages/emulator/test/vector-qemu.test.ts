// Every vector row that qemu-user 7.2 knows, against it: one static program runs each instruction over many states, a record of memory per
// case, as in qemu.test.ts. States in which this emulator says that the instruction is reserved are not run (an illegal instruction would end the
// program); a case that is illegal in qemu only shows at once.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PERM_EXEC, PERM_READ, PERM_WRITE, TRAP, TRAP_ECALL } from '@k23/machine'
import { expect, test } from 'vitest'
import { EmulatedMemory } from '../src/memory.ts'
import { HartState } from '../src/riscv64/hart.ts'
import { createRiscv64Machine } from '../src/riscv64/index.ts'
import { laneFamilies, SEWS } from '../src/riscv64/vector/lanes.ts'
import { eagerLanes } from '../src/semantics/eager-lanes.ts'
import type { LaneTable } from '../src/semantics/lane-source.ts'
import { assemble, type Line } from './assemble.ts'
import { staticElf } from './elf.ts'
import { oracleOf } from './oracles.ts'
import { encodeRow, Random } from './states.ts'
import { isLegal, randomCase, SCRATCH_BYTES, SCRATCH_MIDDLE, vectorCompiled, type VectorCase } from './vector-states.ts'

const CASES = process.env.K23_LONG === '1' ? 200 : 20
const CODE = 0x400000
const DATA = 0x8000000

const X = (n: number): number => n * 2
const F = (n: number): number => (64 + n) * 2
const V = (n: number): number => (128 + n) * 2

// A record, x31 points at it: x10-x13, f8, f9, fcsr, vcsr, then vl and vtype (results), v0-v7, and the bytes for loads and stores.
const F_AT = 32
const FCSR_AT = 48
const VCSR_AT = 56
const VL_AT = 64
const VTYPE_AT = 72
const V_AT = 80
const SCRATCH_AT = V_AT + 128
const RECORD = SCRATCH_AT + SCRATCH_BYTES

const CSR_FCSR = 3
const CSR_VCSR = 0xf
const CSR_VL = 0xc20
const CSR_VTYPE = 0xc21

const NOP = assemble([['addi', 0, 0, 0]])

/** The case's code, for this address. */
function codeOf(c: VectorCase, at: number): Uint8Array {
  const registers = [0, 1, 2, 3, 4, 5, 6, 7]
  const before = assemble([
    ...registers.flatMap((r): Line[] => [
      ['addi', X(30), X(31), V_AT + 16 * r],
      ['vl1re8_v', V(r), X(30)],
    ]),
    ['ld', X(30), X(31), FCSR_AT],
    ['csrrw', 0, X(30), CSR_FCSR],
    ['ld', X(30), X(31), VCSR_AT],
    ['csrrw', 0, X(30), CSR_VCSR],
    ['addi', X(30), 0, c.avl],
    ['vsetvli', 0, X(30), c.vtype],
    ...[8, 9].map((r, i): Line => ['fld', F(r), X(31), F_AT + 8 * i]),
    ...[10, 11, 12, 13].map((r, i): Line => ['ld', X(r), X(31), 8 * i]),
    // 0 + 0 by the dynamic mode: qemu 7.2 fails an assertion where a conversion with a mode of its own is the first to ask for one in its
    // block, which a page's start begins.
    ['fadd_d', F(31), F(31), F(31), 7],
  ])
  const bits = encodeRow(c.row, c.operands)
  const after = assemble([
    ...[10, 11, 12, 13].map((r, i): Line => ['sd', X(31), X(r), 8 * i]),
    ...[8, 9].map((r, i): Line => ['fsd', X(31), F(r), F_AT + 8 * i]),
    ...(
      [
        [CSR_FCSR, FCSR_AT],
        [CSR_VCSR, VCSR_AT],
        [CSR_VL, VL_AT],
        [CSR_VTYPE, VTYPE_AT],
      ] as const
    ).flatMap(([csr, at]): Line[] => [
      ['csrrs', X(30), 0, csr],
      ['sd', X(31), X(30), at],
    ]),
    ...registers.flatMap((r): Line[] => [
      ['addi', X(30), X(31), V_AT + 16 * r],
      ['vs1r_v', X(30), V(r)],
    ]),
    ['addi', X(31), X(31), RECORD],
  ])
  const padding = (at + before.length) % 4096 === 0 ? NOP : []
  return Uint8Array.from([...padding, ...before, bits, bits >> 8, bits >> 16, bits >> 24, ...after])
}

function recordOf(c: VectorCase, at: number): Uint8Array {
  const record = new Uint8Array(RECORD)
  const view = new DataView(record.buffer)
  c.x.forEach((value, i) => {
    view.setBigUint64(8 * i, i === 0 && c.accesses ? value + BigInt(at + SCRATCH_AT + SCRATCH_MIDDLE) : value, true)
  })
  c.f.forEach((value, i) => {
    view.setBigUint64(F_AT + 8 * i, value, true)
  })
  view.setBigUint64(FCSR_AT, BigInt(c.fcsr), true)
  view.setBigUint64(VCSR_AT, BigInt(c.vcsr), true)
  record.set(c.v, V_AT)
  record.set(c.scratch, SCRATCH_AT)
  return record
}

interface Program {
  readonly cases: readonly VectorCase[]
  readonly code: Uint8Array
  readonly data: Uint8Array
}

function buildProgram(seed: number): Program {
  const random = new Random(seed)
  const cases: VectorCase[] = []
  const chunks: Uint8Array[] = [assemble([['lui', X(31), DATA >>> 12]])]
  const records: Uint8Array[] = []
  let at = CODE + chunks[0].length
  const memory = new EmulatedMemory(1 << 20)
  const hart = new HartState(0, 0, 0)
  for (const [number, row] of vectorCompiled.entries()) {
    if (oracleOf(row) !== 'qemu') continue
    let found = 0
    for (let tries = 0; found < CASES && tries < CASES * 50; tries++) {
      const c = randomCase(random, row)
      if (!isLegal(hart, memory, number, c)) continue
      found++
      records.push(recordOf(c, DATA + cases.length * RECORD))
      const code = codeOf(c, at)
      chunks.push(code)
      at += code.length
      cases.push(c)
    }
    if (found < CASES) throw new Error(`${row.id}: only ${found} legal cases`)
  }
  const bytes = cases.length * RECORD
  const high = (bytes + 0x800) >>> 12
  chunks.push(
    assemble([
      ['addi', 'a0', 'zero', 1],
      ['lui', 'a1', DATA >>> 12],
      ['lui', 'a2', high],
      ['addi', 'a2', 'a2', bytes - high * 4096],
      ['addi', 'a7', 'zero', 64],
      ['ecall'],
      ['addi', 'a0', 'zero', 0],
      ['addi', 'a7', 'zero', 93],
      ['ecall'],
    ]),
  )
  return { cases, code: Buffer.concat(chunks), data: Buffer.concat(records) }
}

const hasQemu = spawnSync('qemu-riscv64', ['--version']).status === 0
const why = hasQemu ? '' : ' (skipped: qemu-riscv64 is not installed; pnpm setup:oracles installs it)'

let built: { program: Program; expected: Uint8Array } | undefined
function oracle(): { program: Program; expected: Uint8Array } {
  if (built !== undefined) return built
  const program = buildProgram(4_711)
  const folder = mkdtempSync(join(tmpdir(), 'k23-qemu-v-'))
  try {
    const file = join(folder, 'rows')
    const segments = [
      { address: CODE, bytes: program.code, flags: 5 },
      { address: DATA, bytes: program.data, flags: 6 },
    ]
    writeFileSync(file, staticElf(CODE, segments), { mode: 0o755 })
    const cpu = 'rv64,v=true,vlen=128,elen=64,vext_spec=v1.0,Zfh=true'
    built = { program, expected: execFileSync('qemu-riscv64', ['-cpu', cpu, file], { maxBuffer: 2 ** 30 }) }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return built
}

function runHere(program: Program, lanes?: LaneTable): Uint8Array {
  const machine = createRiscv64Machine({ memoryBytes: 2 ** 30 })
  machine.memory.map(program.code.length, PERM_READ | PERM_WRITE, CODE)
  machine.memory.view(CODE, program.code.length).set(program.code)
  machine.memory.protect(CODE, program.code.length, PERM_READ | PERM_EXEC)
  machine.memory.map(program.data.length, PERM_READ | PERM_WRITE, DATA)
  machine.memory.view(DATA, program.data.length).set(program.data)
  const hart = machine.createHart() as HartState
  if (lanes !== undefined) hart.vector.lanes = lanes
  machine.enter(hart, CODE, [])
  const reason = machine.run(hart)
  expect([reason.kind, reason.trapKind, reason.pc >= CODE + program.code.length - 64]).toEqual([TRAP, TRAP_ECALL, true])
  return machine.memory.view(DATA, program.data.length)
}

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/(.{32})/g, '$1 ')

function compare(program: Program, expected: Uint8Array, actual: Uint8Array): void {
  expect(expected.length).toBe(actual.length)
  const wrong = new Map<string, string>()
  program.cases.forEach((c, i) => {
    const want = expected.subarray(i * RECORD, (i + 1) * RECORD)
    const got = actual.subarray(i * RECORD, (i + 1) * RECORD)
    if (Buffer.compare(want, got) === 0 || wrong.has(c.row.id)) return
    const before = program.data.subarray(i * RECORD, (i + 1) * RECORD)
    const show = (b: Uint8Array): string => `${hex(b.subarray(0, V_AT))}| ${hex(b.subarray(V_AT, SCRATCH_AT))}`
    wrong.set(
      c.row.id,
      `${c.row.id} ${JSON.stringify(c.operands)} vtype ${c.vtype.toString(16)} avl ${c.avl}\n  before ${show(before)}\n  qemu   ${show(want)}\n  k23    ${show(got)}`,
    )
  })
  expect(`${[...wrong.keys()].join(' ')}\n${[...wrong.values()].slice(0, 6).join('\n')}`).toBe('\n')
}

test.skipIf(!hasQemu)(`vector rows agree with qemu-user${why}`, () => {
  const { program, expected } = oracle()
  compare(program, expected, runHere(program))
  const rows = new Set(program.cases.map((c) => c.row.id)).size
  console.info(`${rows} vector rows against qemu-user, ${program.cases.length} cases`)
})

test.skipIf(!hasQemu)(`lanes evaluated eagerly agree with qemu-user${why}`, () => {
  const { program, expected } = oracle()
  const eager = eagerLanes(Object.values(laneFamilies).map((family) => SEWS.map((sew) => family(sew))))
  compare(program, expected, runHere(program, eager))
})
