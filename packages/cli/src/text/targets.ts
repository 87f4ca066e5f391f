// What showing machine code takes, by target: a disassembler and register names.
import { disassemble as disassembleRiscv64, F_NAMES, X_NAMES } from '@k23/isa-riscv64/insts'
import { disassemble as disassembleX64, R64_NAMES } from '@k23/isa-x64/insts'

export interface DisassembledInst {
  /** Byte offset in the array. */
  readonly offset: number
  readonly length: number
  readonly text: string
}

export interface TargetText {
  /** Disassembles bytes[start..end); `label` gives the text of a pc-relative operand from the target's offset in `bytes`. */
  readonly disassemble: (
    bytes: Uint8Array,
    start: number,
    end: number,
    options: { label: (offset: number) => string },
  ) => DisassembledInst[]
  /** ABI name of a physical register: class * 64 + number. */
  readonly registerName: (preg: number) => string
}

const riscvClasses = [X_NAMES, F_NAMES]

const texts: Readonly<Record<string, TargetText>> = {
  riscv64: { disassemble: disassembleRiscv64, registerName: (p) => riscvClasses[p >> 6]?.[p & 63] ?? `v${p & 63}` },
  x64: { disassemble: disassembleX64, registerName: (p) => (p >> 6 === 0 ? R64_NAMES[p & 63] : `xmm${p & 63}`) },
}

export function targetText(target: string): TargetText {
  return texts[target]
}
