// Objects in C programs: linked by the system's linker, called, called back from, and unwound through at every instruction.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { compile, patchableCalls, type SettingValue } from '@k23/codegen'
import { objectFile } from '@k23/object'
import { describe, expect, test } from 'vitest'
import { elfTargets, present, quietly, toolsFor, withFiles } from './tools.ts'
import { wrappers } from './wrappers.ts'

const CALLS = `
function %add(i32, i32) -> i32 system_v { block0(v0: i32, v1: i32): v2 = iadd v0, v1 return v2 }
function %mix(f64, i64, f32) -> f64 system_v { block0(v0: f64, v1: i64, v2: f32):
    v3 = fcvt_from_sint.f64 v1 v4 = fadd v0, v3 v5 = fpromote.f64 v2 v6 = fadd v4, v5 return v6 }
function %quotient(i64, i64) -> i64 system_v { block0(v0: i64, v1: i64):
    v2 = uextend.i128 v0 v3 = uextend.i128 v1 v4 = udiv v2, v3 v5 = ireduce.i64 v4 return v5 }
function %counter() -> i64 system_v { gv0 = symbol %count
block0: v0 = symbol_value.i64 gv0 v1 = load.i64 v0 v2 = iconst.i64 1 v3 = iadd v1, v2 store v3, v0 return v1 }
function %back(i64, i64) -> i64 system_v { fn0 = %callback(i64) -> i64 system_v
block0(v0: i64, v1: i64): v2 = call fn0(v0) v3 = call fn0(v1) v4 = isub v2, v3 return v4 }
function %through(i64) -> i64 system_v { fn0 = %back(i64, i64) -> i64 system_v sig5 = (i64, i64) -> i64 system_v
block0(v0: i64): v1 = func_addr.i64 fn0 v2 = iconst.i64 1 v3 = call_indirect sig5, v1(v0, v2) return v3 }
function %copy(i64, i64, i64) system_v { fn0 = %Memcpy(i64, i64, i64) -> i64 system_v
block0(v0: i64, v1: i64, v2: i64): v3 = call fn0(v0, v1, v2) return }
`
const CALLER = `
#include <stdio.h>
int add(int, int);
double mix(double, long, float);
long quotient(long, long), counter(void), back(long, long), through(long);
void copy(char *, const char *, long);
long count = 40;
long callback(long x) { return 10 * x; }
int main(void) {
  char text[] = "........";
  copy(text, "k23", 3);
  long a = counter(), b = counter();
  printf("%d %g %ld %ld %ld %ld %ld %ld %s\\n", add(-3, 10), mix(0.5, -2, 0.25f), quotient(1000000007, 31), a, b, count, back(5, 3), through(4), text);
  return 0;
}
`
const ANSWERS = '7 -1.25 32258064 40 41 42 20 30 k23.....\n'

const UNWOUND = `
function %leaf(i64, i64) -> i64 system_v { block0(v0: i64, v1: i64): v2 = imul v0, v1 v4 = iconst.i64 3 v3 = iadd v2, v4 return v3 }
function %live(i64, i64) -> i64 system_v { fn0 = %leaf(i64, i64) -> i64 system_v
block0(v0: i64, v1: i64):
    v2 = iadd v0, v1 v3 = isub v0, v1 v4 = bxor v0, v1 v5 = band v0, v1
    v6 = call fn0(v0, v1)
    v7 = call fn0(v6, v2)
    v8 = iadd v7, v3 v9 = iadd v8, v4 v10 = iadd v9, v5 v11 = iadd v10, v2 v12 = iadd v11, v0
    return v12 }
function %wide(i64, i64) -> i64 system_v { ss0 = explicit_slot 5000 fn0 = %live(i64, i64) -> i64 system_v
block0(v0: i64, v1: i64):
    v5 = stack_addr.i64 ss0+4992 store v0, v5 v2 = call fn0(v1, v0) v3 = load.i64 v5 v4 = iadd v2, v3 return v4 }
function %many(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail { fn0 = %wide(i64, i64) -> i64 system_v
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64, v9: i64, v10: i64, v11: i64):
    v12 = isub v11, v9 v13 = iadd v12, v8 v14 = call fn0(v13, v10) v15 = iadd v14, v0 return v15 }
function %goes(i64, i64) -> i64 tail { fn0 = %many(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail
block0(v0: i64, v1: i64): return_call fn0(v1, v0, v1, v0, v1, v0, v1, v0, v1, v0, v1, v0) }
function %top(i64, i64) -> i64 system_v { fn0 = %many(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail fn1 = %goes(i64, i64) -> i64 tail
block0(v0: i64, v1: i64):
    v2 = call fn0(v0, v1, v0, v1, v0, v1, v0, v1, v0, v1, v0, v1) v3 = call fn1(v2, v0) v4 = bxor v3, v1 return v4 }
`

