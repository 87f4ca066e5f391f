// As much of a kernel as running spec scripts on the CLIF machine needs: instances with the layout of runtime-abi, linking, builtins.
// It shows the runtime ABI from the other side, with memories that move whenever they grow.
import {
  entryTrampoline,
  hostTrampoline,
  moduleTranslator,
  type TranslateOptions,
  type WasmModule,
} from '../src/index.ts'
import * as abi from '../src/runtime-abi.ts'
import { ClifMachine, Trap } from './clif-machine.ts'

type Extern =
  | { kind: 'func'; type: abi.FuncType; code: bigint; vmctx: bigint }
  | { kind: 'memory' | 'table' | 'global'; address: number }

export type Exports = Map<string, Extern>

interface Instance {
  module: WasmModule
  layout: abi.VmctxLayout
  vmctx: number
  dropped: { elements: Set<number>; data: Set<number> }
}

/** The module cannot be linked: an import is missing. */
export class LinkError extends Error {}

const PAGE = abi.WASM_PAGE_SIZE
const ENTRY_SLOTS = 64

export class MiniKernel {
  readonly m: ClifMachine
  private readonly growthLimit: number
  private readonly cells: number
  /** Mapped before any memory, so that behind the newest memory there is nothing. */
  private readonly entryBlock: number
  private readonly typeIds = new Map<string, number>()
  private readonly instances = new Map<number, Instance>()
  private readonly entries = new Map<string, bigint>()
  private readonly hostFunctions: ((args: bigint[]) => bigint[])[] = []
  private readonly hostTypes: abi.FuncType[] = []
  private readonly options: Partial<TranslateOptions>
  private readonly maxTable = new Map<number, number | undefined>()
  private readonly maxMemory = new Map<number, number | undefined>()

  /** `size`: bytes of machine memory; a wasm memory may take somewhat less than half of it. */
  constructor(options: Partial<TranslateOptions>, size = 1 << 25) {
    this.options = options
    this.m = new ClifMachine(size)
    this.growthLimit = size * 0.45
    this.cells = this.m.map(abi.CELLS_SIZE)
    this.entryBlock = this.m.map(ENTRY_SLOTS * abi.SLOT_SIZE)
    const stub = this.m.placeHost((number, block) => this.hostCall(number, block))
    this.m.view.setBigUint64(this.cells + abi.CELLS_HOST_CALL_STUB, stub, true)
  }

  private u64(at: number): number {
    return Number(this.m.view.getBigUint64(at, true))
  }
  private setU64(at: number, x: number | bigint): void {
    this.m.view.setBigUint64(at, BigInt(x), true)
  }
  u128(at: number): bigint {
    return (this.m.view.getBigUint64(at + 8, true) << 64n) | this.m.view.getBigUint64(at, true)
  }
  private setU128(at: number, x: bigint): void {
    this.setU64(at, BigInt.asUintN(64, x))
    this.setU64(at + 8, x >> 64n)
  }
  private typeId(t: abi.FuncType): number {
    const key = JSON.stringify([t.params, t.results])
    if (!this.typeIds.has(key)) this.typeIds.set(key, this.typeIds.size + 1)
    return this.typeIds.get(key)!
  }

  // ---- what instances are made of

  newMemory(pages: number, max: number | undefined): number {
    const def = this.m.map(abi.MEMORY_SIZE)
    this.initMemory(def, pages, max)
    return def
  }
  private guard(base: number): void {
    const s = this.options.memory
    if (s?.kind === 'guard') this.m.guardRegions = [{ start: base, end: base + s.reservation + s.guard }]
  }
  private initMemory(def: number, pages: number, max: number | undefined): void {
    if (pages * PAGE > this.growthLimit) throw new LinkError('memory too large')
    this.setU64(def + abi.MEMORY_BASE, this.m.map(pages * PAGE))
    this.setU64(def + abi.MEMORY_LENGTH, pages * PAGE)
    this.maxMemory.set(def, max)
    this.guard(this.u64(def + abi.MEMORY_BASE))
  }
  newTable(min: number, max: number | undefined): number {
    const def = this.m.map(abi.TABLE_SIZE)
    this.initTable(def, min, max)
    return def
  }
  private initTable(def: number, min: number, max: number | undefined): void {
    if (min > 100_000) throw new LinkError('table too large')
    this.setU64(def + abi.TABLE_BASE, this.m.map(min * abi.TABLE_ELEMENT_SIZE))
    this.setU64(def + abi.TABLE_LENGTH, min)
    this.maxTable.set(def, max)
  }
  newGlobal(value: bigint): number {
    const at = this.m.map(abi.GLOBAL_SIZE)
    this.setU64(at, value)
    return at
  }
  hostFunction(type: abi.FuncType, run: (args: bigint[]) => bigint[]): Extern {
    const n = this.hostFunctions.push(run) - 1
    this.hostTypes.push(type)
    const record = this.m.map(abi.HOST_RECORD_SIZE)
    this.m.view.setUint32(record + abi.VMCTX_MAGIC_OFFSET, abi.HOST_RECORD_MAGIC, true)
    this.setU64(record + abi.VMCTX_CELLS, this.cells)
    this.m.view.setUint32(record + abi.HOST_RECORD_NUMBER, abi.HOST_FUNCTION_BASE + n, true)
    const code = this.m.place(hostTrampoline(type), () => 0n)
    return { kind: 'func', type, code, vmctx: BigInt(record) }
  }

