// The code buffer: bytes, labels, fixups and everything that is recorded at code offsets.
//
// Problem: branches have short and long forms, and a branch's distance is known only when everything between is emitted.
// Idea: relaxation. A function is emitted with every branch in its shortest form; then the sites that cannot reach their labels are
// widened by arithmetic on site and label offsets alone, until nothing changes (widening only adds bytes, so this ends), and, if any
// site was widened, the function is emitted a second time with the known forms. Emission is a deterministic walk over the words, so the
// n-th branch of one emission is the n-th of the next. There are no islands: a branch that is out of reach pays for itself only.
//
// Alignment behind a site may change when the function is emitted again, so relax() is asked again after each emission; levels only rise, so
// this ends too.
//
// Invariants: after relax() returns false every fixup is in reach (patch() checks, and calls bug() otherwise); labels are bound once.
import { bug, I32Vec, U8Vec } from '@k23/entity'
import type { ExternalName } from '@k23/ir'

export type Label = number

/** A kind of relaxable branch: per level, how far it reaches and how long it is. Levels count up from 0, the shortest. */
export interface BranchKind {
  readonly name: string
  /** Highest distance in bytes, forwards, from the start of the site; backwards it is -reach - 2 at least. */
  readonly reach: readonly number[]
  readonly bytes: readonly number[]
}

export interface Reloc {
  readonly offset: number
  /** The ISA's name, or, on every ISA, `abs64`: 8 bytes that hold symbol + addend. */
  readonly kind: string
  readonly name: ExternalName
  readonly addend: bigint
}

/** A return address and what belongs to the call. */
export interface CallSite {
  /** Offset behind the call instruction. */
  readonly offset: number
  /** Of a `try_call`, in order: the first that takes an exception is meant. */
  readonly handlers?: readonly ExceptionHandler[]
  /**
   * Of a call that CLIF declares patchable: the bytes of the call alone. With `Target.nops` in their place nobody is called, and all else that the function does
   * stays right.
   */
  readonly patchable?: { readonly start: number; readonly bytes: number }
}

/**
 * Where an exception goes on that is thrown below a call site: at `offset`, with the frame pointer of the function's frame, the stack pointer
 * `CompiledFunction.frameBytes` - 16 below it, and the payload in the registers of the convention; no other register counts.
 */
export interface ExceptionHandler {
  /** Undefined: takes every exception. */
  readonly tag: number | undefined
  readonly offset: number
  /** The value that the exception table gives as context: bytes from the stack pointer, and its size. */
  readonly context: { readonly spOffset: number; readonly bytes: number } | undefined
}

/** How the caller's registers are found from this code offset on, to that of the next row. */
export interface UnwindRow {
  readonly offset: number
  /** The stack pointer at entry (the canonical frame address) is this register (PReg) plus an offset. */
  readonly cfaReg: number
  readonly cfaOffset: number
  /** Pairs (PReg, offset from the canonical frame address): where the caller's registers are. Those that are not named hold the caller's values still. */
  readonly saved: readonly (readonly [reg: number, cfaOffset: number])[]
}

/**
 * For tests: the same branches, but no form reaches further than `bytes` times 4 to the power of its level, the last ones excepted. Functions of a few
 * instructions then have branches of every form.
 */
export function tinyReach(kinds: readonly BranchKind[], bytes: number): BranchKind[] {
  return kinds.map((k) => ({
    ...k,
    reach: k.reach.map((reach, level) => (level === k.reach.length - 1 ? reach : Math.min(reach, bytes * 4 ** level))),
  }))
}

export class CodeBuffer {
  readonly func: string
  private readonly kinds: readonly BranchKind[]
  bytes: U8Vec = new U8Vec(1024)
  /** Offset of each label, -1 while unbound. */
  labelAt: I32Vec = new I32Vec(64)
  /** Triples (offset, label, kind) that patch() resolves. */
  private fixups: I32Vec = new I32Vec(64)
  // Sites of relaxable branches, in order of emission.
  private siteOffset: I32Vec = new I32Vec(64)
  private siteLabel: I32Vec = new I32Vec(64)
  private siteKind: I32Vec = new I32Vec(64)
  /** Level of each site: survives clear(). */
  private siteLevel: Uint8Array = new Uint8Array(0)
  private sites = 0

