// k23 explain: one function through every stage, as text.
import { CodegenError, type CompiledModule, compile, type Observer } from '@k23/codegen'
import { decodeModule, validateFunction, WasmError, wasmFunctionName } from '@k23/frontend-wasm'
import { type Func, functionNameText, printFunction } from '@k23/ir'
import { printVCode } from '@k23/machinst'
import pc from 'picocolors'
import { usage } from '../failure.ts'
import { type ClifInput, compileInput, type FileInput, readInput } from '../input.ts'
import { type CommonOptions, compileOptions } from '../options.ts'
import { functionAsm, sourceName } from '../text/asm.ts'
import { findWasmFunction } from '../text/function-names.ts'
import { targetText } from '../text/targets.ts'

interface Options extends CommonOptions {
  readonly func: string
}

interface Stage {
  readonly stage: string
  readonly title: string
  readonly text: string
}

export async function run(file: string, options: Options): Promise<void> {
  const input = await readInput(file)
  const { name, stages } = input.kind === 'clif' ? explainClif(input, options) : await explainWasm(input.bytes, options)
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ file, func: name, target: compileOptions(options).target, stages })}\n`)
    return
  }
  const text = stages.map((s) => `${pc.bold(`== ${s.title}`)}\n\n${s.text.trimEnd()}\n`)
  process.stdout.write(`${text.join('\n')}`)
}

interface Explained {
  readonly name: string
  readonly stages: readonly Stage[]
}

async function explainWasm(bytes: Uint8Array, options: Options): Promise<Explained> {
  const { operatorListing } = await import('../text/operators.ts')
  const { info, numImported, index, listing } = wasmErrors(() => {
    const module = decodeModule(bytes)
    const found = findWasmFunction(module.info, options.func)
    if (found === undefined)
      throw usage(
        `no function ${options.func}: the module has functions 0 to ${module.info.functions.length - 1}, by index, export or name`,
      )
    const imported = module.info.numImportedFunctions
    if (found < imported)
      throw usage(
        `function ${found} is imported: there is nothing to compile (the module's own are ${imported} to ${module.info.functions.length - 1})`,
      )
    validateFunction(module, found)
    return { info: module.info, numImported: imported, index: found, listing: operatorListing(module, found) }
  })
  const name = wasmFunctionName(info, index)
  const wasm: Stage = {
    stage: 'wasm',
    title: `WebAssembly: function ${index}${name === undefined ? '' : ` (${name})`}, byte offsets in the module`,
    text: listing,
  }
  return {
    name: name ?? String(index),
    stages: [wasm, ...compileStages({ kind: 'wasm', bytes }, index - numImported, options)],
  }
}

function wasmErrors<R>(f: () => R): R {
  try {
    return f()
  } catch (e) {
    if (e instanceof WasmError) throw new CodegenError(e.code, e.message, { offset: e.offset })
    throw e
  }
}

function explainClif(input: ClifInput, options: Options): Explained {
  const names = input.functions.map((f) => functionNameText(f.name))
  const wanted = options.func
  const at = /^\d+$/.test(wanted) ? Number(wanted) : names.findIndex((n) => n === wanted || n === `%${wanted}`)
  if (names[at] === undefined)
    throw usage(`no function ${wanted}: the file has ${names.map((n, i) => `${i} (${n})`).join(', ')}`)
  return { name: names[at], stages: compileStages(input, at, options) }
}

/** The stages of compiled function number `position` of the input. The rest of the module is compiled too, and not shown. */
function compileStages(input: FileInput, position: number, options: Options): Stage[] {
  const wasm = input.kind === 'wasm'
  const stages: Stage[] = []
  let seen = -1
  let current: Func | undefined
  let last = ''
  const observer: Observer = {
    clif(stage, f) {
      if (f !== current) {
        current = f
        seen++
      }
      if (seen !== position) return
      const text = printFunction(f)
      if (text === last) return // a pass that changed nothing (the verifier)
      last = text
      stages.push({
        stage: `clif:${stage}`,
        title: stage === 'clif' ? (wasm ? 'CLIF, as translated' : 'CLIF') : `CLIF after ${stage}`,
        text,
      })
    },
    vcode(stage, v, isa) {
      if (seen !== position || stage === 'emit') return
      const { registerName } = targetText(isa.name)
      const text = printVCode(v, isa, { registerName, sourceText: (loc) => sourceName(loc, wasm) })
      const title =
        stage === 'lower'
          ? 'VCode before register allocation'
          : `VCode after register allocation (${moves(v.allocation?.numEdits ?? 0)})`
      stages.push({ stage: `vcode:${stage}`, title, text })
    },
  }
  const given = compileInput(input, compileOptions(options))
  const module: CompiledModule = compile(given.input, { ...given.options, observer })
  const f = module.functions[position]
  stages.push({ stage: 'asm', title: `${module.target.name} code, with source offsets`, text: functionAsm(module, f) })
  return stages
}

function moves(n: number): string {
  return n === 1 ? '1 move by the allocator' : `${n} moves by the allocator`
}
