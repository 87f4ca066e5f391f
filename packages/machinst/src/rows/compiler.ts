// Build-time only: no runtime module imports this.
export { compileTable, immediateWidth, RowError } from './compile.ts'
export { descriptorsOf, type GeneratedModules, generateModules } from './generate.ts'
export { buildDecodeTree, type DecodeTree } from './overlap.ts'
