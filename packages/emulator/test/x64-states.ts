// Random and edge states for single x64 instructions: registers, flags, memory, and operands that fit together.
import { U8Vec } from '@k23/entity'
import { decode, decodedLength, encode, print, rows, vocabulary } from '@k23/isa-x64/insts'
import { type CompiledX64Row, MEM_LABEL, MEM_REGISTERS, NO_REG, type X64Operand } from '@k23/machinst/rows'
import { compileX64Table } from '@k23/machinst/rows/compiler'
import type { X64EagerOperand } from '../src/x64/eager.ts'
import { ALL_FLAGS } from '../src/x64/flags.ts'
import { x64Semantics } from '../src/x64/semantics.ts'
import { type VectorBinding, vectorBindings } from '../src/x64/vector/binding.ts'
import { type Random, randomFloatBits, randomValue } from './states.ts'

/** Addresses on the CPU and in the emulator: a page for the instruction, a page of data with nothing behind it. */
export const CODE = 0x20000000
export const DATA = 0x10000000
export const PAGE = 4096
export const IMAGE_BYTES = 128

export const compiledRows: readonly CompiledX64Row[] = compileX64Table(rows, vocabulary)
const bindings = vectorBindings(compiledRows)
/** How the vector unit runs a row; undefined for rows with a body of their own. */
export const bindingOf = (row: CompiledX64Row): VectorBinding | undefined =>
  row.id in x64Semantics ? undefined : bindings.get(row)
export const semanticRows: readonly CompiledX64Row[] = compiledRows.filter(
  (row) => row.id in x64Semantics || bindings.has(row),
)

export interface X64Case {
  readonly row: CompiledX64Row
  readonly operands: Readonly<Record<string, X64EagerOperand>>
  readonly text: string
  readonly code: Uint8Array
  /** Address of the instruction. */
  readonly pc: number
  readonly gpr: readonly bigint[]
  readonly xmm: readonly bigint[]
  readonly flags: number
  /** Bytes of the data page from imageAt on; the others are 0. */
  readonly imageAt: number
  readonly image: Uint8Array
  /** Address that the memory operand, or the stack, has; it may fault. */
  readonly address: bigint
  /** Flags that are not compared with a CPU beside those undefined: results that the manual leaves undefined altogether. */
  readonly unpredictable: boolean
}

const LONGEST = 15
const RSP = 4
const RBP = 5
/** Instructions that use the stack; `leave` through rbp. */
const STACK = /^(pushq|popq|call|ret|leave)/

const wrap = (v: bigint): bigint => BigInt.asUintN(64, v)

/** One vector register: integers of some width, or floats of some width, edges and random. */
function randomVector(random: Random): bigint {
  const kind = random.below(8)
  const width = [8, 16, 32, 64, 16, 32, 64, 32][kind]
  let v = 0n
  for (let at = 0; at < 128; at += width) {
    const lane =
      kind < 4
        ? random.below(2) === 0
          ? randomValue(random)
          : (BigInt(random.next()) << 32n) | BigInt(random.next())
        : randomFloatBits(random, width)
    v |= BigInt.asUintN(width, lane) << BigInt(at)
  }
  return v
}

function randomBits(random: Random): bigint {
  let v = 0n
  for (let k = 0; k < 4; k++) v = (v << 32n) | BigInt(random.next())
  return v
}

function randomImmediate(random: Random, o: X64Operand): number {
  const { entry } = o
  if (entry.kind !== 'immediate') throw new Error(`${o.name} is no immediate`)
  if (entry.max <= 255 && entry.min >= 0) return random.below(entry.max + 1)
  const edges = [entry.min, entry.max, 0, 1, -1, ...(entry.edges ?? [])].filter((e) => e >= entry.min && e <= entry.max)
  const v = random.below(2) === 0 ? random.pick(edges) : random.next() >> random.below(32)
  const clamped = Math.max(entry.min, Math.min(entry.max, v))
  // The word is signed where the field is.
  return entry.signed && entry.bytes < 4 ? (clamped << (32 - 8 * entry.bytes)) >> (32 - 8 * entry.bytes) : clamped
}

