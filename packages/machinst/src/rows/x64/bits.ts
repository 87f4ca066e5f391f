// The bits of an x64 row, parsed: the notation of the Intel manual's opcode column (volume 2, 3.1.1.1), tokens separated by blanks.
//
//   66 F2 F3 F0        prefixes, before everything else          NP            none (the same as leaving it out)
//   REX.W              64-bit operand                            0F 38 1C      opcode bytes; what follows the opcode proper is constant
//   VEX.128.66.0F38.W1 98, EVEX....                              L0, LZ, LIG, 128 are the same here: L is 0. W0, W1, or WIG
//   /r /digit          ModRM with two operands or one            +r +cc        register or condition in the opcode byte (`50+r`)
//   ib iw id io        immediate                                 cb cd         pc-relative distance
//   /is4               register in the immediate byte
//
// Ours, for alternatives:
//   r/                 /r with both registers exchanged (register forms only)
//   1                  the immediate is 1 and not encoded ("SHL r/m32, 1")
//   [dst=rax]          the operand is rax and not encoded ("ADD RAX, imm32"); register forms only
import { ALT_66, ALT_F2, ALT_F3, ALT_LOCK, FORM_EVEX, FORM_LEGACY, FORM_VEX } from './types.ts'

export interface ParsedAlternative {
  readonly text: string
  readonly form: number
  readonly prefixes: number
  readonly map: number
  readonly opcode: number
  readonly w: 0 | 1
  readonly wig: boolean
  readonly plus: 'none' | 'r' | 'cc'
  readonly modrm: 'none' | 'r' | 'swapped' | number
  /** Bytes of the immediate, 0 none. */
  readonly imm: number
  /** Bytes of the distance, 0 none. */
  readonly label: number
  readonly is4: boolean
  readonly one: boolean
  /** Operand that is rax. */
  readonly rax: string | undefined
  readonly constants: readonly number[]
}

const PREFIXES: Readonly<Record<string, number>> = { '66': ALT_66, F2: ALT_F2, F3: ALT_F3, F0: ALT_LOCK }
const MAPS: Readonly<Record<string, number>> = { '0F': 1, '0F38': 2, '0F3A': 3 }
const IMMEDIATES: Readonly<Record<string, number>> = { ib: 1, iw: 2, id: 4, io: 8 }
const LABELS: Readonly<Record<string, number>> = { cb: 1, cd: 4 }

/** Bytes that are no opcode: legacy prefixes, REX, the escape, VEX and EVEX. */
const NO_OPCODE: Readonly<Record<number, readonly number[]>> = {
  0: [0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x62, 0x64, 0x65, 0x66, 0x67, 0xc4, 0xc5, 0xf0, 0xf2, 0xf3].concat(
    Array.from({ length: 16 }, (_, i) => 0x40 + i),
  ),
  1: [0x38, 0x3a],
}

export function parseX64Bits(bits: string, fail: (message: string) => never): ParsedAlternative[] {
  return bits.split('|').map((text) => parseAlternative(text.trim(), fail))
}

function parseAlternative(text: string, fail: (message: string) => never): ParsedAlternative {
  const tokens = text.split(/\s+/)
  let at = 0
  let form = FORM_LEGACY
  let prefixes = 0
  let map = 0
  let w: 0 | 1 = 0
  let wig = false
  const vector = /^(E?VEX)\.(\S+)$/.exec(tokens[0])
  if (vector !== null) {
    at++
    form = vector[1] === 'VEX' ? FORM_VEX : FORM_EVEX
    ;({ prefixes, map, w, wig } = parseVector(vector[2].split('.'), text, fail))
  } else {
    if (tokens[at] === 'NP') at++
    while (at < tokens.length - 1 && Object.hasOwn(PREFIXES, tokens[at])) prefixes |= PREFIXES[tokens[at++]]
    if (tokens[at] === 'REX.W') {
      at++
      w = 1
    }
    if (tokens[at] === '0F') {
      at++
      map = 1
      if (tokens[at] === '38' || tokens[at] === '3A') map = tokens[at++] === '38' ? 2 : 3
    }
  }
  const op = /^([0-9A-F]{2})(?:\+(r|cc))?$/.exec(tokens[at] ?? '')
  if (op === null) fail(`'${text}' has no opcode byte`)
  at++
  const opcode = Number.parseInt(op[1], 16)
  const plus = (op[2] ?? 'none') as 'none' | 'r' | 'cc'
  if (form === FORM_LEGACY && NO_OPCODE[map]?.includes(opcode)) fail(`${op[1]} is a prefix or an escape, not an opcode`)
  if (plus !== 'none' && (opcode & (plus === 'r' ? 7 : 15)) !== 0)
    fail(`the low bits of ${op[1]} are not free for +${plus}`)
  let modrm: ParsedAlternative['modrm'] = 'none'
  let [imm, label, is4, one] = [0, 0, false, false]
  let rax: string | undefined
  const constants: number[] = []
  for (; at < tokens.length; at++) {
    const token = tokens[at]
    const digit = /^\/([0-7])$/.exec(token)
    const fixed = /^\[(\w+)=rax\]$/.exec(token)
    if (/^[0-9A-F]{2}$/.test(token)) constants.push(Number.parseInt(token, 16))
    else if (token === '/r') modrm = 'r'
    else if (token === 'r/') modrm = 'swapped'
    else if (digit !== null) modrm = Number(digit[1])
    else if (Object.hasOwn(IMMEDIATES, token)) imm = IMMEDIATES[token]
    else if (Object.hasOwn(LABELS, token)) label = LABELS[token]
    else if (token === '/is4') is4 = true
    else if (token === '1') one = true
    else if (fixed !== null) rax = fixed[1]
    else fail(`'${token}' in '${text}' is nothing that bits can have`)
  }
  if (constants.length > 0 && (modrm !== 'none' || imm !== 0 || label !== 0))
    fail(`'${text}' has constant bytes and operands`)
  if (constants.length > 7) fail(`'${text}' has too many constant bytes`)
  return { text, form, prefixes, map, opcode, w, wig, plus, modrm, imm, label, is4, one, rax, constants }
}

function parseVector(
  parts: readonly string[],
  text: string,
  fail: (message: string) => never,
): { prefixes: number; map: number; w: 0 | 1; wig: boolean } {
  const rest = [...parts]
  if (!['128', 'LIG', 'L0', 'LZ'].includes(rest.shift() ?? '')) fail(`'${text}': the length must be 128, LIG, L0 or LZ`)
  let prefixes = 0
  if (rest[0] === 'NP') rest.shift()
  else if (Object.hasOwn(PREFIXES, rest[0]) && rest[0] !== 'F0') prefixes = PREFIXES[rest.shift()!]
  const map = MAPS[rest.shift() ?? ''] ?? fail(`'${text}': the map must be 0F, 0F38 or 0F3A`)
  const width = rest.shift()
  if (width === undefined || !['W0', 'W1', 'WIG'].includes(width) || rest.length > 0)
    fail(`'${text}' must end in W0, W1 or WIG`)
  return { prefixes, map, w: width === 'W1' ? 1 : 0, wig: width === 'WIG' }
}
