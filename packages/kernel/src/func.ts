// Functions: of an instance or of the host, called alike.
import {
  FUNCREF_CODE,
  FUNCREF_SIZE,
  FUNCREF_TYPE_ID,
  FUNCREF_VMCTX,
  type FuncType,
  SLOT_SIZE,
} from '@k23/frontend-wasm/runtime-abi'
import { enterGuest, enterGuestAsync } from './calls.ts'
import type { Trampolines } from './engine.ts'
import type { Store } from './store.ts'
import type { ExternType } from './types.ts'
import { readBits, readValue, type WasmValue, writeBits, writeValue } from './values.ts'

// biome-ignore lint/suspicious/noExplicitAny: the values' types are the wasm function's, known only at run time
export type HostFunction = (...args: any[]) => unknown

export class Func {
  readonly kind = 'func'
  readonly store: Store
  readonly type: FuncType
  /** The callee's vmctx, or the host function's record. */
  readonly vmctx: number
  private readonly ownCode: number | undefined
  private record: number
  private shared: Trampolines | undefined

  /** `code` is undefined for a host function: its type's trampoline, found when it is first needed. `ref`: its reference record, 0 for none yet. */
  constructor(store: Store, type: FuncType, code: number | undefined, vmctx: number, ref = 0) {
    this.store = store
    this.type = type
    this.ownCode = code
    this.vmctx = vmctx
    this.record = ref
  }

  get externType(): ExternType {
    return { kind: 'func', type: this.type }
  }

  get code(): number {
    return this.ownCode ?? this.trampolines.host
  }

  private get trampolines(): Trampolines {
    if (this.shared === undefined) {
      this.shared = this.store.engine.trampolinesOf(this.type)
      this.store.use(this.shared.module)
    }
    return this.shared
  }

  /** Address of a function reference to it. */
  get ref(): number {
    if (this.record === 0) {
      const { store } = this
      const at = store.arena.alloc(FUNCREF_SIZE)
      store.guest.setU64(at + FUNCREF_CODE, this.code)
      store.guest.setU64(at + FUNCREF_VMCTX, this.vmctx)
      store.guest.setU32(at + FUNCREF_TYPE_ID, store.engine.typeId(this.type))
      this.record = at
    }
    return this.record
  }

  /** Calls it. One result comes as itself, several as an array. Throws TypeError for arguments, Trap, OutOfFuel, and what host functions throw. */
  call(...args: WasmValue[]): WasmValue {
    const block = this.begin(args.length, (d) => this.writeArguments(d, args))
    enterGuest(this.store, this.trampolines.entry, [this.vmctx, this.code, block])
    return this.results(block)
  }

  /**
   * The same where host functions may be asynchronous: what they promise is waited for. Other calls of the store, made in the meantime, end before this
   * one goes on.
   */
  async callAsync(...args: WasmValue[]): Promise<WasmValue> {
    const block = this.begin(args.length, (d) => this.writeArguments(d, args))
    const entry = [this.vmctx, this.code, block]
    return enterGuestAsync(this.store, this.trampolines.entry, entry, () => this.results(block))
  }

  /** The same on bits: each value zero-extended to 64 bits (128 for a v128), so that a NaN keeps its payload. */
  callBits(args: readonly bigint[]): bigint[] {
    const block = this.begin(args.length, (d) => {
      args.forEach((a, i) => writeBits(d, i * SLOT_SIZE, this.type.params[i], a))
    })
    enterGuest(this.store, this.trampolines.entry, [this.vmctx, this.code, block])
    const d = this.block(block)
    return this.type.results.map((t, i) => readBits(d, i * SLOT_SIZE, t))
  }

  /** Address of the argument block of a new entry, with the arguments in it. */
  private begin(count: number, write: (d: DataView) => void): number {
    const { store } = this
    const { params, results } = this.type
    store.check()
    if (count !== params.length) throw new TypeError(`the function takes ${params.length} arguments, found ${count}`)
    const block = store.entryBlock(Math.max(params.length, results.length))
    if (count !== 0) write(this.block(block))
    return block
  }
  private writeArguments(d: DataView, args: readonly WasmValue[]): void {
    const { params } = this.type
    for (let i = 0; i < params.length; i++) writeValue(this.store, d, i * SLOT_SIZE, params[i], args[i])
  }
  private results(block: number): WasmValue {
    const { store } = this
    const { results } = this.type
    if (results.length === 0) return undefined
    const d = this.block(block)
    if (results.length === 1) return readValue(store, d, 0, results[0])
    return results.map((t, i) => readValue(store, d, i * SLOT_SIZE, t))
  }
  private block(address: number): DataView {
    const { params, results } = this.type
    return this.store.guest.data(address, Math.max(params.length, results.length) * SLOT_SIZE)
  }
}
