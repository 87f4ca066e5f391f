// Vector operators against V8's own: every one on edge and random lanes, alone and in chains that mix lane shapes, so that casts between them,
// vectors across blocks and calls, and many live vectors are seen too.
//
// NaNs: which one an operator makes is open, so results of operators on floats are canonicalized (a lane that is not equal to itself becomes
// the canonical one) on both sides before they are looked at.
import { operators } from '@k23/frontend-wasm'
import * as wasm from '@k23/frontend-wasm/runtime-abi'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { expect, test } from 'vitest'
import { Engine, Store } from '@k23/kernel'

type Operator = (typeof operators)[number]

const FD = 0xfd
const FIRST = operators.find((o) => o.name === 'v128.load')!.index
const simple = operators.filter((o) => o.kind === 'simple' && o.index >= FIRST && !/relaxed/.test(o.name))
const lanes = operators.filter((o) => o.kind === 'extract_lane' || o.kind === 'replace_lane')
/** Choices that relaxed operators leave are not V8's; these have none, or are not on these inputs. */
const named = new Map(operators.map((o) => [o.name, o]))

const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)])
const signed = (n: number): number[] => {
  const out: number[] = []
  for (let x = n; ; x >>= 7) {
    if (x >= -64 && x < 64) return [...out, x & 127]
    out.push((x & 127) | 128)
  }
}
const vec = (items: readonly (readonly number[])[]): number[] => [...leb(items.length), ...items.flat()]
const section = (id: number, body: readonly number[]): number[] => [id, ...leb(body.length), ...body]
const name = (s: string): number[] => [...leb(s.length), ...Buffer.from(s)]
const code = (o: Operator): number[] => (o.index >= FIRST ? [FD, ...leb(o.index - FIRST)] : [o.index])
const op = (text: string): number[] => code(named.get(text)!)

/** A module with one memory and functions () -> (): bodies with `locals` v128 locals. */
function moduleOf(bodies: readonly number[][], locals: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      vec([
        [0x60, 0, 0],
        [0x60, 2, 0x7b, 0x7b, 2, 0x7b, 0x7b],
      ]),
    ),
    ...section(3, vec([[1], ...bodies.map(() => [0])])),
    ...section(5, vec([[0, 1]])),
    ...section(6, vec([[0x7b, 1, FD, 12, ...new Array<number>(16).fill(0x5a), 0x0b]])),
    ...section(7, vec([[...name('m'), 2, 0], ...bodies.map((_, i) => [...name(`f${i}`), 0, ...leb(i + 1)])])),
    // Function 0 swaps its two vectors.
    ...section(
      10,
      vec([
        [6, 0, 0x20, 1, 0x20, 0, 0x0b],
        ...bodies.map((b) => {
          const body = [...vec([[...leb(locals), 0x7b]]), ...b, 0x0b]
          return [...leb(body.length), ...body]
        }),
      ]),
    ),
  ])
}

const load = (at: number): number[] => [0x41, ...signed(at), ...op('v128.load'), 0, 0]
const store = (at: number, value: readonly number[]): number[] => [
  0x41,
  ...signed(at),
  ...value,
  ...op('v128.store'),
  0,
  0,
]
/** A scalar operand at an address. */
const loadScalar: Readonly<Record<number, (at: number) => number[]>> = {
  [wasm.V128]: load,
  [wasm.I32]: (at) => [0x41, ...signed(at), 0x28, 0, 0],
  [wasm.I64]: (at) => [0x41, ...signed(at), 0x29, 0, 0],
  [wasm.F32]: (at) => [0x41, ...signed(at), 0x2a, 0, 0],
  [wasm.F64]: (at) => [0x41, ...signed(at), 0x2b, 0, 0],
}
/** Result of any type as a v128. */
const asVector: Readonly<Record<number, readonly number[]>> = {
  [wasm.V128]: [],
  [wasm.I32]: op('i32x4.splat'),
  [wasm.I64]: op('i64x2.splat'),
  [wasm.F32]: op('f32x4.splat'),
  [wasm.F64]: op('f64x2.splat'),
}
/** The shape whose NaNs an operator makes, or none. */
const floatShape = (o: Operator): string | undefined =>
  /\.(eq|ne|lt|gt|le|ge|abs|neg|pmin|pmax|replace_lane|extract_lane|splat)$/.test(o.name)
    ? undefined
    : /^f(32x4|64x2)/.exec(o.name)?.[0]
const canonicalNan = { f32x4: [0, 0, 0xc0, 0x7f], f64x2: [0, 0, 0, 0, 0, 0, 0xf8, 0x7f] }

