// Random CLIF, with vectors where asked for, with control flow, memory on the stack and calls, whose behaviour is defined: what a back end is compared with the interpreter on.

const INTS = ['i8', 'i16', 'i32', 'i64', 'i128'] as const
const TYPES = [...INTS, 'f32', 'f64'] as const
const VECTORS = ['i8x16', 'i16x8', 'i32x4', 'i64x2', 'f32x4', 'f64x2'] as const
type Scalar = (typeof TYPES)[number]
type Vector = (typeof VECTORS)[number]
type T = Scalar | Vector

const isVector = (t: T): t is Vector => t.includes('x')
const laneOf = (t: Vector): Scalar => t.split('x')[0] as Scalar
const lanesOf = (t: Vector): number => Number(t.split('x')[1])
const bits = (t: Scalar): number => Number(t.slice(1))
const isInt = (t: T): boolean => t[0] === 'i'

/** xorshift32: the same seed gives the same program everywhere. */
export class Random {
  private x: number
  constructor(seed: number) {
    this.x = (seed * 2654435761 + 12345) | 0 || 1
    for (let i = 0; i < 4; i++) this.below(2)
  }
  below(n: number): number {
    this.x ^= this.x << 13
    this.x ^= this.x >>> 17
    this.x ^= this.x << 5
    return (this.x >>> 0) % n
  }
  of<X>(list: readonly X[]): X {
    return list[this.below(list.length)]
  }
  /** A number that is small, near a power of two, or anything. */
  integer(n: number): bigint {
    const anything = (): bigint =>
      (BigInt(this.below(2 ** 31)) << 40n) ^ (BigInt(this.below(2 ** 31)) << 90n) ^ BigInt(this.below(2 ** 31))
    const k = this.below(4)
    const v =
      k === 0
        ? BigInt(this.below(8)) - 3n
        : k === 1
          ? (1n << BigInt(this.below(n))) + BigInt(this.below(3)) - 1n
          : anything()
    return BigInt.asIntN(n, v)
  }
}

const SLOT = 64
const FCC = ['ord', 'uno', 'eq', 'ne', 'one', 'ueq', 'lt', 'le', 'gt', 'ge', 'ult', 'ule', 'ugt', 'uge']
const BITS = ['band', 'bor', 'bxor']
const ICC = ['eq', 'ne', 'slt', 'sge', 'sgt', 'sle', 'ult', 'uge', 'ugt', 'ule']

class Writer {
  readonly r: Random
  readonly lines: string[] = []
  /** Values that may be used here, by type. */
  private live = new Map<T, string[]>()
  private values = 0
  private blocks = 1
  private budget: number
  private readonly callee: { readonly params: readonly T[]; readonly returns: readonly T[] } | undefined
  private readonly types: readonly T[]

  constructor(
    r: Random,
    budget: number,
    callee: { params: readonly T[]; returns: readonly T[] } | undefined,
    types: readonly T[],
  ) {
    this.r = r
    this.budget = budget
    this.callee = callee
    this.types = types
  }

  fresh(): string {
    return `v${this.values++}`
  }
  block(): string {
    return `block${this.blocks++}`
  }
  declare(t: T, v: string): void {
    this.live.set(t, [...(this.live.get(t) ?? []), v])
  }
  private emit(line: string): void {
    this.lines.push(`    ${line}`)
  }
  private def(t: T, text: string): string {
    const v = this.fresh()
    this.emit(`${v} = ${text}`)
    this.declare(t, v)
    return v
  }

  /** Some value of a type: one that is there, or a constant. */
  use(t: T): string {
    const list = this.live.get(t) ?? []
    if (list.length > 0 && this.r.below(5) !== 0) return this.r.of(list)
    if (isVector(t)) return this.def(t, `splat.${t} ${this.use(laneOf(t))}`)
    if (t === 'i128') {
      const lo = this.use('i64')
      const hi = this.use('i64')
      return this.def(t, `iconcat ${lo}, ${hi}`)
    }
    if (isInt(t)) return this.def(t, `iconst.${t} ${this.r.integer(bits(t))}`)
    const i = t === 'f32' ? 'i32' : 'i64'
    return this.def(t, `bitcast.${t} ${this.def(i, `iconst.${i} ${this.r.integer(bits(t))}`)}`)
  }

