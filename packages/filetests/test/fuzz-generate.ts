// Random CLIF programs as text: a few functions that call each other, well-typed, that always end.
//
// A block sees the values of the entry block (which dominates everything), its own parameters and what it has computed itself; what
// else it needs comes in through parameters. Branches go forward, but for those back that a fuel counter guards, which every block takes as
// its first parameter. Memory is a stack slot that the entry block fills; addresses never become ordinary values, as they differ between
// machines. So the result of a call depends on nothing but its arguments. A second slot is the witness: what instructions compute is stored
// there at random places, and the first result of every function is made of all its words. Without it most of a program would be dead code.
//
// Which opcodes at which types there are is asked of a `supports` function, so that the generator grows with the back end.
import {
  bits,
  Constraint,
  ctrlAllows,
  F32,
  F64,
  floatCCNames,
  Format,
  I128,
  I16,
  I32,
  I64,
  I8,
  inTypeSet,
  intCCNames,
  isFloat,
  NUM_OPCODES,
  Op,
  opByName,
  operandConstraint,
  opFlags,
  opFormat,
  opName,
  opNumOperands,
  opNumResults,
  POLYMORPHIC,
  resultType,
  RMW_OPS,
  satisfies,
  type Type,
  typeName,
} from '@k23/ir'

/** Random numbers that a seed determines (Mulberry32). */
export class Random {
  private state: number
  constructor(seed: number) {
    this.state = seed | 0
  }
  /** 32 random bits. */
  bits(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  /** 0 to n - 1. */
  below(n: number): number {
    return this.bits() % n
  }
  /** True once in n times. */
  once(n: number): boolean {
    return this.below(n) === 0
  }
  pick<T>(xs: readonly T[]): T {
    return xs[this.below(xs.length)]
  }
}

export const TYPES: readonly Type[] = [I8, I16, I32, I64, I128, F32, F64]
const INTS: readonly Type[] = [I8, I16, I32, I64, I128]

/** An opcode at one choice of types. */
export interface Shape {
  readonly op: number
  /** The controlling type, 0 where the opcode has none. */
  readonly ctrl: Type
  readonly operands: readonly Type[]
}

const FORMATS = new Set<number>([
  Format.Unary,
  Format.Binary,
  Format.Ternary,
  Format.IntCompare,
  Format.FloatCompare,
  Format.IntAddTrap,
  Format.CondTrap,
])
/** What depends on more than its operands. */
const LEFT_OUT = new Set<number>([Op.set_pinned_reg, Op.stack_switch])

/** All shapes over TYPES of the opcodes that compute something from values. */
export function allShapes(): Shape[] {
  const out: Shape[] = []
  for (let op = 1; op < NUM_OPCODES; op++) {
    if ((!FORMATS.has(opFormat[op]) && op !== Op.bitcast) || LEFT_OUT.has(op)) continue
    const ctrls = (opFlags[op] & POLYMORPHIC) === 0 ? [0 as Type] : TYPES.filter((t) => ctrlAllows(op, t))
    for (const ctrl of ctrls) {
      const choices = Array.from({ length: opNumOperands[op] }, (_, i) => operandTypes(op, i, ctrl))
      for (const operands of product(choices)) {
        if (op === Op.bitcast && bits(operands[0]) !== bits(ctrl)) continue
        const results = Array.from({ length: opNumResults[op] }, (_, i) => resultType(op, i, ctrl))
        if (results.every((t) => TYPES.includes(t))) out.push({ op, ctrl, operands })
      }
    }
  }
  return out
}

function operandTypes(op: number, i: number, ctrl: Type): readonly Type[] {
  const c = operandConstraint(op, i)
  const fixed = Constraint.derivedType(c, ctrl)
  if (fixed !== 0) return TYPES.includes(fixed) ? [fixed] : []
  return TYPES.filter((t) => inTypeSet(c & Constraint.PAYLOAD, t) && satisfies(c, t, ctrl))
}

function product(choices: readonly (readonly Type[])[]): Type[][] {
  return choices.reduce<Type[][]>((lists, types) => lists.flatMap((l) => types.map((t) => [...l, t])), [[]])
}

/** The text of an instruction of a shape, results not counted. `pick` chooses immediates. */
export function shapeText(s: Shape, args: readonly string[], random: Random): string {
  const name = opName[s.op] + (s.ctrl === 0 ? '' : `.${typeName(s.ctrl)}`)
  const list = args.join(', ')
  switch (opFormat[s.op]) {
    case Format.IntCompare:
      return `${name} ${random.pick(intCCNames)} ${list}`
    case Format.FloatCompare:
      return `${name} ${random.pick(floatCCNames.filter((n) => n !== ''))} ${list}`
    case Format.IntAddTrap:
    case Format.CondTrap:
      return `${name} ${list}, user${1 + random.below(250)}`
    default:
      return `${name} ${list}`
  }
}

/** A function that consists of one shape, to ask a back end whether it can compile that. */
export function shapeFunction(s: Shape): string {
  const results = Array.from({ length: opNumResults[s.op] }, (_, i) => resultType(s.op, i, s.ctrl))
  const params = s.operands.map((t, i) => `v${i}: ${typeName(t)}`)
  const names = results.map((_, i) => `v${10 + i}`)
  const text = shapeText(
    s,
    s.operands.map((_, i) => `v${i}`),
    new Random(0),
  )
  const head = `function %shape(${s.operands.map(typeName).join(', ')})${results.length === 0 ? '' : ` -> ${results.map(typeName).join(', ')}`}`
  const block = params.length === 0 ? 'block0:' : `block0(${params.join(', ')}):`
  return `${head} {\n${block}\n    ${names.length === 0 ? '' : `${names.join(', ')} = `}${text}\n    return ${names.join(', ')}\n}\n`
}

// ---- values

const INTERESTING: readonly bigint[] = [
  0n,
  1n,
  2n,
  7n,
  8n,
  31n,
  32n,
  63n,
  64n,
  127n,
  128n,
  255n,
  256n,
  2047n,
  2048n,
  4095n,
  4096n,
  32767n,
  32768n,
  65535n,
  65536n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffffffffffffn,
  1n << 64n,
  1n << 127n,
  (1n << 127n) - 1n,
]
/** Floats by their bits: zeros, one, halves, infinities, quiet and signalling NaNs, subnormals, limits of integers. */
const FLOATS_32: readonly number[] = [
  0, 0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x40200000, 0x7f800000, 0xff800000, 0x7fc00000,
  0xffc00001, 0x7f800001, 1, 0x80000001, 0x7f7fffff, 0x4f000000, 0xcf000000, 0x4f800000, 0x5f000000, 0xdf000000,
  0x5f800000, 0x42fe0000, 0x43000000, 0x4b000001,
]
const FLOATS_64: readonly bigint[] = [
  0n,
  0x8000000000000000n,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x3fe0000000000000n,
  0x4004000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0xfff8000000000001n,
  0x7ff0000000000001n,
  1n,
  0x8000000000000001n,
  0x7fefffffffffffffn,
  0x41dfffffffc00000n,
  0x41e0000000000000n,
  0xc1e0000000000000n,
  0x41efffffffe00000n,
  0x43e0000000000000n,
  0xc3e0000000000000n,
  0x43f0000000000000n,
  0x36a0000000000000n,
  0x47efffffe0000000n,
  0x47effffff0000000n,
]

/** The bits of a random value, often one at an edge. */
export function randomBits(random: Random, type: Type): bigint {
  const n = bits(type)
  if (isFloat(type) && !random.once(4)) return n === 32 ? BigInt(random.pick(FLOATS_32)) : random.pick(FLOATS_64)
  if (random.once(4)) return BigInt.asUintN(n, BigInt(random.below(4200) - 2100))
  if (random.once(3)) {
    let x = 0n
    for (let i = 0; i < n; i += 32) x = (x << 32n) | BigInt(random.bits())
    return BigInt.asUintN(n, x)
  }
  const edge = random.pick(INTERESTING) + BigInt(random.once(4) ? random.below(5) - 2 : 0)
  return BigInt.asUintN(n, random.once(2) ? edge : -edge)
}

// ---- programs

interface Signature {
  readonly name: string
  readonly params: readonly Type[]
  readonly returns: readonly Type[]
  readonly conv: string
  /** With extensions: `(i8 sext) -> i32 tail`. */
  readonly text: string
}

/** How a slot is given its first content: what reducing must not take away, since bytes that nobody stored are unspecified. */
export const FILL = 'store notrap aligned'

const SLOT_BYTES = 64
const WITNESS_BYTES = 64
const BACK_EDGES = 12
const COMBINED: readonly number[] = [
  Op.icmp,
  Op.icmp,
  Op.select,
  Op.iadd,
  Op.ishl,
  Op.uextend,
  Op.sextend,
  Op.bnot,
  Op.band,
]

/** A program: its text, and what the function `%main` in it takes. */
export interface Program {
  readonly text: string
  readonly params: readonly Type[]
  /** The numbers that it is about: arguments taken from them meet its constants. */
  readonly palette: readonly bigint[]
}

/** A few numbers for constants and arguments of one program, so that equal and neighbouring ones are frequent. */
function randomPalette(random: Random): bigint[] {
  return Array.from({ length: 5 }, () => randomBits(random, random.pick(INTS)))
}

/** The bits of a value, often one of the palette or beside it. */
export function paletteBits(random: Random, type: Type, palette: readonly bigint[]): bigint {
  if (isFloat(type) || random.once(2)) return randomBits(random, type)
  return BigInt.asUintN(bits(type), random.pick(palette) + BigInt(random.once(2) ? 0 : random.below(3) - 1))
}

export function randomProgram(random: Random, shapes: readonly Shape[]): Program {
  const functions: string[] = []
  const known: Signature[] = []
  const palette = randomPalette(random)
  const byOpcode = Map.groupBy(shapes, (s) => s.op)
  for (let i = random.below(3); i > 0; i--) {
    const sig = randomSignature(random, `f${known.length}`, known)
    functions.push(new FunctionText(random, byOpcode, palette, sig, known).text())
    known.push(sig)
  }
  const main = randomSignature(random, 'main', known)
  functions.push(new FunctionText(random, byOpcode, palette, main, known).text())
  return { text: functions.join('\n'), params: main.params, palette }
}

function randomSignature(random: Random, name: string, known: readonly Signature[]): Signature {
  const types = (most: number): Type[] => Array.from({ length: random.below(most + 1) }, () => random.pick(TYPES))
  const params = types(random.once(6) ? 14 : 5)
  // Sometimes what another function returns, so that a tail call of it is possible.
  const returns =
    known.length > 0 && random.once(2) ? random.pick(known).returns : [I64, ...types(random.once(8) ? 9 : 3)]
  const conv = random.pick(['fast', 'system_v', 'windows_fastcall', 'winch', 'tail', 'tail', 'tail'])
  const extended = (t: Type): string =>
    typeName(t) + (!isFloat(t) && t !== I128 && random.once(4) ? random.pick([' sext', ' uext']) : '')
  return {
    name,
    params,
    returns,
    conv,
    text: `(${params.map(extended).join(', ')}) -> ${returns.map(extended).join(', ')} ${conv}`,
  }
}

class FunctionText {
  private readonly random: Random
  private readonly shapes: ReadonlyMap<number, readonly Shape[]>
  private readonly opcodes: readonly number[]
  private readonly palette: readonly bigint[]
  private readonly sig: Signature
  private readonly known: readonly Signature[]
  private readonly lines: string[] = []
  private readonly declarations: string[] = []
  private next = 0
  /** Names by type: of the entry block, and of the block being made. */
  private readonly entryValues = new Map<Type, string[]>()
  private values = new Map<Type, string[]>()
  private inEntry = true
  private blockParams: Type[][] = []
  private readonly functionRefs = new Map<string, number>()