/** Backtraces from a breakpoint at each of \`places\`, one after the other, while wrapper() calls top(); all must find wrapper's registers, then main. */
function unwinder(places: readonly number[], target: string): string {
  const w = wrappers[target]
  return `
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unwind.h>
long top(long, long), wrapper(long (*)(long, long), long, long);
extern char leaf[];
static const unsigned places[] = { ${places.join(', ')} };
static const int registers[] = { ${w.saved.map(([r]) => r).join(', ')} };
static const unsigned long values[] = { ${w.saved.map(([, v]) => v).join(', ')} };
static unsigned hits, complete, frames;
static int state; /* 0: in the object, 1: wrapper found, 2: main found */
static char *at, kept[4];
int main(void);
static _Unwind_Reason_Code frame(struct _Unwind_Context *c, void *unused) {
  char *function = _Unwind_FindEnclosingFunction((void *)(_Unwind_GetIP(c) - 1));
  frames++;
  if (state == 0 && function == (char *)wrapper) {
    for (unsigned i = 0; i < sizeof registers / sizeof *registers; i++)
      if (_Unwind_GetGR(c, registers[i]) != values[i]) {
        printf("at %ld: register %d is %lx\\n", (long)(at - leaf), registers[i], (long)_Unwind_GetGR(c, registers[i]));
        return _URC_NORMAL_STOP;
      }
    state = 1;
  } else if (state == 1 && function == (char *)main) state = 2;
  return _URC_NO_REASON;
}
static void handler(int signal, siginfo_t *info, void *context) {
  ucontext_t *u = context;
  ${w.pc} -= ${w.behind};
  if ((char *)${w.pc} != at) { printf("a trap at %lx\\n", (long)${w.pc}); exit(1); }
  memcpy(at, kept, ${w.bytes});
  __builtin___clear_cache(at, at + ${w.bytes});
  state = 0;
  hits++;
  _Unwind_Backtrace(frame, 0);
  if (state == 2) complete++;
  else printf("at %ld: the trace ends in state %d\\n", (long)(at - leaf), state);
}
int main(void) {
  struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
  sigaction(SIGTRAP, &action, 0);
  char *page = (char *)((unsigned long)leaf & -4096ul);
  mprotect(page, 4 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  long want = wrapper(top, 5, 7);
  for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
    at = leaf + places[i];
    memcpy(kept, at, ${w.bytes});
    ${w.breakpoint}
    __builtin___clear_cache(at, at + ${w.bytes});
    if (wrapper(top, 5, 7) != want) { printf("another result\\n"); return 1; }
    memcpy(at, kept, ${w.bytes});
    __builtin___clear_cache(at, at + ${w.bytes});
  }
  printf("%u hits, %u complete, %s\\n", hits, complete, frames > 4 * hits ? "deep" : "shallow");
  return 0;
}
`
}

const PATCHED = `
function %first() system_v { fn0 = colocated patchable %hook(i64) system_v block0: v0 = iconst.i64 1 call fn0(v0) return }
function %f(i64) -> i64 system_v { fn0 = colocated patchable %hook(i64) system_v fn1 = colocated patchable %first() system_v
block0(v0: i64): call fn0(v0) v1 = iadd v0, v0 call fn1() call fn0(v1) v2 = iadd v1, v0 return v2 }
`
/** Each choice of calls that are off: what the calls that are left hand to hook(). */
const patcher = (nops: ReadonlyMap<number, Uint8Array>): string => `
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
long f(long);
extern struct { uint32_t count; int32_t code; struct { uint32_t at, bytes; } calls[]; } __start_k23_patchable;
static char seen[100];
void hook(long x) { sprintf(seen + strlen(seen), " %ld", x); }
static const char *nops(unsigned n) {
  ${[...nops].map(([n, bytes]) => `if (n == ${n}) return "${[...bytes].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('')}";`).join('\n  ')}
  return 0;
}
int main(void) {
  char *code = (char *)&__start_k23_patchable.code + __start_k23_patchable.code;
  unsigned count = __start_k23_patchable.count;
  char kept[4][16];
  mprotect((void *)((uintptr_t)code & -4096ul), 2 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  for (unsigned i = 0; i < count; i++) memcpy(kept[i], code + __start_k23_patchable.calls[i].at, __start_k23_patchable.calls[i].bytes);
  for (unsigned off = 0; off <= 1u << count; off++) {
    for (unsigned i = 0; i < count; i++) {
      unsigned n = __start_k23_patchable.calls[i].bytes;
      memcpy(code + __start_k23_patchable.calls[i].at, off >> i & 1 ? nops(n) : kept[i], n);
    }
    __builtin___clear_cache(code, code + 4096);
    seen[0] = 0;
    printf("%u: %ld%s\\n", off, f(5), seen);
  }
  return 0;
}
`

