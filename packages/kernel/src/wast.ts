// Runs spec scripts in JSON form (wast2json's commands with the binaries beside them) on an engine, and counts.
//
// What is not run is a skip with its reason, never a pass: text modules, modules that need what the front end or the back end lacks, and
// all commands that need an instance of such a module.
import { CodegenError } from '@k23/codegen'
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, type ValType } from '@k23/frontend-wasm/runtime-abi'
import type { Engine } from './engine.ts'
import { LinkError, Trap } from './errors.ts'
import type { Instance } from './instance.ts'
import { Linker } from './linker.ts'
import type { Module } from './module.ts'
import { Store } from './store.ts'
import { funcType } from './types.ts'
import { argument, matches, Skip, type SpecValue } from './wast-values.ts'

export { featuresOfScript } from '@k23/frontend-wasm/runtime-abi'
export type { SpecValue } from './wast-values.ts'

export interface Script {
  readonly commands: readonly Command[]
  /** Binaries in base64, by file name. */
  readonly files: Readonly<Record<string, string>>
  /** Lines of wasmtime's own scripts, which follow its runner's rules too: a named module can be imported from by its name. */
  readonly config?: readonly string[]
}

interface Action {
  readonly type: string
  readonly module?: string
  readonly field: string
  readonly args?: readonly SpecValue[]
}

export interface Command {
  readonly type: string
  readonly line: number
  readonly filename?: string
  readonly module_type?: string
  readonly name?: string
  readonly as?: string
  readonly instance?: string
  readonly module?: string
  readonly text?: string
  readonly action?: Action
  readonly expected?: readonly SpecValue[]
}

export interface Failure {
  readonly line: number
  readonly type: string
  readonly why: string
}

export interface WastResult {
  readonly pass: number
  readonly fail: number
  readonly skip: number
  readonly failures: readonly Failure[]
  /** Commands by the reason for which they were not run. */
  readonly skips: ReadonlyMap<string, number>
}

export interface WastOptions {
  readonly engine: Engine
  /** Instructions for each command; one that needs more fails. Default 2^31. */
  readonly fuel?: number
  /** Time for each command, on a machine that stops with EPOCH now and then; one that needs more fails. Default: EPOCH ends it. */
  readonly milliseconds?: number
  readonly stackBytes?: number
  /** Told what each action gave: bits of results, or a trap with its place. */
  readonly observe?: (line: number, outcome: string) => void
}

/** A command whose outcome is not the expected one. */
class Mismatch extends Error {}

/** Runs all commands of a script in a store of its own. */
export function runScript(script: Script, options: WastOptions): WastResult {
  const runner = new Runner(script, options)
  try {
    return runner.run()
  } finally {
    runner.store.close()
  }
}

class Runner {
  readonly store: Store
  private readonly script: Script
  private readonly options: WastOptions
  private readonly linker: Linker
  /** A string is the reason why there is none. */
  private current: Instance | string = 'no module yet'
  /** Of the command at hand: its line, and when it must be done. */
  private line = 0
  private deadline = 0
  private lastModule: Module | string = 'no module yet'
  private readonly instances = new Map<string, Instance | string>()
  private readonly modules = new Map<string, Module | string>()
  /** Registered names (a module's, or `module.name`) behind which nothing is, and why. */
  private readonly absent = new Map<string, string>([['spectest.shared_memory', 'unsupported: shared memories']])

  constructor(script: Script, options: WastOptions) {
    this.script = script
    this.options = options
    this.store = new Store(options.engine, {
      onInterrupt: () => performance.now() < this.deadline,
      ...(options.stackBytes === undefined ? {} : { stackBytes: options.stackBytes }),
    })
    this.linker = new Linker(this.store)
    defineSpectest(this.store, this.linker)
  }

  run(): WastResult {
    let pass = 0
    const failures: Failure[] = []
    const skips = new Map<string, number>()
    for (const c of this.script.commands) {
      this.store.fuel = this.options.fuel ?? 2 ** 31
      this.deadline = performance.now() + (this.options.milliseconds ?? 0)
      this.line = c.line
      try {
        this.command(c)
        pass++
      } catch (e) {
        if (e instanceof Skip) skips.set(e.reason, (skips.get(e.reason) ?? 0) + 1)
        else
          failures.push({
            line: c.line,
            type: c.type,
            why: e instanceof Error ? `${e.name === 'Error' ? '' : `${e.name}: `}${e.message}` : String(e),
          })
      }
    }
    let skip = 0
    for (const n of skips.values()) skip += n
    return { pass, fail: failures.length, skip, failures, skips }
  }

