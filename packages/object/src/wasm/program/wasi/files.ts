// Handles: a number of WASI's is Linux's. 0 to 2 are the standard streams, 3 is the current folder.
import { EQ, NE, UGT, ULT, type Value } from '@k23/ir'
import type { Datum } from '../../../compose.ts'
import { zeros } from '../../../data.ts'
import { BADF, INVAL, NAMETOOLONG } from './errno.ts'
import type { Body, Row, WasiRoutine } from './routine.ts'

/** The handle of the current folder, which is given to the program. */
export const CURRENT = 3n
const STAT = 'wasi_stat'
const ENTRIES = 'wasi_entries'
const ENTRIES_BYTES = 4096

// ---- Linux
const F_GETFL = 3n
const F_SETFL = 4n
const O_APPEND = 0x400n
const O_NONBLOCK = 0x800n
const S_IFMT = 0xf000n
// struct linux_dirent64
const DIRENT_OFFSET = 8
const DIRENT_LENGTH = 16
const DIRENT_TYPE = 18
const DIRENT_NAME = 19

// ---- WASI
const FDFLAGS_APPEND = 1n
const FDFLAGS_NONBLOCK = 4n
const RIGHTS_ALL = 0x1fff_ffffn
/** fd_seek and fd_tell: what has neither, and is a character device, is a terminal to C libraries. */
const RIGHTS_SEEK = 0x24n
const CHARACTER_DEVICE = 2n
const DIRENT_HEADER = 24

export function fileData(): Datum[] {
  return [zeros(STAT, 160), zeros(ENTRIES, ENTRIES_BYTES)]
}

/** Kinds of file by the upper four bits of st_mode, and by d_type, which are the same number. */
const FILE_TYPES: readonly (readonly [linux: bigint, wasi: bigint])[] = [
  [2n, CHARACTER_DEVICE],
  [4n, 3n],
  [6n, 1n],
  [8n, 4n],
  [10n, 7n],
  [12n, 6n],
]

/** WASI's kind of file. */
function fileType(r: WasiRoutine, kind: Value): Value {
  let type = r.i64(0)
  for (const [linux, wasi] of FILE_TYPES) type = r.ins.select(r.icmp(EQ, kind, linux), r.i64(wasi), type)
  return type
}

const typeOfMode = (r: WasiRoutine, stat: Value): Value =>
  fileType(r, r.ins.ushr_imm(r.and(r.u32(stat, r.builder.linux.stat.mode), S_IFMT), 12))

/** What `stat` says, as a filestat at `out`. */
function writeFilestat(r: WasiRoutine, stat: Value, out: Value): void {
  const { stat: s } = r.builder.linux
  const time = (at: number): Value => r.plus(r.ins.imul(r.u64(stat, at), r.i64(1_000_000_000)), r.u64(stat, at + 8))
  r.set64(r.u64(stat), out)
  r.set64(r.u64(stat, s.inode), out, 8)
  r.set64(typeOfMode(r, stat), out, 16)
  r.set64(s.linksBytes === 8 ? r.u64(stat, s.links) : r.u32(stat, s.links), out, 24)
  r.set64(r.u64(stat, s.size), out, 32)
  r.set64(time(s.times.accessed), out, 40)
  r.set64(time(s.times.modified), out, 48)
  r.set64(time(s.times.changed), out, 56)
}

export const FILESTAT_BYTES = 64n

export function filestat(r: WasiRoutine, out: Value, call: (stat: Value) => Value): void {
  const to = r.guest(out, FILESTAT_BYTES)
  const stat = r.address(STAT)
  r.must(call(stat))
  writeFilestat(r, stat, to)
}

/** Reads or writes buffer by buffer, until one is not done whole. */
const transfer =
  (call: 'read' | 'write' | 'pread64' | 'pwrite64'): Body =>
  (r) => {
    const { ins } = r
    const [handle, vectors, n] = r.params
    const at = call.startsWith('p') ? r.variable(r.params[3]) : undefined
    const list = r.guest(vectors, ins.ishl_imm(n, 3))
    const out = r.guest(r.params[r.params.length - 1], 4n)
    const total = r.variable(r.i64(0))
    const going = r.variable(r.i64(1))
    r.count(n, (i) => {
      const vector = r.plus(list, ins.ishl_imm(i, 3))
      const length = r.u32(vector, 4)
      const wanted = r.and(going.get(), r.is(NE, length, 0n))
      r.when(wanted, () => {
        const buffer = r.guest(r.u32(vector), length)
        const done = r.syscall(call, handle, buffer, length, ...(at === undefined ? [] : [at.get()]))
        // An error behind what was done is the next call's.
        r.when(r.icmp(EQ, total.get(), 0n), () => void r.must(done))
        const bytes = ins.smax(done, r.i64(0))
        total.set(r.plus(total.get(), bytes))
        at?.set(r.plus(at.get(), bytes))
        going.set(r.is(EQ, bytes, length))
      })
    })
    r.set32(total.get(), out)
  }

