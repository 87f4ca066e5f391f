// Rounding and fused multiply-add of f32 and f64 as functions: what the opcode is on the target.
import { F32, F64, type Func, signature } from '@k23/ir'
import { Routine } from './routine.ts'

type Op = 'ceil' | 'floor' | 'trunc' | 'nearest' | 'fma'

export const rounding =
  (op: Op, double: boolean) =>
  (name: string): Func => {
    const t = double ? F64 : F32
    const r = new Routine(name, signature(op === 'fma' ? [t, t, t] : [t], [t], 'system_v'))
    const [x, y, z] = r.args
    r.return(op === 'fma' ? r.ins.fma(x, y, z) : r.ins[op](x))
    return r.done()
  }
