// The signal handler for x64 Linux: turns a fault of guest code into a return from run(), and passes on everything else.
//
// Problem: one handler per process and signal, but V8 has its own (bounds checks of its WebAssembly are faults), other threads may fault at any
// time, and nothing may be called from here, least of all JavaScript.
// Idea: the kernel writes into each signal frame which alternate stack the thread has. Ours has a known size and begins with a thread block,
// which says whether a hart is running on this thread, and where its context is. If so, the handler copies the registers from the frame to the
// context and changes the frame, so that returning from the handler goes to the stub `trapped` on the host's stack. If not, it jumps to the
// handler that was there before, with its arguments untouched.
//
// Nothing here belongs to a machine or to a thread, so any number of workers can install it; each time it only gets one more link to pass on to.
//
// A preemption signal stops a hart that is in guest code or about to enter it. Elsewhere (on the way out) it leaves a mark that the next run() finds.

import { Assembler, at, RAX, RCX, RDI, RDX, RSI, R8, R9 } from './assembler.ts'
import * as C from '../context.ts'
import { type HandlerOptions, PREVIOUS, SIGNATURE, type SystemCalls } from '../linux/signals.ts'
import { CTX_ERROR, CTX_FLAGS, CTX_TRAP_NUMBER } from './context.ts'

/** ucontext_t: the alternate stack, then the general registers in the kernel's order (arch/x86/include/uapi/asm/sigcontext.h). */
const UC_STACK = 16
const UC_STACK_SIZE = 32
const UC_REGISTERS = 40
const UC_RIP = UC_REGISTERS + 8 * 16
const UC_FLAGS = UC_REGISTERS + 8 * 17
const UC_ERROR = UC_REGISTERS + 8 * 19
const UC_TRAP_NUMBER = UC_REGISTERS + 8 * 20
const UC_CR2 = UC_REGISTERS + 8 * 22
/** Place of each register of hardware number n in that order. */
const ucRegister: readonly number[] = [13, 14, 12, 11, 15, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7]

const SI_CODE = 8
const SI_TIMER = -2
const SI_TKILL = -6

const SYS_RT_SIGACTION = 13
/** Numbers of system calls (arch/x86/entry/syscalls/syscall_64.tbl). */
export const systemCalls: SystemCalls = { getpid: 39, gettid: 186, tgkill: 234, futex: 202, prctl: 157 }

/** 32 zero bytes: the kernel's struct for SIG_DFL. */
const DEFAULT_ACTION = 1024

