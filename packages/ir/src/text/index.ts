export { ParseError } from './error.ts'
export type { Comment } from './lexer.ts'
export {
  type Command,
  type ParsedFile,
  type ParsedFunction,
  type ParseOptions,
  parseFile,
  parseFunction,
  parseFunctions,
} from './parse-file.ts'
export type { SourceMap } from './parse-function.ts'
export { printBlockHeader, printFunction, printFunctionName, printSignature } from './printer.ts'
export { blockCallText, formatInst, memFlagsText } from './print-inst.ts'
export { functionDifference } from './compare.ts'
export { KNOWN_SYMBOLS, LIBCALLS } from './names.ts'
export {
  type DataValue,
  dataValue,
  formatDataValue,
  formatDataValues,
  parseDataValue,
  sameDataValue,
  unsignedBits,
} from './data-value.ts'
export { type FloatFormat, floatFormat, formatF16, formatF32, formatF64, formatF128, parseFloatBits } from './floats.ts'
export { formatInt, formatInt64 } from './integers.ts'
export { comparisonHolds, formatRunCommand, parseRunCommand, type RunCommand } from './run-command.ts'
