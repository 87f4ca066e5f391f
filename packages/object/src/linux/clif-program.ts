// CLIF functions as a static executable: `%main`, without parameters, gives the exit status, or nothing.
import { type CompiledModule, compile, type SettingValue } from '@k23/codegen'
import { type Func, I32, I64, isInt } from '@k23/ir'
import { compose, type Part } from '../compose.ts'
import { compositionOf, type ObjectOptions, ownPart } from '../module-object.ts'
import { MAIN } from './abi.ts'
import { executable, linuxOf } from './program.ts'
import { ProgramRoutine } from './routine.ts'

export interface ClifProgramOptions extends ObjectOptions {
  /** Settings that the module was compiled with. */
  readonly settings?: Readonly<Record<string, SettingValue>>
}

/** `module` is what the functions were compiled to. Throws RangeError where there is no %main, and for undefined symbols. */
export function clifExecutable(
  functions: readonly Func[],
  module: CompiledModule,
  options: ClifProgramOptions = {},
): Uint8Array {
  const { stubs } = linuxOf(module.target.name)
  const main = functions.find((f) => f.name.kind === 'testcase' && f.name.name === 'main')
  if (main === undefined) throw new RangeError('an executable begins with the function %main, which is not there')
  const begin = compile([beginning(main, module)], {
    target: module.target,
    features: module.features,
    settings: options.settings ?? {},
  })
  const part: Part = { ...ownPart(begin), hasSource: () => false }
  const object = compose({ ...compositionOf(module, options), parts: [ownPart(module), part], stubs })
  return executable(object, module)
}

function beginning(main: Func, module: CompiledModule): Func {
  const { params, returns } = main.signature
  const [result] = returns
  if (params.length !== 0 || returns.length > 1 || (result !== undefined && !isInt(result.type)))
    throw new RangeError('%main has no parameters, and gives an integer (the exit status) or nothing')
  const r = new ProgramRoutine(MAIN, 1, 0, linuxOf(module.target.name))
  const f = r.b.importFunction({ kind: 'testcase', name: 'main' }, main.signature, true)
  const call = r.ins.call(f, [])
  const status = result === undefined ? r.i64(0) : r.func.result(call, 0)
  r.syscall(
    'exit_group',
    r.func.typeOf(status) === I64
      ? status
      : r.ins.uextend(I64, r.func.typeOf(status) === I32 ? status : r.ins.uextend(I32, status)),
  )
  r.return()
  return r.done()
}
