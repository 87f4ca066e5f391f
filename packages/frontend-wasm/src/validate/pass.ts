// One pass over a function body: decode, validate and, where a translator is attached, translate.
//
// Problem. A body must be decoded, type-checked and turned into CLIF; doing the three one after another would walk the operators
// three times and keep lists between. Idea. Validation needs a stack of types and a stack of control frames; translation needs a stack of
// values of exactly the same shape. So one loop keeps both: slot i of `vals` is the CLIF value of the operand whose type is in slot i of
// `types`. Each operator's step (steps-*.ts, found by a table lookup) reads its immediates, checks types, and then, if code here can be
// reached, calls the translator with the slot of its first operand.
//
// Invariants.
//  1. types[0..sp) are the operands; those from `height` up belong to the innermost frame, `frames[depth - 1]`.
//  2. `emit` is the translator while the code at hand can be reached, null while it cannot, and always null where only validation is asked for.
//     While `emit` is set the stack is not polymorphic, so popping really lowers sp and vals[0..sp) are live values.
//  3. Popping leaves `vals` alone: after the pops of an operator its operands are vals[sp], vals[sp + 1], ...
//
// The validation algorithm is that of the WebAssembly specification's appendix (types may be BOTTOM in code that cannot be reached).
import type { Features } from '../features.ts'
import { BOTTOM, type FuncType, type ModuleInfo, V128, type ValType, valTypeName, type WasmModule } from '../module.ts'
import { FIRST_RELAXED, prefixedIndex, PREFIX_FD, proposalOf } from '../operators.ts'
import { LIMITS } from '../decoder/limits.ts'
import { Reader } from '../decoder/reader.ts'
import { readValType } from '../decoder/types.ts'
import type { Translator } from '../translate/translator.ts'
import { FRAME_FUNCTION, Frame } from './frame.ts'
import { steps } from './steps.ts'

export class FunctionPass {
  readonly r: Reader
  readonly module: WasmModule
  readonly info: ModuleInfo
  readonly features: Features
  /** Functions that ref.func may name. */
  readonly declared: Uint8Array
  private readonly mayUseVectors: boolean

  translator: Translator | null = null
  emit: Translator | null = null

  types: Uint8Array = new Uint8Array(256)
  vals: Int32Array = new Int32Array(256)
  sp = 0
  /** Of the innermost frame, kept here because every pop reads them. */
  height = 0
  polymorphic = false
  frames: Frame[] = []
  depth = 0

  type: FuncType = { params: [], results: [] }
  locals: Uint8Array = new Uint8Array(64)
  numLocals = 0
  /** The function may have operands of type v128. */
  usesVectors = false
  /** Offset of the operator at hand. */
  opPos = 0

  constructor(module: WasmModule, features: Features) {
    this.r = new Reader(module.bytes, features)
    this.module = module
    this.info = module.info
    this.features = features
    // A v128 comes from a prefixed operator or from somewhere of that type.
    this.mayUseVectors =
      module.info.types.some((t) => [...t.params, ...t.results].includes(V128)) ||
      module.info.globals.some((g) => g.type === V128)
    this.declared = new Uint8Array(module.info.functions.length)
    for (const f of module.info.funcRefs) this.declared[f] = 1
  }

  /** Runs over the body of function `index` (imports counted). */
  run(index: number, translator: Translator | null): void {
    const { r, info, module } = this
    const body = module.bodies[index - info.numImportedFunctions]
    r.pos = body.start
    r.end = body.end
    r.func = index
    this.type = info.types[info.functions[index]]
    this.translator = translator
    this.emit = translator
    this.sp = 0
    this.depth = 0
    this.usesVectors = this.mayUseVectors
    this.readLocals()
    if (translator !== null) translator.begin(this)
    this.pushFrame(FRAME_FUNCTION, [], this.type.results)
    while (this.depth !== 0) {
      this.opPos = r.pos
      if (this.emit !== null) this.emit.at(r.pos)
      const op = r.u8()
      if (op === 0xfc || op === 0xfd) this.prefixed(op)
      else steps[op](this, op)
    }
    if (r.pos !== r.end) {
      this.fail(
        'malformed',
        `END opcode expected: expected the body to end at 0x${r.end.toString(16)} (unexpected content behind it)`,
        r.pos,
      )
    }
  }

  private prefixed(prefix: number): void {
    const sub = this.r.u32()
    const op = prefixedIndex(prefix, sub)
    if (op < 0) this.illegal(prefix, sub)
    if (op >= PREFIX_FD) this.checkSimd(op, sub)
    steps[op](this, op)
  }

  private checkSimd(op: number, sub: number): void {
    this.usesVectors = true
    if (!this.features.simd) this.fail('unsupported', `SIMD is off: opcode fd ${sub}`)
    if (op >= FIRST_RELAXED && !this.features.relaxedSimd)
      this.fail('unsupported', `relaxed SIMD is off: opcode fd ${sub}`)
  }

  private readLocals(): void {
    const { r, type } = this
    let n = type.params.length
    this.reserveLocals(n)
    for (let i = 0; i < n; i++) this.locals[i] = type.params[i]
    const groups = r.u32()
    for (let g = 0; g < groups; g++) {
      const at = r.pos
      const count = r.u32()
      const t = readValType(r)
      if (t === V128) this.usesVectors = true
      if (n - type.params.length + count > 0xffff_ffff)
        this.fail('malformed', 'too many locals: expected at most 2^32 - 1', at)
      if (n + count > LIMITS.locals) {
        this.checkTotal(n + count, groups - g - 1)
        this.fail('limit', `too many locals: expected at most ${LIMITS.locals}, found ${n + count}`, at)
      }
      this.reserveLocals(n + count)
      this.locals.fill(t, n, n + count)
      n += count
    }
    this.numLocals = n
  }

