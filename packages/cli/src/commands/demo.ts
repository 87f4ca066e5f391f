// What `npm start` runs: the deflate/inflate module of zip.js, compiled for every target that has a back end, run on its emulator and, for the host's own, on the
// host's CPU. Node's zlib inflates what the machine deflated, the machine inflates what Node's zlib deflated, and V8 runs the same module: all must
// agree byte for byte.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { initialize, instantiateZip, transform, zipModule, type ZlibInstance } from '@k23/bench'
import { compile, targets } from '@k23/codegen'
import pc from 'picocolors'
import { EXIT_FAILED } from '../failure.ts'
import { checkFeatures, machineMaker } from '../machine.ts'
import { type CommonOptions, compileOptions, type Exec, execOf } from '../options.ts'
import { progress } from '../progress.ts'
import { demoText } from '../text/demo-text.ts'
import { plainTable, rate, size } from '../text/table.ts'

interface Run {
  readonly ms: number
  readonly instructions: number
}

/** The module on one machine. */
interface Machines {
  readonly deflate: Run
  readonly inflate: Run
}

interface Result {
  readonly target: string
  readonly functions: number
  readonly codeBytes: number
  readonly firstCompileMs: number
  readonly compileMs: number
  readonly emulated: Machines
  /** Undefined where the host cannot. */
  readonly native: Machines | undefined
  readonly deflatedBytes: number
  /** Each comparison by name. */
  readonly equal: Readonly<Record<string, boolean>>
}

const WARM_RUNS = 5

export async function run(options: CommonOptions): Promise<void> {
  const started = performance.now()
  const wasm = zipModule()
  const text = demoText()
  const shown = progress()
  const names = options.target === undefined ? Object.keys(targets) : [compileOptions(options).target]
  const results: Result[] = []
  for (const target of names) {
    shown.step(`compiling for ${target} and running`)
    results.push(await measure(wasm, text, { ...options, target }))
  }
  shown.done()
  const good = results.every((r) => Object.values(r.equal).every(Boolean))
  if (!good) process.exitCode = EXIT_FAILED
  if (options.json === true) {
    process.stdout.write(
      `${JSON.stringify({ wasmBytes: wasm.length, inputBytes: text.bytes.length, results, equal: good })}\n`,
    )
    return
  }
  process.stdout.write(`
The deflate/inflate module of the npm package zip.js: ${size(wasm.length)} bytes of WebAssembly, compiled to machine code
by this checkout and run. Input: ${text.what}, ${size(text.bytes.length)} bytes.

${table(results, wasm.length, text.bytes.length)}

${verdict(results, good, performance.now() - started)}
`)
}

async function measure(
  wasm: Uint8Array,
  text: { bytes: Uint8Array },
  options: CommonOptions & { target: string },
): Promise<Result> {
  const { target } = options
  const compiler = compileOptions(options)
  const start = performance.now()
  const module = compile(wasm, compiler)
  const firstCompileMs = performance.now() - start
  const input = text.bytes
  const expected = onV8(wasm, input)
  const stored = new Uint8Array(deflateRawSync(input))
  const equal: Record<string, boolean> = {}
  let deflatedBytes = 0

  const on = async (exec: Exec, where: string): Promise<Machines> => {
    const machine = (await machineMaker(target, exec))()
    checkFeatures(machine, target, compiler.features)
    const zip = instantiateZip(module, machine)
    initialize(zip)
    const timed = (direction: 'deflate' | 'inflate', bytes: Uint8Array): { output: Uint8Array; run: Run } => {
      const from = performance.now()
      const before = zip.instructions
      const output = transform(zip, direction, bytes)
      return { output, run: { ms: performance.now() - from, instructions: zip.instructions - before } }
    }
    const deflated = timed('deflate', input)
    const inflated = timed('inflate', stored)
    deflatedBytes = deflated.output.length
    equal[`Node's zlib inflates what ${where} deflated`] = same(nodeInflate(deflated.output), input)
    equal[`${where} inflates what Node's zlib deflated`] = same(inflated.output, input)
    equal[`V8 running the module deflates to the same bytes as ${where}`] = same(expected, deflated.output)
    return { deflate: deflated.run, inflate: inflated.run }
  }
  const emulated = await on('emu', 'the emulator')
  const native = execOf({}, target) === 'native' ? await on('native', "the host's CPU") : undefined

  const times = Array.from({ length: WARM_RUNS }, () => {
    const from = performance.now()
    compile(wasm, compiler)
    return performance.now() - from
  })
  return {
    target,
    functions: module.wasm?.functions.length ?? 0,
    codeBytes: module.image.length,
    firstCompileMs,
    compileMs: Math.min(...times),
    emulated,
    native,
    deflatedBytes,
    equal,
  }
}

