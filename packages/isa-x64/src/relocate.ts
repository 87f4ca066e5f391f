// Relocations of x64 code: each is a 32-bit field relative to its own end; the addend says how far behind the field the instruction ends.
//
//   x64_call_plt    R_X86_64_PLT32
//   x64_pcrel       R_X86_64_PC32
//   x64_gotpcrel    R_X86_64_REX_GOTPCRELX: `mov sym@GOTPCREL(%rip), r`; inside one image `lea sym(%rip), r`
//   x64_tlsgd       R_X86_64_TLSGD
export function relocate(code: Uint8Array, offset: number, kind: string, distance: number): boolean {
  if (kind !== 'x64_call_plt' && kind !== 'x64_pcrel' && kind !== 'x64_gotpcrel') return false
  if (distance < -(2 ** 31) || distance >= 2 ** 31) return false
  if (kind === 'x64_gotpcrel') {
    // opcode byte of mov, ahead of ModRM
    if (code[offset - 2] !== 0x8b) return false
    code[offset - 2] = 0x8d
  }
  new DataView(code.buffer, code.byteOffset, code.byteLength).setInt32(offset, distance, true)
  return true
}
