// Workers in Node: worker_threads. The package's exports choose between this file and browser.ts.
import { availableParallelism } from 'node:os'
import { execArgv } from 'node:process'
import { Worker } from 'node:worker_threads'
import type { Spawn, WorkerEvents, WorkerHost, WorkerPort } from './port.ts'

/** From source this is a .ts file and so is the worker; in the published package both are .js. */
const script = new URL(import.meta.url.endsWith('.ts') ? './node-worker.ts' : './node-worker.js', import.meta.url)

/** Starts a worker from a script of its own that calls `serve`. */
export function spawnScript(file: URL, events: WorkerEvents, options: { maxHeapMb?: number } = {}): WorkerPort {
  const { maxHeapMb } = options
  const worker = new Worker(file, {
    name: 'k23 compiler',
    // Not what belongs to the main script: with --input-type no worker starts.
    execArgv: execArgv.filter((arg) => !arg.startsWith('--input-type')),
    ...(maxHeapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } }),
  })
  let over = false
  const died = (why: string): void => {
    if (over) return
    over = true
    events.died(why)
  }
  worker.on('message', (message) => {
    if (!over) events.message(message)
  })
  worker.on('error', (e) => died(e instanceof Error ? e.message : String(e)))
  worker.on('messageerror', (e) => died(`a message could not be read: ${String(e)}`))
  worker.on('exit', (code) => died(`it exited with code ${code}`))
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    hold: (on) => (on ? worker.ref() : worker.unref()),
    terminate() {
      over = true
      void worker.terminate()
    },
  }
}

export const spawn: Spawn = (events) => spawnScript(script, events)

export const parallelism = (): number => availableParallelism()

const host: WorkerHost = { spawn, parallelism }
void host
