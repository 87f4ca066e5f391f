// Guest code for tests: assembled once per program, placed on a machine.
import type { Hart } from '@k23/machine'
import { createNativeMachine, nativeMissing, type NativeMachine, type NativeMachineOptions } from '../src/index.ts'
import { type Assembled, assemble, assembler } from './gas.ts'

/** Why tests that run guest code are skipped here, or undefined. */
export const lacking: string | undefined = nativeMissing() ?? (typeof assembler === 'string' ? assembler : undefined)
if (lacking !== undefined) console.log(`skipped: native execution needs ${lacking}`)

const assembled = new Map<string, Assembled>()

export interface World {
  readonly machine: NativeMachine
  readonly hart: Hart
  /** Places a program; the address of a label in it by `at(label)`. HOST_CALL in its text is the address of the host-call stub. */
  place(text: string): { readonly address: number; at(label: string): number }
  [Symbol.dispose](): void
}

export function world(options: NativeMachineOptions & { stackBytes?: number } = {}): World {
  const machine = createNativeMachine(options)
  const hart = machine.createHart({ stackBytes: options.stackBytes ?? 65536 })
  return {
    machine,
    hart,
    place(text) {
      const full = `.set HOST_CALL, ${machine.hostCallStub}\n${text}`
      let a = assembled.get(full)
      if (a === undefined) assembled.set(full, (a = assemble(full)))
      const address = machine.placeCode(a.bytes)
      const { labels } = a
      return { address, at: (label) => address + (labels.get(label) ?? Number.NaN) }
    },
    [Symbol.dispose]: () => machine.close(),
  }
}

/** Registers as the hardware numbers them. */
export const RAX = 0
export const RCX = 1
export const RDX = 2
export const RBX = 3
export const RSP = 4
export const RBP = 5
export const RDI = 7

export function register(hart: Hart, n: number): bigint {
  const { lo, hi } = hart.readRegister(n)
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
}

/** A guest function that calls the host with number rdi and block rsi, and returns what the host left in rax, plus 1. */
export const callHost = `
  pushq %rbx
  movabsq $HOST_CALL, %rbx
  call *%rbx
  addq $1, %rax
  popq %rbx
  ret`
