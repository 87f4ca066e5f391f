// What the files of library packages that stand behind the export condition `node` use of Node. Source: Node's documentation of worker_threads.

declare module 'node:worker_threads' {
  export class Worker {
    constructor(file: URL, options?: WorkerOptions)
    postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void
    on(event: 'message' | 'error' | 'messageerror', listener: (value: unknown) => void): void
    on(event: 'exit', listener: (code: number) => void): void
    ref(): void
    unref(): void
    terminate(): Promise<number>
  }
  export interface WorkerOptions {
    name?: string
    execArgv?: readonly string[]
    resourceLimits?: { maxOldGenerationSizeMb?: number }
  }
  export const parentPort: {
    postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void
    on(event: 'message', listener: (value: unknown) => void): void
  } | null
}

declare module 'node:process' {
  export const execArgv: readonly string[]
}

declare module 'node:os' {
  export function availableParallelism(): number
}
