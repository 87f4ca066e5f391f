// The globals that Node and browsers share: all that a library package may count on beside ECMAScript and WebAssembly.
// Anything else that a package uses is a type error, which is how "runs in browsers" is kept true.

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>
  encodeInto(text: string, into: Uint8Array): { read: number; written: number }
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes?: ArrayBufferView | ArrayBufferLike, options?: { stream?: boolean }): string
}
declare const performance: { now(): number }
declare function queueMicrotask(task: () => void): void
declare function structuredClone<T>(value: T): T
declare function setTimeout(task: () => void, milliseconds?: number): unknown
