import { GLOBAL_SIZE, type GlobalType } from '@k23/frontend-wasm/runtime-abi'
import type { Store } from './store.ts'
import type { ExternType } from './types.ts'
import { readBits, readValue, type WasmValue, writeBits, writeValue } from './values.ts'

export class Global {
  readonly kind = 'global'
  readonly store: Store
  readonly type: GlobalType
  /** Address of its cell. */
  readonly definition: number

  constructor(store: Store, type: GlobalType, definition: number = store.arena.alloc(GLOBAL_SIZE)) {
    this.store = store
    this.type = type
    this.definition = definition
  }

  get externType(): ExternType {
    return { kind: 'global', type: this.type }
  }
  get(): WasmValue {
    return readValue(this.store, this.cell(), 0, this.type.type)
  }
  /** Throws TypeError for a value of the wrong type, and for an immutable global. */
  set(value: WasmValue): void {
    if (!this.type.mutable) throw new TypeError('the global is immutable')
    writeValue(this.store, this.cell(), 0, this.type.type, value)
  }
  /** The value's bits, zero-extended. Setting them initializes immutable globals too. */
  get bits(): bigint {
    return readBits(this.cell(), 0, this.type.type)
  }
  set bits(x: bigint) {
    writeBits(this.cell(), 0, this.type.type, x)
  }
  private cell(): DataView {
    this.store.check()
    return this.store.guest.data(this.definition, GLOBAL_SIZE)
  }
}
