// The compile cache of compile(): entries (cache-entry.ts) in a storage that answers at once. Web Crypto does not, so the hashes are computed in JavaScript.
//
// The entries are those of CompileCache: what one wrote, the other finds, if the storage is the same.
import type { TargetIsa } from '@k23/machinst'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
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

/** Where entries are kept: a Map, or what reads and writes files synchronously. What it throws is counted, and there is no entry. */
export interface SyncCacheStorage {
  get(key: string): unknown
  set(key: string, value: Uint8Array): unknown
}

export class SyncCompileCache {
  readonly stats: CacheStats = noStats()
  private readonly storage: SyncCacheStorage
  private readonly options: CacheOptions

  constructor(storage: SyncCacheStorage, options: CacheOptions = {}) {
    this.storage = storage
    this.options = options
  }

  /** The key of what `input` compiles to. */
  key(input: Uint8Array | string, isa: TargetIsa, options: CoreOptions): CacheKey {
    return cacheKey(sha256(keyBytes(input, isa, options)), this.options.prefix)
  }

  /** The functions that an entry holds, or undefined where there is none to believe. */
  read(key: CacheKey): readonly LinkInput[] | undefined {
    const entry = asBytes(this.attempt(() => this.storage.get(key.name)))
    if (entry === undefined) {
      this.stats.misses++
      return undefined
    }
    const parts = isEntryOf(key, entry) ? partsOf(entry, this.checksum(entry)) : undefined
    if (parts === undefined) this.stats.rejected++
    else this.stats.hits++
    return parts
  }

  write(key: CacheKey, parts: readonly LinkInput[]): void {
    const entry = openEntry(key, parts)
    seal(entry, this.checksum(entry))
    this.attempt(() => this.storage.set(key.name, entry))
  }

  private checksum(entry: Uint8Array): Uint8Array {
    const { secret } = this.options
    return secret === undefined ? sha256(summed(entry)) : hmac(sha256, secret, summed(entry))
  }

  private attempt(call: () => unknown): unknown {
    try {
      return call()
    } catch (e) {
      this.stats.errors++
      this.options.onError?.(e)
      return undefined
    }
  }
}
