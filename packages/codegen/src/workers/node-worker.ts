// The script of a worker thread in Node.
import { parentPort } from 'node:worker_threads'
import { targets } from '../targets.ts'
import { serve } from './worker.ts'

// (Loaded as an ordinary module, it does nothing.)
parentPort?.on(
  'message',
  serve(targets, (message, transfer) => parentPort?.postMessage(message, transfer)),
)
