// k23 compile: a module or CLIF functions, to one of several forms.
import { chmodSync, writeFileSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { type CompiledModule, compile, compileAsync, type Observer, type SettingValue } from '@k23/codegen'
import { wasmFunctionName } from '@k23/frontend-wasm/runtime-abi'
import { printFunction } from '@k23/ir'
import { printVCode } from '@k23/machinst'
import { clifExecutable, objectFile, wasmExecutable, wasmLibrary } from '@k23/object'
import { EXIT_FAILED, Failure, usage } from '../failure.ts'
import { compileInput, type FileInput, readInput } from '../input.ts'
import { type CommonOptions, compileOptions } from '../options.ts'
import { isShown, shownCompilation } from '../progress.ts'
import { functionAsm, sourceName } from '../text/asm.ts'
import { targetText } from '../text/targets.ts'

type Emit = 'obj' | 'exe' | 'asm' | 'clif' | 'vcode' | 'bin'

interface Options extends CommonOptions {
  readonly output?: string
  readonly emit?: Emit
}

const endings: Readonly<Record<string, Emit>> = {
  '.o': 'obj',
  '.elf': 'exe',
  '.s': 'asm',
  '.asm': 'asm',
  '.clif': 'clif',
  '.vcode': 'vcode',
  '.bin': 'bin',
}

/** Forms that are no text. */
const binaries: ReadonlySet<Emit> = new Set<Emit>(['obj', 'exe', 'bin'])

export async function run(file: string, options: Options): Promise<void> {
  const emit = emitOf(options)
  if (binaries.has(emit) && options.output === undefined && process.stdout.isTTY === true)
    throw usage('machine code is not for a terminal: write it to a file with -o')
  if (options.json === true && options.output === undefined)
    throw usage('--json needs -o OUT: standard output has the report')
  const input = await readInput(file)
  const { output, module } = await produce(file, input, emit, options)
  if (options.output === undefined) process.stdout.write(output)
  else writeFileSync(options.output, output)
  if (emit === 'exe' && options.output !== undefined) chmodSync(options.output, 0o755)
  if (options.json === true) process.stdout.write(`${JSON.stringify(summary(file, emit, module, output.length))}\n`)
}

function emitOf(options: Options): Emit {
  if (options.emit !== undefined) return options.emit
  if (options.output === undefined) return 'asm'
  const emit = endings[extname(options.output)]
  if (emit === undefined)
    throw usage(
      `${options.output}: the ending does not say what to write: use --emit obj, exe, asm, clif, vcode or bin`,
    )
  return emit
}

/** Compiles, and makes of it what was asked for. */
async function produce(
  file: string,
  input: FileInput,
  emit: Emit,
  options: Options,
): Promise<{ output: string | Uint8Array; module: CompiledModule }> {
  const texts: string[] = []
  const wasm = input.kind === 'wasm'
  let clif = ''
  const observer: Observer | undefined =
    emit === 'vcode'
      ? {
          vcode(stage, v, isa) {
            if (stage !== 'regalloc') return
            const { registerName } = targetText(isa.name)
            texts.push(
              `; function ${v.name}\n${printVCode(v, isa, { registerName, sourceText: (loc) => sourceName(loc, wasm) })}\n`,
            )
          },
        }
      : emit === 'clif'
        ? {
            // The last pass leaves what is compiled.
            clif(_, f) {
              clif = printFunction(f)
            },
            vcode(stage) {
              if (stage === 'lower') texts.push(clif)
            },
          }
        : undefined
  const given = compileInput(input, compileOptions(options))
  // Linkers make programs at any address by default.
  const position = emit === 'obj' ? { is_pic: true } : {}
  const settings = { ...position, ...given.options.settings }
  const all = { ...given.options, settings }
  const module =
    isShown() && observer === undefined
      ? await shownCompilation(file, (onProgress) => compileAsync(given.input, { ...all, workers: 0, onProgress }))
      : compile(given.input, { ...all, ...(observer === undefined ? {} : { observer }) })
  if (emit === 'obj' || emit === 'exe') return { output: linked(file, input, emit, module, settings), module }
  if (emit === 'bin') return { output: binary(module), module }
  return { output: emit === 'asm' ? listing(module) : texts.join('\n'), module }
}

/** An object: CLIF functions by their names; of a module, an instance and what C needs to call it. Or an executable. */
function linked(
  file: string,
  input: FileInput,
  emit: 'obj' | 'exe',
  module: CompiledModule,
  settings: Readonly<Record<string, SettingValue>>,
): Uint8Array {
  const options = { source: basename(file), settings }
  try {
    if (input.kind === 'clif')
      return emit === 'obj' ? objectFile(module, options) : clifExecutable(input.functions, module, options)
    return emit === 'obj' ? wasmLibrary(module, options) : wasmExecutable(module, options)
  } catch (e) {
    if (e instanceof RangeError) throw new Failure(EXIT_FAILED, `${file}: ${e.message}`)
    throw e
  }
}

/** The code, where nothing in it waits for a symbol's address. */
function binary(module: CompiledModule): Uint8Array {
  const [first] = module.relocs
  if (first !== undefined)
    throw new Failure(
      EXIT_FAILED,
      `the code refers to ${first.symbol}, which is not in the input: plain bytes cannot say so`,
    )
  return module.image
}

function listing(module: CompiledModule): string {
  const info = module.wasm?.info
  const parts = module.functions.map((f, i) => {
    const index = i + (info?.numImportedFunctions ?? 0)
    const name = info !== undefined && index < info.functions.length ? wasmFunctionName(info, index) : undefined
    return `${functionAsm(module, f, name === undefined ? f.name : `${f.name} (${name})`)}\n`
  })
  return parts.join('\n')
}

function summary(file: string, emit: Emit, module: CompiledModule, bytes: number): object {
  return {
    file,
    target: module.target.name,
    emit,
    bytes,
    codeBytes: module.image.length,
    functions: module.functions.length,
    symbols: [...module.symbols.keys()],
  }
}
