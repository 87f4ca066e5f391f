// The verifier: what every pass may assume of a function, and nothing else.
//
// declarations.ts
//   1. Signatures extend only scalar integers; `preserve_all` returns nothing.
//   2. Global values refer to each other without cycles; `vmctx` has a parameter; the base of a load is a pointer.
//   3. Alias regions have distinct user ids. The stack limit is a declared global value.
// layout.ts
//   4. The lists of blocks and instructions are sound in both directions.
//   5. Each block ends with a terminator, and has no other; the entry block is not cold.
//   6. The entry block has the parameters of the signature.
//   7. Results and block parameters belong to what defines them; aliases end at a value that is none.
//   8. Debug tags stand on calls and sequence points; stack maps on calls, inside their slots.
// references.ts
//   9. Everything that an instruction names exists: blocks in the layout (not the entry), values, slots, constants, functions, signatures, ...
// If an error of the above is found, the rest is not checked: it could not be trusted.
// types.ts
//  10. The controlling type, operands and results satisfy the constraints of the opcode table.
// immediates.ts
//  11. Constants fit their types; lanes and shuffle indices are in range; bitcasts keep the size and say the byte order if they must.
//  12. Memory flags are possible for the access, and addresses have the width of a pointer.
// control.ts
//  13. Branch arguments match block parameters in number and types; returns match the signature.
//  14. `retN` and `exnN` stand only where a try_call provides them; its table names the signature of the callee.
//  15. Calls match their signatures; tail calls match the caller; patchable calls are near, no tail calls, and return nothing.
// dominance.ts
//  16. In reachable code, each use is dominated by its definition.
import type { Func } from '../function.ts'
import { verifyControl } from './control.ts'
import { VerifierContext, type VerifierError, type VerifierOptions } from './context.ts'
import { verifyDeclarations } from './declarations.ts'
import { verifyDominance } from './dominance.ts'
import { verifyImmediates } from './immediates.ts'
import { verifyLayout } from './layout.ts'
import { verifyReferences } from './references.ts'
import { verifyTypes } from './types.ts'

export type { VerifierError, VerifierOptions } from './context.ts'

/** All errors of `func`; empty if it is well-formed. */
export function verify(func: Func, options: VerifierOptions = {}): VerifierError[] {
  const cx = new VerifierContext(func, options)
  verifyDeclarations(cx)
  const before = cx.errors.length
  if (!verifyLayout(cx) || cx.errors.length > before) return cx.errors
  verifyReferences(cx)
  if (cx.errors.length > before) return cx.errors
  verifyTypes(cx)
  verifyImmediates(cx)
  verifyControl(cx)
  verifyDominance(cx)
  return cx.errors
}
