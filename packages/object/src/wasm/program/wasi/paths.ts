// Paths: relative to a handle, and never above it. `..` is counted: what would leave the folder is refused, as are absolute paths. A symbolic link inside that leads out
// is followed as Linux follows it: the program is no stranger to the one who starts it.
import { EQ, type Func, NE, SLT, UGE, type Value } from '@k23/ir'
import type { Datum } from '../../../compose.ts'
import { zeros } from '../../../data.ts'
import { type Builder, RuntimeRoutine } from '../runtime.ts'
import { INVAL, NAMETOOLONG, NOTCAPABLE } from './errno.ts'
import { filestat, timesOf } from './files.ts'
import type { Body, Row, WasiRoutine } from './routine.ts'

const PATH = 'wasi_path'
const OTHER_PATH = 'wasi_other_path'
const PATH_BYTES = 4096
const COPY_PATH = 'wasi_copy_path'

const AT_SYMLINK_NOFOLLOW = 0x100n
const AT_SYMLINK_FOLLOW = 0x400n
const AT_REMOVEDIR = 0x200n
const LOOKUP_FOLLOW = 1n

const SLASH = 0x2fn
const DOT = 0x2en

export function pathData(): Datum[] {
  return [zeros(PATH, PATH_BYTES), zeros(OTHER_PATH, PATH_BYTES)]
}

export function pathFunctions(b: Builder): Func[] {
  return [copyPath(b)]
}

/** (to, from, n) -> 0 and the path with a zero behind it at `to`, or an error of WASI's. */
function copyPath(b: Builder): Func {
  const r = new RuntimeRoutine(COPY_PATH, 3, 1, b)
  const { ins } = r
  const [to, from, n] = r.args
  const fail = (errno: bigint): void => r.return(r.i64(errno))
  r.when(r.icmp(UGE, n, BigInt(PATH_BYTES)), () => fail(NAMETOOLONG))
  const depth = r.variable(r.i64(0))
  /** Characters of the component so far, and how many of them are dots. */
  const length = r.variable(r.i64(0))
  const dots = r.variable(r.i64(0))
  const endComponent = (): void => {
    const one = r.and(r.is(EQ, length.get(), 1n), r.is(EQ, dots.get(), 1n))
    const two = r.and(r.is(EQ, length.get(), 2n), r.is(EQ, dots.get(), 2n))
    const named = r.and(r.is(NE, length.get(), 0n), r.is(EQ, ins.bor(one, two), 0n))
    depth.set(r.plus(depth.get(), ins.isub(named, two)))
    r.when(r.icmp(SLT, depth.get(), 0n), () => fail(NOTCAPABLE))
    length.set(r.i64(0))
    dots.set(r.i64(0))
  }
  r.count(n, (i) => {
    const c = r.u8(r.plus(from, i))
    r.when(r.icmp(EQ, c, 0n), () => fail(INVAL))
    r.when(r.and(r.is(EQ, c, SLASH), r.is(EQ, i, 0n)), () => fail(NOTCAPABLE))
    r.set8(c, r.plus(to, i))
    r.when(
      r.icmp(EQ, c, SLASH),
      () => endComponent(),
      () => {
        r.add(length, 1n)
        dots.set(r.plus(dots.get(), r.is(EQ, c, DOT)))
      },
    )
  })
  endComponent()
  r.set8(0n, r.plus(to, n))
  r.return(r.i64(0))
  return r.done()
}

/** The path as Linux takes it. */
function path(r: WasiRoutine, at: Value, n: Value, buffer = PATH): Value {
  const to = r.address(buffer)
  const errno = r.call(COPY_PATH, [to, r.guest(at, n), n])
  r.when(errno, () => r.return(r.ins.ireduce(r.func.typeOf(r.args[0]), errno)))
  return to
}

/** `flag` of Linux where `bit` of WASI's is set, or where it is not. */
const when = (r: WasiRoutine, flags: Value, bit: bigint, set: bigint, clear = 0n): Value =>
  r.ins.select(r.and(flags, bit), r.i64(set), r.i64(clear))

