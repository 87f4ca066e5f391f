// Random programs whose %g may throw, and whose %f goes on behind each call of it, with its results or with what the handler puts in their places.
import { type RandomProgram, randomProgram } from './random-clif.ts'

/** Values and blocks of ours have numbers from here on, higher than any of the program's. */
const OURS = 100_000
/** What %g throws by: the two lowest bits of its first argument; 0 is nothing, 3 nobody takes. */
const TAG_BITS = 3

export function throwingProgram(seed: number): RandomProgram {
  const program = randomProgram(seed)
  // Others have no exceptions.
  const convention = ['system_v', 'tail', 'winch'][seed % 3]
  const [f, g] = [calls(program.f, convention), throws(program.g, convention)]
  return { ...program, f, g, text: `${f}\n${g}` }
}

const CONVENTIONS = /\b(?:system_v|fast|tail|winch|windows_fastcall)\b/

function throws(g: string, convention: string): string {
  return g
    .replace(CONVENTIONS, convention)
    .replace('    ss0 =', `    ss1 = explicit_slot 16\n    fn1 = %throw(i64, i64) system_v\n    ss0 =`)
    .replace(/^block0\((v\d+): .*$/m, (head, first: string) => {
      const v = (i: number): string => `v${OURS + i}`
      return `${head}
    ${v(0)} = stack_addr.i64 ss1
    ${v(1)} = iconst.i64 0
    store ${v(1)}, ${v(0)}
    store ${first}, ${v(0)}
    ${v(2)} = load.i64 ${v(0)}
    ${v(3)} = iconst.i64 ${TAG_BITS}
    ${v(4)} = band ${v(2)}, ${v(3)}
    call fn1(${v(4)}, ${v(2)})`
    })
}

function calls(f: string, convention: string): string {
  const declaration = /fn0 = %g\(.*\) -> (.*) \w+\n/.exec(f)
  if (declaration === null) return f
  const types = declaration[1].split(', ')
  let values = OURS
  let blocks = OURS
  return f
    .replace(declaration[0], declaration[0].replace(CONVENTIONS, convention))
    .replace(/^ *(v\d+(?:, v\d+)*) = call fn0\((.*)\)$/gm, (_, results: string, args: string) => {
      const lines: string[] = []
      const instead = types.map((t, i) => {
        if (t === 'i64') return i % 2 === 0 ? 'exn0' : 'exn1'
        const v = `v${values++}`
        if (t === 'i128') {
          lines.push(`${v} = iconst.i64 ${7 * i - 5}`, `v${values} = iconcat ${v}, ${v}`)
          return `v${values++}`
        }
        lines.push(t[0] === 'f' ? `${v} = ${t}const 0x1.8p${i}` : `${v} = iconst.${t} ${7 * i - 5}`)
        return v
      })
      const next = `block${blocks++}`
      const params = results.split(', ').map((v, i) => `${v}: ${types[i]}`)
      const returned = types.map((_, i) => `ret${i}`)
      const handler = `${next}(${instead.join(', ')})`
      lines.push(`try_call fn0(${args}), sig0, ${next}(${returned.join(', ')}), [ tag1: ${handler}, tag2: ${handler} ]`)
      return `${lines.map((l) => `    ${l}`).join('\n')}\n${next}(${params.join(', ')}):`
    })
}
