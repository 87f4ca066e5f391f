// Functions under windows_fastcall whose prologues differ: saved registers of either kind, sizes of frames, probes, none at all.
import { leaf, type UnwindProgram } from './unwind-programs.ts'

/** Integers and floats that live over calls of functions of both conventions, more or less of them. */
function busy(
  name: string,
  conv: string,
  callees: readonly (readonly [name: string, conv: string])[],
  ints: number,
  floats: number,
  slot: number,
): string {
  const count = (n: number, f: (i: number) => string): string =>
    Array.from({ length: n }, (_, i) => `    ${f(i)}`).join('\n')
  const names = callees.map(([n, c], i) => `    fn${i} = %${n}(i64, i64) -> i64 ${c}`).join('\n')
  return `function %${name}(i64, i64) -> i64 ${conv} {
    ss0 = explicit_slot ${slot}
${names}
block0(v0: i64, v1: i64):
    v2 = stack_addr.i64 ss0
    store v0, v2
    brif v1, block1, block2
block2:
    return v0
block1:
    v3 = fcvt_from_sint.f64 v1
${count(ints, (i) => `v${10 + i} = iadd v${i === 0 ? 0 : 9 + i}, v1`)}
${count(floats, (i) => `v${30 + i} = fadd v${i === 0 ? 3 : 29 + i}, v3`)}
${count(2, (k) => `v${70 + k} = call fn${k}(v0, v1)`)}
${count(ints, (i) => `v${100 + i} = bxor v${i === 0 ? 70 : 99 + i}, v${10 + i}`)}
${count(floats, (i) => `v${130 + i} = fsub v${i === 0 ? 3 : 129 + i}, v${30 + i}`)}
    v4 = fcvt_to_sint_sat.i64 v${floats === 0 ? 3 : 129 + floats}
    v5 = iadd v4, v${ints === 0 ? 70 : 99 + ints}
    v6 = iadd v5, v71
    return v6
}`
}

const WINDOWS = 'windows_fastcall'
const wleaf = leaf.replace('%leaf', '%wleaf').replace(' tail', ` ${WINDOWS}`)
/** Saves nothing and calls nothing, but has a frame. */
const framed = `function %framed(i64, i64) -> i64 ${WINDOWS} {
    ss0 = explicit_slot 24
block0(v0: i64, v1: i64):
    v2 = stack_addr.i64 ss0
    store v0, v2
    v3 = load.i64 v2
    v4 = isub v3, v1
    return v4
}`
const overwrites = `function %overwrites(i64, i64) -> i64 system_v {
    fn0 = %leaf(i64, i64) -> i64 tail
block0(v0: i64, v1: i64):
${Array.from({ length: 14 }, (_, i) => `    v${10 + i} = fcvt_from_sint.f64 v${i % 2}`).join('\n')}
${Array.from({ length: 13 }, (_, i) => `    v${40 + i} = fadd v${i === 0 ? 10 : 39 + i}, v${11 + i}`).join('\n')}
    v2 = fcvt_to_sint_sat.i64 v52
    v3 = call fn0(v2, v1)
    return v3
}`
const rest = [leaf, wleaf, framed, overwrites].join('\n')
const program = (f: readonly string[], settings?: UnwindProgram['settings']): UnwindProgram => ({
  text: `${f.join('\n')}\n${rest}`,
  ...(settings === undefined ? {} : { settings }),
})

export const windowsPrograms: Readonly<Record<string, UnwindProgram>> = {
  'every saved register': program([
    busy(
      'f',
      WINDOWS,
      [
        ['g', WINDOWS],
        ['overwrites', 'system_v'],
      ],
      12,
      14,
      16,
    ),
    busy(
      'g',
      WINDOWS,
      [
        ['wleaf', WINDOWS],
        ['framed', WINDOWS],
      ],
      3,
      2,
      8,
    ),
  ]),
  'called by and calling the other convention': program([
    busy(
      'f',
      'system_v',
      [
        ['g', WINDOWS],
        ['overwrites', 'system_v'],
      ],
      6,
      3,
      8,
    ),
    busy(
      'g',
      WINDOWS,
      [
        ['h', 'system_v'],
        ['wleaf', WINDOWS],
      ],
      0,
      12,
      8,
    ),
    busy(
      'h',
      'system_v',
      [
        ['framed', WINDOWS],
        ['leaf', 'tail'],
      ],
      5,
      5,
      8,
    ),
  ]),
  'large frames': program([
    busy(
      'f',
      WINDOWS,
      [
        ['g', WINDOWS],
        ['wleaf', WINDOWS],
      ],
      5,
      1,
      70_000,
    ),
    busy(
      'g',
      WINDOWS,
      [
        ['wleaf', WINDOWS],
        ['leaf', 'tail'],
      ],
      0,
      8,
      3000,
    ),
  ]),
  'probed frames': program(
    [
      busy(
        'f',
        WINDOWS,
        [
          ['g', WINDOWS],
          ['wleaf', WINDOWS],
        ],
        12,
        12,
        70_000,
      ),
      busy(
        'g',
        WINDOWS,
        [
          ['wleaf', WINDOWS],
          ['framed', WINDOWS],
        ],
        12,
        12,
        9000,
      ),
    ],
    { enable_probestack: true },
  ),
  'frame pointers in leaves': program(
    [
      busy(
        'f',
        WINDOWS,
        [
          ['wleaf', WINDOWS],
          ['wleaf', WINDOWS],
        ],
        1,
        0,
        8,
      ),
    ],
    {
      preserve_frame_pointers: true,
    },
  ),
}
