// Structural comparison of functions: what parsing what was printed has to preserve.
import type { Func } from '../function.ts'

function names(f: Func): unknown {
  const name = (n: Func['extFuncs'][number]['name']): unknown => (n.kind === 'user' ? f.userNames[n.ref] : n)
  return {
    functions: f.extFuncs.map((fn) => ({ ...fn, name: name(fn.name) })),
    globals: f.globalValues.map((gv) => (gv.kind === 'symbol' ? { ...gv, name: name(gv.name) } : gv)),
  }
}

function numbered(count: number, ...columns: ArrayLike<number>[]): number[][] {
  const rows: number[][] = []
  for (let i = 0; i < count; i++) rows.push(columns.map((c) => c[i]))
  return rows
}

function lists(f: Func, refs: ArrayLike<number>, count: number): number[][] {
  const out: number[][] = []
  for (let i = 0; i < count; i++) out.push(f.pool.toArray(refs[i]))
  return out
}

/** Everything that a function says, as plain data, by section. */
function sections(f: Func): ReadonlyMap<string, unknown> {
  const bytes = (list: readonly Uint8Array[]): number[][] => list.map((b) => [...b])
  return new Map<string, unknown>([
    ['name', f.name],
    ['signature', f.signature],
    ['instructions', numbered(f.numInsts, f.op, f.ctrl, f.imm0, f.imm1, f.srcloc, f.instBlock, f.nextInst, f.prevInst)],
    ['arguments', lists(f, f.args, f.numInsts)],
    ['results', lists(f, f.results, f.numInsts)],
    ['values', numbered(f.numValues, f.valKind, f.valType, f.valDef, f.valNum)],
    ['blocks', numbered(f.numBlocks, f.cold, f.blockInserted, f.nextBlock, f.prevBlock, f.firstInst, f.lastInst)],
    ['block parameters', lists(f, f.params, f.numBlocks)],
    ['branch targets', numbered(f.numBlockCalls, f.bcBlock)],
    ['branch arguments', lists(f, f.bcArgs, f.numBlockCalls)],
    ['layout', [f.firstBlock, f.lastBlock]],
    ['stack slots', f.stackSlots],
    ['dynamic stack slots', f.dynamicStackSlots],
    ['dynamic types', f.dynamicTypes],
    ['names', names(f)],
    ['signatures', f.signatures],
    ['constants', bytes(f.constants)],
    ['immediates', bytes(f.immediates)],
    ['jump tables', f.jumpTables],
    ['exception tables', f.exceptionTables],
    ['alias regions', f.aliasRegions],
    ['stack limit', f.stackLimit ?? null],
    ['stack maps', [...f.stackMaps]],
    ['debug tags', [...f.debugTags]],
    ['value labels', [...f.valueLabels].sort((a, b) => a[0] - b[0])],
  ])
}

function text(x: unknown): string {
  return JSON.stringify(x, (_key, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v)) ?? 'undefined'
}

/** The first section in which two functions differ, with both contents; undefined where they are the same. */
export function functionDifference(a: Func, b: Func): string | undefined {
  const other = sections(b)
  for (const [name, data] of sections(a)) {
    const x = text(data)
    const y = text(other.get(name))
    if (x !== y) return `${name}: ${x}\nis not ${y}`
  }
  return undefined
}
