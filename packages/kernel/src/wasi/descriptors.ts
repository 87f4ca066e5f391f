// Open files, folders and streams of one program, by number.
import * as abi from './abi.ts'
import { fail } from './errors.ts'
import type { FileStatus, FileSystem } from './file-system.ts'
import type { Preopen } from './path.ts'

/** Where a program's standard input comes from. */
export interface ByteSource {
  /** Fills `into` from its start; how many bytes, 0 at the end. May wait. */
  read(into: Uint8Array): number
  /** How many bytes can be read without waiting; left out where the source cannot tell. */
  available?(): number
  readonly isTerminal?: boolean
}

/** Where its output goes. */
export interface ByteSink {
  /** The bytes are the sink's to keep. */
  write(bytes: Uint8Array): void
  readonly isTerminal?: boolean
}

interface Common {
  flags: number
  base: number
  inheriting: number
}
export interface OpenFile extends Common {
  readonly kind: 'file'
  readonly fs: FileSystem
  /** Of the host. */
  readonly handle: number
  readonly filetype: number
  /** Our own: Node cannot seek. */
  offset: number
}
export interface OpenFolder extends Common {
  readonly kind: 'folder'
  readonly root: Preopen
  /** From the preopened folder on. */
  names: readonly string[]
  readonly preopened: boolean
  /** What fd_readdir is walking through, as it was at cookie 0. */
  listing?: readonly string[]
}
export interface OpenStream extends Common {
  readonly kind: 'stream'
  readonly source?: ByteSource
  readonly sink?: ByteSink
}
export type Descriptor = OpenFile | OpenFolder | OpenStream

const MAX_OPEN = 4096

export class DescriptorTable {
  private readonly rows: (Descriptor | undefined)[] = []

  /** The lowest free number. */
  add(d: Descriptor): number {
    let n = this.rows.indexOf(undefined)
    if (n < 0) n = this.rows.length
    if (n >= MAX_OPEN) {
      release(d)
      fail('EMFILE')
    }
    this.rows[n] = d
    return n
  }
  get(fd: number): Descriptor {
    return this.rows[fd >>> 0] ?? fail('EBADF')
  }
  close(fd: number): void {
    const d = this.get(fd)
    this.rows[fd] = undefined
    release(d)
  }
  /** `to` is closed and becomes what `from` was. */
  renumber(from: number, to: number): void {
    const d = this.get(from)
    const old = this.get(to)
    if (from === to) return
    this.rows[to] = d
    this.rows[from] = undefined
    release(old)
  }
  /** Open folders at or below one that the program renamed keep meaning the same. */
  renamed(root: Preopen, from: readonly string[], to: readonly string[]): void {
    for (const d of this.rows) {
      if (d?.kind === 'folder' && d.root === root && from.every((name, i) => d.names[i] === name))
        d.names = [...to, ...d.names.slice(from.length)]
    }
  }
  closeAll(): void {
    for (const d of this.rows.splice(0)) if (d !== undefined) release(d)
  }

  file(fd: number, needs: number, other: 'EISDIR' | 'EBADF' = 'EBADF'): OpenFile {
    const d = this.get(fd)
    if (d.kind === 'stream') fail('ESPIPE')
    if (d.kind === 'folder') fail(other)
    permit(d, needs)
    return d
  }
  folder(fd: number, needs: number): OpenFolder {
    const d = this.get(fd)
    if (d.kind !== 'folder') fail('ENOTDIR')
    permit(d, needs)
    return d
  }
}

function release(d: Descriptor): void {
  if (d.kind === 'file') d.fs.closeSync(d.handle)
}

/** ENOTCAPABLE unless the descriptor has all these rights. */
export function permit(d: Descriptor, needs: number): void {
  if ((d.base & needs) !== needs) fail('ENOTCAPABLE')
}

export function filetypeOf(s: FileStatus): number {
  if (s.isFile()) return abi.FILETYPE_REGULAR_FILE
  if (s.isDirectory()) return abi.FILETYPE_DIRECTORY
  if (s.isSymbolicLink()) return abi.FILETYPE_SYMBOLIC_LINK
  if (s.isCharacterDevice()) return abi.FILETYPE_CHARACTER_DEVICE
  if (s.isBlockDevice()) return abi.FILETYPE_BLOCK_DEVICE
  return abi.FILETYPE_UNKNOWN
}

export function streamFiletype(d: OpenStream): number {
  return (d.source?.isTerminal ?? d.sink?.isTerminal) === true ? abi.FILETYPE_CHARACTER_DEVICE : abi.FILETYPE_UNKNOWN
}
