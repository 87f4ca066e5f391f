// What the functions of a program and everything that they may call look like to the interpreter: names, addresses, frame layouts.
import { bug } from '@k23/entity'
import type { Block, FuncRef, Inst } from '../entities.ts'
import type { Func } from '../function.ts'
import { Shuffle, UnaryConst } from '../gen/format-ids.ts'
import { opFormat } from '../opcodes/tables.ts'
import type { ExternalName, FunctionName, Signature } from '../signature.ts'
import { bytes as typeBytes } from '../types.ts'
import { concrete } from './eval/eval-pure.ts'
import type { PureInst } from './eval/pure.ts'
import { type HostFunction, LIBRARY } from './host.ts'
import { CODE_BASE } from './memory.ts'
import { Unsupported } from './outcome.ts'

/** Bytes of address space that an instruction stands for: enough to tell return addresses apart. */
const INST_BYTES = 4

/** A CLIF function, made ready. */
export interface Code {
  readonly kind: 'clif'
  readonly name: string
  readonly func: Func
  readonly entry: Block
  /** Its address; instruction i is at address + 4 * i. */
  readonly address: number
  /** Byte offsets of stack slots and dynamic stack slots from the stack pointer. */
  readonly slots: readonly number[]
  readonly dynamicSlots: readonly number[]
  /** Bytes of all slots, and the largest alignment among them (at least 16). */
  readonly frameBytes: number
  readonly frameAlign: number
  /** Number of the parameter that is the vmctx, or -1. */
  readonly vmctx: number
  /** What pure evaluators need of an instruction, made when it is first run. */
  readonly pure: (PureInst | undefined)[]
  /** What each FuncRef stands for, found when it is first used. */
  readonly callees: (Callee | undefined)[]
}

export interface Host {
  readonly kind: 'host'
  readonly name: string
  readonly address: number
  readonly call: HostFunction
}

export type Callee = Code | Host

/** `f` for %f, `u0:1` for a name of numbers. */
export function plainName(name: FunctionName): string {
  return name.kind === 'testcase' ? name.name : `u${name.namespace}:${name.index}`
}

export class Program {
  private readonly byName = new Map<string, Callee>()
  private readonly byAddress = new Map<number, Callee>()
  private readonly symbols: ReadonlyMap<string, number>
  private nextAddress = CODE_BASE

  constructor(
    functions: readonly Func[],
    host: ReadonlyMap<string, HostFunction>,
    symbols: ReadonlyMap<string, number>,
  ) {
    this.symbols = symbols
    for (const func of functions) this.add(prepare(func, this.nextAddress), func.numInsts * INST_BYTES)
    for (const [name, call] of host) this.addHost(name, call)
  }

  private add(callee: Callee, size: number): void {
    if (!this.byName.has(callee.name)) this.byName.set(callee.name, callee)
    this.byAddress.set(callee.address, callee)
    this.nextAddress += (Math.max(size, 1) + 15) & ~15
  }

  private addHost(name: string, call: HostFunction): void {
    this.add({ kind: 'host', name, address: this.nextAddress, call }, 1)
  }

  find(name: string): Callee | undefined {
    const library = LIBRARY.get(name)
    if (library !== undefined && !this.byName.has(name)) this.addHost(name, library)
    return this.byName.get(name)
  }

  at(address: bigint): Callee | undefined {
    return address > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : this.byAddress.get(Number(address))
  }

  callee(code: Code, ref: FuncRef): Callee {
    const known = code.callees[ref]
    if (known !== undefined) return known
    const name = externalName(code.func, code.func.extFuncs[ref].name)
    const found = this.find(name)
    if (found === undefined) throw new Unsupported(`function ${name} is not defined`)
    code.callees[ref] = found
    return found
  }

  /** Address of a symbol: one that the embedder gave, or a function. */
  symbolAddress(code: Code, name: ExternalName): number {
    const text = externalName(code.func, name)
    const address = this.symbols.get(text) ?? this.find(text)?.address
    if (address === undefined) throw new Unsupported(`symbol ${text} is not defined`)
    return address
  }
}

function externalName(func: Func, name: ExternalName): string {
  if (name.kind !== 'user') return name.name
  const { namespace, index } = func.userNames[name.ref]
  return `u${namespace}:${index}`
}

function prepare(func: Func, address: number): Code {
  const name = plainName(func.name)
  const entry = func.firstBlock
  if (entry < 0) bug('interpreter', name, '-', 'a function without blocks')
  let at = 0
  let frameAlign = 16
  const place = (size: number, align: number): number => {
    const start = Math.ceil(at / align) * align
    at = start + size
    frameAlign = Math.max(frameAlign, align)
    return start
  }
  const slots = func.stackSlots.map((s) => place(s.size, Math.max(8, 2 ** s.alignShift)))
  const dynamicSlots = func.dynamicStackSlots.map((s) => place(typeBytes(func.dynamicTypes[s.type].base), 16))
  return {
    kind: 'clif',
    name,
    func,
    entry: entry as Block,
    address,
    slots,
    dynamicSlots,
    frameBytes: at,
    frameAlign,
    vmctx: func.signature.params.findIndex((p) => p.purpose === 'vmctx'),
    pure: [],
    callees: [],
  }
}

/** Address of an instruction, in the space of function addresses. */
export function instAddress(code: Code, inst: Inst): number {
  return code.address + inst * INST_BYTES
}

/** Address behind an instruction, where a call returns to. */
export function addressBehind(code: Code, inst: Inst): number {
  return code.address + (inst + 1) * INST_BYTES
}

export function pureInst(code: Code, inst: Inst): PureInst {
  const known = code.pure[inst]
  if (known !== undefined) return known
  const { func } = code
  const format = opFormat[func.op[inst]]
  const imm0 = func.imm0[inst]
  const made: PureInst = {
    args: func.pool.toArray(func.args[inst]).map((v) => concrete(func.typeOf(func.resolve(v as never)))),
    results: func.pool.toArray(func.results[inst]).map((v) => concrete(func.typeOf(v as never))),
    imm0,
    imm1: func.imm1[inst],
    bytes: format === UnaryConst ? func.constants[imm0] : format === Shuffle ? func.immediates[imm0] : undefined,
  }
  code.pure[inst] = made
  return made
}

/** True if two signatures pass the same types. */
export function sameTypes(a: Signature, b: Signature): boolean {
  const same = (x: Signature['params'], y: Signature['params']): boolean =>
    x.length === y.length && x.every((p, i) => p.type === y[i].type)
  return same(a.params, b.params) && same(a.returns, b.returns)
}
