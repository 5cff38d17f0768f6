import type { Command, Option, Positional } from './command.ts'

const ENVIRONMENT = `Environment:
  QUOTEWIRE_URL    Address of the server; without it, that of the npm start that runs here
  QUOTEWIRE_KEY    API key; without it, the first key of the npm start that runs here, for that server only
  NO_COLOR         Set to anything: no colours

Exit codes:
  0  done          1  failed       2  wrong arguments
  3  not allowed   4  not found    5  the server, or every vendor, does not answer now`

/** What `quotewire --help` says. */
export function overviewText(commands: readonly Command[]): string {
  return `usage: quotewire COMMAND [ARGUMENTS]

Commands:
${twoColumns(commands.map(({ name, summary }) => [name, summary]))}

quotewire COMMAND --help says more of one; quotewire --version tells the version.

${ENVIRONMENT}
`
}

/** What `quotewire COMMAND --help` says. */
export function commandText(command: Command): string {
  const { summary, operands, options, notes = [], examples = [] } = command
  const names = Object.entries(options)
  const parts = [
    `usage: ${usageLine(command)}`,
    [summary, ...notes].join('\n'),
    operands && twoColumns([[operands.name, sentence(operands.description, operands.choices)]]),
    names.length > 0 && twoColumns(names.map(([name, option]) => [spelling(name, option), about(option)])),
    examples.length > 0 && `Examples:\n${examples.map((example) => `  ${example}`).join('\n')}`
  ]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

/** `quotewire quote SYMBOL... [options]`. */
export function usageLine({ name, operands, options }: Command): string {
  const rest = operands ? ` ${operandsText(operands)}` : ''
  return `quotewire ${name}${rest}${Object.keys(options).length > 0 ? ' [options]' : ''}`
}

function operandsText({ name, min, max }: Positional): string {
  const text = max === 1 ? name : `${name}...`
  return min === 0 ? `[${text}]` : text
}

const spelling = (name: string, { type, value }: Option) =>
  type === 'flag' ? `--${name}` : `--${name} ${value ?? (type === 'number' ? 'N' : name.toUpperCase())}`

function about({ description, choices, default: otherwise }: Option): string {
  return `${sentence(description, choices)}${otherwise === undefined ? '' : ` (${otherwise})`}`
}

const sentence = (description: string, choices: readonly string[] | undefined) =>
  choices === undefined ? description : `${description}: ${choices.join(', ')}`

function twoColumns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}
