import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { MarketEvent, TopicName } from '../../../src/market/event.ts'
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts'
import { systemClock } from '../../../src/streams/clock.ts'
import { massive } from '../../../src/streams/massive/feed.ts'
import type { MassiveMarket } from '../../../src/streams/massive/symbols.ts'
import { openSocket } from '../../../src/streams/socket.ts'
import { Supervisor } from '../../../src/streams/supervisor.ts'
import { placeOf } from './arrivals.ts'

const TICK_MS = 100

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await startSandbox({ tickMs: TICK_MS })
})
afterAll(() => sandbox.close())

function listen(market: MassiveMarket, wanted: readonly TopicName[], apiKey = 'K') {
  const events: MarketEvent[] = []
  const refusals: unknown[] = []
  let refused: ReadonlyMap<TopicName, string> = new Map()
  const baseUrl = `${sandbox.url.replace('http', 'ws')}/massive-stream`
  const feed = massive({ market, apiKey: () => apiKey, baseUrl, isSandbox: true, placeOf })
  const supervisor = new Supervisor({
    feeds: [feed],
    fence: 1,
    open: openSocket,
    clock: systemClock,
    random: Math.random,
    phaseOf: () => 'closed',
    events: {
      mapped(mapped) {
        events.push(...mapped.events)
        refusals.push(...mapped.refusals)
      },
      changed: () => undefined,
      carrying: (_, told) => (refused = new Map(told)),
      gapBegan: () => undefined,
      gapEnded: () => undefined,
      notice: () => undefined
    }
  })
  onTestFinished(() => supervisor.close())
  supervisor.want(new Set(wanted))
  supervisor.start()
  const trades = (symbol: string) =>
    events.flatMap((event) => (event.type === 'trade' && event.data.symbol === symbol ? [event.data.trade] : []))
  return { events, refusals, trades, supervisor, refused: () => refused }
}

test('ticks of shares and coins come from the simulated exchange, at its prices', async () => {
  const shares = listen('stocks', ['trades:AAPL', 'bbo:BRK.B', 'halts:AAPL'])
  const coins = listen('crypto', ['trades:BTC-USD'])
  await expect.poll(() => shares.trades('AAPL').length).toBeGreaterThan(2)
  await expect.poll(() => coins.trades('BTC-USD').length).toBeGreaterThan(2)
  const aapl = sandbox.exchange.find('AAPL')!
  for (const { price, asOf } of shares.trades('AAPL')) {
    expect(price).toBe(sandbox.exchange.quote(aapl, Date.parse(asOf)).price)
  }
  expect(shares.events.some((event) => event.type === 'bbo' && event.data.symbol === 'BRK.B')).toBe(true)
  sandbox.scenario({ vendor: 'massive-stream', scenario: 'halt', symbol: 'AAPL', count: 1 })
  const isHalt = (event: MarketEvent) => event.type === 'halt' && event.data.halt.status === 'halted'
  await expect.poll(() => shares.events.some(isHalt)).toBe(true)
  expect([...shares.refusals, ...coins.refusals]).toEqual([])
})

test('a connection that breaks off without a word comes back with all that it carried', async () => {
  const { trades, supervisor } = listen('stocks', ['trades:MSFT'], 'K2')
  await expect.poll(() => trades('MSFT').length).toBeGreaterThan(0)
  sandbox.scenario({ vendor: 'massive-stream', scenario: 'down', count: 1 })
  await expect.poll(() => supervisor.status.state).toBe('cooling_down')
  const before = trades('MSFT').length
  await expect.poll(() => trades('MSFT').length).toBeGreaterThan(before)
  expect(supervisor.status.connections).toBe(2)
}, 20_000)

test('who was put out by another connection of the key rests, and does not fight for the place', async () => {
  const { supervisor } = listen('stocks', ['trades:MSFT'], 'K3')
  await expect.poll(() => supervisor.status.state).toBe('live')
  const newcomer = listen('stocks', ['trades:MSFT'], 'K3')
  await expect
    .poll(() => supervisor.status, { timeout: 5000 })
    .toMatchObject({
      state: 'cooling_down',
      problem: 'capacity'
    })
  await expect.poll(() => newcomer.trades('MSFT').length).toBeGreaterThan(0)
  expect(newcomer.supervisor.status.connections).toBe(1)
})

test('a plan with bars alone is told by symbol, and the connection stays', async () => {
  const { supervisor, refused } = listen('stocks', ['trades:MSFT', 'bars.1m:MSFT'], 'free')
  await expect.poll(() => refused().get('trades:MSFT')).toBe('not_in_the_plan')
  await expect.poll(() => supervisor.status.carried).toBe(1)
  expect(supervisor.status.connections).toBe(1)
})
