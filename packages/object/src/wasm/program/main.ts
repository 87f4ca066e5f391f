// Where an executable of a module begins. A command (a module that exports _start) gets the program's arguments; of any other, the first argument names an export and the
// following ones are its arguments, and its results are printed, one a line.
//
//   status 0     done; a command: what it gives to proc_exit
//   status 2     the arguments are wrong
//   status 134   a trap (report.ts)
import * as abi from '@k23/frontend-wasm/runtime-abi'
import { ENTRY_NAMESPACE } from '@k23/frontend-wasm'
import { EQ, F32, F64, type Func, I64, MEM_DEFAULT, NE, signature, type Value } from '@k23/ir'
import type { Datum } from '../../compose.ts'
import { WordTable, zeros } from '../../data.ts'
import { MAIN, RESTORER } from '../../linux/symbols.ts'
import { cTypes } from '../calls.ts'
import { CELLS, exportName, functionText, importName, INIT, INSTANCE, type Plan } from '../plan.ts'
import { PARSE_FLOAT, PARSE_INTEGER, PUT_FLOAT, PUT_SIGNED } from './numbers.ts'
import { TRAPPED } from './report.ts'
import { type Builder, EQUAL, LENGTH, RuntimeRoutine } from './runtime.ts'
import { ARGUMENT_COUNT, ARGUMENT_VECTOR, ARGUMENTS, CURRENT, noteArguments } from './wasi/index.ts'

const SIGNAL_STACK = 'rt_signal_stack'
const SIGNAL_STACK_BYTES = 1 << 16
const SIGNAL_BLOCK = 'rt_signal_block'
/** The signals of traps: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV. */
const SIGNALS = [4n, 5n, 7n, 8n, 11n]
const SA_SIGINFO = 4
const SA_ONSTACK = 0x0800_0000
const SA_RESTORER = 0x0400_0000

/** As the kernel's: a megabyte, of which trampolines and the host may take the rest. */
const STACK_BYTES = 1 << 20
const STACK_HEADROOM = 64 << 10

const BLOCK = 'rt_block'
const EXPORTS = 'rt_exports'
const CALL_EXPORT = 'rt_call_export'
const PARSE_ARGUMENT = 'rt_parse_argument'
const PUT_RESULT = 'rt_put_result'
const USAGE = 'rt_usage'

// ---- rows of EXPORTS: name and its length, types and numbers of parameters and results, entry trampoline, code
const ROW_NAME = 0
const ROW_NAME_LENGTH = 8
const ROW_PARAMS = 16
const ROW_PARAM_COUNT = 24
const ROW_RESULTS = 32
const ROW_RESULT_COUNT = 40
const ROW_ENTRY = 48
const ROW_CODE = 56
const ROW_BYTES = 64

const USAGE_STATUS = 2n

interface Callable {
  readonly name: string
  readonly type: abi.FuncType
  readonly index: number
}

const START_EXPORT = '_start'
const INITIALIZE_EXPORT = '_initialize'

function callables({ info }: Plan): Callable[] {
  return info.exports.flatMap((e) => {
    const type = info.types[info.functions[e.index]]
    return e.kind === 'func' && cTypes(type) ? [{ name: e.name, type, index: e.index }] : []
  })
}

/** Whether the module is a command. */
export function isCommand(plan: Plan): boolean {
  return callables(plan).some(
    (c) => c.name === START_EXPORT && c.type.params.length === 0 && c.type.results.length === 0,
  )
}

export function mainData(plan: Plan, b: Builder): Datum[] {
  const block = [zeros(SIGNAL_STACK, SIGNAL_STACK_BYTES), zeros(SIGNAL_BLOCK, 64)]
  if (isCommand(plan)) return block
  const all = callables(plan)
  const slots = Math.max(1, ...all.map((c) => Math.max(c.type.params.length, c.type.results.length)))
  return [...block, zeros(BLOCK, slots * abi.SLOT_SIZE), exportTable(plan, all, b)]
}

function exportTable(plan: Plan, all: readonly Callable[], b: Builder): Datum {
  const t = new WordTable()
  const strings = `%${b.strings.name}`
  const types = (list: readonly number[]): void => {
    const { offset } = b.strings.add(String.fromCharCode(...list))
    t.address(strings, offset).word(list.length)
  }
  for (const { name, type, index } of all) {
    const { offset, length } = b.strings.add(name)
    t.address(strings, offset).word(length)
    types(type.params)
    types(type.results)
    t.address(entryName(plan, plan.info.functions[index]))
    t.address(index < plan.info.numImportedFunctions ? `%${importName(index)}` : functionText(index))
  }
  return t.done(EXPORTS)
}

