// Dynamic vectors as fixed ones. Their length is that of a fixed vector times a scale that the target sets; every target here has vectors of one length, so
// its scale is 1, as the interpreter's is. A function with dynamic types is lowered from a copy in which they are their minimum; a dynamic stack slot is a
// stack slot of that size, and part 0 of a vector the vector itself.
//
// The copy shares with the function what it does not change; the function itself keeps its types.
import { bytes, Func, Op, type Inst, type Signature, type StackSlot, type Type } from '@k23/ir'
import { LowerError } from './lower-error.ts'

/** Bit of dynamic vectors in a type (ir/src/types.ts). */
const DYNAMIC = 256

const fixed = (t: number): number => t & ~DYNAMIC
const fixedType = (t: Type): Type => fixed(t) as Type

/** The function itself where it has no dynamic type. Throws LowerError for what needs a greater scale. */
export function withFixedVectors(f: Func): Func {
  if (!hasDynamic(f)) return f
  const g: Func = Object.assign(Object.create(Func.prototype), f)
  g.valType = f.valType.map(fixed)
  g.ctrl = f.ctrl.map(fixed)
  g.op = f.op.slice()
  g.imm0 = f.imm0.slice()
  g.imm1 = f.imm1.slice()
  g.signature = fixedSignature(f.signature)
  g.signatures = f.signatures.map(fixedSignature)
  g.stackSlots = [...f.stackSlots]
  const slots = f.dynamicStackSlots.map(
    ({ type }): StackSlot =>
      g.createStackSlot({
        kind: 'explicit_slot',
        size: bytes(fixedType(f.dynamicTypes[type].base)),
        alignShift: 4,
        key: undefined,
      }),
  )
  for (let b: number = f.firstBlock; b >= 0; b = f.nextBlock[b])
    for (let i = f.firstInst[b]; i >= 0; i = f.nextInst[i]) {
      if (f.op[i] === Op.dynamic_stack_addr) {
        g.op[i] = Op.stack_addr
        g.imm0[i] = slots[f.imm0[i]]
        g.imm1[i] = 0
      } else if (f.op[i] === Op.extract_vector) {
        if (f.imm0[i] !== 0)
          throw new LowerError(
            `extract_vector ${f.imm0[i]}`,
            'vectors are no longer than their minimum here: there is part 0 only',
            f,
            i as Inst,
          )
        g.op[i] = Op.bitcast
      }
    }
  return g
}

function hasDynamic(f: Func): boolean {
  if (f.dynamicStackSlots.length !== 0) return true
  const { valType, numValues } = f
  for (let v = 0; v < numValues; v++) if ((valType[v] & DYNAMIC) !== 0) return true
  return false
}

function fixedSignature(s: Signature): Signature {
  const fix = (list: Signature['params']): Signature['params'] =>
    list.map((p) => ((p.type & DYNAMIC) === 0 ? p : { ...p, type: fixedType(p.type) }))
  return [...s.params, ...s.returns].some((p) => (p.type & DYNAMIC) !== 0)
    ? { ...s, params: fix(s.params), returns: fix(s.returns) }
    : s
}
