// fd_*: calls on what is open.
import * as abi from './abi.ts'
import { type Descriptor, filetypeOf, type OpenFile, type OpenStream, permit, streamFiletype } from './descriptors.ts'
import { fail } from './errors.ts'
import type { FileStatus } from './file-system.ts'
import { type GuestMemory, utf8 } from './guest-memory.ts'
import { hostPath, resolvePath } from './path.ts'
import type { Program, Run } from './program.ts'

const READ = abi.rights('fd_read')
const WRITE = abi.rights('fd_write')
const SEEK = abi.rights('fd_seek')
const TELL = abi.rights('fd_tell')
const ALLOCATE = abi.rights('fd_allocate')
const SET_SIZE = abi.rights('fd_filestat_set_size')
const SET_TIMES = abi.rights('fd_filestat_set_times')
const STATUS = abi.rights('fd_filestat_get')
const SET_FLAGS = abi.rights('fd_fdstat_set_flags')
const READDIR = abi.rights('fd_readdir')

/** Numbers stay exact, and hosts take no larger offsets. */
const MAX_OFFSET = BigInt(Number.MAX_SAFE_INTEGER)

/** A u64 of the guest as an offset or size of a file. */
function offsetOf(x: bigint): number {
  const n = BigInt.asUintN(64, x)
  if (n > MAX_OFFSET) fail('EINVAL')
  return Number(n)
}

const seekable = (f: OpenFile): boolean => f.filetype === abi.FILETYPE_REGULAR_FILE

// ---- reading and writing

/** Moves bytes buffer by buffer until one is not filled. After the first buffer, an error becomes the count so far. */
function transfer(buffers: readonly Uint8Array[], move: (b: Uint8Array, done: number) => number): number {
  let done = 0
  for (const b of buffers) {
    if (b.length === 0) continue
    let n: number
    try {
      n = move(b, done)
    } catch (e) {
      if (done === 0) throw e
      break
    }
    done += n
    if (n < b.length) break
  }
  return done
}

function readFile(f: OpenFile, buffers: readonly Uint8Array[], at: number): number {
  return transfer(buffers, (b, done) => f.fs.readSync(f.handle, b, 0, b.length, seekable(f) ? at + done : null))
}

function writeFile(f: OpenFile, buffers: readonly Uint8Array[], at: number): number {
  return transfer(buffers, (b, done) => f.fs.writeSync(f.handle, b, 0, b.length, seekable(f) ? at + done : null))
}

function readStream(s: OpenStream, buffers: readonly Uint8Array[]): number {
  const source = s.source ?? fail('EBADF')
  return transfer(buffers, (b) => source.read(b))
}

function writeStream(s: OpenStream, buffers: readonly Uint8Array[]): number {
  const sink = s.sink ?? fail('EBADF')
  return transfer(buffers, (b) => {
    sink.write(b.slice())
    return b.length
  })
}

export const fdRead: Run = (p, m, fd, iovecs, count, result) => {
  const d = p.fds.get(fd)
  if (d.kind === 'folder') fail('EISDIR')
  permit(d, READ)
  const buffers = m.buffers(iovecs, count)
  m.setU32(result, 0)
  if (d.kind === 'stream') return m.setU32(result, readStream(d, buffers))
  const n = readFile(d, buffers, d.offset)
  d.offset += n
  m.setU32(result, n)
}

export const fdWrite: Run = (p, m, fd, iovecs, count, result) => {
  const d = p.fds.get(fd)
  if (d.kind === 'folder') fail('EISDIR')
  permit(d, WRITE)
  const buffers = m.buffers(iovecs, count)
  m.setU32(result, 0)
  if (d.kind === 'stream') return m.setU32(result, writeStream(d, buffers))
  if ((d.flags & abi.FDFLAG_APPEND) !== 0 && seekable(d)) d.offset = sizeOf(d)
  const n = writeFile(d, buffers, d.offset)
  d.offset += n
  m.setU32(result, n)
}

export const fdPread: Run = (p, m, fd, iovecs, count, offset, result) => {
  const f = p.fds.file(fd, READ | SEEK, 'EISDIR')
  if (!seekable(f)) fail('ESPIPE')
  const buffers = m.buffers(iovecs, count)
  m.setU32(result, 0)
  m.setU32(result, readFile(f, buffers, offsetOf(offset)))
}

export const fdPwrite: Run = (p, m, fd, iovecs, count, offset, result) => {
  const f = p.fds.file(fd, WRITE | SEEK, 'EISDIR')
  if (!seekable(f)) fail('ESPIPE')
  const buffers = m.buffers(iovecs, count)
  m.setU32(result, 0)
  m.setU32(result, writeFile(f, buffers, offsetOf(offset)))
}

// ---- position and size

const statusOf = (f: OpenFile): FileStatus => f.fs.fstatSync(f.handle, { bigint: true })
const sizeOf = (f: OpenFile): number => Number(statusOf(f).size)

