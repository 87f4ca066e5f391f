// The backend of filetests that compiles for a target and runs on a machine of it: its emulator, or the host's CPU.
//
// Each function of a file is compiled by itself, so that one which needs what is not there makes only itself and its callers unsupported. What
// compiled is linked into one image, together with a trampoline for each signature, which takes arguments from a block of 16-byte slots and
// leaves results there.
//
// A call is checked beyond its results: callee-saved registers and the stack pointer must come back as they were, and the registers that carry
// no argument, and those above a narrow argument's bits, hold garbage at the start.
import {
  CodegenError,
  callTrampoline,
  compileClif,
  createIsa,
  LIBRARY_ROUTINES,
  link,
  type LinkedImage,
  neededRoutines,
  type LinkInput,
  type PassContext,
  type Settings,
  SLOT_BYTES,
  symbolText,
  targetByName,
  trapAt,
  userNameTexts,
} from '@k23/codegen'
import type { CallAudit, EmulatedHart } from '@k23/emulator'
import { createRiscv64Machine, HartState, Riscv64CallAudit, Riscv64Machine } from '@k23/emulator/riscv64'
import { X64CallAudit, X64Hart, X64Machine } from '@k23/emulator/x64'
import {
  bytes,
  type DataValue,
  type Func,
  functionNameText,
  Op,
  printSignature,
  type Signature,
  trapCodeName,
  type Type,
} from '@k23/ir'
import {
  EPOCH,
  FUEL,
  type Hart,
  type Machine,
  PAGE_SIZE,
  PERM_READ,
  PERM_WRITE,
  placeImage,
  RETURNED,
  type StopReason,
  TRAP,
  TRAP_LOAD,
  TRAP_STORE,
  trapKindNames,
} from '@k23/machine'
import { contractsOf } from './contracts.ts'
import type { Backend, CompileOptions, Outcome, Runnable } from './interfaces.ts'

export interface EmulatedOptions {
  /** Default riscv64. */
  readonly target?: string
  /** What to run on. Default: the emulator of riscv64. */
  readonly machine?: () => Machine
  /** Runs the symbolic checker over every register allocation. Default true. */
  readonly checker?: boolean
  /** Overrides what the file sets. */
  readonly algorithm?: 'backtracking' | 'single_pass'
  /** Bytes that branches reach at most in their shortest form, so that each form is seen; default: what the machine's reach. */
  readonly branchReach?: number
  /** Why the machine cannot be trusted with this code, if it cannot: calls are skips then. */
  readonly refuse?: (code: Uint8Array) => string | undefined
  /** Follows calls: what conventions leave open is garbage, what they promise is checked, store-conditionals fail now and then. Default true, on emulators. */
  readonly audit?: boolean
  /** Sees each function compiled. */
  readonly compiled?: (f: LinkInput['compiled']) => void
  /** Instructions that one run line may take. Default 200 million. */
  readonly fuel?: number
  /** Milliseconds that it may take on a machine that stops with EPOCH now and then. Default 0: EPOCH ends it. */
  readonly milliseconds?: number
}

/** What stands above the bits of narrow arguments, call by call. */
const POISON: readonly number[] = [0xcc, 0x33, 0xff, 0x80]

const STACK_BYTES = 8 << 20
/** Slots of the argument block. */
const BLOCK_SLOTS = 256

/** Registers of a calling convention by number: saved by the callee, and free for garbage at an entry with two arguments. */
interface Convention {
  readonly sp: number
  readonly pinned: number
  readonly calleeSaved: readonly number[]
  readonly garbage: readonly number[]
}

// Sources: RISC-V psABI; AMD64 psABI, figure 3.4.
// biome-ignore format: table
const conventions: Readonly<Record<string, Convention>> = {
  riscv64: { sp: 2, pinned: 27, calleeSaved: [8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27], garbage: [5, 6, 7, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31] },
  x64:     { sp: 4, pinned: 15, calleeSaved: [3, 5, 12, 13, 14, 15],                         garbage: [0, 1, 2, 8, 9, 10, 11] },
}

