// Everything about files twice: on the host's, and on an in-memory file system.
import nodeFs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFsFromVolume, Volume } from 'memfs'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { rights } from '../src/wasi/abi.ts'
import { type FileSystem, renamingLinks } from '../src/wasi/index.ts'
import { BUFFER, type Guest, guest, OUT } from './wasi-guest.ts'

const READ = rights('fd_read', 'fd_advise', 'fd_seek', 'fd_tell', 'fd_filestat_get', 'fd_readdir')
const WRITE = rights(
  'fd_write',
  'fd_seek',
  'fd_tell',
  'fd_filestat_set_size',
  'fd_allocate',
  'fd_filestat_set_times',
  'fd_fdstat_set_flags',
)
const CREAT = 1
const DIRECTORY = 2
const EXCL = 4
const TRUNC = 8
const ROOT = 3

type Both = typeof nodeFs

const temporary: string[] = []
afterAll(() => {
  for (const d of temporary) nodeFs.rmSync(d, { recursive: true })
})

function hostFolder(): { fs: Both; path: string } {
  const top = nodeFs.mkdtempSync(join(tmpdir(), 'k23-wasi-'))
  temporary.push(top)
  return { fs: nodeFs, path: top }
}
function memoryFolder(): { fs: Both; path: string } {
  const fs = createFsFromVolume(Volume.fromJSON({})) as unknown as Both
  fs.mkdirSync('/top')
  return { fs: renamingLinks(fs as FileSystem) as Both, path: '/top' }
}

