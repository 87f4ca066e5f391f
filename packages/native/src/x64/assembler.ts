// The few instructions that the stubs of this package consist of, assembled at run time.
//
// The stubs are written by hand and must be right before there is any code generator to trust, so they are kept apart from its instruction
// rows. Each method appends one instruction, and its text in AT&T syntax to `listing`: a test gives the listing to GNU as and compares the bytes.
// The encodings are those of the Intel manual (SDM volume 2); every memory operand takes the shortest displacement, every branch rel32.

/** General registers by hardware number. */
export const RAX = 0
export const RCX = 1
export const RDX = 2
export const RBX = 3
export const RSP = 4
export const RBP = 5
export const RSI = 6
export const RDI = 7
export const R8 = 8
export const R9 = 9
export const R12 = 12
export const R13 = 13
export const R14 = 14
export const R15 = 15

// biome-ignore format: table
export const registerNames: readonly string[] = [
  'rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
]
// biome-ignore format: table
const names32: readonly string[] = [
  'eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'r8d', 'r9d', 'r10d', 'r11d', 'r12d', 'r13d', 'r14d', 'r15d',
]

/** Condition codes of jcc, as the hardware numbers them. */
export const conditions: Readonly<Record<string, number>> = { b: 2, ae: 3, e: 4, ne: 5, be: 6, a: 7, le: 14, g: 15 }
export type Condition = 'b' | 'ae' | 'e' | 'ne' | 'be' | 'a' | 'le' | 'g'

/** base + displacement; the base is a register number. */
export interface At {
  readonly base: number
  readonly disp: number
}

export function at(base: number, disp: number): At {
  return { base, disp }
}

const REX_W = 0x48

export class Assembler {
  readonly bytes: number[] = []
  readonly listing: string[] = []
  private readonly labels = new Map<string, number>()
  private readonly fixups: { at: number; label: string }[] = []

  /** Offset of a label from the first byte. */
  offset(label: string): number {
    const at = this.labels.get(label)
    if (at === undefined) throw new Error(`the stubs have no label ${label}`)
    return at
  }

  label(name: string): void {
    this.labels.set(name, this.bytes.length)
    this.listing.push(`${name}:`)
  }

  /** A data cell that is no part of the bytes: `offset` from the first byte, usually negative. */
  cell(name: string, offset: number): void {
    this.labels.set(name, offset)
    this.listing.push(`.set ${name}, first + (${offset})`)
  }

  /** The bytes with all distances filled in. */
  finish(): Uint8Array {
    for (const { at, label } of this.fixups) {
      const distance = this.offset(label) - (at + 4)
      for (let i = 0; i < 4; i++) this.bytes[at + i] = (distance >> (8 * i)) & 0xff
    }
    return Uint8Array.from(this.bytes)
  }

  align(to: number): void {
    while (this.bytes.length % to !== 0) this.raw('cc', 'int3')
  }

  /** An instruction as it stands in the manual. */
  raw(hex: string, text: string): void {
    for (let i = 0; i < hex.length; i += 3) this.bytes.push(Number.parseInt(hex.slice(i, i + 2), 16))
    this.listing.push(text)
  }

  movRR(dst: number, src: number): void {
    this.bytes.push(REX_W | (src >= 8 ? 4 : 0) | (dst >= 8 ? 1 : 0), 0x89, 0xc0 | ((src & 7) << 3) | (dst & 7))
    this.listing.push(`movq %${registerNames[src]}, %${registerNames[dst]}`)
  }
  /** 64 bits from memory. */
  load(dst: number, from: At): void {
    this.memory(REX_W, 0x8b, dst, from)
    this.listing.push(`movq ${text(from)}, %${registerNames[dst]}`)
  }
  store(to: At, src: number): void {
    this.memory(REX_W, 0x89, src, to)
    this.listing.push(`movq %${registerNames[src]}, ${text(to)}`)
  }
  store32(to: At, src: number): void {
    this.memory(0, 0x89, src, to)
    this.listing.push(`movl %${names32[src]}, ${text(to)}`)
  }
  load32(dst: number, from: At): void {
    this.memory(0, 0x8b, dst, from)
    this.listing.push(`movl ${text(from)}, %${names32[dst]}`)
  }
  storeImmediate(to: At, value: number): void {
    this.memory(REX_W, 0xc7, 0, to)
    this.word(value)
    this.listing.push(`movq $${value}, ${text(to)}`)
  }
  storeImmediate32(to: At, value: number): void {
    this.memory(0, 0xc7, 0, to)
    this.word(value)
    this.listing.push(`movl $${value}, ${text(to)}`)
  }
  /** dst = address of base + displacement. */
  lea(dst: number, of: At): void {
    this.memory(REX_W, 0x8d, dst, of)
    this.listing.push(`leaq ${text(of)}, %${registerNames[dst]}`)
  }

  loadLabel(dst: number, label: string): void {
    this.relative(REX_W, 0x8b, dst, label)
    this.listing.push(`movq ${label}(%rip), %${registerNames[dst]}`)
  }
  storeLabel(label: string, src: number): void {
    this.relative(REX_W, 0x89, src, label)
    this.listing.push(`movq %${registerNames[src]}, ${label}(%rip)`)
  }
  leaLabel(dst: number, label: string): void {
    this.relative(REX_W, 0x8d, dst, label)
    this.listing.push(`leaq ${label}(%rip), %${registerNames[dst]}`)
  }

  /** Zero-extended to 64 bits. */
  immediate32(dst: number, value: number): void {
    if (dst >= 8) this.bytes.push(0x41)
    this.bytes.push(0xb8 | (dst & 7))
    this.word(value)
    this.listing.push(`movl $${value}, %${names32[dst]}`)
  }
  immediate64(dst: number, lo: number, hi: number): void {
    this.bytes.push(REX_W | (dst >= 8 ? 1 : 0), 0xb8 | (dst & 7))
    this.word(lo)
    this.word(hi)
    const value = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
    this.listing.push(`movabsq $0x${value.toString(16)}, %${registerNames[dst]}`)
  }

