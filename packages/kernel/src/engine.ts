// Engine: what all stores on one machine share: compile options, placed code, canonical type ids.
//
// A type id names a function type by structure: the engine interns each that it sees, and a module's code finds its ids in an array in machine
// memory, so that code is neither patched nor compiled again. Trampolines are shared by type across modules. Code stays until its module is disposed of.
import {
  type AsyncOptions,
  CodegenError,
  compile,
  compileAsync,
  type CompiledModule,
  type CompileOptions,
  completeSettings,
  type RuntimeNeeds,
  runtimeNeeds,
  type SyncOptions,
  targetByName,
} from '@k23/codegen'
import type { FuncType } from '@k23/frontend-wasm/runtime-abi'
import { type Machine, placeImage } from '@k23/machine'
import { Arena, Guest } from './guest.ts'
import { Module } from './module.ts'
import { funcTypeText } from './types.ts'

export interface EngineOptions {
  readonly machine: Machine
  /** Default: the target of the machine's ISA. */
  readonly target?: CompileOptions['target']
  /** CPU features for the code generator; default: those of the machine that the target knows. */
  readonly features?: Readonly<Record<string, boolean>>
  readonly optLevel?: CompileOptions['optLevel']
  readonly settings?: CompileOptions['settings']
  readonly wasmFeatures?: CompileOptions['wasmFeatures']
  /** Bytes of address space that a memory without a smaller maximum is given to grow in before it has to move. Default 4 MiB. */
  readonly memoryReservation?: number
}

/** How a module is compiled that is waited for. */
export type CompileAsyncOptions = Pick<AsyncOptions, 'workers' | 'signal' | 'onProgress' | 'cache'>

export type CompileSyncOptions = Pick<SyncOptions, 'cache'>

/** Addresses of the two trampolines of a type, and the module that they are part of. */
export interface Trampolines {
  readonly entry: number
  readonly host: number
  readonly module: Module
}

interface PlacedImage {
  readonly start: number
  readonly end: number
  readonly module: Module
}

export class Engine {
  readonly machine: Machine
  readonly memoryReservation: number
  /** What this engine's settings make its code expect, and so what its stores provide. */
  readonly provides: RuntimeNeeds
  /** Address of the epoch, a u64: whoever runs beside the guest (a second thread) may advance it there. */
  readonly epochAddress: number
  /** Of the code generator, complete but for the input. */
  readonly compileOptions: CompileOptions
  readonly guest: Guest
  private readonly arena: Arena
  private readonly ids = new Map<string, number>()
  private readonly types: FuncType[] = []
  private readonly trampolines: (Trampolines | undefined)[] = []
  /** By start, ascending. */
  private readonly images: PlacedImage[] = []

  constructor(options: EngineOptions) {
    const { machine, target = machine.isa, optLevel, wasmFeatures } = options
    const settings = {
      ...(machine.memory.guardPages === true ? { wasm_memory_strategy: 'guard' } : {}),
      ...options.settings,
    }
    this.provides = runtimeNeeds(completeSettings(settings))
    this.machine = machine
    this.memoryReservation = options.memoryReservation ?? 4 << 20
    this.guest = new Guest(machine.memory)
    this.arena = new Arena(machine.memory)
    this.epochAddress = this.arena.alloc(8)
    const known = typeof target === 'string' ? targetByName(target) : target
    const features =
      options.features ??
      Object.fromEntries(machine.features.filter((f) => known.featureNames.includes(f)).map((f) => [f, true]))
    this.compileOptions = {
      target: known,
      features,
      ...(optLevel === undefined ? {} : { optLevel }),
      settings,
      ...(wasmFeatures === undefined ? {} : { wasmFeatures }),
    }
  }

  /**
   * Compiles a WebAssembly binary and places its code. Throws CodegenError. The cache is one that answers at once (a Map, files read synchronously); storages
   * that answer by promises, and workers, are for compileAsync().
   */
  compile(bytes: Uint8Array, options: CompileSyncOptions = {}): Module {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('a module is given as a Uint8Array of its binary form')
    return this.load(compile(bytes, { ...this.compileOptions, ...options }))
  }

  /**
   * The same on workers and out of a cache, as the options say. Rejects with CodegenError, and as compileAsync() of `@k23/codegen` does with WorkerError and the
   * signal's reason.
   */
  async compileAsync(bytes: Uint8Array, options: CompileAsyncOptions = {}): Promise<Module> {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('a module is given as a Uint8Array of its binary form')
    return this.load(await compileAsync(bytes, { ...this.compileOptions, ...options }))
  }

