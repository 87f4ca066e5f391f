// The same module gives the same bytes: compiled twice, and with its functions in another order.
import { zipModule } from '@k23/bench'
import { compile, compileClif, createIsa, type Settings, targets } from '@k23/codegen'
import { decodeModule, moduleTranslator } from '@k23/frontend-wasm'
import { expect, test } from 'vitest'

const bytes = zipModule()

test.each(Object.keys(targets))('%s: twice, and in reverse order', (target) => {
  const first = compile(bytes, { target })
  const again = compile(bytes, { target })
  expect(Buffer.compare(first.image, again.image)).toBe(0)
  expect(again.traps).toEqual(first.traps)

  const isa = createIsa({ target: targets[target] }, 'wasm')
  const module = decodeModule(bytes)
  const translator = moduleTranslator(module, {})
  const { numImportedFunctions } = module.info
  expect(module.bodies.length).toBeGreaterThan(50)
  for (let i = module.bodies.length - 1; i >= 0; i--) {
    const f = translator.translate(numImportedFunctions + i)
    const alone = compileClif(isa, f, { settings: isa.shared as Settings, foreign: false })
    const inOrder = first.functions[i]
    expect(alone.name).toBe(inOrder.name)
    expect(Buffer.compare(alone.code, inOrder.code), alone.name).toBe(0)
    expect(alone.traps).toEqual(inOrder.traps)
    expect(alone.srclocs).toEqual(inOrder.srclocs)
    expect(alone.relocs).toEqual(inOrder.relocs)
  }
})
