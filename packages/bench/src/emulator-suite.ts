// How fast the emulator runs: millions of guest instructions per second, on loops in CLIF and on the zip.js module.
//
// Each loop is first run with a small count and compared with the CLIF interpreter, so that no speed of a wrong result is ever reported.
import { isDeepStrictEqual } from 'node:util'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { compile, type CompileOptions } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { dataValue, I64, parseFunctions, unsignedBits } from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { type Machine, placeImage, RETURNED, trapKindNames } from '@k23/machine'
import { initialize, transform } from './deflate.ts'
import { median, repeated, timed } from './measure.ts'
import { sampleText } from './sample.ts'
import { instantiateZip } from './zip-instance.ts'
import { zipModule } from './zip-module.ts'

export interface EmulatorRow {
  readonly program: string
  readonly target: string
  /** Guest instructions of one run. */
  readonly instructions: number
  readonly ms: number
  readonly mips: number
}

export interface EmulatorSuiteOptions {
  readonly compile: CompileOptions & { target: string }
  readonly runs: number
  /** Only the program with this name. */
  readonly only?: string
  readonly step?: (text: string) => void
}

interface Loop {
  readonly name: string
  /** A function `%main(i64) -> i64`. */
  readonly clif: string
  /** Argument of the comparison with the interpreter, and of the measurement. */
  readonly small: number
  readonly large: number
}

const mix = `function %main(i64) -> i64 system_v {
block0(v0: i64):
    v1 = iconst.i64 88172645463325252
    v2 = iconst.i64 13
    v3 = iconst.i64 7
    v4 = iconst.i64 17
    v5 = iconst.i64 -1
    jump block1(v0, v1)
block1(v6: i64, v7: i64):
    v8 = ishl v7, v2
    v9 = bxor v7, v8
    v10 = ushr v9, v3
    v11 = bxor v9, v10
    v12 = ishl v11, v4
    v13 = bxor v11, v12
    v14 = iadd v6, v5
    brif v14, block1(v14, v13), block2
block2:
    return v13
}`

const memory = `function %main(i64) -> i64 system_v {
    ss0 = explicit_slot 4096
block0(v0: i64):
    v1 = stack_addr.i64 ss0
    v2 = iconst.i64 0
    v3 = iconst.i64 8
    v4 = iconst.i64 4096
    v5 = iconst.i64 40
    v6 = iconst.i64 4088
    v7 = iconst.i64 -1
    jump block1(v2)
block1(v8: i64):
    v9 = iadd v1, v8
    store v8, v9
    v10 = iadd v8, v3
    v11 = icmp ult v10, v4
    brif v11, block1(v10), block2(v0, v2)
block2(v12: i64, v13: i64):
    v14 = imul v12, v5
    v15 = band v14, v6
    v16 = iadd v1, v15
    v17 = load.i64 v16
    v18 = iadd v13, v17
    store v18, v16
    v19 = iadd v12, v7
    brif v19, block2(v19, v18), block3
block3:
    return v18
}`

const calls = `function %main(i64) -> i64 system_v {
    fn0 = colocated %main(i64) -> i64 system_v
block0(v0: i64):
    v1 = iconst.i64 2
    v2 = icmp ult v0, v1
    brif v2, block1, block2
block1:
    return v0
block2:
    v3 = iconst.i64 -1
    v4 = iadd v0, v3
    v5 = call fn0(v4)
    v6 = iconst.i64 -2
    v7 = iadd v0, v6
    v8 = call fn0(v7)
    v9 = iadd v5, v8
    return v9
}`

const loops: readonly Loop[] = [
  { name: 'integer mix', clif: mix, small: 1000, large: 1_000_000 },
  { name: 'load, add, store', clif: memory, small: 1000, large: 1_000_000 },
  { name: 'recursive fib', clif: calls, small: 12, large: 25 },
]

export function emulatorSuite(options: EmulatorSuiteOptions): EmulatorRow[] {
  const rows: EmulatorRow[] = []
  const wanted = (name: string): boolean => options.only === undefined || options.only === name
  for (const loop of loops) {
    if (!wanted(loop.name)) continue
    options.step?.(`emulator ${loop.name}`)
    rows.push(measureLoop(loop, options))
  }
  for (const direction of ['deflate', 'inflate'] as const) {
    if (!wanted(`zip.js ${direction}`)) continue
    options.step?.(`emulator zip.js ${direction}`)
    rows.push(measureZip(direction, options))
  }
  return rows
}

function row(program: string, target: string, instructions: number, times: readonly number[]): EmulatorRow {
  const ms = median(times)
  return { program, target, instructions, ms, mips: instructions / 1e3 / ms }
}

function measureLoop(loop: Loop, options: EmulatorSuiteOptions): EmulatorRow {
  const machine = createRiscv64Machine()
  const module = compile(loop.clif, options.compile)
  const address = placeImage(machine, module) + (module.symbols.get('%main') as number)
  const hart = machine.createHart()
  const expected = interpreted(loop.clif, loop.small)
  const found = call(machine, hart, address, loop.small)
  if (found !== expected) throw new Error(`${loop.name}: the emulator gives ${found}, the interpreter ${expected}`)
  const before = hart.instructions
  call(machine, hart, address, loop.large)
  const instructions = hart.instructions - before
  const times = repeated(options.runs, () => timed(() => call(machine, hart, address, loop.large)))
  return row(loop.name, options.compile.target, instructions, times)
}

function call(machine: Machine, hart: ReturnType<Machine['createHart']>, address: number, n: number): bigint {
  machine.enter(hart, address, [n])
  const reason = machine.run(hart)
  if (reason.kind !== RETURNED)
    throw new Error(`stopped at 0x${reason.pc.toString(16)}: ${trapKindNames[reason.trapKind]}`)
  const { lo, hi } = hart.readRegister(10) // a0
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
}

function interpreted(clif: string, n: number): bigint {
  const functions = parseFunctions(clif).functions.map((f) => f.func)
  const outcome = createInterpreter(functions).invoke('main', [dataValue(I64, BigInt(n))])
  if (!('results' in outcome)) throw new Error(`the interpreter gives no result: ${JSON.stringify(outcome)}`)
  return unsignedBits(outcome.results[0])
}

function measureZip(direction: 'deflate' | 'inflate', options: EmulatorSuiteOptions): EmulatorRow {
  const text = sampleText(direction === 'deflate' ? 64 << 10 : 512 << 10)
  const input = direction === 'deflate' ? text : new Uint8Array(deflateRawSync(text))
  const zip = instantiateZip(compile(zipModule(), options.compile), createRiscv64Machine())
  initialize(zip)
  const output = transform(zip, direction, input)
  const back = direction === 'deflate' ? new Uint8Array(inflateRawSync(output)) : output
  if (!isDeepStrictEqual(back, text)) throw new Error(`${direction}: the result is wrong`)
  const before = zip.instructions
  transform(zip, direction, input)
  const instructions = zip.instructions - before
  const times = repeated(options.runs, () => timed(() => transform(zip, direction, input)))
  return row(`zip.js ${direction}`, options.compile.target, instructions, times)
}
