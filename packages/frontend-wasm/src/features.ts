// Proposals that can be switched off. What is on in WebAssembly 2.0 (sign extension, multi-value, saturating conversions, bulk memory,
// reference types, mutable globals) but for SIMD is always on; what this front end lacks (threads, GC, function references, exceptions) is
// always refused as `unsupported`.

export interface Features {
  /** More than one memory in a module. */
  multiMemory: boolean
  /** More than one table in a module. */
  multiTable: boolean
  /** 64-bit addresses for memories and tables. */
  memory64: boolean
  /** Integer add, sub and mul, and any earlier immutable global, in constant expressions. */
  extendedConst: boolean
  /** return_call and return_call_indirect. */
  tailCall: boolean
  /** v128 and its operators. */
  simd: boolean
  /** The operators whose results a machine may choose; here they are the same on all. */
  relaxedSimd: boolean
  /** Addition, subtraction and multiplication of 128 bits. */
  wideArithmetic: boolean
  /** Memories whose pages are single bytes. */
  customPageSizes: boolean
}

/** As much of WebAssembly 3.0 as there is here. */
export const DEFAULT_FEATURES: Readonly<Features> = {
  multiMemory: true,
  multiTable: true,
  memory64: true,
  extendedConst: true,
  tailCall: true,
  simd: true,
  relaxedSimd: true,
  wideArithmetic: false,
  customPageSizes: false,
}

/** WebAssembly 2.0 with one memory: what the threads proposal's own scripts presuppose. */
const THREADS: Partial<Features> = {
  multiMemory: false,
  multiTable: false,
  memory64: false,
  extendedConst: false,
  tailCall: false,
  relaxedSimd: false,
}

/** What is on for a script of the specification's test suite, by its folder: WebAssembly 2.0 in `proposals/threads`, else 3.0 and the folder's proposal, as far as there is. */
export function featuresOfScript(name: string): Features {
  if (/(^|\/)threads\//.test(name)) return { ...DEFAULT_FEATURES, ...THREADS }
  const about = (proposal: string): boolean => name.includes(proposal)
  return {
    ...DEFAULT_FEATURES,
    wideArithmetic: about('wide-arithmetic'),
    customPageSizes: about('custom-page-sizes') || /^memory(-combos|_fill)\.wast$/.test(name),
  }
}