const seek: Body = (r) => {
  const [handle, offset, whence, out] = r.params
  const to = r.guest(out, 8n)
  r.failIf(r.icmp(UGT, whence, 2n), INVAL)
  r.set64(r.must(r.syscall('lseek', handle, offset, whence)), to)
}

const tell: Body = (r) => {
  const to = r.guest(r.params[1], 8n)
  r.set64(r.must(r.syscall('lseek', r.params[0], 0n, 1n)), to)
}

const fdstat: Body = (r) => {
  const [handle, out] = r.params
  const to = r.guest(out, 24n)
  const stat = r.address(STAT)
  r.must(r.syscall('fstat', handle, stat))
  const flags = r.must(r.syscall('fcntl', handle, F_GETFL))
  const type = typeOfMode(r, stat)
  const terminal = r.icmp(EQ, type, CHARACTER_DEVICE)
  const has = (bit: bigint, flag: bigint): Value => r.ins.select(r.and(flags, bit), r.i64(flag), r.i64(0))
  r.set64(type, to)
  r.set16(r.ins.bor(has(O_APPEND, FDFLAGS_APPEND), has(O_NONBLOCK, FDFLAGS_NONBLOCK)), to, 2)
  r.set64(r.ins.select(terminal, r.i64(RIGHTS_ALL & ~RIGHTS_SEEK), r.i64(RIGHTS_ALL)), to, 8)
  r.set64(RIGHTS_ALL, to, 16)
}

const setFlags: Body = (r) => {
  const [handle, flags] = r.params
  const old = r.must(r.syscall('fcntl', handle, F_GETFL))
  const has = (flag: bigint, bit: bigint): Value => r.ins.select(r.and(flags, flag), r.i64(bit), r.i64(0))
  const wanted = r.ins.bor(has(FDFLAGS_APPEND, O_APPEND), has(FDFLAGS_NONBLOCK, O_NONBLOCK))
  r.must(r.syscall('fcntl', handle, F_SETFL, r.ins.bor(r.and(old, ~(O_APPEND | O_NONBLOCK)), wanted)))
}

const prestat: Body = (r) => {
  const to = r.guest(r.params[1], 8n)
  r.failIf(r.icmp(NE, r.params[0], CURRENT), BADF)
  // The folder's name is `.`.
  r.set32(0n, to)
  r.set32(1n, to, 4)
}

const prestatName: Body = (r) => {
  const [handle, out, length] = r.params
  r.failIf(r.icmp(NE, handle, CURRENT), BADF)
  r.failIf(r.icmp(EQ, length, 0n), NAMETOOLONG)
  r.set8(0x2en, r.guest(out, 1n))
}

/** Linux's entries, from the place that the cookie is, as WASI's; the last one may be cut off. */
const readdir: Body = (r) => {
  const { ins } = r
  const [handle, buffer, length, cookie, out] = r.params
  const to = r.guest(buffer, length)
  const used = r.guest(out, 4n)
  const entries = r.address(ENTRIES)
  const at = r.variable(r.i64(0))
  const copy = (from: Value, n: Value): void => {
    const room = ins.umin(n, ins.isub(length, at.get()))
    r.call('Memcpy', [r.plus(to, at.get()), from, room])
    at.set(r.plus(at.get(), room))
  }
  const header = r.address(STAT)
  r.must(r.syscall('lseek', handle, cookie, 0n))
  const got = r.variable(r.i64(1))
  r.loop(
    () => r.and(r.is(NE, got.get(), 0n), r.is(ULT, at.get(), length)),
    () => {
      got.set(r.must(r.syscall('getdents64', handle, entries, BigInt(ENTRIES_BYTES))))
      const e = r.variable(entries)
      const end = r.plus(entries, got.get())
      r.loop(
        () => r.and(r.is(ULT, e.get(), end), r.is(ULT, at.get(), length)),
        () => {
          const entry = e.get()
          const name = r.plus(entry, BigInt(DIRENT_NAME))
          const bytes = r.call('rt_length', [name])
          r.set64(r.u64(entry, DIRENT_OFFSET), header)
          r.set64(r.u64(entry), header, 8)
          r.set32(bytes, header, 16)
          r.set32(fileType(r, r.u8(entry, DIRENT_TYPE)), header, 20)
          copy(header, r.i64(DIRENT_HEADER))
          copy(name, bytes)
          e.set(r.plus(entry, r.u16(entry, DIRENT_LENGTH)))
        },
      )
    },
  )
  r.set32(at.get(), used)
}

