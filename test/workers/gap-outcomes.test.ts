import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { GapSubject } from '../../db/gaps.ts'
import { loadConfig } from '../../src/config/config.ts'
import { createIntake } from '../../src/intake/intake.ts'
import { ALWAYS_OPEN } from '../../src/market/calendars.ts'
import type { GapState } from '../../src/market/gap.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { DAY_MS, HOUR_MS, isoOf, MINUTE_MS } from '../../src/market/time.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { upstoxKeyOf } from '../../src/sandbox/vendors/upstox/instrument-keys.ts'
import { createHistories } from '../../workers/backfill/histories.ts'
import { GapFiller } from '../../workers/backfill/gap-filler.ts'
import { giveUpUnsold } from '../../workers/backfill/unsold.ts'
import { storesUnderTest } from '../db/stores-under-test.ts'
import { shippedHours } from '../support/hours.ts'
import { testLog } from '../support/live-server.ts'
import { testRedis } from '../support/services.ts'

const SILENT = pino({ level: 'silent' })
const under = storesUnderTest()
let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await startSandbox({ twsPort: 0 })
})
afterAll(() => sandbox.close())

/** What becomes of a gap of a symbol, on a vendor in a state. */
async function outcome(
  symbol: string,
  agoMs: number,
  env: Record<string, string> = {},
  { turnMs = MINUTE_MS, source = 'alpaca' } = {}
) {
  const [{ log }, redis] = await Promise.all([testLog(), testRedis()])
  onTestFinished(() => redis.close())
  const { stores } = under
  const config = loadConfig({ SANDBOX_URL: sandbox.url, ...env })
  const hoursOf = new SessionClock(ALWAYS_OPEN).hoursOf
  const histories = createHistories({
    config,
    instruments: stores.instruments,
    hoursOf,
    redis: redis.redis,
    metrics: createMetrics(),
    log: SILENT
  })
  onTestFinished(() => histories.close())
  const instrumentId = (await stores.instruments.upsert([{ symbol }])).get(symbol)!
  const subject: GapSubject = { source, feed: 'sandbox', instrumentId, reason: 'outage' }
  const until = Date.now() - agoMs
  const id = await stores.gaps.add(subject, isoOf(until - MINUTE_MS), isoOf(until))
  const intake = createIntake({
    eventLog: log,
    log: SILENT,
    record: () => undefined,
    quoteIntervalMs: 200,
    hoursOf: shippedHours
  })
  const history = histories.all.find(({ name }) => name === source)!
  const filler = new GapFiller({ history, stores, eventLog: log, intake, now: Date.now, turnMs })
  const held = async () => (await stores.gaps.within(instrumentId, 0, Date.now())).find((gap) => gap.id === id)!
  const fill = async (): Promise<GapState> => (await filler.fill(await held(), AbortSignal.timeout(20_000))).state
  const again = async () => {
    await under.database.sql`delete from gap_fills where gap_id = ${id}`
    await stores.gaps.move(id, 'filled', 'open')
  }
  const tried = (tries: number) => under.database.sql`update gaps set tries = ${tries} where id = ${id}`
  return { fill, held, again, tried, instrumentId, from: until - MINUTE_MS, until }
}

/** A vendor whose history comes in pages that a test makes of what was asked for; how many were asked for. */
async function pagedVendor(answer: (page: number) => object) {
  const asked = { pages: 0 }
  const server = createServer((_request, response) => response.end(JSON.stringify(answer(asked.pages++))))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { ALPACA_BASE_URL: url, ALPACA_LIMITS: '100000/minute' }
  return { asked, env }
}

test('a vendor that refuses for now is asked again later, and the ledger says why', async () => {
  const { fill, held } = await outcome('AAPL', HOUR_MS)
  onTestFinished(sandbox.scenario({ vendor: 'alpaca', scenario: 'rate_limited', retryAfterSeconds: 120 }))
  expect(await fill()).toBe('open')
  const gap = await held()
  expect(gap).toMatchObject({ state: 'open', tries: 1, detail: 'alpaca answered with status 429' })
  expect(Date.parse(gap.nextTryAt!)).toBeGreaterThan(Date.now() + MINUTE_MS)
})

test('what the budget does not allow waits for it', async () => {
  const { fill, held, again } = await outcome('NOPE', HOUR_MS, {
    ALPACA_LIMITS: '2/day',
    INTERACTIVE_RESERVE_PERCENT: '90'
  })
  expect(await fill()).toBe('filled')
  expect((await held()).detail).toBe('0 trades of 1 instruments')
  await again()
  expect(await fill()).toBe('open')
  expect((await held()).detail).toBe('the budget of alpaca is spent')
})