  // ---- instances

  instantiate(module: WasmModule, imports: (module: string, name: string) => Extern | undefined): Exports {
    const { info } = module
    const { m } = this
    const layout = abi.vmctxLayout(info)
    const vmctx = m.map(layout.size)
    const instance: Instance = { module, layout, vmctx, dropped: { elements: new Set(), data: new Set() } }
    this.instances.set(vmctx, instance)
    m.view.setUint32(vmctx + abi.VMCTX_MAGIC_OFFSET, abi.VMCTX_MAGIC, true)
    this.setU64(vmctx + abi.VMCTX_CELLS, this.cells)
    const ids = m.map(4 * info.types.length)
    info.types.forEach((t, i) => m.view.setUint32(ids + 4 * i, this.typeId(t), true))
    this.setU64(vmctx + abi.VMCTX_TYPE_IDS, ids)

    const functions: { code: bigint; vmctx: bigint }[] = []
    for (const i of info.imports) {
      const e = imports(i.module, i.name)
      if (e === undefined || e.kind !== i.kind) throw new LinkError(`${i.module}.${i.name}`)
      if (e.kind === 'func') {
        functions.push(e)
        this.setU64(vmctx + layout.imports[i.index] + abi.IMPORT_CODE, e.code)
        this.setU64(vmctx + layout.imports[i.index] + abi.IMPORT_VMCTX, e.vmctx)
      } else {
        const at = i.kind === 'memory' ? layout.memories : i.kind === 'table' ? layout.tables : layout.globals
        this.setU64(vmctx + at[i.index], e.address)
      }
    }
    const translator = moduleTranslator(module, this.options)
    for (let i = info.numImportedFunctions; i < info.functions.length; i++) {
      functions.push({ code: m.place(translator.translate(i), (n) => functions[n].code), vmctx: BigInt(vmctx) })
    }
    for (const f of info.funcRefs) {
      const at = vmctx + layout.funcRefs[f]
      this.setU64(at + abi.FUNCREF_CODE, functions[f].code)
      this.setU64(at + abi.FUNCREF_VMCTX, functions[f].vmctx)
      m.view.setUint32(at + abi.FUNCREF_TYPE_ID, this.typeId(info.types[info.functions[f]]), true)
    }
    info.memories.forEach((t, i) => {
      if (i >= info.numImportedMemories) this.initMemory(vmctx + layout.memories[i], t.min, t.max)
    })
    info.globalInits.forEach((init, i) => {
      this.setU128(vmctx + layout.globals[info.numImportedGlobals + i], this.evaluate(instance, init))
    })
    info.tables.forEach((t, i) => {
      if (i < info.numImportedTables) return
      const def = vmctx + layout.tables[i]
      this.initTable(def, t.min, t.max)
      const init = info.tableInits[i - info.numImportedTables]
      if (init !== undefined) this.fillTable(def, 0, this.evaluate(instance, init), t.min)
    })
    info.elements.forEach((e, i) => {
      if (e.mode === 'active')
        this.tableInit(instance, e.table, i, Number(this.evaluate(instance, e.offset)), 0, segmentLength(e))
      if (e.mode !== 'passive') instance.dropped.elements.add(i)
    })
    info.data.forEach((d, i) => {
      if (d.mode !== 'active') return
      this.memoryInit(instance, d.memory, i, Number(this.evaluate(instance, d.offset)), 0, d.end - d.start)
      instance.dropped.data.add(i)
    })
    if (info.start !== undefined) m.call(functions[info.start].code, [functions[info.start].vmctx, BigInt(vmctx)])

    const exports: Exports = new Map()
    for (const x of info.exports) {
      if (x.kind === 'func')
        exports.set(x.name, { kind: 'func', type: info.types[info.functions[x.index]], ...functions[x.index] })
      else exports.set(x.name, { kind: x.kind, address: this.definition(instance, x.kind, x.index) })
    }
    return exports
  }

