// The tool as a library: the command line, for programs that embed it and for tests.
export { createProgram, main } from './program.ts'
export { VERSION } from './version.ts'
