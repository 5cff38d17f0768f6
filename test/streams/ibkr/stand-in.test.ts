import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { CALENDARS } from '../../../src/market/calendars.ts'
import type { MarketEvent, TopicName } from '../../../src/market/event.ts'
import { SessionClock } from '../../../src/market/session-clock.ts'
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts'
import { systemClock } from '../../../src/streams/clock.ts'
import { tws } from '../../../src/streams/ibkr/feed.ts'
import { openTws } from '../../../src/streams/ibkr/port.ts'
import type { ListedInstrument, Refusal } from '../../../src/streams/mapper.ts'
import { Supervisor } from '../../../src/streams/supervisor.ts'
import { placeReader } from '../../../src/streams/tick-place.ts'

const TICK_MS = 100
const WAIT = { timeout: 8000 }

let sandbox: Sandbox
let lastClient = 0

beforeAll(async () => {
  sandbox = await startSandbox({ tickMs: TICK_MS, twsPort: 0 })
})
afterAll(() => sandbox.close())

function listen(wanted: readonly TopicName[], clientId = ++lastClient) {
  const events: MarketEvent[] = []
  const refusals: Refusal[] = []
  const instruments: ListedInstrument[] = []
  const notices: string[] = []
  const gaps: { reason: string; until?: number }[] = []
  let carried: ReadonlySet<TopicName> = new Set()
  let refused: ReadonlyMap<TopicName, string> = new Map()
  let late: ReadonlySet<TopicName> = new Set()
  const feed = tws({
    host: '127.0.0.1',
    port: sandbox.twsPort!,
    clientId,
    handshakeMs: 5000,
    maxLines: 100,
    isSandbox: true,
    canary: { topics: ['trades:SPY', 'bbo:SPY'], perMinute: {} },
    placeOf: placeReader(new SessionClock(CALENDARS).hoursOf)
  })
  const supervisor = new Supervisor({
    feeds: [feed],
    fence: 1,
    open: openTws,
    clock: systemClock,
    random: Math.random,
    phaseOf: () => 'continuous',
    events: {
      mapped(mapped) {
        events.push(...mapped.events)
        refusals.push(...mapped.refusals)
        instruments.push(...(mapped.instruments ?? []))
      },
      changed: () => undefined,
      carrying(topics, told, _feed, comesLate) {
        carried = topics
        refused = new Map(told)
        late = comesLate
      },
      gapBegan: ({ reason }) => void gaps.push({ reason }),
      gapEnded(reason, until) {
        gaps.findLast((gap) => gap.reason === reason)!.until = until
      },
      notice: (text) => notices.push(text)
    }
  })
  onTestFinished(() => supervisor.close())
  supervisor.want(new Set(wanted))
  supervisor.start()
  const trades = (symbol: string) =>
    events.flatMap((event) => (event.type === 'trade' && event.data.symbol === symbol ? [event.data.trade] : []))
  const told = { carried: () => carried, refused: () => refused, late: () => late }
  return { events, refusals, instruments, notices, gaps, trades, supervisor, ...told }
}

test('ticks and halts of shares come from the simulated exchange at its prices, and what TWS knows of the shares', async () => {
  const { trades, events, instruments, refusals, notices, supervisor } = listen([
    'trades:AAPL',
    'bbo:BRK.B',
    'halts:AAPL'
  ])
  await expect.poll(() => trades('AAPL').length, WAIT).toBeGreaterThan(2)
  const aapl = sandbox.exchange.find('AAPL')!
  for (const { price, asOf, feed, tradeId } of trades('AAPL')) {
    expect(price).toBe(sandbox.exchange.quote(aapl, Date.parse(asOf)).price)
    expect(feed).toBe('sandbox')
    expect(tradeId).toMatch(new RegExp(`^${Date.parse(asOf)}-\\d+$`))
  }
  const bbos = events.flatMap((event) => (event.type === 'bbo' ? [event.data.bbo] : []))
  const classB = bbos.find(({ symbol }) => symbol === 'BRK.B')!
  expect(classB.bid).toBeLessThan(classB.ask!)
  expect(classB.bidSize).toBeGreaterThan(0)
  await expect.poll(() => instruments.filter(({ facts }) => facts.symbol === 'AAPL').length, WAIT).toBeGreaterThan(1)
  expect(instruments.findLast(({ facts }) => facts.symbol === 'AAPL')).toMatchObject({
    vendor: 'ibkr',
    alias: expect.stringMatching(/^\d{6}$/),
    facts: {
      name: aapl.name,
      kind: 'equity',
      mic: 'XNAS',
      currency: 'USD',
      tickSizes: [
        { from: 0, size: 0.0001 },
        { from: 1, size: 0.01 }
      ]
    }
  })
  expect(instruments.find(({ facts }) => facts.symbol === 'SPY')!.facts).toMatchObject({ kind: 'etf', mic: 'ARCX' })
  sandbox.scenario({ vendor: 'tws', scenario: 'halt', symbol: 'AAPL', count: 1 })
  const isHalt = (event: MarketEvent) => event.type === 'halt' && event.data.halt.status === 'halted'
  await expect.poll(() => events.some(isHalt), WAIT).toBe(true)
  expect(refusals).toEqual([])
  expect(notices).toContain('TWS speaks version 187')
  expect(supervisor.status).toMatchObject({ state: 'live', connections: 1 })
})

