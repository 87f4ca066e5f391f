// What GNU readelf and objdump find in objects is what was put there, and they find nothing to complain of.
import { globSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { compile, type CompiledModule, type Input, sourceAt } from '@k23/codegen'
import { parseFile } from '@k23/ir'
import { elfMachine, objectFile } from '@k23/object'
import { describe, expect, test } from 'vitest'
import { elfTargets, present, quietly, toolsFor, withFiles } from './tools.ts'

const root = resolve(import.meta.dirname, '../../..')
const data = process.env.K23_TEST_DATA ?? resolve(root, '../shared/data')

function input(file: string): Input {
  if (file.endsWith('.clif')) return parseFile(readFileSync(file, 'utf8')).functions.map((f) => f.func)
  return new Uint8Array(readFileSync(file))
}

/** What the tools say must not hold any of this. */
const COMPLAINT = /warning|corrupt|error:|unrecognized|<unknown|out of range/i

const files: readonly string[] = [
  ...['calls', 'control', 'i128', 'libcalls-memory', 'exceptions', 'quad'].map((f) =>
    join(root, 'filetests', `${f}.clif`),
  ),
  ...globSync(join(data, 'wasm-corpus/shootout/shootout-{fib2,minicsv}.wasm')),
]

/** What a target cannot compile is no matter of objects. */
function compiled(
  file: string,
  target: string,
  features: Readonly<Record<string, boolean>>,
): CompiledModule | undefined {
  try {
    return compile(input(file), { target, features })
  } catch (e) {
    if ((e as { code?: string }).code === 'unsupported') return undefined
    throw e
  }
}

describe.each(elfTargets)('%s', (target) => {
  const { prefix, features } = toolsFor(target)
  const tools = present(`${prefix}readelf`) && present(`${prefix}objdump`)
  const readelf = (path: string, ...args: string[]): string => quietly(`${prefix}readelf`, ['-W', ...args, path])

  test.skipIf(!tools)('readelf and objdump read every object without complaint', () => {
    let objects = 0
    for (const file of files) {
      for (const wanted of [{}, features]) {
        const module = compiled(file, target, wanted)
        if (module === undefined) continue
        objects++
        withFiles({ 'a.o': objectFile(module, { source: basename(file) }) }, (folder) => {
          const path = join(folder, 'a.o')
          const text = readelf(path, '-a', '-wilLaorRsfF') + quietly(`${prefix}objdump`, ['-d', '-r', '-x', '-W', path])
          expect(text).not.toMatch(COMPLAINT)
        })
      }
    }
    expect(objects).toBeGreaterThan(4)
  })

  test.skipIf(!tools)('symbols: kind, binding, place and size', () => {
    const module = compile(
      `function %first(i64) -> i64 { fn0 = %Memcpy(i64, i64, i64) -> i64 system_v fn1 = %outside(i64) -> i64
block0(v0: i64): v1 = call fn0(v0, v0, v0) v2 = call fn1(v1) return v2 }
function u0:7(i64) -> i64 { fn0 = %first(i64) -> i64 block0(v0: i64): v1 = call fn0(v0) return v1 }`,
      { target },
    )
    withFiles({ 'a.o': objectFile(module, { source: 'two.clif' }) }, (folder) => {
      const path = join(folder, 'a.o')
      const rows = readelf(path, '-s')
        .split('\n')
        .flatMap((l) => {
          const m = /^\s*\d+: (\w+)\s+(\d+) (\w+)\s+(\w+)\s+DEFAULT\s+(\w+) (.+)$/.exec(l)
          return m === null ? [] : [[m[6], m[3], m[4], m[5], Number.parseInt(m[1], 16), Number(m[2])]]
        })
      const of = (name: string) => rows.find((r) => r[0] === name)?.slice(1)
      const place = (name: string) => {
        const f = module.functions.find((x) => x.name === name)
        return [f?.start, f?.code.length]
      }
      expect(of('two.clif')).toEqual(['FILE', 'LOCAL', 'ABS', 0, 0])
      expect(of('first')).toEqual(['FUNC', 'GLOBAL', '1', ...place('%first')])
      expect(of('u0:7')).toEqual(['FUNC', 'GLOBAL', '1', ...place('u0:7')])
      expect(of('memcpy')).toEqual(['FUNC', 'WEAK', '1', ...place('%Memcpy')])
      expect(of('outside')).toEqual(['NOTYPE', 'GLOBAL', 'UND', 0, 0])
      const relocs = readelf(path, '-r').split('\n')
      for (const name of ['memcpy', 'outside', 'first'])
        expect(relocs.filter((l) => new RegExp(`R_\\w+\\s+\\w+ ${name} `).test(l)).length).toBeGreaterThan(0)
    })
  })

  test.skipIf(!tools)('the unwind table is the unwind rows', () => {
    const module = compile(input(join(root, 'filetests/calls.clif')), { target, features })
    withFiles({ 'a.o': objectFile(module) }, (folder) => {
      const path = join(folder, 'a.o')
      const found = unwindTable(quietly(`${prefix}readelf`, ['-W', '--debug-dump=frames-interp', path]))
      const { registers } = elfMachine(target) as NonNullable<ReturnType<typeof elfMachine>>
      const names = registerNames[target]
      let rows = 0
      for (const f of module.functions) {
        const wanted = f.unwind
          .filter((r) => r.offset < f.code.length)
          .map((r) => ({
            at: f.start + r.offset,
            cfa: `${names(registers.number(r.cfaReg))}${r.cfaOffset < 0 ? '' : '+'}${r.cfaOffset}`,
            saved: Object.fromEntries([
              ...(registers.returnSaved === undefined ? [] : [['ra', `c${registers.returnSaved}`]]),
              ...r.saved.map(([reg, place]) => [names(registers.number(reg)), `c${place < 0 ? '' : '+'}${place}`]),
            ]),
          }))
        rows += wanted.length
        expect(found.get(f.start)).toEqual(wanted)
      }
      expect(rows).toBeGreaterThan(50)
    })
  })

  test.skipIf(!tools || files.length < 8)('the line table of a module without one of its own: byte offsets', () => {
    const { module, rows } = lines(target, join(data, 'wasm-corpus/blake3-scalar/benchmark.wasm'))
    let compared = 0
    for (const f of module.functions.slice(0, module.wasm?.functions.length)) {
      for (let i = 0; i < f.srclocs.length; i += 2) {
        if (f.srclocs[i] >= f.code.length || (i > 0 && f.srclocs[i - 1] === f.srclocs[i + 1])) continue
        const loc = f.srclocs[i + 1]
        expect(rows.get(f.start + f.srclocs[i])).toBe(`benchmark.wasm[offset]:${loc === -1 ? 0 : loc}`)
        compared++
      }
    }
    expect(compared).toBeGreaterThan(10_000)
  })

  const llvm = ['llvm-dwarfdump-19', 'llvm-dwarfdump'].find(present)
  test.skipIf(!tools || files.length < 8 || llvm === undefined)(
    "the line table of a module with one of its own: that table's positions, as LLVM reads it",
    () => {
      const file = join(data, 'wasm-corpus/bz2/benchmark.wasm')
      const { module, rows } = lines(target, file)
      const wanted = llvmLines(quietly(llvm as string, ['--debug-line', file]))
      // Addresses count from the code section's contents.
      const code = codeStart(readFileSync(file))
      let compared = 0
      for (const [at, position] of rows) {
        const loc = sourceAt(module, at)
        if (loc === -1) continue
        const own = wanted(loc - code)
        if (own === undefined) expect(position).toBe(`benchmark.wasm[offset]:${loc}`)
        else {
          expect(position).toBe(own)
          compared++
        }
      }
      expect(compared).toBeGreaterThan(4000)
    },
  )

  /** Rows of the object's line table as `file:line`, by offset in the code. */
  function lines(to: string, file: string): { module: CompiledModule; rows: Map<number, string> } {
    const module = compile(input(file), { target: to })
    const rows = withFiles({ 'a.o': objectFile(module, { source: basename(file) }) }, (folder) => {
      // Relocations against the code are those of a file that begins at 0.
      const text = readelf(join(folder, 'a.o'), '--debug-dump=decodedline')
      return new Map(
        text.split('\n').flatMap((l) => {
          const m = /^(\S.*?)\s+(\d+|-)\s+(0x[0-9a-f]+|0)(?:\s|$)/.exec(l)
          return m === null || m[2] === '-' ? [] : [[Number(m[3]), `${m[1]}:${m[2]}`] as const]
        }),
      )
    })
    return { module, rows }
  }
})

/** Names that readelf gives registers, by DWARF number. */
const registerNames: Readonly<Record<string, (n: number) => string>> = {
  riscv64: (n) =>
    n < 32
      ? 'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(
          ' ',
        )[n]
      : 'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11'.split(
          ' ',
        )[n - 32],
  x64: (n) =>
    n < 17 ? 'rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 ra'.split(' ')[n] : `xmm${n - 17}`,
}

