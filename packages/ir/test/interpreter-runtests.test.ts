// Every run line of every file of clif-runtests, the files marked `test interpret` and the others alike.
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { comparisonHolds, formatRunCommand, type Func, parseFile, parseRunCommand, verify } from '../src/index.ts'
import { createInterpreter } from '../src/interpreter/index.ts'
import { dataFiles, hasData } from './text-data.ts'

/** Files whose expected results CLIF leaves to the machine, and why. */
const MACHINE_DEPENDENT: ReadonlyMap<string, string> = new Map([
  ['simd-fmax-fmin-nondeterministic-x86_64.clif', 'the sign of the NaN that fmin and fmax give is that of x86-64'],
])

function callName(f: Func): string {
  return f.name.kind === 'testcase' ? f.name.name : `u${f.name.namespace}:${f.name.index}`
}

interface Count {
  files: number
  pass: number
  skip: number
}

test.skipIf(!hasData)('run lines of clif-runtests', () => {
  const marked: Count = { files: 0, pass: 0, skip: 0 }
  const others: Count = { files: 0, pass: 0, skip: 0 }
  const failures: string[] = []
  const skips = new Map<string, number>()
  for (const { name, text } of dataFiles()) {
    if (!name.startsWith('clif-runtests/')) continue
    const file = parseFile(text)
    const isMarked = file.commands.some((c) => c.name === 'test' && c.args[0] === 'interpret')
    const count = isMarked ? marked : others
    count.files++
    const reason = MACHINE_DEPENDENT.get(basename(name))
    for (const f of file.functions) expect(verify(f.func), `${name} ${callName(f.func)}`).toEqual([])
    const interpreter = createInterpreter(
      file.functions.map((f) => f.func),
      { fuel: 10_000_000 },
    )
    for (const f of file.functions) {
      for (const c of f.comments) {
        const command = parseRunCommand(c.text, f.func.signature, c.line)
        if (command === undefined) continue
        const outcome = interpreter.invoke(callName(f.func), command.kind === 'nonzero' ? [] : command.args)
        const why = reason ?? ('unsupported' in outcome ? outcome.unsupported : undefined)
        if (why !== undefined) {
          count.skip++
          skips.set(`${name}: ${why}`, (skips.get(`${name}: ${why}`) ?? 0) + 1)
        } else if ('results' in outcome && comparisonHolds(command, outcome.results)) {
          count.pass++
        } else {
          failures.push(
            `${name}:${c.line}: ${formatRunCommand(command)}: ${'trap' in outcome ? outcome.trap : 'another result'}`,
          )
        }
      }
    }
  }
  console.log(`marked \`test interpret\`: ${marked.files} files, ${marked.pass} pass, ${marked.skip} skip`)
  console.log(`others: ${others.files} files, ${others.pass} pass, ${others.skip} skip`)
  for (const [why, n] of skips) console.log(`skip ${n}: ${why}`)
  expect(failures).toEqual([])
  expect(marked.skip).toBe(0)
  expect(marked.files).toBeGreaterThan(200)
  expect(marked.pass + others.pass).toBeGreaterThan(10_000)
})

test.skipIf(!hasData)('the files that depend on a machine do differ on another one', () => {
  for (const name of MACHINE_DEPENDENT.keys()) {
    const data = dataFiles().find((f) => basename(f.name) === name)
    const file = parseFile(data?.text ?? '')
    const interpreter = createInterpreter(file.functions.map((f) => f.func))
    let differing = 0
    for (const f of file.functions) {
      for (const c of f.comments) {
        const command = parseRunCommand(c.text, f.func.signature, c.line)
        if (command?.kind !== 'compare') continue
        const outcome = interpreter.invoke(callName(f.func), command.args)
        if (!('results' in outcome) || !comparisonHolds(command, outcome.results)) differing++
      }
    }
    expect(differing, name).toBeGreaterThan(0)
  }
})
