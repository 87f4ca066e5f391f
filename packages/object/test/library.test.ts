// wasm modules as objects in C programs: exports of every kind, imports, and everything that the object has instead of a kernel.
import { join } from 'node:path'
import { compile } from '@k23/codegen'
import { linuxAbi, wasmLibrary } from '@k23/object'
import { describe, expect, test } from 'vitest'
import wabtInit from 'wabt'
import { elfTargets, present, quietly, toolsFor, withFiles } from './tools.ts'

const wabt = await wabtInit()

function assemble(text: string): Uint8Array {
  const parsed = wabt.parseWat('test.wat', text, { bulk_memory: true, reference_types: true, multi_value: true })
  try {
    return parsed.toBinary({}).buffer
  } finally {
    parsed.destroy()
  }
}

const MODULE = `(module
  (import "env" "log" (func $log (param i32 i64 f64) (result i32)))
  (import "env" "pair" (func $pair (param i32) (result i32 i64)))
  (import "env" "base-value" (global $base i32))
  (memory (export "memory") 1 3)
  (table (export "table") 4 8 funcref)
  (global (export "counter") (mut i64) (i64.const 40))
  (global $sum i32 (global.get $base))
  (global (export "half") f64 (f64.const 0.5))
  (type $binary (func (param i32 i32) (result i32)))
  (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func $sub (type $binary) (i32.sub (local.get 0) (local.get 1)))
  (func $mul (type $binary) (i32.mul (local.get 0) (local.get 1)))
  (elem (i32.const 0) $add $sub)
  (elem $passive func $mul $add)
  (data (i32.const 16) "active")
  (data $later "passive")
  (start $begin)
  (func $begin (global.set 1 (i64.add (global.get 1) (i64.const 1))))
  (func (export "add") (param i32 i32) (result i32) (call $add (local.get 0) (local.get 1)))
  (func (export "apply") (param i32 i32 i32) (result i32)
    (call_indirect (type $binary) (local.get 1) (local.get 2) (local.get 0)))
  (func (export "base sum") (result i32) (global.get $sum))
  (func (export "both") (param i32) (result i64 i32)
    (local i32 i64)
    (call $pair (local.get 0)) (local.set 2) (local.set 1)
    (local.get 2) (local.get 1))
  (func (export "tell") (result i32) (call $log (i32.const -7) (i64.const 0x123456789abc) (f64.const 2.5)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "segment") (param i32 i32 i32) (memory.init $later (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop") (data.drop $later))
  (func (export "move") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "table_init") (param i32 i32 i32) (table.init $passive (local.get 0) (local.get 1) (local.get 2)))
  (func (export "table_grow") (param i32) (result i32) (table.grow 0 (ref.func $sub) (local.get 0)))
  (func (export "table_move") (param i32 i32 i32) (table.copy (local.get 0) (local.get 1) (local.get 2)))
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1))))`

