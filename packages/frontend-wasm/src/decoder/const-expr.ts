// Constant expressions: decoded and validated in one pass.
import { FUNCREF, F32, F64, I32, I64, V128, type ConstExpr, type ValType, valTypeName } from '../module.ts'
import { readNullType } from './types.ts'
import type { Context } from './context.ts'

/** What an expression may read: globals before `numGlobals` (extended const: every earlier one; else imported ones). */
export function readConstExpr(c: Context, expected: ValType, numGlobals: number): ConstExpr {
  const r = c.r
  const out: ConstExpr = []
  const stack: ValType[] = []
  const start = r.pos
  const pop = (t: ValType, at: number): void => {
    const found = stack.pop()
    if (found !== t) {
      const what = found === undefined ? 'nothing' : valTypeName(found)
      r.fail('invalid', `type mismatch: expected ${valTypeName(t)}, found ${what}`, at)
    }
  }
  for (;;) {
    const at = r.pos
    const op = r.u8()
    switch (op) {
      case 0x0b:
        if (stack.length !== 1 || stack[0] !== expected) {
          const found = stack.length === 0 ? 'nothing' : stack.map(valTypeName).join(' ')
          r.fail(
            'invalid',
            `type mismatch: expected a constant of type ${valTypeName(expected)}, found ${found}`,
            start,
          )
        }
        return out
      case 0x41:
        out.push({ op: 'i32.const', value: r.s32() })
        stack.push(I32)
        break
      case 0x42: {
        const lo = r.s64()
        out.push({ op: 'i64.const', lo, hi: r.hi })
        stack.push(I64)
        break
      }
      case 0x43:
        out.push({ op: 'f32.const', bits: r.word() })
        stack.push(F32)
        break
      case 0x44:
        out.push({ op: 'f64.const', lo: r.word(), hi: r.word() })
        stack.push(F64)
        break
      case 0xfd: {
        if (r.peek() !== V128_CONST || !c.features.simd) c.refuseConstOp(op, at)
        r.u8()
        out.push({ op: 'v128.const', words: [r.word(), r.word(), r.word(), r.word()] })
        stack.push(V128)
        break
      }
      case 0x23: {
        const index = r.u32()
        const g = c.info.globals[index]
        const limit = c.features.extendedConst ? numGlobals : Math.min(numGlobals, c.info.numImportedGlobals)
        if (index >= limit || g === undefined)
          r.fail('invalid', `unknown global ${index}: expected one of ${limit} earlier globals`, at)
        if (g.mutable)
          r.fail(
            'invalid',
            `constant expression required: expected an immutable global, found mutable global ${index}`,
            at,
          )
        out.push({ op: 'global.get', index })
        stack.push(g.type)
        break
      }
      case 0xd0: {
        const type = readNullType(r, c.info.types.length)
        out.push({ op: 'ref.null', type })
        stack.push(type)
        break
      }
      case 0xd2: {
        const index = r.u32()
        if (index >= c.info.functions.length)
          r.fail('invalid', `unknown function ${index}: expected one of ${c.info.functions.length}`, at)
        c.funcRefs.add(index)
        out.push({ op: 'ref.func', index })
        stack.push(FUNCREF)
        break
      }
      default: {
        const name = EXTENDED[op]
        if (name === undefined || !c.features.extendedConst) c.refuseConstOp(op, at)
        const t = op < 0x7c ? I32 : I64
        pop(t, at)
        pop(t, at)
        out.push({ op: name })
        stack.push(t)
      }
    }
  }
}

/** Behind prefix 0xfd. */
const V128_CONST = 0x0c

type ExtendedOp = 'i32.add' | 'i32.sub' | 'i32.mul' | 'i64.add' | 'i64.sub' | 'i64.mul'
const EXTENDED: Record<number, ExtendedOp> = {
  0x6a: 'i32.add',
  0x6b: 'i32.sub',
  0x6c: 'i32.mul',
  0x7c: 'i64.add',
  0x7d: 'i64.sub',
  0x7e: 'i64.mul',
}
