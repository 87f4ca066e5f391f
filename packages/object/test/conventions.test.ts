// The calling conventions of x64 against gcc's, in both directions: the system's own, and Microsoft's (`ms_abi`). The C is compiled with and without optimization:
// without, functions under ms_abi write their register arguments to the 32 bytes that the caller has to leave for them.
import { join } from 'node:path'
import { compile } from '@k23/codegen'
import { objectFile } from '@k23/object'
import { describe, expect, test } from 'vitest'
import { present, quietly, toolsFor, withFiles } from './tools.ts'

const { prefix, runner } = toolsFor('x64')
const gcc = `${prefix}gcc`
const usable = present(gcc) && (runner.length === 0 || present(runner[0]))

interface Ctype {
  readonly c: string
  readonly clif: string
  /** printf format. */
  readonly format: string
}

// biome-ignore format: table
const types: Readonly<Record<string, Ctype>> = {
  l: { c: 'long',          clif: 'i64', format: '%ld' },
  i: { c: 'int',           clif: 'i32', format: '%d' },
  s: { c: 'short',         clif: 'i16', format: '%d' },
  c: { c: 'signed char',   clif: 'i8',  format: '%d' },
  d: { c: 'double',        clif: 'f64', format: '%g' },
  f: { c: 'float',         clif: 'f32', format: '%g' },
}

/** Parameters, by letter. */
const lists: readonly string[] = [
  'l',
  'd',
  'ilsc',
  'dfdf',
  'ldif',
  'dlfi',
  'lllllll',
  'ddddddddddd',
  'ffffff',
  'lidfscldlfi',
  'scscscscsc',
  'fdlfdlfdlfdl',
  'llllllldddddddddll',
]

const value = (t: string, i: number): string => {
  const n = (i % 2 === 0 ? 1 : -1) * (7 * i + 3)
  if (t === 'd') return `${n}.5`
  if (t === 'f') return `${n}.25f`
  return t === 'l' ? `${n * 10_000_000_000}` : t === 'i' ? `${n * 100_000}` : t === 's' ? `${n * 100}` : `${n}`
}

/** Functions for one list of parameters: `toN` in CLIF passes what it gets to `cN` in C in reverse and gives the sum that it gets back; `cN` prints all. */
function pair(list: string, n: number): { readonly clif: string; readonly c: string; readonly main: string } {
  const letters = [...list]
  const back = [...letters].reverse()
  const clifParams = (l: readonly string[]): string => l.map((t) => types[t].clif).join(', ')
  const cParams = (l: readonly string[]): string => l.map((t, i) => `${types[t].c} a${i}`).join(', ')
  const clif = `function %to${n}(${clifParams(letters)}) -> f64 CONV {
    fn0 = %c${n}(${clifParams(back)}) -> f64 CONV
block0(${letters.map((t, i) => `v${i}: ${types[t].clif}`).join(', ')}):
    v100 = call fn0(${back.map((_, i) => `v${letters.length - 1 - i}`).join(', ')})
    v101 = call fn0(${back.map((_, i) => `v${letters.length - 1 - i}`).join(', ')})
    v102 = fsub v100, v101
    v103 = fadd v102, v100
    return v103
}`
  const printed = `printf("c${n}${back.map((t) => ` ${types[t].format}`).join('')}\\n"${back.map((_, i) => `, a${i}`).join('')});`
  const sum = back.map((_, i) => `a${i} * ${i + 1}.0`).join(' + ')
  const c = `ABI double c${n}(${cParams(back)}) { ${printed} return ${sum}; }
ABI double to${n}(${cParams(letters)});`
  const values = letters.map((t, i) => value(t, i)).join(', ')
  const reversed = back.map((t, i) => value(t, letters.length - 1 - i)).join(', ')
  return { clif, c, main: `check(to${n}(${values}), c${n}(${reversed}));` }
}