interface FoundRow {
  readonly at: number
  readonly cfa: string
  readonly saved: Readonly<Record<string, string>>
}

/** Rows by the start of their function; registers that are not saved are left out. */
function unwindTable(text: string): Map<number, FoundRow[]> {
  const out = new Map<number, FoundRow[]>()
  let rows: FoundRow[] = []
  let columns: string[] = []
  for (const line of text.split('\n')) {
    const fde = /FDE cie=\w+ pc=([0-9a-f]+)\.\./.exec(line)
    if (fde !== null) {
      rows = []
      out.set(Number.parseInt(fde[1], 16), rows)
    }
    const words = line.trim().split(/\s+/)
    if (words[0] === 'LOC') columns = words.slice(2)
    if (/^[0-9a-f]{16}$/.test(words[0]) && words[1]?.includes('+') !== undefined && columns !== undefined) {
      if (line.includes('CIE') || line.includes('FDE')) continue
      const saved = Object.fromEntries(columns.map((c, i) => [c, words[i + 2]]).filter(([, p]) => p !== 'u'))
      rows.push({ at: Number.parseInt(words[0], 16), cfa: words[1], saved })
    }
  }
  return out
}

/** `file:line` by address, from `llvm-dwarfdump --debug-line`. */
function llvmLines(text: string): (address: number) => string | undefined {
  interface Row {
    address: number
    position: string | undefined
  }
  const sequences: Row[][] = []
  let names: string[] = []
  let sequence: Row[] = []
  for (const l of text.split('\n')) {
    if (l.startsWith('debug_line[')) names = []
    const file = /^file_names\[\s*(\d+)\]/.exec(l)
    const name = /^\s+name: "(.*)"/.exec(l)
    if (file !== null) names.length = Number(file[1])
    if (name !== null) names.push(name[1])
    const row = /^0x([0-9a-f]{16})\s+(\d+)\s+\d+\s+(\d+)\s/.exec(l)
    if (row === null) continue
    const address = Number.parseInt(row[1], 16)
    const end = l.includes('end_sequence')
    sequence.push({ address, position: end ? undefined : `${names[Number(row[3])]}:${row[2]}` })
    if (!end) continue
    if (sequence[0].address !== 0) sequences.push(sequence)
    sequence = []
  }
  return (address) => {
    const s = sequences.find((x) => x[0].address <= address && address < x[x.length - 1].address)
    return s?.findLast((r) => r.address <= address)?.position
  }
}

function codeStart(module: Uint8Array): number {
  let at = 8
  for (;;) {
    const id = module[at++]
    let size = 0
    let scale = 1
    for (let b = 128; b >= 128; scale *= 128) size += ((b = module[at++]) & 127) * scale
    if (id === 10) return at
    at += size
  }
}
