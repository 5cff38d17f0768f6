import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Compile } from 'typebox/compile'
import { MarketStatus } from '../../src/market/market-status.ts'
import { Indices, Movers, Sectors, WORLD_INDICES } from '../../src/market/market-wide.ts'
import { Overview } from '../../src/market/overview.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import { Sector } from '../../src/market/sector.ts'
import { Sentiment } from '../../src/market/sentiment.ts'
import { errorOf } from '../support/api.ts'
import { startMarket, thoughtfulSandbox, type MarketUnderTest } from './market-under-test.ts'

let market: MarketUnderTest

beforeAll(async () => {
  market = await startMarket(await thoughtfulSandbox())
})
afterAll(async () => {
  await market.close()
  await market.sandbox.close()
})
beforeEach(() => market.sandbox.endScenarios())

const PATH = '/api/v1/market'
/** What every process of the test has in memory and in Redis is forgotten: the next request is a cold one. */
const forget = async () => {
  await market.close()
  market = await startMarket(market.sandbox)
}

describe('the market as a whole', () => {
  test('the indices of the world, each with its own provenance', async () => {
    const body = await market.value<Indices>(`${PATH}/indices`)
    expect(Compile(Indices).Errors(body)).toEqual([])
    expect(body.indices.map(({ symbol }) => symbol).sort()).toEqual([...WORLD_INDICES].sort())
    for (const { provenance } of body.indices) expect(provenance).toMatchObject({ source: 'yahoo', feed: 'sandbox' })
  })

  test('the eleven sectors', async () => {
    const body = await market.value<Sectors>(`${PATH}/sectors`)
    expect(Compile(Sectors).Errors(body)).toEqual([])
    expect(body.sectors.map(({ sector }) => sector)).toEqual(Sector.enum)
  })

  test('movers of each kind, as many as asked for', async () => {
    for (const [type, sign] of [
      ['gainers', 1],
      ['losers', -1]
    ] as const) {
      const body = await market.value<Movers>(`${PATH}/movers?type=${type}&limit=7`)
      expect(Compile(Movers).Errors(body)).toEqual([])
      expect(body).toMatchObject({ type, movers: { length: 7 } })
      const changes = body.movers.map(({ changePercent }) => changePercent * sign)
      expect(changes).toEqual(changes.toSorted((a, b) => b - a))
      expect(changes.at(-1)).toBeGreaterThan(0)
    }
    const all = await market.value<Movers>(`${PATH}/movers?type=actives&limit=50`)
    const some = await market.value<Movers>(`${PATH}/movers?type=actives&limit=3`)
    expect(some.movers).toEqual(all.movers.slice(0, 3))
    expect(await market.value<Movers>(`${PATH}/movers`)).toMatchObject({ type: 'gainers' })
  })

  test('sentiment, with all that it is made of', async () => {
    const body = await market.value<Sentiment>(`${PATH}/sentiment`)
    expect(Compile(Sentiment).Errors(body)).toEqual([])
    const names = [...body.components, ...body.missing].map(({ name }) => name)
    expect(names.sort()).toEqual(['breadth', 'highs-lows', 'momentum', 'news-tone', 'put-call', 'volatility'])
    expect(body.components.length).toBeGreaterThanOrEqual(3)
    const mean = body.components.reduce((sum, { score, weight }) => sum + score * weight, 0)
    expect(body.score).toBeCloseTo(mean, 1)
  })

  test('an exchange that is known by quotes counts its own breadth', async () => {
    const symbols = market.sandbox.exchange.instruments
      .filter(({ kind, currency }) => kind === 'equity' && currency === 'USD')
      .slice(0, 60)
      .map(({ symbol }) => symbol)
    await market.value(`${PATH}/quotes?symbols=${symbols.join(',')}`)
    await market.api.core.recorder.flush()
    const { value } = await market.api.core.marketData.refresh.sentiment()
    const inputs = Object.fromEntries(value.components.map((component) => [component.name, component.inputs]))
    expect(inputs['highs-lows']).toMatchObject({ listings: 60 })
    expect(inputs['breadth']).toMatchObject({ of: 'US listings with a known quote' })
  })

  test('the overview is all of it at once, encoded once', async () => {
    const answer = await market.get(`${PATH}/overview`)
    const body = answer.json() as Overview
    expect(Compile(Overview).Errors(body)).toEqual([])
    expect(body.errors).toEqual([])
    expect(Object.keys(body).sort()).toEqual(
      ['actives', 'errors', 'gainers', 'indices', 'losers', 'sectors', 'sentiment', 'status'].sort()
    )
    for (const part of [body.indices, body.sectors, body.gainers, body.sentiment])
      expect(part!.provenance).toBeDefined()
    const { marketData } = market.api.core
    expect(await marketData.overview()).toBe(await marketData.overview())
  })

  test('what each exchange does now, with and without a version', async () => {
    const body = await market.value<MarketStatus>('/api/v1/marketdata/status')
    expect(Compile(MarketStatus).Errors(body)).toEqual([])
    expect(body.exchanges.map(({ exchange }) => exchange)).toContain('XNYS')
    expect(await market.value('/api/marketdata/status')).toEqual(body)
  })

  test.each([
    'market/indices',
    'market/sectors',
    'market/movers',
    'market/sentiment',
    'market/overview',
    'marketdata/status'
  ])('%s can be kept by its client as long as it is fresh', async (path) => {
    const first = await market.get(`/api/v1/${path}`)
    expect(first.headers['cache-control']).toMatch(/^private, max-age=[1-9]\d*$/)
    expect(Number(first.headers['age'])).toBeGreaterThanOrEqual(0)
    const held = await market.get(`/api/v1/${path}`, { 'if-none-match': first.headers.etag! })
    expect([held.status, held.body]).toEqual([304, ''])
  })

  test.each([
    ['movers?type=sideways', 'type'],
    ['movers?limit=0', 'limit'],
    ['movers?limit=51', 'limit'],
    ['movers?limit=many', 'limit'],
    ['movers?count=3', 'count'],
    ['overview?parts=all', 'parts'],
    ['indices?region=us', 'region']
  ])('%s is refused, naming %s', async (path, field) => {
    const answer = await market.get(`${PATH}/${path}`)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field } })
  })

  test('nobody reads it without a token', async () => {
    for (const path of [`${PATH}/overview`, '/api/v1/marketdata/status', '/api/marketdata/status']) {
      expect((await market.api.get(path)).status).toBe(401)
    }
  })

  test('the document describes each route', async () => {
    const { paths } = (await market.value<{ paths: Record<string, unknown> }>('/openapi.json')) ?? {}
    const documented = Object.keys(paths)
    for (const path of [
      'overview',
      'indices',
      'sectors',
      'movers',
      'sentiment',
      'options/{symbol}',
      'indicators/{symbol}'
    ]) {
      expect(documented).toContain(`${PATH}/${path}`)
    }
    expect(documented).toContain('/api/v1/marketdata/status')
    expect(documented).not.toContain('/api/marketdata/status')
  })
})

