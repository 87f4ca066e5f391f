// The check of a function's stack limit at its entry.
//
// The frame is made already, so the stack pointer itself is compared; only saved registers lie below the old one. A function that calls nothing
// and has a small frame is not checked: whoever sets the limit leaves UNCHECKED_FRAME below it.
import { type Block, type GlobalValue, TRAP_STACK_OVERFLOW, type Value } from '@k23/ir'
import { CLASS_INT, FIXED, operand } from '@k23/regalloc'
import type { LowerValues } from './lower-values.ts'

/** Bytes of frame for which a leaf function does not check the stack limit. */
const UNCHECKED_FRAME = 4096
/** A virtual register takes at most one slot. */
const SPILL_BYTES = 16

/** Emits the check, if the function has a limit and needs one; `defs` are the operands of P_ARGS, which may still be extended. */
export function lowerStackCheck(c: LowerValues, defs: number[]): void {
  const limit = c.func.stackLimit
  if (limit === undefined) return
  const { hasCalls, slotBytes } = c.frame
  if (!hasCalls && slotBytes + c.v.numVRegs * SPILL_BYTES <= UNCHECKED_FRAME) return
  c.frame.needsFrame = true
  c.genTrapIfBelow(globalValue(c, limit, defs), TRAP_STACK_OVERFLOW)
}

/** Register with the value of a global value at function entry. */
function globalValue(c: LowerValues, gv: GlobalValue, defs: number[]): number {
  const data = c.func.globalValues[gv]
  switch (data.kind) {
    case 'vmctx':
      return vmctx(c, defs)
    case 'load': {
      const base = globalValue(c, data.base, defs)
      const d = c.temp(CLASS_INT)
      c.genLoad(d, base, data.offset, data.type)
      return d
    }
    case 'iadd_imm':
      return c.plus(globalValue(c, data.base, defs), data.offset)
    default:
      return c.unsupported(`global value ${data.kind} as a stack limit`, 'use vmctx, load or iadd_imm')
  }
}

/** The vmctx argument, which becomes an operand of P_ARGS here if no one else asked for it. */
function vmctx(c: LowerValues, defs: number[]): number {
  const f = c.func
  const i = f.signature.params.findIndex((p) => p.purpose === 'vmctx')
  if (i < 0) c.unsupported('vmctx without a vmctx parameter', 'declare one parameter as vmctx')
  const x: Value = f.param(f.firstBlock as Block, i)
  const part = c.abi.args[i].parts[0]
  const received = c.hasUse(x) || part.reg === -1
  const r = c.use(x)
  if (!received && !defs.includes(r)) defs.push(r, operand(1, 1, CLASS_INT, FIXED, part.reg))
  return r
}
