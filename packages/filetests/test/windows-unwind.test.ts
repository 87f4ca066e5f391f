// UNWIND_INFO of functions under windows_fastcall. An interpreter of it, written after Microsoft's page "x64 exception handling", unwinds them at every instruction
// that runs; LLVM's reader finds in it what the unwind rows say.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile, type PlacedFunction } from '@k23/codegen'
import { dataValue, I64, parseFunctions, parseType } from '@k23/ir'
import { describe, expect, test } from 'vitest'
import { Follower, type Values } from './follow.ts'
import { emulators, Guest } from './guest.ts'
import { Random, randomProgram } from './random-clif.ts'
import { windowsPrograms } from './windows-programs.ts'

const RSP = 4
const RBP = 5
const RETURN = 16
const allocators = ['single_pass', 'backtracking']
const PROGRAMS = process.env.K23_LONG === '1' ? 300 : 12

class WindowsFollower extends Follower {
  /** Unwound in the prologue, in the body, in the epilogue. */
  readonly seen = { prologue: 0, body: 0, epilogue: 0 }

  /** The caller's registers, of a function that has UNWIND_INFO. */
  caller(f: PlacedFunction, offset: number, now: Values): Values {
    if (f.unwindInfo === undefined) return this.byRow(f, offset, now)
    const info = f.unwindInfo
    const out = new Map(now)
    const pop = (reg: number): void => {
      const sp = out.get(RSP) as bigint
      out.set(reg, this.guest.word(sp)).set(RSP, sp + 8n)
    }
    const inPrologue = offset < info[1]
    if (!inPrologue && this.epilogue(f.code, offset, out, pop)) {
      this.seen.epilogue++
      return out
    }
    this.seen[inPrologue ? 'prologue' : 'body']++
    undo(info, offset, out, pop, (reg, at) => this.memory(reg, at))
    pop(RETURN)
    return out
  }

  /** What is left of an epilogue, where this is one: [add or lea], pops, and a return. */
  private epilogue(code: Uint8Array, from: number, out: Values, pop: (reg: number) => void): boolean {
    const view = new DataView(code.buffer, code.byteOffset, code.length)
    const starts = (...bytes: number[]): boolean => bytes.every((b, i) => code[at + i] === b)
    const steps: (() => void)[] = []
    let at = from
    const raise = (by: number, length: number): void => {
      steps.push(() => out.set(RSP, (out.get(RSP) as bigint) + BigInt(by)))
      at += length
    }
    const lea = (by: number, length: number): void => {
      steps.push(() => out.set(RSP, (out.get(RBP) as bigint) + BigInt(by)))
      at += length
    }
    if (starts(0x48, 0x83, 0xc4)) raise(view.getInt8(at + 3), 4)
    else if (starts(0x48, 0x81, 0xc4)) raise(view.getInt32(at + 3, true), 7)
    else if (starts(0x48, 0x8d, 0x65)) lea(view.getInt8(at + 3), 4)
    else if (starts(0x48, 0x8d, 0xa5)) lea(view.getInt32(at + 3, true), 7)
    for (;;) {
      const high = code[at] === 0x41 ? 1 : 0
      const op = code[at + high]
      if (op >> 3 !== 0x58 >> 3) break
      steps.push(() => pop((op & 7) + 8 * high))
      at += 1 + high
    }
    if (code[at] !== 0xc3) return false
    for (const step of steps) step()
    pop(RETURN)
    return true
  }
}

