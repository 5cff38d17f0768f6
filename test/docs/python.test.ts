import { execFile, spawn, spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { BarSeries } from '../../src/market/bar.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteEvent } from '../support/events.ts'
import { privateFolder } from '../support/folders.ts'

const run = promisify(execFile)

const PACKAGES = ['requests', 'pandas', 'polars', 'duckdb', 'websockets']
/** An interpreter that has the packages, such as that of a virtual environment, is named by the variable PYTHON. */
const PYTHON = process.env.PYTHON ?? 'python3'
const LOOK =
  'import importlib.util, sys; sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))'
const hasPackages = spawnSync(PYTHON, ['-c', LOOK, ...PACKAGES]).status === 0

const TIME = { timeout: 60_000 }
const PATIENTLY = { timeout: 40_000, interval: 50 }
/** Little enough to be spent at once; it refills by one a second. */
const REQUESTS_PER_MINUTE = 60

const DAY_MS = 86_400_000
/** Newer bars may be renewed between two answers that are compared. */
const SETTLED_BEFORE = (Math.floor(Date.now() / DAY_MS) - 1) * DAY_MS

/** Prints tables as JSON: instants as epoch milliseconds, dates as they are written, an absent figure as null. */
const TABLES = `
import json
from datetime import date, datetime

def plain(value):
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, datetime) and value.tzinfo:
        return round(value.timestamp() * 1000)
    if isinstance(value, date):
        return value.isoformat()[:10]
    return value.item() if hasattr(value, 'item') else value

def table(types, rows):
    return {'types': {name: str(type) for name, type in types}, 'rows': [[plain(value) for value in row] for row in rows]}

def of_pandas(frame):
    return table(frame.dtypes.items(), frame.itertuples(index=False, name=None))

def of_polars(frame):
    return table(frame.schema.items(), frame.rows())

print('symbols', *days['symbol'].unique(), *minutes_polars['symbol'].unique())
print(json.dumps({
    'days': of_pandas(days.drop(columns='symbol').reset_index()),
    'minutes': of_pandas(minutes.drop(columns='symbol').reset_index()),
    'pair': of_pandas(pair),
    'minutesPolars': of_polars(minutes_polars.drop('symbol')),
    'pairPolars': of_polars(pair_polars),
}))
`
type Table = { types: Record<string, string>; rows: unknown[][] }
const NAMES = ['open', 'high', 'low', 'close', 'volume']
const typesOf = (start: unknown, float: string, boolean: string) => ({
  start,
  ...Object.fromEntries(NAMES.map((name) => [name, float])),
  complete: boolean
})

/** How the batch was read, and which answers a request met that came right after the user's minute was spent. */
const BATCH = `
import json
met = []
while not met:
    while requests.get(f'{URL}/api/v1/market/quote/AAPL', headers=api.headers).status_code != 429:
        pass
    met = [each.status for each in get('quote/AAPL').raw.retries.history]
print(json.dumps([
    quotes.dtypes.astype(str).to_dict(),
    quotes['volume'].isna().to_dict(),
    quotes['price'].to_dict() == {quote['symbol']: quote['price'] for quote in batch['quotes']},
    met,
]))
`

const COUNTS = `
import json
settled = 'select count(*), count(volume), count(distinct start), epoch_ms(min(start)), sum(close) from bars'
running = 'select count(complete) from bars where symbol = ?'
for symbol in SYMBOLS:
    [figures] = database.execute(f'{settled} where symbol = ? and epoch_ms(start) < ${SETTLED_BEFORE}', [symbol]).fetchall()
    print(json.dumps([*figures, *database.execute(running, [symbol]).fetchone()]))
`

describe.skipIf(!hasPackages)(
  `Python (needs ${PACKAGES.join(', ')} in python3, or in the one that PYTHON names)`,
  TIME,
  () => {
    let sandbox: Sandbox
    let world: ApiWorld
    let api: Api
    let url: string

    const startApi = async (port: number) => {
      const env = { MARKET: 'sandbox', SANDBOX_URL: sandbox.url, RATE_LIMIT_PER_MINUTE: `${REQUESTS_PER_MINUTE}` }
      api = await world.startApi({ ...env, UPSTREAM_TIMEOUT_MS: '5000', REQUEST_DEADLINE_MS: '15000' })
      url = await api.app.listen({ host: '127.0.0.1', port })
    }
    beforeAll(async () => {
      ;[sandbox, world] = await Promise.all([startSandbox(), startWorld()])
      await startApi(0)
    })
    afterAll(async () => {
      await world.close()
      await sandbox.close()
    })

    const environmentOf = (key: string) => ({ PATH: process.env.PATH, QUOTEWIRE_URL: url, QUOTEWIRE_KEY: key })
    const newKey = async () => (await api.login(['market:read', 'stream:read'])).key

    /** The lines that a printed script, with `more` behind it, prints in `folder`; a warning is an error. */
    async function python(folder: string, name: string, key: string, more: string): Promise<string[]> {
      await writeFile(join(folder, name), `${await printed(name)}${more}`)
      const options = { cwd: folder, env: environmentOf(key) }
      return (await run(PYTHON, ['-W', 'error', name], options)).stdout.trimEnd().split('\n')
    }

    async function series(key: string, path: string): Promise<BarSeries> {
      const answer = await fetch(`${url}/api/v1/market/historical/${path}`, { headers: { 'x-api-key': key } })
      expect(answer.status).toBe(200)
      return (await answer.json()) as BarSeries
    }

    test('the printed commands name what is needed, the variables and every script', async () => {
      const commands = await printed('sh python')
      expect(commands.split('\n')[0]).toBe(`pip install ${PACKAGES.join(' ')}`)
      expect([...commands.matchAll(/^export (\w+)=/gm)].map(([, name]) => name)).toEqual([
        'QUOTEWIRE_URL',
        'QUOTEWIRE_KEY'
      ])
      for (const [, name] of commands.matchAll(/^python (\S+)$/gm)) expect(await printed(name!)).toContain('import')
    })

    test('quotes: a batch is a table with NaN for what is missing, and a spent minute is waited for', async () => {
      const key = await newKey()
      const lines = await python(await privateFolder(), 'quotes.py', key, BATCH)
      expect(lines[0]).toMatch(/^EURUSD=X [\d.]+ \w+ volume: None$/)
      expect(lines).toContain('NOSUCHX SYMBOL_NOT_FOUND No provider knows NOSUCHX')
      expect(lines).toContainEqual(expect.stringMatching(/^\d+ of 60 requests are left$/))
      const instant = expect.stringMatching(/^datetime64\[\w+, UTC\]$/)
      expect(JSON.parse(lines.at(-1)!)).toEqual([
        expect.objectContaining({ price: 'float64', changePercent: 'float64', volume: 'float64', asOf: instant }),
        { AAPL: false, MSFT: false, 'EURUSD=X': true },
        true,
        expect.arrayContaining([429])
      ])
    })

    test('history: pandas and polars hold what the JSON says, to the last digit, in order, with its types', async () => {
      const key = await newKey()
      const lines = await python(await privateFolder(), 'history.py', key, TABLES)
      expect(lines.join('\n')).toMatch(
        /^Source [a-z-]+\nState [a-z]+\nAdjusted all\nCurrency USD\nReceived-At 20\S+Z$/m
      )
      expect(lines.at(-2)).toBe('symbols AAPL AAPL')
      const got = JSON.parse(lines.at(-1)!) as Record<string, Table>
      expect(got['minutes']!.rows.at(-1)!.at(-1), 'the newest bar runs').toBe(false)
      for (const table of Object.values(got)) table.rows = settled(table.rows)

      const date = expect.stringMatching(/^datetime64\[\w+\]$/)
      const days = await series(key, 'AAPL?range=1y&adjusted=all')
      expect(got['days']).toEqual({ types: typesOf(date, 'float64', 'boolean'), rows: rowsOf(days, String) })

      const minutes = await series(key, 'AAPL?range=5d&interval=5m')
      const rows = rowsOf(minutes, Date.parse)
      const instant = expect.stringMatching(/^datetime64\[\w+, America\/New_York\]$/)
      expect(got['minutes']).toEqual({ types: typesOf(instant, 'float64', 'boolean'), rows })
      const utc = expect.stringMatching(/^Datetime\(.*'UTC'\)$/)
      expect(got['minutesPolars']).toEqual({ types: typesOf(utc, 'Float64', 'Boolean'), rows })

      const pair = rowsOf(await series(key, 'EURUSD=X?range=1mo'), String)
      expect(pair.map((row) => row[5])).toEqual(pair.map(() => null))
      expect(got['pair']).toEqual({ types: typesOf(date, 'float64', 'boolean'), rows: pair })
      expect(got['pairPolars']).toEqual({ types: typesOf('Date', 'Float64', 'Boolean'), rows: pair })
    })

    test('a file of DuckDB holds every bar once, however often the script runs', async () => {
      const key = await newKey()
      const folder = await privateFolder()
      const store = async () =>
        (await python(folder, 'store.py', key, COUNTS)).slice(-2).map((line) => JSON.parse(line))
      const first = await store()
      expect(await store()).toEqual(first)

      const from = new Date(Date.now() - 50 * DAY_MS).toISOString().slice(0, 10)
      for (const [index, symbol] of ['AAPL', 'EURUSD=X'].entries()) {
        const all = await series(key, `${symbol}?interval=5m&from=${from}`)
        const bars = all.bars.filter(({ start }) => Date.parse(start) < SETTLED_BEFORE)
        expect(bars.length).toBeGreaterThan(10_000)
        const volumes = bars.filter(({ volume }) => volume !== undefined).length
        const closes = bars.reduce((total, { close }) => total + close, 0)
        const oldest = Date.parse(bars[0]!.start)
        expect(first[index]).toEqual([bars.length, volumes, bars.length, oldest, expect.closeTo(closes, 0), 1])
        expect(volumes).toBe(symbol === 'AAPL' ? bars.length : 0)
      }
    })

    test('live: nothing is lost and nothing comes twice over a restart, and a wrong key is told so', async () => {
      const script = await printed('follow.py')
      const wrong = await run(PYTHON, ['-c', script], { env: environmentOf('qw_wrong') }).catch(
        (error: unknown) => error
      )
      expect(wrong).toMatchObject({ code: 1, stderr: '4500 not authenticated\n' })

      const key = await newKey()
      const env = { ...environmentOf(key), WEBSOCKETS_BACKOFF_INITIAL_DELAY: '0.1' }
      const child = spawn(PYTHON, ['-c', script], { env })
      onTestFinished(() => void child.kill())
      let output = ''
      child.stdout.on('data', (chunk) => (output += chunk))
      child.stderr.on('data', (chunk) => (output += chunk))
      await expect.poll(() => output, PATIENTLY).toMatch(/^AAPL [\d.]+ 20\S+Z \w+\nMSFT [\d.]+/)
      const publish = (price: number) => api.core.eventLog.append([quoteEvent('AAPL', price)])
      await publish(771)
      await expect.poll(() => output, PATIENTLY).toContain('AAPL 771')
      await api.app.close()
      await publish(772)
      await startApi(Number(new URL(url).port))
      await publish(773)
      await expect.poll(() => output, PATIENTLY).toContain('AAPL 773')
      expect(output.match(/^AAPL 77\d/gm)).toEqual(['AAPL 771', 'AAPL 772', 'AAPL 773'])
    })
  }
)

/** The block of docs/clients.md that is marked so. */
async function printed(mark: string): Promise<string> {
  const text = await readFile('docs/clients.md', 'utf8')
  const blocks = [...text.matchAll(/```(\S+ \S+)\n([^]*?)```/g)]
  const block = blocks.find(([, marked]) => marked === mark || marked === `python ${mark}`)
  if (!block) throw new Error(`docs/clients.md prints no ${mark}`)
  return block[2]!
}

const settled = (rows: unknown[][]) =>
  rows.filter(([start]) => new Date(start as string | number).getTime() < SETTLED_BEFORE)

function rowsOf({ bars }: BarSeries, startOf: (start: string) => string | number): unknown[][] {
  const rows = bars.map(({ start, open, high, low, close, volume = null, complete = null }) => [
    startOf(start),
    open,
    high,
    low,
    close,
    volume,
    complete
  ])
  return settled(rows)
}