test('a share without live data comes late and says so, and one that TWS does not know is refused by name', async () => {
  const end = sandbox.scenario({ vendor: 'tws', scenario: 'plan_refused', symbol: 'MSFT' })
  onTestFinished(end)
  const { trades, late, refused, refusals, supervisor } = listen(['trades:MSFT', 'trades:AAPL', 'trades:NOSUCH'])
  await expect.poll(() => trades('MSFT').length, WAIT).toBeGreaterThan(1)
  await expect.poll(() => trades('AAPL').length, WAIT).toBeGreaterThan(1)
  for (const { feed, asOf, receivedAt } of trades('MSFT')) {
    expect(feed).toBe('delayed')
    expect(Date.parse(receivedAt) - Date.parse(asOf)).toBeGreaterThan(14 * 60_000)
  }
  expect(trades('AAPL').every(({ feed }) => feed === 'sandbox')).toBe(true)
  expect(late()).toEqual(new Set(['trades:MSFT']))
  expect(Object.fromEntries(refused())).toEqual({ 'trades:NOSUCH': 'unknown_symbol' })
  expect(new Set(refusals.map(({ kind }) => kind))).toEqual(new Set(['error 10167', 'error 200', 'error 354']))
  expect(supervisor.status).toMatchObject({ state: 'live', connections: 1 })
})

test('while TWS is cut off from its servers the stream says so and stays connected, and comes back with all it carried', async () => {
  const { trades, gaps, supervisor } = listen(['trades:MSFT'])
  await expect.poll(() => trades('MSFT').length, WAIT).toBeGreaterThan(0)
  for (const scenario of ['upstream_lost', 'farm_broken'] as const) {
    const end = sandbox.scenario({ vendor: 'tws', scenario })
    onTestFinished(end)
    await expect.poll(() => supervisor.status.state, WAIT).toBe('interrupted')
    expect(supervisor.status.text).toContain('TWS has lost')
    expect(gaps.at(-1)).toEqual({ reason: 'outage' })
    end()
    await expect.poll(() => supervisor.status.state, WAIT).toBe('live')
    const before = trades('MSFT').length
    await expect.poll(() => trades('MSFT').length, WAIT).toBeGreaterThan(before)
    expect(gaps.at(-1)!.until).toBeGreaterThan(0)
  }
  expect(gaps).toHaveLength(2)
  expect(supervisor.status).toMatchObject({ connections: 1 })
})

test('a client id that is taken is said to be, and the program that has it keeps it', async () => {
  const first = listen(['trades:MSFT'], 900)
  await expect.poll(() => first.supervisor.status.state, WAIT).toBe('live')
  const second = listen(['trades:MSFT'], 900)
  await expect
    .poll(() => second.supervisor.status, WAIT)
    .toMatchObject({
      state: 'cooling_down',
      problem: 'capacity',
      text: expect.stringContaining('IBKR_CLIENT_ID')
    })
  expect(first.supervisor.status).toMatchObject({ state: 'live', connections: 1 })
})

test('a TWS that restarts is connected to again, and no trade is told twice under two ids', async () => {
  const { trades, gaps, supervisor } = listen(['trades:MSFT'])
  await expect.poll(() => trades('MSFT').length, WAIT).toBeGreaterThan(0)
  sandbox.scenario({ vendor: 'tws', scenario: 'down', count: 1 })
  await expect.poll(() => supervisor.status.text, WAIT).toContain('as when it restarts')
  const before = trades('MSFT').length
  await expect.poll(() => trades('MSFT').length, WAIT).toBeGreaterThan(before + 2)
  expect(supervisor.status.connections).toBe(2)
  expect(gaps).toEqual([{ reason: 'outage', until: expect.any(Number) }])
  const idsOfInstants = new Map(trades('MSFT').map(({ asOf, tradeId }) => [asOf, tradeId]))
  for (const { asOf, tradeId } of trades('MSFT')) expect(tradeId).toBe(idsOfInstants.get(asOf))
})