  /** Flags of memory - value, 32 bits (sign-extended to 64 by the q form). */
  compareImmediate32(m: At, value: number): void {
    this.compareImmediate(0, m, value, 'cmpl')
  }
  compareImmediate64(m: At, value: number): void {
    this.compareImmediate(REX_W, m, value, 'cmpq')
  }
  /** Flags of a - memory. */
  compareMemory(a: number, m: At): void {
    this.memory(REX_W, 0x3b, a, m)
    this.listing.push(`cmpq ${text(m)}, %${registerNames[a]}`)
  }
  /** Flags of a - memory, 16 bits. */
  compareMemory16(a: number, m: At): void {
    this.bytes.push(0x66)
    this.memory(0, 0x3b, a, m)
    this.listing.push(`cmpw ${text(m)}, %${names32[a].slice(1)}`)
  }
  xorMemory32(dst: number, m: At): void {
    this.memory(0, 0x33, dst, m)
    this.listing.push(`xorl ${text(m)}, %${names32[dst]}`)
  }
  /** Memory |= register, 32 bits. */
  orMemory32(to: At, src: number): void {
    this.memory(0, 0x09, src, to)
    this.listing.push(`orl %${names32[src]}, ${text(to)}`)
  }
  testRR(a: number): void {
    this.bytes.push(REX_W | (a >= 8 ? 5 : 0), 0x85, 0xc0 | ((a & 7) << 3) | (a & 7))
    this.listing.push(`testq %${registerNames[a]}, %${registerNames[a]}`)
  }

  push(r: number): void {
    if (r >= 8) this.bytes.push(0x41)
    this.bytes.push(0x50 | (r & 7))
    this.listing.push(`pushq %${registerNames[r]}`)
  }
  pop(r: number): void {
    if (r >= 8) this.bytes.push(0x41)
    this.bytes.push(0x58 | (r & 7))
    this.listing.push(`popq %${registerNames[r]}`)
  }
  pushMemory(m: At): void {
    this.memory(0, 0xff, 6, m)
    this.listing.push(`pushq ${text(m)}`)
  }
  /** An instruction of the map 0f with an opcode extension and a memory operand: fxsave, xsave, ldmxcsr, ... */
  extended(mnemonic: string, opcode: number, extension: number, m: At, rex = 0): void {
    this.memory(rex, opcode, extension, m, true)
    this.listing.push(`${mnemonic} ${text(m)}`)
  }
  /** The same in the one-byte map: fldcw, fnstcw. */
  oneByte(mnemonic: string, opcode: number, extension: number, m: At): void {
    this.memory(0, opcode, extension, m)
    this.listing.push(`${mnemonic} ${text(m)}`)
  }

  jump(label: string): void {
    this.bytes.push(0xe9)
    this.distance(label)
    this.listing.push(`{disp32} jmp ${label}`)
  }
  jumpIf(condition: Condition, label: string): void {
    this.bytes.push(0x0f, 0x80 | conditions[condition])
    this.distance(label)
    this.listing.push(`{disp32} j${condition} ${label}`)
  }
  /** To the address in a cell. */
  jumpThrough(label: string): void {
    this.relative(0, 0xff, 4, label)
    this.listing.push(`jmpq *${label}(%rip)`)
  }
  callThrough(label: string): void {
    this.relative(0, 0xff, 2, label)
    this.listing.push(`callq *${label}(%rip)`)
  }
  ret(): void {
    this.raw('c3', 'ret')
  }

  private compareImmediate(rex: number, m: At, value: number, mnemonic: string): void {
    const short = value >= -128 && value <= 127
    this.memory(rex, short ? 0x83 : 0x81, 7, m)
    if (short) this.bytes.push(value & 0xff)
    else this.word(value)
    this.listing.push(`${mnemonic} $${value}, ${text(m)}`)
  }

  /** REX, opcode, ModRM and displacement (SDM 2.1.5, 2.2.1): rsp and r12 as base need a SIB byte, rbp and r13 a displacement. */
  private memory(rex: number, opcode: number, reg: number, { base, disp }: At, twoByte = false): void {
    const prefix = rex | (reg >= 8 ? 4 : 0) | (base >= 8 ? 1 : 0)
    if (prefix !== 0) this.bytes.push(0x40 | prefix)
    if (twoByte) this.bytes.push(0x0f)
    const mod = disp === 0 && (base & 7) !== RBP ? 0 : disp >= -128 && disp <= 127 ? 1 : 2
    this.bytes.push(opcode, (mod << 6) | ((reg & 7) << 3) | (base & 7))
    if ((base & 7) === RSP) this.bytes.push(0x24)
    if (mod === 1) this.bytes.push(disp & 0xff)
    else if (mod === 2) this.word(disp)
  }

  private relative(rex: number, opcode: number, reg: number, label: string): void {
    const prefix = rex | (reg >= 8 ? 4 : 0)
    if (prefix !== 0) this.bytes.push(0x40 | prefix)
    this.bytes.push(opcode, ((reg & 7) << 3) | 5)
    this.distance(label)
  }

  private distance(label: string): void {
    this.fixups.push({ at: this.bytes.length, label })
    this.word(0)
  }

  private word(value: number): void {
    for (let i = 0; i < 4; i++) this.bytes.push((value >> (8 * i)) & 0xff)
  }
}

function text({ base, disp }: At): string {
  return `${disp === 0 ? '' : disp}(%${registerNames[base]})`
}
