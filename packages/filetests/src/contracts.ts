// What the calling conventions of compiled functions promise, in the form in which the emulator's audit enforces it.
import type { CompiledModule, createIsa, PlacedFunction } from '@k23/codegen'
import type { CallContract, Carried } from '@k23/emulator'
import { bits, bytes, isFloat, type Signature, type Type } from '@k23/ir'

type TargetIsa = ReturnType<typeof createIsa>

/** Register classes, as the allocator numbers them. */
const FIRST_FLOAT = 64
const FIRST_VECTOR = 128
interface Fixed {
  /** Register that a module may keep for itself (enable_pinned_reg). */
  readonly pinned: number
  /** Registers that every function preserves, beside those that it saves where it uses them. */
  readonly preserved: readonly number[]
  /** Bits of a register of floats that one defines: all, where narrow ones are boxed. */
  readonly floatBits: (type: Type) => number
}
// biome-ignore format: table
const fixed: Readonly<Record<string, Fixed>> = {
  riscv64: { pinned: 27, preserved: [8, 3, 4], floatBits: () => 64 }, // fp, gp, tp
  x64:     { pinned: 15, preserved: [5],       floatBits: bits },     // rbp
}

/** The contract of each function of the image, placed at `base`. */
export function contractsOf(
  isa: TargetIsa,
  module: Pick<CompiledModule, 'functions'>,
  base: number,
  signatureOf: (name: string) => Signature,
): CallContract[] {
  return module.functions.map((f) => contractOf(isa, f, base, signatureOf(f.name)))
}

function contractOf(isa: TargetIsa, f: PlacedFunction, base: number, signature: Signature): CallContract {
  const abi = isa.abi(signature)
  const { pinned, preserved, floatBits } = fixed[isa.name]
  const stackArguments: { offset: number; bytes: number }[] = []
  const carried = (slots: typeof abi.args, stack: boolean): Carried[] => {
    const found: Carried[] = []
    for (const { param, parts } of slots)
      for (const { reg, type, offset } of parts) {
        const whole = param.extension !== 'none' || param.purpose === 'sarg'
        if (reg !== -1) {
          const floats = isFloat(type) && reg >= FIRST_FLOAT
          found.push({ register: reg, bits: whole ? 64 : floats ? floatBits(type) : bits(type) })
        } else if (stack && !whole && bytes(type) < 8) stackArguments.push({ offset, bytes: bytes(type) })
      }
    return found
  }
  const args = carried(abi.args, true)
  if (abi.retArea !== undefined && abi.retArea.reg !== -1) args.push({ register: abi.retArea.reg, bits: 64 })
  const clobbers = isa.callClobbers(signature)
  const saved = isa.savedRegisters(
    signature,
    clobbers.map(() => -1),
  )
  const keepsPinned = isa.shared.enable_pinned_reg === true
  return {
    name: f.name,
    entry: base + f.start,
    size: f.code.length,
    returnSites: f.callSites.map((c) => base + f.start + c.offset),
    arguments: args,
    results: carried(abi.rets, false),
    stackArguments,
    // Code without V cannot tell what vectors hold.
    clobbered: registersOf(clobbers).filter((r) => r < FIRST_VECTOR || isa.flags.named.has_v === true),
    preserved: [...preserved, ...saved.filter((r) => !(keepsPinned && r === pinned))],
    popBytes: abi.calleePops ? abi.stackArgBytes : 0,
  }
}

function registersOf(set: Int32Array): number[] {
  const out: number[] = []
  for (let r = 0; r < set.length * 32; r++) if ((set[r >> 5] & (1 << (r & 31))) !== 0) out.push(r)
  return out
}
