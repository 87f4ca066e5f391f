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

declare class URL {
  constructor(url: string, base?: string | URL)
  readonly href: string
}
interface ImportMeta {
  readonly url: string
}

interface AbortSignal {
  readonly aborted: boolean
  readonly reason: any
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** Web Crypto; `subtle` is missing in pages that did not come over HTTPS or from the own machine. */
declare const crypto: {
  readonly subtle?: {
    digest(algorithm: 'SHA-256', data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>
    importKey(
      format: 'raw',
      key: Uint8Array<ArrayBuffer>,
      algorithm: { name: 'HMAC'; hash: 'SHA-256' },
      extractable: false,
      usages: ['sign'],
    ): Promise<object>
    sign(algorithm: 'HMAC', key: object, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>
  }
}
