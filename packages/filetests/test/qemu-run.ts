// Compiled functions under qemu-user: one static executable holds them and their argument blocks; a driver, compiled from CLIF as well, calls them one after the
// other, and the blocks come back through standard output.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callTrampoline, compile, SLOT_BYTES } from '@k23/codegen'
import { type DataValue, type Func, functionNameText, parseFunctions, printSignature } from '@k23/ir'
import { writeAbsolutes } from '@k23/machine'

/** Bytes of one call's block, where nothing else is said. */
export const STRIDE: number = 4 * SLOT_BYTES

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

export interface Call {
  readonly name: string
  readonly args: readonly DataValue[]
  readonly want: readonly DataValue[]
  readonly anyNaN: boolean
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

/** Runs the calls and returns the argument blocks, `stride` bytes each. Throws where the functions do not compile, or do not run to the end. */
export function run(
  functions: readonly Func[],
  calls: readonly Call[],
  features: readonly string[],
  cpu: string,
  algorithm: string,
  stride: number = STRIDE,
  settings: Readonly<Record<string, string>> = {},
): Uint8Array {
  const shapes = new Map<string, string>()
  const extra: Func[] = parseFunctions(DRIVER).functions.map((f) => f.func)
  for (const f of functions) {
    const shape = printSignature(f.signature)
    if (shapes.has(shape)) continue
    shapes.set(shape, `call trampoline ${shapes.size}`)
    extra.push(callTrampoline(f.signature, shapes.get(shape) as string))
  }
  const byName = new Map(functions.map((f) => [functionNameText(f.name).replace(/^%/, ''), f]))
  const module = compile([...functions, ...extra], {
    target: 'riscv64',
    features: Object.fromEntries(features.map((f) => [f, true])),
    settings: { ...settings, regalloc_algorithm: algorithm, regalloc_checker: true },
  })
  const { image, symbols } = module
  const code = BASE + HEADERS + 256
  const table = (code + image.length + 15) & -16
  const blocks = (table + calls.length * 24 + 15) & -16
  const file = new Uint8Array(blocks + calls.length * stride - BASE)
  elf(BASE + HEADERS, file)
  writeAbsolutes(module, image, code)
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
    const shape = printSignature(f.signature)
    const block = blocks + i * stride
    const at = table - BASE + i * 24
    v.setBigUint64(at, BigInt(code + (symbols.get(`%${shapes.get(shape)}`) as number)), true)
    v.setBigUint64(at + 8, BigInt(code + (symbols.get(functionNameText(f.name)) as number)), true)
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