  relocs: Reloc[] = []
  /** Pairs (offset, trap code). */
  traps: I32Vec = new I32Vec(16)
  /** Pairs (offset, source location): valid from the offset to the next pair's. */
  srclocs: I32Vec = new I32Vec(64)
  callSites: CallSite[] = []
  unwind: UnwindRow[] = []
  /** What CompiledFunction.unwindInfo says, where the convention has it. */
  unwindInfo: Uint8Array | undefined
  /** Triples (label, trap code, source location) of traps that are emitted behind the body. */
  deferredTraps: I32Vec = new I32Vec(16)
  /** Constants behind the body; bytes, or the address of a symbol. */
  constants: {
    label: Label
    bytes: Uint8Array
    key: string
    symbol?: { readonly name: ExternalName; readonly addend: bigint }
  }[] = []

  constructor(func: string, kinds: readonly BranchKind[]) {
    this.func = func
    this.kinds = kinds
  }

  /** Forgets what was emitted, but not how wide each branch is. */
  clear(): void {
    this.bytes.clear()
    this.labelAt.clear()
    this.fixups.clear()
    this.siteOffset.clear()
    this.siteLabel.clear()
    this.siteKind.clear()
    this.sites = 0
    this.relocs = []
    this.traps.clear()
    this.srclocs.clear()
    this.callSites = []
    this.unwind = []
    this.unwindInfo = undefined
    this.deferredTraps.clear()
    this.constants = []
  }

  get offset(): number {
    return this.bytes.length
  }

  put8(x: number): void {
    this.bytes.push(x)
  }

  put16(x: number): void {
    const b = this.bytes
    const at = b.length
    b.reserve(at + 2)
    b.data[at] = x
    b.data[at + 1] = x >> 8
    b.length = at + 2
  }

  put32(x: number): void {
    const b = this.bytes
    const at = b.length
    b.reserve(at + 4)
    const d = b.data
    d[at] = x
    d[at + 1] = x >> 8
    d[at + 2] = x >> 16
    d[at + 3] = x >> 24
    b.length = at + 4
  }

  read16(at: number): number {
    const d = this.bytes.data
    return d[at] | (d[at + 1] << 8)
  }

  write16(at: number, x: number): void {
    const d = this.bytes.data
    d[at] = x
    d[at + 1] = x >> 8
  }

  read32(at: number): number {
    const d = this.bytes.data
    return d[at] | (d[at + 1] << 8) | (d[at + 2] << 16) | (d[at + 3] << 24)
  }

  write32(at: number, x: number): void {
    const d = this.bytes.data
    d[at] = x
    d[at + 1] = x >> 8
    d[at + 2] = x >> 16
    d[at + 3] = x >> 24
  }

  newLabel(): Label {
    return this.labelAt.push(-1)
  }

  newLabels(n: number): Label {
    const first = this.labelAt.length
    this.labelAt.resize(first + n, -1)
    return first
  }

  bind(label: Label): void {
    if (this.labelAt.data[label] !== -1) bug('emit', this.func, `label ${label}`, 'bound twice')
    this.labelAt.data[label] = this.bytes.length
  }

  /** Asks patch() to write the distance from `offset` to `label` into the code at `offset`, as fixup kind `kind` of the ISA. */
  fixup(offset: number, label: Label, kind: number): void {
    this.fixups.push(offset)
    this.fixups.push(label)
    this.fixups.push(kind)
  }

  /** Opens a relaxable branch here: returns the level to emit. */
  site(kind: number, label: Label): number {
    const i = this.sites++
    this.siteOffset.push(this.bytes.length)
    this.siteLabel.push(label)
    this.siteKind.push(kind)
    return i < this.siteLevel.length ? this.siteLevel[i] : 0
  }

  /** The site just opened needs no label after all (its wide form does not branch to it). */
  cancelSite(): void {
    this.siteLabel.set(this.siteLabel.length - 1, -1)
  }

  /** Takes back the deferred trap made last. */
  cancelDeferredTrap(): void {
    this.deferredTraps.length -= 3
  }

  /** Records that the instruction at the current offset traps with `code`. */
  trapHere(code: number): void {
    this.traps.push(this.bytes.length)
    this.traps.push(code)
  }

  /** Records the call whose instructions began at `start` and end here. */
  callSite(start: number, patchable: boolean): void {
    const { offset } = this
    this.callSites.push(patchable ? { offset, patchable: { start, bytes: offset - start } } : { offset })
  }

