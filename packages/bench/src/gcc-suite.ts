// Code size and executed instructions per kernel against gcc -O2 for the same machine: the same algorithm in C and in CLIF, both run on the emulator, which
// counts. The results must be equal. Without gcc for riscv64 there are no rows. `node packages/bench/src/gcc-suite.ts` prints the table.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { PERM_READ, PERM_WRITE, type PlaceableImage, placeImage, RETURNED } from '@k23/machine'

export interface GccRow {
  readonly kernel: string
  readonly gccBytes: number
  readonly bytes: number
  readonly gccInstructions: number
  readonly instructions: number
}

interface Kernel {
  readonly name: string
  /** Defines `long NAME(char *area, long n)`. */
  readonly c: string
  /** Defines `function %NAME(i64, i64) -> i64 system_v`. */
  readonly clif: string
  readonly n: number
}

const kernels: readonly Kernel[] = [
  {
    name: 'sum',
    n: 4000,
    c: 'long sum(char *p, long n) { int *a = (int *)p; long s = 0; for (long i = 0; i < n; i++) s += a[i]; return s; }',
    clif: `function %sum(i64, i64) -> i64 system_v {
block0(v0: i64, v1: i64):
    v2 = iconst.i64 0
    v3 = icmp sgt v1, v2
    brif v3, block1(v2, v2), block2(v2)
block1(v4: i64, v5: i64):
    v6 = ishl_imm v4, 2
    v7 = iadd v0, v6
    v8 = sload32 notrap v7
    v9 = iadd v5, v8
    v10 = iadd_imm v4, 1
    v11 = icmp slt v10, v1
    brif v11, block1(v10, v9), block2(v9)
block2(v12: i64):
    return v12
}`,
  },
  {
    name: 'fnv',
    n: 8000,
    c: 'long fnv(char *p, long n) { unsigned long h = 0xcbf29ce484222325; for (long i = 0; i < n; i++) { h ^= (unsigned char)p[i]; h *= 0x100000001b3; } return h; }',
    clif: `function %fnv(i64, i64) -> i64 system_v {
block0(v0: i64, v1: i64):
    v2 = iconst.i64 0
    v3 = iconst.i64 0xcbf29ce484222325
    v13 = iconst.i64 0x100000001b3
    jump block1(v2, v3)
block1(v4: i64, v5: i64):
    v6 = icmp slt v4, v1
    brif v6, block2, block3
block2:
    v7 = iadd v0, v4
    v8 = uload8.i64 notrap v7
    v9 = bxor v5, v8
    v10 = imul v9, v13
    v11 = iadd_imm v4, 1
    jump block1(v11, v10)
block3:
    return v5
}`,
  },
  {
    name: 'fib',
    n: 18,
    c: '__attribute__((noinline)) long fib(char *p, long n) { return n < 2 ? n : fib(p, n - 1) + fib(p, n - 2); }',
    clif: `function %fib(i64, i64) -> i64 system_v {
    fn0 = colocated %fib(i64, i64) -> i64 system_v
block0(v0: i64, v1: i64):
    v2 = iconst.i64 2
    v3 = icmp slt v1, v2
    brif v3, block1, block2
block1:
    return v1
block2:
    v4 = iadd_imm v1, -1
    v5 = call fn0(v0, v4)
    v6 = iadd_imm v1, -2
    v7 = call fn0(v0, v6)
    v8 = iadd v5, v7
    return v8
}`,
  },
  {
    name: 'gcds',
    n: 200,
    c: 'long gcds(char *p, long n) { unsigned long s = 0; for (unsigned long i = 1; i < n; i++) { unsigned long a = i * 7919, b = i + 1000; while (b) { unsigned long t = a % b; a = b; b = t; } s += a; } return s; }',
    clif: `function %gcds(i64, i64) -> i64 system_v {
block0(v0: i64, v1: i64):
    v2 = iconst.i64 0
    v3 = iconst.i64 1
    jump block1(v3, v2)
block1(v4: i64, v5: i64):
    v6 = icmp ult v4, v1
    brif v6, block2, block5
block2:
    v7 = imul_imm v4, 7919
    v8 = iadd_imm v4, 1000
    jump block3(v7, v8)
block3(v9: i64, v10: i64):
    brif v10, block4, block6
block4:
    v11 = urem v9, v10
    jump block3(v10, v11)
block6:
    v12 = iadd v5, v9
    v13 = iadd_imm v4, 1
    jump block1(v13, v12)
block5:
    return v5
}`,
  },
  {
    name: 'sieve',
    n: 4000,
    c: 'long sieve(char *p, long n) { for (long i = 0; i < n; i++) p[i] = 1; long c = 0; for (long i = 2; i < n; i++) if (p[i]) { c++; for (long k = i * i; k < n; k += i) p[k] = 0; } return c; }',
    clif: `function %sieve(i64, i64) -> i64 system_v {
    fn0 = colocated %Memset(i64, i64, i64) -> i64 system_v
block0(v0: i64, v1: i64):
    v2 = iconst.i64 0
    v3 = iconst.i64 1
    v20 = iconst.i64 2
    v21 = call fn0(v0, v3, v1)
    jump block3(v20, v2)
block3(v7: i64, v8: i64):
    v9 = icmp slt v7, v1
    brif v9, block4, block9
block4:
    v10 = iadd v0, v7
    v11 = uload8.i64 notrap v10
    v12 = iadd_imm v7, 1
    brif v11, block5, block3(v12, v8)
block5:
    v13 = iadd_imm v8, 1
    v14 = imul v7, v7
    jump block6(v14)
block6(v15: i64):
    v16 = icmp slt v15, v1
    brif v16, block7, block3(v12, v13)
block7:
    v17 = iadd v0, v15
    istore8 notrap v2, v17
    v18 = iadd v15, v7
    jump block6(v18)
block9:
    return v8
}`,
  },
  {
    name: 'dot',
    n: 1500,
    c: 'long dot(char *p, long n) { double *a = (double *)p, s = 0; for (long i = 0; i < n; i++) { double x = (double)(i & 255), y = x * 0.5 + 1; a[i] = y; s += a[i] * x; } return (long)s; }',
    clif: `function %dot(i64, i64) -> i64 system_v {
block0(v0: i64, v1: i64):
    v2 = iconst.i64 0
    v3 = f64const 0.0
    v4 = f64const 0x1.0p-1
    v5 = f64const 0x1.0p0
    jump block1(v2, v3)
block1(v6: i64, v7: f64):
    v8 = icmp slt v6, v1
    brif v8, block2, block3
block2:
    v9 = band_imm v6, 255
    v10 = fcvt_from_sint.f64 v9
    v11 = fma v10, v4, v5
    v12 = ishl_imm v6, 3
    v13 = iadd v0, v12
    store notrap v11, v13
    v14 = fma v11, v10, v7
    v15 = iadd_imm v6, 1
    jump block1(v15, v14)
block3:
    v16 = fcvt_to_sint_sat.i64 v7
    return v16
}`,
  },
]

