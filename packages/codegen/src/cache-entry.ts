// The form of what a compile cache keeps: what a module compiled to, by what decides it.
//
// The key is a SHA-256 hash over the build id of this code generator, the target, its CPU features, all settings, the other options, and the
// input. An entry is
//
//   bytes 0..8    "k23part" and the version of this form
//   bytes 8..40   the key
//   bytes 40..72  checksum over the bytes before and behind it: SHA-256, or HMAC-SHA-256 where the cache has a secret
//   bytes 72..    the functions in their compact form (parts/parts.ts)
//
// Nothing of an entry is used before its head, its key and its checksum have been found right; whatever is wrong with it, the module is compiled again and
// the entry replaced. A plain checksum finds damage, not intent: whoever can write to the storage can make entries, and what they hold is
// executed. For a storage that others write to there is `secret`.
//
// Hashes are computed by who reads and writes: by Web Crypto, which only promises them (cache.ts), or at once (cache-sync.ts). The entries are the same.
import type { TargetIsa } from '@k23/machinst'
import { canonicalJson } from './canonical.ts'
import type { CoreOptions } from './core.ts'
import { BUILD } from './gen/build.ts'
import type { LinkInput } from './link.ts'
import { decode, encode } from './parts/codec.ts'
import { linkInputs } from './parts/parts.ts'

export interface CacheOptions {
  /** Put before each key. Default `k23`. */
  readonly prefix?: string
  /** Only entries made with the same secret are believed. */
  readonly secret?: Uint8Array
  /** Told what the storage throws; otherwise that is only counted. */
  readonly onError?: (error: unknown) => void
}

/** What came of the questions so far. */
export interface CacheStats {
  hits: number
  /** No entry. */
  misses: number
  /** An entry that was not believed: damaged, cut off, of another key, or without the secret. */
  rejected: number
  /** Calls of the storage that failed. */
  errors: number
}

export const noStats = (): CacheStats => ({ hits: 0, misses: 0, rejected: 0, errors: 0 })

/** A key, as bytes and as the storage has it. */
export interface CacheKey {
  readonly hash: Uint8Array
  readonly name: string
}

const MAGIC = Uint8Array.of(0x6b, 0x32, 0x33, 0x70, 0x61, 0x72, 0x74, 1)
const HASH = 32
const KEY_AT = MAGIC.length
const SUM_AT = KEY_AT + HASH
const HEAD = SUM_AT + HASH

const utf8 = new TextEncoder()

/** Bytes whose hash is the key of what `input` compiles to. */
export function keyBytes(input: Uint8Array | string, isa: TargetIsa, options: CoreOptions): Uint8Array<ArrayBuffer> {
  const { target, observer, features, settings, optLevel, ...rest } = options
  const head = canonicalJson({
    build: BUILD,
    target: target.name,
    features: [isa.flags.features, isa.flags.named],
    settings: isa.shared,
    ...rest,
    input: typeof input === 'string' ? 'clif' : 'wasm',
  })
  return joined(utf8.encode(`${head}\n`), typeof input === 'string' ? utf8.encode(input) : input)
}

export function cacheKey(hash: Uint8Array, prefix = 'k23'): CacheKey {
  return { hash, name: `${prefix}:${Array.from(hash, (b) => b.toString(16).padStart(2, '0')).join('')}` }
}

/** An entry that still lacks its checksum. */
export function openEntry(key: CacheKey, parts: readonly LinkInput[]): Uint8Array<ArrayBuffer> {
  const body = encode(linkInputs, parts)
  const entry = new Uint8Array(HEAD + body.length)
  entry.set(MAGIC)
  entry.set(key.hash, KEY_AT)
  entry.set(body, HEAD)
  return entry
}

export function seal(entry: Uint8Array, checksum: Uint8Array): void {
  entry.set(checksum, SUM_AT)
}

/** What the checksum is over. */
export function summed(entry: Uint8Array): Uint8Array<ArrayBuffer> {
  return joined(entry.subarray(0, SUM_AT), entry.subarray(HEAD))
}

/** Whether this can be the entry of a key; its checksum is not looked at. */
export function isEntryOf(key: CacheKey, entry: Uint8Array): boolean {
  return (
    entry.length >= HEAD && same(entry.subarray(0, KEY_AT), MAGIC) && same(entry.subarray(KEY_AT, SUM_AT), key.hash)
  )
}

/** The functions of an entry if its checksum is this one. */
export function partsOf(entry: Uint8Array, checksum: Uint8Array): readonly LinkInput[] | undefined {
  if (!same(entry.subarray(SUM_AT, HEAD), checksum)) return undefined
  try {
    return decode(linkInputs, entry.subarray(HEAD))
  } catch {
    return undefined
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    all.set(p, at)
    at += p.length
  }
  return all
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i]
  return difference === 0
}

/** What a storage gives back as bytes: some drivers give ArrayBuffers, other things are no entries. */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined
}