/** Behind code that leaves a vector: it with its NaNs canonical. `t` is a local. */
function canonicalized(shape: string | undefined, t: number): number[] {
  if (shape !== 'f32x4' && shape !== 'f64x2') return []
  const nan = canonicalNan[shape]
  const all = Array.from({ length: 16 }, (_, i) => nan[i % nan.length])
  return [0x22, t, FD, 12, ...all, 0x20, t, 0x20, t, ...op(`${shape}.eq`), ...op('v128.bitselect')]
}

let state = 0x2545_f491
function random(n: number): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % n
}
const pick = <T>(list: readonly T[]): T => list[random(list.length)]

// biome-ignore format: table
const edges32 = [0, 1, -1, 0x7fff_ffff, -0x8000_0000, 0x7f80_0000, -0x0080_0000, 0x7fc0_0000, 0x7f80_0001, 0x3f80_0000, 0x4f00_0000, -0x3100_0000, 0x4f80_0000,
  0x0000_8000, 0x0080_7f01, 0x807f_ff80 | 0, 0x3f00_0000, 0x4b00_0001, 0x0080_0000, 0x0000_0001, 0x4020_0000, -0x3fe0_0000]
const edges64: readonly (readonly [number, number])[] = [
  [0, 0x7ff0_0000],
  [0, -0x0010_0000],
  [1, 0x7ff0_0000],
  [0, 0x7ff8_0000],
  [0, 0x3ff0_0000],
  [0, 0x41e0_0000],
  [0, -0x3e20_0000],
  [0xffc0_0000 | 0, 0x41df_ffff],
  [0, 0x41f0_0000],
  [0, 0x4340_0000],
  [0, 0x43e0_0000],
  [0, 0x3fe0_0000],
  [0, 0x4004_0000],
  [0, -0x8000_0000],
  [-1, -1],
  [0, 0x47f0_0000],
  [0xf000_0000 | 0, 0x47ef_ffff],
  [1, 0],
]

/** Fills 64 bytes with lanes that are edges of some width, or random. */
function fill(bytes: Uint8Array): void {
  const d = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at < bytes.length; at += 16) {
    const kind = random(4)
    for (let k = 0; k < 16; k += 8) {
      if (kind === 0) {
        const [lo, hi] = pick(edges64)
        d.setInt32(at + k, lo, true)
        d.setInt32(at + k + 4, hi, true)
      } else if (kind === 1) for (const j of [0, 4]) d.setInt32(at + k + j, pick(edges32), true)
      else
        for (let j = 0; j < 8; j++)
          bytes[at + k + j] = kind === 2 ? pick([0, 1, 0x7f, 0x80, 0xff, 15, 16, 31]) : random(256)
    }
  }
}

const INPUTS = 64
const OUTPUT = 1024

function compare(bodies: readonly number[][], locals: number, rounds: number, label: (f: number) => string): void {
  const bytes = moduleOf(bodies, locals)
  const theirs = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Record<string, () => void> & {
    m: WebAssembly.Memory
  }
  const engine = new Engine({ machine: createRiscv64Machine(), settings: { regalloc_checker: true } })
  const store = new Store(engine)
  const ours = store.instantiate(engine.compile(bytes))
  const memory = ours.memory('m')
  const length = OUTPUT + 16 * 64
  for (let round = 0; round < rounds; round++) {
    for (let f = 0; f < bodies.length; f++) {
      const input = new Uint8Array(theirs.m.buffer, 0, INPUTS)
      fill(input)
      memory.write(0, input)
      theirs[`f${f}`]()
      ours.func(`f${f}`).call()
      const expected = new Uint8Array(theirs.m.buffer, 0, length)
      const found = memory.view(0, length)
      const at = expected.findIndex((b, i) => b !== found[i])
      if (at >= 0) {
        const hex = (b: Uint8Array): string => Buffer.from(b.subarray(at & ~15, (at & ~15) + 16)).toString('hex')
        throw new Error(
          `${label(f)}: at ${at} V8 has ${hex(expected)}, we ${hex(found)}; inputs ${Buffer.from(input).toString('hex')}`,
        )
      }
    }
  }
  store.close()
}

/** Loads operands, applies the operator, stores the result: with operands from different places, then the same one twice. */
function bodyOf(o: Operator, lane: readonly number[]): number[] {
  const at = [
    [0, 16, 32],
    [48, 48, 48],
  ].map((places) => [
    ...o.params.flatMap((t, i) => loadScalar[t](places[i])),
    ...code(o),
    ...lane,
    ...asVector[o.results[0]],
    ...canonicalized(floatShape(o), 0),
  ])
  return at.flatMap((value, i) => store(OUTPUT + 16 * i, value))
}

const long = process.env.K23_LONG === '1'

