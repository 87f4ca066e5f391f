// External names with a meaning of their own: library routines and symbols that object formats know.

/** Library routines, as written after `%`. */
export const LIBCALLS: ReadonlySet<string> = new Set([
  'Probestack',
  'CeilF32',
  'CeilF64',
  'FloorF32',
  'FloorF64',
  'TruncF32',
  'TruncF64',
  'NearestF32',
  'NearestF64',
  'FmaF32',
  'FmaF64',
  'Memcpy',
  'Memset',
  'Memmove',
  'Memcmp',
  'ElfTlsGetAddr',
  'ElfTlsGetOffset',
  'X86Pshufb',
])

export const KNOWN_SYMBOLS: ReadonlySet<string> = new Set(['ElfGlobalOffsetTable', 'CoffTlsIndex'])
