import { Engine } from '../src/index.ts'
import { runScript } from '../src/wast.ts'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
const pack = JSON.parse(gunzipSync(readFileSync('/work/shared/data/spec/spec.json.gz')).toString())
const only = process.argv.slice(2)
let machine = createRiscv64Machine()
const total = {pass:0,fail:0,skip:0}
const skips = new Map<string, number>()
let n=0
for (const [name, script] of Object.entries<any>(pack)) {
  if (name.includes('/') || (only.length && !only.some(o=>o===name.replace('.wast','')||(o.endsWith('*')&&name.startsWith(o.slice(0,-1)))))) continue
  if (only.length===0 && name.startsWith('simd')) continue
  if (n++ % 10 === 9) machine = createRiscv64Machine()
  const t=performance.now()
  let r
  try { r = runScript(script, { engine: new Engine({ machine, settings: { regalloc_checker: true } }), stackBytes: 1<<18 }) }
  catch (e) { console.log(name, 'CRASH', e); continue }
  const ms=performance.now()-t
  total.pass+=r.pass; total.fail+=r.fail; total.skip+=r.skip
  for (const [k,v] of r.skips) skips.set(k,(skips.get(k)??0)+v)
  if (r.fail || ms>3000 || only.length) console.log(name, r.pass, r.fail, r.skip, ms.toFixed(0)+'ms', r.failures.slice(0,process.env.ALL?1000:3))
  if (only.length) console.log(r.skips)
}
console.log(total)
console.log([...skips].sort((a,b)=>b[1]-a[1]).slice(0,60))
