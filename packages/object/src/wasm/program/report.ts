// The signal handler of an executable: which instruction trapped, in which function of the module, as one line on standard error; status 134.
//
// A trap in what the object has instead of a kernel belongs to the wasm function that called it: frames begin with the caller's frame pointer and the return
// address, so callers are a list.
import type { PlacedFunction } from '@k23/codegen'
import * as abi from '@k23/frontend-wasm/runtime-abi'
import { EQ, type Func, NE, UGT, UGE, ULT, type Value } from '@k23/ir'
import { ByteWriter } from '../../bytes.ts'
import type { Datum } from '../../compose.ts'
import { constants } from '../../data.ts'
import { wasmNames } from './names.ts'
import type { Plan } from '../plan.ts'
import { type Builder, RuntimeRoutine } from './runtime.ts'

export const TRAPPED = 'rt_trapped'
const FUNCTION_ROW = 'rt_function_row'
const SITE = 'rt_site'
const FUNCTIONS = 'rt_functions'
const SITES = 'rt_sites'
const TRAP_TABLE = 'traps'

const TRAP_STATUS = 134n
/** As a shell says that a program died of a signal. */
const SIGNAL_STATUS = 128n

// ---- rows of FUNCTIONS: u32 start and end in the code, function index, place and length of the name
const FUNCTION_ROW_BYTES = 20
// ---- rows of SITES: u32 return address in the code, source location
const SITE_ROW_BYTES = 8
// ---- k23_traps (compose.ts)
const TRAPS_HEADER = 8
const TRAP_ROW_BYTES = 12

/** Tables for placed functions: those of the module first, in its order. */
export function reportData(plan: Plan, functions: readonly PlacedFunction[], b: Builder): Datum[] {
  const { info } = plan
  const rows = new ByteWriter()
  const sites = new ByteWriter()
  const names = wasmNames(info)
  functions.slice(0, info.functions.length - info.numImportedFunctions).forEach((f, i) => {
    const index = i + info.numImportedFunctions
    const name = b.strings.add(names[index])
    for (const x of [f.start, f.start + f.code.length, index, name.offset, name.length]) rows.u32(x)
    for (const s of f.callSites) {
      sites.u32(f.start + s.offset)
      sites.u32(sourceBefore(f, s.offset))
    }
  })
  return [constants(FUNCTIONS, rows.bytes().slice()), constants(SITES, sites.bytes().slice())]
}

/** Source location of the call that returns to an offset. */
function sourceBefore(f: PlacedFunction, offset: number): number {
  let loc = 0
  for (let i = 0; i < f.srclocs.length && f.srclocs[i] < offset; i += 2) loc = f.srclocs[i + 1]
  return loc
}

export function reportFunctions(b: Builder, tables: readonly Datum[]): Func[] {
  const bytesOf = (name: string): number => tables.find((d) => d.name === `%${name}`)?.size ?? 0
  return [trapped(b), functionRow(b, bytesOf(FUNCTIONS) / FUNCTION_ROW_BYTES), site(b, bytesOf(SITES) / SITE_ROW_BYTES)]
}

