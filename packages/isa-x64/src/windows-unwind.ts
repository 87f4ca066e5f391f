// UNWIND_INFO of a function under windows_fastcall.
//
// Problem: Windows unwinds by codes that undo the prologue. Registers that were stored, not pushed, it looks for at or above the base of the frame, which is the stack
// pointer, or the frame pointer less a distance of up to 240 bytes; ours are below the frame pointer.
// Idea: the frame pointer stands as soon as `mov %rsp, %rbp` is done, and from there on nothing else counts. So to Windows the frame consists of the saved registers
// alone: allocated and with the frame pointer at its upper end by that instruction. Where the stack pointer is later, how it got there page by page and what
// calls do to it, no code has to say. The registers are declared saved at the prologue's end; until then they still hold the caller's values.
// Source: Microsoft, "x64 exception handling".
//
// Invariant: in the epilogue, what is not one of the forms that Windows knows (`lea 0(%rbp), %rsp`, `pop`, `ret`) runs with frame and frame pointer as in the body.
import { bug } from '@k23/entity'
import type { FrameLayout } from '@k23/machinst'
import { CLASS_INT } from '@k23/regalloc'
import { RBP } from './registers.ts'

const VERSION = 1

const UWOP_PUSH_NONVOL = 0
const UWOP_ALLOC_LARGE = 1
const UWOP_ALLOC_SMALL = 2
const UWOP_SET_FPREG = 3
const UWOP_SAVE_NONVOL = 4
const UWOP_SAVE_XMM128 = 8

/** Most bytes of ALLOC_SMALL, and of the distance that SET_FPREG can name. */
const MAX_SMALL = 128
const MAX_DISTANCE = 240

/** Byte offsets in the function: behind `push %rbp`, behind `mov %rsp, %rbp`, and where the body begins. */
interface Prologue {
  readonly pushed: number
  readonly framed: number
  readonly end: number
}

/**
 * The bytes: version, size of the prologue, number of 16-bit slots, frame register with its distance / 16; then the codes, the last one first: offset, operation |
 * info << 4, and a slot more for some; their number made even.
 */
export function windowsUnwindInfo(frame: FrameLayout, { pushed, framed, end }: Prologue): Uint8Array {
  const { clobberBytes } = frame
  if (clobberBytes > MAX_DISTANCE || end > 0xff || frame.tailBytes !== 0)
    bug(
      'emit',
      '-',
      'prologue',
      `${clobberBytes} bytes of registers, ${end} of code, ${frame.tailBytes} of tail calls: no unwind codes for it`,
    )
  const slots: number[] = []
  const code = (offset: number, op: number, info: number, ...more: readonly number[]): void => {
    slots.push(offset | (op << 8) | (info << 12), ...more)
  }
  for (const { reg, at } of frame.clobbers.toReversed()) {
    const above = clobberBytes + at
    if (reg >> 6 === CLASS_INT) code(end, UWOP_SAVE_NONVOL, reg & 63, above / 8)
    else code(end, UWOP_SAVE_XMM128, reg & 63, above / 16)
  }
  if (frame.setup) {
    code(framed, UWOP_SET_FPREG, 0)
    if (clobberBytes > MAX_SMALL) code(framed, UWOP_ALLOC_LARGE, 0, clobberBytes / 8)
    else if (clobberBytes > 0) code(framed, UWOP_ALLOC_SMALL, clobberBytes / 8 - 1)
    code(pushed, UWOP_PUSH_NONVOL, RBP & 63)
  }
  const info = new Uint8Array(4 + 4 * Math.ceil(slots.length / 2))
  info[0] = VERSION
  info[1] = end
  info[2] = slots.length
  info[3] = frame.setup ? (RBP & 63) | ((clobberBytes / 16) << 4) : 0
  const view = new DataView(info.buffer)
  slots.forEach((s, i) => {
    view.setUint16(4 + 2 * i, s, true)
  })
  return info
}
