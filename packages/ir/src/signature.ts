// Function signatures and external names.
import type { SigRef, UserExternalNameRef } from './entities.ts'
import type { Type } from './types.ts'

export type CallConv =
  | 'fast'
  | 'tail'
  | 'system_v'
  | 'windows_fastcall'
  | 'apple_aarch64'
  | 'probestack'
  | 'winch'
  | 'preserve_all'

/** How a narrow integer argument is extended to a register. */
export type ArgExtension = 'none' | 'uext' | 'sext'

/** What a parameter is for; `sarg` is a structure of `sargBytes` bytes passed by value. */
export type ArgPurpose = 'normal' | 'sret' | 'vmctx' | 'sarg'

export interface AbiParam {
  readonly type: Type
  readonly extension: ArgExtension
  readonly purpose: ArgPurpose
  /** Size of a structure argument; 0 where the purpose is another. */
  readonly sargBytes: number
}

export interface Signature {
  params: AbiParam[]
  returns: AbiParam[]
  callConv: CallConv
}

export function abiParam(
  type: Type,
  options: { extension?: ArgExtension; purpose?: ArgPurpose; sargBytes?: number } = {},
): AbiParam {
  return {
    type,
    extension: options.extension ?? 'none',
    purpose: options.purpose ?? 'normal',
    sargBytes: options.sargBytes ?? 0,
  }
}

export function signature(params: readonly Type[], returns: readonly Type[], callConv: CallConv = 'fast'): Signature {
  return { params: params.map((t) => abiParam(t)), returns: returns.map((t) => abiParam(t)), callConv }
}

/** The name of something outside a function. */
export type ExternalName =
  | { readonly kind: 'user'; readonly ref: UserExternalNameRef } // userextname0: an entry of Function.userNames
  | { readonly kind: 'testcase'; readonly name: string } // %name
  | { readonly kind: 'libcall'; readonly name: string } // %FloorF32 and its like
  | { readonly kind: 'known'; readonly name: string } // %ElfGlobalOffsetTable and its like

/** u<namespace>:<index> */
export interface UserExternalName {
  readonly namespace: number
  readonly index: number
}

/** The name of a function itself: %name or u0:1. */
export type FunctionName =
  | { readonly kind: 'testcase'; readonly name: string }
  | { readonly kind: 'user'; readonly namespace: number; readonly index: number }

export function functionNameText(name: FunctionName): string {
  return name.kind === 'testcase' ? `%${name.name}` : `u${name.namespace}:${name.index}`
}

/** A function that calls may name. */
export interface ExtFunc {
  name: ExternalName
  signature: SigRef
  /** Defined in the same linkage unit: reachable by a near call. */
  colocated: boolean
  /** Direct calls may be turned off and on in the code that was made: nops take the call's place. They return nothing and are near. */
  patchable: boolean
}
