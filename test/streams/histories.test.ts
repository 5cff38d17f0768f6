import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { MINUTE_MS } from '../../src/market/time.ts'
import { keyWithinDay } from '../../src/market/trade-key.ts'
import type { Trade } from '../../src/market/trade.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { listingOf, tradeMessage } from '../../src/sandbox/streams/massive/messages.ts'
import { Tape } from '../../src/sandbox/streams/tape.ts'
import { alpacaHistory } from '../../src/streams/alpaca/history.ts'
import type { History, HistoryPage, HistoryWay } from '../../src/streams/history.ts'
import { massiveHistory } from '../../src/streams/massive/history.ts'
import { massiveMapper } from '../../src/streams/massive/mapper.ts'
import { upstoxHistory } from '../../src/streams/upstox/history.ts'

const placeOf = (_symbol: string, ms: number) => ({
  tradeDate: new Date(ms).toISOString().slice(0, 10),
  session: 'regular' as const
})
const signal = AbortSignal.timeout(60_000)
let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

function alpaca(key = 'key', baseUrl = `${sandbox.url}/alpaca`): History {
  const history = alpacaHistory({ credential: () => ({ key, secret: 's' }), baseUrl, timeoutMs: 10_000, placeOf })
  onTestFinished(() => history.close())
  return history
}

function massive(apiKey = 'key', baseUrl = `${sandbox.url}/massive`): History {
  const history = massiveHistory({ apiKey, baseUrl, timeoutMs: 10_000, placeOf })
  onTestFinished(() => history.close())
  return history
}

async function all<Item>(pageAt: (page?: string) => Promise<HistoryPage<Item>>) {
  const items: Item[] = []
  let pages = 0
  let page: string | undefined
  do {
    const answer = await pageAt(page)
    items.push(...answer.items)
    page = answer.next
    pages++
  } while (page !== undefined)
  return { items, pages }
}

const tradesOf = (history: History, symbol: string, way: HistoryWay, from: number, until: number) =>
  all((page) => history.trades!({ symbol, feed: 'iex', from, until, way, ...(page !== undefined && { page }) }, signal))

describe.each([
  ['alpaca', alpaca],
  ['massive', massive]
])('the history of %s', (_name, open) => {
  test('has every trade that its stream told of a time, page by page, and nothing of before or after', async () => {
    const history = open()
    const until = Math.floor(sandbox.exchange.now() / MINUTE_MS) * MINUTE_MS
    const from = until - 25 * MINUTE_MS
    const { items, pages } = await tradesOf(history, 'AAPL', history.ways('iex', 'AAPL')[0]!, from, until)
    expect(pages).toBe(2)
    expect(items.map(({ asOf }) => Math.floor(Date.parse(asOf) / 1000))).toEqual(
      Array.from({ length: 1500 }, (_, at) => from / 1000 + at)
    )
    expect(items.some(({ size }) => size < 1)).toBe(true)
    expect(new Set(items.map((trade) => keyWithinDay(trade))).size).toBe(1500)
    expect(items[0]).toMatchObject({ source: history.name, feed: 'iex', symbol: 'AAPL', currency: 'USD' })
  })

  test('has coins too, and no contracts', async () => {
    const history = open()
    const until = Math.floor(sandbox.exchange.now() / 1000) * 1000
    const [way] = history.ways('composite', 'BTC-USD')
    const { items } = await tradesOf(history, 'BTC-USD', way!, until - 10_000, until)
    expect(items).toHaveLength(10)
    expect(history.ways('opra', 'AAPL260116C00150000')).toEqual([])
  })

  test('refuses in its own words, which are told apart', async () => {
    const ask = (history: History) => {
      const [way] = history.ways('consolidated', 'AAPL')
      const until = sandbox.exchange.now()
      return tradesOf(history, 'AAPL', way!, until - 5000, until)
    }
    await expect(ask(open('wrong'))).rejects.toMatchObject({ kind: 'unauthorized' })
    await expect(ask(open('free'))).rejects.toMatchObject({ kind: 'not_covered', notCoveredBy: 'plan' })
    const end = sandbox.scenario({ vendor: 'all', scenario: 'rate_limited' })
    await expect(ask(open())).rejects.toMatchObject({ kind: 'rate_limited', scope: 'minute' })
    end()
    const endError = sandbox.scenario({ vendor: 'all', scenario: 'server_error' })
    await expect(ask(open())).rejects.toMatchObject({ kind: 'unavailable' })
    endError()
    const endPage = sandbox.scenario({ vendor: 'all', scenario: 'html' })
    await expect(ask(open())).rejects.toMatchObject({ kind: 'bad_payload' })
    endPage()
  })
})