function nodeInflate(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return new Uint8Array(inflateRawSync(bytes))
  } catch {
    return undefined // no deflate stream at all
  }
}

function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((x, i) => x === b[i])
}

/** The same module, deflating on the engine that runs this program. */
function onV8(wasm: Uint8Array, input: Uint8Array): Uint8Array {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>))
  const memory = exports.memory as WebAssembly.Memory
  const zip: ZlibInstance = {
    call: (name, ...args) => (exports[name] as (...args: number[]) => number | undefined)(...args) ?? 0,
    write: (address, bytes) => new Uint8Array(memory.buffer).set(bytes, address),
    read: (address, length) => new Uint8Array(memory.buffer).slice(address, address + length),
  }
  initialize(zip)
  return transform(zip, 'deflate', input)
}

function table(results: readonly Result[], wasmBytes: number, inputBytes: number): string {
  const rows = plainTable(['', ...results.map((r) => r.target)], 1)
  const line = (name: string, of: (r: Result) => string): void => {
    rows.push([name, ...results.map(of)])
  }
  const ms = (n: number): string => `${n < 10 ? n.toFixed(2) : n.toFixed(0)} ms`
  const mips = (r: Run): string => `${(r.instructions / 1e3 / r.ms).toFixed(0)} MIPS`
  line('functions', (r) => size(r.functions))
  line('machine code', (r) => `${size(r.codeBytes)} bytes`)
  line('compiled, first time', (r) => ms(r.firstCompileMs))
  line('compiled, warm', (r) => ms(r.compileMs))
  line('  of wasm', (r) => `${rate(wasmBytes / 1e3 / r.compileMs)} MB/s`)
  line('deflated to', (r) => `${size(r.deflatedBytes)} bytes`)
  line('  ratio', (r) => (inputBytes / r.deflatedBytes).toFixed(2))
  for (const what of ['deflate', 'inflate'] as const) {
    line(`${what}: instructions`, (r) => size(r.emulated[what].instructions))
    line('  emulator', (r) => `${ms(r.emulated[what].ms)}, ${mips(r.emulated[what])}`)
    line("  host's CPU", (r) => (r.native === undefined ? '-' : ms(r.native[what].ms)))
    line('  times faster', (r) => (r.native === undefined ? '-' : (r.emulated[what].ms / r.native[what].ms).toFixed(1)))
  }
  line('result equal', (r) => (Object.values(r.equal).every(Boolean) ? pc.green('yes') : pc.red('no')))
  return rows.toString()
}

function verdict(results: readonly Result[], good: boolean, ms: number): string {
  const checks = results.flatMap((r) =>
    Object.entries(r.equal).map(
      ([what, ok]) => `${ok ? pc.green('✓') : pc.red('✗')} ${results.length > 1 ? `${r.target}: ` : ''}${what}`,
    ),
  )
  const last = good ? pc.green(pc.bold('✓ all results are equal')) : pc.red(pc.bold('✗ a result is not equal'))
  return `${checks.join('\n')}\n${last} (${(ms / 1000).toFixed(1)} s)`
}
