// Running the boundary sweep over scalars: the arguments of each case, the comparison of what compiled code does with what the CLIF interpreter does.
import {
  type DataValue,
  dataValue,
  F128,
  F16,
  F32,
  F64,
  formatDataValues,
  I128,
  I16,
  I32,
  I64,
  I8,
  parseFunctions,
  type Type,
  unsignedBits,
} from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import type { Backend, CompileOptions, Outcome } from '../src/index.ts'
import { bitsOf, floatEdges, intEdges, type SweepCase, sweepCases } from './sweep-cases.ts'

const TYPES: Readonly<Record<string, Type>> = {
  i8: I8,
  i16: I16,
  i32: I32,
  i64: I64,
  i128: I128,
  f16: F16,
  f32: F32,
  f64: F64,
  f128: F128,
}
export const long: boolean = process.env.K23_LONG === '1'

function edgesOf(type: string, few: boolean): bigint[] {
  if (type[0] !== 'f') return intEdges(bitsOf(type), false)
  const all = floatEdges(bitsOf(type))
  return few ? all.filter((_, i) => i % 5 === 0 || i > all.length - 4) : all
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}

/** All combinations of edge values, or, in the short run, about `some` spread over them. */
function* calls(c: SweepCase, some: number): Generator<DataValue[]> {
  const lists = c.params.map((t) => edgesOf(t, c.params.length > 1).map((n) => dataValue(TYPES[t], n)))
  const total = lists.reduce((n, l) => n * l.length, 1)
  let step = long || total <= some ? 1 : Math.ceil(total / some)
  // A stride with a divisor in common with a list would miss the rest of it.
  while (lists.some((l) => gcd(step, l.length) > 1)) step++
  for (let k = 0; k < total; k += step) {
    let rest = k
    yield lists.map((l) => {
      const x = l[rest % l.length]
      rest = Math.floor(rest / l.length)
      return x
    })
  }
}

function isNaNBits(v: DataValue): boolean {
  const n = unsignedBits(v)
  if (v.type === F128) return BigInt.asUintN(127, n) > 0x7fffn << 112n
  if (v.type === F16) return (n & 0x7fffn) > 0x7c00n
  return v.type === F32
    ? (n & 0x7fffffffn) > 0x7f800000n
    : v.type === F64 && (n & 0x7fffffffffffffffn) > 0x7ff0000000000000n
}

function text(o: Outcome): string {
  return 'results' in o ? formatDataValues(o.results) : 'trap' in o ? `trap ${o.trap}` : `unsupported ${o.unsupported}`
}

function same(a: Outcome, b: Outcome, anyNaN: boolean): boolean {
  if ('trap' in a || 'trap' in b) return 'trap' in a && 'trap' in b && a.trap === b.trap
  if (!('results' in a && 'results' in b)) return false
  return a.results.every((x, i) => {
    const y = b.results[i]
    return unsignedBits(x) === unsignedBits(y) || (anyNaN && isNaNBits(x) && isNaNBits(y))
  })
}

const cases: readonly SweepCase[] = sweepCases(long)

/** Cases by opcode, those with f16 apart. */
export function families(half: boolean, of: readonly SweepCase[] = cases): [string, SweepCase[]][] {
  const out = new Map<string, SweepCase[]>()
  for (const c of of) {
    if (c.half !== half) continue
    const key = c.name.split('_')[0]
    out.set(key, [...(out.get(key) ?? []), c])
  }
  return [...out]
}

const isNarrow = (t: string): boolean => t[0] === 'i' && bitsOf(t) < 64

/**
 * Cases with narrow integer results, which come back widened by both extensions: what an ISA's extension.ts says of the bits above is what decides how that
 * is done.
 */
export function widened(): SweepCase[] {
  return cases.flatMap((c) => {
    const returns = (/-> (.*) \{/.exec(c.text) as RegExpExecArray)[1].split(', ')
    if (!returns.some(isNarrow)) return []
    let fresh = 1000
    const text = c.text
      .replace(/-> .* \{/, `-> ${returns.map((t) => (isNarrow(t) ? 'i64, i64' : t)).join(', ')} {`)
      .replace(/^ *return (.*)$/gm, (_, values: string) => {
        const lines: string[] = []
        const out = values.split(', ').map((v, i) => {
          if (!isNarrow(returns[i])) return v
          const [zero, sign] = [`v${fresh++}`, `v${fresh++}`]
          lines.push(`    ${zero} = uextend.i64 ${v}`, `    ${sign} = sextend.i64 ${v}`)
          return `${zero}, ${sign}`
        })
        return [...lines, `    return ${out.join(', ')}`].join('\n')
      })
    return [{ ...c, text }]
  })
}

/** Compiles the cases and makes all their calls: what came out wrong, and how many calls were made. */
export function sweep(
  backend: Backend,
  forLine: CompileOptions,
  list: readonly SweepCase[],
  some = 97,
): { readonly wrong: string[]; readonly checked: number } {
  const functions = parseFunctions(list.map((c) => c.text).join('\n')).functions.map((f) => f.func)
  const oracle = createInterpreter(functions)
  const compiled = backend.compile(functions, forLine)
  if ('unsupported' in compiled) throw new Error(compiled.unsupported)
  const wrong: string[] = []
  let checked = 0
  for (const c of list) {
    for (const args of calls(c, some)) {
      const want = oracle.invoke(c.name, args)
      if ('unsupported' in want) throw new Error(`the interpreter: ${c.name}: ${want.unsupported}`)
      const got = compiled.invoke(c.name, args)
      checked++
      if (!same(got, want, c.anyNaN) && wrong.length < 20)
        wrong.push(`${c.name}(${formatDataValues(args)}): ${text(got)}, not ${text(want)}`)
    }
  }
  compiled.dispose?.()
  return { wrong, checked }
}
