// A tree to the binary format.
//
// Every function and every loop begins with a look at the exported global `fuel`, which the one who calls sets before: it goes down by what a call or
// a turn costs, and below zero the program traps. So every program ends, and how it ends is part of what it does. A canon is written out as
// a comparison with itself, through locals that the encoder adds.
import { F32, FUNCREF, I32, opcodeBytes, V128, type ValType } from '@k23/frontend-wasm'
import type { Data, Elements, Func, FuncType, Label, Node, Program, Table } from './tree.ts'

/** A reference to what is not in the program any more: of reducing only. */
export class DanglingReference extends Error {}

export const CALL_COST = 8
export const LOOP_COST = 1
/** Of the start function. */
const START_FUEL = 400
export const HOST_MODULE = 'env'

export function leb(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...leb(Math.floor(n / 0x80))]
}

export function signedLeb(n: bigint): number[] {
  const byte = Number(n & 0x7fn)
  const rest = n >> 7n
  if ((rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0)) return [byte]
  return [byte | 0x80, ...signedLeb(rest)]
}

/** Little-endian bytes of a value's bits. */
export function littleEndian(bits: bigint, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Number((bits >> BigInt(8 * i)) & 0xffn))
}

const i32Const = (n: number): number[] => [0x41, ...signedLeb(BigInt(n))]

function vector(items: readonly (readonly number[])[]): number[] {
  return [...leb(items.length), ...items.flat()]
}

function section(id: number, contents: number[]): number[] {
  return [id, ...leb(contents.length), ...contents]
}

function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)]
  return [...leb(bytes.length), ...bytes]
}

function limits({ min, max }: { readonly min: number; readonly max: number | undefined }): number[] {
  return max === undefined ? [0, ...leb(min)] : [1, ...leb(min), ...leb(max)]
}

/** Exports: functions `f0`, `f1`, ... (imported ones too), globals `g0`, ... as far as they are exported, tables `t0`, ..., `memory`, `fuel`. */
export function encode(program: Program): Uint8Array<ArrayBuffer> {
  return new Encoder(program).module()
}

class Encoder {
  private readonly program: Program
  private readonly types: FuncType[] = []
  private readonly typeNumbers = new Map<string, number>()
  private readonly numbers = new Map<object, number>()
  // Of the function being written.
  private labels: (Label | undefined)[] = []
  private locals: ValType[] = []
  private temporaries = new Map<ValType, number>()

  constructor(program: Program) {
    this.program = program
    const { funcs, globals, tables, memories, data, elements } = program
    for (const list of [funcs, globals, tables, memories, data, elements])
      list.forEach((item, i) => this.numbers.set(item, i))
  }

