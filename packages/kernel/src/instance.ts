// Instances: a vmctx in machine memory with all that it refers to. The steps follow the specification's order (4.5.4, Instantiation).
import * as abi from '@k23/frontend-wasm/runtime-abi'
import { Trap } from './errors.ts'
import { Func } from './func.ts'
import { Global } from './global.ts'
import { setU64 } from './guest.ts'
import { type Extern, type Imports, resolveImports } from './link.ts'
import { Memory } from './memory.ts'
import type { Module } from './module.ts'
import type { Store } from './store.ts'
import { NO_REFERENCES, type References, Table } from './table.ts'

const EMPTY = new Uint8Array(0)

export class Instance {
  readonly store: Store
  readonly module: Module
  readonly vmctx: number
  /** By index in the module's index spaces. */
  readonly memories: Memory[] = []
  readonly tables: Table[] = []
  readonly globals: Global[] = []
  private readonly imported: Func[] = []
  private exported: Readonly<Record<string, Extern>> | undefined

  /** Without its start function: whoever makes it calls that. */
  constructor(store: Store, module: Module, imports: Imports) {
    if (module.engine !== store.engine) throw new TypeError('the module belongs to another engine')
    if (module.isDisposed) throw new TypeError('the module was disposed of')
    this.store = store
    this.module = module
    const externs = resolveImports(store, module, imports)
    store.use(module)
    this.vmctx = store.arena.alloc(module.layout.size)
    store.addInstance(this.vmctx, this)
    this.writeFixedFields()
    externs.forEach((e, i) => {
      this.bindImport(e, module.info.imports[i].index)
    })
    this.writeFuncRefs()
    this.define()
    this.applySegments()
  }

  get startFunction(): Func | undefined {
    const { start } = this.module.info
    return start === undefined ? undefined : this.funcByIndex(start)
  }

  /** By name, in the module's order. */
  get exports(): Readonly<Record<string, Extern>> {
    if (this.exported === undefined) {
      const all: Record<string, Extern> = Object.create(null)
      for (const e of this.module.info.exports) {
        all[e.name] =
          e.kind === 'func'
            ? this.funcByIndex(e.index)
            : e.kind === 'memory'
              ? this.memories[e.index]
              : e.kind === 'table'
                ? this.tables[e.index]
                : this.globals[e.index]
      }
      this.exported = all
    }
    return this.exported
  }
  /** An exported function; TypeError where there is none. */
  func(name: string): Func {
    return this.exportOf(name, Func)
  }
  memory(name: string): Memory {
    return this.exportOf(name, Memory)
  }
  table(name: string): Table {
    return this.exportOf(name, Table)
  }
  global(name: string): Global {
    return this.exportOf(name, Global)
  }

  /** A function that is imported or may be referred to (exported functions are). */
  funcByIndex(index: number): Func {
    const { info, code, wasm, layout } = this.module
    if (index < info.numImportedFunctions) return this.imported[index]
    const at = layout.funcRefs[index]
    const type = info.types[info.functions[index]]
    return this.store.internFunc(
      type,
      code + wasm.functions[index - info.numImportedFunctions],
      this.vmctx,
      at < 0 ? 0 : this.vmctx + at,
    )
  }

  // ---- segments, until they are dropped

  /** The bytes of a data segment; none once it is dropped. */
  data(index: number): Uint8Array {
    if (this.flag(this.module.layout.droppedData + index)[0] !== 0) return EMPTY
    const { start, end } = this.module.info.data[index]
    return this.module.wasm.bytes.subarray(start, end)
  }
  dropData(index: number): void {
    this.flag(this.module.layout.droppedData + index)[0] = 1
  }
  /** The references of an element segment; none once it is dropped. */
  elements(index: number): References {
    if (this.flag(this.module.layout.droppedElements + index)[0] !== 0) return NO_REFERENCES
    const { items } = this.module.info.elements[index]
    const { funcRefs } = this.module.layout
    if (items.kind === 'exprs') return { length: items.exprs.length, at: (i) => this.evaluateNumber(items.exprs[i]) }
    return { length: items.indices.length, at: (i) => this.vmctx + funcRefs[items.indices[i]] }
  }
  dropElements(index: number): void {
    this.flag(this.module.layout.droppedElements + index)[0] = 1
  }

  // ---- instantiation, in order

  private writeFixedFields(): void {
    const { guest } = this.store
    guest.setU32(this.vmctx + abi.VMCTX_MAGIC_OFFSET, abi.VMCTX_MAGIC)
    guest.setU64(this.vmctx + abi.VMCTX_CELLS, this.store.cells)
    guest.setU64(this.vmctx + abi.VMCTX_TYPE_IDS, this.module.typeIds)
  }