describe('when vendors fail', () => {
  beforeEach(forget)

  test("sectors come from the next vendor's own figures", async () => {
    market.sandbox.scenario({ vendor: 'yahoo', scenario: 'down' })
    const { sectors, provenance } = await market.value<Sectors>(`${PATH}/sectors`)
    expect(sectors.map(({ sector }) => sector)).toEqual(Sector.enum)
    expect(provenance.source).toBe('fmp')
    expect(provenance.attempts[0]).toMatchObject({ provider: 'yahoo', outcome: 'unavailable' })
  })

  test('sectors come from the funds that stand for them where no vendor tells them', async () => {
    market.sandbox.scenario({ vendor: 'yahoo', scenario: 'down' })
    market.sandbox.scenario({ vendor: 'fmp', scenario: 'down' })
    market.sandbox.scenario({ vendor: 'alpha-vantage', scenario: 'down' })
    const { sectors, provenance } = await market.value<Sectors>(`${PATH}/sectors`)
    expect(sectors.map(({ sector }) => sector)).toEqual(Sector.enum)
    expect(provenance).toMatchObject({ source: 'tiingo', notes: [expect.stringContaining('Select Sector SPDR')] })
  })

  test('the overview shows what can be had, and says what cannot', async () => {
    market.sandbox.scenario({ vendor: 'all', scenario: 'server_error', path: 'screener' })
    market.sandbox.scenario({ vendor: 'fmp', scenario: 'server_error', path: 'biggest-gainers' })
    market.sandbox.scenario({ vendor: 'alpha-vantage', scenario: 'server_error' })
    const body = await market.value<Overview>(`${PATH}/overview`)
    expect(Compile(Overview).Errors(body)).toEqual([])
    expect(body.gainers).toBeUndefined()
    expect(body.indices).toBeDefined()
    expect(body.losers).toBeDefined()
    expect(body.errors).toMatchObject([{ part: 'gainers', code: 'MARKET_DATA_UNAVAILABLE' }])
  })

  test('with no vendor at all, the overview still tells the exchanges, and the sentiment is not invented', async () => {
    market.sandbox.scenario({ vendor: 'all', scenario: 'down' })
    const body = await market.value<Overview>(`${PATH}/overview`)
    expect(body.status.exchanges.length).toBeGreaterThan(5)
    expect(body.errors.map(({ part }) => part)).toEqual([
      'indices',
      'sectors',
      'gainers',
      'losers',
      'actives',
      'sentiment'
    ])
    const answer = await market.get(`${PATH}/sentiment`)
    expect([answer.status, Number(answer.headers['retry-after']) > 0]).toEqual([503, true])
    const missing = errorOf(answer).details?.['missing'] as unknown[]
    expect(missing).toHaveLength(6)
  })

  test('what was recorded last stands in, labelled stale, even for a process that starts without vendors and caches', async () => {
    const paths = ['indices', 'sectors', 'movers?type=losers']
    await market.value(`${PATH}/overview`)
    const before = await Promise.all(paths.map((path) => market.value<{ provenance: Provenance }>(`${PATH}/${path}`)))
    await market.api.core.recorder.flush()
    await market.api.core.redis.flushdb()
    market.sandbox.scenario({ vendor: 'all', scenario: 'down' })

    const other = await market.another()
    const figures = (value: unknown) =>
      JSON.parse(JSON.stringify(value), (key, member: unknown) =>
        key === 'provenance' ? undefined : member
      ) as unknown
    for (const [index, path] of paths.entries()) {
      const value = await other.value<{ provenance: Provenance }>(`${PATH}/${path}`)
      expect(value.provenance.state).toBe('stale')
      expect(figures(value)).toEqual(figures(before[index]))
    }
    const { sentiment, errors } = await other.value<Overview>(`${PATH}/overview`)
    expect([sentiment!.provenance.state, errors]).toEqual(['stale', []])
  })
})
