import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import type { BarRequest } from '../../src/market/bar.ts'
import { shippedHours } from '../support/hours.ts'
import type { Provider, ProviderName, VendorSeries } from '../../src/providers/provider.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { marketOf, provenanceOf } from './market.ts'

let server: TestRedis
const open: Gateway[] = []
beforeAll(async () => {
  server = await testRedis()
})
afterAll(() => server.close())
beforeEach(() => server.redis.flushdb())
afterEach(() => {
  for (const gateway of open.splice(0)) gateway.close()
})

const REQUEST: BarRequest = { symbol: 'AAPL', interval: '1d', from: 0, to: Date.now(), adjusted: 'splits' }
const WHOLE = ['2026-02-25', '2026-02-26', '2026-02-27', '2026-03-02']
const WITH_GAP = WHOLE.filter((start) => start !== '2026-02-26')

function vendor(name: ProviderName, starts: string[], more: Partial<VendorSeries> = {}): Provider {
  const bars = starts.map((start) => ({ start, open: 10, high: 11, low: 9, close: 10, volume: 5 }))
  return {
    name,
    maxQuotesPerRequest: 1,
    covers: () => true,
    bars: async ({ symbol, interval, adjusted }) => ({
      symbol,
      interval,
      adjusted,
      bars,
      provenance: { ...provenanceOf(name), state: 'closed' },
      ...more
    })
  }
}

function barsOf(...providers: Provider[]) {
  const gateway = createGateway(marketOf({ redis: server.redis, hoursOf: shippedHours, providers }))
  open.push(gateway)
  return gateway.bars(REQUEST, { priority: 'interactive' })
}

test('a series without one of its sessions gives way to a vendor that has it', async () => {
  const series = await barsOf(vendor('yahoo', WITH_GAP), vendor('fmp', WHOLE))
  expect(series.bars.map(({ start }) => start)).toEqual(WHOLE)
  expect(series.provenance).toMatchObject({ source: 'fmp', attempts: [{ outcome: 'rejected_by_quality' }] })
  expect(series.provenance).not.toHaveProperty('notes')
})

test('where nobody has the session the series is served, says what it lacks, and is not called doubtful', async () => {
  const series = await barsOf(vendor('yahoo', WITH_GAP), vendor('fmp', WITH_GAP))
  expect(series.provenance).toMatchObject({ source: 'yahoo', state: 'closed' })
  expect(series.provenance.notes?.join()).toContain('2026-02-26')
})

test('a series that lacks a session is better than one that may be wrong, whoever is asked first', async () => {
  const splits = [{ exDate: '2026-02-27', ratio: 4 }]
  const doubtful = vendor('yahoo', WHOLE, { adjusted: 'none', splits })
  const [one, other] = [
    await barsOf(doubtful, vendor('fmp', WITH_GAP)),
    await barsOf(vendor('tiingo', WITH_GAP), doubtful)
  ]
  expect([one, other].map(({ provenance }) => [provenance.source, provenance.state])).toEqual([
    ['fmp', 'closed'],
    ['tiingo', 'closed']
  ])
})
