// The child process of runners.ts.
import { runHere, type Task } from './runners.ts'

process.on('message', (task) => {
  process.send?.(runHere(task as Task))
})
// The parent has gone, however it did.
process.on('disconnect', () => process.exit())
