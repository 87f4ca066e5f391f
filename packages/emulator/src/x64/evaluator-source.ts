// The source of the direct evaluator of x64: one loop over slots, with the bodies of frequent instructions; functions of some dozens of bodies
// each for the others.
//
// V8 never optimizes a function of more than 60 KB of bytecode, and one switch over all instructions would be a multiple of that
// (js-performance: 3-5 times slower). What our compilers and others emit most is in the loop.

import { bug } from '@k23/entity'
import type { CompiledX64Row, Effect } from '@k23/machinst/rows'
import { PSEUDO_KINDS } from '../semantics/protocol.ts'
import type { X64SemanticsTable } from './builder.ts'
import {
  LAYOUT_ENDS,
  LAYOUT_FOURTH,
  LAYOUT_HAS_SEMANTICS,
  LAYOUT_IMMEDIATE,
  LAYOUT_LABEL,
  LAYOUT_MEMORY,
  LAYOUT_REGISTERS,
  LAYOUT_WIDE,
} from './layout.ts'
import { instructionText, operationText, type Place } from './text.ts'
import { type VectorBinding, vectorBindings, vectorOperations } from './vector/binding.ts'

const SLOT_MEMORY = 4
const SLOT_IMMEDIATE = 7

/** Effects of rows that leave for elsewhere, which only the loop can. */
const LEAVING: readonly Effect[] = ['branch', 'jump', 'call', 'ret', 'trap']

/** Rows in the loop beside those. */
const IN_LOOP =
  /^((add|sub|and|or|xor)[lq]_(rr|rm|ri)|cmp[lq]_(rr|rm|ri|mr|mi)|test[lq]_(rr|ri)|mov[bwlq]_(mr|mi)|mov[lq]_(rr|rm|ri)|movabsq_ri|mov(zb|zw|sb|sw)[lq]_(rr|rm)|movslq_(rr|rm)|lea[lq]_rm|imul[lq]_(rr|rri)|(shl|shr|sar)[lq]_(ri|rc)|(rol|ror)[lq]_ri|cmov[lq]_rr|setcc_r|pushq_r|popq_r|nop\d|hlt|syscall|neg[lq]_r|not[lq]_r|v?mov(aps|ups|dqa|dqu)_(rr|rm|mr)|v?movs[sd]_(rm|mr)|v?mov[dq]_(xr|rx))$/

/** Operations of the vector unit that are in the loop where all operands are registers: scalar arithmetic, and what sets registers to zero. */
const VECTOR_IN_LOOP = /^v?((add|sub|mul|div)s[sd]|ucomis[sd]|cvtsi2sd[lq]|cvttsd2si[lq]|xorp[sd]|pxor)_r+$/

/** Out-of-line bodies in one function, by lines of text. */
const LINES_PER_FUNCTION = 1200

export interface X64EvaluatorSource {
  readonly text: string
  /** The module of the vector unit's functions and forms. */
  readonly vectorText: string
  /** Ids of rows that have semantics. */
  readonly covered: readonly string[]
}

/** Where a row's operands are in its slot, and the layout that says the same to the code cache. */
export function slotPlaces(row: CompiledX64Row): { places: Map<string, Place>; layout: number } {
  const places = new Map<string, Place>()
  let layout = LAYOUT_HAS_SEMANTICS
  let registers = 0
  for (const o of row.operands) {
    const { entry } = o
    if (entry.kind === 'register') {
      if (entry.field === 'none')
        places.set(o.name, { register: entry.fixed ?? bug('generate', row.id, o.name, 'no number') })
      else {
        layout |= o.word << (4 * registers)
        places.set(o.name, { word: ++registers })
        if (registers > LAYOUT_REGISTERS) bug('generate', row.id, o.name, 'more registers than a slot holds')
      }
    } else if (entry.kind === 'memory') {
      places.set(o.name, { word: SLOT_MEMORY })
    } else if (entry.label === true) {
      layout |= o.word << LAYOUT_LABEL
      places.set(o.name, { word: SLOT_MEMORY })
    } else {
      layout |= o.word << LAYOUT_IMMEDIATE
      if (entry.bytes === 8) layout |= LAYOUT_WIDE
      places.set(o.name, { word: SLOT_IMMEDIATE })
    }
  }
  return { places, layout }
}

