// The WebAssembly JavaScript API, which every host has and which TypeScript declares only together with the whole DOM.
// Source: WebAssembly JavaScript Interface, section 5. What the project does not use is left out.

declare namespace WebAssembly {
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}

  class Module {
    constructor(bytes: Uint8Array<ArrayBufferLike> | ArrayBuffer)
    static exports(module: Module): ModuleExportDescriptor[]
    static imports(module: Module): ModuleImportDescriptor[]
    static customSections(module: Module, name: string): ArrayBuffer[]
  }
  class Instance {
    constructor(module: Module, imports?: Imports)
    readonly exports: Exports
  }
  class Memory {
    constructor(descriptor: MemoryDescriptor)
    readonly buffer: ArrayBuffer
    grow(delta: number): number
  }
  class Table {
    constructor(descriptor: TableDescriptor, value?: unknown)
    readonly length: number
    get(index: number): any
    set(index: number, value?: unknown): void
    grow(delta: number, value?: unknown): number
  }
  class Global<T = any> {
    constructor(descriptor: GlobalDescriptor, value?: T)
    value: T
    valueOf(): T
  }
  class Tag {
    constructor(descriptor: { parameters: ValueType[] })
  }
  class Exception {
    constructor(tag: Tag, payload: unknown[])
    is(tag: Tag): boolean
    getArg(tag: Tag, index: number): any
  }

  type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'anyfunc' | 'externref'
  type ExternKind = 'function' | 'table' | 'memory' | 'global' | 'tag'
  interface ModuleExportDescriptor {
    name: string
    kind: ExternKind
  }
  interface ModuleImportDescriptor {
    module: string
    name: string
    kind: ExternKind
  }
  /** In pages of 64 KiB. */
  interface MemoryDescriptor {
    initial: number
    maximum?: number
    shared?: boolean
  }
  interface TableDescriptor {
    element: 'anyfunc' | 'externref'
    initial: number
    maximum?: number
  }
  interface GlobalDescriptor {
    value: ValueType
    mutable?: boolean
  }
  type Imports = Record<string, Record<string, unknown>>
  type Exports = Record<string, any>

  function validate(bytes: Uint8Array<ArrayBufferLike> | ArrayBuffer): boolean
  function compile(bytes: Uint8Array<ArrayBufferLike> | ArrayBuffer): Promise<Module>
  function instantiate(module: Module, imports?: Imports): Promise<Instance>
}
