// The host that is x64 Linux.
import { PERM_EXEC, PERM_READ, PERM_WRITE } from '@k23/machine'
import type { Host } from '../host.ts'
import { startBeat } from '../linux/beat.ts'
import type { Koffi } from '../linux/koffi.ts'
import { Libc } from '../linux/libc.ts'
import { endWithParent, PREEMPT_SIGNAL, preempt, prepareThread } from '../linux/signals.ts'
import { createX64Cpu } from './cpu.ts'
import { assembleCpuid, type CpuInfo, cpuInfo } from './cpu-features.ts'
import { assembleBeat } from './linux-beat.ts'
import { assembleHandler, systemCalls } from './linux-handler.ts'

export function linuxX64(koffi: Koffi): Host {
  const libc = new Libc(koffi)
  return {
    cpu: createX64Cpu(readCpu(libc)),
    libc,
    prepareThread: () => prepareThread(libc, handler, systemCalls),
    startBeat: (place, cell, milliseconds) =>
      startBeat(libc, systemCalls.futex, place(assembleBeat().finish()), cell, milliseconds),
    preemptSignal: PREEMPT_SIGNAL,
    preempt: (process, task) => preempt(libc, systemCalls, process, task),
    endWithParent: () => endWithParent(libc, systemCalls),
  }
}

function handler(options: Parameters<typeof assembleHandler>[0]): { bytes: Uint8Array; entry: number } {
  const a = assembleHandler(options)
  return { bytes: a.finish(), entry: a.offset('handler') }
}

/** Asks the CPU by a stub that is placed for it and removed again. */
function readCpu(libc: Libc): CpuInfo {
  const { koffi } = libc
  const a = assembleCpuid()
  const bytes = a.finish()
  const start = libc.map(bytes.length, PERM_READ | PERM_WRITE)
  libc.copyIn(start, bytes)
  libc.protect(start, bytes.length, PERM_READ | PERM_EXEC)
  const cpuid = koffi.decode(start + a.offset('cpuid'), koffi.proto('void', ['uint32_t', 'uint32_t', 'void *']))
  const xgetbv = koffi.decode(start + a.offset('xgetbv'), koffi.proto('void', ['void *']))
  const words = new Uint32Array(4)
  try {
    return cpuInfo(
      (leaf, subleaf) => {
        cpuid(leaf, subleaf, words)
        return [words[0], words[1], words[2], words[3]]
      },
      () => {
        xgetbv(words)
        return words[0]
      },
    )
  } finally {
    libc.unmap(start, bytes.length)
  }
}
