import { expect, test } from 'vitest'
import type { Want } from '../../src/demand/want.ts'
import { alpaca } from '../../src/streams/alpaca/feed.ts'
import { tws } from '../../src/streams/ibkr/feed.ts'
import { upstox } from '../../src/streams/upstox/feed.ts'
import type { ModeChoice } from '../../src/streams/upstox/modes.ts'
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

const upstoxOf = (modes: ModeChoice, maxSymbols?: number) =>
  upstox({
    token: () => 'T',
    modes,
    maxSymbols,
    keys: { keyOf: (symbol) => symbol, symbolOf: (key) => key },
    placeOf: () => ({ tradeDate: '2026-11-30', session: 'regular' })
  })
const shares = (count: number, stream: string) => Array.from({ length: count }, (_, at) => want(`${stream}:NSE:S${at}`))

test('where a vendor counts instruments, all that is wanted of one takes one place, and keeps it', () => {
  const plan = new SlotPlan()
  const feed = upstoxOf(['full'], 3)
  const wanted = [...shares(2, 'quotes'), want('bars.1m:NSE:S0'), want('trades:NSE:S9', 'warm_up')]
  const first = plan.plan(feed, wanted, 0)
  expect([...first.topics].sort()).toEqual(['bbo:NSE:S0', 'bbo:NSE:S1', 'trades:NSE:S0', 'trades:NSE:S1'])
  expect([...first.refused]).toEqual(['trades:NSE:S9'])
  expect([...plan.plan(feed, [], 30_000).topics].sort()).toEqual([...first.topics].sort())
})

test('a plan carries as many instruments as its mode allows, and of two modes less', () => {
  const count = (modes: ModeChoice, stream: string) =>
    new SlotPlan().plan(upstoxOf(modes), shares(6000, stream), 0).topics.size
  // The canary has the first place.
  expect(count(['full'], 'trades')).toBe(1999)
  expect(count(['ltpc'], 'trades')).toBe(4999)
  expect(count(['option_greeks'], 'bbo')).toBe(2999)
  expect(count(['full', 'ltpc'], 'bbo')).toBe(1500)
  expect(count(['full', 'ltpc'], 'trades')).toBe(1999)
  expect(count(['ltpc'], 'bbo')).toBe(0)
})

test('of an index the quotes are asked for where a vendor streams them', () => {
  const { topics } = new SlotPlan().plan(upstoxOf(['full']), [want('quotes:^NSEI'), want('trades:^NSEI')], 0)
  expect([...topics]).toEqual(['quotes:^NSEI'])
})
