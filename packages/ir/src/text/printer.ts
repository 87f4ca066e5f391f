// Functions as text: header, declarations, blank line, blocks. What this writes, the parser reads back as the same function,
// as long as the function's instructions, values and blocks are numbered without holes that the text cannot show.
import type { Block, Inst, Value } from '../entities.ts'
import { ALIAS, type Func, type GlobalValueData } from '../function.ts'
import { formatTypeOperand, opFormat } from '../opcodes/tables.ts'
import type { AbiParam, ExternalName, Signature } from '../signature.ts'
import { typeName } from '../types.ts'
import { formatInt, formatOffset } from './integers.ts'
import { quote } from './lexer.ts'
import { KNOWN_SYMBOLS, LIBCALLS } from './names.ts'
import {
  bytesText,
  constantComment,
  isPolymorphic,
  memFlagsText,
  needsType,
  opcodeText,
  resultsText,
} from './print-inst.ts'

// ---- names and signatures

function nameText(name: string): string {
  return /^[A-Za-z0-9_.$]*$/.test(name) && !LIBCALLS.has(name) && !KNOWN_SYMBOLS.has(name)
    ? `%${name}`
    : `%${quote(name)}`
}

function externalNameText(f: Func, name: ExternalName): string {
  if (name.kind === 'testcase') return nameText(name.name)
  if (name.kind !== 'user') return `%${name.name}`
  const { namespace, index } = f.userNames[name.ref]
  return `u${namespace}:${index}`
}

/** `%name` or `u0:1`; a name with other characters is in quotes. */
export function printFunctionName(f: Func): string {
  return f.name.kind === 'user'
    ? `u${f.name.namespace}:${f.name.index}`
    : /^[A-Za-z0-9_.$]*$/.test(f.name.name)
      ? `%${f.name.name}`
      : `%${quote(f.name.name)}`
}

function paramText(p: AbiParam): string {
  let s = typeName(p.type)
  if (p.extension !== 'none') s += ` ${p.extension}`
  if (p.purpose === 'sarg') s += ` sarg(${p.sargBytes})`
  else if (p.purpose !== 'normal') s += ` ${p.purpose}`
  return s
}

/** `(i32, i64 vmctx) -> i32 fast` */
export function printSignature(sig: Signature): string {
  const returns = sig.returns.length === 0 ? '' : ` -> ${sig.returns.map(paramText).join(', ')}`
  return `(${sig.params.map(paramText).join(', ')})${returns} ${sig.callConv}`
}

// ---- declarations

function globalValueText(gv: GlobalValueData, f: Func): string {
  switch (gv.kind) {
    case 'vmctx':
      return 'vmctx'
    case 'load':
      return `load.${typeName(gv.type)}${memFlagsText(gv.flags)} gv${gv.base}${formatOffset(gv.offset)}`
    case 'iadd_imm':
      return `iadd_imm.${typeName(gv.type)} gv${gv.base}, ${formatInt(gv.offset)}`
    case 'symbol': {
      const name = gv.name.kind === 'user' ? `userextname${gv.name.ref}` : externalNameText(f, gv.name)
      const offset = gv.offset === 0n ? '' : `${gv.offset > 0n ? '+' : ''}${formatInt(gv.offset)}`
      return `symbol ${gv.colocated ? 'colocated ' : ''}${gv.tls ? 'tls ' : ''}${name}${offset}`
    }
    case 'dyn_scale_target_const':
      return `dyn_scale_target_const.${typeName(gv.type)}`
  }
}

function isGapGlobal(gv: GlobalValueData): boolean {
  return gv.kind === 'symbol' && gv.name.kind === 'testcase' && gv.name.name === ''
}

function preamble(f: Func): string {
  let s = ''
  const line = (text: string): void => {
    s += `    ${text}\n`
  }
  // Global values name user symbols by reference (functions by namespace and index), so those need the references' table.
  if (f.globalValues.some((gv) => gv.kind === 'symbol' && gv.name.kind === 'user')) {
    f.userNames.forEach((n, i) => line(`userextname${i} = u${n.namespace}:${n.index}`))
  }
  f.aliasRegions.forEach((r, i) => line(`region${i} = ${r.userId} ${quote(r.description)}`))
  f.stackSlots.forEach((slot, i) => {
    const align = slot.alignShift === 0 ? '' : `, align = ${2 ** slot.alignShift}`
    const key = slot.key === undefined ? '' : `, key = ${slot.key}`
    line(`ss${i} = ${slot.kind} ${slot.size}${align}${key}`)
  })
  f.dynamicStackSlots.forEach((slot, i) => line(`dss${i} = explicit_dynamic_slot dt${slot.type}`))
  f.globalValues.forEach((gv, i) => {
    if (!isGapGlobal(gv)) line(`gv${i} = ${globalValueText(gv, f)}`)
  })
  f.dynamicTypes.forEach((dt, i) => line(`dt${i} = ${typeName(dt.base)}*gv${dt.scale}`))
  f.signatures.forEach((sig, i) => line(`sig${i} = ${printSignature(sig)}`))
  f.extFuncs.forEach((fn, i) => {
    if (fn.signature < 0) return
    line(
      `fn${i} = ${fn.colocated ? 'colocated ' : ''}${fn.patchable ? 'patchable ' : ''}${externalNameText(f, fn.name)} sig${fn.signature}`,
    )
  })
  f.constants.forEach((bytes, i) => {
    if (bytes.length > 0) line(`const${i} = ${bytesText(bytes)}`)
  })
  if (f.stackLimit !== undefined) line(`stack_limit = gv${f.stackLimit}`)
  return s
}

