// A worker as the pool sees it, whatever the host calls it.

export interface WorkerEvents {
  message(message: unknown): void
  /** The worker is gone, or cannot be talked to: nothing comes from it any more. `why` is for people. */
  died(why: string): void
}

export interface WorkerPort {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void
  /** Whether the worker keeps its process alive; to begin with it does. */
  hold(on: boolean): void
  /** Ends it at once; `died` is not called. */
  terminate(): void
}

/** Starts a worker that runs `serve` (worker.ts). */
export type Spawn = (events: WorkerEvents) => WorkerPort

/** What the modules behind `@k23/codegen/workers` export: one for Node, one for browsers. */
export interface WorkerHost {
  readonly spawn: Spawn
  /** How many workers can work at a time. */
  readonly parallelism: () => number
}
