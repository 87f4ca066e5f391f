// Runs single instructions on the processor: each with its own registers, flags and memory, and what they are afterwards.
//
// A small static program, made with GNU as and ld, reads records from its input and writes them back after running each one's code. A record
// (464 bytes): where its code is (afterwards: the signal that ended it, or 0), flags, 16 general registers (rsp does not count), 16
// xmm registers, 64 bytes of memory that lie at BUFFER while the code runs.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const RECORD = 464
export const FLAGS_AT = 8
export const GPR_AT = 16
export const XMM_AT = 144
export const MEMORY_AT = 400
export const MEMORY_BYTES = 64

/** Address of a record's memory while it runs; a multiple of 64. */
export const BUFFER = 0x20002000
const SLOT = 32
const INPUT = 0x30000000
const HEADER = 16

/** Signal numbers in records. */
export const SIGILL = 4
export const SIGFPE = 8
export const SIGSEGV = 11

// Regions: CUR 0x20000000: 0 exit pointer, 8 number of records left, 16 record, 64.. xmm out; stack below 0x20020000.
const PROGRAM = `
  .set CUR, 0x20000000
  .set BUF, ${BUFFER}
  .set STACK, 0x20020000
  .set INPUT, ${INPUT}
  .set SIZE, ${RECORD}
  .text
  .globl _start
_start:
  # mmap(addr, length, prot, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0)
  mov $9, %eax; mov $CUR, %edi; mov $0x20000, %esi; mov $3, %edx; mov $0x32, %r10d; mov $-1, %r8; xor %r9d, %r9d; syscall
  mov $9, %eax; mov $INPUT, %edi; mov $0x10000000, %esi; mov $7, %edx; mov $0x32, %r10d; mov $-1, %r8; xor %r9d, %r9d; syscall
  mov $INPUT, %ebx
0: xor %eax, %eax; xor %edi, %edi; mov %rbx, %rsi; mov $0x1000000, %edx; syscall
  add %rax, %rbx
  test %rax, %rax
  jg 0b
  # rt_sigaction of SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV
  .irp sig, 4, 5, 7, 8, 11
  mov $13, %eax; mov $\\sig, %edi; mov $action, %esi; xor %edx, %edx; mov $8, %r10d; syscall
  .endr
  movq $save, CUR
  mov INPUT, %rax
  mov %rax, CUR + 8
  movq $INPUT + ${HEADER}, CUR + 16
next:
  decq CUR + 8
  js done
  mov CUR + 16, %rbp
  lea ${MEMORY_AT}(%rbp), %rsi; mov $BUF, %edi; mov $${MEMORY_BYTES}, %ecx; rep movsb
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movups ${XMM_AT} + \\n * 16(%rbp), %xmm\\n
  .endr
  mov $STACK, %esp
  pushq ${FLAGS_AT}(%rbp)
  popfq
  mov (%rbp), %rax
  mov %rax, CUR + 24
  .set i, 0
  .irp r, rax,rcx,rdx,rbx
  mov ${GPR_AT} + i * 8(%rbp), %\\r
  .set i, i + 1
  .endr
  .set i, 6
  .irp r, rsi,rdi,r8,r9,r10,r11,r12,r13,r14,r15
  mov ${GPR_AT} + i * 8(%rbp), %\\r
  .set i, i + 1
  .endr
  mov ${GPR_AT} + 5 * 8(%rbp), %rbp
  jmp *CUR + 24
save:
  mov %rbp, CUR + 32
  mov CUR + 16, %rbp
  .set i, 0
  .irp r, rax,rcx,rdx,rbx
  mov %\\r, ${GPR_AT} + i * 8(%rbp)
  .set i, i + 1
  .endr
  .set i, 6
  .irp r, rsi,rdi,r8,r9,r10,r11,r12,r13,r14,r15
  mov %\\r, ${GPR_AT} + i * 8(%rbp)
  .set i, i + 1
  .endr
  mov CUR + 32, %rax
  mov %rax, ${GPR_AT} + 5 * 8(%rbp)
  pushfq
  popq ${FLAGS_AT}(%rbp)
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movups %xmm\\n, ${XMM_AT} + \\n * 16(%rbp)
  .endr
  cld
  mov $BUF, %esi; lea ${MEMORY_AT}(%rbp), %rdi; mov $${MEMORY_BYTES}, %ecx; rep movsb
  movq $0, (%rbp)
  addq $SIZE, CUR + 16
  jmp next
handler:
  mov CUR + 16, %rbp
  mov %rdi, (%rbp)
  addq $SIZE, CUR + 16
  mov $STACK, %esp
  jmp next
done:
  mov $INPUT + ${HEADER}, %ebx
  mov CUR + 16, %r12
1: mov $1, %eax; mov $1, %edi; mov %rbx, %rsi; mov %r12, %rdx; sub %rbx, %rdx; syscall
  add %rax, %rbx
  cmp %r12, %rbx
  jb 1b
  mov $60, %eax; xor %edi, %edi; syscall
restorer:
  mov $15, %eax; syscall
  .data
action:
  .quad handler, 0x44000000, restorer, 0
`

