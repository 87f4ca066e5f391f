// Store: one hart with its cells, and everything that lives on it: instances, host functions, references.
//
// A store's machine memory, its hart's stack included, is given back by close(). References: a funcref is the address of a function reference record, an externref a
// number that stands for a JavaScript value (kept until the store is closed); null is 0.
import * as abi from '@k23/frontend-wasm/runtime-abi'
import { type Hart, PAGE_SIZE } from '@k23/machine'
import type { Entry } from './calls.ts'
import type { Engine } from './engine.ts'
import { bug, needRoom, OutOfFuel, Trap } from './errors.ts'
import { Func, type HostFunction } from './func.ts'
import { Global } from './global.ts'
import { Arena, getI64, type Guest } from './guest.ts'
import { Instance } from './instance.ts'
import type { Imports } from './link.ts'
import { Memory } from './memory.ts'
import type { Module } from './module.ts'
import { Table } from './table.ts'
import { bitsOfValue, type WasmValue } from './values.ts'

export interface StoreOptions {
  /** Fuel to begin with (`store.fuel`); default: no limit. */
  readonly fuel?: number
  /** Asked when the fuel is used up: having set `store.fuel` to more, true goes on; false ends the call with OutOfFuel. Default: ends it. A promise is waited for under callAsync. */
  readonly onOutOfFuel?: () => boolean | Promise<boolean>
  /** Bytes of guest stack; default 1 MiB, at least 128 KiB. */
  readonly stackBytes?: number
  /** Asked when Engine.interrupt() or the epoch stopped the hart: true goes on, false ends the call with the trap `interrupted`. Default: ends it. */
  readonly onInterrupt?: () => boolean | Promise<boolean>
  /** How far ahead the epoch's deadline is set, now and whenever onInterrupt says true. Default 1. */
  readonly epochTicks?: number
}

/** Trampolines check no limit: room for the largest of them (1,000 parameters and 1,000 results) stays below the limit that functions check. */
const STACK_HEADROOM = 64 << 10
const MIN_STACK = 128 << 10
/** Fuel that no program uses up. */
const NO_LIMIT: number = 2 ** 62

type Decision = Promise<() => void> | undefined

function decide(answer: boolean | Promise<boolean>, act: (answer: boolean) => void): Decision {
  if (answer instanceof Promise) return answer.then((a) => () => act(a))
  act(answer)
  return undefined
}

export class Store {
  readonly engine: Engine
  readonly guest: Guest
  readonly arena: Arena
  readonly hart: Hart
  readonly cells: number
  /** The hart's stack: lowest and past-the-end address. */
  readonly stackLow: number
  readonly stackTop: number
  private readonly onOutOfFuel: () => boolean | Promise<boolean>
  private readonly onInterrupt: () => boolean | Promise<boolean>
  private readonly epochTicks: number
  /** By number - HOST_FUNCTION_BASE. */
  readonly hostFunctions: { readonly func: Func; readonly run: HostFunction }[] = []
  /** Calls from the host that have not returned, outermost first. */
  readonly entries: Entry[] = []
  /** Told when one of them ends. */
  readonly waiting: (() => void)[] = []
  /** While a host function runs: the instance that called it. */
  caller: Instance | undefined
  private readonly instances = new Map<number, Instance>()
  private readonly funcs = new Map<string, Func>()
  private readonly externs: unknown[] = []
  private readonly externNumbers = new Map<unknown, number>()
  private readonly blocks: { at: number; bytes: number }[] = []
  private readonly owned = new Set<Memory | Table>()
  private readonly used = new Set<Module>()
  private open = true

