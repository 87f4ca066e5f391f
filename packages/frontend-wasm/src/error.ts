// The one error that input can cause.

/**
 * Whose fault it is:
 * - `malformed`: the bytes do not follow the binary grammar
 * - `invalid`: they do, but the module breaks a validation rule
 * - `unsupported`: it needs a proposal that this front end does not have (the message names it)
 * - `limit`: it exceeds an implementation limit (the message names it)
 */
export type WasmErrorCode = 'malformed' | 'invalid' | 'unsupported' | 'limit'

/** Thrown for bad input by everything in this package; nothing else is. */
export class WasmError extends Error {
  override readonly name = 'WasmError'
  readonly code: WasmErrorCode
  /** Byte offset in the module. */
  readonly offset: number
  /** Function index (imports counted) where the fault is in a body; -1 elsewhere. */
  readonly func: number
  /** What is wrong, as the specification's tests name it, then what was expected and found. Without place. */
  readonly reason: string

  constructor(code: WasmErrorCode, offset: number, reason: string, func = -1) {
    super(`${reason} (at offset 0x${offset.toString(16)}${func < 0 ? '' : `, function ${func}`})`)
    this.code = code
    this.offset = offset
    this.func = func
    this.reason = reason
  }
}