export const fdSeek: Run = (p, m, fd, delta, whence, result) => {
  // Asking for the position takes fd_tell only.
  const f = p.fds.file(fd, delta === 0n && whence === abi.WHENCE_CUR ? TELL : SEEK)
  if (!seekable(f)) fail('ESPIPE')
  const from =
    whence === abi.WHENCE_SET
      ? 0
      : whence === abi.WHENCE_CUR
        ? f.offset
        : whence === abi.WHENCE_END
          ? sizeOf(f)
          : fail('EINVAL')
  const to = BigInt(from) + delta
  if (to < 0n || to > MAX_OFFSET) fail('EINVAL')
  m.setU64(result, to)
  f.offset = Number(to)
}

export const fdTell: Run = (p, m, fd, result) => {
  const f = p.fds.file(fd, TELL)
  if (!seekable(f)) fail('ESPIPE')
  m.setU64(result, BigInt(f.offset))
}

export const fdFilestatSetSize: Run = (p, _m, fd, size) => {
  const f = p.fds.file(fd, SET_SIZE)
  f.fs.ftruncateSync(f.handle, offsetOf(size))
}

export const fdAllocate: Run = (p, _m, fd, offset, length) => {
  const f = p.fds.file(fd, ALLOCATE)
  if (length === 0n) fail('EINVAL')
  const end = offsetOf(BigInt.asUintN(64, offset) + BigInt.asUintN(64, length))
  if (end > sizeOf(f)) f.fs.ftruncateSync(f.handle, end)
}

/** Advice may be ignored; its arguments are checked nevertheless. */
export const fdAdvise: Run = (p, _m, fd, _offset, _length, advice) => {
  p.fds.file(fd, abi.rights('fd_advise'))
  if (advice >>> 0 >= abi.NUM_ADVICE) fail('EINVAL')
}

// ---- the descriptor itself

export const fdClose: Run = (p, _m, fd) => p.fds.close(fd)
export const fdRenumber: Run = (p, _m, from, to) => p.fds.renumber(from, to)

const sync =
  (right: number, run: (f: OpenFile) => void): Run =>
  (p, _m, fd) => {
    const d = p.fds.get(fd)
    permit(d, right)
    if (d.kind === 'file') run(d)
  }
export const fdSync: Run = sync(abi.rights('fd_sync'), (f) => f.fs.fsyncSync(f.handle))
export const fdDatasync: Run = sync(abi.rights('fd_datasync'), (f) => f.fs.fdatasyncSync(f.handle))

function filetype(d: Descriptor): number {
  return d.kind === 'file' ? d.filetype : d.kind === 'folder' ? abi.FILETYPE_DIRECTORY : streamFiletype(d)
}

export const fdFdstatGet: Run = (p, m, fd, result) => {
  const d = p.fds.get(fd)
  m.bytes(result, abi.FDSTAT.SIZE).fill(0)
  m.setU8(result + abi.FDSTAT.filetype, filetype(d))
  m.setU16(result + abi.FDSTAT.flags, d.flags)
  m.setU64(result + abi.FDSTAT.base, BigInt(d.base))
  m.setU64(result + abi.FDSTAT.inheriting, BigInt(d.inheriting))
}

export const fdFdstatSetFlags: Run = (p, _m, fd, flags) => {
  const d = p.fds.get(fd)
  permit(d, SET_FLAGS)
  if ((flags & ~abi.ALL_FDFLAGS) !== 0) fail('EINVAL')
  // The host's handle was opened with the others.
  const fixed = abi.FDFLAG_DSYNC | abi.FDFLAG_RSYNC | abi.FDFLAG_SYNC
  if (((d.flags ^ flags) & fixed) !== 0) fail('ENOTSUP')
  d.flags = flags
}

/** A u64 of rights as a number; bits that name none are kept apart from those that do. */
export function rightsOf(x: bigint): number {
  return Number(x & BigInt(abi.ALL_RIGHTS))
}

export const fdFdstatSetRights: Run = (p, _m, fd, base, inheriting) => {
  const d = p.fds.get(fd)
  // Rights can be given up, never gained.
  if (BigInt.asUintN(64, base) & ~BigInt(d.base) || BigInt.asUintN(64, inheriting) & ~BigInt(d.inheriting))
    fail('ENOTCAPABLE')
  d.base = rightsOf(base)
  d.inheriting = rightsOf(inheriting)
}

export const fdPrestatGet: Run = (p, m, fd, result) => {
  const d = p.fds.get(fd)
  if (d.kind !== 'folder' || !d.preopened) fail('EBADF')
  m.setU32(result + abi.PRESTAT.tag, 0)
  m.setU32(result + abi.PRESTAT.nameLength, utf8(d.root.name).length)
}

