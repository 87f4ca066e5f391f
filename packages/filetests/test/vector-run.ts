// Running the boundary sweep over vectors, and a program that passes them: compiled code against the CLIF interpreter.
import { dataValue, type Func, formatDataValues, parseFunctions, parseType } from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import type { Backend, CompileOptions, Outcome } from '../src/index.ts'
import { edgeValue, sameBits, type VectorCase, vectorArguments, vectorCases } from './vector-cases.ts'

export const CALLS: number = process.env.K23_LONG === '1' ? 3000 : 40

export const vectors: readonly VectorCase[] = vectorCases()

function same(a: Outcome, b: Outcome, anyNaN: boolean): boolean {
  return 'results' in a && 'results' in b && a.results.every((x, i) => sameBits(x, b.results[i], anyNaN))
}

const shown = (o: Outcome): string => ('results' in o ? formatDataValues(o.results) : JSON.stringify(o))

export function functionsOf(list: readonly VectorCase[]): Func[] {
  return parseFunctions(list.map((c) => c.text).join('\n')).functions.map((f) => f.func)
}

/** Cases by opcode, those with f16 apart. */
export function vectorFamilies(half: boolean): [string, VectorCase[]][] {
  const out = new Map<string, VectorCase[]>()
  for (const c of vectors) if (c.half === half) out.set(c.family, [...(out.get(c.family) ?? []), c])
  return [...out]
}

/** Compiles the cases and makes all their calls: what came out wrong, and how many calls were made. */
export function sweepVectors(
  backend: Backend,
  forLine: CompileOptions,
  list: readonly VectorCase[],
  some = CALLS,
): { readonly wrong: string[]; readonly checked: number } {
  const functions = functionsOf(list)
  const oracle = createInterpreter(functions)
  const compiled = backend.compile(functions, forLine)
  if ('unsupported' in compiled) throw new Error(compiled.unsupported)
  const wrong: string[] = []
  let checked = 0
  for (const c of list) {
    for (const args of vectorArguments(c, some)) {
      const want = oracle.invoke(c.name, args)
      if ('unsupported' in want) throw new Error(`the interpreter: ${c.name}: ${want.unsupported}`)
      const got = compiled.invoke(c.name, args)
      checked++
      if (!same(got, want, c.anyNaN) && wrong.length < 20)
        wrong.push(`${c.name}(${formatDataValues(args)}): ${shown(got)}, not ${shown(want)}`)
    }
  }
  compiled.dispose?.()
  return { wrong, checked }
}

/** Vectors in the registers, stack arguments and result areas of calls, and live over them. */
const CALLS_TEXT = `
function %swap(i32x4, i64, f64x2, i8x8, f32, i16x2) -> i16x2, f64x2, i8x8, i32x4, i64 {
block0(v0: i32x4, v1: i64, v2: f64x2, v3: i8x8, v4: f32, v5: i16x2):
    v6 = fadd v2, v2
    v7 = ineg v0
    return v5, v6, v3, v7, v1
}
function %ring(i64, i32x4, i32x4, i64x2) -> i32x4, i64x2 tail {
    fn0 = %ring(i64, i32x4, i32x4, i64x2) -> i32x4, i64x2 tail
block0(v0: i64, v1: i32x4, v2: i32x4, v3: i64x2):
    brif v0, block1, block2
block1:
    v4 = iconst.i64 -1
    v5 = iadd v0, v4
    v6 = iadd v1, v2
    v7 = splat.i64x2 v0
    v8 = bxor v3, v7
    return_call fn0(v5, v2, v6, v8)
block2:
    return v1, v3
}
function %keep(i32x4, i64) preserve_all {
    fn0 = %swap(i32x4, i64, f64x2, i8x8, f32, i16x2) -> i16x2, f64x2, i8x8, i32x4, i64
block0(v0: i32x4, v99: i64):
    v1 = iconst.i64 5
    v2 = bitcast.f64x2 little v0
    v3 = iconst.i8 9
    v4 = splat.i8x8 v3
    v5 = f32const 0x1.0p1
    v6 = iconst.i16 3
    v7 = splat.i16x2 v6
    v8, v9, v10, v11, v12 = call fn0(v0, v1, v2, v4, v5, v7)
    store v11, v99
    return
}
function %calls(i32x4, i32x4, i64, f64x2) -> i32x4, i64x2, f64x2, i32x4 {
    fn0 = %swap(i32x4, i64, f64x2, i8x8, f32, i16x2) -> i16x2, f64x2, i8x8, i32x4, i64
    fn1 = %ring(i64, i32x4, i32x4, i64x2) -> i32x4, i64x2 tail
    ss0 = explicit_slot 16
    fn2 = %keep(i32x4, i64) preserve_all
    sig9 = (i32x4, i64, f64x2, i8x8, f32, i16x2) -> i16x2, f64x2, i8x8, i32x4, i64
block0(v0: i32x4, v1: i32x4, v2: i64, v3: f64x2):
    v4 = iadd v0, v1
    v59 = iconst.i8 77
    v60 = splat.i8x8 v59
    v5 = bitcast.i64 little v60
    v6 = f32const 0x1.8p3
    v7 = iconst.i16 -2
    v8 = splat.i16x2 v7
    v9, v10, v11, v12, v13 = call fn0(v4, v2, v3, v60, v6, v8)
    v14 = isub v12, v0
    v15 = func_addr.i64 fn0
    v16, v17, v18, v19, v20 = call_indirect sig9, v15(v14, v13, v10, v11, v6, v9)
    v21 = splat.i64x2 v20
    v22 = iconst.i64 7
    v23, v24 = call fn1(v22, v19, v1, v21)
    v98 = stack_addr.i64 ss0
    call fn2(v4, v98)
    v25 = load.i32x4 v98
    v26 = bxor v23, v4
    v27 = splat.i64x2 v5
    v28 = iadd v24, v27
    return v26, v28, v17, v25
}`

/** Runs the program over edge values: what came out wrong. */
export function sweepCalls(backend: Backend, forLine: CompileOptions): string[] {
  const functions = parseFunctions(CALLS_TEXT).functions.map((f) => f.func)
  const oracle = createInterpreter(functions)
  const code = backend.compile(functions, forLine)
  if ('unsupported' in code) throw new Error(code.unsupported)
  const wrong: string[] = []
  for (let k = 0; k < 20; k++) {
    const args = ['i32x4', 'i32x4', 'i64', 'f64x2'].map((t, i) => dataValue(parseType(t), edgeValue(t, i, 11 * k)))
    const want = oracle.invoke('calls', args)
    if (!('results' in want)) throw new Error(`the interpreter: ${shown(want)}`)
    const got = code.invoke('calls', args)
    if (!same(got, want, true)) wrong.push(`${shown(got)}, not ${shown(want)}`)
  }
  code.dispose?.()
  return wrong
}
