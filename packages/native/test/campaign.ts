// Traps of all kinds in turn, as many as the argument says; prints what the process had in memory before and after.
import { readFileSync } from 'node:fs'
import { PAGE_SIZE, PERM_READ, PERM_WRITE, RETURNED, TRAP } from '@k23/machine'
import { assemble } from './gas.ts'
import { RAX, register, world } from './guest.ts'
import { trapKinds } from './trap-kinds.ts'

const total = Number(process.argv[2])

const w = world()
const { machine } = w
const none = machine.memory.map(3 * PAGE_SIZE, PERM_READ | PERM_WRITE) + PAGE_SIZE
const readOnly = none + PAGE_SIZE
machine.memory.protect(none, PAGE_SIZE, 0)
machine.memory.protect(readOnly, PAGE_SIZE, PERM_READ)
// All programs in one: each behind the other, so that one call of the assembler will do.
const one = assemble(
  trapKinds.map(({ text }, i) => `start${i}:\n${text.replaceAll('fault', `fault${i}`)}`).join('\n') +
    '\ngood: leaq (%rdi,%rsi), %rax\nret',
)
const base = machine.placeCode(one.bytes)
const at = (label: string): number => base + (one.labels.get(label) as number)
const programs = trapKinds.map((k, i) => ({ ...k, start: at(`start${i}`) }))
const harts = [w.hart, machine.createHart({ stackBytes: PAGE_SIZE })]
const good = at('good')

const numbers = (): [number, number] => {
  globalThis.gc?.()
  const status = readFileSync('/proc/self/status', 'utf8')
  return [Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]), readFileSync('/proc/self/maps', 'utf8').split('\n').length]
}

function round(i: number): void {
  const hart = harts[i & 1]
  const { name, start, kind } = programs[i % programs.length]
  machine.enter(hart, start, [none, readOnly])
  const r = machine.run(hart)
  if (r.kind !== TRAP || r.trapKind !== kind) throw new Error(`${name}: reason ${r.kind}, trap ${r.trapKind}`)
  machine.leave(hart)
  if (i % 16 !== 0) return
  machine.enter(hart, good, [i, 1])
  if (machine.run(hart).kind !== RETURNED || register(hart, RAX) !== BigInt(i + 1)) throw new Error('wrong result')
}

const warm = Math.min(total, 20_000)
for (let i = 0; i < warm; i++) round(i)
const before = numbers()
const started = performance.now()
for (let i = warm; i < total; i++) round(i)
const ms = Math.round(performance.now() - started)
const after = numbers()
console.log(JSON.stringify({ done: total, ms, rss: [before[0], after[0]], maps: [before[1], after[1]] }))
