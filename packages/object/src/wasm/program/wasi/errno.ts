// Error numbers of Linux (asm-generic/errno.h, the same on all our machines) as WASI's (preview1, `errno`).
import type { Datum } from '../../../compose.ts'
import { constants } from '../../../data.ts'

export const BADF = 8n
export const FAULT = 21n
export const INVAL = 28n
export const IO = 29n
export const NAMETOOLONG = 37n
export const NOSYS = 52n
export const NOTCAPABLE = 76n

// biome-ignore format: table
const numbers: readonly (readonly [linux: number, wasi: number])[] = [
  [1, 63], [2, 44], [3, 71], [4, 27], [5, 29], [6, 60], [7, 1], [8, 45], [9, 8], [10, 12], [11, 6], [12, 48], [13, 2], [14, 21], [16, 10], [17, 20],
  [18, 75], [19, 43], [20, 54], [21, 31], [22, 28], [23, 41], [24, 33], [25, 59], [26, 74], [27, 22], [28, 51], [29, 70], [30, 69], [31, 34],
  [32, 64], [33, 18], [34, 68], [35, 16], [36, 37], [37, 46], [38, 52], [39, 55], [40, 32], [62, 73], [71, 65], [75, 61], [84, 25], [88, 57],
  [89, 17], [90, 35], [91, 67], [92, 50], [93, 66], [95, 58], [97, 5], [98, 3], [99, 4], [100, 38], [101, 40], [102, 39], [103, 13],
  [104, 15], [105, 42], [106, 30], [107, 53], [110, 73], [111, 14], [112, 23], [113, 23], [114, 7], [115, 26], [116, 72], [122, 19], [125, 11],
  [130, 62], [131, 56],
]

export const ERRNO_TABLE = 'wasi_errno'
export const ERRNO_COUNT = 134

/** A byte by number of Linux; what has no counterpart is an input/output error. */
export function errnoData(): Datum {
  const bytes = new Uint8Array(ERRNO_COUNT).fill(Number(IO))
  for (const [linux, wasi] of numbers) bytes[linux] = wasi
  return constants(ERRNO_TABLE, bytes, { align: 1 })
}