/** A random case of a row; 16 numbers after each other have all conditions. */
export function randomCase(random: Random, row: CompiledX64Row, number: number): X64Case {
  const words = new Int32Array(24)
  words[0] = row.opcode | (row.words << 16)
  const gpr = Array.from({ length: 16 }, () => randomValue(random))
  // Vectors that instructions look into, or just bits.
  const looks = row.operands.some((o) => o.entry.kind === 'register' && o.entry.bank === 1)
  const vector = (): bigint => (looks ? randomVector(random) : randomBits(random))
  const xmm = Array.from({ length: 16 }, vector)
  const bytes = row.operands.find((o) => o.entry.kind === 'memory')
  const accessed = bytes?.entry.kind === 'memory' ? Math.max(bytes.entry.bytes, 1) : 8

  // Where memory is touched: mostly in the middle of the page, at times across its end or nowhere.
  const kind = random.below(16)
  let address = BigInt(DATA) + BigInt(1024 + random.below(256))
  if (kind < 10 || (row.aligned && kind < 14)) address -= address % 16n
  else if (kind === 14) address = BigInt(DATA + PAGE - random.below(accessed + 2))
  else if (kind === 15)
    address = random.below(2) === 0 ? 0x30000000n + BigInt(random.below(4096)) : randomValue(random) | (1n << 47n)

  const codeAt = CODE + 512 + random.below(64)
  const solve: (() => void)[] = []
  for (const o of row.operands) {
    const { entry } = o
    if (entry.kind === 'register') {
      const number = entry.fixed ?? random.below(16)
      words[o.word] = (entry.bank * 64 + number) * 2
      if (o.role === 'readwrite') words[o.word + 1] = words[o.word]
    } else if (entry.kind === 'immediate') {
      if (entry.label === true) {
        // Not into the instruction itself.
        const distance = random.below(800) - 400
        words[o.word] = distance < 0 ? distance - LONGEST : distance
      } else {
        words[o.word] = o.name === 'cc' ? number & 15 : randomImmediate(random, o)
        if (entry.bytes === 8) {
          words[o.word] = random.next() | 0
          words[o.word + 1] = random.next() | 0
        }
      }
    } else solve.push(() => placeMemory(random, words, o.word, gpr, address, row))
  }
  for (const f of solve) f()
  if (STACK.test(row.id)) stackState(random, row, words, gpr, address)
  for (const o of row.operands) {
    // Indirect jumps go to the page of code.
    if (o.name !== 'target' || o.entry.kind !== 'register') continue
    if (words[o.word] === RSP * 2) words[o.word] = RBP * 2
    gpr[(words[o.word] >> 1) & 15] = BigInt(CODE + random.below(PAGE - 64))
  }
  const image = new Uint8Array(IMAGE_BYTES)
  for (let at = 0; at < IMAGE_BYTES; at += 16) {
    const v = vector()
    for (let k = 0; k < 16; k++) image[at + k] = Number((v >> BigInt(8 * k)) & 0xffn)
  }
  const imageAt = Math.max(0, Math.min(PAGE - IMAGE_BYTES, Number(BigInt.asIntN(32, address - BigInt(DATA))) - 64))
  const targetInMemory = /^(ret|jmp_m|call_m)/.test(row.id)
  if (targetInMemory) {
    const at = Number(address - BigInt(DATA)) - imageAt
    const target = BigInt(CODE + random.below(PAGE - 64))
    for (let k = 0; k < 8; k++)
      if (at + k >= 0 && at + k < IMAGE_BYTES) image[at + k] = Number((target >> BigInt(8 * k)) & 0xffn)
  }
  relocate(words, row, codeAt, address)
  const code = encoded(words)
  const divides = /^i?div/.test(row.id)
  if (divides && random.below(4) !== 0)
    tameDivision(random, row, words, gpr, image, Number(address - BigInt(DATA)) - imageAt)
  return {
    row,
    operands: operandsOf(row, code, codeAt),
    text: print(words, 0),
    code,
    pc: codeAt,
    gpr,
    xmm,
    flags: random.next() & ALL_FLAGS,
    imageAt,
    image,
    address,
    unpredictable: /^sh[lr]dw/.test(row.id) && shiftCount(row, words, gpr) > 16,
  }
}

