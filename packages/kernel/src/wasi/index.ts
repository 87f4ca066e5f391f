// WASI preview 1 for programs that the kernel runs: what a program imports as `wasi_snapshot_preview1`.
export { WasiExit } from './errors.ts'
export type { ByteSink, ByteSource } from './descriptors.ts'
export { defaultEnvironment } from './environment.ts'
export type { FileStatus, FileSystem, OpenConstants } from './file-system.ts'
export type { Preopen } from './path.ts'
export type { Environment } from './program.ts'
export { bytesSink, bytesSource, Wasi, WASI_MODULE } from './wasi.ts'
export type { WasiOptions } from './wasi.ts'
