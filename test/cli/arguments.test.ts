import { execFileSync, spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { Adjustment, Interval, Period } from '../../src/market/bar.ts'
import { GapReason, GapState } from '../../src/market/gap.ts'
import { STREAMS } from '../../src/hub/protocol.ts'
import { readArguments } from '../../src/cli/arguments.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { bashScript, zshScript } from '../../src/cli/completion-scripts.ts'
import { commandText, overviewText } from '../../src/cli/help.ts'

const command = (name: string) => COMMANDS.find((each) => each.name === name)!
const read = (name: string, ...args: string[]) => readArguments(command(name), args)
const hasZsh = spawnSync('zsh', ['--version']).status === 0

test('options stand before, behind and between symbols, and with = too', () => {
  const { operands, options } = read('history', '--range=1mo', 'AAPL', '--interval', '1h', '^GSPC', '--', '--odd')
  expect(operands).toEqual(['AAPL', '^GSPC', '--odd'])
  expect(options).toMatchObject({ range: '1mo', interval: '1h', format: undefined })
  expect(read('search', 'apple', '--limit', '3').options).toMatchObject({ limit: 3 })
})

test.each([
  ['quote', [], 'SYMBOL is missing'],
  ['quote', ['AAPL', '--formt', 'table'], '--formt is no option of quote; --format was probably meant'],
  ['quote', ['AAPL', '-f'], '-f is no option of quote: options begin with two dashes'],
  ['history', ['AAPL', '--interval', '1min'], '--interval must be one of 1m, 5m'],
  ['history', ['AAPL', '--interval', '1min'], 'not "1min"; 1m was probably meant'],
  ['history', ['AAPL', '--range'], '--range needs a value: 1d, 5d'],
  ['history', ['AAPL', '--from', '--to', '2026-01-01'], '--from needs a value'],
  ['history', ['AAPL', '--from', '2026-01-01', '--from', '2026-02-01'], '--from is given twice'],
  ['stream', ['AAPL', '--conflate', '0.5'], '--conflate must be a whole number, not "0.5"'],
  ['explain', ['AAPL', 'MSFT'], '"MSFT" is one too many'],
  ['status', ['AAPL'], '"AAPL" is one too many'],
  ['completion', ['fish'], 'SHELL must be one of bash, zsh, not "fish"']
])('%s %j is refused, by the name of what is wrong', (name, args, said) => {
  expect(() => read(name, ...args)).toThrow(said)
})

test('what can be chosen is what the server takes', () => {
  const choices = (name: string, option: string) => command(name).options[option]!.choices
  expect(choices('history', 'interval')).toEqual(Interval.enum)
  expect(choices('history', 'range')).toEqual(Period.enum)
  expect(choices('history', 'adjusted')).toEqual(Adjustment.enum)
  expect(choices('gaps', 'state')).toEqual(GapState.enum)
  expect(choices('gaps', 'reason')).toEqual(GapReason.enum)
  expect(choices('stream', 'stream')!.filter((name) => !STREAMS.some((each) => each === name))).toEqual([])
})

test('help names every command, and of each every option', () => {
  const overview = overviewText(COMMANDS)
  for (const each of COMMANDS) {
    expect(overview).toContain(`\n  ${each.name} `)
    const text = commandText(each)
    for (const option of Object.keys(each.options)) expect(text).toContain(`  --${option}`)
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThan(160)
  }
})

/** What bash would offer at the end of a line. */
function offered(line: readonly string[]): string[] {
  const words = line.map((word) => `'${word}'`).join(' ')
  const script = `${bashScript(COMMANDS)}
    compopt() { :; }
    COMP_WORDS=(${words}); COMP_CWORD=${line.length - 1}; _quotewire; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-euc', script], { encoding: 'utf8' }).split('\n').filter(Boolean)
}

test('bash completes commands, options, values and files', () => {
  expect(offered(['quotewire', 'st'])).toEqual(['stream', 'status'])
  expect(offered(['quotewire', 'history', 'AAPL', '--ad'])).toEqual(['--adjusted'])
  expect(offered(['quotewire', 'history', 'AAPL', '--format', 'c'])).toEqual(['csv'])
  expect(offered(['quotewire', 'history', '--format', '=', ''])).toEqual(['table', 'csv', 'ndjson', 'parquet'])
  expect(offered(['quotewire', 'history', 'AAPL', '--out', 'package.j'])).toEqual(['package.json'])
  expect(offered(['quotewire', 'completion', ''])).toEqual(['bash', 'zsh', '--help'])
})

test.skipIf(!hasZsh)('zsh takes its script (needs zsh)', () => {
  const load = 'autoload -U compinit; compinit -D -u; eval "$SCRIPT"; print $_comps[quotewire]'
  const env = { ...process.env, SCRIPT: zshScript(COMMANDS) }
  expect(execFileSync('zsh', ['-fc', load], { encoding: 'utf8', env })).toBe('_quotewire\n')
})
