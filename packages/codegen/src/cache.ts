// The compile cache of compileAsync(): entries (cache-entry.ts) in a storage that answers by promises.
//
// The storage is unstorage's interface (memory, files, Redis, IndexedDB and others) as far as it is used. If it fails, there is no entry.
import type { TargetIsa } from '@k23/machinst'
import {
  asBytes,
  type CacheKey,
  cacheKey,
  type CacheOptions,
  type CacheStats,
  isEntryOf,
  keyBytes,
  noStats,
  openEntry,
  partsOf,
  seal,
  summed,
} from './cache-entry.ts'
import type { CoreOptions } from './core.ts'
import type { LinkInput } from './link.ts'

export type { CacheKey, CacheOptions, CacheStats } from './cache-entry.ts'

/** As much of unstorage's `Storage` as is used. */
export interface CacheStorage {
  getItemRaw(key: string): Promise<unknown>
  setItemRaw(key: string, value: Uint8Array): Promise<unknown>
}

export class CompileCache {
  readonly stats: CacheStats = noStats()
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
    return cacheKey(await sha256(keyBytes(input, isa, options)), this.options.prefix)
  }

  /** The functions that an entry holds, or undefined where there is none to believe. */
  async read(key: CacheKey): Promise<readonly LinkInput[] | undefined> {
    const entry = asBytes(await this.attempt(() => this.storage.getItemRaw(key.name)))
    if (entry === undefined) {
      this.stats.misses++
      return undefined
    }
    const parts = isEntryOf(key, entry) ? partsOf(entry, await this.checksum(entry)) : undefined
    if (parts === undefined) this.stats.rejected++
    else this.stats.hits++
    return parts
  }

  async write(key: CacheKey, parts: readonly LinkInput[]): Promise<void> {
    const entry = openEntry(key, parts)
    seal(entry, await this.checksum(entry))
    await this.attempt(() => this.storage.setItemRaw(key.name, entry))
  }

  private async checksum(entry: Uint8Array): Promise<Uint8Array> {
    const { secret } = this.options
    if (secret === undefined) return sha256(summed(entry))
    this.secretKey ??= subtle().importKey('raw', new Uint8Array(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
    ])
    return new Uint8Array(await subtle().sign('HMAC', await this.secretKey, summed(entry)))
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

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await subtle().digest('SHA-256', bytes))
}
