// A compiled module with its code in the machine: shared by all its instances, in every store of its engine. The code stays until the module is
// disposed of and no store uses it: instances, and functions of the host whose trampoline is in it.
import { type CompiledModule, functionAt, sourceAt, trapAt, type WasmMetadata } from '@k23/codegen'
import {
  type ExternKind,
  type ModuleInfo,
  type VmctxLayout,
  vmctxLayout,
  wasmFunctionName,
} from '@k23/frontend-wasm/runtime-abi'
import { readWasmLines, type WasmLines } from '@k23/frontend-wasm/source-lines'
import type { Engine } from './engine.ts'
import type { Frame, SourcePlace } from './errors.ts'
import type { Store } from './store.ts'
import type { ExternType } from './types.ts'

export interface ImportType {
  readonly module: string
  readonly name: string
  readonly type: ExternType
}

export interface ExportType {
  readonly name: string
  readonly type: ExternType
}

export class Module {
  readonly engine: Engine
  readonly compiled: CompiledModule
  readonly wasm: WasmMetadata
  readonly info: ModuleInfo
  readonly layout: VmctxLayout
  /** Address of the code. */
  readonly code: number
  /** Address of the canonical type ids, u32 by type index. */
  readonly typeIds: number
  /** The same here. */
  readonly ids: readonly number[]
  /** null for none; read for the first backtrace. */
  private lines: WasmLines | null | undefined
  private readonly users = new Set<Store>()
  private state: 'open' | 'disposed' | 'unloaded' = 'open'

  constructor(
    engine: Engine,
    compiled: CompiledModule,
    wasm: WasmMetadata,
    code: number,
    typeIds: number,
    ids: readonly number[],
  ) {
    this.engine = engine
    this.compiled = compiled
    this.wasm = wasm
    this.info = wasm.info
    this.layout = vmctxLayout(wasm.info)
    this.code = code
    this.typeIds = typeIds
    this.ids = ids
  }

  /** No new instances; the code is given back to the machine once no store uses it (see Store.close). */
  dispose(): void {
    if (this.state === 'open') this.state = 'disposed'
    this.unloadIfUnused()
  }
  get isDisposed(): boolean {
    return this.state !== 'open'
  }

  usedBy(store: Store): void {
    this.users.add(store)
  }
  releasedBy(store: Store): void {
    this.users.delete(store)
    this.unloadIfUnused()
  }
  private unloadIfUnused(): void {
    if (this.state !== 'disposed' || this.users.size !== 0) return
    this.state = 'unloaded'
    this.engine.unload(this)
  }

  /** From the name section. */
  get name(): string | undefined {
    return this.info.names.module
  }

  get imports(): ImportType[] {
    return this.info.imports.map((i) => ({ module: i.module, name: i.name, type: this.externType(i.kind, i.index) }))
  }

  get exports(): ExportType[] {
    return this.info.exports.map((e) => ({ name: e.name, type: this.externType(e.kind, e.index) }))
  }

  /** Contents of the custom sections with this name. */
  customSections(name: string): Uint8Array[] {
    return this.info.customSections.filter((s) => s.name === name).map((s) => this.wasm.bytes.slice(s.start, s.end))
  }

  externType(kind: ExternKind, index: number): ExternType {
    const { info } = this
    switch (kind) {
      case 'func':
        return { kind, type: info.types[info.functions[index]] }
      case 'memory':
        return { kind, type: info.memories[index] }
      case 'table':
        return { kind, type: info.tables[index] }
      case 'global':
        return { kind, type: info.globals[index] }
    }
  }

  functionName(index: number): string {
    return wasmFunctionName(this.info, index) ?? `func[${index}]`
  }

  /** Trap code of the instruction at `pc`, or 0. */
  trapAt(pc: number): number {
    return trapAt(this.compiled, pc - this.code)
  }

  /** Whether the function at `pc` runs in its caller's frame, with its return address in the register for it: a leaf that needs no stack. */
  isFrameless(pc: number): boolean {
    // A frame begins with a pair of 8 bytes each; less is the return address that a call of x64 pushes, or nothing.
    return (functionAt(this.compiled, pc - this.code)?.frameBytes ?? 16) < 16
  }

  /** What lies at `pc`: a frame of a wasm function, or which trampoline. */
  frameAt(pc: number): Frame | 'entry' | 'host' | undefined {
    const at = pc - this.code
    const f = functionAt(this.compiled, at)
    if (f === undefined) return undefined
    // Names of compiled functions: u0:index for a function of the module, u1:type an entry trampoline, u2:type a host trampoline.
    const [space, index] = f.name.slice(1).split(':')
    if (space !== '0') return space === '1' ? 'entry' : 'host'
    const func = Number(index)
    const offset = sourceAt(this.compiled, at)
    const source = offset < 0 ? undefined : this.sourceOf(offset)
    return {
      func,
      name: this.functionName(func),
      offset,
      module: this.name,
      ...(source === undefined ? {} : { source }),
    }
  }

  /** Where the operator at a byte offset of the module comes from, by the module's own line table. */
  sourceOf(offset: number): SourcePlace | undefined {
    this.lines ??= readWasmLines(this.wasm.bytes) ?? null
    const at = this.lines?.at(offset)
    if (at === undefined || at.line === 0) return undefined
    const { directory, name } = (this.lines as WasmLines).files[at.file]
    const file = directory === '' || name.startsWith('/') ? name : `${directory}/${name}`
    return { file, line: at.line, column: at.column }
  }
}
