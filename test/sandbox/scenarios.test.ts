import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { yahoo } from '../../src/providers/yahoo/yahoo.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Scenario } from '../../src/sandbox/scenarios.ts'
import { shippedHours } from '../support/hours.ts'

const TIMEOUT_MS = 1000
const VENDORS = ['yahoo', 'fmp', 'alpha-vantage', 'tiingo'] as const

let sandbox: Sandbox
let providers: Record<(typeof VENDORS)[number], Provider & { close(): Promise<void> }>

beforeAll(async () => {
  sandbox = await startSandbox()
  const connection = (vendor: string) => ({
    baseUrl: `${sandbox.url}/${vendor}`,
    apiKey: 'sandbox-key',
    timeoutMs: TIMEOUT_MS,
    plan: 'standard' as const,
    hoursOf: shippedHours
  })
  providers = {
    yahoo: yahoo(connection('yahoo')),
    fmp: fmp(connection('fmp')),
    'alpha-vantage': alphaVantage(connection('alpha-vantage')),
    tiingo: tiingo(connection('tiingo'))
  }
})
afterEach(() => sandbox.endScenarios())
afterAll(async () => {
  await Promise.all(Object.values(providers).map((provider) => provider.close()))
  await sandbox.close()
})

const quote = async (vendor: (typeof VENDORS)[number], symbol = 'AAPL') =>
  (await providers[vendor].quotes!([symbol], AbortSignal.timeout(5000))).get(symbol)

