// Calling conventions against gcc's, in both directions: the systems' own, and Microsoft's on x64 (`ms_abi`). The C is compiled with and without optimization:
// without, functions under ms_abi write their register arguments to the 32 bytes that the caller has to leave for them.
import { join } from 'node:path'
import { compile } from '@k23/codegen'
import { objectFile } from '@k23/object'
import { describe, expect, test } from 'vitest'
import { present, quietly, toolsFor, withFiles } from './tools.ts'

interface Ctype {
  readonly c: string
  readonly clif: string
  /** How LP64D widens it (RISC-V psABI, "Integer Calling Convention"); nobody may rely on it on x64. */
  readonly widened?: 'sext' | 'uext'
  /** printf format, and its arguments. */
  readonly format: string
  show(a: string): string
  /** A constant for the number n. */
  value(n: number): string
}

const itself = (a: string): string => a
const double = (a: string): string => `(double)${a}`

// biome-ignore format: table
const types: Readonly<Record<string, Ctype>> = {
  l: { c: 'long',           clif: 'i64',                   format: '%ld',     show: itself, value: (n) => `${n * 10_000_000_000}` },
  i: { c: 'int',            clif: 'i32',  widened: 'sext', format: '%d',      show: itself, value: (n) => `${n * 100_000}` },
  u: { c: 'unsigned',       clif: 'i32',  widened: 'sext', format: '%u',      show: itself, value: (n) => `${n >>> 0}u` },
  s: { c: 'short',          clif: 'i16',  widened: 'sext', format: '%d',      show: itself, value: (n) => `${n * 100}` },
  w: { c: 'unsigned short', clif: 'i16',  widened: 'uext', format: '%d',      show: itself, value: (n) => `${n & 0xffff}` },
  c: { c: 'signed char',    clif: 'i8',   widened: 'sext', format: '%d',      show: itself, value: (n) => `${n}` },
  b: { c: 'unsigned char',  clif: 'i8',   widened: 'uext', format: '%d',      show: itself, value: (n) => `${n & 0xff}` },
  d: { c: 'double',         clif: 'f64',                   format: '%g',      show: itself, value: (n) => `${n}.5` },
  f: { c: 'float',          clif: 'f32',                   format: '%g',      show: itself, value: (n) => `${n}.25f` },
  h: { c: '_Float16',       clif: 'f16',                   format: '%g',      show: double, value: (n) => `(_Float16)${n}.5f` },
  q: { c: '__int128',       clif: 'i128',                  format: '%lx:%lx', show: (a) => `(long)(${a} >> 64), (long)${a}`, value: (n) => `((__int128)${n} * ((__int128)1 << 66) + ${n})` },
  Q: { c: 'quad',           clif: 'f128',                  format: '%g',      show: double, value: (n) => `(quad)${n}.125` },
  v: { c: 'v4',             clif: 'i32x4',                 format: '%d,%d,%d,%d', show: (a) => [0, 1, 2, 3].map((i) => `${a}[${i}]`).join(', '), value: (n) => `(v4){ ${n}, ${n + 1}, ${n + 2}, ${n + 3} }` },
}

/** Parameters, by letter. */
const lists: readonly string[] = [
  'l',
  'd',
  'ilsc',
  'dfdf',
  'ldif',
  'dlfi',
  'ubwiscuwb',
  'lllllll',
  'ddddddddddd',
  'ffffff',
  'lidfscldlfi',
  'scscscscscwbwbwb',
  'fdlfdlfdlfdlfdl',
  'llllllldddddddddllfi',
  'hdhfhlhhhhhhhhhh',
  'q',
  'lqlqlqlq',
  'llllllqlq',
  'lllllqldl',
  'lllllllqil',
  'Q',
  'lQlQdQlQdQlQ',
  'dddddddddQqfl',
  'v',
  'vldvfvvvvvvvvvvl',
]

interface Convention {
  readonly target: string
  readonly name: string
  /** Letters of its types. Microsoft's has no narrower floats than float, and passes what is wider than 8 bytes by reference, which is the front end's to do. */
  readonly letters: string
  readonly attribute: string
}