// ---- blocks

/** `block0(v0: i32) cold:` */
export function printBlockHeader(f: Func, b: Block): string {
  const n = f.numParams(b)
  let s = `block${b}`
  for (let i = 0; i < n; i++) {
    const v = f.param(b, i)
    s += `${i === 0 ? '(' : ', '}v${v}: ${typeName(f.typeOf(v))}`
  }
  if (n > 0) s += ')'
  return f.cold[b] !== 0 ? `${s} cold:` : `${s}:`
}

/** What follows the definition of a value: aliases that stand for it, and its label. */
class Annotations {
  private readonly f: Func
  /** Aliases by the value that they name; undefined where the function has none. */
  private readonly aliases: Map<number, number[]> | undefined
  private readonly labels: boolean
  private readonly indent: string

  constructor(f: Func, indent: string) {
    this.f = f
    this.indent = indent
    this.labels = f.valueLabels.size > 0
    let map: Map<number, number[]> | undefined
    for (let v = 0; v < f.numValues; v++) {
      if (f.valKind[v] !== ALIAS) continue
      map ??= new Map()
      const of = map.get(f.valDef[v])
      if (of === undefined) map.set(f.valDef[v], [v])
      else of.push(v)
    }
    this.aliases = map
  }

  of(v: Value): string {
    if (this.aliases === undefined && !this.labels) return ''
    let s = ''
    const todo: number[] = [v]
    for (let x = todo.pop(); x !== undefined; x = todo.pop()) {
      const label = this.f.valueLabels.get(x as Value)
      if (label !== undefined) s += `${this.indent}v${x}: ${quote(label)}\n`
      for (const a of this.aliases?.get(x) ?? []) {
        s += `${this.indent}v${a} -> v${x}\n`
        todo.push(a)
      }
    }
    return s
  }
}

function prefix(f: Func, inst: Inst, indent: number): string {
  let s = ''
  if (f.srcloc[inst] !== -1) s += `@${(f.srcloc[inst] >>> 0).toString(16).padStart(4, '0')} `
  const tags = f.debugTags.get(inst)
  if (tags !== undefined) s += `<${tags.map((t) => (t.kind === 'user' ? t.value : `ss${t.slot}`)).join(', ')}> `
  return s.padEnd(indent)
}

/** The text of a function, with a line break at its end. */
export function printFunction(f: Func): string {
  const declarations = preamble(f)
  let s = `function ${printFunctionName(f)}${printSignature(f.signature)} {\n${declarations}`
  let located = false
  for (let i = 0; i < f.numInsts && !located; i++) located = f.srcloc[i] !== -1
  const indent = located ? 36 : 4
  const blanks = ' '.repeat(indent)
  const annotations = new Annotations(f, blanks)
  // Values of the current block that have been written: an operand among them gives an instruction its type.
  const written = new Int32Array(f.numValues).fill(-1)
  let separate = declarations !== ''
  for (let b = f.firstBlock; b >= 0; b = f.nextBlock[b] as Block | -1) {
    if (separate) s += '\n'
    separate = true
    s += `${located ? ' '.repeat(indent - 4) : ''}${printBlockHeader(f, b as Block)}\n`
    for (let i = 0, n = f.numParams(b as Block); i < n; i++) {
      const v = f.param(b as Block, i)
      written[v] = b
      s += annotations.of(v)
    }
    for (let i = f.firstInst[b] as Inst | -1; i >= 0; i = f.nextInst[i] as Inst | -1) {
      const inst = i as Inst
      let typed = needsType(f, inst)
      if (!typed && isPolymorphic(f, inst)) {
        const v = f.resolve(f.pool.data[f.args[inst] + formatTypeOperand[opFormat[f.op[inst]]]] as Value)
        typed = written[v] !== b
      }
      s += located || f.debugTags.size > 0 ? prefix(f, inst, indent) : '    '
      s += `${resultsText(f, inst)}${opcodeText(f, inst, typed)}${constantComment(f, inst)}\n`
      for (let k = 0, n = f.numResults(inst); k < n; k++) {
        const v = f.result(inst, k)
        written[v] = b
        s += annotations.of(v)
      }
    }
  }
  return `${s}}\n`
}
