// Settings of `set` lines, and flags of `target` lines.
import { CALL_CONVENTIONS } from './call-conventions.ts'
import type { Isa } from './interfaces.ts'

/** A problem of a file itself, on a line of it. */
export class FileError extends Error {
  override readonly name = 'FileError'
  readonly line: number
  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/** What a setting may be: a switch, a number, or one of a list of words. */
type Domain = 'bool' | 'number' | readonly string[]

// biome-ignore-start format: table
const SHARED: ReadonlyMap<string, Domain> = new Map<string, Domain>([
  ['regalloc_checker', 'bool'],
  ['regalloc_algorithm', ['backtracking', 'single_pass']],
  ['opt_level', ['none', 'speed', 'speed_and_size']],
  ['enable_alias_analysis', 'bool'],
  ['enable_verifier', 'bool'],
  ['is_pic', 'bool'],
  ['use_colocated_libcalls', 'bool'],
  ['enable_nan_canonicalization', 'bool'],
  ['enable_pinned_reg', 'bool'],
  ['tls_model', ['none', 'elf_gd', 'macho', 'coff']],
  ['stack_switch_model', ['none', 'basic', 'update_windows_tib']],
  ['libcall_call_conv', ['isa_default', ...CALL_CONVENTIONS]],
  ['enable_llvm_abi_extensions', 'bool'],
  ['unwind_info', 'bool'],
  ['preserve_frame_pointers', 'bool'],
  ['machine_code_cfg_info', 'bool'],
  ['enable_probestack', 'bool'],
  ['probestack_size_log2', 'number'],
  ['probestack_strategy', ['outline', 'inline']],
  ['enable_heap_access_spectre_mitigation', 'bool'],
  ['enable_table_access_spectre_mitigation', 'bool'],
  ['bb_padding_log2_minus_one', 'number'],
  ['log2_min_function_alignment', 'number'],
  ['enable_compact_unwind_abi', 'bool'],
  ['enable_multi_ret_implicit_sret', 'bool'],
  ['regalloc_verbose_logs', 'bool'],
  ['enable_incremental_compilation_cache_checks', 'bool'],
])
// biome-ignore-end format: table

/** Names of the shared settings. */
export const SHARED_SETTINGS: readonly string[] = [...SHARED.keys()]

/** Reads `name` (a switch that is turned on) or `name=value` of a `set` line into `into`. Throws FileError. */
export function applySetting(item: string, line: number, into: Map<string, string>): void {
  const equals = item.indexOf('=')
  const name = equals < 0 ? item : item.slice(0, equals)
  const domain = SHARED.get(name)
  if (domain === undefined)
    throw new FileError(line, `unknown setting \`${name}\`: the settings are ${SHARED_SETTINGS.join(', ')}`)
  if (equals < 0) {
    if (domain !== 'bool') throw new FileError(line, `the setting ${name} needs a value`)
    into.set(name, 'true')
    return
  }
  const value = item.slice(equals + 1)
  if (domain === 'bool') {
    const on = ['true', 'on', 'yes', '1'].includes(value)
    if (!on && !['false', 'off', 'no', '0'].includes(value))
      throw new FileError(line, `the setting ${name} is true or false, not \`${value}\``)
    into.set(name, on ? 'true' : 'false')
  } else if (domain === 'number') {
    if (!/^\d{1,3}$/.test(value) || Number(value) > 255)
      throw new FileError(line, `the setting ${name} is a number from 0 to 255, not \`${value}\``)
    into.set(name, String(Number(value)))
  } else {
    if (!domain.includes(value))
      throw new FileError(line, `the setting ${name} is one of ${domain.join(', ')}, not \`${value}\``)
    into.set(name, value)
  }
}

/** A `target` line with the settings in force there. */
export interface TargetLine {
  /** undefined for a machine that we do not have. */
  readonly isa: Isa | undefined
  /** As written: `x86_64-linux`. */
  readonly triple: string
  readonly pointerBits: 32 | 64
  readonly flags: ReadonlyMap<string, string>
  readonly settings: ReadonlyMap<string, string>
  readonly line: number
}

/** Architectures of Cranelift's triples: our name, pointer width. */
const ARCHITECTURES: ReadonlyMap<string, readonly [isa: Isa | undefined, pointerBits: 32 | 64]> = new Map([
  ['riscv64', ['riscv64', 64]],
  ['riscv64gc', ['riscv64', 64]],
  ['riscv64imac', ['riscv64', 64]],
  ['aarch64', ['aarch64', 64]],
  ['x86_64', ['x64', 64]],
  ['s390x', [undefined, 64]],
  ['pulley32', [undefined, 32]],
  ['pulley32be', [undefined, 32]],
  ['pulley64', [undefined, 64]],
  ['pulley64be', [undefined, 64]],
])

/** Reads a `target` line: `x86_64 sse42 has_avx=false`. Throws FileError. */
export function parseTarget(args: readonly string[], line: number, settings: ReadonlyMap<string, string>): TargetLine {
  const triple = args[0]
  if (triple === undefined) throw new FileError(line, 'expected an architecture after `target`')
  const architecture = ARCHITECTURES.get(triple.split('-')[0])
  if (architecture === undefined)
    throw new FileError(
      line,
      `unknown architecture \`${triple}\`: the architectures are ${[...ARCHITECTURES.keys()].join(', ')}`,
    )
  const flags = new Map<string, string>()
  for (const item of args.slice(1)) {
    const m = /^([A-Za-z_][A-Za-z0-9_-]*)(?:=(\S+))?$/.exec(item)
    if (m === null)
      throw new FileError(line, `expected an ISA flag, such as has_avx or has_avx=false, found \`${item}\``)
    flags.set(m[1], m[2] ?? 'true')
  }
  return { isa: architecture[0], triple, pointerBits: architecture[1], flags, settings, line }
}
