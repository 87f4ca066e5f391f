// Symbols of other objects: the sequences and relocations are those that GNU as makes for la, la.tls.gd and call.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { disassemble } from '@k23/isa-riscv64/insts'
import { expect, test } from 'vitest'
import { CodegenError, compile } from '@k23/codegen'

const gnu = 'riscv64-linux-gnu-'
const assembler = spawnSync(`${gnu}as`, ['--version']).status === 0

/** Bytes of the text section and its relocations in order, as `offset type symbol`. */
function assemble(source: string): { code: Uint8Array; relocs: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'k23-pic-'))
  try {
    const object = join(folder, 'a.o')
    const binary = join(folder, 'a.bin')
    writeFileSync(join(folder, 'a.s'), source)
    const run = (tool: string, args: string[]): string => {
      const done = spawnSync(`${gnu}${tool}`, args, { encoding: 'utf8' })
      if (done.status !== 0) throw new Error(done.stderr)
      return done.stdout
    }
    run('as', ['-march=rv64gc', '-fpic', '-o', object, join(folder, 'a.s')])
    run('objcopy', ['-O', 'binary', '-j', '.text', object, binary])
    const relocs = run('readelf', ['-rW', object])
      .split('\n')
      .flatMap((l) => l.match(/^([0-9a-f]{16})\s+\S+\s+(R_RISCV_\w+)\s+\S+\s+(\S+)/)?.slice(1) ?? [])
    const rows: string[] = []
    for (let i = 0; i < relocs.length; i += 3)
      if (!/RELAX|LO12_I/.test(relocs[i + 1]))
        rows.push(`${Number.parseInt(relocs[i], 16)} ${relocs[i + 1]} ${relocs[i + 2]}`)
    return { code: readFileSync(binary), relocs: rows }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What object files will call our kinds. */
const ELF: Readonly<Record<string, string>> = {
  riscv_call_plt: 'R_RISCV_CALL_PLT',
  riscv_pcrel_addr: 'R_RISCV_PCREL_HI20',
  riscv_got_pcrel: 'R_RISCV_GOT_HI20',
  riscv_tls_gd: 'R_RISCV_TLS_GD_HI20',
}

/** Our code at the first relocation against `symbol`, as long as the assembler's, and the relocations in it. */
function ours(
  text: string,
  settings: Record<string, boolean | string>,
  symbol: string,
  length: number,
): { code: Uint8Array; relocs: string[] } {
  const m = compile(text, { target: 'riscv64', settings })
  const start = m.relocs.find((r) => r.symbol === symbol)?.offset as number
  return {
    code: m.image.slice(start, start + length),
    relocs: m.relocs
      .filter((r) => r.offset >= start && r.offset < start + length)
      .map((r) => `${r.offset - start} ${ELF[r.kind]} ${r.symbol.slice(1)}`),
  }
}

/** The register that the first instruction writes. */
const register = (code: Uint8Array): string => disassemble(code, 0, 4)[0].text.split(/[\s,]+/)[1]

function agree(
  text: string,
  settings: Record<string, boolean | string>,
  symbol: string,
  source: (reg: string) => string,
  length: number,
): void {
  const mine = ours(text, settings, symbol, length)
  const want = assemble(source(register(mine.code)))
  expect(want.code.length).toBe(length)
  expect([...mine.code]).toEqual([...want.code])
  expect(mine.relocs).toEqual(want.relocs)
}

const address = (near: string, op = 'symbol_value'): string => `function %f() -> i64 {
    gv0 = symbol ${near}%x
block0:
    v0 = ${op}.i64 gv0
    return v0
}`

test.skipIf(!assembler)('the address of a symbol', () => {
  agree(address('colocated '), {}, '%x', (r) => `lla ${r}, x`, 8)
  agree(address('colocated '), { is_pic: true }, '%x', (r) => `lla ${r}, x`, 8)
  agree(address(''), { is_pic: true }, '%x', (r) => `la ${r}, x`, 8)
})

test.skipIf(!assembler)('the address of a function, and calls', () => {
  const text = (near: string): string => `function %f() -> i64 {
    fn0 = ${near}%x() -> i64
block0:
    v0 = func_addr.i64 fn0
    return v0
}`
  agree(text(''), { is_pic: true }, '%x', (r) => `la ${r}, x`, 8)
  agree(text('colocated '), { is_pic: true }, '%x', (r) => `lla ${r}, x`, 8)
  const call = 'function %f() -> i64 { fn0 = %x() -> i64 block0: v0 = call fn0() return v0 }'
  agree(call, { is_pic: true }, '%x', () => 'call x@plt', 8)
})

test.skipIf(!assembler)('thread-local symbols, general dynamic', () => {
  const text = address('tls ', 'tls_value')
  const settings = { is_pic: true, tls_model: 'elf_gd', regalloc_algorithm: 'backtracking' }
  agree(
    text,
    settings,
    '%x',
    (r) => `la.tls.gd ${r}, x\n${r === 'a0' ? '' : `mv a0, ${r}\n`}call __tls_get_addr@plt`,
    16,
  )
})

test('without position-independent code, what is not colocated may be anywhere: its address is a word behind the function', () => {
  for (const text of [
    address(''),
    'function %f() -> i64 { fn0 = %x() -> i64 block0: v0 = func_addr.i64 fn0 return v0 }',
    'function %f() -> i64 { fn0 = %x() -> i64 block0: v0 = call fn0() return v0 }',
    'function %f() -> i64 tail { fn0 = %x() -> i64 tail block0: return_call fn0() }',
  ]) {
    const m = compile(text, { target: 'riscv64' })
    expect(m.relocs).toEqual([{ offset: m.image.length - 8, kind: 'abs64', symbol: '%x', addend: 0n }])
    const lines = disassemble(m.image, 0, m.image.length - 8)
    const at = lines.findIndex((l) => l.text.startsWith('auipc'))
    const [, reg] = /^auipc (\w+), 0$/.exec(lines[at].text) as RegExpExecArray
    expect(lines[at + 1].text).toBe(`ld ${reg}, ${m.image.length - 8 - lines[at].offset}(${reg})`)
  }
})

test('an image resolves what it has itself without a table of addresses', () => {
  const m = compile(
    `function %f() -> i64 {
    fn0 = %g() -> i64
block0:
    v0 = func_addr.i64 fn0
    return v0
}
function %g() -> i64 { block0: v0 = iconst.i64 1 return v0 }`,
    { target: 'riscv64', settings: { is_pic: true } },
  )
  expect(m.relocs).toEqual([])
  expect(disassemble(m.image, 0, 8).map((l) => l.text.split(' ')[0])).toEqual(['auipc', 'addi'])
})

test.each(['none', 'macho', 'coff'])('thread-local storage of the model %s is refused', (tls_model) => {
  try {
    compile(address('tls ', 'tls_value'), { target: 'riscv64', settings: { tls_model } })
    expect.unreachable()
  } catch (e) {
    expect(e).toBeInstanceOf(CodegenError)
    expect((e as CodegenError).mend).toBe('set tls_model=elf_gd')
  }
})
