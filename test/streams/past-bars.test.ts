import { describe, expect, onTestFinished, test } from 'vitest'
import { alpacaHistory } from '../../src/streams/alpaca/history.ts'
import type { History } from '../../src/streams/history.ts'
import { massiveHistory } from '../../src/streams/massive/history.ts'
import { isPossibleBar } from '../../src/streams/possible-bar.ts'
import { upstoxHistory } from '../../src/streams/upstox/history.ts'
import { json, signal, vendorServer } from '../providers/vendor-server.ts'

const FROM = Date.parse('2026-11-27T15:00:00Z')
const placeOf = (_symbol: string, ms: number) => ({
  tradeDate: new Date(ms).toISOString().slice(0, 10),
  session: 'regular' as const
})
const timeoutMs = 5000

type Case = readonly [says: string, body: object, right: object]
/** What a minute's bar would be written as. */
const written = (more: object = {}) => ({
  items: [{ start: '2026-11-27T15:00:00.000Z', open: 10, high: 11, low: 9, close: 10, ...more }],
  refused: 0
})
const nothing = (refused: number) => ({ items: [], refused })
const failed = (kind: string) => ({ kind })

async function pastBars(make: (baseUrl: string) => History, symbol: string, body: object): Promise<object> {
  const { url } = await vendorServer(() => json(body))
  const history = make(url)
  onTestFinished(() => history.close())
  const [way] = history.ways('consolidated', symbol)
  const request = { symbol, interval: '1m', from: FROM, until: FROM + 60_000, way: way! } as const
  return history.bars(request, signal).catch((error: object) => error)
}

describe('Massive', () => {
  const row = (more: object = {}) => ({ t: FROM, o: 10, h: 11, l: 9, c: 10, v: 5, ...more })
  const of = (...results: object[]) => ({ status: 'OK', ticker: 'AAPL', adjusted: false, results })

  test.each<Case>([
    ['a bar', of(row()), written({ volume: 5 })],
    ['a bar of an instant in nanoseconds', of(row({ t: FROM * 1e6 })), written()],
    ['a price of 0', of(row({ o: 0, l: 0 })), nothing(1)],
    ['a high below the close', of(row({ h: 9.5 })), nothing(1)],
    ['a volume below zero', of(row({ v: -1 })), nothing(1)],
    ['a text for a price', of(row({ c: '-' })), nothing(1)],
    ['a bar of another day', of(row({ t: FROM - 86_400_000 })), nothing(0)],
    ['nothing', { status: 'OK', ticker: 'AAPL', adjusted: false, resultsCount: 0 }, nothing(0)],
    ['bars that are adjusted', { ...of(row()), adjusted: true }, failed('bad_payload')],
    ['bars of another symbol', { ...of(row()), ticker: 'MSFT' }, failed('bad_payload')],
    [
      'a limit',
      { status: 'ERROR', error: 'You have exceeded the maximum requests per minute' },
      failed('rate_limited')
    ],
    [
      'a plan beside no results',
      { status: 'NOT_AUTHORIZED', message: 'You are not entitled to this data', results: [] },
      failed('not_covered')
    ],
    ['a wrong key', { status: 'ERROR', error: 'Unknown API Key' }, failed('unauthorized')]
  ])('%s, with status 200', async (_, body, right) => {
    const make = (baseUrl: string) => massiveHistory({ apiKey: 'k', baseUrl, timeoutMs, placeOf })
    expect(await pastBars(make, 'AAPL', body)).toMatchObject(right)
  })
})

describe('Alpaca', () => {
  const row = (more: object = {}) => ({ t: '2026-11-27T15:00:00Z', o: 10, h: 11, l: 9, c: 10, v: 5, ...more })
  const of = (...rows: unknown[]) => ({ bars: { AAPL: rows }, next_page_token: null })

  test.each<Case>([
    ['a bar', of(row()), written({ volume: 5 })],
    ['no bars', { bars: null, next_page_token: null }, nothing(0)],
    ['bars of another symbol', { bars: { MSFT: [row()] } }, nothing(0)],
    ['a price of 0', of(row({ o: 0, l: 0 })), nothing(1)],
    ['a low above the open', of(row({ l: 10.5 })), nothing(1)],
    ['no row', of(null, 7), nothing(2)],
    ['a message', { message: 'internal' }, failed('bad_payload')]
  ])('%s, with status 200', async (_, body, right) => {
    const credential = () => ({ key: 'k', secret: 's' })
    const make = (baseUrl: string) => alpacaHistory({ credential, baseUrl, timeoutMs, placeOf })
    expect(await pastBars(make, 'AAPL', body)).toMatchObject(right)
  })
})

describe('Upstox', () => {
  const of = (...candles: unknown[]) => ({ status: 'success', data: { candles } })
  const candle = (...more: unknown[]) => ['2026-11-27T20:30:00+05:30', 10, 11, 9, 10, ...more]

  test.each<Case>([
    ['a bar', of(candle(5, 0)), written({ volume: 5 })],
    [
      'a time without an offset, which is that of the exchange',
      of(['2026-11-27T20:30:00', 10, 11, 9, 10, 5]),
      written()
    ],
    ['a volume that is no number, which is none', of(candle(null, 0)), written()],
    ['a price that is none', of(['2026-11-27T20:30:00+05:30', null, 11, 9, 10]), nothing(1)],
    ['an error', { status: 'error', errors: [{ errorCode: 'UDAPI100011' }] }, failed('bad_payload')]
  ])('%s, with status 200', async (_, body, right) => {
    const make = (baseUrl: string) =>
      upstoxHistory({
        baseUrl,
        token: () => 'T',
        keyOn: async () => 'NSE_EQ|1',
        timeoutMs,
        now: () => FROM + 86_400_000
      })
    const told = await pastBars(make, 'NSE:TCS', body)
    expect(told).toMatchObject(right)
    if ('items' in right) expect(told).not.toMatchObject({ items: [{ volume: 0 }] })
  })
})

describe('whether a bar can be', () => {
  const bar = { open: 10, high: 11, low: 9, close: 10 }
  test.each([
    ['AAPL', bar, true],
    ['AAPL', { ...bar, volume: 0 }, true],
    ['AAPL', { open: -10, high: -9, low: -11, close: -10 }, false],
    ['CLK20.NYM', { open: 17.73, high: 17.85, low: -40.32, close: -37.63 }, true],
    ['AAPL', { ...bar, high: Infinity }, false],
    ['AAPL', { ...bar, close: NaN }, false]
  ])('of %s: %j', (symbol, figures, isPossible) => expect(isPossibleBar(symbol, figures)).toBe(isPossible))
})