  constructor(
    random: Random,
    shapes: ReadonlyMap<number, readonly Shape[]>,
    palette: readonly bigint[],
    sig: Signature,
    known: readonly Signature[],
  ) {
    this.random = random
    this.shapes = shapes
    this.opcodes = [...shapes.keys()]
    this.palette = palette
    this.sig = sig
    this.known = known
  }

  text(): string {
    const { random, sig } = this
    const blocks = 1 + random.below(6)
    this.blockParams = Array.from({ length: blocks }, (_, i) =>
      i === 0 ? [...sig.params] : [I32, ...Array.from({ length: random.below(4) }, () => random.pick(TYPES))],
    )
    for (let b = 0; b < blocks; b++) this.block(b, blocks)
    const declarations = [
      `    ss0 = explicit_slot ${SLOT_BYTES}, align = 16`,
      `    ss1 = explicit_slot ${WITNESS_BYTES}, align = 16`,
      ...this.declarations,
    ]
    return `function %${sig.name}${sig.text} {\n${declarations.join('\n')}\n\n${this.lines.join('\n')}\n}\n`
  }

  private name(type: Type): string {
    const name = `v${this.next++}`
    const into = this.inEntry ? this.entryValues : this.values
    const list = into.get(type)
    if (list === undefined) into.set(type, [name])
    else list.push(name)
    return name
  }

