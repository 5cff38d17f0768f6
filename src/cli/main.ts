import { readArguments, hint } from './arguments.ts'
import { COMMANDS } from './commands.ts'
import type { Command } from './command.ts'
import { exitCodeOf, ReaderGone, UsageError } from './failure.ts'
import { commandText, overviewText } from './help.ts'
import { Interrupted } from './interruption.ts'
import { note, standardOutput } from './output.ts'
import { oneLine } from './terminal-text.ts'
import { VERSION } from '../version.ts'

/** `quotewire ARGUMENTS`: resolves with the exit code. What failed is said on the standard error, in one line. */
export async function run(args: readonly string[]): Promise<number> {
  const [name] = args
  try {
    return await runCommand(args)
  } catch (error) {
    const exitCode = exitCodeOf(error)
    if (error instanceof ReaderGone || error instanceof Interrupted) return exitCode
    const command = COMMANDS.find((each) => each.name === name)
    const more = error instanceof UsageError ? ` (quotewire ${command ? `${command.name} ` : ''}--help says more)` : ''
    note(`quotewire: ${oneLine((error as Error).message)}${more}`)
    return exitCode
  }
}

async function runCommand([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return help(args[0])
  if (name === '--version' || name === '-V') return say(`${VERSION}\n`)
  const command = commandOf(name)
  if (asksForHelp(args)) return help(name)
  if (command.takesAll) return command.run({ operands: args, options: {} })
  return command.run(readArguments(command, args))
}

function commandOf(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name)
  if (command) return command
  const names = COMMANDS.map((each) => each.name)
  throw new UsageError(`${JSON.stringify(name)} is no command${hint(name, names)}`)
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end < 0 ? undefined : end).some((arg) => arg === '--help' || arg === '-h')
}

const help = (name: string | undefined) =>
  say(name === undefined ? overviewText(COMMANDS) : commandText(commandOf(name)))

async function say(text: string): Promise<number> {
  await standardOutput.write(text)
  return 0
}
