// What a user can cause, beside CodegenError (compiling) and TypeError (a JavaScript value of the wrong type).

export interface Frame {
  /** Function index in its module. */
  readonly func: number
  /** From the name section, else an export, else `func[N]`. */
  readonly name: string
  /** Byte offset of the operator in the module's binary, -1 where unknown. */
  readonly offset: number
  /** The module's name from its name section. */
  readonly module: string | undefined
  /** Where the operator comes from, if the module brings a line table (.debug_line). */
  readonly source?: SourcePlace
}

export interface SourcePlace {
  /** With its folder, as the table has them. */
  readonly file: string
  readonly line: number
  /** From 1; 0 where unknown. */
  readonly column: number
}

/** Execution ended by a trap. */
export class Trap extends Error {
  override readonly name = 'Trap'
  /** `unreachable`, `memory_out_of_bounds`, ... (runtime-abi's `traps`), or `interrupted`. */
  readonly code: string
  /** Innermost first; empty where no wasm code was running (instantiation, an access by the host). */
  readonly backtrace: readonly Frame[]
  /** `data segment 3` or `element segment 0`, where it does not fit when the module is instantiated. */
  readonly segment: string | undefined

  constructor(code: string, message: string, backtrace: readonly Frame[] = [], segment?: string) {
    super(message)
    this.code = code
    this.backtrace = backtrace
    this.segment = segment
  }

  /** Index of the function that trapped, or undefined. */
  get func(): number | undefined {
    return this.backtrace[0]?.func
  }
  get funcName(): string | undefined {
    return this.backtrace[0]?.name
  }
  /** Byte offset of the operator that trapped, or -1. */
  get offset(): number {
    return this.backtrace[0]?.offset ?? -1
  }
}

/** The fuel that a call was given is used up. */
export class OutOfFuel extends Error {
  override readonly name = 'OutOfFuel'
  readonly backtrace: readonly Frame[]

  constructor(backtrace: readonly Frame[] = []) {
    super('all fuel consumed')
    this.backtrace = backtrace
  }
}

/**
 * - `missing`: nothing is defined under an import's name
 * - `mismatch`: what is defined there has another type
 * - `limit`: the machine has no room for a memory or table
 */
export type LinkErrorCode = 'missing' | 'mismatch' | 'limit'

/** A module cannot be instantiated with these imports on this machine. */
export class LinkError extends Error {
  override readonly name = 'LinkError'
  readonly code: LinkErrorCode
  /** The import's two names; empty for `limit`. */
  readonly module: string
  readonly field: string
  readonly expected: string
  readonly found: string

  constructor(code: LinkErrorCode, module: string, field: string, expected: string, found: string) {
    const where = `${module}.${field}`
    super(
      code === 'limit'
        ? `${found} for ${expected}`
        : code === 'missing'
          ? `unknown import ${where}: expected ${expected}`
          : `incompatible import type of ${where}: expected ${expected}, found ${found}`,
    )
    this.code = code
    this.module = module
    this.field = field
    this.expected = expected
    this.found = found
  }
}

/** Runs `take`, which takes machine memory for `what`: LinkError where there is no room. */
export function needRoom<R>(what: string, take: () => R): R {
  try {
    return take()
  } catch (e) {
    if (e instanceof RangeError) throw new LinkError('limit', '', '', what, 'the machine has no room')
    throw e
  }
}

/** An invariant of the kernel, or of what it runs on, is broken: never a user's fault. */
export class KernelBug extends Error {
  override readonly name = 'KernelBug'
}

export function bug(what: string): never {
  throw new KernelBug(`internal error in kernel: ${what}`)
}
