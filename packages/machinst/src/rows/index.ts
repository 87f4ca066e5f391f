export { compressInst, decodeInst, expandInst } from './decode.ts'
export { encodeInst, fitsFixup, patchFixup } from './encode.ts'
export { makePrinter, type Printer, type PrintOptions } from './print.ts'
export {
  bankOfWord,
  hwOfWord,
  isVRegWord,
  NO_REG,
  pregWord,
  regOfWord,
  type RegWord,
  vregWord,
  type Writable,
} from './registers.ts'
export { badImmediate, badRegister, type InstSink, type Label } from './sink.ts'
export type { FixupInfo, InstTables } from './tables.ts'
export * from './types.ts'
