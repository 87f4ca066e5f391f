// A module as a tree: what the generator makes, the encoder writes, and the reducer takes apart.
//
// Whatever is referred to (functions, globals, segments, labels) is an object and referred to as such, so that parts can go away without
// renumbering; the encoder gives numbers, and refuses a reference to what is no longer there.
import type { Operator, ValType } from '@k23/frontend-wasm'

export interface FuncType {
  readonly params: readonly ValType[]
  readonly results: readonly ValType[]
}

/** The target of branches: of a block its results, of a loop its parameters. */
export interface Label {
  readonly types: readonly ValType[]
}

/**
 * - `const`: bytes are the whole instruction
 * - `op`: an operator of the table behind its operands; bytes are its immediates
 * - `ref.func`, `table`, `data`, `elem`: operators that name those objects (`refs`, in the order of the immediates)
 * - `local.*`, `global.*`: index, or refs[0]
 * - `sets`: pops values into locals, the last of `locals` first; what is popped is what args[0] gives, or stands on the stack
 * - `canon`: a float, with one NaN for all; `lanes`: what its vector has for lanes
 * - `block`, `loop`, `if`: bodies; args are parameters, for `if` behind them the condition; refs[0] is the label
 * - `br*`: refs are labels, the default of `br_table` last
 */
export type NodeKind =
  | 'const'
  | 'op'
  | 'local.get'
  | 'local.set'
  | 'local.tee'
  | 'sets'
  | 'global.get'
  | 'global.set'
  | 'canon'
  | 'block'
  | 'loop'
  | 'if'
  | 'br'
  | 'br_if'
  | 'br_table'
  | 'return'
  | 'unreachable'
  | 'call'
  | 'call_indirect'
  | 'ref.func'
  | 'object'

export interface Node {
  kind: NodeKind
  /** What it leaves on the stack; of what never comes back, what its place wants. */
  results: readonly ValType[]
  args: Node[]
  bodies?: Node[][]
  operator?: Operator
  bytes?: readonly number[]
  refs?: readonly (Func | Global | Table | Memory | Data | Elements | Label)[]
  locals?: readonly number[]
  /** Of `call_indirect`. */
  type?: FuncType
  /** Of `canon`: f32x4 or f64x2 lanes. */
  lanes?: 32 | 64
}

export interface Func {
  readonly type: FuncType
  /** Parameters first. */
  readonly locals: ValType[]
  /** Undefined: imported. */
  body: Node[] | undefined
}

export interface Global {
  readonly type: ValType
  readonly mutable: boolean
  readonly init: Node
  readonly exported: boolean
}

export interface Table {
  readonly element: ValType
  readonly min: number
  readonly max: number | undefined
}

export interface Memory {
  readonly min: number
  readonly max: number | undefined
}

export interface Data {
  /** undefined: passive. */
  readonly offset: number | undefined
  readonly bytes: readonly number[]
}

export interface Elements {
  readonly mode: 'active' | 'passive' | 'declarative'
  readonly table: Table | undefined
  readonly offset: number
  /** null: a null reference. */
  items: (Func | null)[]
}

export type Argument = number | bigint | string | null

export interface Call {
  readonly func: Func
  readonly args: readonly Argument[]
}

/** A module and what is done with an instance of it. */
export interface Program {
  /** Imported ones first. */
  funcs: Func[]
  globals: Global[]
  tables: Table[]
  memories: Memory[]
  data: Data[]
  elements: Elements[]
  start: Func | undefined
  calls: Call[]
}

/** All nodes below and including these. */
export function* nodesOf(nodes: readonly Node[]): Generator<Node> {
  for (const node of nodes) {
    yield node
    yield* nodesOf(node.args)
    for (const body of node.bodies ?? []) yield* nodesOf(body)
  }
}