  constructor(engine: Engine, options: StoreOptions = {}) {
    const { machine, guest } = engine
    this.engine = engine
    this.guest = guest
    this.arena = new Arena(machine.memory)
    const stackBytes = Math.max(MIN_STACK, options.stackBytes ?? 1 << 20)
    this.hart = needRoom(`a stack of ${stackBytes} bytes`, () => machine.createHart({ stackBytes }))
    this.stackLow = machine.stackLow(this.hart)
    this.stackTop = this.stackLow + Math.ceil(stackBytes / PAGE_SIZE) * PAGE_SIZE
    this.onOutOfFuel = options.onOutOfFuel ?? (() => false)
    this.onInterrupt = options.onInterrupt ?? (() => false)
    this.epochTicks = options.epochTicks ?? 1
    this.cells = this.arena.alloc(abi.CELLS_SIZE)
    guest.setU64(this.cells + abi.CELLS_STACK_LIMIT, this.stackLow + STACK_HEADROOM)
    guest.setU64(this.cells + abi.CELLS_HOST_CALL_STUB, machine.hostCallStub)
    guest.setU64(this.cells + abi.CELLS_EPOCH_POINTER, engine.epochAddress)
    this.setEpochDeadline(this.epochTicks)
    this.fuel = options.fuel ?? Number.POSITIVE_INFINITY
  }

  /**
   * What is left of the fuel: set it before a call to bound that call. OutOfFuel ends the call that exhausts it. With the setting `wasm_fuel` generated
   * code counts operators, the same on every machine and at every level of optimization, and may have gone below 0 by a piece of code without a
   * branch; without it an emulator counts its instructions.
   */
  get fuel(): number {
    if (!this.engine.provides.fuel) return this.hart.fuel
    const n = getI64(this.guest.data(this.cells + abi.CELLS_FUEL, 8), 0)
    return n > NO_LIMIT / 2 ? Number.POSITIVE_INFINITY : n
  }
  set fuel(n: number) {
    if (this.engine.provides.fuel) this.guest.setU64(this.cells + abi.CELLS_FUEL, Math.min(n, NO_LIMIT))
    else this.hart.fuel = n
  }
  /** Stops code compiled with `wasm_epoch` when the epoch has advanced so far. */
  setEpochDeadline(ticks: number): void {
    this.guest.setU64(this.cells + abi.CELLS_EPOCH_DEADLINE, this.engine.epoch + ticks)
  }
  /** Instructions executed since the store was made. */
  get instructions(): number {
    return this.hart.instructions
  }

  // ---- making what modules import

  /** A host function; `run` gets the arguments as JavaScript values and gives a value, an array of several, or nothing. */
  func(type: abi.FuncType, run: HostFunction): Func {
    this.check()
    const record = this.arena.alloc(abi.HOST_RECORD_SIZE)
    const func = new Func(this, type, undefined, record)
    const number = abi.HOST_FUNCTION_BASE + this.hostFunctions.push({ func, run }) - 1
    this.guest.setU32(record + abi.VMCTX_MAGIC_OFFSET, abi.HOST_RECORD_MAGIC)
    this.guest.setU64(record + abi.VMCTX_CELLS, this.cells)
    this.guest.setU32(record + abi.HOST_RECORD_NUMBER, number)
    return func
  }
  /** `{ min, max }` in pages. Throws LinkError where the machine has no room. */
  memory(type: Partial<abi.MemoryType> & { min: number }): Memory {
    this.check()
    return new Memory(this, { max: undefined, index: abi.I32, ...type })
  }
  table(type: Partial<abi.TableType> & { min: number }, init: WasmValue = null): Table {
    this.check()
    return new Table(this, { max: undefined, index: abi.I32, element: abi.FUNCREF, ...type }, undefined, init)
  }
  global(type: abi.ValType, value: WasmValue, mutable = false): Global {
    this.check()
    const global = new Global(this, { type, mutable })
    global.bits = bitsOfValue(this, type, value)
    return global
  }

  /** Instantiates a module: by the import's two names, from an object of objects or a function. Throws LinkError, Trap (segments, start function). */
  instantiate(module: Module, imports: Imports = {}): Instance {
    this.check()
    const instance = new Instance(this, module, imports)
    instance.startFunction?.call()
    return instance
  }
  /** The same where the start function may call asynchronous host functions. */
  async instantiateAsync(module: Module, imports: Imports = {}): Promise<Instance> {
    this.check()
    const instance = new Instance(this, module, imports)
    await instance.startFunction?.callAsync()
    return instance
  }

