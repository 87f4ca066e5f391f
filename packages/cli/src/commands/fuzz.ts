// k23 fuzz: random modules on V8 and on our own code under random settings, until the time is over or something differs.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fuzz, type FuzzFailure, type FuzzResult, platforms } from '@k23/fuzz'
import pc from 'picocolors'
import { EXIT_FAILED, usage } from '../failure.ts'
import type { Exec } from '../options.ts'
import { progress } from '../progress.ts'
import { size } from '../text/table.ts'

interface Options {
  readonly target?: string
  readonly exec?: Exec
  readonly seconds: string
  readonly seed?: string
  readonly programs?: string
  readonly output?: string
  readonly json?: boolean
}

export async function run(options: Options): Promise<void> {
  const seconds = number('--seconds', options.seconds)
  const seed = options.seed === undefined ? Date.now() % 1_000_000_007 : number('--seed', options.seed)
  const programs = options.programs === undefined ? undefined : number('--programs', options.programs)
  const wanted = platforms.filter(
    (p) =>
      (options.target === undefined || options.target === p.target) &&
      (options.exec === undefined || options.exec === p.exec),
  )
  if (wanted.length === 0) {
    const all = platforms.map((p) => `--target ${p.target} --exec ${p.exec}`)
    throw usage(`no machine for this target and --exec here: there are ${all.join('; ')}`)
  }
  const shown = progress()
  const result = await fuzz({
    platforms: wanted,
    seed,
    // A number of programs is a number of programs, however long it takes.
    ...(programs === undefined ? { seconds } : { programs }),
    step: (current, { calls }) => shown.step(`seed ${current}, ${calls} calls compared`),
  })
  shown.done()
  const { failure } = result
  if (failure !== undefined && options.output !== undefined) write(options.output, failure)
  if (options.json === true) process.stdout.write(`${json(seed, result)}\n`)
  else process.stdout.write(text(seed, result, wanted.map((p) => `${p.target} (${p.exec})`).join(', ')))
  if (failure !== undefined) process.exitCode = EXIT_FAILED
}

function number(option: string, given: string): number {
  const n = Number(given)
  if (!Number.isSafeInteger(n) || n < 0 || given.trim() === '')
    throw usage(`${option} ${given}: expected a number from 0 up`)
  return n
}

function write(folder: string, { seed, wasm, ...f }: FuzzFailure): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `fuzz-${seed}.wasm`), wasm)
  writeFileSync(join(folder, `fuzz-${seed}.wat`), `${comments(f)}${f.text}`)
}

function comments({ config, why, calls }: Pick<FuzzFailure, 'config' | 'why' | 'calls'>): string {
  const lines = [config, `calls: ${calls.join(' ')}`, ...why.split('\n')]
  return lines.map((line) => `;; ${line}\n`).join('')
}

function text(seed: number, { counts, failure }: FuzzResult, where: string): string {
  const lines: string[] = []
  if (failure !== undefined)
    lines.push(
      `${pc.red('differs')}: seed ${failure.seed}, repeat with ./k23 fuzz --seed ${failure.seed} --programs 1`,
      comments(failure) + failure.text.trimEnd(),
    )
  for (const [why, n] of counts.refused) lines.push(`not compiled, ${n} times: ${why}`)
  lines.push(
    `${size(counts.programs)} programs from seed ${seed} on V8 and on ${where}; ${size(counts.runs)} runs of ours, ` +
      `${size(counts.calls)} calls compared, ${size(counts.traps)} traps; ${failure === undefined ? 'no difference' : pc.red('1 difference')}`,
  )
  return `${lines.join('\n')}\n`
}

function json(seed: number, { counts, failure }: FuzzResult): string {
  const { refused, ...rest } = counts
  const shown = failure === undefined ? undefined : { ...failure, wasm: Buffer.from(failure.wasm).toString('base64') }
  return JSON.stringify({ seed, ...rest, refused: Object.fromEntries(refused), failure: shown })
}
