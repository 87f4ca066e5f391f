// A sample of the boundary sweep under qemu-user: the same code as on our emulator, on a machine that is not ours. One static executable holds all functions and
// their argument blocks; a driver, compiled from CLIF as well, calls them one after the other, and the blocks come back through standard output.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callTrampoline, compile, SLOT_BYTES } from '@k23/codegen'
import {
  bytes,
  type DataValue,
  dataValue,
  F32,
  F64,
  type Func,
  I128,
  I16,
  I32,
  I64,
  I8,
  parseFunctions,
  type Type,
  unsignedBits,
} from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { describe, expect, test } from 'vitest'
import { bitsOf, floatEdges, intEdges, sweepCases } from './sweep-cases.ts'

const qemu = spawnSync('qemu-riscv64', ['--version']).status === 0
const TYPES: Readonly<Record<string, Type>> = { i8: I8, i16: I16, i32: I32, i64: I64, i128: I128, f32: F32, f64: F64 }
const BASE = 0x100000
const HEADERS = 4096

const DRIVER = `function %driver(i64, i64) {
    sig0 = (i64, i64) system_v
block0(v0: i64, v1: i64):
    v20 = iconst.i64 24
    v21 = iconst.i64 -1
    jump block1(v0, v1)
block1(v2: i64, v3: i64):
    brif v3, block2, block3
block2:
    v4 = load.i64 v2
    v5 = load.i64 v2+8
    v6 = load.i64 v2+16
    call_indirect sig0, v4(v5, v6)
    v7 = iadd v2, v20
    v8 = iadd v3, v21
    jump block1(v7, v8)
block3:
    return
}`

interface Call {
  readonly name: string
  readonly args: readonly DataValue[]
  readonly want: readonly DataValue[]
  readonly anyNaN: boolean
}

/** Calls with edge values, spread over their combinations; those that trap are left out. */
function sample(functions: readonly Func[], each: number): Call[] {
  const oracle = createInterpreter(functions)
  const out: Call[] = []
  for (const c of sweepCases(false)) {
    // qemu before 8.0 counts on into the upper half in ctzw (fixed by its "Fix ctzw behavior").
    if (c.name === 'ctz_i32' || c.half) continue
    const lists = c.params.map((t) =>
      (t[0] === 'f' ? floatEdges(bitsOf(t)) : intEdges(bitsOf(t), false)).map((n) => dataValue(TYPES[t], n)),
    )
    const total = lists.reduce((n, l) => n * l.length, 1)
    for (let k = 0; k < each; k++) {
      let rest = Math.floor((total * k) / each) + k
      const args = lists.map((l) => {
        const x = l[rest % l.length]
        rest = Math.floor(rest / l.length)
        return x
      })
      const want = oracle.invoke(c.name, args)
      if ('results' in want) out.push({ name: c.name, args, want: want.results, anyNaN: c.anyNaN })
    }
  }
  return out
}

// ---- the executable

const lui = (rd: number, k: number): number => (((k + 0x800) & 0xfffff000) | (rd << 7) | 0x37) >>> 0
const addiw = (rd: number, rs: number, k: number): number => (((k & 0xfff) << 20) | (rs << 15) | (rd << 7) | 0x1b) >>> 0
const li = (rd: number, k: number): number[] => [lui(rd, k), addiw(rd, rd, k)]
const ECALL = 0x73
const JALR_RA_T0 = (5 << 15) | (1 << 7) | 0x67
const A0 = 10
const A7 = 17

/** ELF64 with one segment that is all of the file (System V ABI, chapter 4). */
function elf(entry: number, file: Uint8Array): void {
  const v = new DataView(file.buffer)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  v.setUint16(16, 2, true) // executable
  v.setUint16(18, 243, true) // RISC-V
  v.setUint32(20, 1, true)
  v.setBigUint64(24, BigInt(entry), true)
  v.setBigUint64(32, 64n, true) // program headers
  v.setUint32(48, 5, true) // flags: compressed, double floats
  v.setUint16(52, 64, true)
  v.setUint16(54, 56, true)
  v.setUint16(56, 1, true)
  v.setUint32(64, 1, true) // PT_LOAD
  v.setUint32(68, 7, true)
  v.setBigUint64(80, BigInt(BASE), true)
  v.setBigUint64(88, BigInt(BASE), true)
  v.setBigUint64(96, BigInt(file.length), true)
  v.setBigUint64(104, BigInt(file.length), true)
  v.setBigUint64(112, 4096n, true)
}