export const fdPrestatDirName: Run = (p, m, fd, at, length) => {
  const d = p.fds.get(fd)
  if (d.kind !== 'folder' || !d.preopened) fail('EBADF')
  const name = utf8(d.root.name)
  if (name.length > length >>> 0) fail('ENAMETOOLONG')
  m.bytes(at, name.length).set(name)
}

// ---- status

export function writeStatus(m: GuestMemory, at: number, s: FileStatus): void {
  const { FILESTAT } = abi
  m.bytes(at, FILESTAT.SIZE).fill(0)
  m.setU64(at + FILESTAT.dev, s.dev)
  m.setU64(at + FILESTAT.ino, s.ino)
  m.setU8(at + FILESTAT.filetype, filetypeOf(s))
  m.setU64(at + FILESTAT.nlink, s.nlink)
  m.setU64(at + FILESTAT.size, s.size)
  m.setU64(at + FILESTAT.atim, s.atimeNs)
  m.setU64(at + FILESTAT.mtim, s.mtimeNs)
  m.setU64(at + FILESTAT.ctim, s.ctimeNs)
}

export const fdFilestatGet: Run = (p, m, fd, result) => {
  const d = p.fds.get(fd)
  permit(d, STATUS)
  if (d.kind === 'file') writeStatus(m, result, statusOf(d))
  else if (d.kind === 'folder') writeStatus(m, result, resolvePath(d.root, d.names, '.', true).status ?? fail('ENOENT'))
  else {
    m.bytes(result, abi.FILESTAT.SIZE).fill(0)
    m.setU8(result + abi.FILESTAT.filetype, streamFiletype(d))
    m.setU64(result + abi.FILESTAT.nlink, 1n)
  }
}

/** Access and modification time in seconds, by the flags; `now` is for those that are set to it, `old` for those that are kept. */
export function newTimes(p: Program, atim: bigint, mtim: bigint, flags: number, old: FileStatus): [number, number] {
  if ((flags & ~15) !== 0) fail('EINVAL')
  const pick = (set: number, now: number, time: bigint, kept: bigint): number => {
    if ((flags & set) !== 0 && (flags & now) !== 0) fail('EINVAL')
    const ns = (flags & set) !== 0 ? BigInt.asUintN(64, time) : (flags & now) !== 0 ? p.environment.realtime() : kept
    return Number(ns) / 1e9
  }
  return [
    pick(abi.SET_ATIM, abi.SET_ATIM_NOW, atim, old.atimeNs),
    pick(abi.SET_MTIM, abi.SET_MTIM_NOW, mtim, old.mtimeNs),
  ]
}

export const fdFilestatSetTimes: Run = (p, _m, fd, atim, mtim, flags) => {
  const d = p.fds.get(fd)
  permit(d, SET_TIMES)
  if (d.kind === 'stream') fail('EBADF')
  if (d.kind === 'file') return d.fs.futimesSync(d.handle, ...newTimes(p, atim, mtim, flags, statusOf(d)))
  const { host, status } = resolvePath(d.root, d.names, '.', true)
  d.root.fs.lutimesSync(host, ...newTimes(p, atim, mtim, flags, status ?? fail('ENOENT')))
}

// ---- reading folders

/**
 * Rows of {next cookie, inode, length of the name, type} and the name, as many as fit; the last may be cut, which tells the guest to ask again
 * with a larger buffer or from that cookie. A cookie is an index into the listing made at cookie 0.
 */
export const fdReaddir: Run = (p, m, fd, at, length, cookie, result) => {
  const d = p.fds.folder(fd, READDIR)
  const out = m.bytes(at, length)
  m.setU32(result, 0)
  const { fs } = d.root
  resolvePath(d.root, d.names, '.', true)
  if (cookie === 0n || d.listing === undefined) d.listing = ['.', '..', ...fs.readdirSync(hostPath(d.root, d.names))]
  const row = new Uint8Array(abi.DIRENT.SIZE)
  const fields = new DataView(row.buffer)
  let used = 0
  for (let i = offsetOf(cookie); i < d.listing.length && used < out.length; i++) {
    const name = d.listing[i]
    // The parent of the preopened folder is itself, as that of a root is.
    const names = name === '.' ? d.names : name === '..' ? d.names.slice(0, -1) : [...d.names, name]
    let s: FileStatus
    try {
      s = fs.lstatSync(hostPath(d.root, names), { bigint: true })
    } catch {
      continue
    }
    const text = utf8(name)
    fields.setBigUint64(abi.DIRENT.next, BigInt(i + 1), true)
    fields.setBigUint64(abi.DIRENT.ino, s.ino, true)
    fields.setUint32(abi.DIRENT.namlen, text.length, true)
    fields.setUint8(abi.DIRENT.type, filetypeOf(s))
    for (const part of [row, text]) {
      const fits = part.subarray(0, out.length - used)
      out.set(fits, used)
      used += fits.length
    }
  }
  m.setU32(result, used)
}
