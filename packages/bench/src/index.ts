// Benchmarks, and the real module that they and `npm start` run.
export { asyncSuite, type AsyncRow, type AsyncSuiteOptions } from './async-suite.ts'
export { compileSuite, type CompileRow, type CompileSkip, type CompileSuiteOptions, PHASES } from './compile-suite.ts'
export { type Direction, initialize, transform, type ZlibInstance } from './deflate.ts'
export { type GccRow, gccSuite } from './gcc-suite.ts'
export { emulatorSuite, type EmulatorRow, type EmulatorSuiteOptions } from './emulator-suite.ts'
export { type NativeRow, nativeSuite, type NativeSuiteOptions } from './native-suite.ts'
export { type GrowthRow, regallocGrowth } from './regalloc-growth.ts'
export {
  ALGORITHMS,
  BOUND,
  type ExecutedCounts,
  type MoveCounts,
  type RegallocAlgorithm,
  type RegallocRow,
  type RegallocSkip,
  regallocSuite,
  type RegallocSuiteOptions,
} from './regalloc-suite.ts'
export { sampleText } from './sample.ts'
export { instantiateZip, type ZipInstance } from './zip-instance.ts'
export { zipModule, zipModulePath } from './zip-module.ts'
