import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { loadConfig } from '../../src/config/config.ts'
import { mayServe } from '../../src/drop-in/licences.ts'
import type { Feed, Provenance } from '../../src/market/provenance.ts'
import type { QuoteGroup, QuoteProvenance } from '../../src/market/quote-provenance.ts'
import { DAY_MS } from '../../src/market/time.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { startWorld } from '../support/api.ts'
import { quoteEvent } from '../support/events.ts'
import { createGate } from '../db/gate.ts'
import { storeReports } from '../db/stored-reports.ts'
import { alpacaClients } from './alpaca-clients.ts'
import { charts } from './charts.ts'
import { massiveClients } from './massive-clients.ts'
import { pastQuotes } from './past-quotes.ts'
import { setStage, type Stage } from './stage.ts'
import { strangers } from './strangers.ts'

let stage: Stage

beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage.close())

describe('for Alpaca', () => alpacaClients(() => stage))
describe('for Massive', () => massiveClients(() => stage))
describe('past quotes', () => pastQuotes(() => stage))
describe('for charts', () => charts(() => stage))
describe('for strangers', () => strangers(() => stage))

test.each([
  ['alpaca', [/^latest \d+/, /^AAPL \d+/]],
  ['massive', [/^latest \d+/, /^MSFT \d+/]],
  ['charts', [/^AAPL 24x7 America\/New_York$/, /^ok 30 \d+/]]
])('the example for %s in docs/drop-in.md runs as it is printed', async (name, lines) => {
  const [, code] = new RegExp(`\`\`\`js ${name}\n([^]*?)\`\`\``).exec(await readFile('docs/drop-in.md', 'utf8'))!
  const folder = await mkdtemp(join('node_modules', '.example-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'example.mjs')
  await writeFile(file, code!)
  vi.stubEnv('QUOTEWIRE_URL', `http://${stage.authority}`)
  vi.stubEnv('QUOTEWIRE_KEY', stage.key)
  const printed: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...words) => void printed.push(words.join(' ')))
  onTestFinished(() => {
    log.mockRestore()
    vi.unstubAllEnvs()
  })
  await import(pathToFileURL(file).href)
  await expect.poll(() => printed.length).toBeGreaterThanOrEqual(lines.length)
  for (const [at, line] of lines.entries()) expect(printed[at]).toMatch(line)
})

