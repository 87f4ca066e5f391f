// Single instructions on the CPU that runs the tests: x64-cpu.c, compiled here, run over a batch of states.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IMAGE_BYTES, type X64Case } from './x64-states.ts'

/** What an instruction left. */
export interface CpuResult {
  readonly gpr: readonly bigint[]
  readonly xmm: readonly bigint[]
  /** RFLAGS. */
  readonly flags: number
  /** Of the instruction that would be next, or that stopped. */
  readonly pc: bigint
  /** Signal number; SIGTRAP where the instruction was executed. */
  readonly signal: number
  readonly address: bigint
  readonly image: Uint8Array
}

export const SIGILL = 4
export const SIGTRAP = 5
export const SIGBUS = 7
export const SIGFPE = 8
export const SIGSEGV = 11

const IN_BYTES = 184 + 256 + IMAGE_BYTES
const OUT_BYTES = 160 + 256 + IMAGE_BYTES

/** Why this host cannot be asked; undefined if it can. */
export function whyNoCpu(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `the host is ${process.platform} on ${process.arch}`
  if (spawnSync('gcc', ['--version']).status !== 0) return 'gcc is not installed'
  return undefined
}

// Names in /proc/cpuinfo of the features that rows ask for, where they differ.
const CPUINFO: Readonly<Record<string, string>> = {
  sse3: 'pni',
  sse41: 'sse4_1',
  sse42: 'sse4_2',
  cmpxchg16b: 'cx16',
  lzcnt: 'abm',
  avx512bitalg: 'avx512_bitalg',
  avx512vnni: 'avx512_vnni',
}
const cpuFlags = new Set(
  existsSync('/proc/cpuinfo')
    ? (/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '').split(' ')
    : [],
)

/** Whether this CPU has what a row's `feature` asks for. */
export function cpuHas(feature: string): boolean {
  const has = (name: string): boolean => cpuFlags.has(CPUINFO[name] ?? name)
  return feature.split(' ').every((all) => all === '' || all.split('/').some(has))
}

/** Runs the cases on the CPU. */
export function runOnCpu(cases: readonly X64Case[]): CpuResult[] {
  const directory = mkdtempSync(join(tmpdir(), 'k23-x64-'))
  try {
    const program = join(directory, 'cpu')
    const source = join(import.meta.dirname, 'x64-cpu.c')
    const compiled = spawnSync('gcc', ['-O1', '-o', program, source], { encoding: 'utf8' })
    if (compiled.status !== 0) throw new Error(`gcc: ${compiled.stderr}`)
    const done = spawnSync(program, { input: encodeCases(cases), maxBuffer: cases.length * OUT_BYTES + 1 })
    if (done.status !== 0 || done.stdout.length !== cases.length * OUT_BYTES) {
      const at = Math.floor(done.stdout.length / OUT_BYTES)
      throw new Error(`the CPU stopped at case ${at} (${cases[at]?.row.id}): ${done.signal ?? done.stderr.toString()}`)
    }
    return cases.map((_, i) => decodeResult(done.stdout, i * OUT_BYTES))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function encodeCases(cases: readonly X64Case[]): Uint8Array {
  const all = new Uint8Array(cases.length * IN_BYTES)
  const view = new DataView(all.buffer)
  cases.forEach((c, i) => {
    const at = i * IN_BYTES
    c.gpr.forEach((v, n) => view.setBigUint64(at + n * 8, v, true))
    view.setBigUint64(at + 128, BigInt(c.flags | 0x202), true)
    view.setBigUint64(at + 136, BigInt(c.pc), true)
    view.setUint32(at + 144, c.imageAt, true)
    view.setUint32(at + 148, c.code.length, true)
    all.set(c.code, at + 152)
    c.xmm.forEach((v, n) => {
      view.setBigUint64(at + 184 + n * 16, v & 0xffffffffffffffffn, true)
      view.setBigUint64(at + 192 + n * 16, v >> 64n, true)
    })
    all.set(c.image, at + 440)
  })
  return all
}

function decodeResult(bytes: Uint8Array, at: number): CpuResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, OUT_BYTES)
  const u64 = (o: number): bigint => view.getBigUint64(o, true)
  const signal = view.getUint32(152, true)
  return {
    gpr: Array.from({ length: 16 }, (_, n) => u64(n * 8)),
    flags: Number(u64(128)),
    // A breakpoint is reported behind itself.
    pc: u64(136) - (signal === SIGTRAP ? 1n : 0n),
    address: u64(144),
    signal,
    xmm: Array.from({ length: 16 }, (_, n) => u64(160 + n * 16) | (u64(168 + n * 16) << 64n)),
    image: bytes.slice(at + 416, at + 416 + IMAGE_BYTES),
  }
}

/** Stores 128 bits in two elements. */
export function setBig128(words: BigUint64Array, at: number, v: bigint): void {
  words[at] = v & 0xffffffffffffffffn
  words[at + 1] = v >> 64n
}
