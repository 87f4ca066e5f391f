// The function that instantiates: what depends on imports or on the system. The steps follow the specification's order (4.5.4, Instantiation).
import { F32, F64, type Func, I128, I32, I64, I8, MEM_DEFAULT, type Type, UGT, type Value } from '@k23/ir'
import * as abi from '@k23/frontend-wasm/runtime-abi'
import { clifType } from '@k23/frontend-wasm'
import type { LinuxAbi } from '../linux/abi.ts'
import { ProgramRoutine } from '../linux/routine.ts'
import { MEMORY_INIT, TABLE_FILL, TABLE_INIT } from './builtins.ts'
import { callWasm } from './calls.ts'
import * as p from './plan.ts'

const PROT_NONE = 0n
const PROT_READ_WRITE = 3n
/** Private, anonymous, without swap space. */
const RESERVE = 0x4022n

/** (): instantiates, or traps. */
export function initFunction(plan: p.Plan, linux: LinuxAbi): Func {
  const { info, layout } = plan
  const r = new ProgramRoutine(p.INIT, 0, 0, linux)
  for (let i = info.numImportedMemories; i < info.memories.length; i++) makeMemory(r, plan, i)
  for (let i = info.numImportedGlobals; i < info.globals.length; i++) {
    const value = constant(r, plan, info.globalInits[i - info.numImportedGlobals])
    r.store(value, r.address(p.INSTANCE, layout.globals[i]))
  }
  const address = (expr: abi.ConstExpr): Value => word(r, constant(r, plan, expr))
  info.tableInits.forEach((init, i) => {
    const table = i + info.numImportedTables
    if (init !== undefined) r.call(TABLE_FILL, [BigInt(table), 0n, address(init), BigInt(info.tables[table].min)], 0)
  })
  info.elements.forEach((e, i) => {
    const { items } = e
    if (items.kind === 'exprs')
      items.exprs.forEach((x, k) => {
        r.store(address(x), r.address(p.elementName(i), k * abi.TABLE_ELEMENT_SIZE))
      })
    const length = items.kind === 'exprs' ? items.exprs.length : items.indices.length
    if (e.mode === 'active') r.call(TABLE_INIT, [BigInt(e.table), BigInt(i), address(e.offset), 0n, BigInt(length)], 0)
    if (e.mode !== 'passive') drop(r, layout.droppedElements + i)
  })
  info.data.forEach((d, i) => {
    if (d.mode !== 'active') return
    r.call(MEMORY_INIT, [BigInt(d.memory), BigInt(i), address(d.offset), 0n, BigInt(d.end - d.start)], 0)
    drop(r, layout.droppedData + i)
  })
  if (info.start !== undefined) callWasm(r, plan, info.start, r.address(p.INSTANCE), [])
  r.return()
  return r.done()
}

function drop(r: ProgramRoutine, offset: number): void {
  r.store(r.ins.iconst(I8, 1), r.address(p.INSTANCE, offset))
}

/** Address space for all that it may become, of which its first pages are opened. */
function makeMemory(r: ProgramRoutine, plan: p.Plan, index: number): void {
  const { info, layout, wasm } = plan
  const { min, index: type } = info.memories[index]
  const most = p.mostPages(info, index) * abi.WASM_PAGE_SIZE
  const guarded = wasm.needs.guardedMemories && type === abi.I32
  const reserved = guarded ? abi.MEMORY_RESERVATION + abi.MEMORY_GUARD : Math.max(most, abi.WASM_PAGE_SIZE)
  const base = r.syscall('mmap', 0n, BigInt(reserved), PROT_NONE, RESERVE, -1n, 0n)
  r.ins.trapnz(r.icmp(UGT, base, -4096n), abi.TRAP_MEMORY_OUT_OF_BOUNDS)
  const d = r.address(p.INSTANCE, layout.memories[index])
  r.store(base, d, abi.MEMORY_BASE)
  if (min === 0) return
  const bytes = BigInt(min * abi.WASM_PAGE_SIZE)
  r.ins.trapnz(r.syscall('mprotect', base, bytes, PROT_READ_WRITE), abi.TRAP_MEMORY_OUT_OF_BOUNDS)
  r.store(r.i64(bytes), d, abi.MEMORY_LENGTH)
}

/** As an address: an index of 32 bits is not signed. */
function word(r: ProgramRoutine, x: Value): Value {
  return r.func.typeOf(x) === I32 ? r.ins.uextend(I64, x) : x
}

const bits64 = (lo: number, hi: number): bigint => (BigInt(hi) << 32n) | BigInt(lo >>> 0)

/** The value of a constant expression, in its own type. */
function constant(r: ProgramRoutine, plan: p.Plan, expr: abi.ConstExpr): Value {
  const { ins } = r
  const { info, layout } = plan
  const stack: Value[] = []
  const asFloat = (t: Type, x: Value): Value => ins.bitcast(t, MEM_DEFAULT, x)
  const two = (f: (a: Value, b: Value) => Value): void => {
    const b = stack.pop() as Value
    stack.push(f(stack.pop() as Value, b))
  }
  for (const c of expr) {
    switch (c.op) {
      case 'i32.const':
        stack.push(ins.iconst(I32, c.value))
        break
      case 'i64.const':
        stack.push(ins.iconst(I64, bits64(c.lo, c.hi)))
        break
      case 'f32.const':
        stack.push(asFloat(F32, ins.iconst(I32, c.bits | 0)))
        break
      case 'f64.const':
        stack.push(asFloat(F64, ins.iconst(I64, bits64(c.lo, c.hi))))
        break
      case 'v128.const': {
        const [a, b, d, e] = c.words
        const whole = ins.iconcat(ins.iconst(I64, bits64(a, b)), ins.iconst(I64, bits64(d, e)))
        stack.push(whole)
        break
      }
      case 'global.get':
        stack.push(r.load(storedType(info.globals[c.index].type), cell(r, plan, c.index)))
        break
      case 'ref.null':
        stack.push(r.i64(0))
        break
      case 'ref.func':
        stack.push(r.address(p.INSTANCE, layout.funcRefs[c.index]))
        break
      default:
        two((x, y) => (c.op.endsWith('add') ? ins.iadd(x, y) : c.op.endsWith('sub') ? ins.isub(x, y) : ins.imul(x, y)))
    }
  }
  return stack[0]
}

/** Vectors are copied as integers, which every target has. */
function storedType(t: abi.ValType): Type {
  return t === abi.V128 ? I128 : clifType(t)
}

/** Address of a global's cell. */
function cell(r: ProgramRoutine, plan: p.Plan, index: number): Value {
  const at = r.address(p.INSTANCE, plan.layout.globals[index])
  return index < plan.info.numImportedGlobals ? r.load(I64, at) : at
}