  /** One instruction. */
  private inst(): void {
    const { r } = this
    const t = r.of(this.types)
    const x = this.use(t)
    const y = this.use(t)
    if (isVector(t)) {
      this.vectorInst(t, x, y)
      return
    }
    if (!isInt(t)) {
      const k = r.below(12)
      if (k < 3) this.def(t, `${r.of(['fadd', 'fsub', 'fmul', 'fdiv', 'fmin', 'fmax', 'fcopysign'])} ${x}, ${y}`)
      else if (k === 3) this.def(t, `${r.of(['sqrt', 'ceil', 'floor', 'trunc', 'nearest', 'fneg', 'fabs'])} ${x}`)
      else if (k === 4) this.def(t, `fma ${x}, ${y}, ${this.use(t)}`)
      else if (k === 5) this.def('i8', `fcmp ${r.of(FCC)} ${x}, ${y}`)
      else if (k === 6) this.def(t, `select ${this.def('i8', `fcmp ${r.of(FCC)} ${this.use(t)}, ${x}`)}, ${x}, ${y}`)
      else if (k === 7) this.def(t === 'f32' ? 'f64' : 'f32', t === 'f32' ? `fpromote.f64 ${x}` : `fdemote.f32 ${x}`)
      else if (k === 8) this.def(t === 'f32' ? 'i32' : 'i64', `bitcast.${t === 'f32' ? 'i32' : 'i64'} ${x}`)
      else {
        const i = r.of(INTS.slice(0, 4))
        if (k < 11) this.def(i, `fcvt_to_${r.of(['sint', 'uint'])}_sat.${i} ${x}`)
        else this.def(t, `fcvt_from_${r.of(['sint', 'uint'])}.${t} ${this.use(i)}`)
      }
      return
    }
    const k = r.below(14)
    if (k < 4)
      this.def(
        t,
        `${r.of(['iadd', 'isub', 'imul', 'band', 'bor', 'bxor', 'smin', 'umin', 'smax', 'umax', 'umulhi', 'smulhi'])} ${x}, ${y}`,
      )
    else if (k === 4)
      this.def(
        t,
        `${r.of(['ineg', 'iabs', 'bnot', 'clz', 'cls', 'ctz', 'popcnt', 'bitrev', ...(t === 'i8' ? [] : ['bswap'])])} ${x}`,
      )
    else if (k === 5) this.def(t, `${r.of(['ishl', 'ushr', 'sshr', 'rotl', 'rotr'])} ${x}, ${this.use(r.of(INTS))}`)
    else if (k === 6) this.def('i8', `icmp ${r.of(ICC)} ${x}, ${y}`)
    else if (k === 7) this.def(t, `select ${this.def('i8', `icmp ${r.of(ICC)} ${x}, ${this.use(t)}`)}, ${x}, ${y}`)
    else if (k === 8) this.def(t, `${r.of(['select', 'select_spectre_guard'])} ${this.use(r.of(INTS))}, ${x}, ${y}`)
    else if (k === 9) {
      const to = r.of(INTS)
      if (bits(to) > bits(t)) this.def(to, `${r.of(['uextend', 'sextend'])}.${to} ${x}`)
      else if (bits(to) < bits(t)) this.def(to, `ireduce.${to} ${x}`)
      else this.def(t, `bitselect ${x}, ${y}, ${this.use(t)}`)
    } else if (k === 10 && t !== 'i128') {
      // Divisors that cannot trap: odd, and 3 at least
      const two = this.def(t, `iconst.${t} 3`)
      const max = this.def(t, `iconst.${t} ${(1n << BigInt(bits(t) - 2)) - 1n}`)
      const d = this.def(t, `bor ${this.def(t, `band ${y}, ${max}`)}, ${two}`)
      this.def(t, `${r.of(['udiv', 'sdiv', 'urem', 'srem'])} ${x}, ${d}`)
    } else if (k === 11) {
      const a = this.fresh()
      const b = this.fresh()
      this.emit(
        `${a}, ${b} = ${r.of(['uadd_overflow', 'sadd_overflow', 'usub_overflow', 'ssub_overflow', 'umul_overflow', 'smul_overflow'])} ${x}, ${y}`,
      )
      this.declare(t, a)
      this.declare('i8', b)
    } else if (k === 12) {
      const p = this.fresh()
      this.emit(`${p} = stack_addr.i64 ss0`)
      const offset = r.below(SLOT - 15)
      const what = r.below(3)
      if (what === 0) this.emit(`store ${x}, ${p}+${offset}`)
      else if (what === 1) this.def(t, `load.${t} ${p}+${offset}`)
      else {
        // Read, modify, write, what is read seldom used again.
        const old = this.fresh()
        const changed = this.fresh()
        this.emit(`${old} = load.${t} ${p}+${offset}`)
        const op = r.of(['iadd', 'isub', 'band', 'bor', 'bxor', 'ishl', 'sshr', 'rotl', 'imul'])
        this.emit(`${changed} = ${op} ${r.below(4) === 0 ? `${y}, ${old}` : `${old}, ${y}`}`)
        this.emit(`store ${changed}, ${p}+${offset}`)
        if (r.below(4) === 0) this.declare(t, r.below(2) === 0 ? old : changed)
      }
    } else if (x !== y) {
      // mostly those that seldom trap
      const zero = r.below(2) === 0
      const equal = r.below(20) === 0 ? zero : !zero
      this.emit(
        `${zero ? 'trapz' : 'trapnz'} ${this.def('i8', `icmp ${equal ? 'eq' : 'ne'} ${x}, ${y}`)}, user${1 + r.below(250)}`,
      )
    }
  }

