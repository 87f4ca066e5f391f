// Semantics of x64's control transfers, the stack, and instructions beside the program's arithmetic.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.

import type { Types } from '../semantics/builder.ts'
import type { X64Body, X64Builder, X64SemanticsTable } from './builder.ts'

/** Stores below rsp and moves it there; everything else that the instruction reads has been read. */
function push<T extends Types>(b: X64Builder<T>, value: T['i64']): void {
  const address = b.i64.sub(b.rsp(), b.i64.const(8))
  b.store(8, address, value)
  b.setRsp(address)
}

/** The value at rsp; the caller moves it. */
const top = <T extends Types>(b: X64Builder<T>): T['i64'] => b.load(8, b.rsp())
const above = <T extends Types>(b: X64Builder<T>, bytes: number): T['i64'] => b.i64.add(b.rsp(), b.i64.const(bytes))

const callIndirect =
  (target: <T extends Types>(b: X64Builder<T>) => T['i64']): X64Body =>
  (b) => {
    const to = target(b)
    push(b, b.nextPc())
    b.jumpIndirect(to)
  }

const nothing: X64Body = () => {}
const NOPS = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`nop${i + 1}`, nothing]))

// biome-ignore format: table
export const controlSemantics: X64SemanticsTable = {
  jmp:    (b) => b.jump('target'),
  jcc:    (b) => b.branch(b.condition('cc'), 'target'),
  jmp_r:  (b) => b.jumpIndirect(b.r64('target')),
  jmp_m:  (b) => b.jumpIndirect(b.load(8, b.address())),
  call:   (b) => { push(b, b.nextPc()); b.jump('target') },
  call_r: callIndirect((b) => b.r64('target')),
  call_m: callIndirect((b) => b.load(8, b.address())),
  ret:    (b) => { const to = top(b); b.setRsp(above(b, 8)); b.jumpIndirect(to) },
  ret_i:  (b) => {
    const to = top(b)
    b.setRsp(b.i64.add(above(b, 8), b.i64.extend_i32_u(b.imm('imm'))))
    b.jumpIndirect(to)
  },
  pushq_r: (b) => push(b, b.r64('src')),
  pushq_m: (b) => push(b, b.load(8, b.address())),
  pushq_i: (b) => push(b, b.i64.extend_i32_s(b.imm('imm'))),
  // What is popped wins where it goes to rsp.
  popq_r:  (b) => { const v = top(b); b.setRsp(above(b, 8)); b.set64('dst', v) },
  popq_m:  (b) => { const v = top(b); b.store(8, b.address(true), v); b.setRsp(above(b, 8)) },
  leave:   (b) => {
    const frame = b.rbp()
    const v = b.load(8, frame)
    b.setRsp(b.i64.add(frame, b.i64.const(8)))
    b.setRbp(v)
  },

  ud2:     (b) => b.exit('illegal'),
  hlt:     (b) => b.exit('illegal'), // user mode may not
  int3:    (b) => b.exit('breakpoint'),
  syscall: (b) => b.exit('syscall'),
  // One hart runs at a time, and in order.
  mfence:  nothing,
  lfence:  nothing,
  sfence:  nothing,
  pause:   nothing,
  endbr64: nothing,
  ...NOPS,
  cpuid:   (b) => {
    const [eax, ebx, ecx, edx] = b.cpuid(b.r32('rax'), b.r32('rcx'))
    b.set32('rax', eax)
    b.set32('rbx', ebx)
    b.set32('rcx', ecx)
    b.set32('rdx', edx)
  },
  rdtsc:   (b) => {
    const now = b.clock()
    b.set32('rax', b.i32.wrap_i64(now))
    b.set32('rdx', b.i32.wrap_i64(b.i64.shr_u(now, b.i64.const(32))))
  },
}
