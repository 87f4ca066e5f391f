// Build-time only: no runtime module imports this.
export { compileTable, immediateWidth, RowError } from './compile.ts'
export { descriptorsOf, type GeneratedModules, generateModules } from './generate.ts'
export { buildDecodeTree, type DecodeTree } from './overlap.ts'
export { compileX64Table } from './x64/compile.ts'
export { generateX64Modules, type GeneratedX64Modules, x64DescriptorsOf } from './x64/generate.ts'
