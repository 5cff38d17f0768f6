import { parseArgs } from 'node:util'
import { editDistance } from '../market/edit-distance.ts'
import type { Command, Invocation, Option, Options, Positional, Values } from './command.ts'
import { UsageError } from './failure.ts'

const MOST_EDITS = 2

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number]
type OptionToken = Extract<Token, { kind: 'option' }>

/** Reads the arguments behind a command's name. Throws UsageError naming the first that it does not take. */
export function readArguments(command: Command, args: readonly string[]): Invocation<Options> {
  const config = Object.fromEntries(
    Object.entries(command.options).map(([name, { type }]) => [
      name,
      { type: type === 'flag' ? ('boolean' as const) : ('string' as const) }
    ])
  )
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true
  })
  const options: Record<string, string | number | boolean | undefined> = Object.fromEntries(
    Object.entries(command.options).map(([name, { type }]) => [name, type === 'flag' ? false : undefined])
  )
  const given = new Set<string>()
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const option = command.options[token.name]
    if (!option || !token.rawName.startsWith('--')) throw new UsageError(unknownOption(command, token))
    if (given.has(token.name)) throw new UsageError(`--${token.name} is given twice`)
    given.add(token.name)
    options[token.name] = valueOf(option, token)
  }
  checkOperands(command.operands, operands)
  // What was read is of the types that the command itself declares.
  return { operands, options: options as Values<Options> }
}

/** The name that was probably meant: one that begins as the word does, or the other way round; else the nearest one. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const lower = word.toLowerCase()
  const begins = (long: string, short: string) => short.length > 1 && long.startsWith(short)
  const alike = names.find((name) => begins(name, lower) || begins(lower, name))
  if (alike !== undefined) return alike
  const near = names.flatMap((name) => {
    const distance = editDistance(lower, name, Math.min(MOST_EDITS, name.length - 1))
    return distance === undefined ? [] : [{ name, distance }]
  })
  return near.sort((a, b) => a.distance - b.distance)[0]?.name
}

/** `; --interval was probably meant`, where something was. */
export function hint(word: string, names: readonly string[], prefix = ''): string {
  const meant = nearest(word, names)
  return meant === undefined ? '' : `; ${prefix}${meant} was probably meant`
}

function unknownOption({ name, options }: Command, token: OptionToken): string {
  const names = Object.keys(options)
  const long = `${token.rawName} is no option of ${name}`
  if (token.rawName.startsWith('--')) return `${long}${hint(token.name, [...names, 'help'], '--')}`
  return `${long}: options begin with two dashes`
}

function valueOf(option: Option, { name, value, inlineValue }: OptionToken): string | number | boolean {
  if (option.type === 'flag') {
    if (inlineValue) throw new UsageError(`--${name} takes no value`)
    return true
  }
  if (value === undefined || value === '' || (!inlineValue && value.startsWith('--'))) {
    throw new UsageError(`--${name} needs a value: ${option.choices?.join(', ') ?? option.description}`)
  }
  if (option.type === 'number') {
    if (!/^\d{1,9}$/.test(value)) throw new UsageError(`--${name} must be a whole number, not ${JSON.stringify(value)}`)
    return Number(value)
  }
  checkChoice(`--${name}`, value, option.choices)
  return value
}

function checkOperands(expected: Positional | undefined, operands: readonly string[]): void {
  const { name = '', min = 0, max = expected ? Infinity : 0, choices } = expected ?? {}
  if (operands.length < min) throw new UsageError(`${name} is missing: ${expected!.description}`)
  const extra = operands[max]
  if (extra !== undefined)
    throw new UsageError(`${JSON.stringify(extra)} is one too many${max === 0 ? '' : ` ${name}`}`)
  for (const operand of operands) checkChoice(name, operand, choices)
}

function checkChoice(what: string, value: string, choices: readonly string[] | undefined): void {
  if (choices === undefined || choices.includes(value)) return
  throw new UsageError(
    `${what} must be one of ${choices.join(', ')}, not ${JSON.stringify(value)}${hint(value, choices)}`
  )
}
