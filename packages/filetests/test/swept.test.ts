// What x64 lowers is run: every opcode, at every combination of types at which the table of the back end's coverage says that it is lowered, is in a
// sweep (x64-sweep.test.ts, under each set of features), or in one of the project's own files that run.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { completeSettings, targetByName } from '@k23/codegen'
import { type Func, opName, parseFile, parseFunctions, type Type, typeName } from '@k23/ir'
import { COVERAGE_SETTINGS, coverageOf, coverageSubjects } from '@k23/machinst/coverage'
import { expect, test } from 'vitest'
import { sweepCases } from './sweep-cases.ts'
import { moreSweepCases, quadSweepCases, wideAtomicCases } from './sweep-more.ts'
import { vectorCases } from './vector-cases.ts'

const folder = join(import.meta.dirname, '../../../filetests')
/** Opcodes in the project's own files that run on x64 (own.test.ts). */
const inRunFiles = new Set<string>()
for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
  const text = name.endsWith('.clif') ? readFileSync(join(folder, name), 'utf8') : ''
  if (!/^test run/m.test(text) || !/^target x86_64/m.test(text)) continue
  for (const { func } of parseFile(text).functions)
    for (let i = 0; i < func.numInsts; i++) inRunFiles.add(opName[func.op[i]])
}

/** What neither can show: thread-local symbols need a loader, and a debugger is what debugtrap stops in (filetests/not-run.clif). */
const notRun = new Set(['tls_value', 'debugtrap'])

/** Opcode, controlling type and types of operands, but for addresses and shift amounts. */
function keys(f: Func, into: Set<string>): void {
  for (let i = 0; i < f.numInsts; i++) {
    const inst = i as never
    const op = opName[f.op[i]]
    const args = Array.from({ length: f.numArgs(inst) }, (_, k) => typeName(f.typeOf(f.arg(inst, k))))
    const of = /^(ishl|ushr|sshr|rotl|rotr)$/.test(op) ? args.slice(0, 1) : args
    into.add(`${op}.${typeName(f.ctrl[i] as Type)} ${of.join(' ')}`)
  }
}

const swept = new Set<string>()
for (const list of [sweepCases(false), moreSweepCases(), quadSweepCases(), wideAtomicCases(), vectorCases()])
  for (const { func } of parseFunctions(list.map((c) => c.text).join('\n')).functions) keys(func, swept)

const sweptOpcodes = new Set([...swept].map((k) => k.split('.')[0]))

test('every opcode is swept at every combination of types at which it is lowered, or is in a run file', () => {
  const isa = targetByName('x64').create({ sapphirerapids: true }, completeSettings(COVERAGE_SETTINGS))
  const missing: string[] = []
  let lowered = 0
  for (const { op, functions } of coverageSubjects()) {
    if (!sweptOpcodes.has(op) && inRunFiles.has(op)) continue
    for (const { make } of functions) {
      const f = make()
      if (coverageOf(isa, f).startsWith('no')) continue
      lowered++
      const here = new Set<string>()
      keys(f, here)
      missing.push(...[...here].filter((k) => k.startsWith(`${op}.`) && !swept.has(k)))
    }
  }
  expect(missing.filter((k) => !notRun.has(k.split('.')[0]))).toEqual([])
  expect(lowered).toBeGreaterThan(1500)
})
