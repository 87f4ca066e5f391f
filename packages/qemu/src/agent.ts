// The program that runs in the child process, compiled from CLIF like everything else that runs there.
//
// Problem: stop guest code at traps, host calls and returns, look at all its registers, change them, go on. Idea: every stop is a signal. The handler has a stack of
// its own; the system has put the registers into the frame of the signal and loads them from there when the handler returns. So the program is a handler
// that does what commands say (protocol.ts) until one says to return, and a beginning that installs it and stops once. It knows nothing of machines: mapping memory
// is a system call among others.
import { EQ, type Func, I32, NE, SLT, type Value } from '@k23/ir'
import { type LinuxAbi, linuxOf, MAIN, program, ProgramRoutine, RESTORER, STOP, zeros } from '@k23/object'
import { COMMAND_BYTES, GET, PUT, RESUME, SIGNALS, STOP_WORDS, SYSCALL } from './protocol.ts'

const STACK_BYTES = 1 << 16
const SA_SIGINFO = 4
const SA_ONSTACK = 0x0800_0000
const SA_RESTORER = 0x0400_0000

const HANDLER = 'agent_handler'
const TRANSFER = 'agent_transfer'
const BUFFER = 'agent_buffer'
const STACK = 'agent_stack'

/** The program for a target: bytes of an executable. Throws RangeError where there is no Linux for it. */
export function agentProgram(target: string): Uint8Array {
  const linux = linuxOf(target)
  const data = [zeros(BUFFER, COMMAND_BYTES + linux.context.bytes), zeros(STACK, STACK_BYTES)]
  return program(target, [main(linux), handler(linux), transfer(linux)], data, 'agent.clif')
}

const PR_SET_PDEATHSIG = 1n
const SIGKILL = 9n

/** Installs the handler and stops. While guest code runs nobody reads from the pipe, so that its other end has gone is not seen: the system ends the process then. */
function main(linux: LinuxAbi): Func {
  const r = new ProgramRoutine(MAIN, 1, 0, linux)
  const buffer = r.address(BUFFER)
  r.syscall('prctl', PR_SET_PDEATHSIG, SIGKILL)
  // stack_t: address, flags, size
  r.store(r.address(STACK), buffer, 0)
  r.store(r.i64(0), buffer, 8)
  r.store(r.i64(STACK_BYTES), buffer, 16)
  r.syscall('sigaltstack', buffer, 0n)
  // struct sigaction of the kernel: handler, flags, restorer where there is one, mask
  const flags = SA_SIGINFO | SA_ONSTACK | (linux.restorer ? SA_RESTORER : 0)
  r.store(r.address(HANDLER), buffer, 0)
  r.store(r.i64(flags), buffer, 8)
  if (linux.restorer) r.store(r.address(RESTORER), buffer, 16)
  r.store(r.i64(-1), buffer, linux.restorer ? 24 : 16)
  for (const signal of SIGNALS) r.syscall('rt_sigaction', BigInt(signal), buffer, 0n, 8n)
  r.call(STOP, [], 0)
  r.syscall('exit_group', 0n)
  r.return()
  return r.done()
}

/** (signal, siginfo_t, ucontext_t): reports the stop, then does commands. */
function handler(linux: LinuxAbi): Func {
  const r = new ProgramRoutine(HANDLER, 3, 0, linux)
  const { ins } = r
  const [signal, info, context] = r.args
  const buffer = r.address(BUFFER)
  const word = (i: number): Value => r.load(r.func.typeOf(signal), buffer, 8 * i)
  ;[
    signal,
    ins.sextend(r.func.typeOf(signal), r.load(I32, info, 8)),
    r.load(r.func.typeOf(signal), info, 16),
    context,
    ins.iadd_imm(r.address(STACK), STACK_BYTES),
  ].forEach((x, i) => r.store(x, buffer, 8 * i))
  for (let i = 0; i < linux.context.bytes; i += 8)
    r.store(r.load(r.func.typeOf(signal), context, linux.context.offset + i), buffer, 8 * STOP_WORDS + i)
  r.call(TRANSFER, [1n, buffer, BigInt(8 * STOP_WORDS + linux.context.bytes)], 0)

  const going = r.variable(r.i64(1))
  r.loop(
    () => going.get(),
    () => {
      r.call(TRANSFER, [0n, buffer, BigInt(COMMAND_BYTES)], 0)
      const command = word(0)
      const is = (c: number, then: () => void): void => r.when(r.icmp(EQ, command, BigInt(c)), then)
      is(RESUME, () => going.set(r.i64(0)))
      is(SYSCALL, () => {
        const args = [1, 2, 3, 4, 5, 6, 7].map(word)
        r.store(r.call('k23_syscall', args), buffer)
        r.call(TRANSFER, [1n, buffer, 8n], 0)
      })
      is(PUT, () => void r.call(TRANSFER, [0n, word(1), word(2)], 0))
      is(GET, () => void r.call(TRANSFER, [1n, word(1), word(2)], 0))
    },
  )
  r.return()
  return r.done()
}

/** (0 or 1, address, n): reads or writes exactly n bytes, or ends the process: with 0 where the other end is gone, 3 where the address is wrong. */
function transfer(linux: LinuxAbi): Func {
  const r = new ProgramRoutine(TRANSFER, 3, 0, linux)
  const { ins } = r
  const [handle] = r.args
  const at = r.variable(r.args[1])
  const left = r.variable(r.args[2])
  r.loop(
    () => r.icmp(NE, left.get(), 0n),
    () => {
      const done = r.variable(r.i64(0))
      r.when(
        handle,
        () => done.set(r.syscall('write', handle, at.get(), left.get())),
        () => done.set(r.syscall('read', handle, at.get(), left.get())),
      )
      r.when(r.icmp(EQ, done.get(), 0n), () => void r.syscall('exit_group', 0n))
      r.when(r.icmp(SLT, done.get(), 0n), () => void r.syscall('exit_group', 3n))
      at.set(ins.iadd(at.get(), done.get()))
      left.set(ins.isub(left.get(), done.get()))
    },
  )
  r.return()
  return r.done()
}
