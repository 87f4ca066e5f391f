// Relocations of riscv64 code: each is an auipc at the offset and an I-type instruction behind it, relative to the auipc (psABI, "Relocations").
//
//   riscv_call_plt      R_RISCV_CALL_PLT
//   riscv_pcrel_addr    R_RISCV_PCREL_HI20, R_RISCV_PCREL_LO12_I
//   riscv_got_pcrel     R_RISCV_GOT_HI20, R_RISCV_PCREL_LO12_I: a load of the address; inside one image the address itself
//   riscv_tls_gd        R_RISCV_TLS_GD_HI20, R_RISCV_PCREL_LO12_I
import { patchHi20, patchLo12I } from './insts/index.ts'

/** funct3 and opcode of an I-type instruction. */
const ROW_BITS = 0x707f
const ADDI = 0x13

export function relocate(code: Uint8Array, offset: number, kind: string, distance: number): boolean {
  if (kind !== 'riscv_call_plt' && kind !== 'riscv_pcrel_addr' && kind !== 'riscv_got_pcrel') return false
  if (distance < -(2 ** 31) + 2048 || distance >= 2 ** 31 - 2048) return false
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  const second = view.getInt32(offset + 4, true)
  view.setInt32(offset, patchHi20(view.getInt32(offset, true), distance), true)
  view.setInt32(
    offset + 4,
    patchLo12I(kind === 'riscv_got_pcrel' ? (second & ~ROW_BITS) | ADDI : second, distance),
    true,
  )
  return true
}
