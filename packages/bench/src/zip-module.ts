// The WebAssembly module of the npm package @zip.js/zip.js: zlib's deflate and inflate compiled from C, 54 KB, no imports. It is what `npm start` and
// the benchmarks run, since everyone who installs the workspace has it.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The module's bytes. Throws where the package is not installed. */
export function zipModule(): Uint8Array {
  return new Uint8Array(readFileSync(zipModulePath()))
}

export function zipModulePath(): string {
  return createRequire(import.meta.url).resolve('@zip.js/zip.js/dist/zip-module.wasm')
}
