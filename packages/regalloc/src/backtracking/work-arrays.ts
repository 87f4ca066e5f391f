// Numbers of the backtracking allocator's arrays in its workspace.
// biome-ignore-start format: table
export const DEF_BLOCK = 0
export const LAST_VALUE = 1
export const LIVE_START = 2
export const LIVE_VALUES = 3
export const USE_START = 4
export const USE_BLOCK = 5
export const LIVE_TO = 6
export const FIRST_USE = 7
export const LAST_USE = 8
export const BUNDLE_OF = 9
export const NUM_RANGES = 10
export const PARENT = 11
export const OWN_SLOT = 12
export const BLOCK_ORDER = 13
export const SORT_A = 14
export const SORT_B = 15
export const LOCATION = 16
export const PIECE_START = 17
export const PIECES = 18
export const SLOT_OF = 19
export const SLOT_END = 20
export const SPLITS = 21
export const TIED = 22
export const IS_FIRST = 23
export const NUMBER = 24
export const KNOWN_IN = 25
export const NEEDED = 26
export const LIVE_AT = 27
// biome-ignore-end format: table
