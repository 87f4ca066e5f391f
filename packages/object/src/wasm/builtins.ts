// What generated code leaves to the kernel (runtime-abi/builtins), in CLIF: an object has no kernel. host_call takes them apart; init calls some of them too.
//
// All values are words; ranges are checked as a kernel does, and trap with wasm's codes where they stand.
import { EQ, type Func, I32, I8, type Value, UGT } from '@k23/ir'
import * as abi from '@k23/frontend-wasm/runtime-abi'
import type { LinuxAbi } from '../linux/abi.ts'
import { ProgramRoutine } from '../linux/routine.ts'
import * as p from './plan.ts'

export const MEMORY_INIT = 'memory_init'
export const TABLE_INIT = 'table_init'
export const TABLE_FILL = 'table_fill'

const PAGE_SHIFT = 16
const REF_SHIFT = 3

const PROT_READ_WRITE = 3n
const MAP_PRIVATE_ANONYMOUS = 0x22n

/** A routine with what the state of an instance takes. */
class BuiltinRoutine extends ProgramRoutine {
  private readonly plan: p.Plan
  constructor(name: string, params: number, results: number, plan: p.Plan, linux: LinuxAbi) {
    super(name, params, results, linux)
    this.plan = plan
  }

  /** Row `index` of a table of rows. */
  row(table: string, index: Value, bytes: number): Value {
    return this.ins.iadd(this.address(table), this.ins.imul_imm(index, bytes))
  }
  definition(table: string, index: Value, bytes: number): Value {
    return this.load(this.func.typeOf(index), this.row(table, index, bytes))
  }
  field(at: Value, offset = 0): Value {
    return this.load(this.func.typeOf(at), at, offset)
  }
  /** Traps unless [at, at + length) is within `size`. */
  within(at: Value, length: Value, size: Value, code: number): void {
    const { ins } = this
    const bad = ins.bor(this.icmp(UGT, length, size), this.icmp(UGT, at, ins.isub(size, length)))
    ins.trapnz(bad, code)
  }
  /** The byte that says whether a segment was dropped. */
  droppedFlag(kind: 'data' | 'elements', segment: Value): Value {
    const { layout } = this.plan
    const offset = kind === 'data' ? layout.droppedData : layout.droppedElements
    return this.ins.iadd(this.address(p.INSTANCE, offset), segment)
  }
  /** Length of a segment: nothing is left of a dropped one. */
  segmentLength(kind: 'data' | 'elements', row: Value, segment: Value): Value {
    const dropped = this.byte(this.droppedFlag(kind, segment))
    return this.ins.select(dropped, this.i64(0), this.field(row, p.SEGMENT_ROW_LENGTH))
  }
  /** Address of bytes of a memory, checked. */
  memoryRange(memory: Value, at: Value, length: Value): Value {
    const d = this.definition(p.MEMORIES, memory, p.MEMORY_ROW_BYTES)
    this.within(at, length, this.field(d, abi.MEMORY_LENGTH), abi.TRAP_MEMORY_OUT_OF_BOUNDS)
    return this.ins.iadd(this.field(d, abi.MEMORY_BASE), at)
  }
  /** Address of elements of a table, checked. */
  tableRange(table: Value, at: Value, length: Value): Value {
    const d = this.definition(p.TABLES, table, p.TABLE_ROW_BYTES)
    this.within(at, length, this.field(d, abi.TABLE_LENGTH), abi.TRAP_TABLE_OUT_OF_BOUNDS)
    return this.ins.iadd(this.field(d, abi.TABLE_BASE), this.ins.ishl_imm(at, REF_SHIFT))
  }
  /** Stores `ref` to `count` words from `at`. */
  fillWords(at: Value, ref: Value, count: Value): void {
    const next = this.variable(at)
    const left = this.variable(count)
    this.loop(
      () => left.get(),
      () => {
        this.store(ref, next.get())
        this.add(next, 8n)
        this.add(left, -1n)
      },
    )
  }
  bytes(elements: Value): Value {
    return this.ins.ishl_imm(elements, REF_SHIFT)
  }
}

