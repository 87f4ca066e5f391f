// A compiled image on a machine: code that holds addresses of its own is completed when it is known where it lies.
import { type Machine, PERM_EXEC, PERM_READ, PERM_WRITE } from './index.ts'

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
  const { memory } = machine
  const { length } = m.image
  memory.protect(base, length, PERM_READ | PERM_WRITE)
  writeAbsolutes(m, memory.view(base, length), base)
  memory.protect(base, length, PERM_READ | PERM_EXEC)
  return base
}
