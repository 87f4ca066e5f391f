// Expected errors of the verifier's filetests: each `; error: text` names a part of one error on its line, and there are no others.
import { expect, test } from 'vitest'
import { I32, I64, parseFile, verify } from '../src/index.ts'
import { dataFiles, hasData } from './text-data.ts'

const files = dataFiles().filter((f) => /clif-filetests\/verifier\//.test(f.name))
const runtests = dataFiles().filter((f) => f.name.startsWith('clif-runtests/'))
const name = hasData ? 'verifier filetests' : 'verifier filetests: no test data (K23_TEST_DATA), skipped'

test.skipIf(!hasData)(`${name}: expected errors, and no others`, () => {
  let seen = 0
  for (const file of files) {
    const parsed = parseFile(file.text)
    const pointerType = /target pulley32/.test(file.text) ? I32 : I64
    for (const { func, comments, sourceMap } of parsed.functions) {
      const left = verify(func, { pointerType }).map((e) => {
        const line = e.inst >= 0 ? sourceMap.instLines[e.inst] : sourceMap.lines.get(e.entity)
        return { line: line ?? sourceMap.functionLine, message: e.message }
      })
      for (const c of comments) {
        const expected = /^error: (.*)$/.exec(c.text)
        if (expected === null) continue
        const owner = /^inst(\d+)$/.exec(c.owner)
        const line =
          owner !== null
            ? sourceMap.instLines[Number(owner[1])]
            : (sourceMap.lines.get(c.owner) ?? sourceMap.functionLine)
        const at = left.findIndex((e) => e.line === line && e.message.includes(expected[1].trim()))
        expect(at, `${file.name}:${c.line}: ${expected[1]} not in ${JSON.stringify(left)}`).toBeGreaterThanOrEqual(0)
        left.splice(at, 1)
        seen++
      }
      expect(left, file.name).toEqual([])
    }
  }
  expect(seen).toBeGreaterThan(80)
})

test.skipIf(!hasData)(`${name}: every function of the run tests is sound`, () => {
  let functions = 0
  for (const file of runtests) {
    for (const { func } of parseFile(file.text).functions) {
      functions++
      expect(verify(func, { pointerType: I64 }), file.name).toEqual([])
    }
  }
  expect(functions).toBeGreaterThan(1500)
})