for (const [kind, folder] of [
  ['host', hostFolder],
  ['memory', memoryFolder],
] as const) {
  describe(`files of the ${kind}`, () => {
    let fs: Both
    let top: string
    let g: Guest

    /** `outside` lies beside the preopened folder `box`. */
    beforeEach(() => {
      const made = folder()
      fs = made.fs
      top = made.path
      fs.mkdirSync(`${top}/box/sub/deep`, { recursive: true })
      fs.mkdirSync(`${top}/outside`)
      fs.writeFileSync(`${top}/outside/secret`, 'secret')
      fs.writeFileSync(`${top}/box/a.txt`, 'hello world')
      fs.writeFileSync(`${top}/box/sub/b.txt`, 'b')
      g = guest({ preopens: [{ fs: fs as FileSystem, path: `${top}/box`, name: '.' }] })
    })

    function open(path: string, right = READ, oflags = 0, follow = 1, fdflags = 0, from = ROOT): number | string {
      const r = g.call('path_open', from, follow, path, oflags, BigInt(right), BigInt(READ | WRITE), fdflags, OUT)
      return r === 'SUCCESS' ? g.u32(OUT) : r
    }
    function openFolder(path: string): number {
      const all = rights(
        'path_open',
        'path_create_directory',
        'path_create_file',
        'fd_readdir',
        'path_filestat_get',
        'path_unlink_file',
      )
      const r = g.call('path_open', ROOT, 1, path, DIRECTORY, BigInt(all), BigInt(all | READ | WRITE), 0, OUT)
      expect(r).toBe('SUCCESS')
      return g.u32(OUT)
    }
    function read(fd: number, length = 100): string {
      g.putU32(OUT, BUFFER, length)
      g.ok('fd_read', fd, OUT, 1, OUT + 8)
      return g.text(BUFFER, g.u32(OUT + 8))
    }
    function write(fd: number, text: string): void {
      const bytes = new TextEncoder().encode(text)
      g.put(BUFFER, bytes)
      g.putU32(OUT, BUFFER, bytes.length)
      g.ok('fd_write', fd, OUT, 1, OUT + 8)
      expect(g.u32(OUT + 8)).toBe(bytes.length)
    }
    const content = (path: string): string => fs.readFileSync(`${top}/box/${path}`, 'utf8')
    function tell(fd: number): bigint {
      g.ok('fd_tell', fd, OUT)
      return g.u64(OUT)
    }

    test('the preopened folder is descriptor 3, by its name', () => {
      g.ok('fd_prestat_get', ROOT, OUT)
      expect([g.u32(OUT), g.u32(OUT + 4)]).toEqual([0, 1])
      g.ok('fd_prestat_dir_name', ROOT, BUFFER, 1)
      expect(g.text(BUFFER, 1)).toBe('.')
      expect(g.call('fd_prestat_dir_name', ROOT, BUFFER, 0)).toBe('ENAMETOOLONG')
      expect(g.call('fd_prestat_get', 4, OUT)).toBe('EBADF')
      g.ok('fd_fdstat_get', ROOT, OUT)
      expect(g.u8(OUT)).toBe(3)
    })

    test('read, seek, tell, pread', () => {
      const fd = open('a.txt') as number
      expect(fd).toBe(4)
      expect(read(fd, 5)).toBe('hello')
      expect(tell(fd)).toBe(5n)
      g.ok('fd_seek', fd, -5n, 2, OUT)
      expect(g.u64(OUT)).toBe(6n)
      expect(read(fd)).toBe('world')
      expect(read(fd)).toBe('')
      g.ok('fd_seek', fd, 1n, 0, OUT)
      g.ok('fd_seek', fd, 2n, 1, OUT)
      expect(g.u64(OUT)).toBe(3n)
      expect(g.call('fd_seek', fd, -4n, 1, OUT)).toBe('EINVAL')
      expect(g.call('fd_seek', fd, 0n, 3, OUT)).toBe('EINVAL')
      expect(g.call('fd_seek', fd, 2n ** 63n - 1n, 0, OUT)).toBe('EINVAL')
      g.putU32(OUT, BUFFER, 2, BUFFER + 2, 3)
      g.ok('fd_pread', fd, OUT, 2, 6n, OUT + 32)
      expect(g.text(BUFFER, 5)).toBe('world')
      expect(tell(fd)).toBe(3n)
      g.ok('fd_seek', fd, 100n, 0, OUT)
      expect(read(fd)).toBe('')
      g.ok('fd_close', fd)
      expect(g.call('fd_close', fd)).toBe('EBADF')
    })

    test('write, pwrite, append, size, allocate', () => {
      const fd = open('new.txt', READ | WRITE, CREAT | EXCL) as number
      write(fd, 'abc')
      write(fd, 'def')
      expect(content('new.txt')).toBe('abcdef')
      g.put(BUFFER, [88, 89])
      g.putU32(OUT, BUFFER, 2)
      g.ok('fd_pwrite', fd, OUT, 1, 1n, OUT + 32)
      expect(content('new.txt')).toBe('aXYdef')
      expect(tell(fd)).toBe(6n)
      g.ok('fd_filestat_set_size', fd, 3n)
      expect(content('new.txt')).toBe('aXY')
      write(fd, '!')
      expect(content('new.txt')).toBe('aXY\0\0\0!')
      g.ok('fd_allocate', fd, 4n, 2n)
      expect(content('new.txt').length).toBe(7)
      g.ok('fd_allocate', fd, 4n, 6n)
      expect(content('new.txt').length).toBe(10)
      expect(g.call('fd_allocate', fd, 0n, 0n)).toBe('EINVAL')
      expect(g.call('fd_filestat_set_size', fd, -1n)).toBe('EINVAL')
      g.ok('fd_filestat_set_size', fd, 1n)
      g.ok('fd_seek', fd, 0n, 0, OUT)
      g.ok('fd_fdstat_set_flags', fd, 1)
      write(fd, 'bc')
      expect(content('new.txt')).toBe('abc')
      g.ok('fd_fdstat_get', fd, OUT)
      expect([g.u8(OUT), g.u8(OUT + 2)]).toEqual([4, 1])
      expect(g.call('fd_fdstat_set_flags', fd, 32)).toBe('EINVAL')
      expect(g.call('fd_fdstat_set_flags', fd, 16)).toBe('ENOTSUP')
    })

    test('opening: what exists, what does not, what kind', () => {
      expect(open('missing')).toBe('ENOENT')
      expect(open('missing/x')).toBe('ENOENT')
      expect(open('a.txt/x')).toBe('ENOTDIR')
      expect(open('a.txt/')).toBe('ENOTDIR')
      expect(open('a.txt', READ, DIRECTORY)).toBe('ENOTDIR')
      expect(open('a.txt', WRITE, CREAT | EXCL)).toBe('EEXIST')
      expect(open('sub', WRITE)).toBe('EISDIR')
      expect(open('sub', READ, CREAT)).toBe('EISDIR')
      expect(open('new/', WRITE, CREAT)).toBe('EINVAL')
      expect(open('')).toBe('ENOENT')
      expect(open('a\0b')).toBe('EINVAL')
      expect(open('a.txt', READ, 16)).toBe('EINVAL')
      expect(open('a.txt', READ, 0, 1, 32)).toBe('EINVAL')
      expect(open('sub/./deep/.././b.txt')).toBe(4)
      expect(read(4)).toBe('b')
      expect(open('a.txt', WRITE, TRUNC)).toBe(5)
      expect(content('a.txt')).toBe('')
      expect(open('x', READ, 0, 1, 0, 5)).toBe('ENOTDIR')
      expect(open('x', READ, 0, 1, 0, 99)).toBe('EBADF')
    })

    test('a path that is not UTF-8 is EILSEQ', () => {
      g.put(BUFFER, [0xff, 0xfe])
      expect(g.call('path_open', ROOT, 0, BUFFER, 2, 0, 0n, 0n, 0, OUT)).toBe('EILSEQ')
    })

    test('what was opened for reading cannot be written, and rights can be given up only', () => {
      const fd = open('a.txt', READ) as number
      g.putU32(OUT, BUFFER, 1)
      expect(g.call('fd_write', fd, OUT, 1, OUT + 8)).toBe('ENOTCAPABLE')
      expect(g.call('fd_filestat_set_size', fd, 0n)).toBe('ENOTCAPABLE')
      const w = open('a.txt', WRITE) as number
      expect(g.call('fd_read', w, OUT, 1, OUT + 8)).toBe('ENOTCAPABLE')
      g.ok('fd_fdstat_set_rights', fd, BigInt(rights('fd_tell')), 0n)
      expect(g.call('fd_read', fd, OUT, 1, OUT + 8)).toBe('ENOTCAPABLE')
      g.ok('fd_tell', fd, OUT)
      expect(g.call('fd_fdstat_set_rights', fd, BigInt(READ), 0n)).toBe('ENOTCAPABLE')
      g.ok('fd_fdstat_set_rights', ROOT, BigInt(rights('path_open')), BigInt(READ))
      expect(open('a.txt', WRITE)).toBe('ENOTCAPABLE')
      expect(open('new', READ, CREAT)).toBe('ENOTCAPABLE')
      expect(g.call('path_unlink_file', ROOT, 'a.txt')).toBe('ENOTCAPABLE')
    })

    test('folders are made and removed, files unlinked and renamed', () => {
      g.ok('path_create_directory', ROOT, 'd')
      g.ok('path_create_directory', ROOT, 'd/e/')
      expect(g.call('path_create_directory', ROOT, 'd')).toBe('EEXIST')
      expect(g.call('path_create_directory', ROOT, 'x/y')).toBe('ENOENT')
      expect(g.call('path_remove_directory', ROOT, 'd')).toBe('ENOTEMPTY')
      expect(g.call('path_unlink_file', ROOT, 'd/e')).toBe('EISDIR')
      g.ok('path_remove_directory', ROOT, 'd/e')
      expect(g.call('path_remove_directory', ROOT, 'a.txt')).toBe('ENOTDIR')
      expect(g.call('path_remove_directory', ROOT, '.')).toBe('EINVAL')
      expect(g.call('path_remove_directory', ROOT, 'd/..')).toBe('EINVAL')
      g.ok('path_rename', ROOT, 'a.txt', ROOT, 'd/c.txt')
      expect(content('d/c.txt')).toBe('hello world')
      g.ok('path_rename', ROOT, 'd/c.txt', ROOT, 'sub/b.txt')
      expect(content('sub/b.txt')).toBe('hello world')
      expect(g.call('path_rename', ROOT, 'sub/b.txt', ROOT, 'd')).toBe('EISDIR')
      expect(g.call('path_rename', ROOT, 'd', ROOT, 'sub/b.txt')).toBe('ENOTDIR')
      expect(g.call('path_rename', ROOT, 'none', ROOT, 'd')).toBe('ENOENT')
      expect(g.call('path_rename', ROOT, '.', ROOT, 'd')).toBe('EINVAL')
      expect(g.call('path_unlink_file', ROOT, 'sub/b.txt/')).toBe('ENOTDIR')
      g.ok('path_unlink_file', ROOT, 'sub/b.txt')
      expect(g.call('path_unlink_file', ROOT, 'sub/b.txt')).toBe('ENOENT')
    })

    test('hard links and symbolic links', () => {
      g.ok('path_link', ROOT, 0, 'a.txt', ROOT, 'sub/hard')
      g.ok('path_filestat_get', ROOT, 0, 'a.txt', OUT)
      expect(g.u64(OUT + 24)).toBe(2n)
      expect(g.call('path_link', ROOT, 0, 'a.txt', ROOT, 'sub/hard')).toBe('EEXIST')
      expect(g.call('path_link', ROOT, 0, 'sub', ROOT, 'x')).toBe('EPERM')
      g.ok('path_symlink', '../a.txt', ROOT, 'sub/soft')
      expect(g.call('path_symlink', 'x', ROOT, 'sub/soft')).toBe('EEXIST')
      expect(g.call('path_symlink', '/etc/passwd', ROOT, 'abs')).toBe('ENOTCAPABLE')
      g.ok('path_readlink', ROOT, 'sub/soft', BUFFER, 100, OUT)
      expect(g.text(BUFFER, g.u32(OUT))).toBe('../a.txt')
      g.ok('path_readlink', ROOT, 'sub/soft', BUFFER, 4, OUT)
      expect(g.u32(OUT)).toBe(4)
      expect(g.call('path_readlink', ROOT, 'a.txt', BUFFER, 100, OUT)).toBe('EINVAL')
      g.ok('path_filestat_get', ROOT, 0, 'sub/soft', OUT)
      expect(g.u8(OUT + 16)).toBe(7)
      g.ok('path_filestat_get', ROOT, 1, 'sub/soft', OUT)
      expect([g.u8(OUT + 16), g.u64(OUT + 32)]).toEqual([4, 11n])
      expect(open('sub/soft', READ, 0, 0)).toBe('ELOOP')
      expect(read(open('sub/soft') as number)).toBe('hello world')
      g.ok('path_symlink', 'loop', ROOT, 'loop')
      expect(open('loop')).toBe('ELOOP')
      g.ok('path_symlink', 'made', ROOT, 'dangling')
      expect(open('dangling')).toBe('ENOENT')
      write(open('dangling', WRITE, CREAT) as number, 'x')
      expect(content('made')).toBe('x')
    })

    test('status and times', () => {
      const fd = open('a.txt', READ | WRITE) as number
      g.ok('fd_filestat_set_times', fd, 1_500_000_000n, 2_250_000_000n, 1 | 4)
      g.ok('fd_filestat_get', fd, OUT)
      expect([g.u64(OUT + 40), g.u64(OUT + 48)]).toEqual([1_500_000_000n, 2_250_000_000n])
      const ino = g.u64(OUT + 8)
      g.ok('path_filestat_set_times', ROOT, 1, 'a.txt', 0n, 4_000_000_000n, 4)
      g.ok('path_filestat_get', ROOT, 1, 'a.txt', OUT)
      expect([g.u64(OUT + 40), g.u64(OUT + 48), g.u64(OUT + 8)]).toEqual([1_500_000_000n, 4_000_000_000n, ino])
      g.ok('fd_filestat_set_times', fd, 0n, 0n, 2 | 8)
      g.ok('fd_filestat_get', fd, OUT)
      expect(Math.abs(Number(g.u64(OUT + 48) / 1_000_000n) - Date.now())).toBeLessThan(10_000)
      expect(g.call('fd_filestat_set_times', fd, 0n, 0n, 1 | 2)).toBe('EINVAL')
      g.ok('fd_filestat_get', ROOT, OUT)
      expect(g.u8(OUT + 16)).toBe(3)
      g.ok('fd_sync', ROOT)
      expect(g.call('fd_datasync', fd)).toBe('ENOTCAPABLE')
    })

    test('a folder is listed in pieces of any size', () => {
      for (let i = 0; i < 50; i++) fs.writeFileSync(`${top}/box/sub/file-${i}`, '')
      fs.symlinkSync('b.txt', `${top}/box/sub/link`)
      const expected = ['.', '..', 'b.txt', 'deep', 'link', ...Array.from({ length: 50 }, (_, i) => `file-${i}`)].sort()
      const fd = openFolder('sub')
      for (const size of [40, 100, 4096]) {
        const found: [string, number][] = []
        let cookie = 0n
        for (;;) {
          g.ok('fd_readdir', fd, BUFFER, size, cookie, OUT)
          const used = g.u32(OUT)
          let at = 0
          while (at + 24 <= used) {
            const length = g.u32(BUFFER + at + 16)
            if (at + 24 + length > used) break
            cookie = g.u64(BUFFER + at)
            found.push([g.text(BUFFER + at + 24, length), g.u8(BUFFER + at + 20)])
            at += 24 + length
          }
          if (used < size) break
        }
        expect(found.map(([n]) => n).sort()).toEqual(expected)
        expect(Object.fromEntries(found)).toMatchObject({ '.': 3, '..': 3, 'b.txt': 4, deep: 3, link: 7 })
      }
    })

    test('descriptors are renumbered, and the lowest free one is taken', () => {
      const a = open('a.txt') as number
      const b = open('sub/b.txt') as number
      g.ok('fd_renumber', b, a)
      expect(read(a)).toBe('b')
      expect(g.call('fd_tell', b, OUT)).toBe('EBADF')
      expect(g.call('fd_renumber', 50, a)).toBe('EBADF')
      expect(g.call('fd_renumber', a, 50)).toBe('EBADF')
      expect(open('a.txt')).toBe(b)
      g.ok('fd_advise', a, 0n, 0n, 5)
    })

    test('the number of open files is bounded', () => {
      let last: number | string = 0
      for (let i = 0; i < 5000 && typeof last === 'number'; i++) last = open('sub', 0)
      expect(last).toBe('EMFILE')
    })

    // ---- nothing outside can be reached

    /** Every call that takes a path, on this one: all must be refused in the same way. */
    function everyCall(path: string, expected: string, from = ROOT): void {
      // biome-ignore format: table
      const results: Record<string, string> = {
        open:       String(open(path, READ, 0, 1, 0, from)),
        create:     String(open(path, WRITE, CREAT, 1, 0, from)),
        folder:     g.call('path_create_directory', from, path),
        rmdir:      g.call('path_remove_directory', from, path),
        unlink:     g.call('path_unlink_file', from, path),
        rename:     g.call('path_rename', from, path, ROOT, 'stolen'),
        renameTo:   g.call('path_rename', ROOT, 'a.txt', from, path),
        link:       g.call('path_link', from, 1, path, ROOT, 'stolen'),
        linkTo:     g.call('path_link', ROOT, 0, 'a.txt', from, path),
        symlink:    g.call('path_symlink', 'x', from, path),
        readlink:   g.call('path_readlink', from, path, BUFFER, 100, OUT),
        stat:       g.call('path_filestat_get', from, 1, path, OUT),
        lstat:      g.call('path_filestat_get', from, 0, path, OUT),
        times:      g.call('path_filestat_set_times', from, 1, path, 0n, 0n, 5),
      }
      for (const [name, r] of Object.entries(results)) expect(`${name}: ${r}`).toBe(`${name}: ${expected}`)
      expect(fs.readdirSync(`${top}/outside`)).toEqual(['secret'])
      expect(fs.readFileSync(`${top}/outside/secret`, 'utf8')).toBe('secret')
      expect(content('a.txt')).toBe('hello world')
    }

    // biome-ignore format: table
    const escapes = [
      '../outside/secret', '..', 'sub/../../outside/secret', 'sub/deep/../../../outside/secret', './../outside/secret',
      '/etc/passwd', '/', '//x',
    ]
    for (const path of escapes) test(`${path} is refused by every call`, () => everyCall(path, 'ENOTCAPABLE'))

    test('a folder that is a link leading out is not followed', () => {
      fs.symlinkSync('../outside', `${top}/box/way`)
      everyCall('way/secret', 'ENOTCAPABLE')
      fs.symlinkSync(`${top}/outside`, `${top}/box/absolute`)
      everyCall('absolute/secret', 'ENOTCAPABLE')
      fs.symlinkSync('sub/../../outside', `${top}/box/winding`)
      everyCall('winding/secret', 'ENOTCAPABLE')
      fs.symlinkSync('way', `${top}/box/second`)
      everyCall('second/secret', 'ENOTCAPABLE')
    })

    test('a last component that is a link leading out is not followed either', () => {
      fs.symlinkSync('../outside/secret', `${top}/box/direct`)
      expect(open('direct')).toBe('ENOTCAPABLE')
      expect(open('direct', WRITE, CREAT)).toBe('ENOTCAPABLE')
      expect(open('direct', READ, 0, 0)).toBe('ELOOP')
      expect(g.call('path_filestat_get', ROOT, 1, 'direct', OUT)).toBe('ENOTCAPABLE')
      expect(g.call('path_filestat_set_times', ROOT, 1, 'direct', 0n, 0n, 5)).toBe('ENOTCAPABLE')
      expect(g.call('path_link', ROOT, 1, 'direct', ROOT, 'stolen')).toBe('ENOTCAPABLE')
      // A link to something that does not exist would create it.
      fs.symlinkSync('../outside/new', `${top}/box/dangling`)
      expect(open('dangling', WRITE, CREAT)).toBe('ENOTCAPABLE')
      // Without following, the link itself is meant.
      g.ok('path_filestat_get', ROOT, 0, 'direct', OUT)
      expect(g.u8(OUT + 16)).toBe(7)
      g.ok('path_rename', ROOT, 'direct', ROOT, 'moved')
      g.ok('path_unlink_file', ROOT, 'moved')
      expect(fs.readFileSync(`${top}/outside/secret`, 'utf8')).toBe('secret')
    })

    test('the parent of an open folder is out of its reach', () => {
      everyCall('../a.txt', 'ENOTCAPABLE', openFolderWithAll('sub'))
    })

    function openFolderWithAll(path: string): number {
      const all = (1n << 30n) - 1n
      const handed = all & ~BigInt(rights('sock_shutdown', 'sock_accept'))
      g.ok('path_open', ROOT, 1, path, DIRECTORY, handed, handed, 0, OUT)
      return g.u32(OUT)
    }

    test('an open folder that is replaced by a link leading out is not followed', () => {
      const fd = openFolderWithAll('sub')
      fs.renameSync(`${top}/box/sub`, `${top}/box/moved`)
      g.ok('path_symlink', '../outside', ROOT, 'sub')
      expect(open('secret', READ, 0, 1, 0, fd)).toBe('ENOTDIR')
      expect(open('new', WRITE, CREAT, 1, 0, fd)).toBe('ENOTDIR')
      expect(g.call('path_unlink_file', fd, 'secret')).toBe('ENOTDIR')
      expect(g.call('fd_readdir', fd, BUFFER, 100, 0n, OUT)).toBe('ENOTDIR')
      expect(g.call('fd_filestat_get', fd, OUT)).toBe('ENOTDIR')
      expect(fs.readdirSync(`${top}/outside`)).toEqual(['secret'])
    })

    test('an open folder that the program renames stays open, and what is put in its place is another', () => {
      const [fd, deep] = [openFolderWithAll('sub'), openFolderWithAll('sub/deep')]
      g.ok('path_rename', ROOT, 'sub', ROOT, 'moved')
      g.ok('path_symlink', '../outside', ROOT, 'sub')
      expect(open('secret', READ, 0, 1, 0, fd)).toBe('ENOENT')
      expect(read(open('b.txt', READ, 0, 1, 0, fd) as number)).toBe('b')
      write(open('new', WRITE, CREAT, 1, 0, deep) as number, 'x')
      expect(content('moved/deep/new')).toBe('x')
      expect(fs.readdirSync(`${top}/outside`)).toEqual(['secret'])
    })

    test('names with characters that the host reserves are refused', () => {
      g = guest({ preopens: [{ fs: fs as FileSystem, path: `${top}/box`, name: '.', reserved: '\\:' }] })
      expect(open('..\\outside\\secret')).toBe('EINVAL')
      expect(open('C:x')).toBe('EINVAL')
    })
  })
}
