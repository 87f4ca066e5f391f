// What compilation gives.
import type { ModuleInfo } from '@k23/frontend-wasm'
import type { CompiledFunction, Target } from '@k23/machinst'
import type { RuntimeNeeds } from './settings.ts'

/** A function with its place in the module's image. */
export interface PlacedFunction extends CompiledFunction {
  /** Byte offset in `image`. */
  readonly start: number
  /** Text of the symbol that each of `relocs` refers to (`%memcpy`, `u0:3`). */
  readonly targets: readonly string[]
}

/** Functions in one image. All offsets in `image` are bytes from its start, which is placed at a multiple of `alignment`. */
export interface LinkedImage {
  readonly target: Target
  /** All functions, relocations between them resolved. */
  readonly image: Uint8Array
  readonly alignment: number
  /** In the order of the input: functions of the module, then trampolines, then the library routines that they need. */
  readonly functions: readonly PlacedFunction[]
  /** Offset in the image of a function by name (`u0:3`, `%main`). */
  readonly symbols: ReadonlyMap<string, number>
  /** Relocations against what is not in the image, with offsets in the image. */
  readonly relocs: readonly {
    readonly offset: number
    readonly kind: string
    readonly symbol: string
    readonly addend: bigint
  }[]
  /** 8-byte words of the image that must hold the address of image offset `target`: done where the image is placed (placeImage of `@k23/machine`). */
  readonly absolutes: readonly { readonly offset: number; readonly target: number }[]
  /** Pairs (offset in the image, trap code), ascending. */
  readonly traps: Int32Array
}

/** One compiled module. */
export interface CompiledModule extends LinkedImage {
  /** CPU features by flag that the code was compiled for, as given. */
  readonly features: Readonly<Record<string, boolean>>
  /** For a WebAssembly module: its metadata and where its pieces are; undefined for CLIF. */
  readonly wasm: WasmMetadata | undefined
}

export interface WasmMetadata {
  readonly info: ModuleInfo
  /** The module's bytes: data segments are ranges of it. */
  readonly bytes: Uint8Array
  readonly needs: RuntimeNeeds
  /** Image offset of each defined function (function index - numImportedFunctions). */
  readonly functions: readonly number[]
  /** Image offset of the entry trampoline and of the host trampoline, by type index. */
  readonly entries: readonly number[]
  readonly hosts: readonly number[]
}

/** Trap code at an image offset, or 0. */
export function trapAt(m: Pick<LinkedImage, 'traps'>, offset: number): number {
  const t = m.traps
  let lo = 0
  let hi = t.length >> 1
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (t[mid * 2] < offset) lo = mid + 1
    else hi = mid
  }
  return lo * 2 < t.length && t[lo * 2] === offset ? t[lo * 2 + 1] : 0
}

/** The function that an image offset lies in, or undefined. */
export function functionAt(m: Pick<LinkedImage, 'functions'>, offset: number): PlacedFunction | undefined {
  const f = m.functions
  let lo = 0
  let hi = f.length
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (f[mid].start <= offset) lo = mid + 1
    else hi = mid
  }
  const found = f[lo - 1]
  return found !== undefined && offset < found.start + found.code.length ? found : undefined
}

/** Source location (for wasm: byte offset in the module) of an image offset, or -1. */
export function sourceAt(m: Pick<LinkedImage, 'functions'>, offset: number): number {
  const f = functionAt(m, offset)
  if (f === undefined) return -1
  const at = offset - f.start
  let loc = -1
  for (let i = 0; i < f.srclocs.length && f.srclocs[i] <= at; i += 2) loc = f.srclocs[i + 1]
  return loc
}
