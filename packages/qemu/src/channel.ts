// The child process and the two pipes to it, used synchronously: commands are collected, and sent when an answer is waited for.
//
// Node's own pipes to children cannot be read synchronously, so these are named ones, which lose their names as soon as both ends are open.
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMMAND_BYTES, GET, PUT, RESUME, SYSCALL } from './protocol.ts'

export interface ChannelOptions {
  /** The program to run and its arguments before the executable's path. */
  readonly runner: readonly string[]
  readonly executable: Uint8Array
}

/** The process has ended, or could not be started. */
export class ProcessError extends Error {
  override readonly name = 'ProcessError'
}

export class Channel {
  private readonly to: number
  private readonly from: number
  private readonly folder: string
  private readonly log: number
  private queue = new Uint8Array(1 << 16)
  private queued = 0
  private readonly word = new Uint8Array(8)
  private open = true

  /** Starts the process. Throws ProcessError where that is not possible here. */
  constructor({ runner, executable }: ChannelOptions) {
    this.folder = fs.mkdtempSync(join(tmpdir(), 'k23-process-'))
    try {
      const path = join(this.folder, 'agent')
      fs.writeFileSync(path, executable, { mode: 0o700 })
      const [toName, fromName] = ['to', 'from'].map((name) => join(this.folder, name))
      const made = spawnSync('mkfifo', [toName, fromName], { encoding: 'utf8' })
      if (made.status !== 0) throw new ProcessError(`mkfifo: ${made.error?.message ?? made.stderr}`)
      // Opened for both directions first, which waits for nobody. The child inherits one direction of each: with a writer of its own it would never see that
      // the other end is closed, and stay.
      const both = [fs.openSync(toName, 'r+'), fs.openSync(fromName, 'r+')]
      const childIn = fs.openSync(toName, 'r')
      const childOut = fs.openSync(fromName, 'w')
      this.to = fs.openSync(toName, 'w')
      this.from = fs.openSync(fromName, 'r')
      for (const handle of both) fs.closeSync(handle)
      this.log = fs.openSync(join(this.folder, 'log'), 'w+')
      const [program, ...args] = [...runner, path]
      const child = spawn(program, args, { stdio: [childIn, childOut, this.log] })
      // Reported by what is read from the pipe.
      child.on('error', () => {})
      child.unref()
      fs.closeSync(childIn)
      fs.closeSync(childOut)
      if (child.pid === undefined)
        throw new ProcessError(`${program} cannot be started: it is not there, or not executable`)
    } catch (e) {
      fs.rmSync(this.folder, { recursive: true })
      throw e
    }
  }

  /** Once the child has said something: nothing in the file system is needed any more. */
  started(): void {
    fs.rmSync(this.folder, { recursive: true })
  }

  /** Ends the process. Whatever else is asked of it is an error then: its pipes' numbers may be those of other files. */
  close(): void {
    if (!this.open) return
    this.open = false
    fs.closeSync(this.to)
    fs.closeSync(this.from)
    fs.closeSync(this.log)
    fs.rmSync(this.folder, { recursive: true, force: true })
  }

  put(address: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.command(PUT, address, bytes.length)
    this.append(bytes)
  }

  get(address: number, into: Uint8Array): void {
    if (into.length === 0) return
    this.command(GET, address, into.length)
    this.read(into)
  }

  /** A system call's result: below zero an error's number. */
  syscall(number: number, ...args: readonly number[]): number {
    this.command(SYSCALL, number, ...args)
    this.read(this.word)
    const view = new DataView(this.word.buffer)
    return view.getInt32(4, true) * 2 ** 32 + view.getUint32(0, true)
  }

  resume(): void {
    this.command(RESUME)
  }

  /** Sends what is collected and waits for so many bytes. */
  read(into: Uint8Array): void {
    this.flush()
    for (let at = 0; at < into.length; ) {
      const n = fs.readSync(this.from, into, at, into.length - at, null)
      if (n === 0) throw new ProcessError(`the process has ended${this.lastWords()}`)
      at += n
    }
  }

  private lastWords(): string {
    const text = Buffer.alloc(2000)
    const n = fs.readSync(this.log, text, 0, text.length, 0)
    return n === 0 ? '' : `: ${text.toString('utf8', 0, n).trim()}`
  }

  private command(...words: readonly number[]): void {
    this.room(COMMAND_BYTES)
    const view = new DataView(this.queue.buffer, this.queued, COMMAND_BYTES)
    for (let i = 0; i < COMMAND_BYTES / 8; i++) {
      const x = words[i] ?? 0
      view.setUint32(8 * i, x, true)
      view.setUint32(8 * i + 4, Math.floor(x / 2 ** 32), true)
    }
    this.queued += COMMAND_BYTES
  }

  private append(bytes: Uint8Array): void {
    this.room(bytes.length)
    if (bytes.length > this.queue.length) return this.send(bytes)
    this.queue.set(bytes, this.queued)
    this.queued += bytes.length
  }

  private room(n: number): void {
    if (this.queued + n > this.queue.length) this.flush()
  }

  private flush(): void {
    this.send(this.queue.subarray(0, this.queued))
    this.queued = 0
  }

  private send(bytes: Uint8Array): void {
    if (!this.open) throw new ProcessError('the machine is closed')
    try {
      for (let at = 0; at < bytes.length; ) at += fs.writeSync(this.to, bytes, at)
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'EPIPE')
        throw new ProcessError(`the process has ended${this.lastWords()}`)
      throw e
    }
  }
}
