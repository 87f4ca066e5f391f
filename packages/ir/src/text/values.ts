// Definitions and types of values while a function is parsed.
//
// Problem: the text may use a value before the line that defines it, and the type of a result often follows from the type of an
// operand. Idea: a value keeps the number that the text gives it; numbers that the text skips stay INVALID_VALUE. An instruction
// whose controlling type comes from a value without a type yet is put aside with untyped results; when the whole body is known,
// each is settled as soon as the value that it waits for has a type. What is left depends on itself in a circle: an error.
import { growI32, growU16, growU8, I32Vec } from '@k23/entity'
import type { Inst, Value } from '../entities.ts'
import { ALIAS, type Func, INVALID_VALUE } from '../function.ts'
import { ctrlAllows, formatTypeOperand, opFormat, opName, opNumResults, resultType } from '../opcodes/tables.ts'
import { INVALID, type Type, typeName } from '../types.ts'
import type { Lexer } from './lexer.ts'

export class ValueTable {
  private readonly func: Func
  private readonly lex: Lexer
  /** Pairs of a value used before its definition and the offset of the use. */
  private readonly forward = new I32Vec()
  /** Pairs of an instruction without types yet and the offset of its opcode. */
  private readonly untyped = new I32Vec()
  /** Pairs of an alias and the offset of its definition. */
  private readonly aliases = new I32Vec()

  constructor(func: Func, lex: Lexer) {
    this.func = func
    this.lex = lex
  }

  /** Notes a use of `v` at offset `at`; the value exists afterwards, if only as INVALID_VALUE. */
  use(v: number, at: number): void {
    if (v >= this.func.numValues) this.reserve(v, at)
    if (this.func.valKind[v] === INVALID_VALUE) {
      this.forward.push(v)
      this.forward.push(at)
    }
  }

  /** Defines value `v`. */
  define(v: number, kind: number, type: Type, def: number, num: number, at: number): void {
    const f = this.func
    if (v >= f.numValues) this.reserve(v, at)
    if (f.valKind[v] !== INVALID_VALUE) throw this.lex.errorAt(at, `v${v} is defined twice`)
    f.valKind[v] = kind
    f.valType[v] = type
    f.valDef[v] = def
    f.valNum[v] = num
  }

  /** `from -> to`; saying the same again is allowed. */
  alias(from: number, to: number, at: number): void {
    const f = this.func
    this.use(to, at)
    if (from < f.numValues && f.valKind[from] === ALIAS && f.valDef[from] === to) return
    this.define(from, ALIAS, f.valType[to] as Type, to, 0, at)
    if (f.valType[to] !== INVALID) return
    this.aliases.push(from)
    this.aliases.push(at)
  }

  /** Settles the types of `inst`, whose opcode stands at `at`, or puts it aside. `ctrl` is INVALID where nothing gives it yet. */
  typeInst(inst: Inst, ctrl: Type, at: number): void {
    if (ctrl === INVALID) {
      this.untyped.push(inst)
      this.untyped.push(at)
    } else {
      this.setTypes(inst, ctrl, at)
    }
  }

  /** Settles the result types of an instruction whose opcode has no controlling type. */
  typeFixed(inst: Inst): void {
    const f = this.func
    const op = f.op[inst]
    for (let i = 0, n = opNumResults[op]; i < n; i++) f.valType[f.result(inst, i)] = resultType(op, i, INVALID)
  }

  /** The type that the designated operand of `inst` gives, or INVALID. */
  operandType(op: number, args: number, count: number): Type {
    const at = formatTypeOperand[opFormat[op]]
    if (at >= count) return INVALID
    return this.func.valType[this.func.pool.data[args + at]] as Type
  }

