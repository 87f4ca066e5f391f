// The way into guest code and out of it.
//
// Problem: the guest has its own stack, may destroy every register, may fault anywhere, and must be able to stop in the middle of anything and
// go on later; and nothing native may call JavaScript.
// Idea: `run` saves what the host must find again on the host's stack, loads all registers of the guest from its context, and jumps. Every way
// out stores all registers into the context, goes back to the host's stack, and returns from `run` with a reason in the context. So a host call
// is a return, and going on is a call of `run`.
//
// Invariants
//   1. Between the labels enter_low and enter_high the context is complete and nothing of it is written: whoever interrupts there may drop the
//      registers and go to `abort`.
//   2. Thread.running names the context from before enter_low until all registers are saved: a fault in between is the guest's.
//   3. No stub touches the guest's stack, but for the return addresses: that of a call that begins, and that which `call host_call` left there.
//
// One machine's harts run one at a time, on one thread; so which context a stub means stands in a cell of the machine's control page.

import { type At, Assembler, at, R12, R13, R14, R15, RAX, RBP, RBX, RCX, RDI, RSP } from './assembler.ts'
import * as C from '../context.ts'
import { CTX_FCW, CTX_FLAGS, CTX_MXCSR, CTX_STATE } from './context.ts'

export interface StubOptions {
  /** The CPU has XSAVE and the system uses it; else FXSAVE. */
  readonly xsave: boolean
  readonly avx: boolean
  /** Bytes from the control page to the stubs. */
  readonly controlDistance: number
}

/** State components that go on with the guest: x87, SSE, AVX, opmask, and the two upper parts of ZMM (SDM volume 1, 13.1). No PKRU: that is the host's. */
const COMPONENTS = 0xe7

export function assembleStubs(options: StubOptions): Assembler {
  const a = new Assembler()
  a.cell('current', C.CONTROL_CURRENT - options.controlDistance)
  a.cell('target', C.CONTROL_TARGET - options.controlDistance)
  a.cell('saved', C.CONTROL_SAVED - options.controlDistance)
  a.cell('exit', C.CONTROL_EXIT - options.controlDistance)
  run(a, options)
  a.align(16)
  wayOut(a, 'host_call', C.EXIT_HOST_CALL)
  saveAndLeave(a)
  trapped(a, options)
  leave(a, options)
  return a
}

/** Called by the host without arguments; the context is in the cell `current`. */
function run(a: Assembler, options: StubOptions): void {
  a.label('run')
  for (const r of [RBX, RBP, R12, R13, R14, R15]) a.push(r)
  a.raw('48 83 ec 08', 'subq $8, %rsp')
  a.extended('stmxcsr', 0xae, 3, at(RSP, 0))
  a.oneByte('fnstcw', 0xd9, 7, at(RSP, 4))
  a.loadLabel(RDI, 'current')
  a.store(at(RDI, C.CTX_HOST_SP), RSP)
  a.load(RAX, at(RDI, C.CTX_THREAD))
  a.store(at(RAX, C.THREAD_RUNNING), RDI)
  a.label('enter_low')
  a.compareImmediate32(at(RAX, C.THREAD_PENDING), 0)
  a.jumpIf('ne', 'pending')
  a.load(RCX, at(RDI, C.CTX_PC))
  a.storeLabel('target', RCX)
  setControlWords(a, 'enter', at(RDI, CTX_MXCSR), at(RDI, CTX_FCW))
  a.compareImmediate32(at(RDI, C.CTX_MODE), C.MODE_LIGHT)
  a.jumpIf('e', 'load')
  a.jumpIf('b', 'call')
  componentMask(a, options)
  a.extended(options.xsave ? 'xrstor64' : 'fxrstor64', 0xae, options.xsave ? 5 : 1, at(RDI, CTX_STATE), 0x48)
  a.pushMemory(at(RDI, CTX_FLAGS))
  a.raw('9d', 'popfq')
  a.label('load')
  loadRegisters(a)
  a.jumpThrough('target')
  // A host call goes on here: the context has this pc, and the return address is on the guest's stack.
  a.label('host_call_return')
  a.ret()
  // A call begins by a call, so that the CPU predicts its return.
  a.label('call')
  loadRegisters(a)
  a.callThrough('target')
  a.label('enter_high')
  wayOut(a, 'returned', C.EXIT_RETURNED)
}

function loadRegisters(a: Assembler): void {
  for (let r = 0; r < 16; r++) if (r !== RDI) a.load(r, at(RDI, C.CTX_GPR + 8 * r))
  a.load(RDI, at(RDI, C.CTX_GPR + 8 * RDI))
}

/**
 * Loads MXCSR and the x87 control word from memory. The stack has the host's, and one of the two is in force: where they do not differ, nothing
 * is loaded, which is slow. MXCSR's low six bits are no control, they say what has happened.
 */
