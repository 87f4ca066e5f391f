#!/usr/bin/env node
import { main } from './program.ts'
import { VERSION } from './version.ts'

// A reader that has seen enough (`k23 ... | head`) is no error.
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code === 'EPIPE') process.exit(0)
  throw e
})
await main(process.argv.slice(2), VERSION)
