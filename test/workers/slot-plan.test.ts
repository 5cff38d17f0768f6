import { expect, test } from 'vitest'
import type { Want } from '../../src/demand/want.ts'
import { alpaca } from '../../src/streams/alpaca/feed.ts'
import { tws } from '../../src/streams/ibkr/feed.ts'
import { SlotPlan } from '../../workers/ingest/slot-plan.ts'

const feedOf = (name: 'iex' | 'sip', maxSymbols?: number) =>
  alpaca({
    name,
    credential: () => ({ key: 'AK', secret: 'SK' }),
    placeOf: () => ({ tradeDate: '2026-11-30', session: 'regular' }),
    ...(maxSymbols !== undefined && { maxSymbols })
  })

const want = (topic: string, priority: Want['priority'] = 'client', leases = 1): Want => ({ topic, priority, leases })

test('trades and quotes share the places of the plan, after those of the instrument that is never silent', () => {
  const wanted = [want('quotes:AAPL'), want('trades:MSFT'), want('halts:MSFT'), want('trades:KO', 'warm_up')]
  const { topics, refused } = new SlotPlan().plan(feedOf('iex', 5), wanted, 0)
  expect([...topics].sort()).toEqual(['bbo:AAPL', 'halts:MSFT', 'trades:AAPL', 'trades:MSFT'])
  expect([...refused]).toEqual(['trades:KO'])
})

test('bars and quotes are made of what the feed brings; what it cannot be asked for takes no place', () => {
  const wanted = [want('bars.5m:AAPL'), want('trades:AAPL'), want('quotes:^GSPC'), want('trades:OCDO.L')]
  const { topics, refused } = new SlotPlan().plan(feedOf('sip'), wanted, 0)
  expect([...topics]).toEqual(['trades:AAPL'])
  expect([...refused]).toEqual([])
})

test('a line brings all that is wanted of a share, so that a hundred lines are a hundred shares', () => {
  const feed = tws({
    host: '127.0.0.1',
    port: 7497,
    clientId: 1,
    handshakeMs: 1000,
    maxLines: 3,
    placeOf: () => ({ tradeDate: '2026-11-30', session: 'regular' })
  })
  const plan = new SlotPlan()
  const wanted = [want('quotes:AAPL'), want('halts:AAPL'), want('bbo:MSFT'), want('trades:KO', 'warm_up')]
  const { topics, refused } = plan.plan(feed, wanted, 0)
  expect([...topics].sort()).toEqual(['bbo:AAPL', 'bbo:MSFT', 'halts:AAPL', 'trades:AAPL'])
  expect([...refused]).toEqual(['trades:KO'])
})

test('another feed begins with its own places', () => {
  const plan = new SlotPlan()
  const wanted = Array.from({ length: 40 }, (_, at) =>
    want(`trades:A${String.fromCharCode(65 + (at % 26), 65 + at / 26)}`)
  )
  expect(plan.plan(feedOf('sip'), wanted, 0).topics.size).toBe(40)
  const { topics, refused } = plan.plan(feedOf('iex', 30), wanted, 1000)
  expect(topics.size).toBe(28)
  expect(refused.size).toBe(12)
})
