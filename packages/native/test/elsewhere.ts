// A host that lacks something, which the argument names: prints what the package says about it.
import Module from 'node:module'

const what = process.argv[2]
if (what === 'system') Object.defineProperty(process, 'platform', { value: 'plan9' })
if (what === 'cpu') Object.defineProperty(process, 'arch', { value: 's390x' })
if (what === 'koffi') {
  const loader = Module as unknown as { _resolveFilename: (name: string, ...rest: unknown[]) => string }
  const resolve = loader._resolveFilename
  loader._resolveFilename = (name, ...rest) => {
    if (name.includes('koffi')) throw new Error(`Cannot find module '${name}'\nRequire stack: ...`)
    return resolve.call(Module, name, ...rest)
  }
}
const { createNativeMachine, hostIsa, interruptNative, nativeMissing, NativeUnavailable } = await import(
  '../src/index.ts'
)

const errors = [() => createNativeMachine(), () => interruptNative({ process: process.pid, task: 1 })].map((run) => {
  try {
    run()
    return 'nothing'
  } catch (e) {
    return e instanceof NativeUnavailable ? e.message : `${e}`
  }
})
console.log(JSON.stringify({ missing: nativeMissing(), isa: hostIsa() ?? null, errors }))
