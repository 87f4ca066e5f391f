// Workers in browsers. The package's exports choose between this file and node.ts.
import type { Spawn, WorkerEvents, WorkerHost, WorkerPort } from './port.ts'

interface WebWorker {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void
  terminate(): void
  onmessage: ((event: { data: unknown }) => void) | null
  onerror: ((event: { message?: string; preventDefault(): void }) => void) | null
  onmessageerror: (() => void) | null
}
declare const Worker: new (url: URL, options: { type: 'module'; name: string }) => WebWorker

/** Makes a port of a worker whose script calls `serve`. */
export function webWorkerPort(worker: WebWorker, events: WorkerEvents): WorkerPort {
  worker.onmessage = (event) => events.message(event.data)
  worker.onerror = (event) => {
    event.preventDefault()
    worker.terminate()
    // A script that does not load gives an event without a message.
    events.died(event.message ?? 'its script could not be loaded')
  }
  worker.onmessageerror = () => {
    worker.terminate()
    events.died('a message could not be read')
  }
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    hold() {},
    terminate: () => worker.terminate(),
  }
}

// Bundlers look for exactly this expression; the file's name is that of the published package.
export const spawn: Spawn = (events) =>
  webWorkerPort(new Worker(new URL('./browser-worker.js', import.meta.url), { type: 'module', name: 'k23' }), events)

export const parallelism = (): number =>
  (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator?.hardwareConcurrency ?? 1

const host: WorkerHost = { spawn, parallelism }
void host
