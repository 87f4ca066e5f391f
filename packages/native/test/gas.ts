// GNU as for x64: bytes of a program in AT&T syntax, and offsets of its labels.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The assembler for x64 on this machine, or why there is none. */
export const assembler: { readonly as: string; readonly prefix: string } | string = findAssembler()

function findAssembler(): { as: string; prefix: string } | string {
  for (const prefix of ['x86_64-linux-gnu-', '']) {
    const help = spawnSync(`${prefix}as`, ['--help'], { encoding: 'utf8' })
    if (help.status === 0 && help.stdout.includes('--64')) return { as: `${prefix}as`, prefix }
  }
  return 'GNU as for x64 is missing (Debian: binutils-x86-64-linux-gnu)'
}

export interface Assembled {
  readonly bytes: Uint8Array
  readonly labels: ReadonlyMap<string, number>
}

export function assemble(text: string): Assembled {
  if (typeof assembler === 'string') throw new Error(assembler)
  const { as, prefix } = assembler
  const folder = mkdtempSync(join(tmpdir(), 'k23-native-'))
  const object = join(folder, 'a.o')
  const flat = join(folder, 'a.bin')
  try {
    writeFileSync(join(folder, 'a.s'), `.text\n${text}\n`)
    check(as, ['--64', '-o', object, join(folder, 'a.s')])
    check(`${prefix}objcopy`, ['-O', 'binary', '-j', '.text', object, flat])
    const symbols = check(`${prefix}nm`, [object])
    const labels = new Map<string, number>()
    for (const line of symbols.split('\n')) {
      const [value, , name] = line.split(/\s+/)
      if (name !== undefined) labels.set(name, Number.parseInt(value, 16))
    }
    return { bytes: new Uint8Array(readFileSync(flat)), labels }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function check(command: string, args: readonly string[]): string {
  const run = spawnSync(command, args, { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${run.error?.message ?? run.stderr}`)
  return run.stdout
}