describe.each(elfTargets)('%s', (target) => {
  const { prefix, runner, features } = toolsFor(target)
  const gcc = `${prefix}gcc`
  const usable = present(gcc) && (runner.length === 0 || present(runner[0]))
  const run = (program: string): string =>
    quietly(runner[0] ?? program, [...runner.slice(1), ...(runner.length === 0 ? [] : [program])])

  describe.skipIf(!usable)('with the C compiler', () => {
    test.each<[string, Readonly<Record<string, SettingValue>>, readonly string[], boolean]>([
      ['a static program', {}, ['-static', '-no-pie'], true],
      ['a program at a fixed address', {}, ['-no-pie'], false],
      ['a program at any address', { is_pic: true }, ['-pie', '-fpie'], false],
    ])('%s calls functions and is called back', (_, settings, flags, compressed) => {
      const object = objectFile(compile(CALLS, { target, settings, features: compressed ? features : {} }))
      withFiles({ 'k.o': object, 'main.c': CALLER }, (folder) => {
        const program = join(folder, 'program')
        quietly(gcc, [...flags, '-O1', '-o', program, join(folder, 'main.c'), join(folder, 'k.o')])
        expect(run(program)).toBe(ANSWERS)
      })
    })

    test('a shared library', () => {
      const object = objectFile(compile(CALLS, { target, settings: { is_pic: true } }))
      withFiles({ 'k.o': object, 'main.c': CALLER }, (folder) => {
        const program = join(folder, 'program')
        const library = join(folder, 'libk.so')
        quietly(gcc, ['-shared', '-Wl,-z,text', '-o', library, join(folder, 'k.o')])
        quietly(gcc, ['-rdynamic', '-O1', `-Wl,-rpath,${folder}`, '-o', program, join(folder, 'main.c'), library])
        expect(run(program)).toBe(ANSWERS)
      })
    })

    test('calls are turned off and on by the table of patchable ones', () => {
      const module = compile(PATCHED, { target, features })
      const sizes = patchableCalls(module).map((c) => c.disabled.length)
      const nops = new Map(sizes.map((n) => [n, module.target.nops(n)]))
      withFiles({ 'k.o': objectFile(module), 'main.c': patcher(nops) }, (folder) => {
        const program = join(folder, 'program')
        quietly(gcc, ['-static', '-O1', '-o', program, join(folder, 'main.c'), join(folder, 'k.o')])
        // In the order of the table: hook() in first(); in f(), hook(), first(), hook().
        const wanted = Array.from({ length: 17 }, (_, off) => {
          const on = (i: number): boolean => ((off >> i) & 1) === 0
          const seen = [on(1) ? ' 5' : '', on(2) && on(0) ? ' 1' : '', on(3) ? ' 10' : '']
          return `${off}: 15${seen.join('')}\n`
        })
        expect(run(program)).toBe(wanted.join(''))
      })
    })

    test("a symbol that nobody has is the linker's error", () => {
      withFiles(
        { 'k.o': objectFile(compile(CALLS, { target })), 'main.c': 'int main(void) { return 0; }' },
        (folder) => {
          const done = spawnSync(gcc, ['-o', join(folder, 'p'), join(folder, 'main.c'), join(folder, 'k.o')], {
            encoding: 'utf8',
          })
          expect(done.status).not.toBe(0)
          expect(done.stderr).toMatch(/undefined reference to `callback'/)
          expect(done.stderr).toMatch(/undefined reference to `count'/)
          expect(done.stderr).not.toMatch(/__udivti3|memcpy/)
        },
      )
    })

    test.each([
      ['single_pass', {}],
      ['backtracking', features],
    ])('the unwinder finds the way from every instruction (%s)', (algorithm, wanted) => {
      const module = compile(UNWOUND, { target, features: wanted, settings: { regalloc_algorithm: algorithm } })
      withFiles({ 'k.o': objectFile(module), 'wrapper.s': wrappers[target].assembly }, (folder) => {
        const object = join(folder, 'k.o')
        const places = instructions(quietly(`${prefix}objdump`, ['-d', '--no-show-raw-insn', object]))
        expect(places.length).toBeGreaterThan(80)
        const program = join(folder, 'program')
        withFiles({ 'main.c': unwinder(places, target) }, (c) => {
          const sources = [join(c, 'main.c'), join(folder, 'wrapper.s'), object]
          quietly(gcc, [
            '-static',
            '-O1',
            '-w',
            '-fno-omit-frame-pointer',
            '-fasynchronous-unwind-tables',
            '-o',
            program,
            ...sources,
          ])
          const [line, ...none] = run(program).trim().split('\n').reverse()
          expect(none).toEqual([])
          const [, hits, complete, depth] = /^(\d+) hits, (\d+) complete, (\w+)$/.exec(line) as RegExpExecArray
          expect(Number(hits)).toBe(places.length)
          expect(complete).toBe(hits)
          expect(depth).toBe('deep')
        })
      })
    })
  })

  /** Offsets of the instructions, padding between functions left out. */
  function instructions(listing: string): number[] {
    return listing.split('\n').flatMap((l) => {
      const m = /^\s*([0-9a-f]+):\s+(\S+)/.exec(l)
      return m === null || /^(\.|unimp|int3|ud2|c\.unimp)/.test(m[2]) ? [] : [Number.parseInt(m[1], 16)]
    })
  }
})
