// The text of one instruction: results, opcode with its type where it is needed, operands by format.
import { floatCCNames, intCCNames } from '../condcodes.ts'
import type { BlockCall, Inst, Value } from '../entities.ts'
import { FORMATS, type FormatName, RMW_OPS } from '../format.ts'
import { exnArgIndex, type ExceptionTableData, type Func, RESULT, retArgIndex } from '../function.ts'
import * as Format from '../gen/format-ids.ts'
import { ALIGNED, BIG, CAN_MOVE, LITTLE, type MemFlags, memRegion, memTrapCode, NOTRAP, READONLY } from '../memflags.ts'
import { NEEDS_CTRL_IN_TEXT, opFlags, opFormat, opName, POLYMORPHIC } from '../opcodes/tables.ts'
import { trapCodeName } from '../trapcode.ts'
import { F128, type Type, typeName } from '../types.ts'
import { formatF16, formatF32, formatF64, formatF128 } from './floats.ts'
import { formatInt64, formatOffset } from './integers.ts'

// ---- pieces

/** ` notrap aligned region0`: each flag after a blank. */
export function memFlagsText(f: MemFlags): string {
  if (f === 0) return ''
  let s = ''
  const trap = memTrapCode(f)
  if ((f & NOTRAP) !== 0) s += ' notrap'
  else if (trap !== 0 && trap !== 253) s += ` ${trapCodeName(trap)}`
  if ((f & ALIGNED) !== 0) s += ' aligned'
  if ((f & READONLY) !== 0) s += ' readonly'
  if ((f & CAN_MOVE) !== 0) s += ' can_move'
  if ((f & BIG) !== 0) s += ' big'
  if ((f & LITTLE) !== 0) s += ' little'
  const region = memRegion(f)
  return region >= 0 ? `${s} region${region}` : s
}

/** `0x0102`: the last byte first. */
export function bytesText(bytes: Uint8Array): string {
  let s = '0x'
  for (let i = bytes.length - 1; i >= 0; i--) s += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16)
  return s
}

function arg(f: Func, inst: Inst, i: number): string {
  return `v${f.pool.data[f.args[inst] + i]}`
}

/** `v1, v2` from argument number `from`. */
function argList(f: Func, inst: Inst, from: number): string {
  const list = f.args[inst]
  const n = f.pool.len(list)
  let s = ''
  for (let i = from; i < n; i++) s += i === from ? `v${f.pool.data[list + i]}` : `, v${f.pool.data[list + i]}`
  return s
}

/** `block1`, `block1(v2, ret0)` */
export function blockCallText(f: Func, call: BlockCall): string {
  const list = f.bcArgs[call]
  const n = f.pool.len(list)
  if (n === 0) return `block${f.bcBlock[call]}`
  let s = `block${f.bcBlock[call]}(`
  for (let i = 0; i < n; i++) {
    const a = f.pool.data[list + i]
    if (i > 0) s += ', '
    s += a >= 0 ? `v${a}` : retArgIndex(a) >= 0 ? `ret${retArgIndex(a)}` : `exn${exnArgIndex(a)}`
  }
  return `${s})`
}

function exceptionTableText(f: Func, table: ExceptionTableData): string {
  const items = table.items.map((item) => {
    if (item.kind === 'context') return `context v${item.value}`
    return `${item.kind === 'tag' ? `tag${item.tag}` : 'default'}: ${blockCallText(f, item.target)}`
  })
  const list = items.length === 0 ? '[]' : `[ ${items.join(', ')} ]`
  return `sig${table.signature}, ${blockCallText(f, table.normal)}, ${list}`
}

/** The immediate of an iconst, as a signed number of its type. */
function iconstText(f: Func, inst: Inst): string {
  const lo = f.imm0[inst]
  switch (f.ctrl[inst]) {
    case 1:
      return formatInt64((lo << 24) >> 24, (lo << 24) >> 31)
    case 2:
      return formatInt64((lo << 16) >> 16, (lo << 16) >> 31)
    case 3:
      return formatInt64(lo, lo >> 31)
    default:
      return formatInt64(lo, f.imm1[inst])
  }
}

// ---- operands by format

type OperandPrinter = (f: Func, inst: Inst) => string

function unary(f: Func, i: Inst): string {
  return ` ${arg(f, i, 0)}`
}
function allArgs(f: Func, i: Inst): string {
  return ` ${argList(f, i, 0)}`
}

