// The register file of an x64 hart: one array of int32 words, so that a field of a decoded instruction is an index into it.
//
//   0-31      rax rcx rdx rbx rsp rbp rsi rdi r8-r15, low and high word interleaved, in the order of their numbers
//   32, 33    zero: base or index of a memory operand that has none
//   34, 35    2^32: base of an absolute address whose displacement, taken as signed, is negative
//   36-45     arithmetic flags (flags.ts)
//   48-51     the memory operand of an instruction of the vector unit
//   52-55     a result that is not complete yet
//   64-127    xmm0-xmm15, four words each
//
// xmm registers have the 128 bits that instructions here can reach: nothing of what lies above can be read.

export const ZERO_REGISTER = 32
export const FOUR_GIB = 34
export const FLAG_KIND = 36
export const FLAG_CARRY = 37
export const FLAG_A = 38
export const FLAG_B = 40
export const FLAG_OVERRIDDEN = 42
export const FLAG_OVERRIDES = 43
export const FLAG_UNDEFINED = 44
export const MEMORY_OPERAND = 48
export const PARTIAL_RESULT = 52
export const XMM = 64
export const REGISTER_WORDS = 128

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