/** Compiles the functions of filetests for a target and runs them on its machine. */
export function createEmulatedBackend(options: EmulatedOptions = {}): Backend {
  const target = targetByName(options.target ?? 'riscv64')
  let emulator: Emulator | undefined
  return {
    missing(isa, flags) {
      if (isa !== target.name) return `no machine for ${isa}`
      for (const flag of flags.keys())
        if (!target.featureNames.includes(flag)) return `${target.name} has no flag ${flag}`
      return undefined
    },
    compile(functions, forLine) {
      if (emulator === undefined || emulator.broken)
        emulator = new Emulator(target.name, (options.machine ?? createRiscv64Machine)(), options)
      return new EmulatedFile(functions, forLine, options, emulator)
    },
    listing(func, forLine) {
      const isa = createIsa({ target, features: features(forLine.flags), settings: settings(forLine, options) }, 'clif')
      const lines: string[] = []
      try {
        compileClif(
          isa,
          func,
          { settings: isa.shared as Settings, foreign: true },
          {
            vcode(stage, v, i) {
              if (stage !== 'emit') return
              for (let b = 0; b < v.numBlocks; b++) {
                lines.push(`block${b}:`)
                for (let k = v.blockInsts.data[b]; k < v.blockInsts.data[b + 1]; k++)
                  lines.push(`  ${i.printInst(v, v.instAt.data[k])}`)
              }
            },
          },
        )
      } catch (e) {
        return { unsupported: reasonOf(e) }
      }
      return { text: lines.join('\n') }
    },
  }
}

function features(flags: ReadonlyMap<string, string>): Record<string, boolean> {
  return Object.fromEntries([...flags].map(([name, value]) => [name, value !== 'false']))
}

function settings(forLine: CompileOptions, options: EmulatedOptions): Record<string, string | boolean> {
  return {
    ...Object.fromEntries(forLine.settings),
    opt_level: forLine.opt,
    regalloc_checker: options.checker ?? true,
    ...(options.algorithm === undefined ? {} : { regalloc_algorithm: options.algorithm }),
  }
}

/** Why a function is not compiled; throws on what is no matter of support. */
function reasonOf(e: unknown): string {
  if (e instanceof CodegenError && e.code === 'unsupported') return e.advice
  throw e
}

/** One machine with one hart, used by all files in turn. */
class Emulator {
  readonly target: ReturnType<typeof targetByName>
  readonly convention: Convention
  readonly machine: Machine
  readonly hart: Hart
  readonly block: number
  readonly fuel: number
  readonly milliseconds: number
  /** The machine failed, and nothing can be done with it any more. */
  broken = false
  /** By how much the stack pointer is above that at entry after a return: as after the first. */
  popped: number | undefined

  constructor(target: string, machine: Machine, options: EmulatedOptions) {
    this.target = targetByName(target)
    this.convention = conventions[target]
    this.machine = machine
    this.hart = machine.createHart({ stackBytes: STACK_BYTES })
    this.block = machine.memory.map(BLOCK_SLOTS * SLOT_BYTES, PERM_READ | PERM_WRITE)
    this.fuel = options.fuel ?? 200_000_000
    this.milliseconds = options.milliseconds ?? 0
  }
}

class EmulatedFile implements Runnable {
  private readonly emulator: Emulator
  private readonly functions = new Map<string, Func>()
  /** Functions that cannot be called, with the reason. */
  private readonly refused = new Map<string, string>()
  private readonly trampolines = new Map<string, string>()
  private readonly trampolineSignatures = new Map<string, Signature>()
  private readonly pinned: boolean
  private readonly module: LinkedImage
  private readonly base: number
  private readonly audit: CallAudit<EmulatedHart> | undefined
  private calls = 0