  module(): Uint8Array<ArrayBuffer> {
    const { funcs, globals, tables, memories, data, elements, start } = this.program
    for (const call of this.program.calls) this.number(call.func)
    const imported = funcs.filter((f) => f.body === undefined)
    const defined = funcs.filter((f) => f.body !== undefined)
    const code = defined.map((f) => this.func(f))
    const imports = imported.map((f, i) => [...name(HOST_MODULE), ...name(`h${i}`), 0, ...leb(this.typeOf(f.type))])
    const signatures = defined.map((f) => leb(this.typeOf(f.type)))
    const fuel = [I32, 1, ...i32Const(START_FUEL), 0x0b]
    const sections = [
      section(2, vector(imports)),
      section(3, vector(signatures)),
      section(4, vector(tables.map((t) => [t.element, ...limits(t)]))),
      section(5, vector(memories.map(limits))),
      section(6, vector([...globals.map((g) => [g.type, g.mutable ? 1 : 0, ...this.node(g.init), 0x0b]), fuel])),
      section(
        7,
        vector([
          ...funcs.map((_, i) => [...name(`f${i}`), 0, ...leb(i)]),
          ...tables.map((_, i) => [...name(`t${i}`), 1, ...leb(i)]),
          ...memories.slice(0, 1).map(() => [...name('memory'), 2, 0]),
          ...globals.flatMap((g, i) => (g.exported ? [[...name(`g${i}`), 3, ...leb(i)]] : [])),
          [...name('fuel'), 3, ...leb(globals.length)],
        ]),
      ),
      start === undefined ? [] : section(8, leb(this.number(start))),
      section(9, vector(elements.map((e) => this.elements(e)))),
      section(12, leb(data.length)),
      section(10, vector(code)),
      section(11, vector(data.map((d) => this.data(d)))),
    ]
    // (Types last: everything else may have added some.)
    const types = this.types.map((t) => [
      0x60,
      ...vector(t.params.map((p) => [p])),
      ...vector(t.results.map((r) => [r])),
    ])
    return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, vector(types)), ...sections.flat()])
  }

  private number(of: object): number {
    const n = this.numbers.get(of)
    if (n === undefined) throw new DanglingReference()
    return n
  }

  private typeOf(type: FuncType): number {
    const key = `${type.params.join()}>${type.results.join()}`
    let n = this.typeNumbers.get(key)
    if (n === undefined) {
      n = this.types.push(type) - 1
      this.typeNumbers.set(key, n)
    }
    return n
  }

  private elements(e: Elements): number[] {
    const items = vector(
      e.items.map((f) => (f === null ? [0xd0, FUNCREF, 0x0b] : [0xd2, ...leb(this.number(f)), 0x0b])),
    )
    if (e.mode === 'passive') return [5, FUNCREF, ...items]
    if (e.mode === 'declarative') return [7, FUNCREF, ...items]
    return [6, ...leb(this.number(e.table as Table)), ...i32Const(e.offset), 0x0b, FUNCREF, ...items]
  }

  private data(d: Data): number[] {
    const bytes = [...leb(d.bytes.length), ...d.bytes]
    return d.offset === undefined ? [1, ...bytes] : [0, ...i32Const(d.offset), 0x0b, ...bytes]
  }

  private func(f: Func): number[] {
    this.labels = [undefined]
    this.locals = [...f.locals]
    this.temporaries.clear()
    const body = [...this.payFuel(CALL_COST), ...this.nodes(f.body as Node[]), 0x0b]
    const declared = this.locals.slice(f.type.params.length).map((t) => [1, t])
    const all = [...vector(declared), ...body]
    return [...leb(all.length), ...all]
  }

  /** fuel -= cost; if (fuel < 0) unreachable */
  private payFuel(cost: number): number[] {
    const fuel = leb(this.program.globals.length)
    return [
      ...[0x23, ...fuel, ...i32Const(cost), 0x6b, 0x24, ...fuel],
      ...[0x23, ...fuel, ...i32Const(0), 0x48, 0x04, 0x40, 0x00, 0x0b],
    ]
  }

  private nodes(list: readonly Node[]): number[] {
    const out: number[] = []
    for (const n of list) for (const byte of this.node(n)) out.push(byte)
    return out
  }

  private node(n: Node): number[] {
    if (n.kind === 'block' || n.kind === 'loop' || n.kind === 'if') return this.control(n)
    const out = this.nodes(n.args)
    for (const byte of this.instruction(n)) out.push(byte)
    return out
  }

  private control(n: Node): number[] {
    const params = (n.kind === 'if' ? n.args.slice(0, -1) : n.args).flatMap((a) => a.results)
    const type =
      params.length === 0 && n.results.length <= 1
        ? [n.results[0] ?? 0x40]
        : signedLeb(BigInt(this.typeOf({ params, results: n.results })))
    const out = [...this.nodes(n.args), n.kind === 'block' ? 0x02 : n.kind === 'loop' ? 0x03 : 0x04, ...type]
    this.labels.push(n.refs?.[0] as Label)
    if (n.kind === 'loop') out.push(...this.payFuel(LOOP_COST))
    const [first, second] = n.bodies as Node[][]
    out.push(...this.nodes(first))
    if (second !== undefined) out.push(0x05, ...this.nodes(second))
    out.push(0x0b)
    this.labels.pop()
    return out
  }

  private depth(label: object | undefined): number[] {
    const at = this.labels.lastIndexOf(label as Label)
    if (at < 0) throw new DanglingReference()
    return leb(this.labels.length - 1 - at)
  }

  private instruction(n: Node): number[] {
    const [ref] = n.refs ?? []
    switch (n.kind) {
      case 'const':
        return n.bytes as number[]
      case 'op':
        return [...opcodeBytes((n.operator as { index: number }).index), ...(n.bytes ?? [])]
      case 'object':
        return [
          ...opcodeBytes((n.operator as { index: number }).index),
          ...(n.refs ?? []).flatMap((r) => leb(this.number(r))),
          ...(n.bytes ?? []),
        ]
      case 'local.get':
      case 'local.set':
      case 'local.tee':
        return [n.kind === 'local.get' ? 0x20 : n.kind === 'local.set' ? 0x21 : 0x22, ...leb((n.locals as number[])[0])]
      case 'sets':
        return [...(n.locals as number[])].reverse().flatMap((l) => [0x21, ...leb(l)])
      case 'global.get':
      case 'global.set':
        return [n.kind === 'global.get' ? 0x23 : 0x24, ...leb(this.number(ref as object))]
      case 'canon':
        return this.canon(n)
      case 'br':
        return [0x0c, ...this.depth(ref)]
      case 'br_if':
        return [0x0d, ...this.depth(ref)]
      case 'br_table': {
        const depths = (n.refs ?? []).map((r) => this.depth(r))
        return [0x0e, ...vector(depths.slice(0, -1)), ...depths[depths.length - 1]]
      }
      case 'return':
        return [0x0f]
      case 'unreachable':
        return [0x00]
      case 'call':
        return [0x10, ...leb(this.number(ref as Func))]
      case 'call_indirect':
        return [0x11, ...leb(this.typeOf(n.type as FuncType)), ...leb(this.number(ref as Table))]
      case 'ref.func':
        return [0xd2, ...leb(this.number(ref as Func))]
      default:
        return this.control(n)
    }
  }

  /** x === x ? x : NaN, in each lane */
  private canon(n: Node): number[] {
    const [type] = n.results
    const local = leb(this.temporary(type))
    if (type !== V128) {
      const nan = type === F32 ? [0x43, 0, 0, 0xc0, 0x7f] : [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f]
      return [0x22, ...local, ...nan, 0x20, ...local, 0x20, ...local, type === F32 ? 0x5b : 0x61, 0x1b]
    }
    const lane = n.lanes === 32 ? [0, 0, 0xc0, 0x7f] : [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]
    const nans = Array.from({ length: 16 / lane.length }, () => lane).flat()
    const equal = [0xfd, ...leb(n.lanes === 32 ? 0x41 : 0x47)]
    return [
      ...[0x22, ...local, 0xfd, 0x0c, ...nans],
      ...[0x20, ...local, 0x20, ...local, ...equal, 0xfd, ...leb(0x52)], // v128.bitselect
    ]
  }

  private temporary(type: ValType): number {
    let n = this.temporaries.get(type)
    if (n === undefined) {
      n = this.locals.push(type) - 1
      this.temporaries.set(type, n)
    }
    return n
  }
}
