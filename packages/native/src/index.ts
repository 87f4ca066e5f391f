// The host's own CPU as a machine. What is specific to a CPU is in x64/, what is specific to a system in linux/ (host.ts says what a host
// must provide); a new host is a row of `hosts`.
import type { IsaName } from '@k23/machine'
import type { Host } from './host.ts'
import { type Koffi, loadKoffi } from './linux/koffi.ts'
import { type InterruptHandle, NativeMachine, type NativeMachineOptions } from './machine.ts'
import { linuxX64 } from './x64/linux-host.ts'

export { UNKNOWN_ADDRESS } from './host.ts'
export { type InterruptHandle, NativeMachine, type NativeMachineOptions } from './machine.ts'
export { NativeMemory } from './memory.ts'

/** By `process.platform` and `process.arch`. */
const hosts: Readonly<Record<string, (koffi: Koffi) => Host>> = {
  'linux-x64': linuxX64,
}

/** There is no native machine here; the message names what is missing. */
export class NativeUnavailable extends Error {
  override readonly name = 'NativeUnavailable'
}

let found: Host | string | undefined

/** The host, found once, or what is missing. */
function host(): Host | string {
  found ??= find()
  return found
}

function find(): Host | string {
  const name = `${process.platform}-${process.arch}`
  const make = hosts[name]
  if (make === undefined) return `support for ${name} hosts (there is: ${Object.keys(hosts).join(', ')})`
  const koffi = loadKoffi()
  if (typeof koffi === 'string') return koffi
  try {
    return make(koffi)
  } catch (e) {
    return `a host that allows it: ${(e as Error).message}`
  }
}

/** What this host lacks for native execution, or undefined. */
export function nativeMissing(): string | undefined {
  const h = host()
  return typeof h === 'string' ? h : undefined
}

/** The ISA of this host's CPU, where native execution is possible. */
export function hostIsa(): IsaName | undefined {
  const h = host()
  return typeof h === 'string' ? undefined : h.cpu.isa
}

/** A machine on this host's CPU, for the calling thread. Throws NativeUnavailable, RangeError for options. */
export function createNativeMachine(options: NativeMachineOptions = {}): NativeMachine {
  const h = host()
  if (typeof h === 'string') throw new NativeUnavailable(`native execution needs ${h}`)
  return new NativeMachine(h, options)
}

/** Stops the hart that runs on a machine's thread with EPOCH, or else the next one to run there. From any thread of the process. False: that thread is gone. */
export function interruptNative(handle: InterruptHandle): boolean {
  const h = host()
  if (typeof h === 'string') throw new NativeUnavailable(`native execution needs ${h}`)
  if (handle.process !== process.pid) throw new RangeError(`process ${handle.process} is another one`)
  return h.preempt(handle.process, handle.task)
}

/**
 * From now on this process is killed when the thread that started it ends, however that happens, and whatever runs here: guest code lets no event through. For child
 * processes that do somebody's work. Throws NativeUnavailable.
 */
export function endWithParent(): void {
  const h = host()
  if (typeof h === 'string') throw new NativeUnavailable(`ending with the parent needs ${h}`)
  h.endWithParent()
}
