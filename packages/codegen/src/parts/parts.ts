// The compact form of compiled functions: what workers send and what a cache keeps.
import type { ExternalName, UserExternalNameRef } from '@k23/ir'
import type { CallSite, CompiledFunction, ExceptionHandler, Reloc, UnwindRow } from '@k23/machinst'
import type { LinkInput } from '../link.ts'
import {
  absent,
  bigint,
  bytes,
  type Codec,
  int,
  list,
  option,
  pair,
  pairs,
  record,
  text,
  uint,
  variant,
} from './codec.ts'

const named = record<{ readonly name: string }>({ name: text })

const externalName = variant<ExternalName>({
  user: record({ ref: uint as Codec<number> as Codec<UserExternalNameRef> }),
  testcase: named,
  libcall: named,
  known: named,
})

const reloc = record<Reloc>({ offset: uint, kind: text, name: externalName, addend: bigint })

const handler = record<ExceptionHandler>({
  tag: option(uint),
  offset: uint,
  context: option(record({ spOffset: int, bytes: uint })),
})

const callSite = record<CallSite>({
  offset: uint,
  handlers: absent(list(handler)),
  patchable: absent(record({ start: uint, bytes: uint })),
})

const unwindRow = record<UnwindRow>({ offset: uint, cfaReg: uint, cfaOffset: int, saved: list(pair(uint, int)) })

const compiledFunction = record<CompiledFunction>({
  name: text,
  code: bytes,
  alignment: uint,
  relocs: list(reloc),
  traps: pairs,
  srclocs: pairs,
  callSites: list(callSite),
  unwind: list(unwindRow),
  unwindInfo: absent(bytes),
  frameBytes: uint,
  stats: record({ insts: uint, spills: uint, reloads: uint, moves: uint }),
})

/** Functions as `Job.compile` and `Job.complete` give them. */
export const linkInputs: Codec<readonly LinkInput[]> = list(
  record<LinkInput>({ compiled: compiledFunction, userNames: list(text) }),
)