/** Structures: by address, as arguments (Microsoft) and as results; registers that live over calls; integers of every width returned. */
const CLIF = `
function %third(i64, i64) -> i64 CONV { block0(v0: i64, v1: i64): v2 = load.i64 v0+16 v3 = iadd v2, v1 return v3 }
function %make(i64 sret, i64) CONV { block0(v0: i64, v1: i64):
    v2 = iadd v1, v1 v3 = iadd v2, v1 store v1, v0 store v2, v0+8 store v3, v0+16 return }
function %makeloop(i64 sret, i64) CONV { block0(v0: i64, v1: i64):
    jump block1(v0, v1)
block1(v10: i64, v11: i64):
    store v11, v10 v2 = iconst.i64 -1 v3 = iadd v11, v2 v4 = iconst.i64 8 v5 = iadd v10, v4 brif v3, block1(v5, v3), block2
block2: return }
function %takes(i64) -> i64 CONV { ss0 = explicit_slot 24 fn0 = %cmake(i64 sret, i64) CONV fn1 = %cthird(i64, i64) -> i64 CONV
block0(v0: i64): v1 = stack_addr.i64 ss0 call fn0(v1, v0) v2 = call fn1(v1, v0) v3 = load.i64 v1+8 v4 = iadd v2, v3 return v4 }
function %narrow(i64) -> i8 CONV { block0(v0: i64): v1 = ireduce.i8 v0 return v1 }
function %single(f64) -> f32 CONV { block0(v0: f64): v1 = fdemote.f32 v0 return v1 }
function %live(i64, f64) -> f64 CONV { fn0 = %spoil(i64, f64) -> f64 CONV fn1 = %other(i64, f64) -> f64 OTHER
block0(v0: i64, v1: f64):
${Array.from({ length: 12 }, (_, i) => `    v${10 + i} = fadd v${i === 0 ? 1 : 9 + i}, v1 v${30 + i} = iadd v${i === 0 ? 0 : 29 + i}, v0`).join('\n')}
    v2 = call fn0(v30, v10) v3 = call fn1(v31, v11)
    v4 = fadd v2, v3
${Array.from({ length: 12 }, (_, i) => `    v${60 + i} = fadd v${i === 0 ? 4 : 59 + i}, v${10 + i} v${80 + i} = bxor v${i === 0 ? 0 : 79 + i}, v${30 + i}`).join('\n')}
    v5 = fcvt_from_sint.f64 v91
    v6 = fadd v5, v71
    return v6 }
`
const C = `
#include <stdio.h>
#include <string.h>
struct s { long a, b, c; };
ABI long third(struct s *, long);
ABI struct s make(long), makeloop(long);
ABI long takes(long);
ABI signed char narrow(long);
ABI float single(double);
ABI double live(long, double);
ABI struct s cmake(long x) { struct s s = { x + 1, x + 2, x + 3 }; return s; }
ABI long cthird(struct s *s, long y) { return s->c * y; }
/* Whatever the convention lets a function overwrite. */
#define ANY "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5"
static void overwrite(void) {
  asm volatile("mov $-1, %%rax; mov %%rax, %%rcx; mov %%rax, %%rdx; mov %%rax, %%r8; mov %%rax, %%r9; mov %%rax, %%r10; mov %%rax, %%r11;"
    "pcmpeqd %%xmm0, %%xmm0; movaps %%xmm0, %%xmm1; movaps %%xmm0, %%xmm2; movaps %%xmm0, %%xmm3; movaps %%xmm0, %%xmm4; movaps %%xmm0, %%xmm5" ::: ANY);
}
static void overwrite_more(void) {
  asm volatile("mov $-1, %%rsi; mov %%rsi, %%rdi; pcmpeqd %%xmm6, %%xmm6; movaps %%xmm6, %%xmm7; movaps %%xmm6, %%xmm8; movaps %%xmm6, %%xmm9; movaps %%xmm6, %%xmm10;"
    "movaps %%xmm6, %%xmm11; movaps %%xmm6, %%xmm12; movaps %%xmm6, %%xmm13; movaps %%xmm6, %%xmm14; movaps %%xmm6, %%xmm15" ::: "rsi", "rdi", "xmm6", "xmm7", "xmm8", "xmm9",
    "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}
ABI double spoil(long x, double y) { overwrite(); if (!MS) overwrite_more(); return x * y; }
OTHER_ABI double other(long x, double y) { overwrite(); if (MS) overwrite_more(); return x + y; }
static void check(double a, double b) { printf("%s %g\\n", a == b ? "same" : "DIFFERENT", a); }
static double reference(long x, double y) {
  double f[12], sum; long n[12], bits = x;
  for (int i = 0; i < 12; i++) { f[i] = (i ? f[i - 1] : y) + y; n[i] = (i ? n[i - 1] : x) + x; }
  sum = n[0] * f[0] + (n[1] + f[1]);
  for (int i = 0; i < 12; i++) { sum += f[i]; bits ^= n[i]; }
  return bits + sum;
}
/* The number of registers that live() should have restored and did not. */
void wrapper(void *code, unsigned long *before, unsigned long *after);
static int preserved(void) {
  static unsigned long before[28], after[28];
  int lost = 0;
  for (unsigned i = 0; i < 28; i++) before[i] = 0x5a00000000000001ul * (i + 3);
  wrapper(live, before, after);
  for (unsigned i = 0; i < (MS ? 28 : 6); i++) lost += before[i] != after[i];
  return lost;
}
`
const MAIN = `
  struct s s = { 1, 2, 30 }, m = make(11), l = makeloop(3);
  printf("%ld %ld %ld %ld, %ld %ld %ld, %ld\\n", third(&s, 4), m.a, m.b, m.c, l.a, l.b, l.c, takes(6));
  printf("%d %d %g\\n", narrow(0x7fff80), narrow(127), single(0.1) * 1e6);
  check(live(5, 0.5), reference(5, 0.5));
  printf("lost %d\\n", preserved());
`

