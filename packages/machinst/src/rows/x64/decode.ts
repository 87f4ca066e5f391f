// Decoder: bytes to the same words that the constructors push. Prefixes, opcode and ModRM are parsed once; then the candidates for the
// opcode byte are compared, and the operands of the one that matches are read.
//
// Undefined (0 words): prefixes that the row does not name, masking, broadcast, vector lengths above 128, registers above 15, ah .. bh.
import { NO_REG } from '../registers.ts'
import {
  ALT_66,
  ALT_DIGIT,
  ALT_F2,
  ALT_F3,
  ALT_INTS,
  ALT_LABEL,
  ALT_LOCK,
  ALT_MEMORY,
  ALT_MODRM,
  ALT_PLUS_CC,
  ALT_REG8,
  ALT_RM8,
  ALT_SIGNED,
  ALT_WIG,
  COND_ONE,
  FORM_EVEX,
  FORM_LEGACY,
  FORM_VEX,
  MEM_LABEL,
  MEM_REGISTERS,
  type X64Tables,
} from './types.ts'

const ALL_PREFIXES = ALT_66 | ALT_F2 | ALT_F3 | ALT_LOCK
/** Longer ones are undefined, whatever their prefixes. */
const MAX_LENGTH = 15

const PP = [0, ALT_66, ALT_F3, ALT_F2]

// What the prefixes say, and where the decoder stands: of the last call.
let code: Uint8Array = new Uint8Array(0)
let pos = 0
let form = 0
let map = 0
let prefixes = 0
let hasRex = false
let w = 0
let r = 0
let x = 0
let b = 0
let vvvv = 0
let length = 0

/** Bytes of the instruction that decodeX64 saw last. */
export function decodedLengthX64(): number {
  return length
}

/** Decodes the instruction at bytes[at] to out[to]; returns how many words, 0 where it is undefined or incomplete. */
export function decodeX64(t: X64Tables, bytes: Uint8Array, at: number, out: Int32Array, to: number): number {
  code = bytes
  pos = at
  if (!readPrefixes()) return 0
  const opcodeAt = pos
  const key = (form * 4 + map) * 256 + bytes[opcodeAt]
  const modrm = bytes[opcodeAt + 1]
  for (let i = t.decodeStart[key], end = t.decodeStart[key + 1]; i < end; i++) {
    const alt = t.decodeAlts[i]
    const a = t.alts[alt * ALT_INTS]
    const c = t.alts[alt * ALT_INTS + 2]
    if ((a & ALL_PREFIXES) !== prefixes) continue
    if ((a & ALT_WIG) === 0 && ((a >> 12) & 1) !== w) continue
    if ((a & ALT_MODRM) !== 0) {
      if (modrm < 0xc0 !== ((a & ALT_MEMORY) !== 0)) continue
      if ((a & ALT_DIGIT) !== 0 && ((modrm >> 3) & 7) !== ((a >> 19) & 7)) continue
    }
    if (!constantsMatch(t, c, opcodeAt + 1)) continue
    pos = opcodeAt + 1 + ((c >> 11) & 7)
    if (!readOperands(t, alt, bytes[opcodeAt], out, to)) return 0
    if (pos > bytes.length) return 0
    length = pos - at
    if (length > MAX_LENGTH) return 0
    finish(t, alt, out, to)
    return t.words[t.alts[alt * ALT_INTS + 3]]
  }
  return 0
}

function constantsMatch(t: X64Tables, c: number, at: number): boolean {
  for (let n = (c >> 11) & 7, i = c >> 14, p = at; n > 0; n--) if (code[p++] !== t.altBytes[i++]) return false
  return true
}

/** Reads prefixes and escapes up to the opcode byte. */
function readPrefixes(): boolean {
  form = FORM_LEGACY
  prefixes = w = r = x = b = vvvv = map = 0
  hasRex = false
  for (; ; pos++) {
    const byte = code[pos]
    if (byte === 0x66) prefixes |= ALT_66
    else if (byte === 0xf2) prefixes |= ALT_F2
    else if (byte === 0xf3) prefixes |= ALT_F3
    else if (byte === 0xf0) prefixes |= ALT_LOCK
    else break
  }
  const byte = code[pos]
  if (byte === 0xc5 || byte === 0xc4 || byte === 0x62) return prefixes === 0 && readVector(byte)
  if ((byte & 0xf0) === 0x40) {
    hasRex = true
    w = (byte >> 3) & 1
    r = (byte >> 2) & 1
    x = (byte >> 1) & 1
    b = byte & 1
    pos++
  }
  if (code[pos] === 0x0f) {
    map = 1
    pos++
    if (code[pos] === 0x38 || code[pos] === 0x3a) {
      map = code[pos] === 0x38 ? 2 : 3
      pos++
    }
  }
  return pos < code.length
}

function readVector(byte: number): boolean {
  form = byte === 0x62 ? FORM_EVEX : FORM_VEX
  const p0 = code[pos + 1]
  r = (~p0 >> 7) & 1
  let rest = p0
  if (byte === 0xc5) {
    map = 1
    pos += 2
  } else {
    x = (~p0 >> 6) & 1
    b = (~p0 >> 5) & 1
    map = p0 & 31
    rest = code[pos + 2]
    w = rest >> 7
    pos += 3
    if (form === FORM_EVEX) {
      // R' and V' (inverted) are 1, and so is the fixed bit; no zeroing, length 128, no broadcast, no mask.
      if ((p0 & 0x18) !== 0x10 || (rest & 4) === 0 || code[pos] !== 8) return false
      map = p0 & 7
      pos++
    }
  }
  vvvv = (~rest >> 3) & 15
  prefixes = PP[rest & 3]
  if (form === FORM_VEX && (rest & 4) !== 0) return false
  return map >= 1 && map <= 3 && pos < code.length
}