  private evaluate(instance: Instance, expr: abi.ConstExpr): bigint {
    const word = (x: bigint, at: bigint) => Number(BigInt.asIntN(32, x >> at))
    const pair = (x: bigint) => ({ lo: word(x, 0n), hi: word(x, 32n), lo2: word(x, 64n), hi2: word(x, 96n) })
    const v = abi.evalConstExpr(expr, {
      global: (i) => pair(this.u128(this.definition(instance, 'global', i))),
      funcRef: (i) => pair(BigInt(instance.vmctx + instance.layout.funcRefs[i])),
    })
    return [v.hi2 ?? 0, v.lo2 ?? 0, v.hi, v.lo].reduce((x, w) => (x << 32n) | BigInt(w >>> 0), 0n)
  }

  private definition(i: Instance, kind: 'memory' | 'table' | 'global', index: number): number {
    const { info } = i.module
    const [offsets, imported] =
      kind === 'memory'
        ? [i.layout.memories, info.numImportedMemories]
        : kind === 'table'
          ? [i.layout.tables, info.numImportedTables]
          : [i.layout.globals, info.numImportedGlobals]
    const at = i.vmctx + offsets[index]
    return index < imported ? this.u64(at) : at
  }

  // ---- calls

  /** Calls an exported function through the entry trampoline. */
  invoke(e: Extern, args: bigint[]): bigint[] {
    if (e.kind !== 'func') throw new Error('not a function')
    const key = JSON.stringify(e.type)
    if (!this.entries.has(key))
      this.entries.set(
        key,
        this.m.place(entryTrampoline(e.type), () => 0n),
      )
    const slots = Math.max(args.length, e.type.results.length)
    if (slots > ENTRY_SLOTS) throw new Error('entry block too small')
    const block = this.entryBlock
    args.forEach((a, i) => this.setU128(block + (abi.ENTRY_BLOCK_FIRST + i) * abi.SLOT_SIZE, a))
    this.m.call(this.entries.get(key)!, [e.vmctx, e.code, BigInt(block)])
    return e.type.results.map((t, i) => this.slot(block, abi.ENTRY_BLOCK_FIRST + i, t))
  }

  private slot(block: number, i: number, t: abi.ValType): bigint {
    const at = block + i * abi.SLOT_SIZE
    if (t === abi.I32 || t === abi.F32) return BigInt(this.m.view.getUint32(at, true))
    return t === abi.V128 ? this.u128(at) : this.m.view.getBigUint64(at, true)
  }

  private hostCall(number: number, block: number): void {
    const first = abi.HOST_BLOCK_FIRST
    if (number >= abi.HOST_FUNCTION_BASE) {
      const n = number - abi.HOST_FUNCTION_BASE
      const t = this.hostTypes[n]
      const results = this.hostFunctions[n](t.params.map((p, i) => this.slot(block, first + i, p)))
      results.forEach((r, i) => this.setU128(block + (first + i) * abi.SLOT_SIZE, r))
      return
    }
    const row = abi.builtins[number]
    const instance = this.instances.get(Number(this.slot(block, abi.HOST_BLOCK_CALLER, abi.I64)))!
    const args = row.params.map((p, i) => Number(this.slot(block, first + i, p === 'i32' ? abi.I32 : abi.I64)))
    const result = this.builtin(row.name, instance, args)
    if (row.results.length !== 0) this.setU64(block + first * abi.SLOT_SIZE, BigInt.asUintN(64, BigInt(result)))
  }

  private builtin(name: abi.BuiltinName, i: Instance, a: number[]): number {
    const run: Record<abi.BuiltinName, () => unknown> = {
      memory_grow: () => this.memoryGrow(this.definition(i, 'memory', a[0]), a[1]),
      memory_copy: () =>
        this.memoryCopy(this.definition(i, 'memory', a[0]), this.definition(i, 'memory', a[1]), a[2], a[3], a[4]),
      memory_fill: () => {
        const at = this.place(this.definition(i, 'memory', a[0]), a[1], a[3])
        this.m.bytes.fill(a[2], at, at + a[3])
      },
      memory_init: () => this.memoryInit(i, a[0], a[1], a[2], a[3], a[4]),
      data_drop: () => void i.dropped.data.add(a[0]),
      table_grow: () => this.tableGrow(this.definition(i, 'table', a[0]), BigInt(a[1]), a[2]),
      table_fill: () => this.fillTable(this.definition(i, 'table', a[0]), a[1], BigInt(a[2]), a[3]),
      table_copy: () =>
        this.tableCopy(this.definition(i, 'table', a[0]), this.definition(i, 'table', a[1]), a[2], a[3], a[4]),
      table_init: () => this.tableInit(i, a[0], a[1], a[2], a[3], a[4]),
      elem_drop: () => void i.dropped.elements.add(a[0]),
      out_of_fuel: () => fail('out of fuel'),
      new_epoch: () => fail('a new epoch'),
      table_get: () => fail('lazy tables'),
    }
    return Number(run[name]() ?? 0)
  }