describe.each(VENDORS)('%s goes wrong in its own way, and its adapter sees which', (vendor) => {
  test.each([
    ['rate_limited', 'rate_limited'],
    ['server_error', 'unavailable'],
    ['down', 'unavailable'],
    ['mute', 'unavailable'],
    ['html', 'bad_payload']
  ] as const)('%s is %s', async (scenario, kind) => {
    // A first quote, so that it is the quote that fails and not the cookie before it.
    expect(await quote(vendor)).toBeDefined()
    sandbox.scenario({ vendor, scenario })
    await expect(quote(vendor)).rejects.toMatchObject({ provider: vendor, kind })
    sandbox.endScenarios()
    expect(await quote(vendor)).toBeDefined()
  })

  test('a price a hundred times too high, for one symbol', async () => {
    const right = (await quote(vendor))!.price
    sandbox.scenario({ vendor, scenario: 'wrong_price', symbol: 'AAPL' })
    expect((await quote(vendor))!.price / right).toBeCloseTo(100, -1)
    expect((await quote(vendor, 'MSFT'))!.price).toBeLessThan(5000)
  })

  test('a symbol that it no longer knows, while others stay', async () => {
    sandbox.scenario({ vendor, scenario: 'unknown_symbol', symbol: 'AAPL' })
    expect(await quote(vendor)).toBeUndefined()
    expect(await quote(vendor, 'MSFT')).toBeDefined()
  })

  test('a price from the day before', async () => {
    const now = Date.parse((await quote(vendor))!.asOf)
    sandbox.scenario({ vendor, scenario: 'stale_price', ageMs: 3 * 86_400_000 })
    // Alpha Vantage tells days only: three days back is another trading day, which over a half day is 45 hours ago.
    const atLeastMs = vendor === 'alpha-vantage' ? 86_400_000 : 2 * 86_400_000
    expect(now - Date.parse((await quote(vendor))!.asOf)).toBeGreaterThanOrEqual(atLeastMs)
  })

  test('latency delays the answer', async () => {
    sandbox.scenario({ vendor, scenario: 'latency', delayMs: 120, jitterMs: 20 })
    const start = performance.now()
    expect(await quote(vendor)).toBeDefined()
    expect(performance.now() - start).toBeGreaterThan(100)
  })

  test('one request of a storm, then calm', async () => {
    await quote(vendor)
    sandbox.scenario({ vendor, scenario: 'server_error', count: 1 })
    await expect(quote(vendor)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(await quote(vendor)).toBeDefined()
  })
})

test.each(['fmp', 'alpha-vantage', 'tiingo'] as const)('%s refuses what the plan does not hold', async (vendor) => {
  sandbox.scenario({ vendor, scenario: 'plan_refused' })
  await expect(quote(vendor)).rejects.toMatchObject({ kind: 'not_covered' })
})

test.each(['yahoo', 'fmp', 'tiingo'] as const)('%s spoils one row of a batch and leaves the others', async (vendor) => {
  sandbox.scenario({ vendor, scenario: 'partial_batch', symbol: 'AAPL' })
  const quotes = await providers[vendor].quotes!(['AAPL', 'MSFT'], AbortSignal.timeout(5000))
  expect([...quotes.keys()]).toEqual(['MSFT'])
})

test('a stale crumb is renewed once: the caller sees a quote', async () => {
  await quote('yahoo')
  const before = sandbox.requests.count('yahoo', 'getcrumb')
  sandbox.scenario({ vendor: 'yahoo', scenario: 'bad_crumb', count: 1 })
  expect(await quote('yahoo')).toBeDefined()
  expect(sandbox.requests.count('yahoo', 'getcrumb')).toBe(before + 1)
})

test('a scenario for one path leaves the others alone', async () => {
  sandbox.scenario({ vendor: 'yahoo', scenario: 'server_error', path: 'search' })
  expect(await quote('yahoo')).toBeDefined()
  await expect(providers.yahoo.search!('apple', 5, AbortSignal.timeout(5000))).rejects.toMatchObject({
    kind: 'unavailable'
  })
})

test('a probability falls on the same requests with the same seed', async () => {
  const outcomes = async () => {
    const other = await startSandbox({ seed: 7 })
    other.scenario({ vendor: 'fmp', scenario: 'rate_limited', probability: 0.5 })
    const statuses: number[] = []
    for (let index = 0; index < 12; index++) {
      statuses.push((await fetch(`${other.url}/fmp/stable/quote?symbol=AAPL&apikey=k`)).status)
    }
    await other.close()
    return statuses
  }
  const first = await outcomes()
  expect(await outcomes()).toEqual(first)
  expect(new Set(first)).toEqual(new Set([200, 429]))
})

describe('wrong and missing keys', () => {
  test.each([
    ['/fmp/stable/quote?symbol=AAPL', 401, /Invalid API KEY/],
    ['/fmp/stable/quote?symbol=AAPL&apikey=wrong', 401, /Invalid API KEY/],
    ['/fmp/api/v3/quote/AAPL?apikey=right', 403, /Legacy Endpoint/],
    ['/alpha-vantage/query?function=GLOBAL_QUOTE&symbol=AAPL', 200, /apikey is invalid or missing/],
    [
      '/alpha-vantage/query?function=TIME_SERIES_INTRADAY&interval=5min&symbol=AAPL&apikey=free',
      200,
      /premium endpoint/
    ],
    ['/alpha-vantage/query?function=REALTIME_BULK_QUOTES&symbol=AAPL&apikey=right', 200, /ARTIFICIAL/],
    ['/tiingo/iex/AAPL?token=wrong', 401, /detail/],
    ['/tiingo/iex/AAPL', 403, /detail/],
    ['/yahoo/v7/finance/quote?symbols=AAPL', 429, /Edge: Too Many Requests/]
  ])('%s', async (path, status, body) => {
    const answer = await fetch(sandbox.url + path)
    expect(answer.status).toBe(status)
    expect(await answer.text()).toMatch(body)
  })
})

describe('a request that makes no sense is answered, and the market goes on', () => {
  test.each([
    '/fmp/stable/historical-price-eod/full?symbol=AAPL&from=yesterday&to=9999-99-99&apikey=k',
    '/fmp/stable/historical-price-eod/full?symbol=AAPL&from=9999-12-01&to=9999-12-31&apikey=k',
    '/fmp/stable/sector-performance-snapshot?date=%00&apikey=k',
    '/alpha-vantage/query?function=TIME_SERIES_INTRADAY&interval=5min&month=2026-99&symbol=AAPL&apikey=k',
    '/alpha-vantage/query?function=HISTORICAL_OPTIONS&date=never&symbol=AAPL&apikey=k',
    '/tiingo/tiingo/daily/AAPL/prices?startDate=0000-00-00&endDate=x&token=k',
    '/tiingo/iex/AAPL/prices?resampleFreq=0min&startDate=2026-13-45&token=k',
    '/yahoo/v8/finance/chart/AAPL?period1=-9e99&period2=9e99',
    '/yahoo/v8/finance/chart/AAPL?period1=-62135596800&period2=253402300799',
    '/yahoo/v8/finance/chart/AAPL?range=0y',
    '/yahoo/v8/finance/chart/%ZZ',
    '/yahoo/v7/finance/options/AAPL?date=1e300',
    '/%2e%2e/etc/passwd',
    '//'
  ])('%s', async (path) => {
    const answer = await fetch(sandbox.url + path, { headers: { 'user-agent': 'Mozilla/5.0' } })
    expect(answer.status).toBeLessThan(500)
    expect((await fetch(sandbox.url)).status).toBe(200)
  })
})

describe('the control endpoint', () => {
  const control = (method: string, body?: unknown, path = '') =>
    fetch(`${sandbox.url}/control${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) })

  test('turns scenarios on and off and tells what is on and what was asked', async () => {
    const created = await control('POST', { vendor: 'fmp', scenario: 'rate_limited', retryAfterSeconds: 3 })
    expect(created.status).toBe(201)
    const { id } = (await created.json()) as { id: number }
    const refused = await fetch(`${sandbox.url}/fmp/stable/quote?symbol=AAPL&apikey=k`)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3'])
    const told = (await (await control('GET')).json()) as { scenarios: Scenario[]; requests: { fmp: object } }
    expect(told.scenarios).toMatchObject([{ id, hits: 1 }])
    expect(told.requests.fmp).toHaveProperty('/stable/quote')
    expect((await control('DELETE', undefined, `/${id}`)).status).toBe(200)
    expect((await control('DELETE', undefined, `/${id}`)).status).toBe(404)
    expect((await control('DELETE')).status).toBe(200)
  })

  test.each([
    [{}, /vendor/],
    [{ vendor: 'bloomberg', scenario: 'down' }, /vendor .*yahoo/],
    [{ vendor: 'yahoo', scenario: 'explode' }, /scenario .*rate_limited/],
    [{ vendor: 'yahoo', scenario: 'down', when: 'now' }, /no member when/],
    [{ vendor: 'yahoo', scenario: 'down', probability: 2 }, /probability/],
    [{ vendor: 'yahoo', scenario: 'latency' }, /delayMs/],
    [{ vendor: 'yahoo', scenario: 'unknown_symbol' }, /symbol/],
    [[], /JSON object/]
  ])('says what is wrong with %j', async (body, message) => {
    const answer = await control('POST', body)
    expect(answer.status).toBe(400)
    expect(((await answer.json()) as { error: string }).error).toMatch(message)
  })
})