const open: Body = (r) => {
  const { ins } = r
  const { linux } = r.builder
  const [handle, lookup, at, n, oflags, rights, , fdflags, out] = r.params
  const to = r.guest(out, 4n)
  const name = path(r, at, n)
  // fd_read and fd_write among the rights.
  const reads = r.and(ins.ushr_imm(rights, 1), 1n)
  const writes = r.and(ins.ushr_imm(rights, 6), 1n)
  const access = ins.select(writes, r.plus(reads, 1n), r.i64(0))
  const directory = when(r, oflags, 2n, BigInt(linux.open.directory))
  const flags = [
    // A folder is opened for reading alone.
    ins.select(directory, r.i64(0), access),
    directory,
    when(r, oflags, 1n, 0x40n),
    when(r, oflags, 4n, 0x80n),
    when(r, oflags, 8n, 0x200n),
    when(r, fdflags, 1n, 0x400n),
    when(r, fdflags, 2n, 0x1000n),
    when(r, fdflags, 4n, 0x800n),
    when(r, fdflags, 16n, 0x10_1000n),
    when(r, lookup, LOOKUP_FOLLOW, 0n, BigInt(linux.open.noFollow)),
  ].reduce((a, x) => ins.bor(a, x))
  r.set32(r.must(r.syscall('openat', handle, name, flags, 0o666n)), to)
}

const readlink: Body = (r) => {
  const [handle, at, n, buffer, size, out] = r.params
  const to = r.guest(out, 4n)
  const name = path(r, at, n)
  r.set32(r.must(r.syscall('readlinkat', handle, name, r.guest(buffer, size), size)), to)
}

/** (old handle, old path, new handle, new path) */
const rename: Body = (r) => {
  const [from, at, n, to, other, m] = r.params
  r.must(r.syscall('renameat2', from, path(r, at, n), to, path(r, other, m, OTHER_PATH), 0n))
}

const link: Body = (r) => {
  const [from, lookup, at, n, to, other, m] = r.params
  const flags = when(r, lookup, LOOKUP_FOLLOW, AT_SYMLINK_FOLLOW)
  r.must(r.syscall('linkat', from, path(r, at, n), to, path(r, other, m, OTHER_PATH), flags))
}

/** What a link says is not a path of ours; it may not lead out of the folder all the same. */
const symlink: Body = (r) => {
  const [old, n, handle, at, m] = r.params
  r.must(r.syscall('symlinkat', path(r, old, n), handle, path(r, at, m, OTHER_PATH)))
}

// biome-ignore format: table
export const pathRows: readonly Row[] = [
  { name: 'path_open',               params: 'iiiiiIIii', body: open },
  { name: 'path_filestat_get',       params: 'iiiii',     body: (r) => {
    const [handle, lookup, at, n, out] = r.params
    const name = path(r, at, n)
    filestat(r, out, (stat) => r.syscall('newfstatat', handle, name, stat, when(r, lookup, LOOKUP_FOLLOW, 0n, AT_SYMLINK_NOFOLLOW)))
  } },
  { name: 'path_filestat_set_times', params: 'iiiiIIi',   body: (r) => {
    const [handle, lookup, at, n, accessed, modified, flags] = r.params
    const name = path(r, at, n)
    r.must(r.syscall('utimensat', handle, name, timesOf(r, accessed, modified, flags), when(r, lookup, LOOKUP_FOLLOW, 0n, AT_SYMLINK_NOFOLLOW)))
  } },
  { name: 'path_create_directory',   params: 'iii',       body: (r) => void r.must(r.syscall('mkdirat', r.params[0], path(r, r.params[1], r.params[2]), 0o777n)) },
  { name: 'path_remove_directory',   params: 'iii',       body: (r) => void r.must(r.syscall('unlinkat', r.params[0], path(r, r.params[1], r.params[2]), AT_REMOVEDIR)) },
  { name: 'path_unlink_file',        params: 'iii',       body: (r) => void r.must(r.syscall('unlinkat', r.params[0], path(r, r.params[1], r.params[2]), 0n)) },
  { name: 'path_rename',             params: 'iiiiii',    body: rename },
  { name: 'path_link',               params: 'iiiiiii',   body: link },
  { name: 'path_symlink',            params: 'iiiii',     body: symlink },
  { name: 'path_readlink',           params: 'iiiiii',    body: readlink },
]
