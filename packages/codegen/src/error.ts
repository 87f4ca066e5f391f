// The one error that input can cause.

/**
 * - `malformed`, `invalid`: the input breaks its own rules (a wasm module, CLIF text, a CLIF function)
 * - `unsupported`: the input, or the target without some CPU feature, needs what is not there; `mend` says what would help
 * - `limit`: an implementation limit is exceeded
 * - `settings`: a target, feature, setting or option that does not exist or has a wrong value
 */
export type CodegenErrorCode = 'malformed' | 'invalid' | 'unsupported' | 'limit' | 'settings'

export interface ErrorPlace {
  /** Byte offset in a wasm module. */
  readonly offset?: number
  /** Line and column in CLIF text, from 1. */
  readonly line?: number
  readonly column?: number
  /** Name or index of the function. */
  readonly func?: string
  /** The instruction, as text. */
  readonly inst?: string
}

/** Thrown by every entry point on bad input; nothing else is. */
export class CodegenError extends Error {
  override readonly name = 'CodegenError'
  readonly code: CodegenErrorCode
  readonly place: ErrorPlace
  /** What would mend it, where that is known. */
  readonly mend: string | undefined

  constructor(code: CodegenErrorCode, message: string, place: ErrorPlace = {}, mend?: string) {
    super(message)
    this.code = code
    this.place = place
    this.mend = mend
  }

  /** The message, and what would mend it. */
  get advice(): string {
    return this.mend === undefined ? this.message : `${this.message}; ${this.mend}`
  }
}
