// What a program does on a host, as lines that can be compared: the same driver for all hosts.
//
// The outcome of a program: whether it can be instantiated, the results or the trap of every call, what its imported functions were called with, the
// fuel that is left, the exported globals, the tables' elements, and the memory. Numbers are written by their bits, all NaNs alike.
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, type ValType } from '@k23/frontend-wasm'
import type { Argument, FuncType, Program } from './tree.ts'

export type HostValue = unknown

/** A host's instance. What a call throws is what the host throws. */
export interface HostInstance {
  call(name: string, args: readonly Argument[]): readonly HostValue[]
  getGlobal(name: string): HostValue
  setFuel(value: number): void
  tableSize(name: string): number
  tableGet(name: string, index: number): HostValue
  /** The exported function with this name, to know it again. */
  func(name: string): HostValue
  memory(): Uint8Array
}

export type HostFunction = (...args: HostValue[]) => HostValue

export interface Host {
  readonly name: string
  /** Throws where the module traps while it is instantiated. */
  instantiate(wasm: Uint8Array<ArrayBuffer>, imports: readonly HostImport[]): HostInstance
  /** The trap's code as our kernel names it, or several with bars between, where the host does not tell them apart; undefined for what is none. */
  trapOf(e: unknown): string | undefined
  /** Gives back what the program used. */
  release?(): void
}

export interface HostImport {
  readonly name: string
  readonly type: FuncType
  readonly run: HostFunction
}

export interface Outcome {
  readonly lines: readonly string[]
  /** At the end; undefined where there is no instance or no memory. */
  readonly memory: Uint8Array | undefined
  readonly calls: number
  readonly traps: number
}

/** Fuel of each call from the host. */
export const FUEL = 1500
/** How deep host functions call back. */
const MAX_NESTING = 2

const bits = new DataView(new ArrayBuffer(8))

class HostError extends Error {}

export function run(host: Host, program: Program, wasm: Uint8Array<ArrayBuffer>): Outcome {
  const lines: string[] = []
  let instance: HostInstance | undefined
  let nesting = 0
  let hostCalls = 0
  let traps = 0
  const names = new Map<HostValue, string>()

  const text = (type: ValType, v: HostValue): string => {
    switch (type) {
      case I32:
        return `${Number(v) | 0}`
      case I64:
        return `${BigInt.asIntN(64, v as bigint)}`
      case F32:
      case F64:
        if (Number.isNaN(v)) return 'nan'
        bits.setFloat64(0, v as number)
        return `${v as number}:${bits.getUint32(0).toString(16)}.${bits.getUint32(4).toString(16)}`
      case FUNCREF:
        return v === null ? 'null' : (names.get(v) ?? 'a function of nobody')
      default:
        return v === null ? 'null' : String(v)
    }
  }
  const list = (types: readonly ValType[], values: readonly HostValue[]): string =>
    types.map((t, i) => text(t, values[i])).join(' ')

  /** What is thrown, as a word. */
  const ending = (e: unknown): string => {
    if (e instanceof HostError) return `host error ${e.message}`
    const trap = host.trapOf(e)
    if (trap === undefined) throw e
    traps++
    return `trap ${trap}`
  }

  const callExport = (what: string, name: string, type: FuncType, args: readonly Argument[]): void => {
    const i = instance as HostInstance
    try {
      const results = i.call(name, args)
      lines.push(`${what} = ${list(type.results, results)}`)
    } catch (e) {
      lines.push(`${what}: ${ending(e)}`)
    }
  }

  const imports = program.funcs
    .filter((f) => f.body === undefined)
    .map(({ type }, i): HostImport => {
      const run = (...args: HostValue[]): HostValue => {
        const number = hostCalls++
        lines.push(`  h${i}(${list(type.params, args)})`)
        // Now and then a host function calls back, with what is thrown caught or not, or throws itself.
        const back = program.calls[number % 7]
        if (instance !== undefined && nesting < MAX_NESTING && back !== undefined && number % 3 === 1) {
          nesting++
          const name = `f${program.funcs.indexOf(back.func)}`
          try {
            if (number % 2 === 0) callExport(`  back ${name}`, name, back.func.type, back.args)
            else lines.push(`  back ${name} = ${list(back.func.type.results, instance.call(name, back.args))}`)
          } finally {
            nesting--
          }
        }
        if (number % 11 === 10) throw new HostError(`${number}`)
        const results = type.results.map((t, k) => hostResult(t, number + k))
        return results.length === 0 ? undefined : results.length === 1 ? results[0] : results
      }
      return { name: `h${i}`, type, run }
    })

  try {
    instance = host.instantiate(wasm, imports)
  } catch (e) {
    lines.push(`no instance: ${ending(e)}`)
    return { lines, memory: undefined, calls: 0, traps }
  }
  const i = instance
  program.funcs.forEach((_, n) => {
    names.set(i.func(`f${n}`), `f${n}`)
  })
  for (const { func, args } of program.calls) {
    const name = `f${program.funcs.indexOf(func)}`
    i.setFuel(FUEL)
    callExport(`${name}(${list(func.type.params, args)})`, name, func.type, args)
    lines.push(`  fuel ${i.getGlobal('fuel')}`)
  }
  program.globals.forEach((g, n) => {
    if (g.exported) lines.push(`g${n} = ${text(g.type, i.getGlobal(`g${n}`))}`)
  })
  program.tables.forEach((t, n) => {
    const size = i.tableSize(`t${n}`)
    const elements = Array.from({ length: size }, (_, k) => text(t.element, i.tableGet(`t${n}`, k)))
    lines.push(`t${n} = ${elements.join(' ')}`)
  })
  const memory = program.memories.length === 0 ? undefined : i.memory().slice()
  if (memory !== undefined) lines.push(`memory of ${memory.length} bytes`)
  return { lines, memory, calls: program.calls.length, traps }
}

/** What a host function gives at its nth call. */
function hostResult(type: ValType, n: number): HostValue {
  const word = Math.imul(n + 1, 0x9e3779b1) | 0
  switch (type) {
    case I32:
      return word >> (n % 29)
    case I64:
      return BigInt.asIntN(64, (BigInt(word) << 32n) ^ BigInt(n))
    case F32:
      return Math.fround(word / 1024)
    case F64:
      return n % 5 === 4 ? Number.NaN : word / 3
    case EXTERNREF:
      return n % 2 === 0 ? null : `x${n % 4}`
    default:
      return null
  }
}

/** Equal, but that a trap may be any of those that the other side names. */
function sameLine(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  const [head, codes] = a.split(': trap ')
  const [otherHead, otherCodes] = b.split(': trap ')
  if (head !== otherHead || codes === undefined || otherCodes === undefined) return false
  return codes.split('|').some((code) => otherCodes.split('|').includes(code))
}

/** The first difference between two outcomes, or undefined. `a` is what should be. */
export function difference(a: Outcome, b: Outcome): string | undefined {
  for (let i = 0; i < Math.max(a.lines.length, b.lines.length); i++) {
    if (sameLine(a.lines[i], b.lines[i])) continue
    return `line ${i + 1} of the outcome\nexpected ${a.lines[i]?.trim() ?? 'the end'}\nfound    ${b.lines[i]?.trim() ?? 'the end'}`
  }
  const [m, n] = [a.memory, b.memory]
  if (m === undefined || n === undefined) return undefined
  for (let at = 0; at < m.length; at++)
    if (m[at] !== n[at]) return `memory at ${at}\nexpected ${m[at]}\nfound    ${n[at]}`
  return undefined
}