  /** Places a module that was compiled from WebAssembly for this engine's target. */
  load(compiled: CompiledModule): Module {
    const { wasm } = compiled
    if (wasm === undefined) throw new TypeError('only what was compiled from WebAssembly can be loaded as a module')
    this.checkNeeds(wasm.needs)
    if (compiled.relocs.length !== 0) {
      throw new CodegenError(
        'unsupported',
        `the module needs the library routine ${compiled.relocs[0].symbol}, which this kernel lacks`,
      )
    }
    const code = this.place(compiled)
    const ids = wasm.info.types.map((t) => this.typeId(t))
    const typeIds = this.arena.alloc(4 * ids.length)
    const words = this.guest.data(typeIds, 4 * ids.length)
    const module = new Module(this, compiled, wasm, code, typeIds, ids)
    ids.forEach((id, i) => {
      words.setUint32(4 * i, id, true)
      this.trampolines[id] ??= { entry: code + wasm.entries[i], host: code + wasm.hosts[i], module }
    })
    const at = this.images.findIndex((i) => i.start > code)
    this.images.splice(at < 0 ? this.images.length : at, 0, { start: code, end: code + compiled.image.length, module })
    return module
  }

  /** Takes a module's code away; its part is over, and no store uses it. */
  unload(module: Module): void {
    for (const id of module.info.types.map((t) => this.typeId(t)))
      if (this.trampolines[id]?.module === module) this.trampolines[id] = undefined
    this.images.splice(
      this.images.findIndex((i) => i.module === module),
      1,
    )
    this.arena.free(module.typeIds, 4 * module.info.types.length)
    this.machine.removeCode(module.code)
  }

  private checkNeeds(needs: RuntimeNeeds): void {
    for (const [need, setting, what] of NEEDS) {
      // How tables look concerns all code; the rest harms no code that does not need it.
      if (needs[need] === this.provides[need] || (!needs[need] && need !== 'lazyTables')) continue
      const found = needs[need]
        ? `for ${what}, which this engine does not provide`
        : `without ${what}, which this engine has`
      const mend = `set ${setting} to the same value for both`
      throw new CodegenError('settings', `the module was compiled ${found}`, {}, mend)
    }
  }

  /** Asks all harts of the machine to stop at the next check (Store.onInterrupt): the emulator between instructions, code compiled with `wasm_epoch` anywhere. */
  interrupt(): void {
    this.machine.interrupt()
    this.incrementEpoch()
  }

  /** Advances the epoch, which code compiled with `wasm_epoch` compares with its store's deadline. */
  incrementEpoch(): void {
    this.guest.setU64(this.epochAddress, this.epoch + 1)
  }
  get epoch(): number {
    return this.guest.u64(this.epochAddress)
  }

  private place(compiled: CompiledModule): number {
    try {
      return placeImage(this.machine, compiled)
    } catch (e) {
      if (e instanceof RangeError)
        throw new CodegenError('limit', `the machine has no room for ${compiled.image.length} bytes of code`)
      throw e
    }
  }

  /** Canonical id of a type, from 1. */
  typeId(type: FuncType): number {
    const key = funcTypeText(type)
    let id = this.ids.get(key)
    if (id === undefined) {
      id = this.ids.size + 1
      this.ids.set(key, id)
      this.types[id] = type
    }
    return id
  }

  typeOf(id: number): FuncType {
    return this.types[id]
  }

  trampolinesOf(type: FuncType): Trampolines {
    const id = this.typeId(type)
    if (this.trampolines[id] === undefined) this.compile(moduleOfType(type))
    return this.trampolines[id] as Trampolines
  }

  /** The module whose code is at an address, or undefined. */
  moduleAt(pc: number): Module | undefined {
    const { images } = this
    let lo = 0
    let hi = images.length
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (images[mid].start <= pc) lo = mid + 1
      else hi = mid
    }
    return lo > 0 && pc < images[lo - 1].end ? images[lo - 1].module : undefined
  }
}

const NEEDS: readonly (readonly [need: keyof RuntimeNeeds, setting: string, what: string])[] = [
  ['guardedMemories', 'wasm_memory_strategy', 'memories with guard regions'],
  ['fuel', 'wasm_fuel', 'fuel'],
  ['epoch', 'wasm_epoch', 'epochs'],
  ['lazyTables', 'wasm_lazy_tables', 'tables that are initialized lazily'],
]

/** A module with one type and nothing else: compiling it gives the type's trampolines. */
function moduleOfType(type: FuncType): Uint8Array {
  const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)])
  const vec = (v: readonly number[]): number[] => [...leb(v.length), ...v]
  const body = [1, 0x60, ...vec(type.params), ...vec(type.results)]
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, ...leb(body.length), ...body])
}
