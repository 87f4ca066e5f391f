// What WASI needs of a file system: a part of the synchronous interface of Node's `fs` module, by structure, so that nothing has to be written
// for either use: pass `node:fs` for the host's files, and an in-memory implementation of the same interface (`renamingLinks(memfs)`) anywhere else.
// Errors are recognized by their `code` (ENOENT, ...).

/** Times are in nanoseconds since 1970. */
export interface FileStatus {
  readonly dev: bigint
  readonly ino: bigint
  readonly nlink: bigint
  readonly size: bigint
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
  isCharacterDevice(): boolean
  isBlockDevice(): boolean
}

export interface OpenConstants {
  readonly O_RDONLY: number
  readonly O_WRONLY: number
  readonly O_RDWR: number
  readonly O_CREAT: number
  readonly O_EXCL: number
  readonly O_TRUNC: number
  /** Not on every system, like the next two. */
  readonly O_NOFOLLOW?: number
  readonly O_SYNC?: number
  readonly O_DSYNC?: number
}

export interface FileSystem {
  readonly constants: OpenConstants
  openSync(path: string, flags: number, mode?: number): number
  closeSync(handle: number): void
  /** At `position`, or where the host's own offset is for null (what cannot seek). Bytes read; 0 at the end. */
  readSync(handle: number, into: Uint8Array, offset: number, length: number, position: number | null): number
  writeSync(handle: number, from: Uint8Array, offset: number, length: number, position: number | null): number
  fstatSync(handle: number, options: { bigint: true }): FileStatus
  /** Of a symbolic link itself. */
  lstatSync(path: string, options: { bigint: true }): FileStatus
  ftruncateSync(handle: number, length: number): void
  fsyncSync(handle: number): void
  fdatasyncSync(handle: number): void
  /** Seconds since 1970. */
  futimesSync(handle: number, atime: number, mtime: number): void
  lutimesSync(path: string, atime: number, mtime: number): void
  readdirSync(path: string): readonly string[]
  mkdirSync(path: string): unknown
  rmdirSync(path: string): void
  unlinkSync(path: string): void
  /** Renames, unlinks and links a symbolic link itself, never what it points to: see `renamingLinks`. */
  renameSync(from: string, to: string): void
  linkSync(existing: string, path: string): void
  symlinkSync(target: string, path: string): void
  readlinkSync(path: string): string
}