  /** One instruction on vectors; some take an operand from memory. */
  private vectorInst(t: Vector, x: string, y: string): void {
    const { r } = this
    const lane = laneOf(t)
    const n = lanesOf(t)
    const int = isInt(t)
    const k = r.below(13)
    if (k < 4)
      this.def(
        t,
        `${r.of(
          int
            ? [
                ...'iadd isub imul umulhi smulhi smin umin smax umax uadd_sat sadd_sat usub_sat ssub_sat'.split(' '),
                ...BITS,
              ]
            : [...'fadd fsub fmul fdiv fmin fmax fcopysign'.split(' '), ...BITS],
        )} ${x}, ${y}`,
      )
    else if (k === 4)
      this.def(
        t,
        `${r.of((int ? 'ineg iabs bnot popcnt' : 'sqrt ceil floor trunc nearest fneg fabs').split(' '))} ${x}`,
      )
    else if (k === 5 && int)
      this.def(t, `${r.of(['ishl', 'ushr', 'sshr', 'rotl', 'rotr'])} ${x}, ${this.use(r.of(INTS))}`)
    else if (k === 5) this.def(t, `fma ${x}, ${y}, ${this.use(t)}`)
    else if (k === 6) {
      const mask = this.def(
        t.replace('f', 'i') as Vector,
        int ? `icmp ${r.of(ICC)} ${x}, ${y}` : `fcmp ${r.of(FCC)} ${x}, ${y}`,
      )
      if (int) this.def(t, `bitselect ${mask}, ${this.use(t)}, ${y}`)
    } else if (k === 7) this.def(t, `${r.of(['select', 'select_spectre_guard'])} ${this.use(r.of(INTS))}, ${x}, ${y}`)
    else if (k === 8) this.def(lane, `extractlane ${x}, ${r.below(n)}`)
    else if (k === 9) this.def(t, `insertlane ${x}, ${this.use(lane)}, ${r.below(n)}`)
    else if (k === 10) {
      this.def('i8', `${r.of(['vany_true', 'vall_true'])} ${x}`)
      this.def('i32', `vhigh_bits.i32 ${y}`)
    } else if (k === 11 && t === 'i8x16') {
      if (r.below(2) === 0) this.def(t, `swizzle ${x}, ${y}`)
      else this.def(t, `shuffle ${x}, ${y}, [${Array.from({ length: 16 }, () => r.below(32)).join(' ')}]`)
    } else {
      const p = this.fresh()
      this.emit(`${p} = stack_addr.i64 ss0`)
      const offset = r.below(SLOT - 15)
      if (r.below(2) === 0) this.emit(`store ${x}, ${p}+${offset}`)
      else {
        const loaded = this.fresh()
        this.emit(`${loaded} = load.${t} ${p}+${offset}`)
        if (r.below(3) === 0) this.declare(t, loaded)
        this.def(t, `${r.of(int ? ['iadd', 'umin', ...BITS] : ['fadd', 'fmul', ...BITS])} ${x}, ${loaded}`)
      }
    }
  }

  private call(): void {
    if (this.callee === undefined) return
    const args = this.callee.params.map((t) => this.use(t))
    const results = this.callee.returns.map(() => this.fresh())
    this.emit(`${results.join(', ')} = call fn0(${args.join(', ')})`)
    this.callee.returns.forEach((t, i) => {
      this.declare(t, results[i])
    })
  }

  /** Some instructions and, while there is budget, branches and loops. */
  body(depth: number): void {
    const { r } = this
    for (let n = 1 + r.below(4); n > 0 && this.budget > 0; n--) {
      for (let k = r.below(12); k > 0 && this.budget-- > 0; k--) this.inst()
      const what = r.below(8)
      if (what < 3 && depth < 4) this.branch(depth)
      else if (what === 3 && depth < 3) this.loop(depth)
      else if (what === 4) this.call()
    }
  }

