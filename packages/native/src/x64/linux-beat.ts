// The body of the second thread that advances an epoch (linux/beat.ts). It calls no library.
import { BEAT_CELL, BEAT_MASK, BEAT_STOP } from '../linux/beat.ts'
import { Assembler, at, RAX, RBX, RDI, RSI } from './assembler.ts'

const SYS_RT_SIGPROCMASK = 14
const SYS_FUTEX = 202
const FUTEX_WAIT_PRIVATE = 128

/** beat(rdi parameters): until it is to stop, adds 1 to the cell after each wait. Signals are for other threads. */
export function assembleBeat(): Assembler {
  const a = new Assembler()
  a.label('beat')
  a.push(RBX)
  a.movRR(RBX, RDI)
  a.immediate32(RDI, 2) // SIG_SETMASK
  a.lea(RSI, at(RBX, BEAT_MASK))
  a.raw('31 d2', 'xorl %edx, %edx')
  a.raw('41 ba 08 00 00 00', 'movl $8, %r10d')
  a.immediate32(RAX, SYS_RT_SIGPROCMASK)
  a.raw('0f 05', 'syscall')
  a.label('wait')
  a.lea(RDI, at(RBX, BEAT_STOP))
  a.immediate32(RSI, FUTEX_WAIT_PRIVATE)
  a.raw('31 d2', 'xorl %edx, %edx')
  a.raw('4c 8d 53 10', 'leaq 16(%rbx), %r10') // BEAT_WAIT
  a.immediate32(RAX, SYS_FUTEX)
  a.raw('0f 05', 'syscall')
  a.compareImmediate32(at(RBX, BEAT_STOP), 0)
  a.jumpIf('ne', 'stop')
  a.load(RAX, at(RBX, BEAT_CELL))
  a.raw('f0 48 ff 00', 'lock incq (%rax)')
  a.jump('wait')
  a.label('stop')
  a.raw('31 c0', 'xorl %eax, %eax')
  a.pop(RBX)
  a.ret()
  return a
}
