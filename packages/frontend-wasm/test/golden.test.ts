// What translation makes of small functions, as text: read it as documentation. `pnpm exec vitest run packages/frontend-wasm -u` accepts a change.
import { printFunction } from '@k23/ir'
import { beforeAll, describe, expect, test } from 'vitest'
import wabtInit from 'wabt'
import {
  decodeModule,
  entryTrampoline,
  hostTrampoline,
  I32,
  translateFunction,
  type TranslateOptions,
  type WasmModule,
} from '../src/index.ts'

let module: WasmModule
beforeAll(async () => {
  const wabt = await wabtInit()
  const text = `(module
    (type $unary (func (param i32) (result i32)))
    (import "host" "f" (func $host (type $unary)))
    (memory 1 4) (table 10 20 funcref) (global $g (mut i32) (i32.const 7)) (global $c i32 (i32.const 9))
    (func (type $unary) (i32.load offset=8 (local.get 0)))                              ;; 1
    (func (type $unary) (i32.load offset=65536 (local.get 0)))                          ;; 2
    (func (type $unary) (i32.load offset=8 (i32.const 16)))                             ;; 3
    (func (type $unary) (call_indirect (type $unary) (local.get 0) (local.get 0)))      ;; 4
    (func (type $unary) (i32.add (call $host (global.get $g)) (global.get $c)))         ;; 5
    (func (type $unary) (memory.grow (local.get 0)))                                    ;; 6
    (func (type $unary) (local i32)                                                     ;; 7
      (loop $l (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1))
    (func (type $unary) (if (result i32) (i32.lt_u (local.get 0) (i32.const 5)) (then (i32.const 1)) (else (unreachable))))          ;; 8
    (func (type $unary) (call_indirect (type $unary) (local.get 0) (i32.const 9))))     ;; 9`
  module = decodeModule(wabt.parseWat('golden.wat', text, {}).toBinary({}).buffer)
})

// Regions, the stack limit and source locations are the same everywhere, or noise here.
function body(index: number, options: Partial<TranslateOptions> = {}): string {
  const text = printFunction(translateFunction(module, index, { stackLimit: false, ...options }))
  return `\n${text
    .split('\n')
    .filter((l) => !/^ {4}region/.test(l))
    .map((l) => l.replace(/^@[0-9a-f]+ +|^ {20,}/, '    ').replace(/^ {4}(block\d+.*:)$/, '$1'))
    .join('\n')
    .trim()}\n`
}