/** Undoes the prologue up to `offset`, code by code. */
function undo(
  info: Uint8Array,
  offset: number,
  out: Values,
  pop: (reg: number) => void,
  memory: (reg: number, at: bigint) => bigint,
): void {
  const view = new DataView(info.buffer, info.byteOffset, info.length)
  const slot = (i: number): number => view.getUint16(4 + 2 * i, true)
  const large = (i: number): number => slot(i) + slot(i + 1) * 2 ** 16
  const frameRegister = info[3] & 15
  const distance = BigInt((info[3] >> 4) * 16)
  const count = info[2]
  // Version 1, no flags; an even number of slots.
  if (info[0] !== 1 || info.length !== 4 + 2 * (count + (count & 1))) throw new Error(`header ${info}`)
  // Where what was stored is found from; the stack pointer does not move after the codes that store.
  const base = offset >= setFrameAt(info) ? (out.get(frameRegister) as bigint) - distance : (out.get(RSP) as bigint)
  let last = 256
  for (let i = 0; i < count; ) {
    const at = slot(i) & 0xff
    const op = (slot(i) >> 8) & 15
    const what = slot(i) >> 12
    if (at > last || at > info[1]) throw new Error(`an unwind code at ${at}, out of order or outside of the prologue`)
    last = at
    const done = at <= offset
    i++
    switch (op) {
      case 0: // PUSH_NONVOL
        if (done) pop(what)
        break
      case 1: {
        // ALLOC_LARGE
        const size = what === 0 ? slot(i) * 8 : large(i)
        i += what === 0 ? 1 : 2
        if (done) out.set(RSP, (out.get(RSP) as bigint) + BigInt(size))
        break
      }
      case 2: // ALLOC_SMALL
        if (done) out.set(RSP, (out.get(RSP) as bigint) + BigInt(what * 8 + 8))
        break
      case 3: // SET_FPREG
        if (done) out.set(RSP, (out.get(frameRegister) as bigint) - distance)
        break
      case 4: // SAVE_NONVOL
        if (done) out.set(what, memory(what, base + BigInt(slot(i) * 8)))
        i++
        break
      case 8: // SAVE_XMM128
        if (done) out.set(64 + what, memory(64 + what, base + BigInt(slot(i) * 16)))
        i++
        break
      default:
        throw new Error(`unwind code ${op}`)
    }
  }
}

/** Offset of SET_FPREG. */
function setFrameAt(info: Uint8Array): number {
  const sizes: Readonly<Record<number, number>> = { 0: 1, 2: 1, 3: 1, 4: 2, 8: 2, 5: 3, 9: 3 }
  for (let i = 0; i < info[2]; ) {
    const [at, code] = [info[4 + 2 * i], info[5 + 2 * i]]
    if ((code & 15) === 3) return at
    i += (code & 15) === 1 ? (code >> 4) + 2 : sizes[code & 15]
  }
  return 256
}

const x64 = emulators.find((m) => m.target === 'x64') as (typeof emulators)[number]

describe.each(allocators)('%s', (regalloc_algorithm) => {
  test.each(Object.entries(windowsPrograms))('%s', (_, { text, settings }) => {
    const follower = new WindowsFollower(new Guest(x64))
    for (const features of [{}, { has_avx: true }]) {
      const program = follower.guest.load(text, {
        target: 'x64',
        features,
        settings: { regalloc_algorithm, ...settings },
      })
      for (const args of [
        [5n, 0n],
        [5n, 3n],
      ]) {
        const values = args.map((a) => dataValue(I64, a))
        // Both agree with what was there, so with each other.
        expect(follower.run(program, values)).toBeGreaterThan(30)
        expect(follower.run(program, values, (...of) => follower.caller(...of))).toBeGreaterThan(30)
      }
    }
    for (const n of Object.values(follower.seen)) expect(n).toBeGreaterThan(4)
  })
})

test('random programs', () => {
  const follower = new WindowsFollower(new Guest(x64))
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const { f, g, params } = randomProgram(seed)
    const text = `${f}\n${g}`.replace(/\b(system_v|fast|tail|winch)\b/g, 'windows_fastcall')
    const random = new Random(seed)
    const settings = { regalloc_algorithm: allocators[seed % 2], enable_probestack: random.below(2) === 0 }
    const program = follower.guest.load(text, { target: 'x64', settings })
    const args = params.map((t) => dataValue(parseType(t), random.integer(Number(t.slice(1)))))
    follower.run(program, args, (...of) => follower.caller(...of))
  }
  expect(follower.seen.prologue).toBeGreaterThan(PROGRAMS)
  expect(follower.seen.body).toBeGreaterThan(100 * PROGRAMS)
  expect(follower.seen.epilogue).toBeGreaterThan(PROGRAMS)
})

