// What generated code leaves to the kernel: one function per row of the runtime ABI's table of builtins.
import {
  type BuiltinName,
  builtins,
  HOST_BLOCK_CALLER,
  HOST_BLOCK_FIRST,
  SLOT_SIZE,
} from '@k23/frontend-wasm/runtime-abi'
import { bug } from './errors.ts'
import { getU64, setU64 } from './guest.ts'
import type { Instance } from './instance.ts'
import type { Store } from './store.ts'

type Run = (i: Instance, a: readonly number[]) => unknown

// biome-ignore format: table
const rows: Readonly<Record<BuiltinName, Run>> = {
  memory_grow: (i, [memory, delta]) => i.memories[memory].grow(delta),
  memory_copy: (i, [to, from, dst, src, length]) => i.memories[to].copy(dst, i.memories[from], src, length),
  memory_fill: (i, [memory, dst, byte, length]) => i.memories[memory].fill(dst, byte, length),
  memory_init: (i, [memory, segment, dst, src, length]) => i.memories[memory].init(dst, i.data(segment), src, length),
  data_drop:   (i, [segment]) => i.dropData(segment),
  table_grow:  (i, [table, ref, delta]) => i.tables[table].growRefs(delta, ref),
  table_fill:  (i, [table, dst, ref, length]) => i.tables[table].fillRefs(dst, ref, length),
  table_copy:  (i, [to, from, dst, src, length]) => i.tables[to].copyRefs(dst, i.tables[from], src, length),
  table_init:  (i, [table, segment, dst, src, length]) => i.tables[table].initRefs(dst, i.elements(segment), src, length),
  elem_drop:   (i, [segment]) => i.dropElements(segment),
  out_of_fuel: (i) => i.store.usedUpFuel(),
  new_epoch:   (i) => i.store.reachedDeadline(),
  table_get:   (i, [table, index]) => i.tables[table].refAt(index),
}

/** Executes builtin `number` on its block. Throws Trap (without a backtrace). */
export function runBuiltin(store: Store, number: number, block: number): Promise<() => void> | undefined {
  const row = builtins[number] ?? bug(`host call ${number}: there is no such builtin`)
  const slots = HOST_BLOCK_FIRST + Math.max(row.params.length, 1)
  const d = store.guest.data(block, slots * SLOT_SIZE)
  const instance =
    store.instanceAt(getU64(d, HOST_BLOCK_CALLER * SLOT_SIZE)) ?? bug(`builtin ${row.name} called by no instance`)
  const args = row.params.map((t, i) => {
    const at = (HOST_BLOCK_FIRST + i) * SLOT_SIZE
    return t === 'i32' ? d.getUint32(at, true) : getU64(d, at)
  })
  const result = rows[row.name](instance, args)
  if (result instanceof Promise) return result
  // The builtin may have made memory grow: the view is fetched again.
  if (typeof result === 'number')
    setU64(store.guest.data(block, slots * SLOT_SIZE), HOST_BLOCK_FIRST * SLOT_SIZE, result)
  return undefined
}