function readOperands(t: X64Tables, alt: number, opcode: number, out: Int32Array, to: number): boolean {
  const a = t.alts[alt * ALT_INTS]
  const fields = t.alts[alt * ALT_INTS + 1]
  const c = t.alts[alt * ALT_INTS + 2]
  const banks = t.altBanks[alt]
  const op = t.alts[alt * ALT_INTS + 3]
  const n = t.words[op]
  out[to] = op | (n << 16)
  for (let i = 1; i < n; i++) out[to + i] = 0
  const rmWord = (fields >> 4) & 15
  if ((a & ALT_MODRM) !== 0) {
    const modrm = code[pos++]
    if ((a & ALT_REG8) !== 0 && isHighByte((modrm >> 3) & 7)) return false
    if ((fields & 15) !== 0) out[to + (fields & 15)] = registerWord(((modrm >> 3) & 7) | (r << 3), banks & 1)
    if (modrm < 0xc0) readMemory(a, c, modrm, out, to + rmWord)
    else {
      if (form === FORM_EVEX && x !== 0) return false
      if ((a & ALT_RM8) !== 0 && isHighByte(modrm & 7)) return false
      out[to + rmWord] = registerWord((modrm & 7) | (b << 3), (banks >> 1) & 1)
    }
  } else if (rmWord !== 0) out[to + rmWord] = registerWord((opcode & 7) | (b << 3), (banks >> 1) & 1)
  if ((fields & 0xf00) !== 0) out[to + ((fields >> 8) & 15)] = registerWord(vvvv, (banks >> 2) & 1)
  else if (vvvv !== 0) return false
  if ((fields & 0xf000) !== 0) {
    if ((code[pos] & 15) !== 0) return false
    out[to + ((fields >> 12) & 15)] = registerWord(code[pos++] >> 4, (banks >> 3) & 1)
  }
  if ((a & ALT_PLUS_CC) !== 0) out[to + ((fields >> 24) & 15)] = opcode & 15
  const bytes = (fields >> 20) & 15
  if (bytes !== 0) readImmediate(a, bytes, out, to + ((fields >> 16) & 15))
  return true
}

/** Without REX the numbers 4 to 7 mean ah, ch, dh and bh, which no row has. */
function isHighByte(low: number): boolean {
  return low > 3 && !hasRex
}

function registerWord(hw: number, bank: number): number {
  return bank * 128 + hw * 2
}

function read32(at: number): number {
  return code[at] | (code[at + 1] << 8) | (code[at + 2] << 16) | (code[at + 3] << 24)
}

function readImmediate(a: number, bytes: number, out: Int32Array, word: number): void {
  const isSigned = (a & (ALT_SIGNED | ALT_LABEL)) !== 0
  if (bytes === 1) out[word] = isSigned ? (code[pos] << 24) >> 24 : code[pos]
  else if (bytes === 2) {
    const value = code[pos] | (code[pos + 1] << 8)
    out[word] = isSigned ? (value << 16) >> 16 : value
  } else {
    out[word] = read32(pos)
    if (bytes === 8) out[word + 1] = read32(pos + 4)
  }
  pos += bytes
}

function readMemory(a: number, c: number, modrm: number, out: Int32Array, word: number): void {
  const mod = modrm >> 6
  let base = (modrm & 7) | (b << 3)
  let index = NO_REG
  let mode = MEM_REGISTERS << 4
  if ((modrm & 7) === 4) {
    const sib = code[pos++]
    base = (sib & 7) | (b << 3)
    const hw = ((sib >> 3) & 7) | (x << 3)
    if (hw !== 4) {
      index = hw * 2
      mode |= sib >> 6
    }
    if (mod === 0 && (sib & 7) === 5) base = NO_REG
  } else if (mod === 0 && (modrm & 7) === 5) {
    base = NO_REG
    mode = MEM_LABEL << 4
  }
  let disp = 0
  if (mod === 1) {
    const unit = ((a >> 10) & 3) === FORM_EVEX ? (c >> 8) & 7 : 0
    disp = ((code[pos++] << 24) >> 24) << unit
  } else if (mod === 2 || base === NO_REG) {
    disp = read32(pos)
    pos += 4
  }
  out[word] = base === NO_REG ? NO_REG : base * 2
  out[word + 1] = index
  out[word + 2] = mode
  out[word + 3] = disp
}

/** Words that no bits hold: implied immediates and registers, and the uses of read-write operands. */
function finish(t: X64Tables, alt: number, out: Int32Array, to: number): void {
  const c = t.alts[alt * ALT_INTS + 2]
  const op = t.alts[alt * ALT_INTS + 3]
  if ((c & 15) === COND_ONE) out[to + ((c >> 4) & 15)] = 1
  for (let i = t.fixedStart[op], end = t.fixedStart[op + 1]; i < end; i++)
    out[to + (t.fixed[i] & 0xff)] = t.fixed[i] >> 8
  for (let i = t.pairStart[op], end = t.pairStart[op + 1]; i < end; i++) {
    const word = to + t.pairs[i]
    out[word + 1] = out[word]
  }
}
