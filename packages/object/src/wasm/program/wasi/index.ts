// WASI preview 1 for executables, by system calls: only what a module imports is in its program.
import { F32, F64, I64, type FuncType } from '@k23/frontend-wasm/runtime-abi'
import type { Func } from '@k23/ir'
import type { Datum } from '../../../compose.ts'
import { importSymbol, type Plan } from '../../plan.ts'
import type { Builder } from '../runtime.ts'
import { errnoData, NOSYS } from './errno.ts'
import { fileData, fileRows } from './files.ts'
import { pathData, pathFunctions, pathRows } from './paths.ts'
import { processData, processRows } from './process.ts'
import { type Row, wasiFunction } from './routine.ts'

export { CURRENT } from './files.ts'
export { ARGUMENT_COUNT, ARGUMENT_VECTOR, ARGUMENTS, noteArguments } from './process.ts'

export const WASI_MODULE = 'wasi_snapshot_preview1'
/** Where a benchmark's time begins and ends: nothing happens there. */
const BENCH_MODULE = 'bench'

/** Functions that are refused at run time: there are no sockets, and no signals. */
// biome-ignore format: table
const refused: readonly Row[] = [
  ['proc_raise', 'i'], ['sock_accept', 'iii'], ['sock_recv', 'iiiiii'], ['sock_send', 'iiiii'], ['sock_shutdown', 'ii'],
].map(([name, params]) => ({ name, params, body: (r) => r.failWith(NOSYS) }))

const rows: ReadonlyMap<string, Row> = new Map(
  [...processRows, ...fileRows, ...pathRows, ...refused].map((r) => [r.name, r]),
)

export function wasiData(): Datum[] {
  return [errnoData(), ...processData(), ...fileData(), ...pathData()]
}

/** The functions that the module imports. Throws RangeError for what an executable does not have. */
export function wasiFunctions(plan: Plan, b: Builder): Func[] {
  const { info } = plan
  const out: Func[] = []
  const made = new Set<string>()
  for (const i of info.imports) {
    if (i.kind !== 'func')
      throw new RangeError(
        `the import ${i.module}.${i.name} is a ${i.kind}: an executable has WASI's functions and no others`,
      )
    const row = i.module === BENCH_MODULE ? benchRow(i.name) : i.module === WASI_MODULE ? rows.get(i.name) : undefined
    if (row === undefined)
      throw new RangeError(
        `the import ${i.module}.${i.name} is no function that an executable has: it has ${WASI_MODULE}, and bench`,
      )
    const type = info.types[info.functions[i.index]]
    if (shapeOf(type) !== shape(row))
      throw new RangeError(`the import ${i.module}.${i.name} has another type than WASI's`)
    const symbol = importSymbol(i)
    if (made.has(symbol)) continue
    made.add(symbol)
    out.push(wasiFunction(row, symbol, plan, b))
  }
  return [...out, ...pathFunctions(b)]
}

function benchRow(name: string): Row | undefined {
  return name === 'start' || name === 'end' ? { name, params: '', result: false, body: () => {} } : undefined
}

const shape = (row: Row): string => `${row.params}>${row.result === false ? '' : 'i'}`

function shapeOf(t: FuncType): string {
  const letter = (x: number): string => (x === I64 ? 'I' : x === F32 || x === F64 ? 'f' : 'i')
  return `${t.params.map(letter).join('')}>${t.results.map(letter).join('')}`
}