// biome-ignore format: table
const conventions: readonly Convention[] = [
  { target: 'x64',     name: 'system_v',         letters: 'liuswcbdfhqQv', attribute: 'sysv_abi' },
  { target: 'x64',     name: 'windows_fastcall', letters: 'liuswcbdf',     attribute: 'ms_abi' },
  { target: 'riscv64', name: 'system_v',         letters: 'liuswcbdfqQ',   attribute: 'aligned' },
]

/** As CLIF declares it. */
function declared(t: string, { target }: Convention): string {
  const { clif, widened } = types[t]
  return target === 'riscv64' && widened !== undefined ? `${clif} ${widened}` : clif
}

interface Pair {
  readonly clif: string
  readonly c: string
  readonly main: string
}

/** Functions for one list of parameters: `toN` in CLIF passes what it gets to `cN` in C in reverse and gives the sum that it gets back; `cN` prints all. */
function pair(list: string, n: number, convention: Convention): Pair {
  const letters = [...list]
  const back = [...letters].reverse()
  const clifParams = (l: readonly string[]): string => l.map((t) => declared(t, convention)).join(', ')
  const cParams = (l: readonly string[]): string => l.map((t, i) => `${types[t].c} a${i}`).join(', ')
  const number = (t: string, i: number): string => types[t].value((i % 2 === 0 ? 1 : -1) * (7 * i + 3))
  const clif = `function %to${n}(${clifParams(letters)}) -> f64 CONV {
    fn0 = %c${n}(${clifParams(back)}) -> f64 CONV
block0(${letters.map((t, i) => `v${i}: ${types[t].clif}`).join(', ')}):
    v100 = call fn0(${back.map((_, i) => `v${letters.length - 1 - i}`).join(', ')})
    v101 = call fn0(${back.map((_, i) => `v${letters.length - 1 - i}`).join(', ')})
    v102 = fsub v100, v101
    v103 = fadd v102, v100
    return v103
}`
  const shown = back.map((t, i) => `, ${types[t].show(`a${i}`)}`).join('')
  const printed = `printf("c${n}${back.map((t) => ` ${types[t].format}`).join('')}\\n"${shown});`
  const sum = back.map((t, i) => `(double)a${i}${t === 'v' ? '[3]' : ''} * ${i + 1}.0`).join(' + ')
  const c = `ABI double c${n}(${cParams(back)}) { ${printed} return ${sum}; }
ABI double to${n}(${cParams(letters)});`
  const values = letters.map((t, i) => number(t, i)).join(', ')
  const reversed = back.map((t, i) => number(t, letters.length - 1 - i)).join(', ')
  return { clif, c, main: `check(to${n}(${values}), c${n}(${reversed}));` }
}