  private hidden(): string {
    return `v${this.next++}`
  }

  private line(text: string): void {
    this.lines.push(`    ${text}`)
  }

  private block(b: number, blocks: number): void {
    const { random } = this
    this.inEntry = b === 0
    this.values = new Map()
    let fuel = ''
    const params = this.blockParams[b].map((t, i) => {
      const name = b > 0 && i === 0 ? (fuel = this.hidden()) : this.name(t)
      return `${name}: ${typeName(t)}`
    })
    const cold = b > 0 && random.once(8) ? ' cold' : ''
    this.lines.push(`block${b}${params.length === 0 ? '' : `(${params.join(', ')})`}${cold}:`)
    if (b === 0) {
      const p = this.slotAddress(0)
      for (let at = 0; at < SLOT_BYTES; at += 8) {
        const x = this.hidden()
        this.line(`${x} = iconst.i64 0x${randomBits(random, I64).toString(16)}`)
        this.line(`${FILL} ${x}, ${p}+${at}`)
      }
      const [w, zero] = [this.hidden(), this.hidden()]
      this.line(`${w} = stack_addr.i64 ss1`)
      this.line(`${zero} = iconst.i64 0`)
      for (let at = 0; at < WITNESS_BYTES; at += 8) this.line(`${FILL} ${zero}, ${w}+${at}`)
      fuel = this.hidden()
      this.line(`${fuel} = iconst.i32 ${BACK_EDGES}`)
    }
    for (let n = 1 + random.below(10); n > 0; n--) this.instruction()
    this.terminator(b, blocks, fuel)
  }