function shiftCount(row: CompiledX64Row, words: Int32Array, gpr: readonly bigint[]): number {
  const imm = row.operands.find((o) => o.name === 'imm')
  return (imm === undefined ? Number(gpr[1] & 31n) : words[imm.word]) & 31
}

/** Fills the four words of a memory operand whose address is `address`, changing registers so that it is. */
function placeMemory(
  random: Random,
  words: Int32Array,
  at: number,
  gpr: bigint[],
  address: bigint,
  row: CompiledX64Row,
): void {
  const form = random.below(8)
  const popped = row.id === 'popq_m' // rsp as a base is 8 higher there
  const disp = random.pick([0, 0, 8, -8, 127, -128, 128, 0x12345, -0x12345, random.next() >> random.below(32)])
  words[at + 1] = NO_REG
  words[at + 2] = MEM_REGISTERS << 4
  if (form === 7) {
    // Relative to the instruction's end, once its length is known.
    words[at] = NO_REG
    words[at + 2] = MEM_LABEL << 4
    words[at + 3] = 0
    return
  }
  words[at + 3] = disp
  if (form === 6) {
    words[at] = NO_REG
    words[at + 3] = Number(BigInt.asIntN(32, address))
    if (form === 6 && random.below(2) === 0) return
  }
  // Registers that the instruction reads for other reasons are left as they are where that is a fixed meaning.
  const free = (r: number): boolean => !(popped && r === RSP) && !(STACK.test(row.id) && r === RSP)
  const pickFree = (): number => {
    for (;;) {
      const r = random.below(16)
      if (free(r)) return r
    }
  }
  const base = form === 6 ? undefined : pickFree()
  let rest = wrap(address - BigInt(words[at + 3]))
  if (form >= 3) {
    let index = pickFree()
    while (index === RSP || index === base) index = pickFree()
    const shift = random.below(4)
    words[at + 1] = index * 2
    words[at + 2] |= shift
    if (base === undefined) {
      gpr[index] = 0n
      rest = 0n
    } else if (random.below(2) === 0) gpr[index] = BigInt(random.below(200))
    rest = wrap(rest - (gpr[index] << BigInt(shift)))
  }
  if (base !== undefined) {
    words[at] = base * 2
    gpr[base] = rest
  }
}

/** Distances that depend on the encoding's length. */
function relocate(words: Int32Array, row: CompiledX64Row, codeAt: number, address: bigint): void {
  const memory = row.operands.find((o) => o.entry.kind === 'memory')
  if (memory === undefined || words[memory.word + 2] >> 4 !== MEM_LABEL) return
  const length = encoded(words).length
  words[memory.word + 3] = Number(BigInt.asIntN(32, address - BigInt(codeAt + length)))
}

/** Points rsp (or rbp, for leave) at the data, a push's at its end. */
function stackState(random: Random, row: CompiledX64Row, words: Int32Array, gpr: bigint[], address: bigint): void {
  const pushes = /^(pushq|call)/.test(row.id)
  const memory = row.operands.find((o) => o.entry.kind === 'memory')
  // With a memory operand, that has the address already.
  const at = memory === undefined ? address : BigInt(DATA + 1024 + 64 + 8 * random.below(4))
  gpr[row.id === 'leave' ? RBP : RSP] = pushes ? wrap(at + 8n) : at
  void words
}