/** A value of each type, returned by C to CLIF and by that to C. */
function result(t: string, convention: Convention): Pair {
  const { c, clif, show, value, format } = types[t]
  const [type, name] = [declared(t, convention), `id_${t}`]
  return {
    clif: `function %${name}(${type}) -> ${type} CONV {
    fn0 = %c${name}(${type}) -> ${type} CONV
block0(v0: ${clif}):
    v1 = call fn0(v0)
    return v1
}`,
    c: `ABI ${c} c${name}(${c} a) { return a; }
ABI ${c} ${name}(${c});`,
    main: `{ ${c} a = ${name}(${value(-77)}), b = ${value(-77)}; printf("${name} ${format} ${format}\\n", ${show('a')}, ${show('b')}); }`,
  }
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
function %narrow(i64) -> I8 CONV { block0(v0: i64): v1 = ireduce.i8 v0 return v1 }
function %single(f64) -> f32 CONV { block0(v0: f64): v1 = fdemote.f32 v0 return v1 }
`
const C = `
#include <stdio.h>
#include <string.h>
struct s { long a, b, c; };
#if __x86_64__
typedef __float128 quad;
#else
typedef long double quad;
#endif
typedef int v4 __attribute__((vector_size(16)));
ABI long third(struct s *, long);
ABI struct s make(long), makeloop(long);
ABI long takes(long);
ABI signed char narrow(long);
ABI float single(double);
ABI struct s cmake(long x) { struct s s = { x + 1, x + 2, x + 3 }; return s; }
ABI long cthird(struct s *s, long y) { return s->c * y; }
`
/** What knows x64's registers: values that live over calls of both conventions. */
const X64_CLIF = `
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
const X64_C = `
ABI double live(long, double);
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
`
const X64_MAIN = `
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

describe.each(conventions)('$target $name', (convention) => {
  const { target, name, letters, attribute } = convention
  const { prefix, runner } = toolsFor(target)
  const gcc = `${prefix}gcc`
  const usable = present(gcc) && (runner.length === 0 || present(runner[0]))
  const x64 = target === 'x64'
  const ms = name === 'windows_fastcall'
  const pairs = lists
    .filter((list) => [...list].every((t) => letters.includes(t)))
    .map((list, n) => pair(list, n, convention))
  const results = [...letters].map((t) => result(t, convention))

  test
    .skipIf(!usable)
    .each(['-O0', '-O2'].flatMap((opt) => ['single_pass', 'backtracking'].map((algorithm) => [opt, algorithm])))(
    'gcc %s, %s',
    (opt, algorithm) => {
      const text = [...pairs, ...results]
        .map((p) => p.clif)
        .concat(CLIF, x64 ? X64_CLIF : '')
        .join('\n')
        .replaceAll('I8', declared('c', convention))
        .replaceAll('OTHER', ms ? 'system_v' : 'windows_fastcall')
        .replaceAll('CONV', name)
      const c = `
#define ABI ${x64 ? `__attribute__((${attribute}))` : ''}
#define OTHER_ABI __attribute__((${ms ? 'sysv_abi' : 'ms_abi'}))
#define MS ${ms ? 1 : 0}
${C}
static void check(double a, double b) { printf("%s %g\\n", a == b ? "same" : "DIFFERENT", a); }
${x64 ? X64_C : ''}
${[...pairs, ...results].map((p) => p.c).join('\n')}
int main(void) {
  ${[...pairs, ...results].map((p) => p.main).join('\n  ')}
  ${MAIN}
  ${x64 ? X64_MAIN : ''}
  return 0;
}
`
      const module = compile(text, { target, settings: { regalloc_algorithm: algorithm } })
      const files = { 'k.o': objectFile(module), 'main.c': c, ...(x64 ? { 'wrapper.s': wrapper(ms) } : {}) }
      withFiles(files, (folder) => {
        const program = join(folder, 'program')
        quietly(gcc, ['-static', opt, '-w', '-o', program, ...Object.keys(files).map((f) => join(folder, f))])
        const lines = quietly(runner[0] ?? program, runner.length === 0 ? [] : [...runner.slice(1), program])
          .trim()
          .split('\n')
        // Three lines of each pair: two calls by CLIF, of which the arguments must be those of the one by C, and the comparison of results.
        pairs.forEach((_, n) => {
          const own = lines.filter((l) => l.startsWith(`c${n} `))
          expect(own.length).toBe(3)
          expect(new Set(own).size, own.join('\n')).toBe(1)
        })
        expect(lines.filter((l) => l.startsWith('DIFFERENT'))).toEqual([])
        expect(lines.filter((l) => l.startsWith('same ')).length).toBe(pairs.length + (x64 ? 1 : 0))
        const returned = lines.filter((l) => l.startsWith('id_')).map((l) => l.split(' '))
        expect(returned.map(([id, got]) => [id, got])).toEqual(returned.map(([id, , wanted]) => [id, wanted]))
        expect(returned.length).toBe(letters.length)
        expect(lines.slice(x64 ? -4 : -2).filter((l) => !l.startsWith('same'))).toEqual([
          '34 11 22 33, 3 2 1, 62',
          '-128 127 100000',
          ...(x64 ? ['lost 0'] : []),
        ])
      })
    },
  )
})
