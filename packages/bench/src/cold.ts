// node cold.ts FILE OPTIONS: compiles a module once, in a process that has compiled nothing before, and prints the milliseconds.
import { readFileSync } from 'node:fs'
import { compile, type CompileOptions } from '@k23/codegen'

const [, , file, options] = process.argv
const bytes = new Uint8Array(readFileSync(file))
const start = performance.now()
compile(bytes, JSON.parse(options) as CompileOptions)
process.stdout.write(String(performance.now() - start))