  private command(c: Command): void {
    if (c.module_type === 'text') throw new Skip('a module in text form')
    switch (c.type) {
      case 'module':
        this.current = this.lastModule = 'a module that failed'
        this.define(c, () => {
          const module = this.compile(c)
          this.lastModule = module
          return this.instantiate(module)
        })
        return
      case 'module_definition':
        this.lastModule = 'a module that failed'
        try {
          this.lastModule = this.compile(c)
        } catch (e) {
          if (e instanceof Skip) this.lastModule = e.reason
          throw e
        } finally {
          if (c.name !== undefined) this.modules.set(c.name, this.lastModule)
        }
        return
      case 'module_instance': {
        const module =
          c.module === undefined ? this.lastModule : (this.modules.get(c.module) ?? `no module ${c.module}`)
        this.define({ ...c, ...(c.instance === undefined ? {} : { name: c.instance }) }, () =>
          this.instantiate(orSkip(module)),
        )
        return
      }
      case 'register':
        return this.register(c)
      case 'action':
        this.perform(c.action!)
        return
      case 'assert_return':
        return this.assertReturn(c)
      case 'assert_trap':
      case 'assert_exhaustion':
        return this.expectTrap(c.text ?? '', () => this.perform(c.action!))
      case 'assert_uninstantiable': {
        const module = this.compile(c)
        return this.expectTrap(c.text ?? '', () => this.instantiate(module))
      }
      case 'assert_unlinkable': {
        const module = this.compile(c)
        return expectLinkError(c.text ?? '', () => this.instantiate(module))
      }
      case 'assert_invalid':
      case 'assert_malformed':
        return this.assertRefused(c, c.type === 'assert_invalid' ? 'invalid' : 'malformed')
      default:
        throw new Skip(`command ${c.type}`)
    }
  }

  private compile(c: Command): Module {
    const file = this.script.files[c.filename ?? '']
    if (typeof file !== 'string') throw new Error(`the script has no file ${c.filename}, which the command names`)
    try {
      return this.options.engine.compile(decodeBase64(file))
    } catch (e) {
      if (e instanceof CodegenError && (e.code === 'unsupported' || e.code === 'limit')) throw new Skip(reasonOf(e))
      throw e
    }
  }

  private instantiate(module: Module): Instance {
    for (const i of module.imports) {
      const why = this.absent.get(i.module) ?? this.absent.get(`${i.module}.${i.name}`)
      if (why !== undefined) throw new Skip(why)
    }
    try {
      return this.linker.instantiate(module)
    } catch (e) {
      if (e instanceof LinkError && e.code === 'limit') throw new Skip(`implementation limit: ${e.message}`)
      throw e
    }
  }

  /** Makes the current instance, under the command's name too. */
  private define(c: Command, make: () => Instance): void {
    this.current = 'an instance of a module that failed'
    try {
      this.current = make()
      if (this.script.config !== undefined && c.name !== undefined)
        this.linker.instance(c.name.replace(/^\$/, ''), this.current)
    } catch (e) {
      if (e instanceof Skip) this.current = e.reason
      throw e
    } finally {
      if (c.name !== undefined) {
        this.instances.set(c.name, this.current)
        this.modules.set(c.name, this.lastModule)
      }
    }
  }

  private instance(name: string | undefined): Instance {
    return orSkip(name === undefined ? this.current : (this.instances.get(name) ?? `no instance ${name}`))
  }

  private register(c: Command): void {
    const as = c.as!
    try {
      this.linker.instance(as, this.instance(c.name))
      this.absent.delete(as)
    } catch (e) {
      if (e instanceof Skip) this.absent.set(as, e.reason)
      throw e
    }
  }

  private perform(a: Action): { types: readonly ValType[]; bits: bigint[] } {
    const instance = this.instance(a.module)
    if (a.type === 'get') {
      const g = instance.global(a.field)
      return { types: [g.type.type], bits: [g.bits] }
    }
    const f = instance.func(a.field)
    const args = (a.args ?? []).map((v) => argument(this.store, v))
    const bits = f.callBits(args)
    // Of a reference only whether it is null: the rest differs from machine to machine.
    const shown = (b: bigint, i: number): string =>
      b !== 0n && [FUNCREF, EXTERNREF].includes(f.type.results[i]) ? 'a reference' : `${b}`
    this.options.observe?.(this.line, bits.map(shown).join())
    return { types: f.type.results, bits }
  }