const operandsOf: { readonly [F in FormatName]: OperandPrinter } = {
  NullAry: () => '',
  Unary: unary,
  Binary: (f, i) => ` ${arg(f, i, 0)}, ${arg(f, i, 1)}`,
  Ternary: allArgs,
  MultiAry: (f, i) => (f.numArgs(i) === 0 ? '' : allArgs(f, i)),
  UnaryImm: (f, i) => ` ${iconstText(f, i)}`,
  UnaryIeee16: (f, i) => ` ${formatF16(f.imm0[i])}`,
  UnaryIeee32: (f, i) => ` ${formatF32(f.imm0[i])}`,
  UnaryIeee64: (f, i) => ` ${formatF64(f.imm0[i], f.imm1[i])}`,
  UnaryConst: (f, i) => {
    const float = f.valType[f.result(i)] === F128 && f.constants[f.imm0[i]].length === 16
    return float ? ` ${formatF128(f.constants[f.imm0[i]])}` : ` const${f.imm0[i]}`
  },
  UnaryGlobalValue: (f, i) => ` gv${f.imm0[i]}`,
  BinaryImm8: (f, i) => ` ${arg(f, i, 0)}, ${f.imm0[i]}`,
  TernaryImm8: (f, i) => ` ${arg(f, i, 0)}, ${arg(f, i, 1)}, ${f.imm0[i]}`,
  Shuffle: (f, i) => ` ${arg(f, i, 0)}, ${arg(f, i, 1)}, ${bytesText(f.immediates[f.imm0[i]])}`,
  IntCompare: (f, i) => ` ${intCCNames[f.imm0[i]]} ${arg(f, i, 0)}, ${arg(f, i, 1)}`,
  FloatCompare: (f, i) => ` ${floatCCNames[f.imm0[i]]} ${arg(f, i, 0)}, ${arg(f, i, 1)}`,
  IntAddTrap: (f, i) => ` ${arg(f, i, 0)}, ${arg(f, i, 1)}, ${trapCodeName(f.imm0[i])}`,
  Jump: (f, i) => ` ${blockCallText(f, f.imm0[i] as BlockCall)}`,
  Brif: (f, i) =>
    ` ${arg(f, i, 0)}, ${blockCallText(f, f.imm0[i] as BlockCall)}, ${blockCallText(f, f.imm1[i] as BlockCall)}`,
  BranchTable: (f, i) => {
    const table = f.jumpTables[f.imm0[i]]
    const entries = table.entries.map((c) => blockCallText(f, c)).join(', ')
    return ` ${arg(f, i, 0)}, ${blockCallText(f, table.default)}, [${entries}]`
  },
  Trap: (f, i) => ` ${trapCodeName(f.imm0[i])}`,
  CondTrap: (f, i) => ` ${arg(f, i, 0)}, ${trapCodeName(f.imm0[i])}`,
  Call: (f, i) => ` fn${f.imm0[i]}(${argList(f, i, 0)})`,
  CallIndirect: (f, i) => ` sig${f.imm0[i]}, ${arg(f, i, 0)}(${argList(f, i, 1)})`,
  TryCall: (f, i) => ` fn${f.imm0[i]}(${argList(f, i, 0)}), ${exceptionTableText(f, f.exceptionTables[f.imm1[i]])}`,
  TryCallIndirect: (f, i) =>
    ` ${arg(f, i, 0)}(${argList(f, i, 1)}), ${exceptionTableText(f, f.exceptionTables[f.imm1[i]])}`,
  FuncAddr: (f, i) => ` fn${f.imm0[i]}`,
  Load: (f, i) => `${memFlagsText(f.imm1[i] as MemFlags)} ${arg(f, i, 0)}${formatOffset(f.imm0[i])}`,
  Store: (f, i) => `${memFlagsText(f.imm1[i] as MemFlags)} ${arg(f, i, 0)}, ${arg(f, i, 1)}${formatOffset(f.imm0[i])}`,
  LoadNoOffset: (f, i) => `${memFlagsText(f.imm1[i] as MemFlags)} ${arg(f, i, 0)}`,
  StoreNoOffset: (f, i) => `${memFlagsText(f.imm1[i] as MemFlags)} ${arg(f, i, 0)}, ${arg(f, i, 1)}`,
  AtomicRmw: (f, i) => `${memFlagsText(f.imm1[i] as MemFlags)} ${RMW_OPS[f.imm0[i]]} ${arg(f, i, 0)}, ${arg(f, i, 1)}`,
  AtomicCas: (f, i) => `${memFlagsText(f.imm1[i] as MemFlags)} ${argList(f, i, 0)}`,
  StackAddr: (f, i) => ` ss${f.imm0[i]}${formatOffset(f.imm1[i])}`,
  DynamicStackAddr: (f, i) => ` dss${f.imm0[i]}`,
  ExceptionHandlerAddress: (f, i) => ` block${f.imm0[i]}, ${f.imm1[i]}`,
}