export function x64EvaluatorSource(
  rows: readonly CompiledX64Row[],
  semantics: X64SemanticsTable,
  generator: string,
): X64EvaluatorSource {
  const vectors = vectorBindings(rows)
  const layouts: number[] = new Array(rows.length).fill(0)
  const slotKinds: number[] = new Array(rows.length).fill(0)
  const covered: string[] = []
  // Rows with the same text are one kind: locked and not, AVX and SSE, moves of one size.
  const inline = new Map<string, CompiledX64Row[]>()
  const others = new Map<string, CompiledX64Row[]>()
  for (const row of rows) {
    const binding = VECTOR_IN_LOOP.test(row.id) ? vectors.get(row) : undefined
    const body = binding === undefined ? semantics[row.id] : vectorOperations[binding.operation]
    if (body === undefined) continue
    covered.push(row.id)
    vectors.delete(row)
    const { places, layout } = slotPlaces(row)
    const place = (operand: string): Place | undefined => places.get(binding?.operands[operand] ?? operand)
    const isInline = binding !== undefined || LEAVING.includes(row.attrs.effect ?? 'none') || IN_LOOP.test(row.id)
    const { text, terminates, transfers } = instructionText(row.id, body, place, !isInline)
    if (transfers && !isInline) bug('generate', row.id, '-', 'a body out of line cannot transfer control')
    layouts[row.opcode] = layout | (terminates ? LAYOUT_ENDS : 0)
    const end = terminates ? '' : isInline ? '\n  break' : '\n  return NEXT'
    const list = isInline ? inline : others
    const key = `${text}${end}`
    const same = list.get(key)
    if (same === undefined) list.set(key, [row])
    else same.push(row)
  }

  let kind = PSEUDO_KINDS
  const cases = (list: readonly (readonly [text: string, rows: CompiledX64Row[]])[]): string =>
    list
      .map(([text, same]) => {
        for (const row of same) slotKinds[row.opcode] = kind
        return `case ${kind++}: { // ${same.map((row) => row.id).join(' ')}\n${indent(text)}\n}`
      })
      .join('\n')
  const loop = cases([...inline])
  const groups: { first: number; text: string }[] = []
  const rest = [...others]
  for (let at = 0; at < rest.length; ) {
    let lines = 0
    let end = at
    while (end < rest.length && lines < LINES_PER_FUNCTION) lines += rest[end++][0].split('\n').length
    groups.push({ first: kind, text: cases(rest.slice(at, end)) })
    at = end
  }
  const firstVector = kind
  const forms = new Map<string, number>()
  for (const [row, binding] of vectors) {
    covered.push(row.id)
    layouts[row.opcode] = vectorLayout(row, binding)
    const { operation, load, store, aligned } = binding
    const form = `{ run: ${functionName(operation)}, load: ${load}, store: ${store}, aligned: ${aligned} }`
    let number = forms.get(form)
    if (number === undefined) forms.set(form, (number = forms.size))
    slotKinds[row.opcode] = firstVector + number
  }
  const dispatch = groups
    .map((_, g) => `  if (kind < ${groups[g + 1]?.first ?? firstVector}) return group${g}(hart, code, mem, i, n)`)
    .join('\n')
  const functions = groups
    .map(
      (
        { text },
        g,
      ) => `function group${g}(hart: X64Hart, code: Int32Array, mem: EmulatedMemory, i: number, n: number): number {
  const x = hart.x
  switch (code[i] & 0xffff) {
${indent(text, 2)}
  }
  hart.slot = i; hart.left = n; return ILLEGAL
}
`,
    )
    .join('\n')

  const text = `// Generated by ${generator} from the instruction semantics. Do not edit.
import { i64, popcount32 } from '@k23/entity'
import type { CodeCache } from '../code-cache.ts'
import * as x86 from '../float/x86.ts'
import type { EmulatedMemory } from '../memory.ts'
import { ctz32, mulHigh32 } from '../semantics/words.ts'
import {
  ARITHMETIC, EBREAK, ECALL, FAULT, HOST_CALL, ILLEGAL, MISS_DIRECT, MISS_INDIRECT, MISS_LINK, OUT_OF_FUEL, RETURNED,
} from '../semantics/protocol.ts'
import type { X64Hart } from '../x64/hart.ts'
import {
  crc32c, deposit, divide, effectiveAddress, extract, highWord, quotientHi, quotientLo, remainderHi, remainderLo,
} from '../x64/helpers.ts'
import { runVector } from '../x64/vector/unit.ts'
import { carryFlag, condition, knowFlags, overflowFlag, overrideFlags } from './x64-flags.ts'

/** By opcode (x64/evaluator-source.ts: LAYOUT_*); 0 for rows without semantics. */
export const layouts: Int32Array = new Int32Array([${layouts.join(', ')}])

/** By opcode: what its slots hold in the low half of word 0. */
export const slotKinds: Uint16Array = new Uint16Array([${slotKinds.join(', ')}])

/** Executes up to \`n\` instructions from hart.slot on. Leaves in hart.slot the slot that stopped, in hart.left what is left of n. */
export function evaluate(hart: X64Hart, cache: CodeCache, mem: EmulatedMemory, n: number): number {
  const { x, xf32, xf64 } = hart
  const { code, pcs, link, pageIndex, slotAt } = cache
  const { perms, u8, u16, i32 } = mem
  let i = hart.slot
  while (n > 0) {
    switch (code[i] & 0xffff) {
${indent(loop, 3)}
      case 0: { // LINK
        const s = link[i >> 3]
        if (s !== 0) { i = s; continue }
        hart.slot = i; hart.left = n; return MISS_LINK
      }
      case 1:
        hart.slot = i; hart.left = n; return ILLEGAL
      case 2:
        hart.slot = i; hart.left = n - 1; return HOST_CALL
      case 3:
        hart.slot = i; hart.left = n; return RETURNED
      default: {
        const exit = evaluateOutOfLine(hart, code, mem, i, n)
        if (exit !== NEXT) return exit
      }
    }
    i += 8
    n--
  }
  hart.slot = i
  hart.left = n
  return OUT_OF_FUEL
}

const NEXT = -1

/** One instruction that is not in the loop; NEXT, or why the loop is left. */
function evaluateOutOfLine(hart: X64Hart, code: Int32Array, mem: EmulatedMemory, i: number, n: number): number {
  const kind = code[i] & 0xffff
${dispatch}
  if (runVector(hart, code, mem, i, kind - ${firstVector})) return NEXT
  hart.slot = i
  hart.left = n
  return FAULT
}

${functions}`
  return {
    text,
    vectorText: vectorSource([...new Set([...vectors.values()].map((v) => v.operation))], [...forms.keys()], generator),
    covered,
  }
}

