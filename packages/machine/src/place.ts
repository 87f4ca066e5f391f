// A compiled image on a machine: code that holds addresses of its own is completed when it is known where it lies.
import { type Machine, PAGE_SIZE, PERM_EXEC, PERM_READ, PERM_WRITE } from './index.ts'

/** What is placed, as `@k23/codegen` gives it. */
export interface PlaceableImage {
  readonly image: Uint8Array
  readonly alignment: number
  /** 8-byte words that must hold the address of image offset `target`. */
  readonly absolutes: readonly { readonly offset: number; readonly target: number }[]
}

/** Writes the addresses into `bytes`, the image's, for an image that begins at address `base`. */
export function writeAbsolutes(m: PlaceableImage, bytes: Uint8Array, base: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const { offset, target } of m.absolutes) {
    view.setUint32(offset, base + target, true)
    view.setUint32(offset + 4, Math.floor((base + target) / 2 ** 32), true)
  }
}

/** Places an image; returns its address. Throws RangeError where there is no room. */
export function placeImage(machine: Pick<Machine, 'placeCode' | 'memory'>, m: PlaceableImage): number {
  const base = machine.placeCode(m.image, Math.max(16, m.alignment))
  if (m.absolutes.length === 0) return base
  rewrite(machine, base, m.image.length, (bytes) => writeAbsolutes(m, bytes, base))
  return base
}

/**
 * Writes `bytes` over placed code at `address`: to turn a patchable call off or on (patchableCalls of `@k23/codegen`). No hart may run meanwhile, or
 * have stopped between two instructions of what is written.
 */
export function patchCode(machine: Pick<Machine, 'memory'>, address: number, bytes: Uint8Array): void {
  rewrite(machine, address, bytes.length, (code) => code.set(bytes))
}

/** Placed code is never writable and executable at once. */
function rewrite(
  { memory }: Pick<Machine, 'memory'>,
  address: number,
  length: number,
  write: (code: Uint8Array) => void,
): void {
  const first = address - (address % PAGE_SIZE)
  const pages = address + length - first
  memory.protect(first, pages, PERM_READ | PERM_WRITE)
  write(memory.view(address, length))
  memory.protect(first, pages, PERM_READ | PERM_EXEC)
}