  // ---- memories

  private place(def: number, at: number, n: number): number {
    if (at + n > this.u64(def + abi.MEMORY_LENGTH)) throw new Trap(abi.TRAP_MEMORY_OUT_OF_BOUNDS)
    return this.u64(def + abi.MEMORY_BASE) + at
  }
  private memoryGrow(def: number, delta: number): number {
    const old = this.u64(def + abi.MEMORY_LENGTH)
    const length = old + delta * PAGE
    const max = this.maxMemory.get(def) ?? 65536
    if (length > max * PAGE || length > this.growthLimit) return -1
    const base = this.u64(def + abi.MEMORY_BASE)
    const next = this.m.map(length)
    this.m.bytes.copyWithin(next, base, base + old)
    this.m.unmap(base, old)
    this.setU64(def + abi.MEMORY_BASE, next)
    this.guard(next)
    this.setU64(def + abi.MEMORY_LENGTH, length)
    return old / PAGE
  }
  private memoryCopy(dst: number, src: number, d: number, s: number, n: number): void {
    const from = this.place(src, s, n)
    this.m.bytes.copyWithin(this.place(dst, d, n), from, from + n)
  }
  private memoryInit(i: Instance, memory: number, segment: number, d: number, s: number, n: number): void {
    const data = i.module.info.data[segment]
    const length = i.dropped.data.has(segment) ? 0 : data.end - data.start
    const to = this.place(this.definition(i, 'memory', memory), d, n)
    if (s + n > length) throw new Trap(abi.TRAP_MEMORY_OUT_OF_BOUNDS)
    this.m.bytes.set(i.module.bytes.subarray(data.start + s, data.start + s + n), to)
  }

  // ---- tables

  private element(def: number, at: number, n: number): number {
    if (at + n > this.u64(def + abi.TABLE_LENGTH)) throw new Trap(abi.TRAP_TABLE_OUT_OF_BOUNDS)
    return this.u64(def + abi.TABLE_BASE) + at * abi.TABLE_ELEMENT_SIZE
  }
  private fillTable(def: number, d: number, value: bigint, n: number): void {
    const at = this.element(def, d, n)
    for (let k = 0; k < n; k++) this.setU64(at + k * abi.TABLE_ELEMENT_SIZE, value)
  }
  private tableGrow(def: number, value: bigint, delta: number): number {
    const old = this.u64(def + abi.TABLE_LENGTH)
    const n = old + delta
    if (n > (this.maxTable.get(def) ?? 0xffff_ffff) || n > 100_000) return -1
    const next = this.m.map(n * abi.TABLE_ELEMENT_SIZE)
    const base = this.u64(def + abi.TABLE_BASE)
    this.m.bytes.copyWithin(next, base, base + old * abi.TABLE_ELEMENT_SIZE)
    this.m.unmap(base, old * abi.TABLE_ELEMENT_SIZE)
    this.setU64(def + abi.TABLE_BASE, next)
    this.setU64(def + abi.TABLE_LENGTH, n)
    this.fillTable(def, old, value, delta)
    return old
  }
  private tableCopy(dst: number, src: number, d: number, s: number, n: number): void {
    const from = this.element(src, s, n)
    this.m.bytes.copyWithin(this.element(dst, d, n), from, from + n * abi.TABLE_ELEMENT_SIZE)
  }
  private tableInit(i: Instance, table: number, segment: number, d: number, s: number, n: number): void {
    const e = i.module.info.elements[segment]
    const length = i.dropped.elements.has(segment) ? 0 : segmentLength(e)
    const at = this.element(this.definition(i, 'table', table), d, n)
    if (s + n > length) throw new Trap(abi.TRAP_TABLE_OUT_OF_BOUNDS)
    for (let k = 0; k < n; k++) {
      const value =
        e.items.kind === 'exprs'
          ? this.evaluate(i, e.items.exprs[s + k])
          : BigInt(i.vmctx + i.layout.funcRefs[e.items.indices[s + k]])
      this.setU64(at + k * abi.TABLE_ELEMENT_SIZE, value)
    }
  }
}

function fail(what: string): never {
  throw new Error(`test kernel: ${what}`)
}
function segmentLength(e: abi.ElementSegment): number {
  return e.items.kind === 'funcs' ? e.items.indices.length : e.items.exprs.length
}