describe('memory', () => {
  test('dynamic bound, Spectre guard', () =>
    expect(body(1)).toMatchInlineSnapshot(`
    "
    function u0:1(i64 vmctx, i64, i32) -> i32 tail {

    block0(v0: i64, v1: i64, v2: i32):
        v3 = uextend.i64 v2
        v4 = load.i64 notrap aligned region0 v0+40
        v5 = iconst.i64 12
        v6 = isub v4, v5  ; v5 = 12
        v7 = icmp ugt v3, v6
        v8 = load.i64 notrap aligned region0 v0+32
        v9 = iadd v8, v3
        v10 = iconst.i64 0
        v11 = select_spectre_guard v7, v10, v9  ; v10 = 0
        v12 = load.i32 little region1 v11+8
        return v12
    }
    "
  `))
  test('dynamic bound, trap', () =>
    expect(body(1, { heapSpectre: false })).toMatchInlineSnapshot(`
    "
    function u0:1(i64 vmctx, i64, i32) -> i32 tail {

    block0(v0: i64, v1: i64, v2: i32):
        v3 = uextend.i64 v2
        v4 = load.i64 notrap aligned region0 v0+40
        v5 = iconst.i64 12
        v6 = isub v4, v5  ; v5 = 12
        v7 = icmp ugt v3, v6
        trapnz v7, heap_oob
        v8 = load.i64 notrap aligned region0 v0+32
        v9 = iadd v8, v3
        v10 = load.i32 notrap little region1 v9+8
        return v10
    }
    "
  `))
  test('guard region', () =>
    expect(body(1, { memory: { kind: 'guard', reservation: 2 ** 32, guard: 65536 } })).toMatchInlineSnapshot(`
      "
      function u0:1(i64 vmctx, i64, i32) -> i32 tail {

      block0(v0: i64, v1: i64, v2: i32):
          v3 = uextend.i64 v2
          v4 = load.i64 notrap aligned readonly can_move v0+32
          v5 = iadd v4, v3
          v6 = load.i32 little region1 v5+8
          return v6
      }
      "
    `))
  test('beyond the declared minimum, Spectre guard', () =>
    expect(body(2)).toMatchInlineSnapshot(`
    "
    function u0:2(i64 vmctx, i64, i32) -> i32 tail {

    block0(v0: i64, v1: i64, v2: i32):
        v3 = uextend.i64 v2
        v4 = iconst.i64 0x0001_0004
        v5 = iadd v3, v4  ; v4 = 0x0001_0004
        v6 = load.i64 notrap aligned region0 v0+40
        v7 = icmp ugt v5, v6
        v8 = load.i64 notrap aligned region0 v0+32
        v9 = iadd v8, v3
        v10 = iconst.i64 0x0001_0000
        v11 = iadd v9, v10  ; v10 = 0x0001_0000
        v12 = iconst.i64 0
        v13 = select_spectre_guard v7, v12, v11  ; v12 = 0
        v14 = load.i32 little region1 v13
        return v14
    }
    "
  `))
  test('constant index below the declared minimum', () =>
    expect(body(3)).toMatchInlineSnapshot(`
    "
    function u0:3(i64 vmctx, i64, i32) -> i32 tail {

    block0(v0: i64, v1: i64, v2: i32):
        v3 = iconst.i32 16
        v4 = load.i64 notrap aligned region0 v0+32
        v5 = load.i32 notrap little region1 v4+24
        return v5
    }
    "
  `))
  test('growth is a host call', () =>
    expect(body(6)).toMatchInlineSnapshot(`
      "
      function u0:6(i64 vmctx, i64, i32) -> i32 tail {
          ss0 = explicit_slot 48, align = 16
          sig0 = (i64, i64) system_v

      block0(v0: i64, v1: i64, v2: i32):
          v3 = iconst.i32 0
          v4 = uextend.i64 v2
          v5 = iconst.i64 0
          v6 = load.i64 notrap aligned readonly can_move v0+8
          v7 = stack_addr.i64 ss0
          store notrap aligned v0, v7
          store notrap aligned v3, v7+16  ; v3 = 0
          store notrap aligned v4, v7+32
          v8 = load.i64 notrap aligned readonly can_move v6+32
          call_indirect sig0, v8(v5, v7)  ; v5 = 0
          v9 = load.i32 notrap aligned v7+16
          return v9
      }
      "
    `))
})

