// Constant expressions, executed: what a kernel does at instantiation for globals, segment offsets and elements.
import { i64 } from '@k23/entity'
import type { ConstExpr } from '../module.ts'

/** A value's bits as two int32 words: i32 and f32 in `lo`, references as addresses. */
export interface ConstValue {
  lo: number
  hi: number
  /** Of a v128: its upper words. */
  lo2?: number
  hi2?: number
}

export interface ConstEnv {
  /** The bits of global `index`. */
  global(index: number): ConstValue
  /** The address of function `index`'s reference record. */
  funcRef(index: number): ConstValue
}

/** The value of a validated constant expression. */
export function evalConstExpr(expr: ConstExpr, env: ConstEnv): ConstValue {
  const stack: ConstValue[] = []
  for (const c of expr) {
    switch (c.op) {
      case 'i32.const':
        stack.push({ lo: c.value, hi: 0 })
        break
      case 'f32.const':
        stack.push({ lo: c.bits, hi: 0 })
        break
      case 'i64.const':
      case 'f64.const':
        stack.push({ lo: c.lo, hi: c.hi })
        break
      case 'v128.const': {
        const [lo, hi, lo2, hi2] = c.words
        stack.push({ lo, hi, lo2, hi2 })
        break
      }
      case 'global.get':
        stack.push(env.global(c.index))
        break
      case 'ref.null':
        stack.push({ lo: 0, hi: 0 })
        break
      case 'ref.func':
        stack.push(env.funcRef(c.index))
        break
      default: {
        const b = stack.pop()!
        const a = stack.pop()!
        stack.push(c.op.startsWith('i32') ? { lo: arith32(c.op, a.lo, b.lo), hi: 0 } : arith64(c.op, a, b))
      }
    }
  }
  return stack.pop()!
}

function arith32(op: string, a: number, b: number): number {
  return op === 'i32.add' ? (a + b) | 0 : op === 'i32.sub' ? (a - b) | 0 : Math.imul(a, b)
}

function arith64(op: string, a: ConstValue, b: ConstValue): ConstValue {
  const f = op === 'i64.add' ? i64.add : op === 'i64.sub' ? i64.sub : i64.mul
  const lo = f(a.lo, a.hi, b.lo, b.hi)
  return { lo, hi: i64.hi }
}
