// Rules as text, for messages, documentation and traces: `(iadd x0 (iconst k1:-2048..2047))`.
import { floatCCNames, intCCNames } from '@k23/ir'
import { patternsOf } from './engine.ts'
import type { Capture, Pat } from './pattern.ts'
import { equationOf, type Rewrite } from './rewrite.ts'
import type { Rule } from './rule.ts'
import { any, typeSetName } from './typeset.ts'

const LETTER: Record<string, string> = {
  value: 'x',
  const: 'k',
  cc: 'c',
  type: 'T',
  inst: 'i',
  sinkable: 'load',
  imm: 'n',
}

/** `name: type pattern if flag, not flag, guard`. */
export function printRule(rule: Rule): string {
  const printed = new Printer()
  const pattern = patternsOf(rule).map((p) => printed.pat(p))
  const left =
    rule.term === undefined ? `${typeSetName(rule.types)} ${pattern[0]}` : `(${rule.term.name} ${pattern.join(' ')})`
  const flags = rule.flags.map((f) => (f.want ? f.name : `not ${f.name}`))
  const guards = [rule.where, ...rule.derive].filter((f) => f !== undefined).map((f) => f.name || 'guard')
  const when = [...flags, ...guards]
  return `${rule.name}: ${left}${when.length === 0 ? '' : ` if ${when.join(', ')}`}`
}

/** `name: type left = right if condition`; `=>` where the right side replaces the left. */
export function printRewrite(rule: Rewrite): string {
  const { left, right, replaces, condition } = equationOf(rule)
  const printed = new Printer()
  const sides = `${printed.pat(left)} ${replaces ? '=>' : '='} ${printed.pat(right)}`
  const when = condition === undefined ? '' : ` if ${printed.pat(condition)}`
  return `${rule.name}: ${typeSetName(rule.types)} ${sides}${when}`
}

class Printer {
  private readonly seen: Set<number> = new Set()

  pat(p: Pat): string {
    switch (p.kind) {
      case 'capture':
        return this.capture(p)
      case 'literal':
        return String(p.value)
      case 'alt':
        return `{${p.alts.map((q) => this.pat(q)).join(' | ')}}`
      case 'at':
        return `${this.pat(p.inst)}@${this.pat(p.pat)}`
      case 'typed':
        return `${this.pat(p.pat)}.${'mask' in p.type ? typeSetName(p.type) : this.pat(p.type)}`
      case 'fn':
        return `${p.fn.name}(${p.args.map((q) => this.pat(q)).join(', ')})`
      case 'rootType':
        return 'T'
      case 'op': {
        const imms = p.imms.map((q) => (q === undefined ? '_' : this.pat(q)))
        const codeFirst = p.format === 'IntCompare' || p.format === 'FloatCompare' || p.format === 'AtomicRmw'
        const args = p.args.map((q) => this.pat(q))
        return `(${[p.op, ...(codeFirst ? [...imms, ...args] : [...args, ...imms])].join(' ')})`
      }
    }
  }

  /** Its constraint is shown where it stands first. */
  private capture(c: Capture): string {
    const name = `${LETTER[c.spec.sort]}${c.index}`
    if (this.seen.has(c.index)) return name
    this.seen.add(c.index)
    const { spec } = c
    if ((spec.sort === 'value' || spec.sort === 'type') && spec.types !== any)
      return `${name}:${typeSetName(spec.types)}`
    if (spec.sort === 'cc') {
      const names = spec.float ? floatCCNames : intCCNames
      const members = names.filter((n, i) => n !== '' && ((spec.mask >> i) & 1) === 1)
      return members.length === names.filter((n) => n !== '').length ? name : `${name}:${members.join('|')}`
    }
    if (spec.sort !== 'const' || spec.test.how === 'any') return name
    if (spec.test.how === 'by') return `${name}:${spec.test.by.name}`
    const { how, min, max, step } = spec.test
    return `${name}:${how === 'unsigned' ? 'u' : ''}${min}..${max}${step === 1 ? '' : `/${step}`}`
  }
}