  /** A value of `type`: one that is there, or a new constant. */
  private operand(type: Type): string {
    const local = this.values.get(type) ?? []
    const outer = this.entryValues.get(type) ?? []
    const n = local.length + outer.length
    if (n === 0 || this.random.once(6)) return this.constant(type)
    // Recent values more often, so that chains grow.
    const all = [...outer, ...local]
    return this.random.once(2) ? all[n - 1 - this.random.below(Math.min(3, n))] : this.random.pick(all)
  }

  private constant(type: Type): string {
    const x = paletteBits(this.random, type, this.palette)
    if (type === I128) {
      const lo = this.hidden()
      const hi = this.hidden()
      this.line(`${lo} = iconst.i64 0x${BigInt.asUintN(64, x).toString(16)}`)
      this.line(`${hi} = iconst.i64 0x${(x >> 64n).toString(16)}`)
      const name = this.name(type)
      this.line(`${name} = iconcat.i64 ${lo}, ${hi}`)
      return name
    }
    if (isFloat(type)) {
      const raw = this.hidden()
      const int = type === F32 ? 'i32' : 'i64'
      this.line(`${raw} = iconst.${int} 0x${x.toString(16)}`)
      const name = this.name(type)
      this.line(`${name} = bitcast.${typeName(type)} ${raw}`)
      return name
    }
    const name = this.name(type)
    this.line(`${name} = iconst.${typeName(type)} 0x${x.toString(16)}`)
    return name
  }

