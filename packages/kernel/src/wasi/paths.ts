// path_*: calls on names below an open folder.
import * as abi from './abi.ts'
import { filetypeOf, type OpenFolder } from './descriptors.ts'
import { fail } from './errors.ts'
import type { FileStatus, OpenConstants } from './file-system.ts'
import { newTimes, rightsOf, writeStatus } from './files.ts'
import { type GuestMemory, utf8 } from './guest-memory.ts'
import { type Place, resolvePath } from './path.ts'
import type { Program, Run } from './program.ts'

const FOLLOW = abi.LOOKUP_SYMLINK_FOLLOW

/** Where a guest's path leads, for a call that needs `right` on the folder. */
function place(
  p: Program,
  m: GuestMemory,
  fd: number,
  right: number,
  at: number,
  length: number,
  follow: boolean,
): Place {
  const d = p.fds.folder(fd, right)
  return resolvePath(d.root, d.names, m.text(at, length), follow)
}

/** The same for a call that makes or removes the name itself: `.` and `..` name no entry. */
function entry(p: Program, m: GuestMemory, fd: number, right: number, at: number, length: number): Place {
  const found = place(p, m, fd, right, at, length, false)
  if (!found.named) fail('EINVAL')
  return found
}

function existing(at: Place): FileStatus {
  const s = at.status ?? fail('ENOENT')
  if (at.folder && !s.isDirectory()) fail('ENOTDIR')
  return s
}

// ---- opening

const READ = abi.rights('fd_read')
const OPEN = abi.rights('path_open')

/** The host's flags. It never gets APPEND: the offset is ours, so that the flag can change later. */
function hostFlags(c: OpenConstants, oflags: number, fdflags: number, read: boolean, write: boolean): number {
  let flags = write ? (read ? c.O_RDWR : c.O_WRONLY) : c.O_RDONLY
  if ((oflags & abi.OFLAG_CREAT) !== 0) flags |= c.O_CREAT
  if ((oflags & abi.OFLAG_EXCL) !== 0) flags |= c.O_EXCL
  if ((oflags & abi.OFLAG_TRUNC) !== 0) flags |= c.O_TRUNC
  if ((fdflags & (abi.FDFLAG_SYNC | abi.FDFLAG_RSYNC)) !== 0) flags |= c.O_SYNC ?? 0
  if ((fdflags & abi.FDFLAG_DSYNC) !== 0) flags |= c.O_DSYNC ?? c.O_SYNC ?? 0
  return flags | (c.O_NOFOLLOW ?? 0)
}

export const pathOpen: Run = (p, m, fd, lookup, path, length, oflags, base, inheriting, fdflags, result) => {
  const d = p.fds.folder(fd, OPEN)
  if ((oflags & ~abi.ALL_OFLAGS) !== 0 || (fdflags & ~abi.ALL_FDFLAGS) !== 0) fail('EINVAL')
  m.u32(result)
  // Rights beyond what the folder hands down are refused, as far as they exist.
  const wanted = rightsOf(base)
  const handed = rightsOf(inheriting)
  if (((wanted | handed) & ~d.inheriting) !== 0) fail('ENOTCAPABLE')
  const creates = (oflags & abi.OFLAG_CREAT) !== 0
  if (creates && (d.base & abi.rights('path_create_file')) === 0) fail('ENOTCAPABLE')
  if ((oflags & abi.OFLAG_TRUNC) !== 0 && (d.base & abi.rights('path_filestat_set_size')) === 0) fail('ENOTCAPABLE')
  const exclusive = creates && (oflags & abi.OFLAG_EXCL) !== 0
  const at = resolvePath(d.root, d.names, m.text(path, length), (lookup & FOLLOW) !== 0 && !exclusive)
  if (at.status !== undefined && exclusive) fail('EEXIST')
  if (at.status?.isSymbolicLink()) fail('ELOOP')
  const opened =
    at.status?.isDirectory() === true
      ? openFolder(d, at, wanted, handed, oflags, fdflags)
      : openFile(d, at, wanted, handed, oflags, fdflags)
  m.setU32(result, p.fds.add(opened))
}

type Opened = Parameters<Program['fds']['add']>[0]

function openFolder(d: OpenFolder, at: Place, wanted: number, handed: number, oflags: number, flags: number): Opened {
  if ((oflags & (abi.OFLAG_CREAT | abi.OFLAG_TRUNC)) !== 0 || (wanted & abi.rights('fd_write')) !== 0) {
    if ((oflags & abi.OFLAG_DIRECTORY) === 0) fail('EISDIR')
    if ((oflags & abi.OFLAG_TRUNC) !== 0) fail('EINVAL')
  }
  return {
    kind: 'folder',
    root: d.root,
    names: at.names,
    preopened: false,
    flags,
    base: wanted & abi.DIRECTORY_RIGHTS,
    inheriting: handed,
  }
}