const operandPrinters: readonly OperandPrinter[] = FORMATS.map((name) => operandsOf[name])

function stackMapText(f: Func, inst: Inst): string {
  const entries = f.stackMaps.get(inst)
  if (entries === undefined) return ''
  return `, stack_map=[${entries.map((e) => `${typeName(e.type)} @ ss${e.slot}${e.offset < 0 ? '' : '+'}${e.offset}`).join(', ')}]`
}

/** The constant that defines `v`, as text, or nothing. */
function constantText(f: Func, v: Value): string {
  const x = f.resolve(v)
  if (f.valKind[x] !== RESULT) return ''
  const def = f.valDef[x] as Inst
  switch (opFormat[f.op[def]]) {
    case Format.UnaryImm:
      return iconstText(f, def)
    case Format.UnaryIeee16:
      return formatF16(f.imm0[def])
    case Format.UnaryIeee32:
      return formatF32(f.imm0[def])
    case Format.UnaryIeee64:
      return formatF64(f.imm0[def], f.imm1[def])
    case Format.UnaryConst:
      return `const${f.imm0[def]}`
    default:
      return ''
  }
}

/** Calls `visit` with each value that `inst` uses: its arguments, then the arguments of its branches. */
function forEachUse(f: Func, inst: Inst, visit: (v: Value) => void): void {
  const list = f.args[inst]
  for (let i = 0, n = f.pool.len(list); i < n; i++) visit(f.pool.data[list + i] as Value)
  const format = opFormat[f.op[inst]]
  if (format === Format.Jump) {
    blockArgs(f, f.imm0[inst], visit)
  } else if (format === Format.Brif) {
    blockArgs(f, f.imm0[inst], visit)
    blockArgs(f, f.imm1[inst], visit)
  } else if (format === Format.BranchTable) {
    const table = f.jumpTables[f.imm0[inst]]
    blockArgs(f, table.default, visit)
    for (const c of table.entries) blockArgs(f, c, visit)
  } else if (format === Format.TryCall || format === Format.TryCallIndirect) {
    const table = f.exceptionTables[f.imm1[inst]]
    blockArgs(f, table.normal, visit)
    for (const item of table.items) {
      if (item.kind === 'context') visit(item.value)
      else blockArgs(f, item.target, visit)
    }
  }
}

function blockArgs(f: Func, call: number, visit: (v: Value) => void): void {
  const list = f.bcArgs[call]
  for (let i = 0, n = f.pool.len(list); i < n; i++)
    if (f.pool.data[list + i] >= 0) visit(f.pool.data[list + i] as Value)
}

/** `  ; v3 = 34, v4 = 0.0`: the constants that `inst` uses. */
export function constantComment(f: Func, inst: Inst): string {
  let s = ''
  forEachUse(f, inst, (v) => {
    const text = constantText(f, v)
    if (text !== '') s += `${s === '' ? '  ; ' : ', '}v${v} = ${text}`
  })
  return s
}

/** Opcode and operands, with the type suffix if `withType`. */
export function opcodeText(f: Func, inst: Inst, withType: boolean): string {
  const op = f.op[inst]
  const name = withType ? `${opName[op]}.${typeName(f.ctrl[inst] as Type)}` : opName[op]
  return name + operandPrinters[opFormat[op]](f, inst) + stackMapText(f, inst)
}

/** True if the type of `inst` has to be written because no operand gives it. */
export function needsType(f: Func, inst: Inst): boolean {
  return (opFlags[f.op[inst]] & NEEDS_CTRL_IN_TEXT) !== 0
}
export function isPolymorphic(f: Func, inst: Inst): boolean {
  return (opFlags[f.op[inst]] & POLYMORPHIC) !== 0
}

/** `v1, v2 = `, or nothing. */
export function resultsText(f: Func, inst: Inst): string {
  const list = f.results[inst]
  const n = f.pool.len(list)
  if (n === 0) return ''
  let s = `v${f.pool.data[list]}`
  for (let i = 1; i < n; i++) s += `, v${f.pool.data[list + i]}`
  return `${s} = `
}

/** One instruction as messages show it: `v2 = iadd v0, v1`, without comments. */
export function formatInst(f: Func, inst: Inst): string {
  return resultsText(f, inst) + opcodeText(f, inst, needsType(f, inst))
}