test("what IEX missed is asked of IEX, and after a quarter of an hour of all exchanges' tape, of which only IEX counts", async () => {
  const ways = alpaca().ways('iex', 'AAPL')
  expect(ways.map(({ name, minAgeMs, venue }) => [name, minAgeMs / MINUTE_MS, venue])).toEqual([
    ['alpaca/iex', 0, undefined],
    ['alpaca/sip', 15, 'IEXG']
  ])
  const t = (second: number) => `2026-11-27T15:00:0${second}Z`
  const row = (i: number, x: string, more: object = {}) => ({ t: t(i), x, p: 100, s: 1, i, z: 'C', ...more })
  const rows = [
    row(1, 'V'),
    row(2, 'Q'),
    row(3, 'V', { u: 'canceled' }),
    row(4, 'V', { u: 'incorrect' }),
    row(5, 'V', { u: 'corrected' }),
    row(6, 'V', { p: 'x' })
  ]
  const server = createServer((_request, response) =>
    response.end(JSON.stringify({ trades: { AAPL: rows }, next_page_token: null }))
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const history = alpaca('key', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const from = Date.parse('2026-11-27T15:00:00Z')
  const asked = { symbol: 'AAPL', feed: 'iex', from, until: from + MINUTE_MS, way: ways[1]! } as const
  const { items, refused } = await history.trades!(asked, signal)
  expect(items.map(({ tradeId, venue }) => [tradeId, venue])).toEqual([
    ['1', 'IEXG'],
    ['5', 'IEXG']
  ])
  expect(refused).toBe(1)
})

test('bars of Upstox of days that are over and of today are told apart, and a bar that cannot be costs itself alone', async () => {
  const asked: string[] = []
  const candle = (begins: string, ...rest: unknown[]) => [begins, 100, 102, 99, 101, ...rest]
  const server = createServer(({ url = '' }, response) => {
    asked.push(url)
    const isToday = url.includes('intraday')
    const candles = isToday
      ? [candle('2026-11-30T09:16:00+05:30', 20, 0), candle('2026-11-30T09:15:00+05:30', 10, 0)]
      : [candle('2026-11-27T15:29:00+05:30', -1, 0), ['2026-11-27T15:28:00+05:30', 100, 90, 99, 101, 5], ['x'], 7]
    response.end(JSON.stringify({ status: 'success', data: { candles } }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const history = upstoxHistory({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: () => 'T',
    keyOn: async (symbol, day) => (symbol === 'NSE:TCS' ? `NSE_EQ|${day}` : undefined),
    timeoutMs: 5000,
    now: () => Date.parse('2026-11-30T06:00:00Z')
  })
  onTestFinished(() => history.close())
  const [way] = history.ways('consolidated', 'NSE:TCS')
  const range = { from: Date.parse('2026-11-27T09:00:00Z'), until: Date.parse('2026-11-30T03:46:00Z') }
  const of = (symbol: string) => (page?: string) =>
    history.bars({ symbol, interval: '1m', ...range, way: way!, ...(page !== undefined && { page }) }, signal)
  const { items, pages } = await all(of('NSE:TCS'))
  const prices = { open: 100, high: 102, low: 99, close: 101 }
  expect(items).toEqual([
    { start: '2026-11-27T09:59:00.000Z', ...prices },
    { start: '2026-11-30T03:45:00.000Z', ...prices, volume: 10 }
  ])
  expect(pages).toBe(2)
  expect(asked).toEqual([
    '/v3/historical-candle/NSE_EQ%7C2026-11-27/minutes/1/2026-11-30/2026-11-27',
    '/v3/historical-candle/intraday/NSE_EQ%7C2026-11-27/minutes/1'
  ])
  await expect(of('NSE:NOBODY')()).rejects.toMatchObject({ kind: 'not_found' })
})

test('a trade of Massive is the same one, whether its stream told it or it was asked for later', async () => {
  const history = massive()
  const aapl = sandbox.exchange.find('AAPL')!
  const at = sandbox.exchange.now() - 5000
  const trade = new Tape(sandbox.exchange, 1000).trade(aapl, at)!
  const mapper = massiveMapper({ market: 'stocks', feed: 'consolidated', placeOf })
  const arrival = { receivedAt: Date.now(), fence: 1, nextSequence: () => 0 }
  const { events } = mapper(`[${tradeMessage('AAPL', listingOf(aapl)!, trade)}]`, arrival)
  const streamed = (events[0]!.data as unknown as { trade: Trade }).trade
  const [way] = history.ways('consolidated', 'AAPL')
  const asked = { symbol: 'AAPL', feed: 'consolidated', from: at, until: at + 1000, way: way! } as const
  const { items } = await history.trades!(asked, signal)
  const { receivedAt: _, ...told } = streamed
  expect(items).toMatchObject([told])
})