/** SIGNATURE, then the handler at label `handler`. */
export function assembleHandler(options: HandlerOptions): Assembler {
  const a = new Assembler()
  const preempt = options.preemptSignal.toString(16).padStart(2, '0')
  a.cell('previous', PREVIOUS - options.dataDistance)
  a.cell('default_action', DEFAULT_ACTION - options.dataDistance)
  for (const byte of SIGNATURE) a.raw(byte.toString(16), `.byte ${byte}`)
  a.label('handler') // (rdi signal, rsi siginfo, rdx ucontext); rdi, rsi and rdx must survive until a previous handler gets them
  a.compareImmediate64(at(RDX, UC_STACK_SIZE), options.alternateStackBytes)
  a.jumpIf('ne', 'pass_on')
  a.load(RAX, at(RDX, UC_STACK))
  a.immediate64(RCX, C.THREAD_MAGIC_LO, C.THREAD_MAGIC_HI)
  a.compareMemory(RCX, at(RAX, 0))
  a.jumpIf('ne', 'pass_on')
  a.load(RCX, at(RAX, C.THREAD_RUNNING))
  a.raw(`83 ff ${preempt}`, `cmpl $${options.preemptSignal}, %edi`)
  a.jumpIf('e', 'preempt')
  // Sent by a process, not by a fault.
  a.compareImmediate32(at(RSI, SI_CODE), 0)
  a.jumpIf('le', 'pass_on')
  a.testRR(RCX)
  a.jumpIf('e', 'pass_on')
  a.storeImmediate32(at(RCX, C.CTX_EXIT), C.EXIT_SIGNAL)
  a.store32(at(RCX, C.CTX_SIGNAL), RDI)

  a.label('save')
  for (let r = 0; r < 16; r++) copy(a, UC_REGISTERS + 8 * ucRegister[r], C.CTX_GPR + 8 * r)
  copy(a, UC_RIP, C.CTX_PC)
  copy(a, UC_FLAGS, CTX_FLAGS)
  copy(a, UC_TRAP_NUMBER, CTX_TRAP_NUMBER)
  copy(a, UC_ERROR, CTX_ERROR)
  copy(a, UC_CR2, C.CTX_FAULT_ADDRESS)
  a.load(RAX, at(RCX, C.CTX_TRAP_ENTRY))
  a.label('redirect')
  a.store(at(RDX, UC_RIP), RAX)
  a.store(at(RDX, UC_REGISTERS + 8 * ucRegister[RDI]), RCX)
  a.load(RAX, at(RCX, C.CTX_HOST_SP))
  a.store(at(RDX, UC_REGISTERS + 8 * ucRegister[4]), RAX)
  a.storeImmediate(at(RDX, UC_FLAGS), 0x202)
  a.ret()

  a.label('preempt')
  a.immediate32(R9, C.CAUSE_TIMER)
  a.compareImmediate32(at(RSI, SI_CODE), SI_TIMER)
  a.jumpIf('e', 'interrupt')
  a.immediate32(R9, C.CAUSE_ASKED)
  a.compareImmediate32(at(RSI, SI_CODE), SI_TKILL)
  a.jumpIf('ne', 'pass_on')
  a.label('interrupt')
  a.testRR(RCX)
  a.jumpIf('e', 'mark')
  a.load(R8, at(RDX, UC_RIP))
  a.compareMemory(R8, at(RCX, C.CTX_CODE_LOW))
  a.jumpIf('b', 'not_in_code')
  a.compareMemory(R8, at(RCX, C.CTX_CODE_HIGH))
  a.jumpIf('ae', 'not_in_code')
  a.storeImmediate32(at(RCX, C.CTX_EXIT), C.EXIT_PREEMPTED)
  a.store32(at(RCX, C.CTX_CAUSE), R9)
  a.jump('save')
  a.label('not_in_code')
  a.compareMemory(R8, at(RCX, C.CTX_ENTER_LOW))
  a.jumpIf('b', 'mark')
  a.compareMemory(R8, at(RCX, C.CTX_ENTER_HIGH))
  a.jumpIf('ae', 'mark')
  a.storeImmediate32(at(RCX, C.CTX_EXIT), C.EXIT_NOT_STARTED)
  a.store32(at(RCX, C.CTX_CAUSE), R9)
  a.load(RAX, at(RCX, C.CTX_ABORT_ENTRY))
  a.jump('redirect')
  a.label('mark')
  a.orMemory32(at(RAX, C.THREAD_PENDING), R9)

  passOn(a, preempt, options.preemptSignal)
  return a
}

/** To the previous handler; without one, what the system would do: the preemption signal is ignored, the others end the process. */
function passOn(a: Assembler, preempt: string, preemptSignal: number): void {
  a.label('pass_on')
  a.leaLabel(RAX, 'previous')
  a.raw('48 8b 04 f8', 'movq (%rax,%rdi,8), %rax')
  a.raw('48 83 f8 01', 'cmpq $1, %rax') // 0 is SIG_DFL, 1 is SIG_IGN
  a.jumpIf('a', 'call_previous')
  a.raw(`83 ff ${preempt}`, `cmpl $${preemptSignal}, %edi`)
  a.jumpIf('e', 'done')
  a.raw('48 83 f8 01', 'cmpq $1, %rax')
  a.jumpIf('ne', 'die')
  a.compareImmediate32(at(RSI, SI_CODE), 0)
  a.jumpIf('le', 'done')
  a.label('die') // the signal is blocked until this handler has returned
  a.push(RDI)
  a.leaLabel(RSI, 'default_action')
  a.raw('31 d2', 'xorl %edx, %edx')
  a.raw('41 ba 08 00 00 00', 'movl $8, %r10d')
  systemCall(a, SYS_RT_SIGACTION)
  systemCall(a, systemCalls.gettid)
  a.push(RAX)
  systemCall(a, systemCalls.getpid)
  a.movRR(RDI, RAX)
  a.pop(RSI)
  a.pop(RDX)
  systemCall(a, systemCalls.tgkill)
  a.label('done')
  a.ret()
  a.label('call_previous')
  a.raw('ff e0', 'jmpq *%rax')
}

function copy(a: Assembler, from: number, to: number): void {
  a.load(RAX, at(RDX, from))
  a.store(at(RCX, to), RAX)
}

function systemCall(a: Assembler, number: number): void {
  a.immediate32(RAX, number)
  a.raw('0f 05', 'syscall')
}