  /** Called at the end of the body: everything used is defined, everything has a type. Linear in the size of the body. */
  finish(): void {
    const f = this.func
    for (let i = 0; i < this.forward.length; i += 2) {
      const v = this.forward.get(i)
      if (f.valKind[v] === INVALID_VALUE)
        throw this.lex.errorAt(this.forward.get(i + 1), `v${v} is used but never defined`)
    }
    if (this.untyped.length === 0 && this.aliases.length === 0) return

    // Every instruction and alias without a type waits for one value. Nodes: instructions first, then aliases.
    const insts = this.untyped.length >> 1
    const nodes = insts + (this.aliases.length >> 1)
    const waiting = new Map<number, number>() // value to its first waiting node
    const nextWaiting = new Int32Array(nodes).fill(-1)
    const settled = new Uint8Array(nodes)
    const ready: number[] = []
    for (let n = 0; n < nodes; n++) {
      const v = this.waitsFor(n, insts)
      if (f.valType[v] !== INVALID) {
        ready.push(n)
      } else {
        nextWaiting[n] = waiting.get(v) ?? -1
        waiting.set(v, n)
      }
    }
    for (let n = ready.pop(); n !== undefined; n = ready.pop()) {
      settled[n] = 1
      const type = f.valType[this.waitsFor(n, insts)] as Type
      if (n < insts) {
        const inst = this.untyped.get(2 * n) as Inst
        this.setTypes(inst, type, this.untyped.get(2 * n + 1))
        for (let i = 0; i < f.numResults(inst); i++) this.wake(f.result(inst, i), waiting, nextWaiting, ready)
      } else {
        const alias = this.aliases.get(2 * (n - insts)) as Value
        f.valType[alias] = type
        this.wake(alias, waiting, nextWaiting, ready)
      }
    }
    for (let n = nodes - 1; n >= 0; n--) {
      if (settled[n] !== 0) continue
      if (n >= insts) {
        const alias = 2 * (n - insts)
        if (this.endless(this.aliases.get(alias)))
          throw this.lex.errorAt(this.aliases.get(alias + 1), `the alias v${this.aliases.get(alias)} stands for itself`)
        continue
      }
      const name = opName[f.op[this.untyped.get(2 * n)]]
      throw this.lex.errorAt(
        this.untyped.get(2 * n + 1),
        `the type of this ${name} depends on itself: write it, as in ${name}.i32`,
      )
    }
  }

  private wake(v: number, waiting: Map<number, number>, nextWaiting: Int32Array, ready: number[]): void {
    for (let n = waiting.get(v) ?? -1; n >= 0; n = nextWaiting[n]) ready.push(n)
  }

  /** The value whose type node `n` needs. */
  private waitsFor(n: number, insts: number): number {
    const f = this.func
    if (n >= insts) return f.valDef[this.aliases.get(2 * (n - insts))]
    const inst = this.untyped.get(2 * n)
    return f.pool.data[f.args[inst] + formatTypeOperand[opFormat[f.op[inst]]]]
  }

  /** True if the chain of aliases from `v` comes back to an alias. */
  private endless(v: number): boolean {
    const f = this.func
    let steps = this.aliases.length
    let x = v
    while (f.valKind[x] === ALIAS && steps-- > 0) x = f.valDef[x]
    return f.valKind[x] === ALIAS
  }

  private setTypes(inst: Inst, ctrl: Type, at: number): void {
    const f = this.func
    const op = f.op[inst]
    if (!ctrlAllows(op, ctrl))
      throw this.lex.errorAt(at, `${typeName(ctrl)} is not a controlling type of ${opName[op]}`)
    f.ctrl[inst] = ctrl
    for (let i = 0, n = opNumResults[op]; i < n; i++) f.valType[f.result(inst, i)] = resultType(op, i, ctrl)
  }

  private reserve(v: number, at: number): void {
    const f = this.func
    this.lex.skipNumbers(v - f.numValues, at)
    if (v >= f.valKind.length) {
      f.valKind = growU8(f.valKind, v)
      f.valType = growU16(f.valType, v)
      f.valDef = growI32(f.valDef, v)
      f.valNum = growI32(f.valNum, v)
    }
    f.valKind.fill(INVALID_VALUE, f.numValues, v + 1)
    f.valType.fill(INVALID, f.numValues, v + 1)
    f.valDef.fill(-1, f.numValues, v + 1)
    f.valNum.fill(0, f.numValues, v + 1)
    f.numValues = v + 1
  }
}
