// A pool of workers that compile: started when there is work, kept for the next job, replaced when they die.
//
// (Kept pools were looked at: piscina and tinypool are for Node only; workerpool takes the address of a script, which bundlers do not follow,
// and knows tasks but not the workers that do them, so that a module's bytes would travel with every batch.)
//
// A client is one compilation. It hands out batches in order, each to the worker that is free first, and is told what came of them. Invariants:
// a worker has at most one batch, and the client that it is of; a worker that is not at work does not keep the process alive; what a
// worker sends about a client that has gone is dropped.
import { parallelism, spawn } from '@k23/codegen/workers'
import { BUILD } from '../gen/build.ts'
import type { Spawn, WorkerPort } from './port.ts'
import type { Reply, Request } from './protocol.ts'

/** Compilation could not go on for a reason that is not the input's: a worker died, or its script is wrong, or the pool was closed. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError'
}

/** A compilation, as the pool knows it. */
export interface PoolClient {
  /** Workers that it may have at a time. */
  readonly limit: number
  /** The job for a worker that has not seen it. */
  open(job: number): Request
  /** The next batch, or undefined where all are given out. */
  next(job: number): (Request & { readonly kind: 'batch' }) | undefined
  /** What a batch came to. */
  reply(reply: Exclude<Reply, { readonly kind: 'hello' }>): void
  /** A worker died at this batch, or will never get to it. */
  lost(error: WorkerError): void
}

interface Slot {
  readonly port: WorkerPort
  /** Jobs that it holds. */
  readonly open: Set<number>
  work: { readonly job: number; readonly batch: Request & { readonly kind: 'batch' } } | undefined
}

export interface WorkerPoolOptions {
  /** Workers at most; default: as many as the machine can run at a time. */
  readonly workers?: number
  /** Starts a worker; default: from the script of this package. */
  readonly spawn?: Spawn
}

export class WorkerPool {
  /** Workers at most. */
  readonly size: number
  private readonly spawn: Spawn
  private readonly slots: Slot[] = []
  /** In order of arrival; those first in it are served first. */
  private readonly clients = new Map<number, PoolClient>()
  private jobs = 0
  private closed = false
  private retired = false

  constructor(options: WorkerPoolOptions = {}) {
    const size = options.workers ?? parallelism()
    if (!Number.isInteger(size) || size < 1)
      throw new RangeError(`a pool of ${size} workers: expected a number from 1 up`)
    this.size = size
    this.spawn = options.spawn ?? spawn
  }

  /** Workers that are alive. They are started when there is work for them. */
  get workers(): number {
    return this.slots.length
  }

  // For compileAsync, which is the only client.

  /** Takes a client in; its number is what `remove` wants. `dispatch` then gives it workers. */
  add(client: PoolClient): number {
    if (this.closed) throw new WorkerError('the pool is closed')
    const job = ++this.jobs
    this.clients.set(job, client)
    return job
  }

  /** A client has what it wanted, or gives up: its batches at work are not waited for. */
  remove(job: number): void {
    if (!this.clients.delete(job)) return
    for (const slot of this.slots) if (slot.open.delete(job)) slot.port.post({ kind: 'close', job } satisfies Request)
    if (this.retired && this.clients.size === 0) this.close()
  }

  /** Closes the pool when the last client has gone. */
  retire(): void {
    this.retired = true
    if (this.clients.size === 0) this.close()
  }

  /** Ends all workers; compilations that are under way, and later ones, fail with a WorkerError. */
  close(): void {
    this.closed = true
    for (const { port } of this.slots.splice(0)) port.terminate()
    const clients = [...this.clients.values()]
    this.clients.clear()
    for (const client of clients) client.lost(new WorkerError('the pool was closed'))
  }

  dispatch(): void {
    for (const [job, client] of [...this.clients]) {
      let busy = this.slots.reduce((n, s) => n + (s.work?.job === job ? 1 : 0), 0)
      for (; busy < client.limit && this.clients.has(job); busy++) {
        const slot = this.slots.find((s) => s.work === undefined)
        if (slot === undefined && this.slots.length >= this.size) return
        const batch = client.next(job)
        if (batch === undefined) break
        try {
          this.give(slot ?? this.start(), job, client, batch)
        } catch (e) {
          client.lost(new WorkerError(`a compile worker could not be started: ${e instanceof Error ? e.message : e}`))
        }
      }
    }
  }

  private give(slot: Slot, job: number, client: PoolClient, batch: Request & { kind: 'batch' }): void {
    if (!slot.open.has(job)) {
      slot.port.post(client.open(job))
      slot.open.add(job)
    }
    slot.port.post(batch)
    slot.port.hold(true)
    slot.work = { job, batch }
  }

  private start(): Slot {
    const slot: Slot = {
      port: this.spawn({
        message: (message) => this.receive(slot, message as Reply),
        died: (why) => this.died(slot, why),
      }),
      open: new Set(),
      work: undefined,
    }
    this.slots.push(slot)
    return slot
  }

  private receive(slot: Slot, reply: Reply): void {
    if (!this.slots.includes(slot)) return
    if (reply.kind === 'hello') {
      if (reply.build === BUILD) return
      slot.port.terminate()
      this.died(slot, 'its script is of another version than the page or program that started it')
      return
    }
    slot.work = undefined
    slot.port.hold(false)
    // The worker goes on before its result is looked at.
    const client = this.clients.get(reply.job)
    this.dispatch()
    client?.reply(reply)
  }

  private died(slot: Slot, why: string): void {
    const at = this.slots.indexOf(slot)
    if (at < 0) return
    this.slots.splice(at, 1)
    const { work } = slot
    slot.work = undefined
    if (work !== undefined) {
      const { from, to } = work.batch
      const client = this.clients.get(work.job)
      client?.lost(new WorkerError(`a compile worker died at units ${from} to ${to - 1}: ${why}`))
    }
    this.dispatch()
  }
}
