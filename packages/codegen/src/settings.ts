// The settings that all targets share, by Cranelift's names, and those of translation, `wasm_*`: one row each, with what it may be and its default.
import { CodegenError } from './error.ts'

/** What a setting may be: a switch, a number from 0 to 255, or one of some words. */
export type SettingDomain = 'bool' | 'number' | readonly string[]
export type SettingValue = boolean | number | string
/** A complete set of settings. */
export type Settings = Readonly<Record<string, SettingValue>>

const CALL_CONVENTIONS = [
  'isa_default',
  'fast',
  'tail',
  'system_v',
  'windows_fastcall',
  'apple_aarch64',
  'probestack',
  'winch',
  'preserve_all',
]

// biome-ignore format: table
export const SETTINGS: readonly (readonly [name: string, domain: SettingDomain, initial: SettingValue])[] = [
  ['regalloc_checker',                             'bool',                                        false],
  ['regalloc_algorithm',                           ['backtracking', 'single_pass'],               'backtracking'],
  ['opt_level',                                    ['none', 'speed', 'speed_and_size'],           'none'],
  ['enable_alias_analysis',                        'bool',                                        true],
  ['enable_verifier',                              'bool',                                        true],
  ['is_pic',                                       'bool',                                        false],
  ['use_colocated_libcalls',                       'bool',                                        false],
  ['enable_nan_canonicalization',                  'bool',                                        false],
  ['enable_pinned_reg',                            'bool',                                        false],
  ['tls_model',                                    ['none', 'elf_gd', 'macho', 'coff'],           'none'],
  ['stack_switch_model',                           ['none', 'basic', 'update_windows_tib'],       'none'],
  ['libcall_call_conv',                            CALL_CONVENTIONS,                              'isa_default'],
  ['enable_llvm_abi_extensions',                   'bool',                                        false],
  ['unwind_info',                                  'bool',                                        true],
  ['preserve_frame_pointers',                      'bool',                                        false],
  ['machine_code_cfg_info',                        'bool',                                        false],
  ['enable_probestack',                            'bool',                                        false],
  ['probestack_size_log2',                         'number',                                      12],
  ['probestack_strategy',                          ['outline', 'inline'],                         'outline'],
  ['enable_heap_access_spectre_mitigation',        'bool',                                        true],
  ['enable_table_access_spectre_mitigation',       'bool',                                        true],
  ['bb_padding_log2_minus_one',                    'number',                                      0],
  ['log2_min_function_alignment',                  'number',                                      0],
  ['enable_compact_unwind_abi',                    'bool',                                        false],
  ['enable_multi_ret_implicit_sret',               'bool',                                        false],
  ['regalloc_verbose_logs',                        'bool',                                        false],
  ['enable_incremental_compilation_cache_checks',  'bool',                                        false],
  // Of the translation of WebAssembly (README.md).
  ['wasm_memory_strategy',                         ['explicit', 'guard'],                         'explicit'],
  ['wasm_fuel',                                    'bool',                                        false],
  ['wasm_epoch',                                   'bool',                                        false],
  ['wasm_lazy_tables',                             'bool',                                        false],
]

const byName: ReadonlyMap<string, { domain: SettingDomain; initial: SettingValue }> = new Map(
  SETTINGS.map(([name, domain, initial]) => [name, { domain, initial }]),
)
const defaults: Settings = Object.fromEntries(SETTINGS.map(([name, , initial]) => [name, initial]))

/** The value that `text` stands for; CodegenError where the setting does not exist or cannot have it. An empty text turns a switch on. */
export function parseSetting(name: string, text: string): SettingValue {
  const row = byName.get(name)
  if (row === undefined) {
    throw new CodegenError(
      'settings',
      `unknown setting ${name}`,
      {},
      `the settings are ${[...byName.keys()].join(', ')}`,
    )
  }
  const { domain } = row
  if (text === '' && domain !== 'bool')
    throw new CodegenError('settings', `the setting ${name} needs a value`, {}, 'write name=value')
  if (domain === 'bool') {
    if (['', 'true', 'on', 'yes', '1'].includes(text)) return true
    if (['false', 'off', 'no', '0'].includes(text)) return false
    throw new CodegenError('settings', `the setting ${name} is true or false, not ${text}`)
  }
  if (domain === 'number') {
    if (/^\d{1,3}$/.test(text) && Number(text) < 256) return Number(text)
    throw new CodegenError('settings', `the setting ${name} is a number from 0 to 255, not ${text}`)
  }
  if (domain.includes(text)) return text
  throw new CodegenError('settings', `the setting ${name} is one of ${domain.join(', ')}, not ${text}`)
}

/** Defaults with `given` on top, each checked. */
export function completeSettings(given: Readonly<Record<string, SettingValue>> = {}): Settings {
  const out: Record<string, SettingValue> = { ...defaults }
  for (const [name, value] of Object.entries(given)) out[name] = parseSetting(name, String(value))
  return out
}

/** What code expects of the kernel that loads it, by the settings that it was compiled with. */
export interface RuntimeNeeds {
  /** Memories with 32-bit addresses lie in a reservation with a guard region behind it (runtime-abi's MEMORY_RESERVATION, MEMORY_GUARD), and never move. */
  readonly guardedMemories: boolean
  /** The fuel cell counts, and is given more where the code asks. */
  readonly fuel: boolean
  /** The epoch's address and the deadline are set. */
  readonly epoch: boolean
  /** Elements of tables of funcref are as runtime-abi's TABLE_INITIALIZED says. */
  readonly lazyTables: boolean
}

export function runtimeNeeds(settings: Readonly<Record<string, SettingValue>>): RuntimeNeeds {
  return {
    guardedMemories: settings.wasm_memory_strategy === 'guard',
    fuel: settings.wasm_fuel === true,
    epoch: settings.wasm_epoch === true,
    lazyTables: settings.wasm_lazy_tables === true,
  }
}
