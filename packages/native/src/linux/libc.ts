// The system calls that a machine is made of, through the C library of the process.
import { PERM_EXEC, PERM_NONE, PERM_READ, PERM_WRITE } from '@k23/machine'
import type { Koffi, NativeFunction } from './koffi.ts'

// asm-generic/mman-common.h
const PROT_READ = 1
const PROT_WRITE = 2
const PROT_EXEC = 4
const MAP_PRIVATE = 0x02
const MAP_FIXED = 0x10
const MAP_ANONYMOUS = 0x20
const MAP_NORESERVE = 0x4000
const MAP_FIXED_NOREPLACE = 0x100000

const ENOMEM = 12
const EEXIST = 17

export class Libc {
  readonly koffi: Koffi
  private readonly mmap: NativeFunction
  private readonly mprotect: NativeFunction
  private readonly munmap: NativeFunction
  private readonly memcpy: NativeFunction
  readonly sigaction: NativeFunction
  readonly sigaltstack: NativeFunction
  /** syscall(number, a, b, c) */
  readonly syscall: NativeFunction

  constructor(koffi: Koffi) {
    this.koffi = koffi
    const c = koffi.load(null)
    this.mmap = c.func('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t'])
    this.mprotect = c.func('mprotect', 'int', ['uintptr_t', 'size_t', 'int'])
    this.munmap = c.func('munmap', 'int', ['uintptr_t', 'size_t'])
    this.memcpy = c.func('memcpy', 'uintptr_t', ['uintptr_t', 'void *', 'size_t'])
    this.sigaction = c.func('sigaction', 'int', ['int', 'void *', 'void *'])
    this.sigaltstack = c.func('sigaltstack', 'int', ['void *', 'void *'])
    this.syscall = c.func('syscall', 'long', ['long', 'intptr_t', 'intptr_t', 'intptr_t'])
  }

  /** Private zeroed memory, at `at` where that is given and free. Nothing is committed before it is touched. Throws RangeError. */
  map(length: number, perms: number, at?: number): number {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at === undefined ? 0 : MAP_FIXED_NOREPLACE)
    const address = this.mmap(at ?? 0, length, protection(perms), flags, -1, 0)
    if (address === -1) {
      const code = this.koffi.errno()
      if (code === EEXIST) throw new RangeError(`map: ${length} bytes at ${hex(at ?? 0)} are not free`)
      throw this.refusal('map', length, code)
    }
    if (at !== undefined && address !== at) {
      // A kernel older than 4.17 takes the address for a hint.
      this.unmap(address, length)
      throw new RangeError(`map: ${length} bytes at ${hex(at)} are not free`)
    }
    return address
  }

  /** Gives memory back but keeps its addresses: reading faults, and what protect() opens is zero again. */
  discard(address: number, length: number): void {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED
    if (this.mmap(address, length, 0, flags, -1, 0) === -1) throw this.refusal('discard', length, this.koffi.errno())
  }

  protect(address: number, length: number, perms: number): void {
    if (this.mprotect(address, length, protection(perms)) !== 0)
      throw this.refusal('protect', length, this.koffi.errno())
  }

  unmap(address: number, length: number): void {
    if (this.munmap(address, length) !== 0) throw this.refusal('unmap', length, this.koffi.errno())
  }

  copyIn(address: number, bytes: Uint8Array): void {
    if (bytes.length !== 0) this.memcpy(address, bytes, bytes.length)
  }

  private refusal(what: string, length: number, code: number): RangeError {
    const why = code === ENOMEM ? 'the host has no room' : `the host refuses it (errno ${code})`
    return new RangeError(`${what} of ${length} bytes: ${why}`)
  }
}

function protection(perms: number): number {
  if (perms === PERM_NONE) return 0
  return (
    ((perms & PERM_READ) !== 0 ? PROT_READ : 0) |
    ((perms & PERM_WRITE) !== 0 ? PROT_WRITE : 0) |
    ((perms & PERM_EXEC) !== 0 ? PROT_EXEC : 0)
  )
}

export function hex(n: number): string {
  return `0x${n.toString(16)}`
}
