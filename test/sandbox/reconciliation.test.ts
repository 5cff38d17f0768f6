import { afterAll, beforeAll, expect, test } from 'vitest'
import { ALWAYS_OPEN, CALENDARS, exchangeOf } from '../../src/market/calendars.ts'
import type { Bar } from '../../src/market/bar.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { dateIn } from '../../src/market/zoned-time.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import type { Capability, Provider } from '../../src/providers/provider.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { yahoo } from '../../src/providers/yahoo/yahoo.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** Days of the week, nights, both changes of clocks, the day after Thanksgiving, Christmas. */
const INSTANTS = [
  '2026-11-25T15:00:07Z',
  '2026-11-27T19:30:00Z',
  '2026-11-28T12:34:56Z',
  '2026-11-29T23:59:58Z',
  '2026-11-30T03:00:00Z',
  '2026-11-01T17:00:00Z',
  '2026-03-08T20:15:30Z',
  '2026-12-25T21:05:00Z',
  '2026-12-04T21:30:00Z'
].map((text) => Date.parse(text))
const signal = AbortSignal.timeout(120_000)

let now = INSTANTS[0]!
let sandbox: Sandbox
let providers: (Provider & { close(): Promise<void> })[]

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => now })
  const { hoursOf } = new SessionClock(ALWAYS_OPEN)
  const options = { apiKey: 'k', timeoutMs: 10_000, plan: 'standard', now: () => now, hoursOf } as const
  providers = [
    yahoo({ ...options, baseUrl: `${sandbox.url}/yahoo` }),
    fmp({ ...options, baseUrl: `${sandbox.url}/fmp` }),
    alphaVantage({ ...options, baseUrl: `${sandbox.url}/alpha-vantage` }),
    tiingo({ ...options, baseUrl: `${sandbox.url}/tiingo` })
  ]
})
afterAll(async () => {
  await Promise.all(providers.map((provider) => provider.close()))
  await sandbox.close()
})

const able = <C extends Capability>(capability: C) =>
  providers.filter((provider): provider is typeof provider & Required<Pick<Provider, C>> => capability in provider)

function sumOf(bars: readonly Bar[]) {
  return {
    open: bars[0]!.open,
    high: Math.max(...bars.map(({ high }) => high)),
    low: Math.min(...bars.map(({ low }) => low)),
    close: bars.at(-1)!.close,
    volume: bars.reduce((sum, { volume = 0 }) => sum + volume, 0)
  }
}

const instants = INSTANTS.map((at) => [new Date(at).toISOString(), at] as const)

test.each(instants)('at %s the quote of each vendor is the newest daily bar', async (_text, at) => {
  now = at
  for (const provider of able('quotes')) {
    const quote = (await provider.quotes(['AAPL'], signal)).get('AAPL')!
    const request = { symbol: 'AAPL', interval: '1d', from: at - 9 * DAY_MS, to: at + 1, adjusted: 'none' } as const
    if (!provider.bars) continue
    const { bars } = await provider.bars(request, signal)
    const today = dateIn('America/New_York', at)
    const running = bars.find(({ start }) => start === today)
    const before = bars.findLast(({ start }) => start < today)
    expect.soft(quote.previousClose, provider.name).toBeCloseTo(before!.close, 2)
    expect.soft(before!.start, provider.name).toBe(dateIn('America/New_York', at - DAY_MS))
    // Tiingo's daily bars end with the day before, and its prices in a day are those of one venue.
    if (provider.name === 'tiingo') continue
    expect.soft(quote.open, provider.name).toBeCloseTo(running!.open, 2)
    expect.soft(quote.dayHigh, provider.name).toBeCloseTo(running!.high, 2)
    expect.soft(quote.dayLow, provider.name).toBeCloseTo(running!.low, 2)
    expect.soft(quote.price, provider.name).toBeCloseTo(running!.close, 2)
    expect.soft(quote.volume, provider.name).toBe(running!.volume)
    if (quote.marketState) {
      const status = new SessionClock(ALWAYS_OPEN).statusOfSymbol('AAPL', at)
      expect.soft(quote.marketState, provider.name).toBe(status!.marketState)
    }
  }
})

