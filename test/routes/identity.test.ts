import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Movers } from '../../src/market/market-wide.ts'
import type { OptionChain } from '../../src/market/option-chain.ts'
import type { Profile } from '../../src/market/profile.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { SearchResult } from '../../src/market/search.ts'
import { VENDOR_NAMES, type VendorName } from '../../src/sandbox/vendors/vendor.ts'
import { startMarket, thoughtfulSandbox, type MarketUnderTest } from './market-under-test.ts'

const PATH = '/api/v1/market'
/** A share of each of two exchanges, a class share, a fund, London, Toronto, Mumbai, an index, a coin, two currencies. */
const SYMBOLS = ['AAPL', 'JPM', 'BRK.B', 'SPY', 'VOD.L', 'SHOP.TO', 'NSE:RELIANCE', '^GSPC', 'BTC-USD', 'EURUSD=X']
const MEMBERS = ['symbol', 'name', 'kind', 'mic', 'exchange', 'country', 'sector'] as const

type Named = { symbol: string } & Partial<Record<(typeof MEMBERS)[number], string>>
type Client = Pick<MarketUnderTest, 'get' | 'value'>

let market: MarketUnderTest
let before: Map<string, Named>

beforeAll(async () => {
  market = await startMarket(await thoughtfulSandbox())
  before = await seenBy(market)
  const moved = [...before].flatMap(([key, { symbol }]) => (key.startsWith('movers') ? [symbol] : []))
  for (let first = 0; first < moved.length; first += 50) {
    await market.value(
      `${PATH}/quotes?symbols=${moved
        .slice(first, first + 50)
        .map(encodeURIComponent)
        .join(',')}`
    )
  }
  await vi.waitFor(async () => expect(await market.api.core.recorder.flush()).toBe(true), { timeout: 30_000 })
}, 60_000)
afterAll(async () => {
  await market.close()
  await market.sandbox.close()
})

const named = (value: object): Named =>
  Object.fromEntries(Object.entries(value).filter(([name]) => (MEMBERS as readonly string[]).includes(name))) as Named

/** What each route tells of each instrument, by route and symbol. */
async function seenBy(client: Client): Promise<Map<string, Named>> {
  const seen = new Map<string, Named>()
  const see = (route: string, values: readonly { symbol: string }[]) => {
    for (const value of values) seen.set(`${route} ${value.symbol}`, named(value))
  }
  const one = async <T>(path: string) => {
    const answer = await client.get(path)
    return answer.status === 200 ? [answer.json() as T] : []
  }
  see(
    'quote',
    (await Promise.all(SYMBOLS.map((symbol) => one<Quote>(`${PATH}/quote/${encodeURIComponent(symbol)}`)))).flat()
  )
  const symbols = SYMBOLS.map((symbol) => encodeURIComponent(symbol)).join(',')
  see('batch', (await client.value<{ quotes: Quote[] }>(`${PATH}/quotes?symbols=${symbols}`)).quotes)
  for (const symbol of SYMBOLS) {
    see('profile', await one<Profile>(`${PATH}/profile/${encodeURIComponent(symbol)}`))
    const found = await one<SearchResult>(`${PATH}/search?q=${encodeURIComponent(symbol)}`)
    see(
      'search',
      found.flatMap(({ matches }) => matches).filter((match) => match.symbol === symbol)
    )
  }
  for (const type of ['gainers', 'losers', 'actives']) {
    see(
      `movers`,
      (await one<Movers>(`${PATH}/movers?type=${type}&limit=50`)).flatMap(({ movers }) => movers)
    )
  }
  see('options', await one<OptionChain>(`${PATH}/options/AAPL`))
  return seen
}

test('an instrument is named in full on every route', () => {
  for (const symbol of SYMBOLS) {
    for (const route of ['quote', 'batch', 'profile']) {
      expect(before.get(`${route} ${symbol}`), `${route} ${symbol}`).toMatchObject({
        symbol,
        name: expect.any(String),
        kind: expect.any(String),
        exchange: expect.any(String)
      })
    }
  }
  expect(before.get('quote JPM')).toMatchObject({ kind: 'equity', mic: 'XNYS', exchange: 'NYSE' })
  expect(before.get('profile AAPL')).toMatchObject({ mic: 'XNAS', sector: 'Information Technology', country: 'US' })
  expect(before.get('options AAPL')).toMatchObject({ mic: 'XNAS', exchange: 'NASDAQ', name: expect.any(String) })
})

/** Upstox is not asked for any of it. */
test.each(VENDOR_NAMES.filter((name) => !name.startsWith('upstox')))(
  'a process that only %s answers names every instrument as before',
  { retry: 3, timeout: 60_000 },
  async (vendor) => {
    await market.api.core.redis.flushdb()
    for (const other of VENDOR_NAMES.filter((name): name is VendorName => name !== vendor)) {
      market.sandbox.scenario({ vendor: other, scenario: 'down' })
    }
    try {
      const other = await market.another()
      // Names are waited for so short a time that on a busy machine the first connections to Postgres take longer.
      await Promise.all(SYMBOLS.map((symbol) => other.api.core.stores.instruments.find([symbol])))
      const seen = await seenBy(other)
      const shared = [...seen].filter(([key]) => before.has(key))
      expect(shared.length).toBeGreaterThan(2 * SYMBOLS.length)
      expect(Object.fromEntries(shared)).toMatchObject(
        Object.fromEntries(shared.map(([key]) => [key, before.get(key)!]))
      )
    } finally {
      market.sandbox.endScenarios()
    }
  }
)