  private instruction(): void {
    const kind = this.random.below(20)
    if (kind < 14) this.compute(this.shape())
    else if (kind < 17) this.memory()
    else if (kind < 18) this.atomic()
    else if (this.known.length > 0) this.call(this.random.pick(this.known))
    else this.compute(this.shape())
  }

  /** A shape, of each opcode as often as of another, but of those that machines combine with others more often. */
  private shape(op: number = this.random.once(5) ? this.random.pick(COMBINED) : this.random.pick(this.opcodes)): Shape {
    return this.random.pick(this.shapes.get(op) as Shape[])
  }

  /** Adds an instruction; gives the names of its results. */
  private compute(shape: Shape): string[] {
    const name = opName[shape.op]
    const { random } = this
    // What mostly traps, seldom.
    if (/^trap|_trap$|^fcvt_to_.int$/.test(name) && !random.once(8)) return []
    // A constant as the last operand may become an immediate.
    const last = shape.operands.length - 1
    const args = shape.operands.map((t, i) =>
      i > 0 && i === last && random.once(4) ? this.constant(t) : this.operand(t),
    )
    if (/^[us](div|rem)$/.test(name) && !random.once(8)) {
      const nonZero = this.hidden()
      const t = typeName(shape.ctrl)
      const one = this.hidden()
      if (shape.ctrl === I128) {
        const narrow = this.hidden()
        this.line(`${narrow} = iconst.i8 1`)
        this.line(`${one} = uextend.i128 ${narrow}`)
      } else this.line(`${one} = iconst.${t} 1`)
      this.line(`${nonZero} = bor.${t} ${args[1]}, ${one}`)
      args[1] = nonZero
    }
    const text = shapeText(shape, args, random)
    const results = Array.from({ length: opNumResults[shape.op] }, (_, i) => resultType(shape.op, i, shape.ctrl))
    const names = results.map((t) => this.name(t))
    this.line(`${names.length === 0 ? '' : `${names.join(', ')} = `}${text}`)
    this.witness(names, results)
    return names
  }

  /** Stores values where the result of the function sees them. */
  private witness(values: readonly string[], types: readonly Type[]): void {
    values.forEach((v, i) => {
      if (this.random.once(4)) return
      const w = this.hidden()
      const size = bits(types[i]) / 8
      this.line(`${w} = stack_addr.i64 ss1+${this.random.below(WITNESS_BYTES / size) * size}`)
      this.line(`store ${v}, ${w}`)
    })
  }

  /** One number out of all words of the witness. */
  private witnessed(): string {
    const w = this.hidden()
    this.line(`${w} = stack_addr.i64 ss1`)
    let sum = ''
    for (let at = 0; at < WITNESS_BYTES; at += 8) {
      const word = this.hidden()
      this.line(`${word} = load.i64 ${w}+${at}`)
      if (sum === '') {
        sum = word
        continue
      }
      const [seven, turned, next] = [this.hidden(), this.hidden(), this.hidden()]
      this.line(`${seven} = iconst.i8 7`)
      this.line(`${turned} = rotl.i64 ${sum}, ${seven}`)
      this.line(`${next} = bxor.i64 ${turned}, ${word}`)
      sum = next
    }
    return sum
  }

  private slotAddress(offset: number): string {
    const p = this.hidden()
    this.line(`${p} = stack_addr.i64 ss0${offset === 0 ? '' : `+${offset}`}`)
    return p
  }

