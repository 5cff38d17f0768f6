import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createIntake } from '../../src/intake/intake.ts'
import type { Quote } from '../../src/market/quote.ts'
import { indianDerivatives } from '../../src/sandbox/indian-derivatives.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { fullQuotes } from '../../src/streams/upstox/full-quotes.ts'
import { OverflowPolling } from '../../workers/ingest/overflow-polling.ts'
import { keys, NOON, placeOf, RELIANCE } from '../streams/upstox/frames.ts'
import { shippedHours } from '../support/hours.ts'
import { testLog } from '../support/live-server.ts'

const SILENT = pino({ level: 'silent' })

function quotesOf(baseUrl: string, named = keys, now = Date.now) {
  const quotes = fullQuotes({ baseUrl, token: () => 'T', keys: named, feed: 'consolidated', placeOf, now })
  onTestFinished(() => quotes.close())
  return quotes
}

/** A vendor that answers what a test says. */
async function vendor(answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
  const server = createServer(answer)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const row = (more: object) => ({
  instrument_token: RELIANCE,
  last_price: 1310.5,
  net_change: 10.5,
  ohlc: { open: 1305, high: 1316, low: 0, close: 1300 },
  volume: 1000,
  oi: 0,
  depth: { buy: [{ price: 1310, quantity: 5 }], sell: [{ price: 0, quantity: 0 }] },
  last_trade_time: String(NOON - 5000),
  ...more
})
const nobody = (error: Error) => error

test('a quote is what the vendor tells of it: what is 0 is not known, and a bad row costs itself alone', async () => {
  const rows = [
    row({}),
    row({ instrument_token: 'NSE_EQ|INE090A01021', last_price: 'dear' }),
    row({
      instrument_token: 'NSE_INDEX|Nifty 50',
      last_price: 25_000,
      cp: 24_900,
      last_trade_time: undefined,
      ltt: NOON
    }),
    row({ instrument_token: 'NSE_EQ|NOBODY' })
  ]
  const url = await vendor((_request, response) =>
    response.end(JSON.stringify({ data: { ...Object.fromEntries(rows.entries()), none: null } }))
  )
  const asked = ['NSE:RELIANCE', 'NSE:ICICIBANK', '^NSEI', 'AAPL']
  const told = await quotesOf(url, keys, () => NOON).ask(asked, AbortSignal.timeout(5000))
  expect(told).toMatchObject([
    {
      symbol: 'NSE:RELIANCE',
      price: 1310.5,
      previousClose: 1300,
      change: 10.5,
      dayHigh: 1316,
      bid: 1310,
      volume: 1000,
      asOf: '2026-11-30T06:29:55.000Z',
      provenance: { source: 'upstox', state: 'live', notes: [expect.stringContaining('no place')] }
    },
    { symbol: '^NSEI', price: 25_000, previousClose: 24_900 }
  ])
  for (const absent of ['dayLow', 'ask', 'askSize', 'derivative']) expect(told[0]).not.toHaveProperty(absent)
  expect(told[1]).not.toHaveProperty('volume')
})

test.each([
  ['a token that is refused', 401, '{"errors":[{"errorCode":"UDAPI100050"}]}', 'unauthorized'],
  ['too many requests', 429, '{"errors":[{"errorCode":"UDAPI10005"}]}', 'rate_limited'],
  ['an outage', 503, '<html>', 'unavailable'],
  ['a page for JSON', 200, '<html>', 'bad_payload']
])('%s is an error of that kind', async (_what, status, text, kind) => {
  const url = await vendor((_request, response) => response.writeHead(status, { 'retry-after': '7' }).end(text))
  const error = await quotesOf(url).ask(['^NSEI'], AbortSignal.timeout(5000)).catch(nobody)
  expect(error).toMatchObject({ kind })
  if (kind === 'rate_limited') expect(error).toMatchObject({ retryAfterMs: 7000 })
})

test('what a stream has no place for is asked for again and again, contracts too, also after the vendor refused', async () => {
  const [sandbox, { log }] = await Promise.all([startSandbox(), testLog()])
  onTestFinished(() => sandbox.close())
  const contracts = indianDerivatives(sandbox.exchange).slice(0, 700)
  const keyBySymbol = new Map(contracts.map(({ token }) => [`NSE:C${token}`, `NSE_FO|${token}`]))
  const symbolByKey = new Map([...keyBySymbol].map(([symbol, key]) => [key, symbol]))
  const named = {
    keyOf: (symbol: string) => keyBySymbol.get(symbol),
    symbolOf: (key: string) => symbolByKey.get(key)
  }
  const told: Quote[] = []
  const intake = createIntake({
    eventLog: log,
    log: SILENT,
    record: (event) => event.type === 'quote_update' && told.push(event.data.quote),
    quoteIntervalMs: 200,
    hoursOf: shippedHours
  })
  onTestFinished(sandbox.scenario({ vendor: 'upstox', scenario: 'rate_limited', count: 1 }))
  const quotes = fullQuotes({
    baseUrl: `${sandbox.url}/upstox`,
    token: () => 'T',
    keys: named,
    feed: 'sandbox',
    placeOf,
    now: Date.now
  })
  const polling = new OverflowPolling({ quotes, intake, log: SILENT, everyMs: 20, restMs: 50 })
  onTestFinished(() => polling.close())
  polling.want(new Set(keyBySymbol.keys()))
  await expect.poll(() => new Set(told.map(({ symbol }) => symbol)).size).toBe(contracts.length)
  await expect.poll(() => told.length).toBeGreaterThan(contracts.length)
  expect(told[0]!.price).toBeGreaterThan(0)
  // The one that was refused, two of 500 and 200, and those of the next time.
  expect(sandbox.requests.count('upstox')).toBeGreaterThan(3)
})

test('a vendor that refuses is let rest, whatever it says of when to come back', async () => {
  const askedAt: number[] = []
  const url = await vendor((_request, response) => {
    askedAt.push(performance.now())
    response.writeHead(429, { 'retry-after': askedAt.length < 3 ? '0' : '99999999999' }).end('{}')
  })
  const intake = { acceptAll: nobody }
  const polling = new OverflowPolling({ quotes: quotesOf(url), intake: intake as never, log: SILENT, everyMs: 60 })
  onTestFinished(() => polling.close())
  polling.want(new Set(['NSE:RELIANCE']))
  await expect.poll(() => askedAt.length).toBe(3)
  for (const at of [1, 2]) expect(askedAt[at]! - askedAt[at - 1]!).toBeGreaterThan(50)
})
