// The operators of a wasm function body as text: byte offset, nesting, name, immediates.
//
// The body has been validated, so that every read is in bounds and every operator is known.
import {
  type Operator,
  operator,
  prefixedIndex,
  valTypeName,
  wasmFunctionName,
  type WasmModule,
} from '@k23/frontend-wasm'

type Kind = Operator['kind']

/** Reads the immediates of an operator and gives their text. */
type Immediates = (r: Body) => string

const u: Immediates = (r) => ` ${r.unsigned()}`
const two: Immediates = (r) => ` ${r.unsigned()} ${r.unsigned()}`
const none: Immediates = () => ''
const memarg: Immediates = (r) => {
  const flags = Number(r.unsigned())
  const memory = (flags & 64) !== 0 ? ` (memory ${r.unsigned()})` : ''
  const offset = r.unsigned()
  return `${memory}${offset === 0n ? '' : ` offset=${offset}`} align=${1 << (flags & 63)}`
}

// biome-ignore format: table
const immediates: ReadonlyMap<Kind, Immediates> = new Map<Kind, Immediates>([
  ['block',                blockType],
  ['loop',                 blockType],
  ['if',                   blockType],
  ['br',                   u],
  ['br_if',                u],
  ['br_table',             (r) => Array.from({ length: Number(r.unsigned()) + 1 }, () => ` ${r.unsigned()}`).join('')],
  ['call',                 callee],
  ['return_call',          callee],
  ['call_indirect',        (r) => ` (type ${r.unsigned()}) (table ${r.unsigned()})`],
  ['return_call_indirect', (r) => ` (type ${r.unsigned()}) (table ${r.unsigned()})`],
  ['select_t',             (r) => Array.from({ length: Number(r.unsigned()) }, () => ` ${valTypeName(r.byte())}`).join('')],
  ['local.get',            u],
  ['local.set',            u],
  ['local.tee',            u],
  ['global.get',           u],
  ['global.set',           u],
  ['table.get',            u],
  ['table.set',            u],
  ['load',                 memarg],
  ['store',                memarg],
  ['memory.size',          u],
  ['memory.grow',          u],
  ['i32.const',            (r) => ` ${r.signed()}`],
  ['i64.const',            (r) => ` ${r.signed()}`],
  ['f32.const',            (r) => ` ${r.float(4)}`],
  ['f64.const',            (r) => ` ${r.float(8)}`],
  ['ref.null',             (r) => ` ${valTypeName(r.byte())}`],
  ['ref.func',             u],
  ['memory.init',          two],
  ['data.drop',            u],
  ['memory.copy',          two],
  ['memory.fill',          u],
  ['table.init',           two],
  ['elem.drop',            u],
  ['table.copy',           two],
  ['table.grow',           u],
  ['table.size',           u],
  ['table.fill',           u],
  ['v128.const',           (r) => ` ${r.bytes(16)}`],
  ['i8x16.shuffle',        (r) => Array.from({ length: 16 }, () => ` ${r.byte()}`).join('')],
  ['extract_lane',         (r) => ` ${r.byte()}`],
  ['replace_lane',         (r) => ` ${r.byte()}`],
  ['load_lane',            (r) => `${memarg(r)} ${r.byte()}`],
  ['store_lane',           (r) => `${memarg(r)} ${r.byte()}`],
])

/** A type index, one result type, or nothing. */
function blockType(r: Body): string {
  const code = r.signed()
  if (code === -64n) return ''
  return code >= 0n ? ` (type ${code})` : ` (result ${valTypeName(Number(code) & 0x7f)})`
}

function callee(r: Body): string {
  const index = Number(r.unsigned())
  const name = wasmFunctionName(r.module.info, index)
  return ` ${index}${name === undefined ? '' : `  ;; $${name}`}`
}

class Body {
  readonly module: WasmModule
  pos: number
  constructor(module: WasmModule, pos: number) {
    this.module = module
    this.pos = pos
  }

  byte(): number {
    return this.module.bytes[this.pos++]
  }

  /** As a hexadecimal number, the last byte first. */
  bytes(n: number): string {
    const digits = Array.from({ length: n }, () => this.byte().toString(16).padStart(2, '0'))
    return `0x${digits.reverse().join('')}`
  }

  unsigned(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const b = this.byte()
      value |= BigInt(b & 127) << shift
      if (b < 128) return value
    }
  }

  signed(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const b = this.byte()
      value |= BigInt(b & 127) << shift
      if (b < 128) return BigInt.asIntN(Number(shift) + 7, value)
    }
  }

  float(bytes: 4 | 8): string {
    const { buffer, byteOffset } = this.module.bytes
    const view = new DataView(buffer, byteOffset)
    const value = bytes === 4 ? view.getFloat32(this.pos, true) : view.getFloat64(this.pos, true)
    this.pos += bytes
    return Object.is(value, -0) ? '-0' : String(value)
  }
}

/** Listing of function `index` (imports counted). */
export function operatorListing(module: WasmModule, index: number): string {
  const { info, bodies } = module
  const { start, end } = bodies[index - info.numImportedFunctions]
  const type = info.types[info.functions[index]]
  const lines = [
    `func ${index}: [${type.params.map(valTypeName).join(' ')}] -> [${type.results.map(valTypeName).join(' ')}]`,
  ]
  const r = new Body(module, start)
  let local = type.params.length
  for (let groups = Number(r.unsigned()); groups > 0; groups--) {
    const at = r.pos
    const count = Number(r.unsigned())
    const t = valTypeName(r.byte())
    lines.push(`${offset(at)}  local ${count === 1 ? local : `${local}..${local + count - 1}`}: ${t}`)
    local += count
  }
  let depth = 0
  while (r.pos < end) {
    const at = r.pos
    const opcode = r.byte()
    const op = operator(opcode === 0xfc || opcode === 0xfd ? prefixedIndex(opcode, Number(r.unsigned())) : opcode)
    if (op === undefined) break
    if (op.kind === 'end' || op.kind === 'else') depth--
    lines.push(`${offset(at)}  ${'  '.repeat(Math.max(0, depth))}${op.name}${(immediates.get(op.kind) ?? none)(r)}`)
    if (op.kind === 'block' || op.kind === 'loop' || op.kind === 'if' || op.kind === 'else') depth++
  }
  return lines.join('\n')
}

function offset(at: number): string {
  return at.toString(16).padStart(6, '0')
}