  /** An address in the slot and an offset with `size` bytes behind them; the address is a multiple of `align`, if any, and has no offset. */
  private place(size: number, align = 0): { address: string; offset: string } {
    const { random } = this
    const at = random.below((SLOT_BYTES - 8 - size) / (align || 1) + 1) * (align || 1)
    if (random.once(3)) {
      // With an index that is computed: 0 or 8 bytes more.
      const base = this.slotAddress(at)
      const [eight, masked, address] = [this.hidden(), this.hidden(), this.hidden()]
      const index = this.operand(I64)
      this.line(`${eight} = iconst.i64 8`)
      this.line(`${masked} = band.i64 ${index}, ${eight}`)
      this.line(`${address} = iadd.i64 ${base}, ${masked}`)
      return { address, offset: '' }
    }
    const part = align === 0 ? random.below(at + 1) : at
    return { address: this.slotAddress(part), offset: at === part ? '' : `+${at - part}` }
  }

  private memory(): void {
    const { random } = this
    const order = random.pick(['', '', '', ' big', ' little'])
    if (random.once(60)) {
      const p = this.hidden()
      this.line(`${p} = iconst.i64 ${random.below(100)}`)
      const t = random.pick(INTS)
      this.line(`${this.name(t)} = load.${typeName(t)} user${1 + random.below(9)} ${p}`)
      return
    }
    if (random.once(2)) {
      const narrow = random.pick([
        ['8', 1],
        ['16', 2],
        ['32', 4],
      ] as const)
      const targets = narrow[1] === 1 ? [I16, I32, I64] : narrow[1] === 2 ? [I32, I64] : [I64]
      const t = random.pick(targets)
      if (random.once(2)) {
        const x = this.operand(t)
        const { address, offset } = this.place(narrow[1])
        this.line(`istore${narrow[0]}.${typeName(t)}${order} ${x}, ${address}${offset}`)
      } else {
        const { address, offset } = this.place(narrow[1])
        const op = `${random.pick(['u', 's'])}load${narrow[0]}`
        const name = this.name(t)
        this.line(`${name} = ${op}${narrow[1] === 4 ? '' : `.${typeName(t)}`}${order} ${address}${offset}`)
        this.witness([name], [t])
      }
      return
    }
    const t = random.pick(TYPES)
    if (random.once(2)) {
      const x = this.operand(t)
      const { address, offset } = this.place(bits(t) / 8)
      this.line(`store${order} ${x}, ${address}${offset}`)
    } else {
      const { address, offset } = this.place(bits(t) / 8)
      const name = this.name(t)
      this.line(`${name} = load.${typeName(t)}${order} ${address}${offset}`)
      this.witness([name], [t])
    }
  }

  private atomic(): void {
    const { random } = this
    const t = random.pick([I8, I16, I32, I64])
    const size = bits(t) / 8
    const args = [this.operand(t), this.operand(t)]
    const { address } = this.place(size, size)
    const kind = random.below(5)
    if (kind === 1) {
      this.line(`atomic_store ${args[0]}, ${address}`)
      return
    }
    const old = this.hidden()
    if (kind === 0) this.line(`${old} = atomic_load.${typeName(t)} ${address}`)
    else if (kind === 2) {
      // Half of them find what they expect.
      let expected = args[0]
      if (random.once(2)) {
        expected = this.name(t)
        this.line(`${expected} = load.${typeName(t)} ${address}`)
      }
      this.line(`${old} = atomic_cas.${typeName(t)} ${address}, ${expected}, ${args[1]}`)
    } else this.line(`${old} = atomic_rmw.${typeName(t)} ${random.pick(RMW_OPS)} ${address}, ${args[0]}`)
    this.witness([old], [t])
    if (random.once(4)) this.line('fence')
  }

  private functionRef(sig: Signature): number {
    let ref = this.functionRefs.get(sig.name)
    if (ref === undefined) {
      ref = this.functionRefs.size
      this.functionRefs.set(sig.name, ref)
      this.declarations.push(`    sig${ref} = ${sig.text}`)
      this.declarations.push(`    fn${ref} = ${this.random.once(2) ? 'colocated ' : ''}%${sig.name} sig${ref}`)
    }
    return ref
  }

