// The command line: commands, arguments, options. What a command does is in commands/NAME.ts, loaded when it is called.
import { Command, CommanderError, Option } from 'commander'
import { EXIT_USAGE, report } from './failure.ts'

/** A command's module. */
interface CommandModule<Args extends readonly unknown[]> {
  run(...args: Args): Promise<void> | void
}

/** Loads a command's module and runs it; what it throws becomes one line and an exit status. */
function action<Args extends readonly unknown[]>(
  load: () => Promise<CommandModule<Args>>,
): (...args: unknown[]) => Promise<void> {
  return async (...all) => {
    const args = all.slice(0, -1) // commander adds the Command
    try {
      await (await load()).run(...(args as unknown as Args))
    } catch (e) {
      report(e, typeof args[0] === 'string' ? args[0] : undefined)
    }
  }
}

const collect = (item: string, list: readonly string[] = []): string[] => [...list, item]

function common(command: Command): Command {
  return command
    .addOption(
      new Option('--target <name>', "machine: default the host's, or riscv64 until there is a back end for it").choices(
        ['riscv64', 'aarch64', 'x64'],
      ),
    )
    .addOption(
      new Option('--opt <level>', 'default: what the file sets, else speed for wasm and none for CLIF').choices([
        'none',
        'speed',
        'speed_and_size',
      ]),
    )
    .option('--set <flag=value>', "shared setting or CPU feature, by Cranelift's names; may be repeated", collect)
    .option('--json', 'machine-readable output')
}

function exec(command: Command): Command {
  return command.addOption(
    new Option('--exec <how>', "how code is run; default native where the target is the host's, else emu").choices([
      'emu',
      'native',
      'qemu',
      'interpret',
    ]),
  )
}

export function createProgram(version: string): Command {
  const program = new Command('k23')
  program
    .description('Compiles WebAssembly and CLIF to machine code, and runs it.')
    .version(version)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'k23: ')) })
    .exitOverride()

  exec(common(program.command('run')))
    .description('run a module: `_start`, or one export with --invoke')
    .argument('<file>', '.wasm or .wat')
    .argument('[args...]', "the program's arguments, or those of the export")
    .option('--invoke <name>', 'call this export and print its results, one per line')
    .option(
      '--dir <folder>',
      'HOST or HOST::GUEST: a folder for a WASI program, beside the current one; may be repeated',
      collect,
    )
    .option('--env <variable>', 'NAME=VALUE, or NAME to pass the own value on; may be repeated', collect)
    .option(
      '--fuel <instructions>',
      'stop after so many instructions of the machine, or operators of WebAssembly where the machine counts none',
    )
    .passThroughOptions()
    .action(action(() => import('./commands/run.ts')))

  common(program.command('compile'))
    .description('compile a module or CLIF functions')
    .argument('<file>', '.wasm, .wat or .clif')
    .option('-o, --output <out>', 'where to write; without it, text goes to standard output')
    .addOption(
      new Option('--emit <what>', "default: what OUT's ending says, else asm").choices([
        'obj',
        'exe',
        'asm',
        'clif',
        'vcode',
        'bin',
      ]),
    )
    .action(action(() => import('./commands/compile.ts')))

  exec(common(program.command('test')))
    .description("run filetests in Cranelift's format")
    .argument('<files...>', 'files, or folders for all .clif files below')
    .option('--bless', 'accept what precise-output tests found (also K23_BLESS=1)')
    .option('--interpret-all', 'under --exec interpret, run the lines of `test run` too')
    .action(action(() => import('./commands/test.ts')))

  exec(common(program.command('wast')))
    .description('run WebAssembly spec scripts in JSON form')
    .argument('<files...>', '.json files, or .json.gz packs of many')
    .option('--only <name>', 'one script of a pack, by its name; may be repeated', collect)
    .action(action(() => import('./commands/wast.ts')))

  common(program.command('explain'))
    .description('show every stage of one function')
    .argument('<file>', '.wasm, .wat or .clif')
    .requiredOption('--func <n|name>', 'index (imports counted) or name of the function')
    .action(action(() => import('./commands/explain.ts')))

  program
    .command('fuzz')
    .description('compare random modules on V8 and on our own settings')
    .addOption(new Option('--target <name>', 'only this machine').choices(['riscv64', 'aarch64', 'x64']))
    .addOption(new Option('--exec <how>', 'only so').choices(['emu', 'native']))
    .option('--seconds <n>', 'how long', '60')
    .option('--seed <n>', 'of the first program; the next ones have the next numbers; default: by the clock')
    .option('--programs <n>', 'so many programs, however long it takes')
    .option('-o, --output <folder>', 'where to write a module that differs')
    .option('--json', 'machine-readable output')
    .action(action(() => import('./commands/fuzz.ts')))

  common(program.command('bench'))
    .description('benchmarks')
    .argument('[suites...]', 'compile, async, emulator, native, regalloc, gcc; default: all')
    .option('--only <program>', 'measure this program only')
    .option('--runs <n>', 'runs of each measurement; the median counts', '5')
    .action(action(() => import('./commands/bench.ts')))

  common(program.command('demo', { hidden: true }))
    .description('what `npm start` runs')
    .action(action(() => import('./commands/demo.ts')))

  return program
}

/** Parses and runs. Never throws; sets process.exitCode. */
export async function main(argv: readonly string[], version: string): Promise<void> {
  const program = createProgram(version)
  try {
    await program.parseAsync(runOptionsFirst(program, argv), { from: 'user' })
  } catch (e) {
    if (!(e instanceof CommanderError)) report(e)
    // Commander has written its line; help and version are no errors.
    else process.exitCode = e.exitCode === 0 ? 0 : EXIT_USAGE
  }
}

/**
 * `run FILE --invoke NAME ARG...`: our options may also follow FILE, and what follows those is the program's, dashes and all. Commander lets options
 * pass through from the first argument on, so those behind FILE are moved before it.
 */
export function runOptionsFirst(program: Command, argv: readonly string[]): string[] {
  if (argv[0] !== 'run') return [...argv]
  const command = program.commands.find((c) => c.name() === 'run') as Command
  const options: string[] = []
  let file: string | undefined
  let i = 1
  for (; i < argv.length; i++) {
    const arg = argv[i]
    const option = command.options.find((o) => o.long === arg.split('=')[0] || o.short === arg)
    if (option === undefined) {
      if (file !== undefined || (arg.startsWith('-') && arg !== '-')) break
      file = arg
      continue
    }
    options.push(arg)
    if (option.required && !arg.includes('=') && i + 1 < argv.length) options.push(argv[++i])
  }
  const rest = argv.slice(i)
  if (file !== undefined && rest[0] === '--') rest.shift()
  return file === undefined ? [...argv] : ['run', ...options, file, ...rest]
}