/** Runs the calls and returns the argument blocks, or why there are none. */
function run(
  functions: readonly Func[],
  calls: readonly Call[],
  features: readonly string[],
  cpu: string,
  algorithm: string,
): Uint8Array {
  const shapes = new Map<string, string>()
  const extra: Func[] = parseFunctions(DRIVER).functions.map((f) => f.func)
  for (const f of functions) {
    const shape = JSON.stringify([f.signature.params.map((p) => p.type), f.signature.returns.map((p) => p.type)])
    if (shapes.has(shape)) continue
    shapes.set(shape, `call${shapes.size}`)
    extra.push(callTrampoline(f.signature, shapes.get(shape) as string))
  }
  const byName = new Map(functions.map((f) => [(f.name as { name: string }).name, f]))
  const { image, symbols } = compile([...functions, ...extra], {
    target: 'riscv64',
    features: Object.fromEntries(features.map((f) => [f, true])),
    settings: { regalloc_algorithm: algorithm, regalloc_checker: true },
  })
  const code = BASE + HEADERS + 256
  const table = (code + image.length + 15) & -16
  const blocks = (table + calls.length * 24 + 15) & -16
  const stride = 4 * SLOT_BYTES
  const file = new Uint8Array(blocks + calls.length * stride - BASE)
  elf(BASE + HEADERS, file)
  file.set(image, code - BASE)
  const v = new DataView(file.buffer)
  const stub = [
    ...li(A0, table),
    ...li(A0 + 1, calls.length),
    ...li(5, code + (symbols.get('%driver') as number)),
    JALR_RA_T0,
    ...li(A0, 1),
    ...li(A0 + 1, blocks),
    ...li(A0 + 2, calls.length * stride),
    ...li(A7, 64),
    ECALL,
    ...li(A0, 0),
    ...li(A7, 93),
    ECALL,
  ]
  stub.forEach((w, i) => v.setUint32(HEADERS + 4 * i, w, true))
  calls.forEach((c, i) => {
    const f = byName.get(c.name) as Func
    const shape = JSON.stringify([f.signature.params.map((p) => p.type), f.signature.returns.map((p) => p.type)])
    const block = blocks + i * stride
    const at = table - BASE + i * 24
    v.setBigUint64(at, BigInt(code + (symbols.get(`%${shapes.get(shape)}`) as number)), true)
    v.setBigUint64(at + 8, BigInt(code + (symbols.get(`%${c.name}`) as number)), true)
    v.setBigUint64(at + 16, BigInt(block), true)
    file.fill(i % 2 === 0 ? 0xa5 : 0x7e, block - BASE, block - BASE + stride)
    c.args.forEach((a, k) => {
      file.set(a.bits, block - BASE + k * SLOT_BYTES)
    })
  })
  const folder = mkdtempSync(join(tmpdir(), 'k23-qemu-'))
  try {
    const path = join(folder, 'sweep')
    writeFileSync(path, file)
    chmodSync(path, 0o755)
    const done = spawnSync('qemu-riscv64', ['-cpu', cpu, path], { maxBuffer: 1 << 30, timeout: 60_000 })
    if (done.status !== 0) throw new Error(`qemu: status ${done.status}, signal ${done.signal}: ${done.stderr}`)
    return done.stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function isNaNBits(t: Type, n: bigint): boolean {
  return t === F32 ? (n & 0x7fffffffn) > 0x7f800000n : t === F64 && (n & 0x7fffffffffffffffn) > 0x7ff0000000000000n
}

// qemu 7.2 lacks Zicond, Zcb and Zfa.
describe.skipIf(!qemu)('riscv64 under qemu-user', () => {
  const functions = parseFunctions(
    sweepCases(false)
      .filter((c) => !c.half)
      .map((c) => c.text)
      .join('\n'),
  ).functions.map((f) => f.func)
  const calls = sample(functions, 4)
  test.each([
    ['no features', [], 'rv64', 'single_pass'],
    ['Zba Zbb Zbs Zbkb C', ['has_zba', 'has_zbb', 'has_zbs', 'has_zbkb', 'has_c'], 'rv64,zbkb=true', 'backtracking'],
  ] as const)('%s', (_, features, cpu, algorithm) => {
    const out = run(functions, calls, features, cpu, algorithm)
    const stride = 4 * SLOT_BYTES
    expect(out.length).toBe(calls.length * stride)
    const wrong: string[] = []
    calls.forEach((c, i) => {
      c.want.forEach((w, k) => {
        const at = i * stride + k * SLOT_BYTES
        const got = unsignedBits({ type: w.type, bits: out.slice(at, at + bytes(w.type)) })
        const want = unsignedBits(w)
        if (got !== want && !(c.anyNaN && isNaNBits(w.type, got) && isNaNBits(w.type, want)))
          wrong.push(`${c.name}(${c.args.map((a) => unsignedBits(a)).join(', ')}): result ${k} is ${got}, not ${want}`)
      })
    })
    expect(wrong.slice(0, 20)).toEqual([])
    expect(calls.length).toBeGreaterThan(10_000)
  })
})
