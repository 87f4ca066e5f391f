// The child process of runners.ts.
import { endWithParent, nativeMissing } from '@k23/native'
import { runHere, type Task } from './runners.ts'

process.on('message', (task) => {
  process.send?.(runHere(task as Task))
})
// The parent has gone, however it did; in guest code no event would tell.
if (nativeMissing() === undefined) endWithParent()
process.on('disconnect', () => process.exit())
