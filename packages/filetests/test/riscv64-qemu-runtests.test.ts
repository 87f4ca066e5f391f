// Files of clif-runtests under qemu-user, the same run lines as on our emulator: a sample, and with K23_LONG=1 all of them. Each file and target line is one
// executable that makes all its calls; features that qemu 7.2 lacks are left out of the target line, files that need them altogether.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CodegenError, SLOT_BYTES } from '@k23/codegen'
import {
  bytes,
  comparisonHolds,
  type DataValue,
  formatDataValues,
  formatRunCommand,
  type Func,
  functionNameText,
  parseFile,
  parseRunCommand,
  type RunCommand,
} from '@k23/ir'
import { expect, test } from 'vitest'
import { applySetting, parseTarget } from '../src/index.ts'
import { type Call, run } from './qemu-run.ts'

const qemu = spawnSync('qemu-riscv64', ['--version']).status === 0
const folder = join(process.env.K23_TEST_DATA ?? join(import.meta.dirname, '../../../../shared/data'), 'clif-runtests')
const names = existsSync(folder) ? readdirSync(folder).filter((n) => n.endsWith('.clif')) : []
/** One file of so many. */
const SAMPLE = process.env.K23_LONG === '1' ? 1 : 4

/** What qemu calls the features that it has. */
const CPU: Readonly<Record<string, string>> = {
  has_zba: 'zba=true',
  has_zbb: 'zbb=true',
  has_zbc: 'zbc=true',
  has_zbs: 'zbs=true',
  has_zbkb: 'zbkb=true',
  has_zfhmin: 'Zfhmin=true',
  has_zfh: 'Zfh=true',
  has_v: 'v=true,vlen=128',
  has_c: 'c=true',
}
const BASE = new Set(['has_m', 'has_a'])

interface Line {
  readonly call: Call
  readonly command: RunCommand
  readonly line: number
}

/** The run lines of a file. */
function linesOf(functions: ReturnType<typeof parseFile>['functions']): Line[] {
  const out: Line[] = []
  for (const { func, comments } of functions)
    for (const c of comments) {
      const command = parseRunCommand(c.text, func.signature, c.line)
      if (command === undefined || command.kind === 'traps') continue
      const args: readonly DataValue[] = command.kind === 'nonzero' ? [] : command.args
      const name = functionNameText(func.name).replace(/^%/, '')
      out.push({ call: { name, args, want: [], anyNaN: false }, command, line: c.line })
    }
  return out
}

test.skipIf(!qemu || names.length === 0)(
  `run lines of clif-runtests under qemu-user${qemu ? '' : ' (qemu-riscv64 is not installed)'}`,
  () => {
    const wrong: string[] = []
    const left: string[] = []
    let files = 0
    let passed = 0
    for (const [n, name] of names.entries()) {
      if (n % SAMPLE !== 0) continue
      const file = parseFile(readFileSync(join(folder, name), 'utf8'))
      const functions: Func[] = file.functions.map((f) => f.func)
      const lines = linesOf(file.functions)
      if (lines.length === 0) continue
      const slots = Math.max(1, ...functions.flatMap((f) => [f.signature.params.length, f.signature.returns.length]))
      const settings = new Map<string, string>()
      const before = passed
      for (const { name: word, args, line } of file.commands) {
        if (word === 'set') for (const item of args) applySetting(item, line, settings)
        if (word !== 'target') continue
        const target = parseTarget(args, line, settings)
        if (target.isa !== 'riscv64') continue
        const features = [...target.flags.keys()].filter((f) => f in CPU)
        const lacking = [...target.flags.keys()].filter((f) => !(f in CPU) && !BASE.has(f))
        const cpu = ['rv64', ...features.map((f) => CPU[f])].join(',')
        try {
          const algorithm = n % 2 === 0 ? 'backtracking' : 'single_pass'
          const stride = slots * SLOT_BYTES
          const out = run(
            functions,
            lines.map((l) => l.call),
            features,
            cpu,
            algorithm,
            stride,
            Object.fromEntries(settings),
          )
          lines.forEach(({ command }, i) => {
            let at = i * stride
            const func = functions.find(
              (f) => functionNameText(f.name).replace(/^%/, '') === lines[i].call.name,
            ) as Func
            const results = func.signature.returns.map((p): DataValue => {
              const value = { type: p.type, bits: out.slice(at, at + bytes(p.type)) }
              at += SLOT_BYTES
              return value
            })
            if (comparisonHolds(command, results)) passed++
            else wrong.push(`${name}:${lines[i].line}: ${formatRunCommand(command)}: ${formatDataValues(results)}`)
          })
        } catch (e) {
          // qemu 7.2 fails where a vector conversion with a rounding mode of its own is the first in its block (their issue 1441).
          const failed = e instanceof Error && e.message.includes('decode_save_opc: Assertion')
          if (failed) left.push(`${name}:${line}: issue 1441`)
          else if (!(e instanceof CodegenError)) throw new Error(`${name}:${line}`, { cause: e })
          else left.push(`${name}:${line}: ${lacking.join(' ')}: ${e.mend}`)
        }
      }
      if (passed > before) files++
    }
    expect(wrong).toEqual([])
    // Nothing is left out but for what qemu lacks.
    expect(left.filter((l) => !/has_(zfa|zvfh|zvbb|zicond)|issue 1441/.test(l))).toEqual([])
    console.log(
      `${files} files, ${passed} run lines; ${left.length} target lines need what qemu lacks: ${left.join('; ')}`,
    )
    expect(files).toBeGreaterThan(40)
    expect(passed).toBeGreaterThan(3000)
  },
)