test('what vendors did not allow is served to nobody but the operator, and told so as each vendor would', async () => {
  const world = await startWorld()
  onTestFinished(() => world.close())
  const database = createDatabase({ url: world.databaseUrl })
  // Older than the last session's end, which is the instant of a price that is told while the market is shut.
  const at = Date.now() - 8 * DAY_MS
  await storeReports(database, 'IBM', (instrumentId) => [
    {
      instrumentId,
      kind: 'trade',
      tick: {
        symbol: 'IBM',
        asOf: { ms: at, ns: 0 },
        sequence: 1,
        tradeDate: new Date(at).toISOString().slice(0, 10),
        price: 300,
        size: 1,
        tradeId: '7',
        source: 'alpaca',
        feed: 'iex',
        receivedAt: at
      }
    }
  ])
  await database.close()
  const api = await world.startApi({ LICENCES: 'alpaca=redistribution' }, [vendorOfLateQuotes()])
  const keys = {
    user: (await api.login()).key,
    operator: (await api.login(['market:read', 'admin:read'])).key
  }
  const told = async (path: string, as: keyof typeof keys = 'user') => {
    const { status, body } = await api.get(path, keys[as])
    return `${status} ${body}`
  }
  const alpaca = '/drop-in/alpaca/v2/stocks/IBM'
  const massive = '/drop-in/massive/v2/last/trade/IBM'
  expect(await told(`${alpaca}/trades?start=2026-01-05`)).toMatch(/^200 .*"i":7/)
  expect(await told(`${alpaca}/trades?start=2026-01-05&feed=sip`)).toMatch(/^200 .*"trades":\[\]/)
  expect(await told(`${alpaca}/quotes/latest`)).toMatch(/^403 \{"message":"subscription does not permit/)
  expect(await told(massive)).toMatch(/^403 .*"status":"NOT_AUTHORIZED"/)
  expect(await told('/udf/symbols?symbol=IBM')).toMatch(/^403 .*"s":"error","errmsg":"The licence of fmp/)
  expect(await told('/udf/quotes?symbols=IBM')).toMatch(/^200 .*"s":"error"/)
  expect(await told(`${alpaca}/quotes/latest`, 'operator')).toMatch(/^200 .*"bp":300/)
  expect(await told(massive, 'operator')).toMatch(/^200 .*"p":301/)
  api.vendor.isDown = true
  expect(await told('/udf/search?query=ibm')).toMatch(/^403 .*"s":"error","errmsg":"The licence of fmp/)
  expect(await told('/udf/search?query=ibm', 'operator')).toMatch(/^200 \[/)
})

test("what a stream's quote has of other vendors' figures is served where those allow it", async () => {
  const world = await startWorld()
  onTestFinished(() => world.close())
  const api = await world.startApi({ LICENCES: 'alpaca=redistribution,massive=display' }, [vendorOfLateQuotes()])
  const [{ key }, operator] = [await api.login(), await api.login(['market:read', 'admin:read'])]
  const read = async (path: string, as = key) => (await api.get(path, as)).json() as Record<string, unknown>
  const paths = {
    alpaca: '/drop-in/alpaca/v2/stocks/IBM/snapshot',
    alpacaQuote: '/drop-in/alpaca/v2/stocks/IBM/quotes/latest',
    massive: '/drop-in/massive/v2/snapshot/locale/us/markets/stocks/tickers/IBM',
    charts: '/udf/quotes?symbols=IBM'
  }
  await read(paths.alpaca, operator.key)
  let second = 0
  /** A price of Alpaca's, beside what others told. */
  const streamed = async (price: number, parts: QuoteProvenance['parts']) => {
    const asOf = new Date(Date.now() + ++second).toISOString()
    const told = { source: 'alpaca', feed: 'iex', delivery: 'stream', receivedAt: asOf } as const
    const provenance: QuoteProvenance = { ...told, state: 'live', attempts: [], ...(parts && { parts }) }
    const day = { open: 290, dayHigh: 305, dayLow: 289, previousClose: 288, change: 15, changePercent: 5.2 }
    await api.core.eventLog.append([quoteEvent('IBM', price, { bid: 302, ask: 304, asOf, ...day, provenance })])
    await expect.poll(() => read(paths.alpaca)).toMatchObject({ latestTrade: { p: price } })
  }
  const by = (source: string, feed: Feed, ...groups: QuoteGroup[]) => ({
    source,
    feed,
    asOf: '2026-01-05T14:30:00.000Z',
    groups
  })

  await streamed(303, [by('fmp', 'delayed', 'reference', 'day')])
  expect(await read(paths.alpaca)).toMatchObject({ latestTrade: { p: 303 }, latestQuote: { bp: 302, ap: 304 } })
  expect(await read(paths.alpaca)).not.toHaveProperty('dailyBar')
  expect((await read(paths.massive))['ticker']).toEqual({
    ticker: 'IBM',
    lastTrade: expect.objectContaining({ p: 303 }) as object,
    lastQuote: expect.objectContaining({ p: 302 }) as object,
    updated: expect.any(Number) as number
  })
  const named = { short_name: 'IBM', lp: 303 }
  expect(await read(paths.charts)).toEqual({ s: 'ok', d: [{ s: 'ok', n: 'IBM', v: { ...named, bid: 302, ask: 304 } }] })
  expect(await read(paths.alpaca, operator.key)).toMatchObject({ dailyBar: { o: 290, h: 305, l: 289, c: 303 } })
  expect(await read(paths.charts, operator.key)).toMatchObject({ d: [{ v: { lp: 303, prev_close_price: 288 } }] })

  await streamed(306, [by('fmp', 'delayed', 'book'), by('massive', 'consolidated', 'reference')])
  const sidesAway = await read(paths.alpaca)
  expect(sidesAway).toMatchObject({ latestTrade: { p: 306 }, dailyBar: { o: 290, c: 306 } })
  expect(sidesAway).not.toHaveProperty('latestQuote')
  expect((await api.get(paths.alpacaQuote, key)).status).toBe(403)
  // People may look at what programs do not get.
  const ofCharts = JSON.stringify(await read(paths.charts))
  expect(ofCharts).toContain('"prev_close_price":288')
  expect(ofCharts).not.toContain('"bid"')
  expect(JSON.stringify(await read(paths.massive))).not.toContain('todaysChange')

  await streamed(307, undefined)
  expect(await read(paths.massive)).toMatchObject({ ticker: { todaysChange: 15, day: { c: 307 } } })
})

test('while Postgres is away what is known otherwise is served, and what is not is told to come back for', async () => {
  const world = await startWorld()
  onTestFinished(() => world.close())
  const gate = await createGate(world.databaseUrl)
  const api = await world.startApi({ DATABASE_URL: gate.url })
  const { key } = await api.login()
  const alpaca = '/drop-in/alpaca/v2/stocks/AAPL'
  await api.get(`${alpaca}/trades/latest`, key)
  await gate.shut()
  expect((await api.get(`${alpaca}/trades/latest`, key)).status).toBe(200)
  const { status, headers, body } = await api.get(`${alpaca}/trades`, key)
  expect([status, Number(headers['retry-after']) > 0, body]).toEqual([
    503,
    true,
    expect.stringMatching(/^\{"message":/)
  ])
})

test('people see what may be shown, programs get what may be handed on, and the operator has all that he was sold', () => {
  const { licences } = loadConfig({ LICENCES: 'alpaca=display, massive=redistribution' })
  const may = (source: string, use: 'display' | 'redistribution', feed: Feed = 'iex', isOperator = false) =>
    mayServe(licences, { source, feed }, { use, isOperator })
  expect([may('alpaca', 'display'), may('alpaca', 'redistribution')]).toEqual([true, false])
  expect([may('alpaca-trades', 'display'), may('alpaca-trades', 'redistribution')]).toEqual([true, false])
  expect([may('massive', 'display'), may('massive', 'redistribution')]).toEqual([true, true])
  expect([may('yahoo', 'display'), may('massive, yahoo', 'display'), may('massive, alpaca', 'display')]).toEqual([
    false,
    false,
    true
  ])
  expect(may('yahoo', 'redistribution', 'composite', true)).toBe(true)
  expect(may('yahoo', 'redistribution', 'sandbox')).toBe(true)
})

test('a licence or a vendor that does not exist, or one that is named twice, stops the start', () => {
  for (const LICENCES of ['alpaca=all', 'alpacca=display', 'alpaca']) {
    expect(() => loadConfig({ LICENCES })).toThrow(/LICENCES must be vendor=licence/)
  }
  expect(() => loadConfig({ LICENCES: 'yahoo=display,yahoo=personal' })).toThrow(/names a vendor twice/)
})

/** Sells no more than IBM's name and a quote of it. */
function vendorOfLateQuotes(): Provider {
  return {
    name: 'fmp',
    maxQuotesPerRequest: 1,
    covers: () => true,
    async quotes() {
      const provenance = provenanceNow()
      const { receivedAt: asOf } = provenance
      return new Map([['IBM', { symbol: 'IBM', price: 301, bid: 300, ask: 302, asOf, provenance }]])
    },
    async search(query) {
      return { query, matches: [{ symbol: 'IBM' }], provenance: provenanceNow() }
    }
  }
}

const provenanceNow = (): Provenance => ({
  source: 'fmp',
  feed: 'delayed',
  receivedAt: new Date().toISOString(),
  state: 'delayed',
  attempts: []
})