/** Runs records; \`code[i]\` is that of the record whose first eight bytes say i. */
export type Runner = (code: readonly Uint8Array[], records: Uint8Array) => Uint8Array

/** The runner, or why there is none. */
export function makeRunner(): Runner | string {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'not on x86-64 Linux'
  const folder = mkdtempSync(join(tmpdir(), 'k23-native-'))
  try {
    const file = (name: string) => join(folder, name)
    writeFileSync(file('run.s'), PROGRAM)
    for (const [tool, ...args] of [
      ['as', '--64', file('run.s'), '-o', file('run.o')],
      ['ld', '-static', file('run.o'), '-o', file('run')],
    ]) {
      const r = spawnSync(tool, args, { encoding: 'utf8' })
      if (r.error !== undefined) return `${tool} is not installed (Debian: binutils)`
      if (r.status !== 0) throw new Error(`${tool}: ${r.stderr}`)
    }
    const program = readFileSync(file('run'))
    return (code, records) => run(program, code, records)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(program: Uint8Array, code: readonly Uint8Array[], records: Uint8Array): Uint8Array {
  const count = records.length / RECORD
  const codeAt = Math.ceil((HEADER + records.length) / 64) * 64
  const input = Buffer.alloc(codeAt + code.length * SLOT)
  input.writeUInt32LE(count, 0)
  input.set(records, HEADER)
  for (const [i, bytes] of code.entries()) {
    input.set(bytes, codeAt + i * SLOT)
    // jmp *0x20000000
    input.set([0xff, 0x24, 0x25, 0, 0, 0, 0x20], codeAt + i * SLOT + bytes.length)
  }
  for (let i = 0; i < count; i++) {
    const at = HEADER + i * RECORD
    input.writeBigUInt64LE(BigInt(INPUT + codeAt + input.readUInt32LE(at) * SLOT), at)
  }
  const folder = mkdtempSync(join(tmpdir(), 'k23-native-'))
  try {
    const file = join(folder, 'run')
    writeFileSync(file, program, { mode: 0o755 })
    const r = spawnSync(file, [], { input, maxBuffer: 1 << 30 })
    if (r.status !== 0 || r.stdout.length !== records.length)
      throw new Error(`the native runner ended with ${r.status ?? r.signal} after ${r.stdout.length / RECORD} records`)
    return r.stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const NAMES: Readonly<Record<string, string>> = {
  sse3: 'pni',
  sse41: 'sse4_1',
  sse42: 'sse4_2',
  cmpxchg16b: 'cx16',
  lzcnt: 'abm',
  avx512bitalg: 'avx512_bitalg',
  avx512vnni: 'avx512_vnni',
}

/** True if the processor has all features of a row. */
export function makeHasFeatures(): (feature: string | undefined) => boolean {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].trim().split(' '))
  return (feature) =>
    (feature ?? '').split(' ').every((either) => either.split('/').some((f) => f === '' || flags.has(NAMES[f] ?? f)))
}
