// The fuzzer itself: its programs are valid and worth running, it finds what is planted, and makes it small.
import { operators } from '@k23/frontend-wasm'
import { describe, expect, test } from 'vitest'
import { encode, fuzz, generate, nodesOf, platforms, type Program, Random, run, v8, valid } from '../src/index.ts'

const seconds = Number(process.env.K23_FUZZ_SECONDS ?? 5)

function programOf(seed: number): Program {
  const random = new Random(seed)
  return generate(random, { simd: random.percent(40) })
}

describe('programs', () => {
  const count = process.env.K23_LONG === '1' ? 5000 : 300
  const programs = Array.from({ length: count }, (_, i) => programOf(i))

  test('are valid and the same for the same seed', () => {
    programs.forEach((p, seed) => {
      expect(valid(p), `seed ${seed}`).toBeDefined()
    })
    for (const seed of [3, 77]) expect(encode(programOf(seed))).toEqual(encode(programs[seed]))
  })

  test('use every operator but relaxed SIMD, and wide arithmetic, which V8 lacks', () => {
    const used = new Set<string>()
    for (const p of Array.from({ length: 900 }, (_, i) => programOf(i)))
      for (const n of nodesOf(p.funcs.flatMap((f) => f.body ?? []))) used.add(n.operator?.name ?? n.kind)
    // What nodes are called otherwise than operators, or stands in no node of its own.
    const others = ['else', 'end', 'nop', 'ref.null', 'return_call', 'return_call_indirect']
    const wide = ['i64.add128', 'i64.sub128', 'i64.mul_wide_s', 'i64.mul_wide_u']
    const constants = ['i32.const', 'i64.const', 'f32.const', 'f64.const', 'v128.const']
    const missing = operators.map((o) => o.name).filter((name) => !used.has(name))
    expect(missing.filter((n) => ![...others, ...wide, ...constants].includes(n) && !n.includes('relaxed'))).toEqual([])
  })

  test('mostly give results, and trap in every way; the same at every run', () => {
    const endings = new Map<string, number>()
    let values = 0
    for (const p of programs) {
      const wasm = encode(p)
      const { lines } = run(v8, p, wasm)
      expect(run(v8, p, wasm).lines).toEqual(lines)
      for (const line of lines) {
        const trap = /: trap (.*)/.exec(line)?.[1]
        if (trap !== undefined) endings.set(trap, (endings.get(trap) ?? 0) + 1)
        else if (/^f\d+\(.*\) = /.test(line)) values++
      }
    }
    expect([...endings.keys()].sort()).toEqual([
      'integer_division_by_zero',
      'integer_overflow',
      'integer_overflow|bad_conversion',
      'memory_out_of_bounds',
      'table_out_of_bounds|undefined_element',
      'uninitialized_element|bad_signature',
      'unreachable',
    ])
    const traps = [...endings.values()].reduce((a, b) => a + b)
    expect(values).toBeGreaterThan(traps * 0.6)
  })
})

describe('comparison', () => {
  test('of a fixed list of seeds finds no difference', { timeout: 120_000 }, async () => {
    const { counts, failure } = await fuzz({ platforms, seed: 1, programs: 12, configs: 1 })
    expect(failure).toBeUndefined()
    expect([...counts.refused]).toEqual([])
    expect(counts.runs).toBe(counts.programs * platforms.length)
    expect(platforms.length).toBeGreaterThan(1)
    expect(counts.calls).toBeGreaterThan(60)
  })

  const planted: [what: string, from: string, to: string, left: RegExp][] = [
    ['four bytes stored for one', 'i32.store8', 'i32.store', /i32\.store8/],
  ]
  test.each(planted)('%s is found and made small', { timeout: 120_000 }, async (_, from, to, left) => {
    const number = (name: string): { index: number } => operators.find((o) => o.name === name) as { index: number }
    const { failure } = await fuzz({
      platforms: platforms.slice(0, 1),
      configs: 1,
      seed: 1,
      programs: 400,
      // Our side gets a program in which the operator is another one.
      tamper(program) {
        const nodes = [...nodesOf(program.funcs.flatMap((f) => f.body ?? []))].filter((n) => n.operator?.name === from)
        const before = nodes.map((n) => n.operator)
        for (const n of nodes) n.operator = { ...n.operator, ...number(to) } as NonNullable<typeof n.operator>
        try {
          return encode(program)
        } finally {
          nodes.forEach((n, i) => {
            n.operator = before[i] as NonNullable<(typeof before)[number]>
          })
        }
      },
    })
    expect(failure).toBeDefined()
    expect(failure?.text).toMatch(left)
    // The functions that are left: the fuel's lines and a handful more.
    expect(failure?.text.split('\n').length).toBeLessThan(70)
    expect(failure?.calls).toHaveLength(1)
  })

  test('of random seeds finds no difference', { tags: ['fuzz'], timeout: (seconds + 120) * 1000 }, async () => {
    const seed = Number(process.env.K23_FUZZ_SEED ?? Date.now() % 1_000_000_007)
    const { counts, failure } = await fuzz({ platforms, seed, seconds })
    console.log(`${counts.programs} modules from seed ${seed}: ${counts.calls} calls compared, ${counts.traps} traps`)
    expect(failure).toBeUndefined()
  })
})
