// The worker's side: opens jobs, compiles batches of units.
import { createIsa, kindOf } from '../core.ts'
import { BUILD } from '../gen/build.ts'
import type { LinkInput } from '../link.ts'
import { encode } from '../parts/codec.ts'
import { linkInputs } from '../parts/parts.ts'
import { createJob, type Job } from '../units.ts'
import type { Target } from '@k23/machinst'
import { type Reply, type Request, sentError } from './protocol.ts'

/** Answers requests about these targets. To be called once, when the worker starts; gives what takes its messages. */
export function serve(
  targets: Readonly<Record<string, Target>>,
  reply: (message: Reply, transfer: readonly ArrayBuffer[]) => void,
): (message: unknown) => void {
  const jobs = new Map<number, Job>()
  const open = ({ job, input, options }: Request & { kind: 'open' }): void => {
    const { target: name, ...rest } = options
    const coreOptions = { ...rest, target: targets[name] }
    jobs.set(job, createJob(input, createIsa(coreOptions, kindOf(input)), coreOptions))
  }
  const batch = ({ job: number, from, to }: Request & { kind: 'batch' }): void => {
    const job = jobs.get(number)
    if (job === undefined) return // it could not be opened, which has been said
    const parts: LinkInput[] = []
    let unit = from
    try {
      for (; unit < to; unit++) parts.push(job.compile(unit))
    } catch (e) {
      reply({ kind: 'failed', job: number, from, unit, error: sentError(e) }, [])
      return
    }
    const bytes = encode(linkInputs, parts)
    reply({ kind: 'compiled', job: number, from, parts: bytes }, [bytes.buffer])
  }
  reply({ kind: 'hello', build: BUILD }, [])
  return (message) => {
    const request = message as Request
    if (request.kind === 'batch') batch(request)
    else if (request.kind === 'close') jobs.delete(request.job)
    else {
      try {
        open(request)
      } catch (e) {
        reply({ kind: 'failed', job: request.job, from: -1, unit: -1, error: sentError(e) }, [])
      }
    }
  }
}
