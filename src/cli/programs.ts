import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { defineCommand, type Command } from './command.ts'

const CHECKOUT = dirname(dirname(import.meta.dirname))
/** The child hears of Ctrl-C by its launcher, and this process has to outlive it to say how it ended. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs a program of src/commands with all that it needs, and resolves with its exit code. */
export async function runProgram(name: string, args: readonly string[]): Promise<number> {
  const launcher = [join(CHECKOUT, 'bin', 'run.mjs'), join('src', 'commands', `${name}.ts`)]
  const child = spawn(process.execPath, [...launcher, ...args], { stdio: 'inherit' })
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal)
  for (const signal of SIGNALS) process.on(signal, passOn)
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  for (const signal of SIGNALS) process.off(signal, passOn)
  return code ?? 128 + constants.signals[signal!]
}

const program = (name: string, summary: string, notes: readonly string[]): Command =>
  defineCommand({
    name,
    summary,
    notes,
    takesAll: true,
    options: {},
    run: ({ operands }) => runProgram(name, operands)
  })

export const doctor = program('doctor', 'What a start of the server would meet on this machine', [
  'It needs no server. The exit code is 1 where something will not work.'
])

export const key = program('key', 'Makes an API key', [
  'It works on the database itself. Its options are those of npm run key; without any it tells them.'
])
