// Imports: where they come from, and the check that each is what the module expects.
import { LinkError } from './errors.ts'
import { Func } from './func.ts'
import { Global } from './global.ts'
import { Instance } from './instance.ts'
import { Memory } from './memory.ts'
import type { Module } from './module.ts'
import type { Store } from './store.ts'
import { Table } from './table.ts'
import { externTypeText, matchesImport } from './types.ts'

export type Extern = Func | Memory | Table | Global

/** Externs by the import's two names: objects of objects (an Instance in place of an inner one gives its exports), or a function. */
export type Imports =
  | Readonly<Record<string, Instance | Readonly<Record<string, Extern>>>>
  | ((module: string, name: string) => Extern | undefined)

export function isExtern(x: unknown): x is Extern {
  return x instanceof Func || x instanceof Memory || x instanceof Table || x instanceof Global
}

function lookUp(imports: Imports, module: string, name: string): Extern | undefined {
  if (typeof imports === 'function') return imports(module, name)
  if (!Object.hasOwn(imports, module)) return undefined
  const from = imports[module]
  const exports = from instanceof Instance ? from.exports : from
  return Object.hasOwn(exports, name) ? exports[name] : undefined
}

/** The externs for a module's imports, in their order. Throws LinkError, TypeError for what is no extern. */
export function resolveImports(store: Store, module: Module, imports: Imports): Extern[] {
  return module.imports.map((i) => {
    const found = lookUp(imports, i.module, i.name)
    const expected = externTypeText(i.type)
    if (found === undefined) throw new LinkError('missing', i.module, i.name, expected, 'nothing')
    if (!isExtern(found)) {
      throw new TypeError(
        `import ${i.module}.${i.name} is not a Func, Memory, Table or Global: make one with the store`,
      )
    }
    if (found.store !== store) throw new LinkError('mismatch', i.module, i.name, expected, 'something of another store')
    if (!matchesImport(found.externType, i.type)) {
      throw new LinkError('mismatch', i.module, i.name, expected, externTypeText(found.externType))
    }
    return found
  })
}
