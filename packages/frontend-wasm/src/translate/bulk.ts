// memory.copy and memory.fill.
//
// Most are small, and a host call costs as much as copying some kilobytes: up to MAX_INLINE bytes the ranges are checked here, and a library routine does the
// rest. Larger ones are the kernel's, which has the host's own routines and makes the same checks.
import * as cc from '@k23/ir'
import {
  callMemmove,
  callMemset,
  type FunctionBuilder,
  I64,
  I8,
  type LibcallConfig,
  TRAP_HEAP_OUT_OF_BOUNDS,
  type Value,
} from '@k23/ir'
import * as wasm from '../module.ts'
import { memoryBase, memoryLength } from './memory.ts'
import type { Translator } from './translator.ts'

const MAX_INLINE = 1024

const LIBRARY: LibcallConfig = { pointerType: I64, callConv: 'system_v' }

/** Traps where [at, at + n) of a memory is not all there. */
function checkRange(t: Translator, memory: number, at: Value, n: Value): void {
  const { ins } = t
  const end =
    t.info.memories[memory].index === wasm.I32
      ? ins.iadd(at, n)
      : ins.uadd_overflow_trap(at, n, TRAP_HEAP_OUT_OF_BOUNDS)
  ins.trapnz(ins.icmp(cc.UGT, end, memoryLength(t, memory)), TRAP_HEAP_OUT_OF_BOUNDS)
}

/** `n` bytes, as 64 bits: by `small` where they are few, else by `large`. */
function bySize(t: Translator, b: FunctionBuilder, n: Value, small: () => void, large: () => void): void {
  const { ins } = t
  const known = t.constantIndex(n)
  if (known >= 0) return known <= MAX_INLINE ? small() : large()
  const [few, many, next] = [b.createBlock(), b.createBlock(), b.createBlock()]
  b.setColdBlock(many)
  ins.brif(ins.icmp(cc.UGT, n, ins.iconst(I64, MAX_INLINE)), many, [], few, [])
  for (const [block, run] of [
    [few, small],
    [many, large],
  ] as const) {
    b.switchToBlock(block)
    b.sealBlock(block)
    run()
    ins.jump(next)
  }
  b.switchToBlock(next)
  b.sealBlock(next)
}

/** All operands as 64 bits. */
export function translateMemoryCopy(
  t: Translator,
  b: FunctionBuilder,
  dst: number,
  src: number,
  [to, from, n]: readonly Value[],
): void {
  const { ins } = t
  bySize(
    t,
    b,
    n,
    () => {
      checkRange(t, dst, to, n)
      checkRange(t, src, from, n)
      callMemmove(b, LIBRARY, ins.iadd(memoryBase(t, dst), to), ins.iadd(memoryBase(t, src), from), n)
    },
    () => t.callBuiltin('memory_copy', [ins.iconst(cc.I32, dst), ins.iconst(cc.I32, src), to, from, n]),
  )
}

/** `at` and `n` as 64 bits, the byte as i32. */
export function translateMemoryFill(
  t: Translator,
  b: FunctionBuilder,
  memory: number,
  [at, byte, n]: readonly Value[],
): void {
  const { ins } = t
  bySize(
    t,
    b,
    n,
    () => {
      checkRange(t, memory, at, n)
      callMemset(b, LIBRARY, ins.iadd(memoryBase(t, memory), at), ins.ireduce(I8, byte), n)
    },
    () => t.callBuiltin('memory_fill', [ins.iconst(cc.I32, memory), at, byte, n]),
  )
}
