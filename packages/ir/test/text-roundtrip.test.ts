import { describe, expect, test } from 'vitest'
import { functionDifference, parseFile, parseFunction, printFunction } from '../src/text/index.ts'
import { INVALID_VALUE } from '../src/function.ts'
import { dataFiles, dataFolder, hasData } from './text-data.ts'

/** Prints, parses what was printed, compares, prints again. */
function roundTrip(text: string): string {
  const func = parseFunction(text)
  const printed = printFunction(func)
  const again = parseFunction(printed)
  expect(functionDifference(func, again)).toBeUndefined()
  expect(printFunction(again)).toBe(printed)
  return printed
}

describe.skipIf(!hasData)(`the files of ${dataFolder}`, () => {
  test('every file parses; printing is stable and reads back as the same function', () => {
    const files = dataFiles()
    expect(files.length).toBeGreaterThan(300)
    let functions = 0
    for (const { name, text } of files) {
      for (const f of parseFile(text).functions) {
        const printed = printFunction(f.func)
        const again = parseFunction(printed)
        expect(functionDifference(f.func, again), `${name}:${f.line}`).toBeUndefined()
        expect(printFunction(again), `${name}:${f.line}`).toBe(printed)
        functions++
      }
    }
    expect(functions).toBeGreaterThan(1900)
  })
})

test('what the printer writes, for every construct', () => {
  const text = `function u1:7(i64 vmctx, i32 uext, i8 sext, i64 sarg(24), f32x4xN) -> i64 sret, f128 system_v {
    userextname0 = u2:3
    userextname1 = u8:9
    region0 = 36 "a \\"quoted\\" region"
    ss0 = explicit_slot 12, align = 4
    ss1 = explicit_slot 8, key = 18446744073709551615
    dss0 = explicit_dynamic_slot dt0
    gv0 = vmctx
    gv1 = load.i64 notrap aligned readonly can_move region0 gv0-72
    gv2 = iadd_imm.i64 gv1, -32
    gv3 = symbol colocated tls userextname1+16
    gv4 = symbol %"odd name"-65536
    gv5 = dyn_scale_target_const.i32x4
    dt0 = f32x4*gv5
    sig0 = (i32) -> f32 tail
    sig1 = () windows_fastcall
    fn0 = colocated patchable u2:3 sig1
    fn1 = %FloorF32 sig0
    fn2 = %"FloorF32" sig0
    fn3 = %ElfGlobalOffsetTable sig1
    const0 = 0x00000000000000000000000000000001
    const1 = 0xffff0000000000000000000000000000
    const2 = 0x80010000000000000000000000000001
    stack_limit = gv1

                                block0(v0: i64, v1: i32, v2: i8, v3: i64, v4: f32x4xN):
                                    v5 -> v1
                                    v5: "the second"
                                    v6 -> v5
@0012                               v7 = iadd v5, v6
                                    v8 = iconst.i8 -1
                                    v9 = iconst.i64 0xffff_ffff_ffff
                                    v10 = iconst.i64 -9223372036854775808
                                    v11 = f16const -0x1.ffcp15
                                    v12 = f32const +NaN:0x1
                                    v13 = f64const -sNaN:0x4000000000001
                                    v14 = f128const -0x1.0000000000000000000000000001p-16382
                                    v15 = vconst.i8x16 const0
                                    v16 = shuffle v15, v15, 0x1f0f000102030405060708090a0b0c0d  ; v15 = const0, v15 = const0
@ffff <0, ss1, 5>                   call fn0(), stack_map=[i32 @ ss0+0, i64x2 @ ss1-4]
                                    v17 = load.i32 user7 little region0 v0+0x0001_0000
                                    store notrap aligned v17, v0-12
                                    v18 = atomic_rmw.i32 big umax v0, v17
                                    v19 = atomic_cas v0, v17, v18
                                    v20 = bitcast.f32 little v19
                                    v21 = splat.f32x4xN v20
                                    v22 = stack_addr.i64 ss0+8
                                    v23 = dynamic_stack_addr.i64 dss0
                                    v24 = get_exception_handler_address.i64 block3, 0
                                    v25 = uadd_overflow_trap v17, v18, int_ovf
                                    v26 = icmp ugt v17, v18
                                    v27 = fcmp uno v20, v20
                                    v28 = extract_vector v21, 1
                                    trapz v26, stk_ovf
                                    brif v26, block1(v8), block2  ; v8 = -1

                                block1(v30: i8) cold:
                                    br_table v17, block1(v30), [block2, block1(v8)]  ; v8 = -1

                                block2:
                                    v31 = symbol_value.i64 gv3
                                    v32 = call_indirect sig0, v31(v17)
                                    return_call_indirect sig1, v31()

                                block3:
                                    try_call fn1(v17), sig0, block4(ret0, v17), [ tag1: block1(exn0), context v0, default: block5(exn1) ]

                                block4(v40: f32, v41: i32):
                                    try_call_indirect.i64 v0(), sig1, block2, []

                                block5(v42: i64):
                                    return v42, v14  ; v14 = const2
}
`
  expect(roundTrip(text)).toBe(text)
})

test('constants that an instruction uses stand behind it', () => {
  const printed = roundTrip(`function %f() -> i32 {
block0:
    v0 = iconst.i32 34
    v1 = iconst.i32 0x8000_0000
    v2 = iadd v0, v1
    v3 = f32const 0x1.8p0
    jump block1(v0, v3)
block1(v4: i32, v5: f32):
    return v4
}`)
  expect(printed).toContain('    v1 = iconst.i32 -2147483648\n')
  expect(printed).toContain('    v2 = iadd v0, v1  ; v0 = 34, v1 = -2147483648\n')
  expect(printed).toContain('    jump block1(v0, v3)  ; v0 = 34, v3 = 0x1.800000p0\n')
})

test('numbers of the text are entity numbers; skipped ones are invalid', () => {
  const f = parseFunction('function %f(i32) -> i32 {\nblock7(v9: i32):\n  v3 = iadd v9, v9\n  return v3\n}')
  expect(f.numValues).toBe(10)
  expect([...f.valKind.subarray(0, 10)].filter((k) => k === INVALID_VALUE)).toHaveLength(8)
  expect(f.firstBlock).toBe(7)
  expect(f.blockInserted[0]).toBe(0)
})

test('types of values that are defined later', () => {
  const f = parseFunction(`function %f(i64) -> i64 {
block0(v0: i64):
    jump block2
block1:
    v1 = iadd v2, v2
    v3 = isub v4, v4
    return v1
block2:
    v2 = imul v0, v0
    v4 -> v5
    v5, v6 = isplit v7
    v7 = iconcat v1, v1
    jump block1
}`)
  expect(f.valType[1]).toBe(f.valType[0])
  expect(f.valType[3]).toBe(f.valType[0])
  expect(f.valType[7]).toBe(f.valType[0] + 1)
  roundTrip(printFunction(f))
})

test('a long chain of values used before their definition is typed in linear time', () => {
  const n = 20_000
  let s = 'function %f(i64) -> i64 {\nblock0(v0: i64):\n jump block2\nblock1:\n return v1\nblock2:\n'
  for (let i = 1; i <= n; i++) s += i % 3 === 0 ? ` v${i} -> v${i + 1}\n` : ` v${i} = iadd v${i + 1}, v${i + 1}\n`
  const f = parseFunction(`${s} v${n + 1} = iconst.i64 1\n jump block1\n}`)
  expect(f.valType[1]).toBe(4)
})
