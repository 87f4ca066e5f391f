// The smallest static riscv64 ELF executable: a header and two segments (System V ABI, object files; e_machine 243).

export interface Segment {
  readonly address: number
  readonly bytes: Uint8Array
  /** PF_X 1, PF_W 2, PF_R 4 */
  readonly flags: number
}

const PAGE = 4096

/** Segment addresses are page-aligned. */
export function staticElf(entry: number, segments: readonly Segment[]): Uint8Array {
  let size = PAGE
  const offsets = segments.map((s) => {
    const offset = size
    size += Math.ceil(s.bytes.length / PAGE) * PAGE
    return offset
  })
  const file = new Uint8Array(size)
  const view = new DataView(file.buffer)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(16, 2, true) // ET_EXEC
  view.setUint16(18, 243, true) // EM_RISCV
  view.setUint32(20, 1, true)
  view.setBigUint64(24, BigInt(entry), true)
  view.setBigUint64(32, 64n, true) // program headers
  view.setUint32(48, 5, true) // RVC, double-float ABI
  view.setUint16(52, 64, true)
  view.setUint16(54, 56, true)
  view.setUint16(56, segments.length, true)
  segments.forEach((s, i) => {
    const at = 64 + 56 * i
    view.setUint32(at, 1, true) // PT_LOAD
    view.setUint32(at + 4, s.flags, true)
    view.setBigUint64(at + 8, BigInt(offsets[i]), true)
    view.setBigUint64(at + 16, BigInt(s.address), true)
    view.setBigUint64(at + 24, BigInt(s.address), true)
    view.setBigUint64(at + 32, BigInt(s.bytes.length), true)
    view.setBigUint64(at + 40, BigInt(s.bytes.length), true)
    view.setBigUint64(at + 48, BigInt(PAGE), true)
    file.set(s.bytes, offsets[i])
  })
  return file
}