  constructor(functions: readonly Func[], forLine: CompileOptions, options: EmulatedOptions, emulator: Emulator) {
    this.emulator = emulator
    this.pinned = forLine.settings.get('enable_pinned_reg') === 'true'
    const { target } = emulator
    const wanted = features(forLine.flags)
    const given = settings(forLine, options)
    const lacking = Object.keys(wanted).filter((f) => wanted[f] && !this.hasFeature(f))
    const isa = createIsa({ target, features: wanted, settings: given }, 'clif')
    const cx: PassContext = {
      settings: isa.shared as Settings,
      foreign: true,
      ...(options.branchReach === undefined ? {} : { branchReach: options.branchReach }),
    }
    const without = createIsa(
      { target, features: { ...wanted, ...Object.fromEntries(lacking.map((f) => [f, false])) }, settings: given },
      'clif',
    )

    const inputs = new Map<string, LinkInput>()
    const add = (func: Func): void => {
      const name = functionNameText(func.name)
      try {
        const compiled = compileClif(isa, func, cx)
        // A feature that the machine lacks matters where it changes the code.
        if (lacking.length !== 0 && !sameBytes(compiled.code, compileClif(without, func, cx).code))
          this.refused.set(name, `the machine has no ${lacking.join(' ')}`)
        else inputs.set(name, { compiled, userNames: userNameTexts(func) })
        options.compiled?.(compiled)
        const why = options.refuse?.(compiled.code)
        if (why !== undefined) this.refused.set(name, why)
      } catch (e) {
        this.refused.set(name, reasonOf(e))
      }
    }
    for (const func of functions) {
      const name = functionNameText(func.name)
      this.functions.set(name, func)
      add(func)
      const shape = printSignature(func.signature)
      let trampoline = this.trampolines.get(shape)
      if (trampoline === undefined) {
        const made = callTrampoline(func.signature, `call trampoline ${this.trampolines.size}`)
        trampoline = functionNameText(made.name)
        this.trampolines.set(shape, trampoline)
        this.trampolineSignatures.set(trampoline, made.signature)
        add(made)
      }
    }
    for (const routine of neededRoutines(isa, [...inputs.values()])) inputs.set(routine.compiled.name, routine)
    this.spread(inputs)
    this.module = link(target, [...inputs.values()])
    this.base = placeImage(emulator.machine, this.module)
    this.audit = (options.audit ?? true) ? this.startAudit(isa) : undefined
  }

  /** Undefined on other machines, and where calls do not nest. */
  private startAudit(isa: ReturnType<typeof createIsa>): CallAudit<EmulatedHart> | undefined {
    const { machine, hart } = this.emulator
    for (const f of this.functions.values())
      for (let i = 0; i < f.numInsts; i++) if (f.op[i] === Op.stack_switch) return undefined
    const contracts = () => contractsOf(isa, this.module, this.base, (name) => this.signatureOf(name))
    if (machine instanceof Riscv64Machine && hart instanceof HartState)
      return new Riscv64CallAudit(machine, hart, contracts())
    if (machine instanceof X64Machine && hart instanceof X64Hart) return new X64CallAudit(machine, hart, contracts())
    return undefined
  }

  private signatureOf(name: string): Signature {
    const known = this.functions.get(name)?.signature ?? this.trampolineSignatures.get(name)
    if (known !== undefined) return known
    const routine = LIBRARY_ROUTINES.find((r) => `%${r.name}` === name)
    if (routine === undefined) throw new Error(`${name} has no signature`)
    return routine.make(routine.name, false).signature
  }

  private hasFeature(feature: string): boolean {
    const { target, machine } = this.emulator
    return target.primitives(feature).every((f) => machine.features.includes(f))
  }

  /** What refers to something that is not there cannot be called either. */
  private spread(inputs: Map<string, LinkInput>): void {
    for (let changed = true; changed; ) {
      changed = false
      for (const [name, { compiled, userNames }] of inputs) {
        const missing = compiled.relocs.map((r) => symbolText(r.name, userNames)).find((s) => !inputs.has(s))
        if (missing === undefined) continue
        const why = this.refused.get(missing)
        this.refused.set(name, why === undefined ? `${missing} is not in the file` : `${missing}: ${why}`)
        inputs.delete(name)
        changed = true
      }
    }
  }

