// The script of a worker in a browser.
import { targets } from '../targets.ts'
import { serve } from './worker.ts'

interface WorkerScope {
  readonly WorkerGlobalScope?: unknown
  onmessage: ((event: { data: unknown }) => void) | null
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void
}
const scope = globalThis as unknown as WorkerScope

// (Loaded as an ordinary module, it does nothing.)
if (scope.WorkerGlobalScope !== undefined) {
  const receive = serve(targets, (message, transfer) => scope.postMessage(message, transfer))
  scope.onmessage = (event) => receive(event.data)
}
