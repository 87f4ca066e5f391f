// Makes a failing program smaller as long as it goes on failing.
//
// Every candidate is one edit of the tree, made in place and taken back where the program then does not fail: leave out a call from the host, a
// segment, a run of statements; empty a function; put a constant, or a part of it of the same type, in an expression's place; put a block's
// contents in the place of the block. What becomes invalid (a label or an object that is still referred to, a stack that is not right)
// does not fail. Large parts are tried before small ones, and all over again until nothing works.
import { DanglingReference, encode } from './encode.ts'
import type { Node, Program } from './tree.ts'
import { zero } from './values.ts'

interface Edit {
  apply(): void
  undo(): void
}

/** Tries at most. */
const TRIES = 6000

/** Reduces in place. `fails` is asked about valid modules only. Gives the number of programs that were tried. */
export async function shrink(
  program: Program,
  fails: (program: Program, wasm: Uint8Array<ArrayBuffer>) => boolean | Promise<boolean>,
  limits: { ms?: number } = {},
): Promise<number> {
  const end = performance.now() + (limits.ms ?? Number.POSITIVE_INFINITY)
  let tries = 0
  const works = async (edit: Edit): Promise<boolean> => {
    edit.apply()
    tries++
    const wasm = valid(program)
    if (wasm !== undefined && (await fails(program, wasm))) return true
    edit.undo()
    return false
  }
  for (let changed = true; changed; ) {
    changed = false
    for (const step of steps) {
      // After a success the places are others: the step starts anew, behind the ones that were just tried in vain.
      let skip = 0
      for (let again = true; again; ) {
        again = false
        let n = 0
        for (const edit of step(program)) {
          if (n++ < skip) continue
          if (tries >= TRIES || performance.now() > end) return tries
          if (await works(edit)) {
            changed = true
            again = true
            skip = Math.max(0, n - 1)
            break
          }
        }
      }
    }
  }
  return tries
}

/** The module, if it is one. */
export function valid(program: Program): Uint8Array<ArrayBuffer> | undefined {
  try {
    const wasm = encode(program)
    return WebAssembly.validate(wasm) ? wasm : undefined
  } catch (e) {
    if (e instanceof DanglingReference) return undefined
    throw e
  }
}

const steps: readonly ((program: Program) => Iterable<Edit>)[] = [
  (p) => runsOf(p, 'calls'),
  emptyFunctions,
  noStart,
  statementRuns,
  (p) => expressions(p, 'large'),
  (p) => runsOf(p, 'elements'),
  elementItems,
  (p) => runsOf(p, 'data'),
  (p) => runsOf(p, 'funcs'),
  (p) => runsOf(p, 'globals'),
  (p) => runsOf(p, 'tables'),
  (p) => runsOf(p, 'memories'),
  (p) => expressions(p, 'all'),
]

/** Leaves out runs of a list, long ones first. */
function* removals<T>(list: readonly T[], set: (list: T[]) => void): Generator<Edit> {
  for (let length = list.length; length >= 1; length >>= 1)
    for (let at = list.length - length; at >= 0; at -= length)
      yield {
        apply: () => set([...list.slice(0, at), ...list.slice(at + length)]),
        undo: () => set([...list]),
      }
}

function runsOf(
  p: Program,
  key: 'calls' | 'elements' | 'data' | 'funcs' | 'globals' | 'tables' | 'memories',
): Iterable<Edit> {
  return removals<unknown>(p[key], (list) => {
    ;(p as unknown as Record<string, unknown[]>)[key] = list
  })
}

function* elementItems(p: Program): Generator<Edit> {
  for (const e of p.elements)
    yield* removals(e.items, (list) => {
      e.items = list
    })
}

function* noStart(p: Program): Generator<Edit> {
  const { start } = p
  if (start === undefined) return
  yield {
    apply: () => {
      p.start = undefined
    },
    undo: () => {
      p.start = start
    },
  }
}

function* emptyFunctions(p: Program): Generator<Edit> {
  for (const f of p.funcs) {
    const { body } = f
    if (body === undefined || (body.length <= f.type.results.length && body.every(isConstant))) continue
    yield {
      apply: () => {
        f.body = f.type.results.map(zero)
      },
      undo: () => {
        f.body = body
      },
    }
  }
}

const isConstant = (n: Node): boolean => n.kind === 'const' && n.bytes?.join() === zero(n.results[0]).bytes?.join()

/** All lists of nodes in which statements stand. */
function* bodiesOf(p: Program): Generator<{ list: Node[]; set(list: Node[]): void }> {
  for (const f of p.funcs) {
    if (f.body === undefined) continue
    yield {
      list: f.body,
      set: (list) => {
        f.body = list
      },
    }
    yield* inner(f.body)
  }
  function* inner(nodes: readonly Node[]): Generator<{ list: Node[]; set(list: Node[]): void }> {
    for (const n of nodes) {
      yield* inner(n.args)
      const { bodies } = n
      if (bodies === undefined) continue
      for (let i = 0; i < bodies.length; i++) {
        yield {
          list: bodies[i],
          set: (list) => {
            bodies[i] = list
          },
        }
        yield* inner(bodies[i])
      }
    }
  }
}

function* statementRuns(p: Program): Generator<Edit> {
  for (const { list, set } of bodiesOf(p)) yield* removals(list, set)
}

/** Replaces nodes in the lists that they stand in. */
function* expressions(p: Program, which: 'large' | 'all'): Generator<Edit> {
  function* within(nodes: Node[]): Generator<Edit> {
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]
      if (which === 'all' || node.args.length > 0 || node.bodies !== undefined)
        for (const by of replacements(node))
          yield {
            apply: () => void nodes.splice(i, 1, ...by),
            undo: () => void nodes.splice(i, by.length, node),
          }
      yield* within(node.args)
      for (const body of node.bodies ?? []) yield* within(body)
    }
  }
  for (const f of p.funcs) if (f.body !== undefined) yield* within(f.body)
}

/** What may stand in a node's place: shorter first. */
function* replacements(node: Node): Generator<Node[]> {
  const { results, args, bodies } = node
  if (!isConstant(node) && results.length > 0) yield results.map(zero)
  // A canon keeps what may differ from showing: only a constant may take its place.
  if (node.kind === 'canon') return
  for (const arg of args) if (arg.results.join() === results.join()) yield [arg]
  if (bodies !== undefined) {
    const params = node.kind === 'if' ? args.slice(0, -1) : args
    for (const body of bodies) yield [...params, ...body]
  } else if (results.length === 0 && args.length > 0) {
    // Of a statement only what it computes.
    for (const arg of args) if (arg.results.length === 0) yield [arg]
  }
}
