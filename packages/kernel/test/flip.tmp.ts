import { Engine, Store, Linker, funcType, Trap, LinkError, OutOfFuel, CodegenError } from '../src/index.ts'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
const pack = JSON.parse(gunzipSync(readFileSync('/work/shared/data/spec/spec.json.gz')).toString())
let seed = 12345; const rnd = (n:number) => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed>>>8) % n }
const files: Uint8Array[] = []
for (const [n, s] of Object.entries<any>(pack)) for (const c of s.commands) if ((c.type==='module') && !n.includes('/') && !n.startsWith('simd')) { const b = Buffer.from(s.files[c.filename],'base64'); if (b.length>100 && b.length<8000) files.push(new Uint8Array(b)) }
console.log(files.length)
let machine = createRiscv64Machine()
const tally: Record<string, number> = {}
const bump = (k:string)=>{tally[k]=(tally[k]??0)+1}
const seen = new Set<string>()
const t0=performance.now()
let n=0
while (performance.now()-t0 < 60000) {
  const src = files[rnd(files.length)]
  let b = src.slice()
  if (rnd(10)===0) b = b.slice(0, rnd(b.length)); else { const k=1+rnd(3); for (let i=0;i<k;i++) b[rnd(b.length)] = rnd(256) }
  if (++n % 300 === 0) machine = createRiscv64Machine()
  const engine = new Engine({ machine, settings: { regalloc_checker: true } })
  let store: Store | undefined
  const act = (what: string, f: ()=>void) => { try { f(); bump(what+' ok') } catch (e:any) { 
    if (e instanceof Trap || e instanceof LinkError || e instanceof OutOfFuel || e instanceof CodegenError) { bump(what+' '+e.name + ' ' + (e.code ?? '')); return false }
    bump('BAD '+e.name); const key=String(e.message).replace(/\d+/g,'N'); if(!seen.has(key)){seen.add(key); console.log('BAD', e.name, e.message, String(e.stack).split('\n').slice(1,6).join('|')); writeFileSync('/tmp/k/bad'+seen.size+'.wasm', b)} return false } return true }
  let m: any
  if (!act('compile', ()=>{ m = engine.compile(b) })) continue
  store = new Store(engine, { fuel: 200000, stackBytes: 1<<17 })
  const imports = (mod: string, name: string) => { const i = m.imports.find((x:any)=>x.module===mod&&x.name===name); const t=i.type; const d=(v:number)=> v===0x7e?0n: v===0x70||v===0x6f?null:0
     if (t.kind==='func') return store!.func(t.type, ()=>{ const r=t.type.results.map(d); return r.length===1?r[0]:r })
     if (t.kind==='memory') return store!.memory(t.type); if (t.kind==='table') return store!.table(t.type); return store!.global(t.type.type, d(t.type.type), t.type.mutable) }
  let inst: any
  if (act('instantiate', ()=>{ inst = store!.instantiate(m, imports) })) {
    let c=0
    for (const e of m.exports) if (e.type.kind==='func' && c++<5) { store.fuel=200000; act('call', ()=>{ inst.func(e.name).call(...e.type.type.params.map((v:number)=> v===0x7e?1n: v===0x70||v===0x6f?null:1)) }) }
  }
  store.close()
}
console.log(n, tally)
