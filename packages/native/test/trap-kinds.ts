// Every way in which guest code can fault, with what run() must say about it.
import { TRAP_ARITHMETIC, TRAP_BREAK, TRAP_FETCH, TRAP_ILLEGAL, TRAP_LOAD, TRAP_STORE } from '@k23/machine'
import { UNKNOWN_ADDRESS } from '../src/index.ts'

export interface TrapKind {
  readonly name: string
  /** Enters with rdi = address of a page without permissions, rsi = one that is read-only. `fault:` is the instruction that faults. */
  readonly text: string
  readonly kind: number
  /** Faulting address: from rdi, from rsi, the pc itself, or a number; undefined: below the stack. */
  readonly address: { readonly from: 'none' | 'readOnly' | 'pc'; readonly offset: number } | number | undefined
}

const none = (offset: number) => ({ from: 'none', offset }) as const
const readOnly = (offset: number) => ({ from: 'readOnly', offset }) as const

// biome-ignore format: table
export const trapKinds: readonly TrapKind[] = [
  { name: 'ud2',                        text: 'movl $1, %eax\nfault: ud2',                                        kind: TRAP_ILLEGAL,    address: 0 },
  { name: 'undefined opcode',           text: 'fault: .byte 0x06',                                                kind: TRAP_ILLEGAL,    address: 0 },
  { name: 'privileged instruction',     text: 'fault: hlt',                                                       kind: TRAP_ILLEGAL,    address: 0 },
  { name: 'interrupt without a gate',   text: 'fault: int $0x55',                                                 kind: TRAP_ILLEGAL,    address: 0 },
  { name: 'division by zero',           text: 'xorl %ecx, %ecx\nxorl %edx, %edx\nfault: divl %ecx',               kind: TRAP_ARITHMETIC, address: 0 },
  { name: 'quotient too large',         text: 'movl $1, %ecx\nmovl $1, %edx\nfault: divq %rcx',                   kind: TRAP_ARITHMETIC, address: 0 },
  { name: 'INT_MIN / -1',               text: 'movl $1, %eax\nshll $31, %eax\ncltd\nmovl $-1, %ecx\nfault: idivl %ecx', kind: TRAP_ARITHMETIC, address: 0 },
  { name: 'unmasked SSE exception',     text: 'movl $0x1d80, -8(%rsp)\nldmxcsr -8(%rsp)\nmovl $1, %eax\ncvtsi2sd %eax, %xmm0\nxorps %xmm1, %xmm1\nfault: divsd %xmm1, %xmm0', kind: TRAP_ARITHMETIC, address: 0 },
  { name: 'load without permission',    text: 'fault: movl 8(%rdi), %eax',                                        kind: TRAP_LOAD,       address: none(8) },
  { name: 'load across pages',          text: 'fault: movq -4(%rdi), %rax',                                       kind: TRAP_LOAD,       address: none(0) },
  { name: 'load from the null page',    text: 'fault: movb 0x123, %al',                                           kind: TRAP_LOAD,       address: 0x123 },
  { name: '16-byte load',               text: 'fault: movdqu 16(%rdi), %xmm0',                                    kind: TRAP_LOAD,       address: none(16) },
  { name: 'store without permission',   text: 'fault: movq %rax, 16(%rdi)',                                       kind: TRAP_STORE,      address: none(16) },
  { name: 'store to read-only memory',  text: 'fault: movb %al, 5(%rsi)',                                         kind: TRAP_STORE,      address: readOnly(5) },
  { name: 'locked add, read-only',      text: 'fault: lock addq %rax, 8(%rsi)',                                   kind: TRAP_STORE,      address: readOnly(8) },
  { name: 'string store',               text: 'movl $100, %ecx\nfault: rep stosb',                                kind: TRAP_STORE,      address: none(0) },
  { name: 'jump to what is no code',    text: 'jmp *%rsi',                                                        kind: TRAP_FETCH,      address: readOnly(0) },
  { name: 'call of unmapped memory',    text: 'leaq 0x40(%rdi), %rax\ncall *%rax',                                kind: TRAP_FETCH,      address: none(0x40) },
  { name: 'return to nothing',          text: 'movq $0x77, (%rsp)\nret',                                          kind: TRAP_FETCH,      address: 0x77 },
  { name: 'address not canonical',      text: 'movabsq $0x8000000000000000, %rax\nfault: movq (%rax), %rcx',      kind: TRAP_LOAD,       address: UNKNOWN_ADDRESS },
  { name: 'stack not canonical',        text: 'movabsq $0x8000000000000000, %rbp\nfault: movq (%rbp), %rcx',      kind: TRAP_LOAD,       address: UNKNOWN_ADDRESS },
  { name: 'aligned load, misaligned',   text: 'fault: movaps -15(%rsp), %xmm0',                                   kind: TRAP_LOAD,       address: UNKNOWN_ADDRESS },
  { name: 'kernel memory',              text: 'movq $-4096, %rax\nfault: movq (%rax), %rcx',                      kind: TRAP_LOAD,       address: 2 ** 64 },
  { name: 'single step',                text: 'pushfq\norl $0x100, (%rsp)\npopfq\nnop\nfault: nop',               kind: TRAP_BREAK,      address: 0 },
  { name: 'stack overflow by push',     text: '1: fault: pushq %rax\njmp 1b',                                     kind: TRAP_STORE,      address: undefined },
  { name: 'stack overflow by call',     text: 'fault: call fault',                                                kind: TRAP_STORE,      address: undefined },
  { name: 'stack overflow, destroyed',  text: 'movq %rsi, %rsp\nfault: pushq %rax',                               kind: TRAP_STORE,      address: readOnly(-8) },
]