  /** From here on the caller's registers are found like this. */
  unwindRow(cfaReg: number, cfaOffset: number, saved: UnwindRow['saved']): void {
    const rows = this.unwind
    const row = { offset: this.bytes.length, cfaReg, cfaOffset, saved }
    if (rows.length !== 0 && rows[rows.length - 1].offset === row.offset) rows[rows.length - 1] = row
    else rows.push(row)
  }

  srcloc(loc: number): void {
    const s = this.srclocs
    const n = s.length
    if (n >= 2 && s.data[n - 1] === loc) return
    if (n >= 2 && s.data[n - 2] === this.bytes.length) {
      s.data[n - 1] = loc
      return
    }
    s.push(this.bytes.length)
    s.push(loc)
  }

  /** A label behind the body where `code` traps, for conditional branches to it. */
  deferTrap(code: number, srcloc: number): Label {
    const label = this.newLabel()
    this.deferredTraps.push(label)
    this.deferredTraps.push(code)
    this.deferredTraps.push(srcloc)
    return label
  }

  /** Label of a constant that stands behind the body, 16-byte aligned where it is 16 bytes long. */
  constant(bytes: Uint8Array): Label {
    const key = bytes.join()
    const found = this.constants.find((c) => c.key === key)
    if (found !== undefined) return found.label
    const label = this.newLabel()
    this.constants.push({ label, bytes, key })
    return label
  }

  /** Label of 8 bytes behind the body that hold the address of a symbol, plus `addend`: wherever it is. */
  addressConstant(name: ExternalName, addend: bigint): Label {
    const key = `${name.kind} ${name.kind === 'user' ? name.ref : name.name} ${addend}`
    const found = this.constants.find((c) => c.key === key)
    if (found !== undefined) return found.label
    const label = this.newLabel()
    this.constants.push({ label, bytes: new Uint8Array(8), key, symbol: { name, addend } })
    return label
  }

  align(n: number): void {
    while ((this.bytes.length & (n - 1)) !== 0) this.bytes.push(0)
  }

  /** Widens branches that do not reach. True if any was widened: clear and emit again. */
  relax(): boolean {
    const n = this.sites
    const level = new Uint8Array(n)
    level.set(this.siteLevel.subarray(0, Math.min(n, this.siteLevel.length)))
    const off = this.siteOffset.data
    // grown[i]: bytes added before site i by widening since this emission.
    const grown = new Int32Array(n + 1)
    const added = new Int32Array(n)
    let any = false
    for (let changed = true; changed; ) {
      changed = false
      for (let i = 0; i < n; i++) grown[i + 1] = grown[i] + added[i]
      for (let i = 0; i < n; i++) {
        const kind = this.kinds[this.siteKind.data[i]]
        const label = this.siteLabel.data[i]
        if (label === -1) continue
        const target = this.labelAt.data[label]
        if (target < 0) bug('emit', this.func, `label ${this.siteLabel.data[i]}`, 'branched to and never bound')
        const distance = target + grown[this.sitesBefore(target)] - off[i] - grown[i]
        const reach = Math.abs(distance)
        while (reach > kind.reach[level[i]]) {
          if (level[i] + 1 >= kind.bytes.length)
            bug('emit', this.func, `offset ${off[i]}`, `${kind.name} cannot reach ${distance} bytes`)
          added[i] += kind.bytes[level[i] + 1] - kind.bytes[level[i]]
          level[i]++
          changed = true
          any = true
        }
      }
    }
    this.siteLevel = level
    return any
  }

  /** Number of sites that start before `offset`. */
  private sitesBefore(offset: number): number {
    const off = this.siteOffset.data
    let lo = 0
    let hi = this.sites
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (off[mid] < offset) lo = mid + 1
      else hi = mid
    }
    return lo
  }

  /** Resolves all fixups: `apply(buffer, offset, distance, kind)` returns false where the distance does not fit. */
  patch(apply: (b: CodeBuffer, offset: number, distance: number, kind: number) => boolean): void {
    const f = this.fixups.data
    for (let i = 0; i < this.fixups.length; i += 3) {
      const target = this.labelAt.data[f[i + 1]]
      if (target < 0) bug('emit', this.func, `label ${f[i + 1]}`, 'used and never bound')
      if (!apply(this, f[i], target - f[i], f[i + 2]))
        bug('emit', this.func, `offset ${f[i]}`, `target ${target} out of reach`)
    }
  }
}
