import type { CallConv } from '@k23/ir'

/** The calling conventions that a setting may name. */
export const CALL_CONVENTIONS: readonly CallConv[] = [
  'fast',
  'tail',
  'system_v',
  'windows_fastcall',
  'apple_aarch64',
  'probestack',
  'winch',
  'preserve_all',
]