test('only functions under windows_fastcall have it, and none where unwind_info is off', () => {
  const { text } = windowsPrograms['called by and calling the other convention']
  const conventions = parseFunctions(text).functions.map((f) => f.func.signature.callConv)
  const has = (settings: Readonly<Record<string, boolean>>): boolean[] =>
    compile(text, { target: 'x64', settings }).functions.map((f) => f.unwindInfo !== undefined)
  expect(has({})).toEqual(conventions.map((c) => c === 'windows_fastcall'))
  expect(has({ unwind_info: false })).toEqual(conventions.map(() => false))
})

const llvm = ['-19', ''].find((v) =>
  ['mc', 'readobj'].every((t) => spawnSync(`llvm-${t}${v}`, ['--version']).status === 0),
)

describe.skipIf(llvm === undefined)(`llvm-readobj${llvm === undefined ? ' is not there' : ''}`, () => {
  /** A COFF object of the functions, made by LLVM's assembler of nothing but bytes. */
  function coff(functions: readonly PlacedFunction[]): string {
    const data = (bytes: Uint8Array): string => `  .byte ${[...bytes].join(', ')}`
    const own = functions.filter((f) => f.unwindInfo !== undefined)
    return [
      '.text',
      ...own.flatMap((f, i) => [`f${i}:`, data(f.code), `e${i}:`]),
      '.section .xdata,"dr"',
      ...own.flatMap((f, i) => ['.p2align 2', `u${i}:`, data(f.unwindInfo as Uint8Array)]),
      '.section .pdata,"dr"',
      ...own.flatMap((_, i) => [`  .long f${i}@IMGREL, e${i}@IMGREL, u${i}@IMGREL`]),
      '',
    ].join('\n')
  }

  test.each(Object.entries(windowsPrograms))('%s', (_, { text, settings }) => {
    const { functions } = compile(text, { target: 'x64', settings: { ...settings } })
    const folder = mkdtempSync(join(tmpdir(), 'k23-windows-'))
    let printed: string
    try {
      const [source, object] = ['f.s', 'f.obj'].map((n) => join(folder, n))
      writeFileSync(source, coff(functions))
      const run = (tool: string, args: readonly string[]): string => {
        const done = spawnSync(`llvm-${tool}${llvm}`, args, { encoding: 'utf8' })
        expect([done.status, done.stderr]).toEqual([0, ''])
        return done.stdout
      }
      run('mc', ['-triple', 'x86_64-pc-windows-msvc', '-filetype=obj', '-o', object, source])
      printed = run('readobj', ['--unwind', object])
    } finally {
      rmSync(folder, { recursive: true })
    }
    const blocks = printed.split('RuntimeFunction {').slice(1)
    const own = functions.filter((f) => f.unwindInfo !== undefined)
    expect(blocks.length).toBe(own.length)
    let saves = 0
    own.forEach((f, i) => {
      const text = blocks[i]
      expect(text).toMatch(/Version: 1/)
      const [, frame] = /FrameRegister: (\S+)/.exec(text) as RegExpExecArray
      const rows = f.unwind
      if (rows.length === 1) {
        expect([frame, /UnwindCodeCount: 0\b/.test(text)]).toEqual(['-', true])
        return
      }
      expect(frame).toBe('RBP')
      const [, distance] = /FrameOffset: 0x([0-9A-F]+)/.exec(text) as RegExpExecArray
      // The canonical frame address is 16 above the frame pointer.
      const base = -16 - 16 * Number.parseInt(distance, 16)
      const found = [...text.matchAll(/SAVE_(?:NONVOL|XMM128) reg=(\w+), offset=0x([0-9A-F]+)/g)].map(
        ([, reg, at]) => `${reg} ${base + Number.parseInt(at, 16)}`,
      )
      const wanted = new Map(rows.flatMap((r) => r.saved).map(([reg, at]) => [reg, at]))
      wanted.delete(RETURN)
      wanted.delete(RBP)
      expect(found.sort()).toEqual([...wanted].map(([reg, at]) => `${name(reg)} ${at}`).sort())
      expect(text).toMatch(/PUSH_NONVOL reg=RBP/)
      saves += found.length
    })
    if (own.length > 3) expect(saves).toBeGreaterThan(0)
  })

  function name(reg: number): string {
    if (reg >= 64) return `XMM${reg - 64}`
    return ['RAX', 'RCX', 'RDX', 'RBX', 'RSP', 'RBP', 'RSI', 'RDI'][reg] ?? `R${reg}`
  }
})