  private bindImport(e: Extern, index: number): void {
    const { guest } = this.store
    const { layout } = this.module
    if (e.kind === 'func') {
      guest.setU64(this.vmctx + layout.imports[index] + abi.IMPORT_CODE, e.code)
      guest.setU64(this.vmctx + layout.imports[index] + abi.IMPORT_VMCTX, e.vmctx)
      this.imported[index] = e
      return
    }
    const offsets = e.kind === 'memory' ? layout.memories : e.kind === 'table' ? layout.tables : layout.globals
    guest.setU64(this.vmctx + offsets[index], e.definition)
    if (e.kind === 'memory') this.memories[index] = e
    else if (e.kind === 'table') this.tables[index] = e
    else this.globals[index] = e
  }

  private writeFuncRefs(): void {
    const { info, layout, code, wasm, ids } = this.module
    // Code first: the trampoline of a host function may have to be compiled, which may move what a view shows.
    const codes = info.funcRefs.map(
      (f) => this.imported[f]?.code ?? code + wasm.functions[f - info.numImportedFunctions],
    )
    const d = this.store.guest.data(this.vmctx, layout.size)
    info.funcRefs.forEach((f, i) => {
      const at = layout.funcRefs[f]
      setU64(d, at + abi.FUNCREF_CODE, codes[i])
      setU64(d, at + abi.FUNCREF_VMCTX, this.imported[f]?.vmctx ?? this.vmctx)
      d.setUint32(at + abi.FUNCREF_TYPE_ID, ids[info.functions[f]], true)
    })
  }

  private define(): void {
    const { info, layout } = this.module
    const { store, vmctx } = this
    for (let i = info.numImportedMemories; i < info.memories.length; i++) {
      this.memories[i] = new Memory(store, info.memories[i], vmctx + layout.memories[i])
    }
    for (let i = info.numImportedGlobals; i < info.globals.length; i++) {
      const g = new Global(store, info.globals[i], vmctx + layout.globals[i])
      this.globals[i] = g
      g.bits = bitsOfConst(this.evaluate(info.globalInits[i - info.numImportedGlobals]))
    }
    for (let i = info.numImportedTables; i < info.tables.length; i++) {
      const t = new Table(store, info.tables[i], vmctx + layout.tables[i])
      this.tables[i] = t
      const init = info.tableInits[i - info.numImportedTables]
      if (init !== undefined) t.fillRefs(0, this.evaluateNumber(init), t.size)
    }
  }

  private applySegments(): void {
    const { info } = this.module
    info.elements.forEach((e, i) => {
      if (e.mode === 'active') {
        const refs = this.elements(i)
        inSegment('element', i, () =>
          this.tables[e.table].initRefs(this.evaluateNumber(e.offset), refs, 0, refs.length),
        )
      }
      if (e.mode !== 'passive') this.dropElements(i)
    })
    info.data.forEach((d, i) => {
      if (d.mode !== 'active') return
      const bytes = this.data(i)
      inSegment('data', i, () => this.memories[d.memory].init(this.evaluateNumber(d.offset), bytes, 0, bytes.length))
      this.dropData(i)
    })
  }

  // ---- constant expressions

  private evaluate(expr: abi.ConstExpr): abi.ConstValue {
    return abi.evalConstExpr(expr, {
      global: (i) => {
        const { bits } = this.globals[i]
        const word = (n: bigint): number => Number(BigInt.asIntN(32, bits >> n))
        return { lo: word(0n), hi: word(32n), lo2: word(64n), hi2: word(96n) }
      },
      funcRef: (i) => {
        const at = this.vmctx + this.module.layout.funcRefs[i]
        return { lo: at | 0, hi: Math.floor(at / 2 ** 32) }
      },
    })
  }
  /** As an unsigned number: an offset or a reference. */
  private evaluateNumber(expr: abi.ConstExpr): number {
    const { lo, hi } = this.evaluate(expr)
    return (hi >>> 0) * 2 ** 32 + (lo >>> 0)
  }

  private flag(offset: number): Uint8Array {
    return this.store.engine.machine.memory.view(this.vmctx + offset, 1)
  }

  private exportOf<T extends Extern>(name: string, kind: abstract new (...args: never[]) => T): T {
    const e = this.exports[name]
    if (!(e instanceof kind)) throw new TypeError(`the instance exports no ${kind.name.toLowerCase()} ${name}`)
    return e
  }
}

/** No code runs here that a trap could tell of: it tells of the segment. */
function inSegment(kind: 'data' | 'element', index: number, run: () => void): void {
  try {
    run()
  } catch (e) {
    if (e instanceof Trap) throw new Trap(e.code, e.message, e.backtrace, `${kind} segment ${index}`)
    throw e
  }
}

function bitsOfConst({ lo, hi, lo2 = 0, hi2 = 0 }: abi.ConstValue): bigint {
  return [hi2, lo2, hi, lo].reduce((bits, word) => (bits << 32n) | BigInt(word >>> 0), 0n)
}
