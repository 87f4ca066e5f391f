// koffi, loaded when it is first needed: where it is missing, the rest of the program still runs.
import { createRequire } from 'node:module'

/** What we use of koffi (its own declarations are for any FFI). Addresses are numbers, which are exact below 2^53. */
export interface Koffi {
  load(path: string | null): Library
  proto(result: string, params: readonly string[]): unknown
  decode(address: number, type: unknown): NativeFunction
  view(address: number, length: number): ArrayBuffer
  errno(): number
}
export interface Library {
  func(name: string, result: string, params: readonly string[]): NativeFunction
}
export type NativeFunction = (...args: (number | ArrayBufferView | null)[]) => number

/** The module, or why there is none. */
export function loadKoffi(): Koffi | string {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi
  } catch (e) {
    const why = (e as Error).message.split('\n', 1)[0]
    return `the npm package koffi with its binary for ${process.platform}-${process.arch} (${why})`
  }
}