function setControlWords(
  a: Assembler,
  name: string,
  mxcsr: At,
  fcw: At,
  otherMxcsr = at(RSP, 0),
  otherFcw = at(RSP, 4),
): void {
  a.load32(RCX, mxcsr)
  a.xorMemory32(RCX, otherMxcsr)
  a.raw('f7 c1 c0 ff 00 00', 'testl $0xffc0, %ecx')
  a.jumpIf('e', `${name}_x87`)
  a.extended('ldmxcsr', 0xae, 2, mxcsr)
  a.label(`${name}_x87`)
  a.load32(RCX, fcw)
  a.compareMemory16(RCX, otherFcw)
  a.jumpIf('e', `${name}_set`)
  a.oneByte('fldcw', 0xd9, 5, fcw)
  a.label(`${name}_set`)
}

function wayOut(a: Assembler, name: string, exit: number): void {
  a.label(name)
  a.storeLabel('saved', RAX)
  a.immediate32(RAX, exit)
  a.jump('save')
}

function saveAndLeave(a: Assembler): void {
  a.label('save')
  a.storeLabel('exit', RAX)
  a.loadLabel(RAX, 'current')
  for (let r = 1; r < 16; r++) a.store(at(RAX, C.CTX_GPR + 8 * r), r)
  a.loadLabel(RCX, 'saved')
  a.store(at(RAX, C.CTX_GPR), RCX)
  a.loadLabel(RCX, 'exit')
  a.store32(at(RAX, C.CTX_EXIT), RCX)
  a.leaLabel(RCX, 'host_call_return')
  a.store(at(RAX, C.CTX_PC), RCX)
  a.storeImmediate32(at(RAX, C.CTX_MODE), C.MODE_LIGHT)
  a.extended('stmxcsr', 0xae, 3, at(RAX, CTX_MXCSR))
  a.oneByte('fnstcw', 0xd9, 7, at(RAX, CTX_FCW))
  a.jump('leave')
}

/** The signal handler comes here by changing the interrupted pc: rdi is the context, whose general registers it has saved, and rsp the host's. */
function trapped(a: Assembler, options: StubOptions): void {
  a.label('trapped')
  a.storeImmediate32(at(RDI, C.CTX_MODE), C.MODE_FULL)
  // The words that a later run() loads before it restores the whole state.
  a.extended('stmxcsr', 0xae, 3, at(RDI, CTX_MXCSR))
  a.oneByte('fnstcw', 0xd9, 7, at(RDI, CTX_FCW))
  componentMask(a, options)
  a.extended(options.xsave ? 'xsave64' : 'fxsave64', 0xae, options.xsave ? 4 : 0, at(RDI, CTX_STATE), 0x48)
  a.raw('db e3', 'fninit')
  a.movRR(RAX, RDI)
  a.jump('leave')

  a.label('pending')
  a.storeImmediate32(at(RDI, C.CTX_EXIT), C.EXIT_NOT_STARTED)
  a.load32(RCX, at(RAX, C.THREAD_PENDING))
  a.store32(at(RDI, C.CTX_CAUSE), RCX)
  a.storeImmediate32(at(RAX, C.THREAD_PENDING), 0)
  a.label('abort')
  a.movRR(RAX, RDI)
}

/** rax is the context; all that the guest had is saved. */
function leave(a: Assembler, options: StubOptions): void {
  a.label('leave')
  a.load(RSP, at(RAX, C.CTX_HOST_SP))
  a.load(RCX, at(RAX, C.CTX_THREAD))
  a.storeImmediate(at(RCX, C.THREAD_RUNNING), 0)
  // A clean flags register: direction up, no single steps, no alignment checks (psABI 3.2.1).
  a.raw('9c', 'pushfq')
  a.raw('f7 04 24 00 45 04 00', 'testl $0x44500, (%rsp)') // AC, NT, DF, TF
  a.raw('48 8d 64 24 08', 'leaq 8(%rsp), %rsp')
  a.jumpIf('e', 'flags_clean')
  a.raw('68 02 02 00 00', 'pushq $0x202')
  a.raw('9d', 'popfq')
  a.label('flags_clean')
  setControlWords(a, 'leave', at(RSP, 0), at(RSP, 4), at(RAX, CTX_MXCSR), at(RAX, CTX_FCW))
  if (options.avx) a.raw('c5 f8 77', 'vzeroupper')
  a.raw('48 83 c4 08', 'addq $8, %rsp')
  for (const r of [R15, R14, R13, R12, RBP, RBX]) a.pop(r)
  a.ret()
}

function componentMask(a: Assembler, options: StubOptions): void {
  if (!options.xsave) return
  a.immediate32(RAX, COMPONENTS)
  a.raw('31 d2', 'xorl %edx, %edx')
}