type Body = (r: BuiltinRoutine) => Value | undefined

const minusOne = (r: BuiltinRoutine): void => r.return(r.i64(-1))

/** Memory, delta in pages -> old size in pages, or -1. */
const memoryGrow: Body = (r) => {
  const { ins } = r
  const [memory, delta] = r.args
  const row = r.row(p.MEMORIES, memory, p.MEMORY_ROW_BYTES)
  const d = r.field(row)
  const old = r.field(d, abi.MEMORY_LENGTH)
  const most = ins.ushr_imm(ins.isub(r.field(row, p.MEMORY_ROW_MOST), old), PAGE_SHIFT)
  // Of an imported memory nothing is known.
  const closed = ins.bor(r.icmp(UGT, delta, most), r.icmp(UGT, old, r.field(row, p.MEMORY_ROW_MOST)))
  r.when(closed, () => minusOne(r))
  r.when(delta, () => {
    const more = ins.ishl_imm(delta, PAGE_SHIFT)
    const failed = r.syscall('mprotect', ins.iadd(r.field(d, abi.MEMORY_BASE), old), more, PROT_READ_WRITE)
    r.when(failed, () => minusOne(r))
    r.store(ins.iadd(old, more), d, abi.MEMORY_LENGTH)
  })
  return ins.ushr_imm(old, PAGE_SHIFT)
}

const memoryCopy: Body = (r) => {
  const [to, from, dst, src, length] = r.args
  const target = r.memoryRange(to, dst, length)
  r.call('Memmove', [target, r.memoryRange(from, src, length), length])
  return undefined
}

const memoryFill: Body = (r) => {
  const [memory, dst, byte, length] = r.args
  r.call('Memset', [r.memoryRange(memory, dst, length), byte, length])
  return undefined
}

const memoryInit: Body = (r) => {
  const [memory, segment, dst, src, length] = r.args
  const row = r.row(p.DATA_SEGMENTS, segment, p.SEGMENT_ROW_BYTES)
  r.within(src, length, r.segmentLength('data', row, segment), abi.TRAP_MEMORY_OUT_OF_BOUNDS)
  const target = r.memoryRange(memory, dst, length)
  r.call('Memcpy', [target, r.ins.iadd(r.field(row), src), length])
  return undefined
}

const drop =
  (kind: 'data' | 'elements'): Body =>
  (r) => {
    const [segment] = r.args
    r.store(r.ins.iconst(I8, 1), r.droppedFlag(kind, segment))
    return undefined
  }

/** Table, initial value, delta -> old size, or -1. What is grown beyond its room moves to twice as much. */
const tableGrow: Body = (r) => {
  const { ins } = r
  const [table, ref, delta] = r.args
  const row = r.row(p.TABLES, table, p.TABLE_ROW_BYTES)
  const d = r.field(row)
  const old = r.field(d, abi.TABLE_LENGTH)
  const most = r.field(row, p.TABLE_ROW_MOST)
  const closed = ins.bor(r.icmp(UGT, old, most), r.icmp(UGT, delta, ins.isub(most, old)))
  r.when(closed, () => minusOne(r))
  const length = ins.iadd(old, delta)
  r.when(r.icmp(UGT, length, r.field(row, p.TABLE_ROW_CAPACITY)), () => {
    const room = ins.umax(length, ins.ishl_imm(old, 1))
    const next = r.syscall('mmap', 0n, r.bytes(room), PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1n, 0n)
    // Errors are the last page of the address space.
    r.when(r.icmp(UGT, next, -4096n), () => minusOne(r))
    const before = r.field(d, abi.TABLE_BASE)
    r.call('Memcpy', [next, before, r.bytes(old)])
    r.when(
      r.field(row, p.TABLE_ROW_MAPPED),
      () => void r.syscall('munmap', before, r.bytes(r.field(row, p.TABLE_ROW_CAPACITY))),
    )
    r.store(next, d, abi.TABLE_BASE)
    r.store(room, row, p.TABLE_ROW_CAPACITY)
    r.store(r.i64(1), row, p.TABLE_ROW_MAPPED)
  })
  r.fillWords(ins.iadd(r.field(d, abi.TABLE_BASE), r.bytes(old)), ref, delta)
  r.store(length, d, abi.TABLE_LENGTH)
  return old
}