describe('calls', () => {
  test('indirect', () =>
    expect(body(4)).toMatchInlineSnapshot(`
      "
      function u0:4(i64 vmctx, i64, i32) -> i32 tail {
          sig0 = (i64 vmctx, i64, i32) -> i32 tail

      block0(v0: i64, v1: i64, v2: i32):
          v3 = uextend.i64 v2
          v4 = load.i64 notrap aligned region0 v0+88
          v5 = icmp uge v3, v4
          trapnz v5, user3
          v6 = load.i64 notrap aligned region0 v0+80
          v7 = iconst.i32 3
          v8 = ishl v3, v7  ; v7 = 3
          v9 = iadd v6, v8
          v10 = select_spectre_guard v5, v6, v9
          v11 = load.i64 notrap aligned region3 v10
          v12 = load.i64 notrap aligned readonly can_move v0+24
          v13 = load.i32 notrap aligned readonly can_move v12
          v14 = load.i32 user4 aligned readonly v11+16
          v15 = icmp ne v14, v13
          trapnz v15, user5
          v16 = load.i64 notrap aligned readonly v11
          v17 = load.i64 notrap aligned readonly v11+8
          v18 = call_indirect sig0, v16(v17, v0, v2)
          return v18
      }
      "
    `))
  test('indirect, constant index', () =>
    expect(body(9)).toMatchInlineSnapshot(`
      "
      function u0:9(i64 vmctx, i64, i32) -> i32 tail {
          sig0 = (i64 vmctx, i64, i32) -> i32 tail

      block0(v0: i64, v1: i64, v2: i32):
          v3 = iconst.i32 9
          v4 = load.i64 notrap aligned region0 v0+80
          v5 = iconst.i64 72
          v6 = iadd v4, v5  ; v5 = 72
          v7 = load.i64 notrap aligned region3 v6
          v8 = load.i64 notrap aligned readonly can_move v0+24
          v9 = load.i32 notrap aligned readonly can_move v8
          v10 = load.i32 user4 aligned readonly v7+16
          v11 = icmp ne v10, v9
          trapnz v11, user5
          v12 = load.i64 notrap aligned readonly v7
          v13 = load.i64 notrap aligned readonly v7+8
          v14 = call_indirect sig0, v12(v13, v0, v2)
          return v14
      }
      "
    `))
  test('imported, with globals', () =>
    expect(body(5)).toMatchInlineSnapshot(`
    "
    function u0:5(i64 vmctx, i64, i32) -> i32 tail {
        sig0 = (i64 vmctx, i64, i32) -> i32 tail

    block0(v0: i64, v1: i64, v2: i32):
        v3 = load.i32 notrap aligned region2 v0+48
        v4 = load.i64 notrap aligned readonly can_move v0+96
        v5 = load.i64 notrap aligned readonly can_move v0+104
        v6 = call_indirect sig0, v4(v5, v0, v3)
        v7 = iconst.i32 9
        v8 = iadd v6, v7  ; v7 = 9
        return v8
    }
    "
  `))
  test('entry trampoline', () =>
    expect(`\n${printFunction(entryTrampoline({ params: [I32], results: [I32] }))}`).toMatchInlineSnapshot(`
      "
      function u1:0(i64, i64, i64) system_v {
          sig0 = (i64 vmctx, i64, i32) -> i32 tail

      block0(v0: i64, v1: i64, v2: i64):
          v3 = load.i32 notrap aligned v2
          v4 = call_indirect sig0, v1(v0, v0, v3)
          store notrap aligned v4, v2
          return
      }
      "
    `))
  test('host trampoline', () =>
    expect(`\n${printFunction(hostTrampoline({ params: [I32], results: [I32] }))}`).toMatchInlineSnapshot(`
      "
      function u2:0(i64 vmctx, i64, i32) -> i32 tail {
          ss0 = explicit_slot 32, align = 16
          sig0 = (i64, i64) system_v

      block0(v0: i64, v1: i64, v2: i32):
          v3 = load.i64 notrap aligned readonly can_move v0+8
          v4 = load.i32 notrap aligned readonly can_move v0+16
          v5 = uextend.i64 v4
          v6 = stack_addr.i64 ss0
          store notrap aligned v1, v6
          store notrap aligned v2, v6+16
          v7 = load.i64 notrap aligned readonly can_move v3+32
          call_indirect sig0, v7(v5, v6)
          v8 = load.i32 notrap aligned v6+16
          return v8
      }
      "
    `))
})

describe('control', () => {
  test('loop', () =>
    expect(body(7)).toMatchInlineSnapshot(`
    "
    function u0:7(i64 vmctx, i64, i32) -> i32 tail {

    block0(v0: i64, v1: i64, v2: i32):
        v3 = iconst.i32 0
        jump block1(v3, v2)  ; v3 = 0

    block1(v4: i32, v5: i32):
        v6 = iadd v4, v5
        v7 = iconst.i32 1
        v8 = isub v5, v7  ; v7 = 1
        brif v8, block1(v6, v8), block2

    block2:
        return v6
    }
    "
  `))
  test('if with a branch that traps', () =>
    expect(body(8)).toMatchInlineSnapshot(`
    "
    function u0:8(i64 vmctx, i64, i32) -> i32 tail {

    block0(v0: i64, v1: i64, v2: i32):
        v3 = iconst.i32 5
        v4 = icmp ult v2, v3  ; v3 = 5
        v5 = uextend.i32 v4
        brif v4, block1, block2

    block1:
        v6 = iconst.i32 1
        jump block3(v6)  ; v6 = 1

    block2:
        trap user1

    block3(v7: i32):
        return v7
    }
    "
  `))
})
