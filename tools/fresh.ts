// Preloaded by ./k23 (node --import): generated files are made fresh before the first module that needs one is loaded.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { suspects } from './stamps.ts'

if (suspects().length > 0) {
  // In a child: whatever it loads must not stay in this process's module cache. Its report is no output of the command.
  const done = spawnSync(process.execPath, [join(import.meta.dirname, 'generate.ts')], { stdio: ['ignore', 2, 2] })
  if (done.status !== 0) process.exit(done.status ?? 1)
}
