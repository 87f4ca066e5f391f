// The compile cache: what a module compiled to, by what decides it.
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
// The storage is unstorage's interface (memory, files, Redis, IndexedDB and others) as far as it is used. If it fails, there is no entry.
import { canonicalJson } from './canonical.ts'
import type { CoreOptions } from './core.ts'
import { BUILD } from './gen/build.ts'
import type { LinkInput } from './link.ts'
import { decode, encode } from './parts/codec.ts'
import { linkInputs } from './parts/parts.ts'
import type { TargetIsa } from '@k23/machinst'

/** As much of unstorage's `Storage` as is used. */
export interface CacheStorage {
  getItemRaw(key: string): Promise<unknown>
  setItemRaw(key: string, value: Uint8Array): Promise<unknown>
}

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

const MAGIC = Uint8Array.of(0x6b, 0x32, 0x33, 0x70, 0x61, 0x72, 0x74, 1)
const HASH = 32
const KEY_AT = MAGIC.length
const SUM_AT = KEY_AT + HASH
const HEAD = SUM_AT + HASH

const utf8 = new TextEncoder()

/** A key, as bytes and as the storage has it. */
export interface CacheKey {
  readonly hash: Uint8Array
  readonly name: string
}

export class CompileCache {
  readonly stats: CacheStats = { hits: 0, misses: 0, rejected: 0, errors: 0 }
  private readonly storage: CacheStorage
  private readonly options: CacheOptions
  private secretKey: Promise<object> | undefined

  /** Throws TypeError where the host has no Web Crypto (a page that did not come over HTTPS). */
  constructor(storage: CacheStorage, options: CacheOptions = {}) {
    subtle()
    this.storage = storage
    this.options = options
  }

  /** The key of what `input` compiles to. */
  async key(input: Uint8Array | string, isa: TargetIsa, options: CoreOptions): Promise<CacheKey> {
    const { target, observer, features, settings, optLevel, ...rest } = options
    const head = canonicalJson({
      build: BUILD,
      target: target.name,
      features: [isa.flags.features, isa.flags.named],
      settings: isa.shared,
      ...rest,
      input: typeof input === 'string' ? 'clif' : 'wasm',
    })
    const hash = await sha256(utf8.encode(`${head}\n`), typeof input === 'string' ? utf8.encode(input) : input)
    return { hash, name: `${this.options.prefix ?? 'k23'}:${hex(hash)}` }
  }

  /** The functions that an entry holds, or undefined where there is none to believe. */
  async read(key: CacheKey): Promise<readonly LinkInput[] | undefined> {
    const entry = asBytes(await this.attempt(() => this.storage.getItemRaw(key.name)))
    if (entry === undefined) {
      this.stats.misses++
      return undefined
    }
    const parts = await this.open(key, entry)
    if (parts === undefined) this.stats.rejected++
    else this.stats.hits++
    return parts
  }

  async write(key: CacheKey, parts: readonly LinkInput[]): Promise<void> {
    const body = encode(linkInputs, parts)
    const entry = new Uint8Array(HEAD + body.length)
    entry.set(MAGIC)
    entry.set(key.hash, KEY_AT)
    entry.set(body, HEAD)
    entry.set(await this.checksum(entry), SUM_AT)
    await this.attempt(() => this.storage.setItemRaw(key.name, entry))
  }

  private async open(key: CacheKey, entry: Uint8Array): Promise<readonly LinkInput[] | undefined> {
    if (entry.length < HEAD || !same(entry.subarray(0, KEY_AT), MAGIC)) return undefined
    if (!same(entry.subarray(KEY_AT, SUM_AT), key.hash)) return undefined
    if (!same(entry.subarray(SUM_AT, HEAD), await this.checksum(entry))) return undefined
    try {
      return decode(linkInputs, entry.subarray(HEAD))
    } catch {
      return undefined
    }
  }

  private async checksum(entry: Uint8Array): Promise<Uint8Array> {
    const { secret } = this.options
    const parts = [entry.subarray(0, SUM_AT), entry.subarray(HEAD)]
    if (secret === undefined) return sha256(...parts)
    this.secretKey ??= subtle().importKey('raw', new Uint8Array(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
    ])
    return new Uint8Array(await subtle().sign('HMAC', await this.secretKey, joined(parts)))
  }

  private async attempt<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call()
    } catch (e) {
      this.stats.errors++
      this.options.onError?.(e)
      return undefined
    }
  }
}

function subtle(): NonNullable<typeof crypto.subtle> {
  const found = (globalThis as { crypto?: typeof crypto }).crypto?.subtle
  if (found === undefined)
    throw new TypeError('a compile cache needs Web Crypto, which this host does not offer (pages have it over HTTPS)')
  return found
}

async function sha256(...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await subtle().digest('SHA-256', joined(parts)))
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
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
function asBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}
