// Who may import whom, as data; tools/check-imports.ts compares it with the imports that the code really makes,
// with each package.json and with each tsconfig.json.
//
// A name stands for a package with all its subpaths but the build-time ones; `name/sub` for that subpath only.

export interface Row {
  /** What src may import. package.json lists exactly these packages under `dependencies`. */
  imports: string[]
  /** What test and generate.ts may import besides: `devDependencies`. */
  tests?: string[]
  /** May src use Node's built-in modules? Library packages run in browsers. */
  node?: true
}

/** Subpaths for generate.ts, tests and each other only: what they load has no place in a published bundle. */
export const buildTime: string[] = ['ir/opcodes', 'rules/compiler', 'machinst/rows/compiler', 'machinst/coverage']

// biome-ignore format: one line
const libraries = ['entity', 'ir', 'rules', 'regalloc', 'machinst', 'isa-riscv64', 'isa-x64', 'machine', 'emulator', 'native', 'frontend-wasm', 'codegen', 'kernel']

// biome-ignore format: table
export const graph: Record<string, Row> = {
  entity:          { imports: [] },
  ir:              { imports: ['entity'] },
  rules:           { imports: ['entity', 'ir'] },
  regalloc:        { imports: ['entity'] },                                                  // operands, blocks, edges; not CLIF
  machinst:        { imports: ['entity', 'ir', 'regalloc', 'rules'] },
  'isa-riscv64':   { imports: ['entity', 'ir', 'rules', 'machinst', 'regalloc'] },
  'isa-x64':       { imports: ['entity', 'ir', 'rules', 'machinst', 'regalloc'] },
  machine:         { imports: [] },                                                          // the interface: a leaf
  emulator:        { imports: ['machine', 'entity', 'machinst/rows', 'isa-riscv64/insts', 'isa-x64/insts'] }, // sees tables only
  native:          { imports: ['machine'], node: true },                                     // the host's CPU, through koffi
  'frontend-wasm': { imports: ['entity', 'ir'] },
  codegen:         { imports: ['entity', 'ir', 'frontend-wasm', 'machinst', 'regalloc', 'isa-riscv64', 'isa-x64'] },
  object:          { imports: ['entity', 'ir', 'machinst', 'frontend-wasm', 'codegen'], tests: ['emulator', 'machine'] },
  kernel:          { imports: ['machine', 'codegen', 'frontend-wasm/runtime-abi', 'frontend-wasm/source-lines'], tests: ['emulator', 'native'] },
  qemu:            { imports: ['ir', 'machine', 'codegen', 'object'], tests: ['emulator', 'kernel'], node: true },
  filetests:       { imports: ['ir', 'codegen', 'machine', 'emulator'], tests: ['native', 'machinst'], node: true },
  fuzz:            { imports: ['codegen', 'kernel', 'frontend-wasm', 'machine', 'emulator', 'native'], node: true },
  bench:           { imports: libraries, node: true },
  cli:             { imports: [...libraries, 'object', 'qemu', 'filetests', 'fuzz', 'bench'], node: true },
}
