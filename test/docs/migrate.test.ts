import { execFile, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { BarSeries } from '../../src/market/bar.ts'
import type { Quote } from '../../src/market/quote.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { hasProgram } from '../deploy/programs.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { tradeEvent } from '../support/events.ts'

const run = promisify(execFile)
const PYTHON = process.env.PYTHON ?? 'python3'
const DAY_MS = 86_400_000
const PATIENTLY = { timeout: 20_000, interval: 50 }

let sandbox: Sandbox
let world: ApiWorld
let api: Api
let env: NodeJS.ProcessEnv
let scripts: ReadonlyMap<string, string>

beforeAll(async () => {
  const text = await readFile('docs/migrate.md', 'utf8')
  scripts = new Map([...text.matchAll(/```\w+ (\S+)\n([^]*?)```/g)].map(([, name, script]) => [name!, script!]))
  ;[sandbox, world] = await Promise.all([startSandbox(), startWorld()])
  const patience = { UPSTREAM_TIMEOUT_MS: '5000', REQUEST_DEADLINE_MS: '15000' }
  api = await world.startApi({ MARKET: 'sandbox', SANDBOX_URL: sandbox.url, ...patience })
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const { key } = await api.login(['market:read', 'stream:read'])
  env = { PATH: process.env.PATH, QUOTEWIRE_URL: url, QUOTEWIRE_KEY: key }
})
afterAll(async () => {
  await world.close()
  await sandbox.close()
})

/** What a printed script prints, by the first word of its lines. */
async function printed(command: string, ...args: string[]): Promise<Record<string, string[]>> {
  const { stdout } = await run(command, args, { env })
  const lines = stdout.trimEnd().split('\n')
  return Object.groupBy(lines, (line) => line.split(' ', 1)[0]!) as Record<string, string[]>
}

const module = (name: string) => ['--input-type=module', '--eval', scripts.get(name)!]

async function value<T>(path: string): Promise<T> {
  const answer = await api.get(`/api/v1/market/${path}`, env.QUOTEWIRE_KEY)
  expect(answer.status).toBe(200)
  return answer.json() as T
}
const barsOf = async (query: string) => (await value<BarSeries>(`historical/AAPL?${query}`)).bars
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10)

test.skipIf(!hasProgram(PYTHON, '--version'))(
  'who comes from yfinance gets its history, prices, actions and options (needs python3)',
  async () => {
    const lines = await printed(PYTHON, '-W', 'error', '-c', scripts.get('from_yfinance.py')!)
    const month = await barsOf('range=1mo&adjusted=all')
    expect(lines.history).toEqual([`history ${month.length} ${month[0]!.start} ${month[0]!.close}`])
    expect(lines.hours).toEqual([expect.stringMatching(/^hours America\/New_York \S+Z$/)])
    expect(lines.price!.map((line) => line.split(' ')[1])).toEqual(['AAPL', 'BRK.B', '^GSPC'])
    expect(lines.error).toEqual(['error NOSUCHX SYMBOL_NOT_FOUND'])
    expect(lines.actions).toEqual([expect.stringMatching(/^actions \d+ (splits|none) \d+$/)])
    expect(lines.options).toEqual([expect.stringMatching(/^options \d{4}-\d\d-\d\d [1-9]\d* AAPL\d{6}C\d{8}$/)])
  }
)

test('who comes from yahoo-finance2 gets quotes, charts with both closes, and errors that say what is wrong', async () => {
  const lines = await printed(process.execPath, ...module('from-yahoo-finance2.mjs'))
  expect(lines.quote).toEqual([expect.stringMatching(/^quote [\d.]+ -?[\d.]+ true yahoo$/)])
  const raw = await barsOf(`from=${daysAgo(14)}&adjusted=splits`)
  const [adjusted] = await barsOf(`from=${daysAgo(14)}&adjusted=all`)
  expect(lines.chart).toEqual([`chart ${raw.length} ${raw[0]!.start} ${raw[0]!.close} ${adjusted!.close}`])
  expect(lines.search).toEqual(['search AAPL'])
  expect(lines.error).toEqual([expect.stringMatching(/^error SYMBOL_NOT_FOUND: No provider knows NOSUCHX/)])
})

test('who comes from Alpaca gets bars as traded, quotes by either spelling, and trades as they come', async () => {
  const child = spawn(process.execPath, module('from-alpaca.mjs'), { env })
  onTestFinished(() => void child.kill())
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  await expect.poll(() => output, PATIENTLY).toContain('subscribed')
  await api.core.eventLog.append([tradeEvent('AAPL', 231.5, 0.3)])
  await expect.poll(() => output, PATIENTLY).toContain('trade AAPL 231.5 0.3 true')
  const bars = await barsOf(`from=${daysAgo(14)}&adjusted=none`)
  expect(output).toMatch(new RegExp(`^bars ${bars.length} USD \\{ t: '${bars.at(-1)!.start}', o: `))
  expect(output).toMatch(/^quote BTC-USD /m)
  await expect.poll(() => child.exitCode, PATIENTLY).toBe(0)
})

test('who comes from Massive gets aggregates by milliseconds, the previous close, an average and splits', async () => {
  const lines = await printed(process.execPath, ...module('from-massive.mjs'))
  const [first, ...more] = await barsOf(`from=${daysAgo(7)}&to=${daysAgo(1)}&interval=1h`)
  expect(lines.aggs).toEqual([`aggs ${more.length + 1} ${Date.parse(first!.start)} ${first!.close}`])
  const { previousClose } = await value<Quote>('quote/AAPL')
  expect(lines.prev).toEqual([`prev ${previousClose}`])
  expect(lines.sma).toEqual([expect.stringMatching(/^sma [1-9]\d* \{ sma: [\d.]+ \}$/)])
  expect(lines.splits).toEqual([expect.stringMatching(/^splits [1-9]\d*$/)])
})

test.skipIf(!hasProgram('curl', '--version'))(
  'who comes from finance-query gets the same two answers with a key (needs curl)',
  async () => {
    const { stdout } = await run('sh', ['-euc', scripts.get('from-finance-query.sh')!], { env })
    const [quotes, chart] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect(quotes).toMatchObject({ quotes: [{ symbol: 'AAPL' }, { symbol: 'MSFT' }], errors: [] })
    expect((chart as BarSeries).bars).toEqual(await barsOf('range=5d&interval=1d'))
  }
)

test('every script of the page is run here', () => {
  expect([...scripts.keys()].toSorted()).toEqual([
    'from-alpaca.mjs',
    'from-finance-query.sh',
    'from-massive.mjs',
    'from-yahoo-finance2.mjs',
    'from_yfinance.py'
  ])
})
