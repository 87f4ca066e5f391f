// Numbers and layouts of wasi_snapshot_preview1, as data. Source: WebAssembly/WASI, legacy/preview1/docs.md. Little-endian; sizes in bytes.

// ---- error numbers

/** Every errno: name (also the POSIX name and, mostly, the host's error code), number. */
// biome-ignore format: table
const rows = {
  SUCCESS: 0, E2BIG: 1, EACCES: 2, EADDRINUSE: 3, EADDRNOTAVAIL: 4, EAFNOSUPPORT: 5, EAGAIN: 6, EALREADY: 7, EBADF: 8, EBADMSG: 9,
  EBUSY: 10, ECANCELED: 11, ECHILD: 12, ECONNABORTED: 13, ECONNREFUSED: 14, ECONNRESET: 15, EDEADLK: 16, EDESTADDRREQ: 17, EDOM: 18, EDQUOT: 19,
  EEXIST: 20, EFAULT: 21, EFBIG: 22, EHOSTUNREACH: 23, EIDRM: 24, EILSEQ: 25, EINPROGRESS: 26, EINTR: 27, EINVAL: 28, EIO: 29,
  EISCONN: 30, EISDIR: 31, ELOOP: 32, EMFILE: 33, EMLINK: 34, EMSGSIZE: 35, EMULTIHOP: 36, ENAMETOOLONG: 37, ENETDOWN: 38, ENETRESET: 39,
  ENETUNREACH: 40, ENFILE: 41, ENOBUFS: 42, ENODEV: 43, ENOENT: 44, ENOEXEC: 45, ENOLCK: 46, ENOLINK: 47, ENOMEM: 48, ENOMSG: 49,
  ENOPROTOOPT: 50, ENOSPC: 51, ENOSYS: 52, ENOTCONN: 53, ENOTDIR: 54, ENOTEMPTY: 55, ENOTRECOVERABLE: 56, ENOTSOCK: 57, ENOTSUP: 58, ENOTTY: 59,
  ENXIO: 60, EOVERFLOW: 61, EOWNERDEAD: 62, EPERM: 63, EPIPE: 64, EPROTO: 65, EPROTONOSUPPORT: 66, EPROTOTYPE: 67, ERANGE: 68, EROFS: 69,
  ESPIPE: 70, ESRCH: 71, ESTALE: 72, ETIMEDOUT: 73, ETXTBSY: 74, EXDEV: 75, ENOTCAPABLE: 76,
} as const

export type ErrnoName = keyof typeof rows
export const errno: Readonly<Record<ErrnoName, number>> = rows

/** Error codes of hosts that are not the name of an errno. */
// biome-ignore format: table
export const hostErrors: Readonly<Record<string, ErrnoName>> = {
  EOPNOTSUPP:           'ENOTSUP',
  EWOULDBLOCK:          'EAGAIN',
  EOF:                  'EIO',
  UNKNOWN:              'EIO',
  ERR_FS_FILE_TOO_LARGE: 'EFBIG',
  ERR_FS_EISDIR:        'EISDIR',
  ERR_OUT_OF_RANGE:     'EINVAL',
  ERR_INVALID_ARG_VALUE: 'EINVAL',
}

// ---- kinds and flags

export const FILETYPE_UNKNOWN = 0
export const FILETYPE_BLOCK_DEVICE = 1
export const FILETYPE_CHARACTER_DEVICE = 2
export const FILETYPE_DIRECTORY = 3
export const FILETYPE_REGULAR_FILE = 4
export const FILETYPE_SOCKET_STREAM = 6
export const FILETYPE_SYMBOLIC_LINK = 7

export const FDFLAG_APPEND = 1
export const FDFLAG_DSYNC = 2
export const FDFLAG_NONBLOCK = 4
export const FDFLAG_RSYNC = 8
export const FDFLAG_SYNC = 16
export const ALL_FDFLAGS = 31

export const OFLAG_CREAT = 1
export const OFLAG_DIRECTORY = 2
export const OFLAG_EXCL = 4
export const OFLAG_TRUNC = 8
export const ALL_OFLAGS = 15

export const LOOKUP_SYMLINK_FOLLOW = 1

export const WHENCE_SET = 0
export const WHENCE_CUR = 1
export const WHENCE_END = 2

export const SET_ATIM = 1
export const SET_ATIM_NOW = 2
export const SET_MTIM = 4
export const SET_MTIM_NOW = 8

