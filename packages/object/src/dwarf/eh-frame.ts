// .eh_frame from unwind rows: one CIE with what holds at every function's entry, one FDE per function whose program goes from row to row.
//
// Problem: a row is a whole state (how to find the canonical frame address, where the caller's registers are); a call frame program is a list of changes.
// Idea: the program is the difference of neighbouring rows, the first against the CIE's state. Registers that a row no longer names are restored to the
// CIE's rule, which for all but the return address is none: the caller's value is in the register.
// Sources: DWARF 5, 6.4 "Call Frame Information"; Linux Standard Base, "Exception Frames", for the pointers' encoding.
import type { PlacedFunction } from '@k23/codegen'
import type { UnwindRow } from '@k23/machinst'
import { ByteWriter } from '../bytes.ts'
import type { Relocation, Section } from '../elf/model.ts'
import type { DwarfRegisters, ElfMachine } from '../machines/index.ts'

const DW_EH_PE_PCREL_SDATA4 = 0x1b

const DW_CFA_ADVANCE_LOC = 0x40 // and the distance
const DW_CFA_OFFSET = 0x80 // and the register
const DW_CFA_RESTORE = 0xc0 // and the register
const DW_CFA_NOP = 0x00
const DW_CFA_ADVANCE_LOC1 = 0x02
const DW_CFA_ADVANCE_LOC2 = 0x03
const DW_CFA_ADVANCE_LOC4 = 0x04
const DW_CFA_OFFSET_EXTENDED = 0x05
const DW_CFA_RESTORE_EXTENDED = 0x06
const DW_CFA_DEF_CFA = 0x0c
const DW_CFA_DEF_CFA_REGISTER = 0x0d
const DW_CFA_DEF_CFA_OFFSET = 0x0e
const DW_CFA_OFFSET_EXTENDED_SF = 0x11
const DW_CFA_DEF_CFA_SF = 0x12
const DW_CFA_DEF_CFA_OFFSET_SF = 0x13

/** Contents and relocations of .eh_frame for functions that stand in `text` at their starts. */
export function ehFrame(
  functions: readonly PlacedFunction[],
  machine: ElfMachine,
  text: Section,
): { bytes: Uint8Array; relocs: Relocation[] } {
  const w = new ByteWriter()
  const relocs: Relocation[] = []
  writeCie(w, machine.registers)
  for (const f of functions) {
    if (f.unwind.length === 0) continue
    const start = w.length
    w.u32(0)
    w.u32(w.length) // distance back to the CIE, which is at 0
    relocs.push({ offset: w.length, kind: 'pcrel32', target: text, addend: BigInt(f.start) })
    w.u32(0)
    w.u32(f.code.length)
    w.u8(0) // no augmentation data
    writeProgram(w, f, machine.registers)
    close(w, start)
  }
  return { bytes: w.bytes().slice(), relocs }
}

function writeCie(w: ByteWriter, r: DwarfRegisters): void {
  const start = w.length
  w.u32(0)
  w.u32(0) // a CIE
  w.u8(1) // version
  w.text('zR')
  w.uleb(r.codeAlign)
  w.sleb(r.dataAlign)
  w.u8(r.returnAddress)
  w.uleb(1)
  w.u8(DW_EH_PE_PCREL_SDATA4)
  w.u8(DW_CFA_DEF_CFA)
  w.uleb(r.number(r.cfaRegister))
  w.uleb(r.cfaOffset)
  if (r.returnSaved !== undefined) saved(w, r, r.returnAddress, r.returnSaved)
  close(w, start)
}

/** Pads an entry and writes its length. */
function close(w: ByteWriter, start: number): void {
  w.align(8, DW_CFA_NOP)
  w.set32(start, w.length - start - 4)
}

function writeProgram(w: ByteWriter, f: PlacedFunction, r: DwarfRegisters): void {
  let at = 0
  let register = r.cfaRegister
  let offset = r.cfaOffset
  let before: UnwindRow['saved'] = []
  for (const row of f.unwind) {
    // What is said of the place behind the last instruction is said of nothing.
    if (row.offset >= f.code.length) break
    advance(w, (row.offset - at) / r.codeAlign)
    at = row.offset
    if (row.cfaReg !== register) defineCfa(w, r, row, row.cfaOffset === offset)
    else if (row.cfaOffset !== offset) {
      if (row.cfaOffset >= 0) {
        w.u8(DW_CFA_DEF_CFA_OFFSET)
        w.uleb(row.cfaOffset)
      } else {
        w.u8(DW_CFA_DEF_CFA_OFFSET_SF)
        w.sleb(row.cfaOffset / r.dataAlign)
      }
    }
    register = row.cfaReg
    offset = row.cfaOffset
    const old = new Map(before)
    const now = new Map(row.saved)
    for (const reg of old.keys()) if (!now.has(reg)) restored(w, r.number(reg))
    for (const [reg, place] of now) if (old.get(reg) !== place) saved(w, r, r.number(reg), place)
    before = row.saved
  }
}

function advance(w: ByteWriter, units: number): void {
  if (units === 0) return
  if (units < 64) w.u8(DW_CFA_ADVANCE_LOC | units)
  else if (units < 0x100) {
    w.u8(DW_CFA_ADVANCE_LOC1)
    w.u8(units)
  } else if (units < 0x10000) {
    w.u8(DW_CFA_ADVANCE_LOC2)
    w.u16(units)
  } else {
    w.u8(DW_CFA_ADVANCE_LOC4)
    w.u32(units)
  }
}

function defineCfa(w: ByteWriter, r: DwarfRegisters, row: UnwindRow, sameOffset: boolean): void {
  const register = r.number(row.cfaReg)
  if (sameOffset) {
    w.u8(DW_CFA_DEF_CFA_REGISTER)
    w.uleb(register)
  } else if (row.cfaOffset >= 0) {
    w.u8(DW_CFA_DEF_CFA)
    w.uleb(register)
    w.uleb(row.cfaOffset)
  } else {
    w.u8(DW_CFA_DEF_CFA_SF)
    w.uleb(register)
    w.sleb(row.cfaOffset / r.dataAlign)
  }
}

/** The caller's register (DWARF number) is at `place` bytes from the canonical frame address. */
function saved(w: ByteWriter, r: DwarfRegisters, register: number, place: number): void {
  const factored = place / r.dataAlign
  if (factored < 0) {
    w.u8(DW_CFA_OFFSET_EXTENDED_SF)
    w.uleb(register)
    w.sleb(factored)
  } else if (register < 64) {
    w.u8(DW_CFA_OFFSET | register)
    w.uleb(factored)
  } else {
    w.u8(DW_CFA_OFFSET_EXTENDED)
    w.uleb(register)
    w.uleb(factored)
  }
}

function restored(w: ByteWriter, register: number): void {
  if (register < 64) w.u8(DW_CFA_RESTORE | register)
  else {
    w.u8(DW_CFA_RESTORE_EXTENDED)
    w.uleb(register)
  }
}