/** The trampoline of a type is named after the first type of its shape. */
function entryName(plan: Plan, type: number): string {
  const first = plan.wasm.entries.indexOf(plan.wasm.entries[type])
  return `u${ENTRY_NAMESPACE}:${first}`
}

export function mainFunctions(plan: Plan, b: Builder): Func[] {
  if (isCommand(plan)) return [main(plan, b)]
  const all = callables(plan)
  return [main(plan, b), callExport(all, b), parseArgument(b), putResult(b), usage(all, b)]
}

/** (stack) */
function main(plan: Plan, b: Builder): Func {
  const r = new RuntimeRoutine(MAIN, 1, 0, b)
  const [stack] = r.args
  noteArguments(r, stack)
  catchSignals(r)
  r.set64(r.plus(stack, BigInt(STACK_HEADROOM - STACK_BYTES)), r.address(CELLS, abi.CELLS_STACK_LIMIT))
  openCurrent(r)
  r.call(INIT, [], 0)
  const exported = (name: string): void => {
    const f = r.b.importFunction({ kind: 'testcase', name: exportName(name) }, signature([], [], 'system_v'), true)
    r.ins.call(f, [])
  }
  if (isCommand(plan)) exported(START_EXPORT)
  else {
    // A reactor: its constructors run before its exports are called.
    const initialize = callables(plan).find((c) => c.name === INITIALIZE_EXPORT)
    if (initialize !== undefined && initialize.type.params.length + initialize.type.results.length === 0)
      exported(INITIALIZE_EXPORT)
    r.call(CALL_EXPORT, [], 0)
  }
  r.syscall('exit_group', 0n)
  r.return()
  return r.done()
}

function catchSignals(r: RuntimeRoutine): void {
  const { linux } = r.builder
  const block = r.address(SIGNAL_BLOCK)
  // stack_t: address, flags, size
  r.set64(r.address(SIGNAL_STACK), block, 0)
  r.set64(0n, block, 8)
  r.set64(BigInt(SIGNAL_STACK_BYTES), block, 16)
  r.syscall('sigaltstack', block, 0n)
  // struct sigaction of the kernel: handler, flags, restorer where there is one, mask
  r.set64(r.address(TRAPPED), block, 0)
  r.set64(BigInt(SA_SIGINFO | SA_ONSTACK | (linux.restorer ? SA_RESTORER : 0)), block, 8)
  if (linux.restorer) r.set64(r.address(RESTORER), block, 16)
  r.set64(0n, block, linux.restorer ? 24 : 16)
  for (const signal of SIGNALS) r.syscall('rt_sigaction', signal, block, 0n, 8n)
}

const AT_FDCWD = -100n

/** The current folder gets its handle. */
function openCurrent(r: RuntimeRoutine): void {
  const flags = BigInt(r.builder.linux.open.directory)
  const opened = r.syscall('openat', AT_FDCWD, r.text('.')[0], flags, 0n)
  r.when(r.icmp(NE, opened, CURRENT), () => {
    r.syscall('dup3', opened, CURRENT, 0n)
    r.syscall('close', opened)
  })
}

/** (): does what the arguments say. */
function callExport(all: readonly Callable[], b: Builder): Func {
  const r = new RuntimeRoutine(CALL_EXPORT, 0, 0, b)
  const note = r.address(ARGUMENTS)
  const count = r.u64(note, ARGUMENT_COUNT)
  const vector = r.u64(note, ARGUMENT_VECTOR)
  r.when(r.icmp(EQ, r.ins.umin(count, r.i64(2)), count), () => r.when(r.is(NE, count, 2n), () => r.call(USAGE, [], 0)))
  const wanted = r.u64(vector, 8)
  const length = r.call(LENGTH, [wanted])
  const table = r.address(EXPORTS)
  const row = r.variable(r.i64(0))
  r.count(r.i64(all.length), (i) => {
    const x = r.plus(table, r.ins.imul_imm(i, ROW_BYTES))
    const same = r.call(EQUAL, [wanted, length, r.u64(x, ROW_NAME), r.u64(x, ROW_NAME_LENGTH)])
    row.set(r.ins.select(same, x, row.get()))
  })
  r.when(r.icmp(EQ, row.get(), 0n), () => {
    r.putText('no exported function ')
    r.put(wanted, length)
    r.putText('\n')
    r.call(USAGE, [], 0)
  })
  const found = row.get()
  const params = r.u64(found, ROW_PARAM_COUNT)
  r.when(r.icmp(NE, params, r.plus(count, -2n)), () => {
    r.put(wanted, length)
    r.putText(' takes ')
    r.putNumber(params, 10n)
    r.putText(' arguments, found ')
    r.putNumber(r.plus(count, -2n), 10n)
    r.putText('\n')
    r.fail(USAGE_STATUS)
  })
  const block = r.address(BLOCK)
  const slot = (i: Value): Value => r.plus(block, r.ins.imul_imm(i, abi.SLOT_SIZE))
  r.count(params, (i) => {
    const text = r.u64(r.plus(vector, r.ins.ishl_imm(r.plus(i, 2n), 3)))
    r.call(PARSE_ARGUMENT, [r.plus(i, 1n), r.u8(r.plus(r.u64(found, ROW_PARAMS), i)), text, slot(i)], 0)
  })
  const entry = r.b.importSignature(signature([I64, I64, I64], [], 'system_v'))
  r.ins.call_indirect(entry, r.u64(found, ROW_ENTRY), [r.address(INSTANCE), r.u64(found, ROW_CODE), block])
  r.count(r.u64(found, ROW_RESULT_COUNT), (i) => {
    r.call(PUT_RESULT, [r.u8(r.plus(r.u64(found, ROW_RESULTS), i)), slot(i)], 0)
  })
  r.flush(1n)
  r.return()
  return r.done()
}

