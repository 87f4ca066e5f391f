import { type DataValue, dataValue, type Func, I32, Op, unsignedBits } from '@k23/ir'
import { describe, expect, test } from 'vitest'
import {
  type Backend,
  type CompileOptions,
  type FileOptions,
  type FileResult,
  type Outcome,
  resultJson,
  type Runnable,
  runFile,
} from '../src/index.ts'

/** Evaluates functions of one block of iadd, isub, iconst and return on i32: enough to tell right from wrong here. */
function evaluate(func: Func, args: readonly DataValue[]): Outcome {
  const values = new Map<number, bigint>()
  const block = func.firstBlock as never
  args.forEach((a, i) => values.set(func.param(block, i), unsignedBits(a)))
  for (let inst = func.firstInst[block]; inst >= 0; inst = func.nextInst[inst]) {
    const of = (i: number): bigint => values.get(func.arg(inst as never, i)) ?? 0n
    const op = func.op[inst]
    if (op === Op.iadd) values.set(func.result(inst as never), of(0) + of(1))
    else if (op === Op.isub) values.set(func.result(inst as never), of(0) - of(1))
    else if (op === Op.iconst) values.set(func.result(inst as never), BigInt(func.imm0[inst]))
    else if (op === Op.trap) return { trap: 'user1' }
    else if (op === Op.return_)
      return { results: [...Array(func.numArgs(inst as never)).keys()].map((i) => dataValue(I32, of(i))) }
    else return { unsupported: 'an opcode that the test does not know' }
  }
  return { unsupported: 'no return' }
}

function load(functions: readonly Func[]): Runnable {
  return {
    invoke(name, args) {
      const f = functions.find((g) => g.name.kind === 'testcase' && g.name.name === name)
      return f === undefined ? { unsupported: `no ${name}` } : evaluate(f, args)
    },
  }
}

/** A back end that notes what it was asked for, and lacks AVX. */
function backend(asked: CompileOptions[] = []): Backend {
  return {
    missing: (_target, flags) => (flags.get('has_avx') === 'true' ? 'the host lacks has_avx' : undefined),
    compile(functions, options) {
      asked.push(options)
      return load(functions)
    },
    listing: (func, options) => ({ text: `insts: ${func.numInsts}\n\nopt: ${options.opt}\n` }),
  }
}

const add = `
function %add(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
    v2 = iadd v0, v1
    return v2
}
`
const run = (text: string, options: Partial<FileOptions> = {}): FileResult =>
  runFile('x.clif', text, { exec: 'emu', backend: backend(), ...options })