test('every operator, lane by lane', { timeout: 60_000 }, () => {
  const cases = [
    ...simple.map((o) => ({ text: o.name, body: bodyOf(o, []) })),
    ...lanes.flatMap((o) =>
      Array.from({ length: 16 / o.bytes }, (_, i) => ({ text: `${o.name} ${i}`, body: bodyOf(o, [i]) })),
    ),
  ]
  expect(cases.length).toBeGreaterThan(250)
  compare(
    cases.map((c) => c.body),
    1,
    long ? 2000 : 60,
    (f) => cases[f].text,
  )
})

test('shuffles of every kind', { timeout: 60_000 }, () => {
  const masks: number[][] = []
  for (const width of [1, 2, 4, 8]) {
    for (let k = 0; k < 24; k++) {
      const half = pick([16, 32])
      const first = Array.from({ length: 16 / width }, () => random(half / width) * width)
      masks.push(first.flatMap((l) => Array.from({ length: width }, (_, j) => l + j)))
    }
  }
  for (let k = 0; k < 16; k++) masks.push(Array.from({ length: 16 }, (_, i) => (i + k) & 31))
  for (let k = 0; k < 16; k++) masks.push(new Array<number>(16).fill(k * 2))
  const interleave = (w: number, from: number): number[] =>
    Array.from({ length: 16 }, (_, i) => (Math.floor(i / w) % 2) * 16 + from + Math.floor(i / (2 * w)) * w + (i % w))
  for (const w of [1, 2, 4, 8]) masks.push(interleave(w, 0), interleave(w, 8))
  const body = (mask: number[]): number[] => [
    ...store(OUTPUT, [...load(0), ...load(16), ...op('i8x16.shuffle'), ...mask]),
    ...store(OUTPUT + 16, [...load(32), 0x22, 0, 0x20, 0, ...op('i8x16.shuffle'), ...mask]),
  ]
  compare(masks.map(body), 1, long ? 200 : 10, (f) => `i8x16.shuffle ${masks[f].join(' ')}`)
})

/** Operators on vectors of vectors alone, for chains. */
const pure = simple.filter((o) => o.results[0] === wasm.V128 && o.params.every((t) => t === wasm.V128))
const LOCALS = 24

/** A body that computes on vectors in locals, through blocks, loops, selects, globals and calls, and stores all at its end. */
function chain(length: number): number[] {
  const scratch = LOCALS - 1
  const out: number[] = []
  const get = (): number[] => [0x20, random(scratch)]
  const set = (): number[] => [0x21, random(scratch)]
  const condition = (): number[] => [
    ...get(),
    ...op(pick(['v128.any_true', 'i8x16.all_true', 'i32x4.bitmask'])),
    0x41,
    ...signed(random(4)),
    0x71,
  ]
  const statement = (depth: number): number[] => {
    const kind = random(16)
    if (kind === 0 && depth < 3)
      return [
        ...condition(),
        0x04,
        0x7b,
        ...statement(depth + 1),
        ...get(),
        0x05,
        ...statement(depth + 1),
        ...get(),
        0x0b,
        ...set(),
      ]
    if (kind === 1 && depth < 3)
      return [0x02, 0x40, ...statement(depth + 1), ...condition(), 0x0d, 0, ...statement(depth + 1), 0x0b]
    if (kind === 2) return [...get(), ...get(), ...condition(), 0x1b, ...set()]
    if (kind === 3) return [...get(), ...get(), 0x10, 0, ...set(), ...set()]
    if (kind === 4) return [0x23, 0, ...get(), 0x24, 0, ...set()]
    if (kind === 5)
      return [...get(), ...get(), ...op('i8x16.shuffle'), ...Array.from({ length: 16 }, () => random(32)), ...set()]
    if (kind === 6)
      return [
        ...get(),
        0x41,
        ...signed(random(200)),
        ...op(pick(['i8x16.shl', 'i16x8.shr_s', 'i32x4.shr_u', 'i64x2.shl', 'i64x2.shr_s'])),
        ...set(),
      ]
    if (kind === 7) return [FD, 12, ...Array.from({ length: 16 }, () => random(256)), ...set()]
    const o = pick(pure)
    return [...o.params.flatMap(get), ...code(o), ...canonicalized(floatShape(o), scratch), ...set()]
  }
  for (let i = 0; i < scratch; i++) out.push(...load((i % 4) * 16), 0x21, i)
  for (let i = 0; i < length; i++) out.push(...statement(0))
  for (let i = 0; i < scratch; i++) out.push(...store(OUTPUT + 16 * i, [0x20, i]))
  out.push(...store(OUTPUT + 16 * scratch, [0x23, 0]))
  return out
}

test('chains of operators', { timeout: 120_000 }, () => {
  const bodies = Array.from({ length: long ? 1000 : 40 }, (_, i) => chain(10 + (i % 5) * 20))
  compare(bodies, LOCALS, 4, (f) => `chain ${f}`)
})
