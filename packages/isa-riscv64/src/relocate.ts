// Relocations of riscv64 code. Both kinds are an auipc at the offset and an I-type instruction behind it, relative to the auipc
// (psABI, "Relocations": R_RISCV_CALL_PLT; R_RISCV_PCREL_HI20 with R_RISCV_PCREL_LO12_I).
import { patchHi20, patchLo12I } from './insts/index.ts'

export function relocate(code: Uint8Array, offset: number, kind: string, distance: number): boolean {
  if (kind !== 'riscv_call_plt' && kind !== 'riscv_pcrel_addr') return false
  if (distance < -(2 ** 31) + 2048 || distance >= 2 ** 31 - 2048) return false
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  view.setInt32(offset, patchHi20(view.getInt32(offset, true), distance), true)
  view.setInt32(offset + 4, patchLo12I(view.getInt32(offset + 4, true), distance), true)
  return true
}