/** (position, type, text, where): ends the program where the text is no such value. */
function parseArgument(b: Builder): Func {
  const r = new RuntimeRoutine(PARSE_ARGUMENT, 4, 0, b)
  const [position, type, text, where] = r.args
  const length = r.call(LENGTH, [text])
  const expect = (ok: Value, what: string): void => {
    r.when(r.icmp(EQ, ok, 0n), () => {
      r.putText('argument ')
      r.putNumber(position, 10n)
      r.putText(' is "')
      r.put(text, length)
      r.putText(`", expected ${what}\n`)
      r.fail(USAGE_STATUS)
    })
    r.return()
  }
  const isType = (t: number, then: () => void): void => r.when(r.icmp(EQ, type, BigInt(t)), then)
  for (const [t, bits] of [
    [abi.I32, 32],
    [abi.I64, 64],
  ])
    isType(t, () =>
      expect(
        r.call(PARSE_INTEGER, [text, length, BigInt(bits), where]),
        `an integer of ${bits} bits, such as -1, 42 or 0xff`,
      ),
    )
  for (const t of [abi.F32, abi.F64])
    isType(t, () => {
      const ok = r.call(PARSE_FLOAT, [text, length, where])
      if (t === abi.F32) {
        const double = r.ins.bitcast(F64, MEM_DEFAULT, r.u64(where))
        r.store(r.ins.fdemote(F32, double), where)
      }
      expect(ok, 'a number, such as 1.5, -2e10, inf or nan')
    })
  r.set64(0n, where)
  expect(r.call(EQUAL, [text, length, ...r.text('null')]), 'null: a reference cannot be written otherwise')
  return r.done()
}

/** (type, where) */
function putResult(b: Builder): Func {
  const r = new RuntimeRoutine(PUT_RESULT, 2, 0, b)
  const [type, where] = r.args
  const isType = (t: number, put: () => void): void =>
    r.when(r.icmp(EQ, type, BigInt(t)), () => {
      put()
      r.putText('\n')
      r.return()
    })
  isType(abi.I32, () => void r.call(PUT_SIGNED, [r.i32(where)], 0))
  isType(abi.I64, () => void r.call(PUT_SIGNED, [r.u64(where)], 0))
  isType(abi.F64, () => void r.call(PUT_FLOAT, [r.u64(where)], 0))
  isType(abi.F32, () => {
    const double = r.ins.fpromote(F64, r.load(F32, where))
    r.call(PUT_FLOAT, [r.ins.bitcast(I64, MEM_DEFAULT, double)], 0)
  })
  for (const t of [abi.FUNCREF, abi.EXTERNREF])
    isType(t, () => {
      r.when(
        r.u64(where),
        () => r.putText(abi.valTypeName(t)),
        () => r.putText('null'),
      )
    })
  r.return()
  return r.done()
}

/** (): lists what can be called, and ends the program. */
function usage(all: readonly Callable[], b: Builder): Func {
  const r = new RuntimeRoutine(USAGE, 0, 0, b)
  const lines = all.map(({ name, type }) => `  ${name}(${type.params.map(abi.valTypeName).join(', ')})`)
  r.putText(`the arguments are the name of an export and its arguments:\n${lines.join('\n')}\n`)
  r.fail(USAGE_STATUS)
  r.return()
  return r.done()
}
