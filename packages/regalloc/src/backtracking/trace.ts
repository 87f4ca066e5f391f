// The live ranges and what became of them, as text. One line per bundle, then one per decision; points are written as instruction and phase
// (`7` early, `7.5` late), uses with what they need: `reg`, `<16`, and a hint after `~`.
import { allocIndex, allocIsReg } from '../interface.ts'
import {
  B_ALLOC,
  B_INFO,
  B_SET,
  B_WEIGHT,
  B_WORDS,
  HINT_SHIFT,
  LIMIT_MASK,
  R_NEXT,
  R_TO,
  R_USE,
  R_VREG,
  type Tables,
  U_INFO,
  U_NEXT,
} from './tables.ts'

function pointText(p: number): string {
  return String(p / 2)
}

export function regText(reg: number): string {
  return `${'ifv'[reg >> 6] ?? '?'}${reg & 63}`
}

/** A bundle's name and ranges. */
export function bundleText(t: Tables, bundle: number): string {
  const { ranges, uses, bundles } = t
  const parts: string[] = []
  for (let r = bundles[bundle]; r >= 0; r = ranges[r + R_NEXT]) {
    const needs: string[] = []
    for (let u = ranges[r + R_USE]; u >= 0; u = uses[u + U_NEXT]) {
      const limit = uses[u + U_INFO] & LIMIT_MASK
      const hint = (uses[u + U_INFO] >> HINT_SHIFT) - 1
      const need = limit === 0 ? '' : limit === 64 ? ' reg' : ` <${limit}`
      needs.push(`${pointText(uses[u])}${need}${hint < 0 ? '' : ` ~${regText(hint)}`}`)
    }
    const list = needs.length === 0 ? '' : ` (${needs.join(', ')})`
    parts.push(`v${ranges[r + R_VREG]} ${pointText(ranges[r])}..${pointText(ranges[r + R_TO])}${list}`)
  }
  return `bundle${bundle / B_WORDS} {${parts.join('; ')}}`
}

export function traceBundles(t: Tables, trace: (line: string) => void): void {
  trace(`${t.input.name}: bundles`)
  for (let b = 0; b < t.bundlesEnd; b += B_WORDS) {
    if (t.bundles[b] < 0) continue
    const hint = (t.bundles[b + B_INFO] >> HINT_SHIFT) - 1
    const set = t.bundles[b + B_SET]
    trace(
      `  ${bundleText(t, b)} set ${set} weight ${t.bundles[b + B_WEIGHT]}${hint < 0 ? '' : ` hint ${regText(hint)}`}`,
    )
  }
  trace(`${t.input.name}: decisions`)
}

/** Where a bundle ended up. */
export function placeText(t: Tables, bundle: number): string {
  const a = t.bundles[bundle + B_ALLOC]
  return allocIsReg(a) ? regText(allocIndex(a)) : 'memory'
}