describe('run lines', () => {
  const lines = `${add}; run: %add(1, 2) == 3\n; run: %add(1, 2) != 4\n; run: %add(-1, 1) == 0\n`

  test('count once per matching target line', () => {
    const r = run(`test run\ntarget riscv64\ntarget riscv64 has_v\ntarget x86_64\ntarget s390x\n${lines}`, {
      target: 'riscv64',
    })
    expect([r.pass, r.fail, r.skip]).toEqual([6, 0, 3])
    expect(r.skips).toEqual([{ count: 3, line: 5, type: 'run', reason: 'no machine s390x' }])
    expect(JSON.parse(resultJson(r))).toEqual({
      file: 'x.clif',
      target: 'riscv64',
      exec: 'emu',
      opt: 'none',
      pass: 6,
      fail: 0,
      skip: 3,
      failures: [],
    })
  })

  test('a wrong result is a failure on its line, with what was found', () => {
    const r = run(`test run\ntarget riscv64 has_zbb\n${add}; run: %add(1, 2) == 4\n; run: %add(1, 2) != 3\n`, {
      target: 'riscv64',
    })
    expect([r.pass, r.fail, r.skip]).toEqual([0, 2, 0])
    expect(r.failures[0]).toEqual({ line: 9, type: 'run', why: 'target riscv64 has_zbb: run: %add(1, 2) == 4: got 3' })
  })

  test('traps are failures where results are expected, and the reverse; what is unsupported is a skip', () => {
    const traps = run(
      `test run\ntarget riscv64\nfunction %t() -> i32 {\nblock0:\n  trap user1\n}\n; traps: %t() user1\n; traps: %t() user2${add}; traps: %add(1, 2) user1`,
      { target: 'riscv64' },
    )
    expect([traps.pass, traps.failures.map((f) => f.why.replace(/^.*?: /, ''))]).toEqual([
      1,
      ['traps: %t() user2: trapped with user1', 'traps: %add(1, 2) user1: got 3'],
    ])
    const r = run(
      'test run\ntarget riscv64\nfunction %t() -> i32 {\nblock0:\n  trap user1\n}\n; run: %t() == 1\nfunction %u() -> i32 {\nblock0:\n  v0 = iconst.i32 1\n  v1 = ineg v0\n  return v1\n}\n; run: %u() == -1\n',
      { target: 'riscv64' },
    )
    expect([r.pass, r.fail, r.skip]).toEqual([0, 1, 1])
    expect(r.failures[0].why).toContain('trapped with user1')
    expect(r.skips[0].reason).toBe('an opcode that the test does not know')
  })

  test('a target that this host lacks is a skip', () => {
    const r = run(`test run\ntarget x86_64 has_avx\ntarget x86_64 has_avx=false\n${lines}`, { target: 'x64' })
    expect([r.pass, r.skip, r.skips[0].reason]).toEqual([3, 3, 'the host lacks has_avx'])
  })

  test('a bare run passes on non-zero', () => {
    const f = (n: number): string =>
      `function %f${n}() -> i32 {\nblock0:\n  v0 = iconst.i32 ${n}\n  return v0\n}\n; run\n`
    const r = run(`test run\ntarget riscv64\n${f(1)}${f(0)}`, { target: 'riscv64' })
    expect([r.pass, r.fail]).toEqual([1, 1])
  })

  test('settings, flags and the optimization level: those of the file in force at the line, then those given', () => {
    const asked: CompileOptions[] = []
    const text = `test run\nset is_pic\ntarget riscv64 has_zbb\nset opt_level=speed probestack_size_log2=14\ntarget riscv64\n${lines}`
    runFile('x.clif', text, {
      exec: 'emu',
      backend: backend(asked),
      target: 'riscv64',
      set: ['has_zbb=false', 'is_pic=off', 'has_v'],
    })
    expect(asked.map((a) => [a.opt, [...a.flags], [...a.settings]])).toEqual([
      [
        'none',
        [
          ['has_zbb', 'false'],
          ['has_v', 'true'],
        ],
        [['is_pic', 'false']],
      ],
      [
        'speed',
        [
          ['has_zbb', 'false'],
          ['has_v', 'true'],
        ],
        [
          ['is_pic', 'false'],
          ['probestack_size_log2', '14'],
        ],
      ],
    ])
    asked.length = 0
    runFile('x.clif', text, { exec: 'emu', backend: backend(asked), target: 'riscv64', opt: 'speed_and_size' })
    expect(asked.map((a) => a.opt)).toEqual(['speed_and_size', 'speed_and_size'])
  })

  test('interpret: test interpret runs, test run is a skip, and the other way round', () => {
    const text = `test interpret\ntest run\ntarget riscv64\n${lines}`
    const interpreter = { load }
    const byInterpreter = run(text, { exec: 'interpret', interpreter })
    expect([byInterpreter.pass, byInterpreter.fail, byInterpreter.skip]).toEqual([3, 0, 3])
    const compiled = run(text, { target: 'riscv64', interpreter })
    expect([compiled.pass, compiled.fail, compiled.skip]).toEqual([3, 0, 3])
    expect(run(text, { exec: 'interpret' }).skip).toBe(6)
    const unmarked = `test run\ntarget riscv64\n${lines}`
    expect(run(unmarked, { exec: 'interpret', interpreter }).pass).toBe(0)
    expect(run(unmarked, { exec: 'interpret', interpreter, interpretAll: true }).pass).toBe(3)
  })

  test('without a target, or a target line for it, run lines are skips', () => {
    expect(run(`test run\ntarget riscv64\n${lines}`)).toMatchObject({ pass: 0, fail: 0, skip: 3 })
    expect(run(`test run\ntarget x86_64\n${lines}`, { target: 'riscv64' }).skips).toEqual([
      { count: 3, line: 1, type: 'run', reason: 'no target line for riscv64' },
    ])
  })

  test('print: lines print, and pass', () => {
    const printed: string[] = []
    const r = run(`test run\ntarget riscv64\n${add}; print: %add(2, 3)\n`, {
      target: 'riscv64',
      print: (s) => printed.push(s),
    })
    expect([r.pass, printed]).toEqual([1, ['%add -> 5']])
  })

  test('an error of the back end is a failure, not the end of the run', () => {
    const broken: Backend = {
      ...backend(),
      compile: () => {
        throw new Error('boom')
      },
    }
    const r = run(`test run\ntarget riscv64\n${lines}`, { target: 'riscv64', backend: broken })
    expect([r.pass, r.fail, r.failures[0].line]).toEqual([0, 1, 2])
    expect(r.failures[0].why).toContain('boom')
  })
})

