// The independent assemblers that the rows are compared with: GNU as, and llvm-mc, which in version 19 knows extensions that GNU as 2.40 lacks.
//
// Found in PATH, or where K23_RISCV64_AS and K23_LLVM_MC point. What each knows is asked, not assumed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Assembler {
  readonly name: string
  /** True if it knows the extension (`Zfa`; the letters of rv64gc too). */
  knows(extension: string): boolean
  /** Machine code of lines, one instruction each, in the section's order. `compressed`: 16-bit forms. Throws with the lines that it refuses. */
  assemble(lines: readonly string[], compressed: boolean): Uint8Array
}

/** Older ones spell some operands differently. */
const MIN_LLVM = 17

const GC = ['M', 'A', 'F', 'D', 'C', 'Zicsr', 'Zifencei']
const ASKED = [
  'Zihintpause',
  'Zba',
  'Zbb',
  'Zbs',
  'Zbc',
  'Zbkb',
  'Zicond',
  'Zfhmin',
  'Zfh',
  'Zfa',
  'Zcb',
  'V',
  'Zvkb',
  'Zvbb',
  'Zvfh',
]

function run(command: string, args: string[]): { ok: boolean; out: string; err: string } {
  const r = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
  return { ok: r.error === undefined && r.status === 0, out: r.stdout ?? '', err: r.stderr ?? '' }
}

/** Runs `tool` on the source and returns .text; the complaints of `tool`, with their lines, become the error. */
function textSection(tool: string, source: string, args: (input: string, output: string) => string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'k23-as-'))
  try {
    const [input, object] = [join(folder, 'in.s'), join(folder, 'out.o')]
    writeFileSync(input, source)
    const { ok, err } = run(tool, args(input, object))
    if (!ok) throw new Error(refusals(err, source.split('\n')))
    return elfText(readFileSync(object))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function refusals(err: string, lines: readonly string[]): string {
  const found = [...err.matchAll(/in\.s:(\d+):.*?error: (.*)/gi)].map((m) => `${lines[Number(m[1]) - 1]}   (${m[2]})`)
  return found.length === 0 ? err : `${found.length} lines refused:\n${found.slice(0, 40).join('\n')}`
}

/** R_RISCV_BRANCH, JAL, RVC_BRANCH, RVC_JUMP: GNU as keeps them for `. + n`, and writes the distance into the field as well. */
const RESOLVED = [16, 17, 44, 45]

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
    if (name(i) === '.rela.text') {
      for (let at = offset(i); at < offset(i) + size(i); at += 24) {
        const type = v.getUint32(at + 8, true)
        if (!RESOLVED.includes(type)) throw new Error(`the assembler left a relocation of type ${type} in .text`)
      }
    }
    if (name(i) === '.text') text = elf.slice(offset(i), offset(i) + size(i))
  }
  if (text === undefined) throw new Error('the assembler wrote no .text')
  return text
}

/** GNU as, or why there is none. */
export function findGnuAs(): Assembler | string {
  const tool = process.env.K23_RISCV64_AS ?? 'riscv64-linux-gnu-as'
  const version = run(tool, ['--version'])
  if (!version.ok) return `${tool} is not installed (Debian: binutils-riscv64-linux-gnu)`
  const march = (list: readonly string[]) => `-march=rv64gc${list.map((e) => `_${e.toLowerCase()}`).join('')}`
  const known = ASKED.filter((e) => {
    try {
      textSection(tool, 'nop\n', (input, output) => [march([e]), input, '-o', output])
      return true
    } catch {
      return false
    }
  })
  return {
    name: version.out.split('\n')[0],
    knows: (e) => GC.includes(e) || known.includes(e),
    assemble(lines, compressed) {
      const options = compressed ? '.option norelax' : '.option norelax; .option norvc'
      return textSection(tool, `${options}\n${lines.join('\n')}\n`, (input, output) => [
        march(known),
        input,
        '-o',
        output,
      ])
    },
  }
}

/** llvm-mc, or why there is none. */
export function findLlvmMc(): Assembler | string {
  const tools = process.env.K23_LLVM_MC
    ? [process.env.K23_LLVM_MC]
    : ['llvm-mc-22', 'llvm-mc-21', 'llvm-mc-20', 'llvm-mc-19', 'llvm-mc']
  for (const tool of tools) {
    const help = run(tool, ['-triple=riscv64', '-mattr=help', '/dev/null'])
    if (!help.ok || !/^\s+zba /m.test(`${help.out}${help.err}`)) continue
    const version = run(tool, ['--version']).out.match(/LLVM version (\d+)\S*/)
    if (version === null || Number(version[1]) < MIN_LLVM) continue
    const known = ASKED.filter((e) => new RegExp(`^\\s+${e.toLowerCase()} `, 'm').test(`${help.out}${help.err}`))
    return {
      name: version[0],
      knows: (e) => GC.includes(e) || known.includes(e),
      assemble(lines, compressed) {
        const features = ['m', 'a', 'f', 'd', ...(compressed ? ['c'] : []), ...known.map((e) => e.toLowerCase())]
        // Zcb implies part of C, which would let the assembler shorten.
        const used = compressed ? features : features.filter((f) => f !== 'zcb')
        return textSection(tool, `${lines.join('\n')}\n`, (input, output) => [
          '-triple=riscv64',
          `-mattr=${used.map((f) => `+${f}`).join()}`,
          '-filetype=obj',
          input,
          '-o',
          output,
        ])
      },
    }
  }
  return `no llvm-mc of version ${MIN_LLVM} or newer is installed (Debian: llvm-19)`
}
