export { compressInst, decodeInst, expandInst } from './decode.ts'
export { encodeInst, fitsFixup, patchFixup } from './encode.ts'
export { makePrinter, makeTemplatePrinter, type OperandText, type Printer, type PrintOptions } from './print.ts'
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
export { decodedLengthX64, decodeX64 } from './x64/decode.ts'
export { encodeShortX64, encodeX64 } from './x64/encode.ts'
export { copyMem, type Mem, memBase, memFrame, memIndex, memRip, type MemSink, memSymbol } from './x64/memory.ts'
export { makeX64Printer } from './x64/print.ts'
export * from './x64/types.ts'
