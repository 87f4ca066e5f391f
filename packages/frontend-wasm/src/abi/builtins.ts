// Operations that generated code leaves to the kernel: a host call with the builtin's number and a block whose slot 0 is the caller's
// vmctx, arguments from slot 1, the result in slot 1. A builtin traps by the kernel's ending the hart's run.
//
// Types: i32, i64, and `addr` for an index of a memory or table: always passed as i64, zero-extended where the index type is i32. A result of
// type addr is read back as the index type (for -1 that is the same word). `ref` is a pointer-sized reference.

export type BuiltinType = 'i32' | 'i64' | 'addr' | 'ref'

export type BuiltinName =
  | 'memory_grow'
  | 'memory_copy'
  | 'memory_fill'
  | 'memory_init'
  | 'data_drop'
  | 'table_grow'
  | 'table_fill'
  | 'table_copy'
  | 'table_init'
  | 'elem_drop'
  | 'out_of_fuel'
  | 'new_epoch'
  | 'table_get'

export interface Builtin {
  number: number
  name: BuiltinName
  params: readonly BuiltinType[]
  results: readonly BuiltinType[]
  /** What the parameters are. */
  doc: string
}

// biome-ignore format: table
export const builtins: readonly Builtin[] = [
  { number: 0,  name: 'memory_grow', params: ['i32', 'addr'],                               results: ['addr'], doc: 'memory, delta in pages -> old size in pages or -1' },
  { number: 1,  name: 'memory_copy', params: ['i32', 'i32', 'addr', 'addr', 'addr'],        results: [],       doc: 'dst memory, src memory, dst, src, length' },
  { number: 2,  name: 'memory_fill', params: ['i32', 'addr', 'i32', 'addr'],                results: [],       doc: 'memory, dst, byte, length' },
  { number: 3,  name: 'memory_init', params: ['i32', 'i32', 'addr', 'addr', 'addr'],        results: [],       doc: 'memory, data segment, dst, src, length' },
  { number: 4,  name: 'data_drop',   params: ['i32'],                                       results: [],       doc: 'data segment' },
  { number: 5,  name: 'table_grow',  params: ['i32', 'ref', 'addr'],                        results: ['addr'], doc: 'table, initial value, delta -> old size or -1' },
  { number: 6,  name: 'table_fill',  params: ['i32', 'addr', 'ref', 'addr'],                results: [],       doc: 'table, dst, value, length' },
  { number: 7,  name: 'table_copy',  params: ['i32', 'i32', 'addr', 'addr', 'addr'],        results: [],       doc: 'dst table, src table, dst, src, length' },
  { number: 8,  name: 'table_init',  params: ['i32', 'i32', 'addr', 'addr', 'addr'],        results: [],       doc: 'table, element segment, dst, src, length' },
  { number: 9,  name: 'elem_drop',   params: ['i32'],                                       results: [],       doc: 'element segment' },
  { number: 10, name: 'out_of_fuel', params: [],                                            results: [],       doc: 'the fuel cell is negative; comes back where it is not any more' },
  { number: 11, name: 'new_epoch',   params: [],                                            results: [],       doc: 'the epoch has reached the deadline; comes back where it is ahead again' },
  { number: 12, name: 'table_get',   params: ['i32', 'addr'],                               results: ['ref'],  doc: 'table, index of an element that is not initialized yet -> its value' },
]

/** Host-call numbers from here on are host functions: HOST_FUNCTION_BASE + n. */
export const HOST_FUNCTION_BASE = 256

/** The row of a builtin. */
export function builtin(name: BuiltinName): Builtin {
  return builtins.find((b) => b.name === name)!
}