/**
 * wrapper(code, before, after): calls code(3, 1.0) under either convention with the values at `before` in the registers that Microsoft's callees restore, and stores
 * those that it leaves at `after`. The first six are those that all restore.
 */
function wrapper(ms: boolean): string {
  const own = ['rbp', 'rbx', 'r12', 'r13', 'r14', 'r15']
  const watched = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15', 'rsi', 'rdi']
  const vectors = Array.from({ length: 10 }, (_, i) => `xmm${6 + i}`)
  return `${[
    '.globl wrapper',
    'wrapper:',
    ...own.map((r) => `push %${r}`),
    'sub $72, %rsp',
    'mov %rdx, 48(%rsp)',
    'mov %rdi, %r10',
    'mov %rsi, %rax',
    ...watched.map((r, i) => `mov ${8 * i}(%rax), %${r}`),
    ...vectors.map((r, i) => `movups ${64 + 16 * i}(%rax), %${r}`),
    'mov $0x3ff0000000000000, %rdx',
    'movq %rdx, %xmm0',
    'movq %rdx, %xmm1',
    `mov $3, %${ms ? 'ecx' : 'edi'}`,
    'call *%r10',
    'mov 48(%rsp), %rax',
    ...watched.map((r, i) => `mov %${r}, ${8 * i}(%rax)`),
    ...vectors.map((r, i) => `movups %${r}, ${64 + 16 * i}(%rax)`),
    'add $72, %rsp',
    ...[...own].reverse().map((r) => `pop %${r}`),
    'ret',
    '.section .note.GNU-stack,"",@progbits',
  ].join('\n')}\n`
}

const pairs = lists.map(pair)

describe.skipIf(!usable)('with gcc', () => {
  test.each(
    ['system_v', 'windows_fastcall'].flatMap((conv) =>
      ['-O0', '-O2'].flatMap((opt) => ['single_pass', 'backtracking'].map((algorithm) => [conv, opt, algorithm])),
    ),
  )('%s %s %s', (conv, opt, algorithm) => {
    const ms = conv === 'windows_fastcall'
    const text = [...pairs.map((p) => p.clif), CLIF]
      .join('\n')
      .replaceAll('OTHER', ms ? 'system_v' : 'windows_fastcall')
      .replaceAll('CONV', conv)
    const [abi, other] = ms ? ['ms_abi', 'sysv_abi'] : ['sysv_abi', 'ms_abi']
    const c = `
#define ABI __attribute__((${abi}))
#define OTHER_ABI __attribute__((${other}))
#define MS ${ms ? 1 : 0}
${C}
${pairs.map((p) => p.c).join('\n')}
int main(void) {
  ${pairs.map((p) => p.main).join('\n  ')}
  ${MAIN}
  return 0;
}
`
    const module = compile(text, { target: 'x64', settings: { regalloc_algorithm: algorithm } })
    withFiles({ 'k.o': objectFile(module), 'main.c': c, 'wrapper.s': wrapper(ms) }, (folder) => {
      const program = join(folder, 'program')
      quietly(gcc, ['-static', opt, '-w', '-o', program, ...['main.c', 'wrapper.s', 'k.o'].map((f) => join(folder, f))])
      const lines = quietly(runner[0] ?? program, runner.length === 0 ? [] : [...runner.slice(1), program])
        .trim()
        .split('\n')
      // Three lines of each pair: two calls by CLIF, of which the arguments must be those of the one by C, and the comparison of results.
      pairs.forEach((_, n) => {
        const own = lines.filter((l) => l.startsWith(`c${n} `))
        expect(own.length).toBe(3)
        expect(new Set(own).size).toBe(1)
      })
      expect(lines.filter((l) => l.startsWith('same ')).length).toBe(pairs.length + 1)
      expect(lines.filter((l) => l.startsWith('DIFFERENT'))).toEqual([])
      expect(lines.slice(-4).filter((l) => !l.startsWith('same'))).toEqual([
        '34 11 22 33, 3 2 1, 62',
        '-128 127 100000',
        'lost 0',
      ])
    })
  })
})