function openFile(d: OpenFolder, at: Place, wanted: number, handed: number, oflags: number, flags: number): Opened {
  const { fs } = d.root
  if (at.status !== undefined && ((oflags & abi.OFLAG_DIRECTORY) !== 0 || at.folder)) fail('ENOTDIR')
  if (at.status === undefined && (oflags & abi.OFLAG_CREAT) === 0) fail('ENOENT')
  // A file is not created where a folder is meant.
  if (at.status === undefined && (at.folder || (oflags & abi.OFLAG_DIRECTORY) !== 0)) fail('EINVAL')
  const write = (wanted & abi.WRITE_RIGHTS & ~abi.rights('fd_datasync')) !== 0 || (oflags & abi.OFLAG_TRUNC) !== 0
  const read = (wanted & READ) !== 0 || !write
  const handle = fs.openSync(at.host, hostFlags(fs.constants, oflags, flags, read, write), 0o666)
  let filetype: number
  try {
    filetype = filetypeOf(fs.fstatSync(handle, { bigint: true }))
  } catch (e) {
    fs.closeSync(handle)
    throw e
  }
  const base = wanted & abi.FILE_RIGHTS
  return { kind: 'file', fs, handle, filetype, offset: 0, flags, base, inheriting: handed & abi.FILE_RIGHTS }
}

// ---- making and removing

export const pathCreateDirectory: Run = (p, m, fd, path, length) => {
  const at = place(p, m, fd, abi.rights('path_create_directory'), path, length, false)
  if (at.status !== undefined) fail('EEXIST')
  at.root.fs.mkdirSync(at.host)
}

export const pathRemoveDirectory: Run = (p, m, fd, path, length) => {
  const at = entry(p, m, fd, abi.rights('path_remove_directory'), path, length)
  if (!existing(at).isDirectory()) fail('ENOTDIR')
  at.root.fs.rmdirSync(at.host)
}

export const pathUnlinkFile: Run = (p, m, fd, path, length) => {
  const at = entry(p, m, fd, abi.rights('path_unlink_file'), path, length)
  if (existing(at).isDirectory()) fail('EISDIR')
  at.root.fs.unlinkSync(at.host)
}

export const pathRename: Run = (p, m, fromFd, from, fromLength, toFd, to, toLength) => {
  const a = entry(p, m, fromFd, abi.rights('path_rename_source'), from, fromLength)
  const b = entry(p, m, toFd, abi.rights('path_rename_target'), to, toLength)
  const folder = existing(a).isDirectory()
  if (b.folder && !folder) fail('ENOTDIR')
  if (a.root.fs !== b.root.fs) fail('EXDEV')
  // Hosts differ on what may be replaced: POSIX's answers here.
  if (b.status !== undefined && b.status.isDirectory() !== folder) fail(folder ? 'ENOTDIR' : 'EISDIR')
  a.root.fs.renameSync(a.host, b.host)
  if (folder && a.root === b.root) p.fds.renamed(a.root, a.names, b.names)
}

export const pathLink: Run = (p, m, fromFd, lookup, from, fromLength, toFd, to, toLength) => {
  const a = place(p, m, fromFd, abi.rights('path_link_source'), from, fromLength, (lookup & FOLLOW) !== 0)
  const b = entry(p, m, toFd, abi.rights('path_link_target'), to, toLength)
  if (existing(a).isDirectory()) fail('EPERM')
  if (b.status !== undefined) fail('EEXIST')
  if (b.folder) fail('ENOENT')
  if (a.root.fs !== b.root.fs) fail('EXDEV')
  a.root.fs.linkSync(a.host, b.host)
}

/** A link may point anywhere below or above; only following it is confined. An absolute one could never be followed. */
export const pathSymlink: Run = (p, m, target, targetLength, fd, path, length) => {
  const text = m.text(target, targetLength)
  const at = entry(p, m, fd, abi.rights('path_symlink'), path, length)
  if (text === '') fail('ENOENT')
  if (text.includes('\0')) fail('EINVAL')
  if (text.startsWith('/')) fail('ENOTCAPABLE')
  if (at.status !== undefined) fail('EEXIST')
  if (at.folder) fail('ENOENT')
  at.root.fs.symlinkSync(text, at.host)
}

/** The target, cut to the buffer. */
export const pathReadlink: Run = (p, m, fd, path, length, buffer, size, result) => {
  const at = place(p, m, fd, abi.rights('path_readlink'), path, length, false)
  if (!existing(at).isSymbolicLink()) fail('EINVAL')
  const text = utf8(at.root.fs.readlinkSync(at.host))
  const out = m.bytes(buffer, size)
  const n = Math.min(text.length, out.length)
  m.setU32(result, n)
  out.set(text.subarray(0, n))
}

// ---- status

export const pathFilestatGet: Run = (p, m, fd, lookup, path, length, result) => {
  const at = place(p, m, fd, abi.rights('path_filestat_get'), path, length, (lookup & FOLLOW) !== 0)
  writeStatus(m, result, existing(at))
}

export const pathFilestatSetTimes: Run = (p, m, fd, lookup, path, length, atim, mtim, flags) => {
  const at = place(p, m, fd, abi.rights('path_filestat_set_times'), path, length, (lookup & FOLLOW) !== 0)
  at.root.fs.lutimesSync(at.host, ...newTimes(p, atim, mtim, flags, existing(at)))
}
