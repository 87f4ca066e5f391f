// Locked read-modify-write instructions (Intel SDM volume 2, LOCK); xchg with memory is locked without the prefix.
import { type X64RowTable, joinTables, x64Row as row } from '@k23/machinst/rows'
import { ALL, ARITHMETIC, B, forEach, LOGIC, op, type Rows } from './formats.ts'

function alu(name: string, n: number, attrs: typeof ARITHMETIC | typeof LOGIC): Rows {
  return forEach(ALL, (w) => {
    return {
      [`lock_${name}${w.suffix}_mr`]: row(
        `lock ${name}${w.suffix} src:${w.r}, +mem:${w.m}`,
        `${locked(w.prefix)}${op(8 * n, w)} /r`,
        attrs,
      ),
      [`lock_${name}${w.suffix}_mi`]: row(
        `lock ${name}${w.suffix} imm:${w.imm}, +mem:${w.m}`,
        `${w === B ? '' : `${locked(w.prefix)}83 /${n} ib | `}${locked(w.prefix)}${op(0x80, w)} /${n} ${w.i}`,
        attrs,
      ),
    }
  })
}

/** The prefix of the width with F0. */
function locked(prefix: string): string {
  return `F0 ${prefix}`
}

const exchanges = forEach(ALL, (w) => ({
  [`xchg${w.suffix}_mr`]: row(`xchg${w.suffix} +dst:${w.r}, +mem:${w.m}`, `${w.prefix}${op(0x86, w)} /r`),
  [`lock_xadd${w.suffix}_mr`]: row(
    `lock xadd${w.suffix} +dst:${w.r}, +mem:${w.m}`,
    `${locked(w.prefix)}0F ${op(0xc0, w)} /r`,
    ARITHMETIC,
  ),
  [`lock_cmpxchg${w.suffix}_mr`]: row(
    `lock cmpxchg${w.suffix} src:${w.r}, +mem:${w.m}`,
    `${locked(w.prefix)}0F ${op(0xb0, w)} /r`,
    { ...ARITHMETIC, implicit: '+rax' },
  ),
  [`lock_inc${w.suffix}_m`]: row(`lock inc${w.suffix} +mem:${w.m}`, `${locked(w.prefix)}${op(0xfe, w)} /0`, {
    writes: 'oszap',
  }),
  [`lock_dec${w.suffix}_m`]: row(`lock dec${w.suffix} +mem:${w.m}`, `${locked(w.prefix)}${op(0xfe, w)} /1`, {
    writes: 'oszap',
  }),
  [`lock_neg${w.suffix}_m`]: row(`lock neg${w.suffix} +mem:${w.m}`, `${locked(w.prefix)}${op(0xf6, w)} /3`, ARITHMETIC),
  [`lock_not${w.suffix}_m`]: row(`lock not${w.suffix} +mem:${w.m}`, `${locked(w.prefix)}${op(0xf6, w)} /2`),
}))

const pair: X64RowTable = {
  lock_cmpxchg16b_m: row('lock cmpxchg16b +mem:m128a', 'F0 REX.W 0F C7 /1', {
    feature: 'cmpxchg16b',
    implicit: '+rax +rdx rbx rcx',
    writes: 'z',
  }),
}

export const atomic: X64RowTable = joinTables(
  alu('add', 0, ARITHMETIC),
  alu('or', 1, LOGIC),
  alu('and', 4, LOGIC),
  alu('sub', 5, ARITHMETIC),
  alu('xor', 6, LOGIC),
  exchanges,
  pair,
)