describe('faults of the file', () => {
  // biome-ignore format: table
  test.each([
    ['test run\nset enable_turbo=true\n',       2, 'unknown setting enable_turbo'],
    ['test run\nset opt_level=fast\n',          2, 'one of none, speed, speed_and_size'],
    ['test run\nset opt_level\n',               2, 'needs a value'],
    ['test run\nset is_pic=maybe\n',            2, 'is true or false'],
    ['test run\nset probestack_size_log2=x\n',  2, 'a number from 0 to 255'],
    ['test run\ntarget vax\n',                  2, 'unknown architecture `vax`'],
    ['test run\ntarget\n',                      2, 'expected an architecture'],
    ['test run\ntarget x86_64 =3\n',            2, 'expected an ISA flag'],
    ['test levitate\n',                         1, 'unknown test command `levitate`'],
    ['target x86_64\n',                         1, 'no `test` line'],
    ['test cat\nfunction %f( {}\n',             2, 'expected a type'],
    [`test run\ntarget riscv64\n${add}; run: %add(1) == 2\n`, 9, '%add has 2 parameters'],
    [`test run\ntarget riscv64\n${add}; run\n`, 9, 'a bare `run`'],
  ])('%s', (text, line, why) => {
    const r = run(text, { target: 'riscv64' })
    expect([r.pass, r.fail]).toEqual([0, 1])
    expect(r.failures[0].line).toBe(line)
    expect(r.failures[0].why).toContain(why)
  })

  test('commands of later parts are skips', () => {
    expect(run(`test optimize\n${add}`).skips).toEqual([
      { count: 1, line: 1, type: 'optimize', reason: 'test optimize is not supported yet' },
    ])
  })
})