  /** Both sides compute values of the same types and pass them on. */
  private branch(depth: number): void {
    const { r } = this
    const types = Array.from({ length: r.below(4) }, () => r.of(this.types))
    const arms = [this.block(), this.block(), ...(r.below(3) === 0 ? [this.block(), this.block()] : [])]
    const join = this.block()
    if (arms.length > 2)
      this.emit(`br_table ${this.use('i32')}, ${arms[0]}, [${[...arms.slice(1), arms[1]].join(', ')}]`)
    else this.emit(`brif ${this.use(r.of(INTS))}, ${arms[0]}, ${arms[1]}`)
    const outer = this.live
    for (const arm of arms) {
      this.lines.push(`${arm}:`)
      this.live = new Map(outer)
      this.body(depth + 1)
      const args = types.map((t) => this.use(t))
      this.emit(`jump ${join}${args.length === 0 ? '' : `(${args.join(', ')})`}`)
    }
    this.live = new Map(outer)
    this.enter(join, types)
  }

  private enter(block: string, types: readonly T[]): void {
    const params = types.map((t) => [this.fresh(), t] as const)
    this.lines.push(`${block}${params.length === 0 ? '' : `(${params.map(([v, t]) => `${v}: ${t}`).join(', ')})`}:`)
    for (const [v, t] of params) this.declare(t, v)
  }

  /** A loop of a few rounds that carries values. */
  private loop(depth: number): void {
    const { r } = this
    const types: T[] = Array.from({ length: r.below(4) }, () => r.of(this.types))
    const head = this.block()
    const exit = this.block()
    const rounds = this.def('i32', `iconst.i32 ${1 + r.below(4)}`)
    this.emit(`jump ${head}(${[rounds, ...types.map((t) => this.use(t))].join(', ')})`)
    const outer = this.live
    this.live = new Map(outer)
    const counter = `v${this.values}`
    this.enter(head, ['i32', ...types])
    this.body(depth + 1)
    const one = this.fresh()
    const left = this.fresh()
    this.emit(`${one} = iconst.i32 1`)
    this.emit(`${left} = isub ${counter}, ${one}`)
    const again = [left, ...types.map((t) => this.use(t))].join(', ')
    const leave = types.map((t) => this.use(t))
    this.emit(`brif ${left}, ${head}(${again}), ${exit}${leave.length === 0 ? '' : `(${leave.join(', ')})`}`)
    this.live = new Map(outer)
    this.enter(exit, types)
  }
}

/** Functions, of which %f is the one to call. */
export interface RandomProgram {
  readonly text: string
  /** Each by itself, %g being called by %f. */
  readonly f: string
  readonly g: string
  readonly params: readonly string[]
}

/** A program of two functions, of which %f calls %g. */
export function randomProgram(seed: number, vectors = false): RandomProgram {
  const r = new Random(seed)
  const all: readonly T[] = vectors ? [...TYPES, ...VECTORS] : TYPES
  const types = (n: number): T[] => Array.from({ length: n }, () => r.of(all))
  const make = (
    name: string,
    params: readonly T[],
    returns: readonly T[],
    budget: number,
    callee: { params: readonly T[]; returns: readonly T[] } | undefined,
  ): string => {
    const w = new Writer(r, budget, callee, all)
    const list = params.map((t) => {
      const v = w.fresh()
      w.declare(t, v)
      return `${v}: ${t}`
    })
    // the slot begins with known contents
    const z = w.fresh()
    const p = w.fresh()
    w.lines.push(`    ${z} = iconst.i64 0x0123456789abcdef`, `    ${p} = stack_addr.i64 ss0`)
    for (let k = 0; k < SLOT; k += 8) w.lines.push(`    store ${z}, ${p}+${k}`)
    w.body(0)
    w.lines.push(`    return ${returns.map((t) => w.use(t)).join(', ')}`)
    const fn =
      callee === undefined
        ? ''
        : `    fn0 = %g(${callee.params.join(', ')}) -> ${callee.returns.join(', ')} ${convention}\n`
    return `function %${name}(${params.join(', ')}) -> ${returns.join(', ')} ${name === 'g' ? convention : 'system_v'} {\n    ss0 = explicit_slot ${SLOT}\n${fn}block0(${list.join(', ')}):\n${w.lines.join('\n')}\n}\n`
  }
  const convention = r.of(['system_v', 'fast', 'tail', 'winch', 'windows_fastcall'])
  const callee = { params: types(1 + r.below(14)), returns: types(1 + r.below(6)) }
  const params = types(1 + r.below(12))
  const g = make('g', callee.params, callee.returns, 10 + r.below(60), undefined)
  const f = make('f', params, types(1 + r.below(8)), 20 + r.below(200), callee)
  return { text: g + f, f, g, params }
}
