// What the pool and its workers say to each other. All of it survives structured cloning; compiled functions travel in their compact form
// (parts/parts.ts), in a buffer that is handed over and not copied.
import type { CoreOptions } from '../core.ts'
import { CodegenError, type CodegenErrorCode, type ErrorPlace } from '../error.ts'

/** Options that can be sent: the target by name. */
export interface SentOptions extends Omit<CoreOptions, 'target' | 'observer'> {
  readonly target: string
}

export type Request =
  /** A job begins: batches of it follow. */
  | { readonly kind: 'open'; readonly job: number; readonly input: Uint8Array | string; readonly options: SentOptions }
  /** Compile the units [from, to). */
  | { readonly kind: 'batch'; readonly job: number; readonly from: number; readonly to: number }
  /** The job is over; what it holds can go. */
  | { readonly kind: 'close'; readonly job: number }

export type Reply =
  /** Sent once, when the script is loaded: which build it is of. */
  | { readonly kind: 'hello'; readonly build: string }
  | { readonly kind: 'compiled'; readonly job: number; readonly from: number; readonly parts: Uint8Array<ArrayBuffer> }
  /** A unit did not compile; those of the batch behind it were not tried. -1: the job could not be opened. */
  | {
      readonly kind: 'failed'
      readonly job: number
      readonly from: number
      readonly unit: number
      readonly error: SentError
    }

export interface SentError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** Of a CodegenError. */
  readonly code?: CodegenErrorCode
  readonly place?: ErrorPlace
  readonly mend?: string | undefined
}

export function sentError(e: unknown): SentError {
  if (!(e instanceof Error)) return { name: 'Error', message: String(e), stack: undefined }
  const { name, message, stack } = e
  if (e instanceof CodegenError) return { name, message, stack, code: e.code, place: e.place, mend: e.mend }
  return { name, message, stack }
}

/** The same error again, but for the class of one that is no CodegenError. */
export function receivedError(e: SentError): Error {
  if (e.code !== undefined) return new CodegenError(e.code, e.message, e.place, e.mend)
  const error = new Error(e.message)
  error.name = e.name
  if (e.stack !== undefined) error.stack = e.stack
  return error
}
