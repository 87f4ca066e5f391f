// The independent tools that the rows are compared with: GNU as, and llvm-mc as a disassembler. Found in PATH, or where K23_X64_AS and
// K23_LLVM_MC point.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bytes between the starts of assembled instructions; none is longer than 15. */
export const SLOT = 16
/** What fills a slot behind the instruction. */
export const FILLER = 0xcc

export interface Assembler {
  readonly name: string
  /** Machine code of lines, one instruction each, each in a slot of its own. Throws with the lines that it refuses. */
  assemble(lines: readonly string[]): Uint8Array
}

function run(command: string, args: string[], input?: string): { ok: boolean; out: string; err: string } {
  const r = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, input })
  return { ok: r.error === undefined && r.status === 0, out: r.stdout ?? '', err: r.stderr ?? '' }
}

function refusals(err: string, lines: readonly string[]): string {
  const found = [...err.matchAll(/in\.s:(\d+):.*?error: (.*)/gi)].map(
    (m) => `${lines[Math.floor((Number(m[1]) - 1) / 2)]}   (${m[2]})`,
  )
  return found.length === 0 ? err : `${found.length} lines refused:\n${found.slice(0, 40).join('\n')}`
}

/** The .text section of an ELF64 little-endian object; refuses one with fields left to the linker. */
function elfText(elf: Uint8Array): Uint8Array {
  const v = new DataView(elf.buffer, elf.byteOffset, elf.byteLength)
  const sections = Number(v.getBigUint64(0x28, true))
  const count = v.getUint16(0x3c, true)
  const header = (i: number) => sections + 64 * i
  const offset = (i: number) => Number(v.getBigUint64(header(i) + 24, true))
  const size = (i: number) => Number(v.getBigUint64(header(i) + 32, true))
  const names = offset(v.getUint16(0x3e, true))
  const name = (i: number) => {
    const at = names + v.getUint32(header(i), true)
    return new TextDecoder().decode(elf.subarray(at, elf.indexOf(0, at)))
  }
  let text: Uint8Array | undefined
  for (let i = 1; i < count; i++) {
    if (name(i) === '.rela.text') throw new Error('the assembler left relocations in .text')
    if (name(i) === '.text') text = elf.slice(offset(i), offset(i) + size(i))
  }
  if (text === undefined) throw new Error('the assembler wrote no .text')
  return text
}

/** GNU as, or why there is none. */
export function findGnuAs(): Assembler | string {
  const tool = process.env.K23_X64_AS ?? (process.arch === 'x64' ? 'as' : 'x86_64-linux-gnu-as')
  const version = run(tool, ['--version'])
  if (!version.ok || !/GNU assembler/.test(version.out))
    return `${tool} is no GNU as (Debian: binutils-x86-64-linux-gnu)`
  return {
    name: version.out.split('\n')[0],
    assemble(lines) {
      const folder = mkdtempSync(join(tmpdir(), 'k23-as-'))
      try {
        const [input, object] = [join(folder, 'in.s'), join(folder, 'out.o')]
        writeFileSync(input, lines.map((line) => `${line}\n.balign ${SLOT}, ${FILLER}\n`).join(''))
        const { ok, err } = run(tool, ['--64', input, '-o', object])
        if (!ok) throw new Error(refusals(err, lines))
        return elfText(readFileSync(object))
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  }
}

export interface Disassembler {
  readonly name: string
  /** AT&T text of each instruction; 'undefined' where it knows none. */
  disassemble(instructions: readonly Uint8Array[]): string[]
}

/** llvm-mc, or why there is none. */
export function findLlvmMc(): Disassembler | string {
  const tools = process.env.K23_LLVM_MC
    ? [process.env.K23_LLVM_MC]
    : ['llvm-mc', 'llvm-mc-19', 'llvm-mc-18', 'llvm-mc-14']
  for (const tool of tools) {
    const version = run(tool, ['--version']).out.match(/LLVM version (\d+)\S*/)
    // AVX-VNNI came with 12.
    if (version === null || Number(version[1]) < 12) continue
    return {
      name: version[0],
      disassemble(instructions) {
        const input = instructions
          .map((bytes) => `${[...bytes].map((b) => `0x${b.toString(16)}`).join(' ')}\n`)
          .join('')
        const { out, err } = run(tool, ['--disassemble', '-triple=x86_64', '-mattr=+avxvnni,+avx512f,+avx512vl'], input)
        // The prefix comes on a line of its own, and what is undefined on none.
        const texts = out
          .replace(/\block\s*\n/g, 'lock ')
          .split('\n')
          .map((line) => line.replaceAll('\t', ' ').trim())
          .filter((line) => line !== '' && line !== '.text')
        const unknown = new Set([...err.matchAll(/^<stdin>:(\d+):/gm)].map((m) => Number(m[1]) - 1))
        let at = 0
        return instructions.map((_, i) => (unknown.has(i) ? 'undefined' : (texts[at++] ?? 'nothing')))
      },
    }
  }
  return 'no llvm-mc of version 12 or newer is installed (Debian: llvm)'
}
