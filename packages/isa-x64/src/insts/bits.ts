// Bit scans, counts, tests and fields; BMI1, BMI2, ADX, CRC32 (Intel SDM volume 2).
import { type X64RowTable, joinTables, x64Row as row } from '@k23/machinst/rows'
import { forEach, hex, LQ, Q, type Rows, type Width } from './formats.ts'

const vexW = (w: Width) => (w === Q ? 'W1' : 'W0')

function counts(w: Width): Rows {
  const s = w.suffix
  const scan = { writes: 'oszapc', undef: 'osapc' }
  const count = { writes: 'oszapc', undef: 'osap' }
  // Legacy prefixes come before REX.
  const f3 = `F3 ${w.prefix}`
  // biome-ignore format: table
  return {
    // The destination keeps its value where the source is 0 (as processors do; AMD's manual promises it).
    [`bsf${s}_rM`]:    row(`bsf${s} src:${w.rm}, +dst:${w.r}`,    `${w.prefix}0F BC /r`, scan),
    [`bsr${s}_rM`]:    row(`bsr${s} src:${w.rm}, +dst:${w.r}`,    `${w.prefix}0F BD /r`, scan),
    [`tzcnt${s}_rM`]:  row(`tzcnt${s} src:${w.rm}, =dst:${w.r}`,  `${f3}0F BC /r`,       { feature: 'bmi1', ...count }),
    [`lzcnt${s}_rM`]:  row(`lzcnt${s} src:${w.rm}, =dst:${w.r}`,  `${f3}0F BD /r`,       { feature: 'lzcnt', ...count }),
    [`popcnt${s}_rM`]: row(`popcnt${s} src:${w.rm}, =dst:${w.r}`, `${f3}0F B8 /r`,       { feature: 'popcnt', writes: 'oszapc' }),
  }
}

/** bt, bts, btr, btc: register forms; in memory only with a constant, since a register's upper bits would address other memory. */
function tests(w: Width): Rows {
  const attrs = { writes: 'osapc', undef: 'osap' }
  return forEach(['bt', 'bts', 'btr', 'btc'], (name) => {
    const n = ['bt', 'bts', 'btr', 'btc'].indexOf(name)
    const sigil = name === 'bt' ? '' : '+'
    return {
      [`${name}${w.suffix}_rr`]: row(
        `${name}${w.suffix} bit:${w.r}, ${sigil}dst:${w.rb}`,
        `${w.prefix}0F ${hex(0xa3 + 8 * n)} /r`,
        attrs,
      ),
      [`${name}${w.suffix}_Mi`]: row(
        `${name}${w.suffix} imm:${w.count}, ${sigil}dst:${w.rm}`,
        `${w.prefix}0F BA /${4 + n} ib`,
        attrs,
      ),
    }
  })
}

function bmi(w: Width): Rows {
  const s = w.suffix
  const v = `${w.r}v`
  const W = vexW(w)
  const field = { feature: 'bmi1', writes: 'oszapc', undef: 'ap' }
  // biome-ignore format: table
  return {
    [`andn${s}_rM`]:   row(`andn${s} b:${w.rm}, a:${v}, =dst:${w.r}`,           `VEX.LZ.0F38.${W} F2 /r`,    field),
    [`blsr${s}_rM`]:   row(`blsr${s} src:${w.rm}, =dst:${v}`,                   `VEX.LZ.0F38.${W} F3 /1`,    field),
    [`blsmsk${s}_rM`]: row(`blsmsk${s} src:${w.rm}, =dst:${v}`,                 `VEX.LZ.0F38.${W} F3 /2`,    field),
    [`blsi${s}_rM`]:   row(`blsi${s} src:${w.rm}, =dst:${v}`,                   `VEX.LZ.0F38.${W} F3 /3`,    field),
    [`bextr${s}_Mr`]:  row(`bextr${s} control:${v}, src:${w.rm}, =dst:${w.r}`,  `VEX.LZ.0F38.${W} F7 /r`,    { feature: 'bmi1', writes: 'oszapc', undef: 'sap' }),
    [`bzhi${s}_Mr`]:   row(`bzhi${s} index:${v}, src:${w.rm}, =dst:${w.r}`,     `VEX.LZ.0F38.${W} F5 /r`,    { ...field, feature: 'bmi2' }),
    [`pdep${s}_rM`]:   row(`pdep${s} mask:${w.rm}, src:${v}, =dst:${w.r}`,      `VEX.LZ.F2.0F38.${W} F5 /r`, { feature: 'bmi2' }),
    [`pext${s}_rM`]:   row(`pext${s} mask:${w.rm}, src:${v}, =dst:${w.r}`,      `VEX.LZ.F3.0F38.${W} F5 /r`, { feature: 'bmi2' }),
    [`shlx${s}_Mr`]:   row(`shlx${s} count:${v}, src:${w.rm}, =dst:${w.r}`,     `VEX.LZ.66.0F38.${W} F7 /r`, { feature: 'bmi2' }),
    [`sarx${s}_Mr`]:   row(`sarx${s} count:${v}, src:${w.rm}, =dst:${w.r}`,     `VEX.LZ.F3.0F38.${W} F7 /r`, { feature: 'bmi2' }),
    [`shrx${s}_Mr`]:   row(`shrx${s} count:${v}, src:${w.rm}, =dst:${w.r}`,     `VEX.LZ.F2.0F38.${W} F7 /r`, { feature: 'bmi2' }),
    [`rorx${s}_rMi`]:  row(`rorx${s} imm:${w.count}, src:${w.rm}, =dst:${w.r}`, `VEX.LZ.F2.0F3A.${W} F0 /r ib`, { feature: 'bmi2' }),
    // The high half goes to the first destination.
    [`mulx${s}_rM`]:   row(`mulx${s} src:${w.rm}, =lo:${v}, =hi:${w.r}`,        `VEX.LZ.F2.0F38.${W} F6 /r`, { feature: 'bmi2', implicit: 'rdx' }),
    [`adcx${s}_rM`]:   row(`adcx${s} src:${w.rm}, +dst:${w.r}`,                 `66 ${w.prefix}0F 38 F6 /r`, { feature: 'adx', reads: 'c', writes: 'c' }),
    [`adox${s}_rM`]:   row(`adox${s} src:${w.rm}, +dst:${w.r}`,                 `F3 ${w.prefix}0F 38 F6 /r`, { feature: 'adx', reads: 'o', writes: 'o' }),
  }
}

// biome-ignore format: table
const crc: X64RowTable = {
  crc32b_rM: row('crc32b src:rm8, +dst:r32',  'F2 0F 38 F0 /r',       { feature: 'sse42' }),
  crc32w_rM: row('crc32w src:rm16, +dst:r32', '66 F2 0F 38 F1 /r',    { feature: 'sse42' }),
  crc32l_rM: row('crc32l src:rm32, +dst:r32', 'F2 0F 38 F1 /r',       { feature: 'sse42' }),
  crc32q_rM: row('crc32q src:rm64, +dst:r64', 'F2 REX.W 0F 38 F1 /r', { feature: 'sse42' }),
}

export const bits: X64RowTable = joinTables(forEach(LQ, counts), forEach(LQ, tests), forEach(LQ, bmi), crc)