  private call(sig: Signature): void {
    const ref = this.functionRef(sig)
    const args = sig.params.map((t) => this.operand(t)).join(', ')
    const indirect = this.random.once(4)
    const p = indirect ? this.hidden() : ''
    if (indirect) this.line(`${p} = func_addr.i64 fn${ref}`)
    const results = sig.returns.map((t) => this.name(t))
    this.line(`${results.join(', ')} = ${indirect ? `call_indirect sig${ref}, ${p}` : `call fn${ref}`}(${args})`)
    this.witness(results, sig.returns)
  }

  /** `block3(v1, v2)` with fuel. */
  private target(b: number, fuel: string): string {
    const args = this.blockParams[b].slice(1).map((t) => this.operand(t))
    return `block${b}(${[fuel, ...args].join(', ')})`
  }

  private terminator(b: number, blocks: number, fuel: string): void {
    const { random, sig } = this
    const later = Array.from({ length: blocks - 1 - b }, (_, i) => b + 1 + i)
    if (later.length === 0) return this.leave()
    if (b > 0 && random.once(3)) {
      // Back, as long as there is fuel.
      const [one, left] = [this.hidden(), this.hidden()]
      this.line(`${one} = iconst.i32 1`)
      this.line(`${left} = isub.i32 ${fuel}, ${one}`)
      const back = this.target(1 + random.below(b), left)
      const on = this.target(random.pick(later), fuel)
      this.line(`brif ${fuel}, ${back}, ${on}`)
      return
    }
    const kind = random.below(8)
    if (kind === 0 && sig.name !== 'main') this.leave()
    else if (kind < 3) this.line(`jump ${this.target(random.pick(later), fuel)}`)
    else if (kind < 6) {
      const [compared] = random.once(2) ? this.compute(this.shape(Op.icmp)) : []
      const c = compared ?? this.operand(random.pick(INTS))
      const [x, y] = [this.target(random.pick(later), fuel), this.target(random.pick(later), fuel)]
      this.line(`brif ${c}, ${x}, ${y}`)
    } else {
      const [three, x, index] = [this.hidden(), this.operand(I32), this.hidden()]
      this.line(`${three} = iconst.i32 3`)
      this.line(`${index} = band.i32 ${x}, ${three}`)
      const entries = Array.from({ length: random.below(5) }, () => this.target(random.pick(later), fuel))
      const other = this.target(random.pick(later), fuel)
      this.line(`br_table ${index}, ${other}, [${entries.join(', ')}]`)
    }
  }

  private leave(): void {
    const { random, sig } = this
    const same = this.known.filter(
      (k) =>
        k.conv === 'tail' && k.returns.length === sig.returns.length && k.returns.every((t, i) => t === sig.returns[i]),
    )
    if (sig.conv === 'tail' && same.length > 0 && random.once(2)) {
      const callee = random.pick(same)
      const ref = this.functionRef(callee)
      const args = callee.params.map((t) => this.operand(t)).join(', ')
      if (random.once(3)) {
        const p = this.hidden()
        this.line(`${p} = func_addr.i64 fn${ref}`)
        this.line(`return_call_indirect sig${ref}, ${p}(${args})`)
      } else this.line(`return_call fn${ref}(${args})`)
      return
    }
    const others = sig.returns.slice(1).map((t) => this.operand(t))
    this.line(`return ${[this.witnessed(), ...others].join(', ')}`)
  }
}

/** Names of the opcodes that programs can contain beside those of `shapes`. */
export const OTHER_OPCODES: readonly number[] = [
  'iconst',
  'load',
  'store',
  'stack_addr',
  'call',
  'call_indirect',
  'func_addr',
  'jump',
  'brif',
  'br_table',
  'return',
  'return_call',
  'return_call_indirect',
  'atomic_rmw',
  'atomic_cas',
  'atomic_load',
  'atomic_store',
  'fence',
  'uload8',
  'sload8',
  'istore8',
  'uload16',
  'sload16',
  'istore16',
  'uload32',
  'sload32',
  'istore32',
].map((n) => opByName.get(n) as number)