/** CLIF text with the immediate forms of the builder written out. */
function expand(text: string): string {
  let next = 1000
  return text.replace(/^( *)(v\d+) = (\w+)_imm (v\d+), (-?\d+)$/gm, (_, indent, to, op, x, k) => {
    const c = `v${next++}`
    return `${indent}${c} = iconst.i64 ${k}\n${indent}${to} = ${op} ${x}, ${c}`
  })
}

const GCC = 'riscv64-linux-gnu-gcc'
const OPTIONS = [
  '-O2',
  '-march=rv64gc',
  '-mabi=lp64d',
  '-ffreestanding',
  '-fno-pic',
  '-mcmodel=medany',
  '-nostdlib',
  '-static',
]
const BASE = 0x10000

interface Built extends PlaceableImage {
  readonly start: number
  /** Bytes of the kernel itself. */
  readonly bytes: number
}

/** Compiled and linked by gcc: the text, and where the kernel is. */
function withGcc(k: Kernel, folder: string): Built {
  const run = (tool: string, args: readonly string[]): string => {
    const done = spawnSync(tool, args, { encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`${tool}: ${done.stderr ?? done.error}`)
    return done.stdout
  }
  const source = join(folder, `${k.name}.c`)
  const program = join(folder, k.name)
  const text = join(folder, `${k.name}.bin`)
  // gcc makes calls of memset from loops even where there is no C library.
  const memset =
    'void *memset(void *p, int c, unsigned long n) { char *q = p; while (n--) { *q++ = c; __asm__ volatile(""); } return p; }'
  writeFileSync(source, `${memset}\n${k.c}\n`)
  const script = join(folder, 'layout.ld')
  writeFileSync(
    script,
    `SECTIONS { . = ${BASE}; .text : { *(.text*) *(.rodata*) *(.srodata*) *(.sdata*) } /DISCARD/ : { *(*) } }\n`,
  )
  run(GCC, [...OPTIONS, `-Wl,-T,${script}`, '-Wl,--build-id=none', `-Wl,-e,${k.name}`, '-o', program, source])
  run('riscv64-linux-gnu-objcopy', ['-O', 'binary', '-j', '.text', program, text])
  const symbol = run('riscv64-linux-gnu-readelf', ['-sW', program])
    .split('\n')
    .map((l) => l.trim().split(/\s+/))
    .find((f) => f[7] === k.name) as string[]
  return {
    image: readFileSync(text),
    alignment: 16,
    absolutes: [],
    start: Number.parseInt(symbol[1], 16) - BASE,
    bytes: Number(symbol[2]),
  }
}

function ourselves(k: Kernel): Built {
  const m = compile(expand(k.clif), { target: 'riscv64', features: { has_c: true }, optLevel: 'speed' })
  if (m.relocs.length !== 0) throw new Error(`${k.name}: ${m.relocs[0].symbol} is not there`)
  return { ...m, start: m.functions[0].start, bytes: m.functions[0].code.length }
}

/** All kernels; nothing where gcc for riscv64 is not installed. */
export function gccSuite(): GccRow[] {
  if (spawnSync(GCC, ['--version']).status !== 0) return []
  const machine = createRiscv64Machine()
  const hart = machine.createHart()
  const area = machine.memory.map(1 << 16, PERM_READ | PERM_WRITE)
  const run = (b: Built, n: number): { result: string; instructions: number } => {
    const view = machine.memory.view(area, 1 << 16)
    for (let i = 0; i < view.length; i++) view[i] = (i * 31) ^ (i >> 5)
    const base = placeImage(machine, b)
    machine.enter(hart, base + b.start, [area, n])
    const before = hart.instructions
    const { kind, trapKind, pc } = machine.run(hart)
    if (kind !== RETURNED) throw new Error(`stopped: ${kind} ${trapKind} at ${pc - base}`)
    const { lo, hi } = hart.readRegister(10)
    machine.removeCode(base)
    return { result: `${hi} ${lo}`, instructions: hart.instructions - before }
  }
  const folder = mkdtempSync(join(tmpdir(), 'k23-gcc-'))
  try {
    return kernels.map((k) => {
      const theirs = withGcc(k, folder)
      const mine = ourselves(k)
      const a = run(theirs, k.n)
      const b = run(mine, k.n)
      if (a.result !== b.result) throw new Error(`${k.name}: gcc's code gives ${a.result}, ours ${b.result}`)
      return {
        kernel: k.name,
        gccBytes: theirs.bytes,
        bytes: mine.bytes,
        gccInstructions: a.instructions,
        instructions: b.instructions,
      }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (import.meta.main) {
  const pad = (x: unknown, n: number): string => String(x).padStart(n)
  console.log('kernel   gcc bytes  bytes   gcc instructions  instructions')
  for (const r of gccSuite())
    console.log(
      `${r.kernel.padEnd(8)} ${pad(r.gccBytes, 9)} ${pad(r.bytes, 6)} ${pad(r.gccInstructions, 18)} ${pad(r.instructions, 13)}  ${pad((r.instructions / r.gccInstructions).toFixed(2), 6)}`,
    )
}