  private assertReturn(c: Command): void {
    const { types, bits } = this.perform(c.action!)
    const expected = c.expected ?? []
    if (bits.length !== expected.length) throw new Mismatch(`expected ${expected.length} results, found ${bits.length}`)
    expected.forEach((e, i) => {
      if (!matches(this.store, types[i], bits[i], e)) {
        throw new Mismatch(
          `result ${i}: expected ${e.type} ${JSON.stringify(e.value ?? e.values ?? 'any')}, found 0x${bits[i].toString(16)}`,
        )
      }
    })
  }

  private expectTrap(expected: string, run: () => unknown): void {
    try {
      run()
    } catch (e) {
      if (!(e instanceof Trap)) throw e
      this.options.observe?.(this.line, `${e.code} ${e.backtrace.map((f) => `${f.func}:${f.offset}`).join()}`)
      if (expected.startsWith(e.message) || e.message.startsWith(expected)) return
      // wasmtime's message for an access out of a table's bounds is both.
      if (this.script.config !== undefined && e.code === 'table_out_of_bounds' && expected === 'undefined element')
        return
      throw new Mismatch(`expected trap ${expected}, found trap ${e.message}`)
    }
    throw new Mismatch(`expected trap ${expected}, and it returned`)
  }

  private assertRefused(c: Command, code: 'invalid' | 'malformed'): void {
    try {
      this.compile(c)
    } catch (e) {
      if (!(e instanceof CodegenError)) throw e
      if (e.code === code) return
      throw new Mismatch(`expected ${code} (${c.text}), found ${e.code}: ${e.message}`)
    }
    throw new Mismatch(`expected ${code} (${c.text}), and it was accepted`)
  }
}

function orSkip<T>(x: T | string): T {
  if (typeof x === 'string') throw new Skip(x)
  return x
}

/** Without places and names, so that equal reasons count together. */
function reasonOf(e: CodegenError): string {
  return `${e.code}: ${e.message.replace(/^(byte|offset|function)[^:]*: /, '').replace(/0x[0-9a-f]+|\d{2,}/g, 'N')}`
}

/** The specification's two messages are compared; other engines' words for the same only ask for a LinkError. */
function expectLinkError(text: string, run: () => unknown): void {
  try {
    run()
  } catch (e) {
    if (!(e instanceof LinkError)) throw e
    if (/^(unknown import|incompatible import type)$/.test(text) && !e.message.startsWith(text)) {
      throw new Mismatch(`expected ${text}, found ${e.message}`)
    }
    return
  }
  throw new Mismatch(`expected ${text}, and it was linked`)
}

/** The module that scripts import from, as the specification's interpreter has it. */
function defineSpectest(store: Store, linker: Linker): void {
  const print = (): void => {}
  const m = 'spectest'
  linker.func(m, 'print', funcType([]), print)
  linker.func(m, 'print_i32', funcType(['i32']), print)
  linker.func(m, 'print_i64', funcType(['i64']), print)
  linker.func(m, 'print_f32', funcType(['f32']), print)
  linker.func(m, 'print_f64', funcType(['f64']), print)
  linker.func(m, 'print_i32_f32', funcType(['i32', 'f32']), print)
  linker.func(m, 'print_f64_f64', funcType(['f64', 'f64']), print)
  linker.define(m, 'global_i32', store.global(I32, 666))
  linker.define(m, 'global_i64', store.global(I64, 666n))
  linker.define(m, 'global_f32', store.global(F32, 666.6))
  linker.define(m, 'global_f64', store.global(F64, 666.6))
  linker.define(m, 'memory', store.memory({ min: 1, max: 2 }))
  linker.define(m, 'table', store.table({ min: 10, max: 20 }))
  linker.define(m, 'table64', store.table({ min: 10, max: 20, index: I64 }))
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 without line breaks (no global that every host has decodes it to bytes). Throws TypeError for other characters. */
export function decodeBase64(text: string): Uint8Array {
  const end = text.indexOf('=')
  const length = end < 0 ? text.length : end
  const out = new Uint8Array((length * 3) >> 2)
  let bits = 0
  let have = 0
  let at = 0
  for (let i = 0; i < length; i++) {
    const six = ALPHABET.indexOf(text[i])
    if (six < 0) throw new TypeError(`base64: unexpected character ${JSON.stringify(text[i])} at ${i}`)
    bits = (bits << 6) | six
    have += 6
    if (have < 8) continue
    have -= 8
    out[at++] = bits >> have
    bits &= (1 << have) - 1
  }
  return out
}