/** Accessed and modified, each: not changed, set to a given time, or to now. */
export function timesOf(r: WasiRoutine, accessed: Value, modified: Value, flags: Value): Value {
  const UTIME_NOW = (1n << 30n) - 1n
  const UTIME_OMIT = (1n << 30n) - 2n
  const times = r.address(STAT)
  const one = (given: Value, set: bigint, now: bigint, at: number): void => {
    const second = r.i64(1_000_000_000)
    r.set64(r.ins.udiv(given, second), times, at)
    const nanoseconds = r.ins.select(r.and(flags, set), r.ins.urem(given, second), r.i64(UTIME_OMIT))
    r.set64(r.ins.select(r.and(flags, now), r.i64(UTIME_NOW), nanoseconds), times, at + 8)
  }
  one(accessed, 1n, 2n, 0)
  one(modified, 4n, 8n, 16)
  return times
}

const simple =
  (call: 'close' | 'fsync' | 'fdatasync' | 'ftruncate'): Body =>
  (r) =>
    void r.must(r.syscall(call, ...r.params))

// biome-ignore format: table
export const fileRows: readonly Row[] = [
  { name: 'fd_read',                 params: 'iiii',  body: transfer('read') },
  { name: 'fd_write',                params: 'iiii',  body: transfer('write') },
  { name: 'fd_pread',                params: 'iiiIi', body: transfer('pread64') },
  { name: 'fd_pwrite',               params: 'iiiIi', body: transfer('pwrite64') },
  { name: 'fd_seek',                 params: 'iIii',  body: seek },
  { name: 'fd_tell',                 params: 'ii',    body: tell },
  { name: 'fd_close',                params: 'i',     body: simple('close') },
  { name: 'fd_sync',                 params: 'i',     body: simple('fsync') },
  { name: 'fd_datasync',             params: 'i',     body: simple('fdatasync') },
  { name: 'fd_filestat_set_size',    params: 'iI',    body: simple('ftruncate') },
  { name: 'fd_advise',               params: 'iIIi',  body: (r) => void r.must(r.syscall('fcntl', r.params[0], F_GETFL)) },
  { name: 'fd_allocate',             params: 'iII',   body: (r) => void r.must(r.syscall('fallocate', r.params[0], 0n, r.params[1], r.params[2])) },
  { name: 'fd_renumber',             params: 'ii',    body: (r) => {
    r.must(r.syscall('dup3', r.params[0], r.params[1], 0n))
    r.must(r.syscall('close', r.params[0]))
  } },
  { name: 'fd_fdstat_get',           params: 'ii',    body: fdstat },
  { name: 'fd_fdstat_set_flags',     params: 'ii',    body: setFlags },
  { name: 'fd_fdstat_set_rights',    params: 'iII',   body: () => {} },
  { name: 'fd_filestat_get',         params: 'ii',    body: (r) => filestat(r, r.params[1], (stat) => r.syscall('fstat', r.params[0], stat)) },
  { name: 'fd_filestat_set_times',   params: 'iIIi',  body: (r) => {
    const [handle, accessed, modified, flags] = r.params
    r.must(r.syscall('utimensat', handle, 0n, timesOf(r, accessed, modified, flags), 0n))
  } },
  { name: 'fd_prestat_get',          params: 'ii',    body: prestat },
  { name: 'fd_prestat_dir_name',     params: 'iii',   body: prestatName },
  { name: 'fd_readdir',              params: 'iiiIi', body: readdir },
]