/** (signal, siginfo_t, ucontext_t): does not return. `pcRelative` is where the code begins. */
function trapped(b: Builder): Func {
  const r = new RuntimeRoutine(TRAPPED, 3, 0, b)
  const { context } = b.linux
  const [signal, , ucontext] = r.args
  const registers = r.plus(ucontext, BigInt(context.offset))
  const pc = r.u64(registers, context.pc)
  const traps = r.address(TRAP_TABLE)
  const code = r.plus(r.plus(traps, 4n), r.i32(traps, 4))
  const at = r.ins.isub(pc, code)
  // The trap's row.
  const kind = r.variable(r.i64(0))
  const source = r.variable(r.i64(0))
  r.count(r.u32(traps), (i) => {
    const row = r.plus(traps, r.plus(r.ins.imul_imm(i, TRAP_ROW_BYTES), BigInt(TRAPS_HEADER)))
    r.when(r.icmp(EQ, r.u32(row), at), () => {
      kind.set(r.u32(row, 4))
      source.set(r.u32(row, 8))
    })
  })
  r.when(r.icmp(EQ, kind.get(), 0n), () => {
    r.putText('signal ')
    r.putNumber(signal, 10n)
    r.putText(' at 0x')
    r.putNumber(pc, 16n)
    r.putText('\n')
    r.flush(2n)
    r.syscall('exit_group', r.plus(signal, SIGNAL_STATUS))
  })
  r.putText('trap: ')
  for (const t of abi.traps) r.when(r.icmp(EQ, kind.get(), BigInt(t.code)), () => r.putText(`${t.name}: ${t.message}`))

  // The function of the module, from the innermost frame outwards.
  const row = r.variable(r.call(FUNCTION_ROW, [at]))
  const fp = r.variable(r.u64(registers, context.register(context.framePointer)))
  const left = r.variable(r.i64(64))
  const searching = (): Value => r.and(r.is(EQ, row.get(), 0n), r.and(r.is(NE, fp.get(), 0n), r.is(NE, left.get(), 0n)))
  r.loop(searching, () => {
    const back = r.ins.isub(r.u64(fp.get(), 8), code)
    row.set(r.call(FUNCTION_ROW, [r.plus(back, -1n)]))
    source.set(r.call(SITE, [back]))
    fp.set(r.u64(fp.get()))
    r.add(left, -1n)
  })
  r.when(row.get(), () => {
    r.putText(' in function ')
    r.putNumber(r.u32(row.get(), 8), 10n)
    r.putText(' (')
    r.put(r.plus(r.address(b.strings.name), r.u32(row.get(), 12)), r.u32(row.get(), 16))
    r.putText(') at offset 0x')
    r.putNumber(source.get(), 16n)
  })
  r.putText('\n')
  r.fail(TRAP_STATUS)
  r.return()
  return r.done()
}

/** (offset in the code) -> address of the row of the wasm function there, or 0. */
function functionRow(b: Builder, rows: number): Func {
  const r = new RuntimeRoutine(FUNCTION_ROW, 1, 1, b)
  const [at] = r.args
  const row = search(r, FUNCTIONS, rows, FUNCTION_ROW_BYTES, (x) => r.icmp(UGE, at, r.u32(x)))
  r.when(row, () => r.when(r.icmp(ULT, at, r.u32(row, 4)), () => r.return(row)))
  r.return(r.i64(0))
  return r.done()
}

/** (return address in the code) -> source location of the call, or 0. */
function site(b: Builder, rows: number): Func {
  const r = new RuntimeRoutine(SITE, 1, 1, b)
  const [at] = r.args
  const row = search(r, SITES, rows, SITE_ROW_BYTES, (x) => r.icmp(UGE, at, r.u32(x)))
  r.when(row, () => r.when(r.icmp(EQ, at, r.u32(row)), () => r.return(r.u32(row, 4))))
  r.return(r.i64(0))
  return r.done()
}

/** Address of the last row that holds, of a table where those that hold come first; 0 where none does. */
function search(r: RuntimeRoutine, table: string, rows: number, bytes: number, holds: (row: Value) => Value): Value {
  const base = r.address(table)
  const lo = r.variable(r.i64(0))
  const hi = r.variable(r.i64(rows))
  const place = (i: Value): Value => r.plus(base, r.ins.imul_imm(i, bytes))
  r.loop(
    () => r.icmp(UGT, hi.get(), lo.get()),
    () => {
      const mid = r.ins.ushr_imm(r.plus(lo.get(), hi.get()), 1)
      r.when(
        holds(place(mid)),
        () => lo.set(r.plus(mid, 1n)),
        () => hi.set(mid),
      )
    },
  )
  return r.ins.select(r.icmp(EQ, lo.get(), 0n), r.i64(0), place(r.plus(lo.get(), -1n)))
}