/** Operands of a division whose quotient fits: small upper halves, divisors that are not 0. */
function tameDivision(
  random: Random,
  row: CompiledX64Row,
  words: Int32Array,
  gpr: bigint[],
  image: Uint8Array,
  at: number,
): void {
  const signed = row.id.startsWith('idiv')
  const divisor = BigInt(1 + random.below(200)) * (signed && random.below(2) === 0 ? -1n : 1n)
  const src = row.operands.find((o) => o.name === 'src' && o.entry.kind === 'register')
  const number = src === undefined ? undefined : (words[src.word] >> 1) & 15
  if (number === 0 || number === 2) return
  if (number !== undefined) gpr[number] = wrap(divisor)
  else if (
    row.operands.every(
      (o) => o.entry.kind !== 'memory' || [words[o.word], words[o.word + 1]].every((r) => r !== 0 && r !== 4),
    )
  )
    for (let k = 0; k < 8; k++)
      if (at + k >= 0 && at + k < IMAGE_BYTES) image[at + k] = Number((wrap(divisor) >> BigInt(8 * k)) & 0xffn)
  const usesRegisters = row.operands.some(
    (o) => o.entry.kind === 'memory' && [words[o.word], words[o.word + 1]].some((r) => r === 0 || r === 4),
  )
  if (usesRegisters) return
  const negative = signed && random.below(2) === 0
  gpr[2] = negative ? 0xffffffffffffffffn : BigInt(random.below(2))
  if (row.id.includes('divb')) gpr[0] = (gpr[0] & ~0xff00n) | (negative ? 0xff00n : 0n)
}

export function encoded(words: Int32Array): Uint8Array {
  const buf = new U8Vec()
  const patch = encode(words, 0, buf)
  const code = buf.data.slice(0, buf.length)
  if (patch !== 0) {
    // A label's distance is the caller's business: here it stands in the word.
    const row = compiledRows[words[0] & 0xffff]
    const label = row.operands.find((o) => o.entry.kind === 'immediate' && o.entry.label === true)
    const memory = row.operands.find((o) => o.entry.kind === 'memory')
    const distance = label !== undefined ? words[label.word] : memory !== undefined ? words[memory.word + 3] : 0
    for (let k = 0; k < 4; k++) code[patch + k] = distance >> (8 * k)
  }
  return code
}

/** Operands of an encoded instruction for the eager evaluator, by the decoder. */
export function operandsOf(row: CompiledX64Row, code: Uint8Array, pc: number): Record<string, X64EagerOperand> {
  const words = new Int32Array(24)
  if (decode(code, 0, words) === 0)
    throw new Error(`${row.id} does not decode: ${[...code].map((c) => c.toString(16))}`)
  if ((words[0] & 0xffff) !== row.opcode) throw new Error(`${row.id} decodes as ${compiledRows[words[0] & 0xffff].id}`)
  const next = BigInt(pc + decodedLength())
  const operands: Record<string, X64EagerOperand> = {}
  for (const o of row.operands) {
    const { entry, word } = o
    if (entry.kind === 'register') {
      operands[o.name] = { kind: entry.bank === 0 ? 'gpr' : 'xmm', number: (words[word] >> 1) & 15 }
    } else if (entry.kind === 'immediate') {
      operands[o.name] = { kind: 'imm', value: words[word], ...(entry.bytes === 8 ? { upper: words[word + 1] } : {}) }
    } else {
      const [base, index, mode, disp] = words.subarray(word, word + 4)
      const relative = mode >> 4 === MEM_LABEL
      operands[o.name] = {
        kind: 'mem',
        ...(base === NO_REG ? {} : { base: (base >> 1) & 15 }),
        ...(index === NO_REG ? {} : { index: (index >> 1) & 15 }),
        shift: mode & 3,
        disp: relative ? next + BigInt(disp) : BigInt(disp),
      }
    }
  }
  return operands
}
