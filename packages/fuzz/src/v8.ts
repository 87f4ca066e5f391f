// V8 as a host: the oracle.
import type { Host, HostInstance } from './outcome.ts'
import type { Argument } from './tree.ts'
import { HOST_MODULE } from './encode.ts'

/** V8's words (messages.h: kTrap*), and which of our codes they stand for: one of those, where V8 does not tell them apart. */
// biome-ignore format: table
const traps: readonly (readonly [words: RegExp, codes: string])[] = [
  [/^unreachable$/,                                                        'unreachable'],
  [/^memory access out of bounds$|^data segment \d+ is out of bounds/,     'memory_out_of_bounds'],
  [/^(divide|remainder) by zero$/,                                         'integer_division_by_zero'],
  [/^divide result unrepresentable$/,                                      'integer_overflow'],
  [/^float unrepresentable in integer range$/,                             'integer_overflow|bad_conversion'],
  [/^table (index|access|element).* out of bounds|^element segment.* out of bounds/, 'table_out_of_bounds|undefined_element'],
  [/^null function or function signature mismatch/,                        'uninitialized_element|bad_signature'],
  [/^function signature mismatch/,                                         'uninitialized_element|bad_signature'],
]

export function v8Trap(e: unknown): string | undefined {
  // A table or memory index that leaves its bounds while a module is instantiated is a RuntimeError too.
  if (!(e instanceof WebAssembly.RuntimeError)) return undefined
  const message = e.message.replace(/^WebAssembly\.\w+\(\): /, '')
  return traps.find(([words]) => words.test(message))?.[1] ?? `V8 says: ${message}`
}

export const v8: Host = {
  name: 'V8',
  trapOf: v8Trap,
  instantiate(wasm, imports): HostInstance {
    const env = Object.fromEntries(imports.map((i) => [i.name, i.run]))
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), {
      [HOST_MODULE]: env,
    } as WebAssembly.Imports)
    const all = exports as Record<string, unknown>
    return {
      call(name, args) {
        const result = (all[name] as (...args: readonly Argument[]) => unknown)(...args)
        return Array.isArray(result) ? result : [result]
      },
      getGlobal: (name) => (all[name] as WebAssembly.Global).value,
      setFuel(value) {
        ;(all.fuel as WebAssembly.Global).value = value
      },
      tableSize: (name) => (all[name] as WebAssembly.Table).length,
      tableGet: (name, index) => (all[name] as WebAssembly.Table).get(index),
      func: (name) => all[name],
      memory: () => new Uint8Array((all.memory as WebAssembly.Memory).buffer),
    }
  },
}