  /** Gives the store's memory and the hart's stack back to the machine. Nothing of the store may be used afterwards. */
  close(): void {
    if (this.entries.length !== 0) throw new TypeError('the store is running')
    if (!this.open) return
    this.open = false
    for (const m of this.owned) m.release()
    this.arena.release()
    this.engine.machine.destroyHart(this.hart)
    for (const m of this.used) m.releasedBy(this)
  }

  /** Throws if the store is closed. */
  check(): void {
    if (!this.open) throw new TypeError('the store is closed')
  }

  // ---- for the kernel's own parts

  get depth(): number {
    return this.entries.length
  }

  /** Comes back where there is fuel again. */
  usedUpFuel(): Decision {
    const least = this.engine.provides.fuel ? 0 : 1
    return decide(this.onOutOfFuel(), (more) => {
      if (!(more && this.fuel >= least)) throw new OutOfFuel()
    })
  }
  /** Comes back where the guest may go on. */
  reachedDeadline(): Decision {
    return decide(this.onInterrupt(), (goOn) => {
      if (!goOn) throw new Trap('interrupted', 'interrupted')
      this.setEpochDeadline(this.epochTicks)
    })
  }

  /** Keeps a module's code in place until the store is closed. */
  use(module: Module): void {
    if (this.used.has(module)) return
    this.used.add(module)
    module.usedBy(this)
  }

  own(x: Memory | Table): void {
    this.owned.add(x)
  }

  addInstance(vmctx: number, instance: Instance): void {
    this.instances.set(vmctx, instance)
  }
  /** undefined for a host record. */
  instanceAt(vmctx: number): Instance | undefined {
    return this.instances.get(vmctx)
  }

  /** The one Func of this code and vmctx. */
  internFunc(type: abi.FuncType, code: number, vmctx: number, ref: number): Func {
    if (!this.instances.has(vmctx)) return this.hostFuncAt(vmctx)
    const key = `${code}:${vmctx}`
    let f = this.funcs.get(key)
    if (f === undefined) {
      f = new Func(this, type, code, vmctx, ref)
      this.funcs.set(key, f)
    }
    return f
  }

  /** The function behind a reference. */
  funcAt(ref: number): Func {
    const { guest } = this
    const type = this.engine.typeOf(guest.u32(ref + abi.FUNCREF_TYPE_ID))
    return this.internFunc(type, guest.u64(ref + abi.FUNCREF_CODE), guest.u64(ref + abi.FUNCREF_VMCTX), ref)
  }

  private hostFuncAt(record: number): Func {
    const n = this.guest.u32(record + abi.HOST_RECORD_NUMBER) - abi.HOST_FUNCTION_BASE
    return this.hostFunctions[n]?.func ?? bug(`no host function at 0x${record.toString(16)}`)
  }

  externNumber(value: unknown): number {
    // A Map takes 0 and -0 for the same key; a host expects back what it gave.
    if (Object.is(value, -0)) return this.externs.push(value)
    let n = this.externNumbers.get(value)
    if (n === undefined) {
      n = this.externs.push(value)
      this.externNumbers.set(value, n)
    }
    return n
  }
  externValue(number: number): unknown {
    return this.externs[number - 1]
  }

  /** An argument block for a call at the current depth. */
  entryBlock(slots: number): number {
    const bytes = Math.max(1, slots) * abi.SLOT_SIZE
    let block = this.blocks[this.entries.length]
    if (block === undefined || block.bytes < bytes) {
      const size = Math.max(bytes, 16 * abi.SLOT_SIZE)
      block = { at: this.arena.alloc(size), bytes: size }
      this.blocks[this.entries.length] = block
    }
    return block.at
  }
}