  invoke(name: string, args: readonly DataValue[]): Outcome {
    const func = this.functions.get(name) ?? this.functions.get(`%${name}`)
    if (func === undefined) throw new Error(`no function ${name} in the file`)
    const text = functionNameText(func.name)
    const sig = func.signature
    const trampoline = this.trampolines.get(printSignature(sig)) as string
    if (this.emulator.broken) throw new Error('an earlier call broke the machine')
    const why = this.refused.get(text) ?? this.refused.get(trampoline)
    if (why !== undefined) return { unsupported: why }
    if (Math.max(sig.params.length, sig.returns.length) > BLOCK_SLOTS)
      return { unsupported: `more than ${BLOCK_SLOTS} arguments or results` }
    return this.call(this.address(trampoline), this.address(text), sig, args)
  }

  private address(name: string): number {
    return this.base + (this.module.symbols.get(name) as number)
  }

  private call(trampoline: number, code: number, sig: Signature, args: readonly DataValue[]): Outcome {
    const { machine, hart, block, fuel, convention } = this.emulator
    const { sp, pinned, calleeSaved, garbage } = convention
    const used = Math.max(1, sig.params.length, sig.returns.length) * SLOT_BYTES
    const slots = machine.memory.view(block, used)
    slots.fill(POISON[this.calls++ % POISON.length])
    args.forEach((a, i) => {
      slots.set(a.bits, i * SLOT_BYTES)
    })
    machine.enter(hart, trampoline, [code, block])
    for (const r of [...garbage, ...calleeSaved]) hart.writeRegister(r, 0x5a5a0000 | r, 0xa5a50000 | r)
    const top = hart.readRegister(sp).lo
    hart.fuel = fuel
    this.audit?.begin()
    const reason = this.run()
    if (reason.kind !== RETURNED) {
      const outcome = this.stopped(reason)
      machine.reset(hart)
      return outcome
    }
    for (const r of calleeSaved) {
      const { lo, hi } = hart.readRegister(r)
      if ((lo !== (0x5a5a0000 | r) || hi !== (0xa5a50000 | r)) && !(r === pinned && this.pinned))
        throw new Error(`register ${r} is not restored`)
    }
    this.audit?.end()
    // A return takes the return address from the stack, or not: always alike.
    const popped = hart.readRegister(sp).lo - top
    this.emulator.popped ??= popped
    if (popped !== this.emulator.popped) throw new Error(`the stack pointer comes back ${popped} bytes off`)
    const view = machine.memory.view(block, used)
    return { results: sig.returns.map((p, i) => result(p.type, view, i * SLOT_BYTES)) }
  }

  private run(): StopReason {
    const { machine, hart, milliseconds } = this.emulator
    try {
      let reason = machine.run(hart)
      if (reason.kind !== EPOCH) return reason
      const deadline = performance.now() + milliseconds
      while (reason.kind === EPOCH && performance.now() < deadline) reason = machine.run(hart)
      return reason
    } catch (e) {
      this.emulator.broken = true
      throw e
    }
  }

  private stopped(reason: StopReason): Outcome {
    const { machine, hart, fuel } = this.emulator
    const at = reason.pc - this.base
    if (reason.kind === FUEL) throw new Error(`not done after ${fuel} instructions`)
    if (reason.kind === EPOCH) throw new Error('not done in the time that a line may take')
    if (reason.kind !== TRAP) throw new Error(`stopped with reason ${reason.kind} at code offset ${at}`)
    const code = at >= 0 && at < this.module.image.length ? trapAt(this.module, at) : 0
    const memory = reason.trapKind === TRAP_LOAD || reason.trapKind === TRAP_STORE
    const low = machine.stackLow(hart)
    if (memory && reason.address < low && reason.address >= low - PAGE_SIZE) return { trap: 'stk_ovf' }
    if (code === 0) {
      const where = memory ? ` of address 0x${reason.address.toString(16)}` : ''
      throw new Error(
        `${trapKindNames[reason.trapKind]}${where} at code offset ${at}, where the trap table has nothing`,
      )
    }
    return { trap: trapCodeName(code) }
  }

  dispose(): void {
    this.audit?.dispose()
    if (!this.emulator.broken) this.emulator.machine.removeCode(this.base)
  }
}

function result(type: Type, from: Uint8Array, at: number): DataValue {
  return { type, bits: from.slice(at, at + bytes(type)) }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i])
}