const CALLER = `
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
extern struct { unsigned char *base; unsigned long bytes; } m_memory;
extern struct { void **base; unsigned long elements; } m_table;
extern long m_counter;
extern double m_half;
extern unsigned long m_stack_limit;
void m_init(void);
int m_add(int, int), m_apply(int, int, int), m_base_20sum(void), m_tell(void), m_grow(int), m_load(int), m_table_grow(int), m_div(int, int), m_deep(int);
void m_both(int, void *), m_segment(int, int, int), m_drop(void), m_move(int, int, int), m_fill(int, int, int), m_table_init(int, int, int), m_table_move(int, int, int);
int env_base_2dvalue = 1234;
int env_log(int a, long b, double c) { printf("log %d %lx %g\\n", a, b, c); return -a; }
void env_pair(int x, long *slots) { ((int *)slots)[0] = x * 2; slots[2] = x * 3L; }
static sigjmp_buf back;
static int armed;
static void handler(int signal) { if (!armed) { puts("a trap"); fflush(stdout); _exit(9); } siglongjmp(back, signal); }
#define TRAPS(call) (armed = 1, sigsetjmp(back, 1) == 0 ? ((void)(call), armed = 0) : (armed = 0, 1))
int main(void) {
  for (int s = SIGILL; s <= SIGSEGV; s++) if (s == SIGILL || s == SIGFPE || s == SIGSEGV || s == SIGTRAP) signal(s, handler);
  m_init();
  printf("%d ", m_add(-5, 3)); printf("%d ", m_apply(0, 7, 3)); printf("%d ", m_apply(1, 7, 3)); printf("%d\\n", m_base_20sum());
  printf("%ld ", m_counter); printf("%g ", m_half); printf("%lu ", m_memory.bytes); printf("%lu\\n", m_table.elements);
  long slots[4];
  m_both(21, slots);
  printf("%ld ", slots[0]); printf("%d\\n", (int)slots[2]);
  printf("%d\\n", m_tell());
  printf("%.6s\\n", m_memory.base + 16);
  printf("%d ", m_grow(1)); printf("%d ", m_grow(5)); printf("%d ", m_grow(0)); printf("%lu\\n", m_memory.bytes);
  m_fill(100, 'x', 5); m_move(103, 16, 6);
  printf("%.9s\\n", m_memory.base + 100);
  m_fill(2 * 65536 - 3, 1, 3);
  printf("%d ", TRAPS(m_fill(2 * 65536 - 3, 1, 4))); printf("%d\\n", m_load(2 * 65536 - 1));
  printf("%d ", TRAPS(m_load(2 * 65536))); printf("%d\\n", TRAPS(m_load(-1)));
  m_segment(200, 1, 6);
  printf("%.6s ", m_memory.base + 200); printf("%d\\n", TRAPS(m_segment(200, 2, 6)));
  m_drop();
  printf("%d ", TRAPS(m_segment(200, 0, 1))); printf("%d\\n", TRAPS(m_segment(200, 0, 0)));
  m_table_init(2, 0, 2);
  printf("%d ", m_apply(2, 7, 3)); printf("%d ", m_apply(3, 7, 3)); printf("%d\\n", TRAPS(m_apply(4, 1, 1)));
  printf("%d ", m_table_grow(3)); printf("%d ", m_table_grow(2)); printf("%lu ", m_table.elements); printf("%d ", m_apply(6, 7, 3)); printf("%d\\n", m_apply(2, 7, 3));
  m_table_move(1, 2, 3);
  printf("%d ", m_apply(1, 7, 3)); printf("%d\\n", TRAPS(m_table_move(5, 0, 3)));
  printf("%d ", m_div(7, -2)); printf("%d ", TRAPS(m_div(1, 0))); printf("%d\\n", TRAPS(m_div(-2147483647 - 1, -1)));
  char here;
  m_stack_limit = (unsigned long)&here - 100000;
  printf("%d ", m_deep(100)); printf("%d\\n", TRAPS(m_deep(1000000)));
  return 0;
}
`

const ANSWERS = `-2 10 4 1234
41 0.5 65536 4
63 42
log -7 123456789abc 2.5
7
active
1 -1 2 131072
xxxactive
1 1
1 1
assive 1
1 0
21 10 1
4 -1 7 4 21
21 1
-3 1 1
100 1
`

describe.each(elfTargets.filter((t) => linuxAbi(t) !== undefined))('%s', (target) => {
  const { prefix, runner } = toolsFor(target)
  const gcc = `${prefix}gcc`
  const usable = present(gcc) && (runner.length === 0 || present(runner[0]))
  const wasm = assemble(MODULE)

  test.skipIf(!usable).each([
    ['a static program', {}, ['-static', '-no-pie']],
    ['a program at any address', { is_pic: true }, ['-pie', '-fpie', '-Wl,-z,text']],
    ['guarded memories', { wasm_memory_strategy: 'guard', wasm_fuel: true, wasm_epoch: true }, ['-static', '-no-pie']],
  ] as const)('%s', (_, settings, flags) => {
    const module = compile(wasm, { target, settings })
    const object = wasmLibrary(module, { prefix: 'm', settings })
    withFiles({ 'm.o': object, 'main.c': CALLER }, (folder) => {
      const path = join(folder, 'm.o')
      const listed =
        quietly(`${prefix}readelf`, ['-W', '-a', '-wif', path]) + quietly(`${prefix}objdump`, ['-drW', path])
      expect(listed).not.toMatch(/warning|corrupt|error:/i)
      const program = join(folder, 'program')
      quietly(gcc, [...flags, '-O1', '-w', '-o', program, join(folder, 'main.c'), path])
      expect(quietly(runner[0] ?? program, [...runner.slice(1), ...(runner.length === 0 ? [] : [program])])).toBe(
        ANSWERS,
      )
    })
  })

  test('what an object cannot be made of is said', () => {
    const lazy = compile(wasm, { target, settings: { wasm_lazy_tables: true } })
    expect(() => wasmLibrary(lazy)).toThrow(/wasm_lazy_tables=false/)
    const clif = compile('function %f() system_v { block0: return }', { target })
    expect(() => wasmLibrary(clif)).toThrow(RangeError)
  })
})