const tableFill: Body = (r) => {
  const [table, dst, ref, length] = r.args
  r.fillWords(r.tableRange(table, dst, length), ref, length)
  return undefined
}

const tableCopy: Body = (r) => {
  const [to, from, dst, src, length] = r.args
  const target = r.tableRange(to, dst, length)
  r.call('Memmove', [target, r.tableRange(from, src, length), r.bytes(length)])
  return undefined
}

const tableInit: Body = (r) => {
  const [table, segment, dst, src, length] = r.args
  const row = r.row(p.ELEMENT_SEGMENTS, segment, p.SEGMENT_ROW_BYTES)
  r.within(src, length, r.segmentLength('elements', row, segment), abi.TRAP_TABLE_OUT_OF_BOUNDS)
  const target = r.tableRange(table, dst, length)
  r.call('Memcpy', [target, r.ins.iadd(r.field(row), r.bytes(src)), r.bytes(length)])
  return undefined
}

const nothing: Body = () => undefined
/** Only with lazy tables, of which there are none here. */
const never: Body = (r) => {
  r.ins.trap(abi.TRAP_UNREACHABLE)
  return undefined
}

const bodies: Readonly<Record<abi.BuiltinName, Body>> = {
  memory_grow: memoryGrow,
  memory_copy: memoryCopy,
  memory_fill: memoryFill,
  memory_init: memoryInit,
  data_drop: drop('data'),
  table_grow: tableGrow,
  table_fill: tableFill,
  table_copy: tableCopy,
  table_init: tableInit,
  elem_drop: drop('elements'),
  // There is fuel for centuries, and nobody advances the epoch.
  out_of_fuel: nothing,
  new_epoch: nothing,
  table_get: never,
}

/** One function per builtin, by its name, and host_call. */
export function builtinFunctions(plan: p.Plan, linux: LinuxAbi): Func[] {
  return [...abi.builtins.map((b) => builtinFunction(b, plan, linux)), hostCall(linux)]
}

function builtinFunction(b: abi.Builtin, plan: p.Plan, linux: LinuxAbi): Func {
  const r = new BuiltinRoutine(b.name, b.params.length, b.results.length, plan, linux)
  const result = bodies[b.name](r)
  if (!r.b.isFilled()) r.return(...(result === undefined ? [] : [result]))
  return r.done()
}

/** (number, block): what the host-call stub of a machine is. */
function hostCall(linux: LinuxAbi): Func {
  const r = new ProgramRoutine(p.HOST_CALL, 2, 0, linux)
  const [number, block] = r.args
  const slot = (i: number): number => (abi.HOST_BLOCK_FIRST + i) * abi.SLOT_SIZE
  for (const b of abi.builtins) {
    r.when(r.icmp(EQ, number, BigInt(b.number)), () => {
      const args = b.params.map((t, i) =>
        t === 'i32'
          ? r.ins.uextend(r.func.typeOf(block), r.load(I32, block, slot(i)))
          : r.load(r.func.typeOf(block), block, slot(i)),
      )
      const result = r.call(b.name, args, b.results.length)
      if (b.results.length === 1) r.store(result, block, slot(0))
      r.return()
    })
  }
  r.ins.trap(abi.TRAP_UNREACHABLE)
  return r.done()
}
