// The interpreter's memory: one flat space of byte addresses in which regions are mapped. An access must lie within one region that
// allows it. All addresses that the interpreter hands out are below 2^32, so that programs with 32-bit pointers run as well:
//
//   0x0000_0000  nothing: null pointers and small offsets from them fault
//   0x0001_0000  code: function addresses; neither readable nor writable
//   0x1000_0000  end of the stack, which grows down; nothing is mapped just below its lowest address
//   0x2000_0000  what `map` places without being told where; unmapped gaps of at least 64 KiB lie between regions
import type { Bits } from './lanes.ts'
import { fromBytes, toBytes } from './lanes.ts'

export const CODE_BASE = 0x1_0000
export const STACK_TOP = 0x1000_0000
const MAP_BASE = 0x2000_0000
const GAP = 0x1_0000

export interface Region {
  readonly base: number
  readonly bytes: Uint8Array
  readonly writable: boolean
}

export interface MapOptions {
  /** Address of the first byte; a free place is found where it is absent. */
  readonly base?: number
  /** False for memory that stores fault on. */
  readonly writable?: boolean
}

/** A place in a region. */
export interface Place {
  readonly region: Region
  readonly offset: number
}

export class Memory {
  /** By address. */
  private readonly regions: Region[] = []
  private nextBase = MAP_BASE

  /** Maps `bytes` (not a copy: what the program writes is seen there), or that many zeros; gives the address of the first byte. */
  map(content: Uint8Array | number, options: MapOptions = {}): number {
    const bytes = typeof content === 'number' ? new Uint8Array(content) : content
    const base = options.base ?? this.nextBase
    const end = base + bytes.length
    if (this.regions.some((r) => base < r.base + r.bytes.length && r.base < end))
      throw new RangeError(`memory at 0x${base.toString(16)} is already mapped`)
    this.regions.push({ base, bytes, writable: options.writable ?? true })
    this.regions.sort((a, b) => a.base - b.base)
    if (end > this.nextBase - GAP) this.nextBase = Math.ceil(end / GAP) * GAP + GAP
    return base
  }

  /** Takes the region that starts at `base` away; an access to it faults from then on. */
  unmap(base: number): void {
    const at = this.regions.findIndex((r) => r.base === base)
    if (at < 0) throw new RangeError(`no memory is mapped at 0x${base.toString(16)}`)
    this.regions.splice(at, 1)
  }

  /** Where `size` bytes at `address` are, or undefined where they cannot be accessed so. */
  find(address: bigint, size: number, write: boolean): Place | undefined {
    if (address > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
    const at = Number(address)
    const region = this.regions.find((r) => at >= r.base && at + size <= r.base + r.bytes.length)
    if (region === undefined || (write && !region.writable)) return undefined
    return { region, offset: at - region.base }
  }
}

/** `size` bytes as a number, the byte at the lowest address least significant. */
export function readPlace(place: Place, size: number): Bits {
  const { bytes } = place.region
  const at = place.offset
  if (size === 1) return BigInt(bytes[at])
  if (size === 4)
    return BigInt((bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0)
  return fromBytes(bytes.subarray(at, at + size))
}

export function writePlace(place: Place, size: number, x: Bits): void {
  place.region.bytes.set(toBytes(x, size), place.offset)
}
