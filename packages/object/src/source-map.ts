// What the source locations of code stand for. Those of a wasm module are byte offsets in it. Where the module brings a line table of its own (the custom section
// .debug_line, as compilers leave it), a location is the line that this table has for it. Everywhere else the line is the offset itself, in a file whose name
// says so and which no debugger finds: line 52 of `gcd.wasm[offset]` is what stands at offset 52.
import type { Position, SourceFile, SourceMap } from './dwarf/lines.ts'
import { readWasmLines } from '@k23/frontend-wasm/source-lines'

/** Lines are source locations: of what kind, `unit` says. */
export function offsetMap(input: string, unit: string): SourceMap {
  const name = `${input}[${unit}]`
  // The first file twice: tables before version 5 count files from 1, and not all readers of this one know that it counts from 0.
  const file: SourceFile = { directory: '', name }
  return { files: [file, file], position: (line) => ({ file: 1, line, column: 0 }) }
}

/** Of a wasm module. */
export function sourceMap(module: Uint8Array, name: string): SourceMap {
  const plain = offsetMap(name.replace(/\.wat$/, '.wasm'), 'offset')
  const lines = readWasmLines(module)
  if (lines === undefined) return plain
  const first = plain.files.length
  return {
    files: [...plain.files, ...lines.files],
    position(offset): Position {
      const at = lines.at(offset)
      return at === undefined ? plain.position(offset) : { ...at, file: first + at.file }
    },
  }
}