test('what the plan lacks is tried in other ways and again for three days, then it is unfillable', async () => {
  onTestFinished(sandbox.scenario({ vendor: 'alpaca', scenario: 'plan_refused' }))
  const [fresh, old, soon] = await Promise.all([
    outcome('AAPL', HOUR_MS),
    outcome('MSFT', 3 * DAY_MS + HOUR_MS),
    outcome('IBM', 5 * MINUTE_MS)
  ])
  expect(await fresh.fill()).toBe('open')
  expect((await fresh.held()).detail).toBe("alpaca's plan does not have it")
  expect(await old.fill()).toBe('open')
  await old.tried(9)
  expect(await old.fill()).toBe('unfillable')
  expect(await old.held()).toMatchObject({ state: 'unfillable', detail: "alpaca's plan does not have it" })
  expect(await soon.fill()).toBe('open')
  expect((await soon.held()).detail).toBe('alpaca/sip has nothing younger than 15 minutes')
})

test('a vendor that names a page twice holds no other gap up', async () => {
  const { asked, env } = await pagedVendor(() => ({ trades: {}, next_page_token: 'again' }))
  const { fill, held } = await outcome('AAPL', HOUR_MS, env)
  expect(await fill()).toBe('open')
  expect((await held()).detail).toBe('alpaca named a page twice')
  expect(asked.pages).toBe(2)
})

test('a vendor that never comes to an end has its turn, and then others have theirs', async () => {
  const { asked, env } = await pagedVendor((page) => ({ trades: {}, next_page_token: `${page}` }))
  const { fill, held } = await outcome('AAPL', HOUR_MS, env, { turnMs: 300 })
  expect(await fill()).toBe('open')
  expect((await held()).detail).toBe('others had their turn')
  expect(asked.pages).toBeGreaterThan(2)
})

test('while nobody writes trades down, what streams told is not pushed out of the log by what they missed', async () => {
  const t = isoOf(Date.now() - HOUR_MS - 1000)
  const { asked, env } = await pagedVendor((page) => ({
    trades: { AAPL: [{ t, x: 'V', p: 100, s: 1, i: page, z: 'C', c: ['@'] }] },
    next_page_token: `${page}`
  }))
  const { fill } = await outcome('AAPL', HOUR_MS, env, { turnMs: 300 })
  expect(await fill()).toBe('open')
  expect(await fill()).toBe('open')
  expect(asked.pages).toBe(1)
})

test('trades of options, which have no identity, are unfillable at once', async () => {
  const { fill, held } = await outcome('AAPL270115C00150000', HOUR_MS)
  expect(await fill()).toBe('unfillable')
  expect((await held()).detail).toBe('1 of 1 instruments: alpaca sells no trades of it of before')
})

test.each([
  ['upstox', 'NSE:RELIANCE', { UPSTOX_TOKEN: 'T' }],
  ['ibkr', 'MSFT', { IBKR_HOST: '127.0.0.1' }]
])('of what the stream of %s missed the minutes are filled by its bars', async (source, symbol, env) => {
  const tws = { IBKR_PORT: `${sandbox.twsPort}` }
  const { fill, held, instrumentId, from, until } = await outcome(symbol, HOUR_MS, { ...env, ...tws }, { source })
  if (source === 'upstox') {
    expect(await fill()).toBe('unfillable')
    expect((await held()).detail).toContain('upstox has no key of the symbol')
    await under.database.sql`update gaps set state = 'open' where instrument_id = ${instrumentId}`
    await under.database.sql`delete from gap_fills where gap_id = ${(await held()).id}`
    await under.stores.instruments.addAliases([{ instrumentId, vendor: 'upstox', alias: upstoxKeyOf({ symbol })! }])
  }
  expect(await fill()).toBe('filled')
  expect((await held()).detail).toMatch(/^[12] bars of the vendor, which sells no such trades, of 1 instruments$/)
  const minute = (at: number) => Math.floor(at / MINUTE_MS) * MINUTE_MS
  const range = { from: minute(from), to: minute(until) + MINUTE_MS }
  const series = await under.stores.bars.range({ symbol, interval: '1m', adjusted: 'none', ...range })
  const told = sandbox.exchange.intradayBars(sandbox.exchange.find(symbol)!, {
    ...range,
    stepMinutes: 1,
    extendedHours: true
  })
  expect(series).toMatchObject({ provenance: { source, feed: 'sandbox' } })
  expect(series!.bars).toMatchObject(told.map(({ start, open, close }) => ({ start: isoOf(start), open, close })))
})

test('what a vendor missed that sells no past is called unfillable, once it is over', async () => {
  const { stores } = under
  const instrumentId = (await stores.instruments.upsert([{ symbol: 'KO' }])).get('KO')!
  const subject: GapSubject = { source: 'finnhub', feed: 'composite', instrumentId, reason: 'joined_late' }
  const until = Date.now() - MINUTE_MS
  await stores.gaps.add(subject, isoOf(until - MINUTE_MS), isoOf(until))
  await stores.gaps.begin({ source: 'finnhub', feed: 'composite', reason: 'outage' }, isoOf(until))
  const give = () => giveUpUnsold(stores.gaps, AbortSignal.timeout(20_000))
  expect(await give()).toBe(1)
  expect(await give()).toBe(0)
  const gaps = await stores.gaps.within(instrumentId, 0, Date.now())
  expect(gaps.map(({ reason, state, detail }) => `${reason} ${state}: ${detail}`).toSorted()).toEqual([
    'joined_late unfillable: finnhub numbers no trades, and sells none of before',
    'outage open: undefined'
  ])
})