  /** Past our own limit: reads on, since more than 2^32 - 1 in all is malformed whatever our limit is. */
  private checkTotal(total: number, groups: number): void {
    const { r } = this
    for (let g = 0; g < groups; g++) {
      const at = r.pos
      total += r.u32()
      readValType(r)
      if (total - this.type.params.length > 0xffff_ffff)
        this.fail('malformed', 'too many locals: expected at most 2^32 - 1', at)
    }
  }

  private reserveLocals(n: number): void {
    if (n <= this.locals.length) return
    const next = new Uint8Array(Math.max(n, this.locals.length * 2))
    next.set(this.locals)
    this.locals = next
  }

  // ---- errors

  fail(code: 'malformed' | 'invalid' | 'unsupported' | 'limit', reason: string, at: number = this.opPos): never {
    return this.r.fail(code, reason, at)
  }

  invalid(reason: string): never {
    return this.r.fail('invalid', reason, this.opPos)
  }

  mismatch(expected: string, found: string): never {
    return this.invalid(`type mismatch: expected ${expected}, found ${found}`)
  }

  illegal(op: number, sub: number): never {
    const text = sub < 0 ? hex(op) : `${hex(op)} ${sub}`
    const proposal = proposalOf(op, sub)
    if (proposal !== undefined) this.fail('unsupported', `${proposal}: opcode ${text}`)
    return this.fail('malformed', `illegal opcode ${text}: expected an operator`)
  }

  // ---- operands

  push(t: ValType): void {
    const at = this.sp
    if (at === this.types.length) this.grow()
    this.types[at] = t
    this.sp = at + 1
  }

  private grow(): void {
    const types = new Uint8Array(this.types.length * 2)
    types.set(this.types)
    this.types = types
    const vals = new Int32Array(types.length)
    vals.set(this.vals)
    this.vals = vals
  }

  pop(expected: ValType): void {
    if (this.sp === this.height) {
      if (!this.polymorphic) this.mismatch(valTypeName(expected), 'an empty stack')
      return
    }
    const t = this.types[--this.sp]
    if (t !== expected && t !== BOTTOM) this.mismatch(valTypeName(expected), valTypeName(t))
  }

  /** Pops an operand of any type; BOTTOM where unreachable code conjures it. */
  popAny(): ValType {
    if (this.sp === this.height) {
      if (!this.polymorphic) this.mismatch('an operand', 'an empty stack')
      return BOTTOM
    }
    return this.types[--this.sp]
  }

  popAll(list: readonly ValType[]): void {
    for (let i = list.length - 1; i >= 0; i--) this.pop(list[i])
  }

  pushAll(list: readonly ValType[]): void {
    for (let i = 0; i < list.length; i++) this.push(list[i])
  }

  /** Checks that the topmost operands have the types of `list`, and leaves them. */
  check(list: readonly ValType[]): void {
    for (let i = list.length - 1, at = this.sp - 1; i >= 0; i--, at--) {
      if (at < this.height) {
        if (this.polymorphic) return
        this.mismatch(valTypeName(list[i]), 'an empty stack')
      }
      const t = this.types[at]
      if (t !== list[i] && t !== BOTTOM) this.mismatch(valTypeName(list[i]), valTypeName(t))
    }
  }

  // ---- frames

  /** Opens a frame whose parameters have been popped, and pushes them again inside it. */
  pushFrame(kind: number, params: readonly ValType[], results: readonly ValType[]): Frame {
    if (this.depth === this.frames.length) this.frames.push(new Frame())
    const f = this.frames[this.depth++]
    f.kind = kind
    f.height = this.sp
    f.polymorphic = false
    f.params = params
    f.results = results
    f.live = this.emit !== null
    f.dest = -1
    f.other = -1
    this.height = this.sp
    this.polymorphic = false
    this.pushAll(params)
    return f
  }

  /** Pops the innermost frame's results and checks that nothing else is left. */
  popResults(f: Frame): void {
    this.popAll(f.results)
    if (this.sp !== this.height) {
      this.mismatch(`${f.results.length} operands at the end of the block`, `${this.sp - this.height} more`)
    }
  }

  /** Closes the innermost frame, whose results have been popped, and pushes them outside it. */
  popFrame(): void {
    const f = this.frames[--this.depth]
    if (this.depth !== 0) {
      const outer = this.frames[this.depth - 1]
      this.height = outer.height
      this.polymorphic = outer.polymorphic
    }
    this.pushAll(f.results)
  }

  /** The frame that label `n` names. */
  label(n: number): Frame {
    if (n >= this.depth) this.invalid(`unknown label ${n}: expected one of ${this.depth}`)
    return this.frames[this.depth - 1 - n]
  }

  /** What follows cannot be reached: the frame's operands are gone, and it is polymorphic. */
  setUnreachable(): void {
    this.sp = this.height
    this.polymorphic = true
    this.frames[this.depth - 1].polymorphic = true
    this.emit = null
  }
}

function hex(n: number): string {
  return n.toString(16).padStart(2, '0')
}
