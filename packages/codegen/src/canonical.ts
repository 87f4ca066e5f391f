// One text for equal plain data.

/** JSON with the keys of objects in order; of what JSON does not have, only undefined may occur (left out), and bigints (as text). */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => {
    if (typeof v === 'bigint') return `${v}n`
    if (typeof v === 'function' || typeof v === 'symbol') throw new TypeError(`a ${typeof v} among the options`)
    if (v instanceof Map || v instanceof Set) return [...v]
    if (typeof v !== 'object' || v === null || Array.isArray(v)) return v
    return Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