test.each(['2026-11-30T03:00:00Z', '2026-11-02T17:00:00Z', '2026-03-09T20:15:30Z'])(
  'the day before %s is the sum of the bars within it, also where clocks change',
  async (text) => {
    const at = Date.parse(text)
    now = at
    const instrument = sandbox.exchange.find('AAPL')!
    const { date, open, close } = sandbox.exchange.calendar(instrument).sessionAt(at - DAY_MS)
    const [yesterday] = sandbox.exchange.dailyBars(instrument, date, date)
    // Vendors that tell wall times without their offset cannot tell the two hours apart that autumn repeats.
    const tellsWallTimes = ({ name }: Provider) => name === 'fmp' || name === 'alpha-vantage'
    const isRepeated = close - open > DAY_MS
    for (const provider of able('bars').filter((each) => !isRepeated || !tellsWallTimes(each))) {
      // Alpha Vantage sends whole months: of minutes that is a second's work.
      const short = provider.name === 'alpha-vantage' ? [] : (['1m', '5m', '15m'] as const)
      for (const interval of [...short, '30m', '1h'] as const) {
        const request = { symbol: 'AAPL', interval, from: open, to: close, adjusted: 'none' } as const
        const series = await provider.bars(request, signal).catch((error: unknown) => error as Error)
        if (series instanceof Error) {
          expect.soft(series, `${provider.name} ${interval}`).toMatchObject({ kind: 'not_covered' })
          continue
        }
        const sum = sumOf(series.bars)
        const what = `${provider.name} ${interval} ${series.bars.length}`
        expect.soft(sum.open, what).toBeCloseTo(yesterday!.open, 2)
        expect.soft(sum.high, what).toBeCloseTo(yesterday!.high, 2)
        expect.soft(sum.low, what).toBeCloseTo(yesterday!.low, 2)
        expect.soft(sum.close, what).toBeCloseTo(yesterday!.close, 2)
        // One venue's share of it.
        if (provider.name !== 'tiingo') expect.soft(sum.volume, what).toBe(yesterday!.volume)
      }
    }
  }
)

test.each(instants)('at %s the next expiry is not over, and can be asked for', async (_text, at) => {
  now = at
  for (const provider of able('options')) {
    const { expiries } = await provider.options('AAPL', undefined, signal)
    const end = sandbox.exchange.calendar(sandbox.exchange.find('AAPL')!).instantOn(expiries[0]!, 16 * 60)
    expect.soft(end, provider.name).toBeGreaterThan(at)
    const chain = await provider.options('AAPL', expiries[0], signal)
    expect.soft(chain.contracts.length, provider.name).toBeGreaterThan(0)
  }
})

test('whatever the hour, every exchange of the simulated market is open, and its day lasts from midnight to midnight', () => {
  const clock = new SessionClock(ALWAYS_OPEN)
  for (const calendar of ALWAYS_OPEN) {
    for (let at = INSTANTS[0]!; at < INSTANTS[0]! + 9 * DAY_MS; at += HOUR_MS) {
      const status = clock.status(calendar.exchange, at)!
      expect(status.marketState).toBe('regular')
      expect(status.session!.regular.open).toBeLessThanOrEqual(at)
    }
  }
  for (const { symbol } of sandbox.exchange.instruments.slice(0, 50)) {
    const session = sandbox.exchange.calendar(sandbox.exchange.find(symbol)!).sessionAt(now)
    const { regular } = clock.statusOfSymbol(symbol, now)!.session!
    expect([session.open, session.close]).toEqual([regular.open, regular.close])
  }
  expect(CALENDARS.map(({ exchange }) => exchange)).toContain(exchangeOf('AAPL'))
})