const functionName = (operation: string): string => `${operation}_`

/** Where the code cache finds the operands of a row of the vector unit. */
function vectorLayout(row: CompiledX64Row, { operands }: VectorBinding): number {
  const word = (name: string | undefined): number => {
    if (name === undefined) return 0
    if (name === 'mem') return LAYOUT_MEMORY
    return row.operands.find((o) => o.name === name)?.word ?? bug('generate', row.id, name, 'no such operand')
  }
  const { d, a, b, c } = operands
  const registers = word(d) | (word(a) << 4) | (word(b) << 8) | (word(c) << LAYOUT_FOURTH)
  return LAYOUT_HAS_SEMANTICS | registers | (word(row.operands.find((o) => o.name === 'imm')?.name) << LAYOUT_IMMEDIATE)
}

function vectorSource(operations: readonly string[], forms: readonly string[], generator: string): string {
  const functions = operations.map((name) => {
    const text = operationText(name, vectorOperations[name])
    const uses = (what: string): boolean => new RegExp(`\\b${what}\\b`).test(text)
    const views = ['x', 'x8', 'x8s', 'x16', 'x16s', 'xf32', 'xf64'].filter(uses)
    const parameters = ['d', 'a', 'b', 'c', 'imm']
    // Those behind the last that is used are left out.
    const used = parameters.slice(0, parameters.findLastIndex(uses) + 1)
    const list = used.map((p) => `${uses(p) ? p : `_${p}`}: number`)
    return `function ${functionName(name)}(hart: X64Hart, ${list.join(', ')}): void {
  const { ${views.join(', ')} } = hart
${indent(text)}
}
`
  })
  const all = functions.join('\n')
  const entity = ['i64', 'popcount32'].filter((name) => new RegExp(`\\b${name}\\b`).test(all))
  return `// Generated by ${generator} from the operations of the vector unit. Do not edit.
import { ${entity.join(', ')} } from '@k23/entity'
import * as x86 from '../float/x86.ts'
import { mulHigh32 } from '../semantics/words.ts'
import type { X64Hart } from '../x64/hart.ts'
import { mask, stringFlags, strings } from '../x64/helpers.ts'
import type { VectorForm } from '../x64/vector/unit.ts'
import { knowFlags } from './x64-flags.ts'

${all}
export const forms: readonly VectorForm[] = [
${forms.map((form) => `  ${form},`).join('\n')}
]
`
}

function indent(text: string, depth = 1): string {
  const pad = '  '.repeat(depth)
  return text.replace(/^(?=.)/gm, pad)
}