export const CLOCK_REALTIME = 0
export const CLOCK_MONOTONIC = 1
export const CLOCK_PROCESS_CPUTIME = 2
export const CLOCK_THREAD_CPUTIME = 3

export const EVENT_CLOCK = 0
export const EVENT_FD_READ = 1
export const EVENT_FD_WRITE = 2
export const SUBSCRIPTION_CLOCK_ABSTIME = 1

export const NUM_ADVICE = 6

// ---- rights: bits of a u64 whose upper half is always zero

/** Names in the order of their bits. */
// biome-ignore format: table
const rightNames = [
  'fd_datasync', 'fd_read', 'fd_seek', 'fd_fdstat_set_flags', 'fd_sync', 'fd_tell', 'fd_write', 'fd_advise', 'fd_allocate',
  'path_create_directory', 'path_create_file', 'path_link_source', 'path_link_target', 'path_open', 'fd_readdir', 'path_readlink',
  'path_rename_source', 'path_rename_target', 'path_filestat_get', 'path_filestat_set_size', 'path_filestat_set_times', 'fd_filestat_get',
  'fd_filestat_set_size', 'fd_filestat_set_times', 'path_symlink', 'path_remove_directory', 'path_unlink_file', 'poll_fd_readwrite',
  'sock_shutdown', 'sock_accept',
] as const
export type RightName = (typeof rightNames)[number]

export function rights(...names: readonly RightName[]): number {
  return names.reduce((bits, n) => bits | (1 << rightNames.indexOf(n)), 0)
}
/** All rights that exist. */
export const ALL_RIGHTS: number = 2 ** rightNames.length - 1

/** What can be done with a file, of whatever it was opened for. */
// biome-ignore format: table
export const FILE_RIGHTS: number = rights(
  'fd_datasync', 'fd_read', 'fd_seek', 'fd_fdstat_set_flags', 'fd_sync', 'fd_tell', 'fd_write', 'fd_advise', 'fd_allocate', 'fd_filestat_get',
  'fd_filestat_set_size', 'fd_filestat_set_times', 'poll_fd_readwrite',
)
/** Those that need a file opened for writing. */
export const WRITE_RIGHTS: number = rights('fd_datasync', 'fd_write', 'fd_allocate', 'fd_filestat_set_size')
// biome-ignore format: table
export const DIRECTORY_RIGHTS: number = rights(
  'fd_fdstat_set_flags', 'fd_sync', 'fd_advise', 'path_create_directory', 'path_create_file', 'path_link_source', 'path_link_target', 'path_open',
  'fd_readdir', 'path_readlink', 'path_rename_source', 'path_rename_target', 'path_filestat_get', 'path_filestat_set_size',
  'path_filestat_set_times', 'fd_filestat_get', 'fd_filestat_set_times', 'path_symlink', 'path_remove_directory', 'path_unlink_file',
  'poll_fd_readwrite',
)
export const STREAM_RIGHTS: number = rights(
  'fd_datasync',
  'fd_fdstat_set_flags',
  'fd_sync',
  'fd_filestat_get',
  'poll_fd_readwrite',
)

// ---- layouts (offset of each field)

/** An iovec: u32 address, u32 length. */
export const IOVEC_SIZE = 8
/** As many buffers as POSIX systems take in one call. */
export const MAX_IOVECS = 1024

// biome-ignore format: table
export const FILESTAT = { dev: 0, ino: 8, filetype: 16, nlink: 24, size: 32, atim: 40, mtim: 48, ctim: 56, SIZE: 64 } as const
// biome-ignore format: table
export const FDSTAT = { filetype: 0, flags: 2, base: 8, inheriting: 16, SIZE: 24 } as const
// biome-ignore format: table
export const DIRENT = { next: 0, ino: 8, namlen: 16, type: 20, SIZE: 24 } as const
// biome-ignore format: table
export const SUBSCRIPTION = { userdata: 0, tag: 8, fd: 16, clock: 16, timeout: 24, flags: 40, SIZE: 48 } as const
// biome-ignore format: table
export const EVENT = { userdata: 0, error: 8, type: 10, nbytes: 16, flags: 24, SIZE: 32 } as const
// biome-ignore format: table
export const PRESTAT = { tag: 0, nameLength: 4, SIZE: 8 } as const