describe('test cat, verifier, domtree, print-cfg', () => {
  test('cat: directives of the file hold for each function, those of a function for it', () => {
    expect(run(`test cat\n; check: function\n${add}; nextln: block0\n; check: v2 = iadd v0, v1\n`)).toMatchObject({
      pass: 1,
      fail: 0,
    })
    const r = run(`test cat\n${add}; check: v2 = iadd v0, v1\n; nextln: jump\n`)
    expect([r.pass, r.fail, r.failures[0].line]).toEqual([0, 1, 9])
  })

  test('verifier: expected errors are seen, on their line; others, and missing ones, are failures', () => {
    const bad =
      'function %f(i32, i64) -> i32 {\nblock0(v0: i32, v1: i64):\n  v2 = iadd v0, v1 ; error: arg 1 (v1) has type i64\n  return v2\n}\n'
    expect(run(`test verifier\n${bad}${add}`)).toMatchObject({ pass: 2, fail: 0 })
    const unexpected = run(`test verifier\n${bad.replace(/;.*/, '')}`)
    expect([unexpected.pass, unexpected.fail, unexpected.failures[0].line]).toEqual([0, 1, 4])
    const missing = run(`test verifier\n${add}; error: nonsense\n`)
    expect([missing.pass, missing.fail, missing.failures[0].line]).toEqual([0, 1, 8])
    const elsewhere = run(
      `test verifier\n${bad.replace(/ ; error.*/, '').replace('return v2', 'return v2 ; error: arg 1 (v1) has type i64')}`,
    )
    expect([elsewhere.pass, elsewhere.fail]).toEqual([0, 2])
  })

  test('domtree: every annotation, and every reachable block annotated', () => {
    const f = (a: string, b: string): string =>
      `test domtree\nfunction %f(i32) {\nblock0(v0: i32):\n  brif v0, block1, block2 ; dominates: ${a}\nblock1:\n  jump block2 ${b}\nblock2:\n  return\n}\n; check: domtree_preorder {\n; nextln: block0: block1 block2\n`
    expect(run(f('block1 block2', ''))).toMatchObject({ pass: 1, fail: 0 })
    expect(run(f('block1', '')).failures[0].why).toContain('no `dominates:` comment for block2')
    expect(run(f('block1', '; dominates: block2')).failures[0].why).toContain(
      'the immediate dominator of block2 is block0, not block1',
    )
    expect(run(f('block1 block1 block2', '')).failures[0].why).toContain('two dominators')
    expect(run(f('block1 block9', '')).failures[0].why).toContain('expected a block')
  })

  test('print-cfg', () => {
    const text =
      'test print-cfg\nfunction %f(i32) {\nblock0(v0: i32):\n  brif v0, block1, block0(v0) ; unordered: block0:inst0 -> block1\nblock1:\n  return\n}\n; unordered: block0:inst0 -> block0\n'
    expect(run(text)).toMatchObject({ pass: 1, fail: 0 })
    expect(run(text.replace('block0:inst0 -> block0', 'block1:inst1 -> block0'))).toMatchObject({ pass: 0, fail: 1 })
  })
})

describe('test compile', () => {
  test('directives', () => {
    expect(
      run(`test compile\ntarget riscv64\n${add}; check: insts: 2\n; check: opt: none\n`, { target: 'riscv64' }),
    ).toMatchObject({ pass: 1, fail: 0 })
    expect(run(`test compile\ntarget riscv64\n${add}; check: insts: 3\n`, { target: 'riscv64' })).toMatchObject({
      pass: 0,
      fail: 1,
    })
  })

  test('precise output: the failure names the command that accepts it; what blessing writes passes', () => {
    const other = add.replace('%add', '%other')
    const text = `test compile precise-output\ntarget riscv64\n${add}\n;; a remark stays out of it\n; insts: 3\n; gone\n${other}`
    const r = run(text, { target: 'riscv64' })
    expect([r.pass, r.fail]).toEqual([0, 2])
    expect(r.failures[0].why).toContain('- insts: 3\n- gone\n+ insts: 2\n+\x20\n+ opt: none')
    expect(r.failures[0].why).toContain('pnpm bless x.clif')
    const blessed = run(text, { target: 'riscv64', bless: true })
    expect([blessed.pass, blessed.fail]).toEqual([2, 0])
    const again = run(blessed.blessed ?? '', { target: 'riscv64', bless: true })
    expect([again.pass, again.fail, again.blessed]).toEqual([2, 0, undefined])
    expect(blessed.blessed).toContain('; insts: 2\n;\n; opt: none\n')
  })
})
