import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MarketEvent } from '../../../src/market/event.ts'
import { file_market_data_feed, RequestMode, Type } from '../../../src/streams/upstox/wire/market-data-feed_pb.js'
import { frame, type FeedInit, ltpc, mapper, NIFTY, NOON, printed, RELIANCE, share } from './frames.ts'
import { runsOf } from '../../support/depth.ts'

const SYMBOL = 'NSE:RELIANCE'
const level = (bidP: number, askP: number) => ({ bidQ: 10n, bidP, askQ: 20n, askP })
const day = (open: number, high: number, low: number) => ({
  ohlc: [{ interval: '1d', open, high, low, close: 1310, vol: 5n, ts: BigInt(NOON) }]
})
const typesOf = (events: readonly MarketEvent[]) => events.map(({ type }) => type)
const snapshot = frame({
  type: Type.initial_feed,
  feeds: {
    [RELIANCE]: share({
      ltpc: ltpc(1310, 9, 50),
      marketLevel: { bidAskQuote: [level(1309.5, 1310.5)] },
      optionGreeks: {},
      marketOHLC: day(1305, 1316, 1302),
      vtt: 1000n
    })
  }
})
const live = (value: Parameters<typeof share>[0]) =>
  frame({ type: Type.live_feed, feeds: { [RELIANCE]: share(value) } })

type Greeks = Extract<NonNullable<FeedInit['FeedUnion']>, { case: 'firstLevelWithGreeks' }>['value']
const greeks = (value: Greeks, at = NOON) => {
  const feed: FeedInit = {
    requestMode: RequestMode.option_greeks,
    FeedUnion: { case: 'firstLevelWithGreeks', value }
  }
  return frame({ type: Type.live_feed, feeds: { [RELIANCE]: feed }, currentTs: BigInt(at) })
}

test('a snapshot is a quote and a book, and no trade: what traded before was not told', () => {
  const { events, refusals, control } = mapper()(snapshot)
  expect(refusals).toEqual([])
  expect(typesOf(events)).toEqual(['bbo', 'quote_update'])
  expect(events[0]!.data).toMatchObject({
    bbo: { bid: 1309.5, bidSize: 10, ask: 1310.5, askSize: 20, currency: 'INR' }
  })
  expect(events[1]!.data).toMatchObject({
    quote: {
      symbol: SYMBOL,
      price: 1310,
      previousClose: 1300,
      change: 10,
      open: 1305,
      dayHigh: 1316,
      dayLow: 1302,
      volume: 1000,
      asOf: '2026-11-30T06:29:51.000Z',
      provenance: {
        source: 'upstox',
        feed: 'consolidated',
        state: 'live',
        notes: [expect.stringContaining('snapshot')]
      }
    }
  })
  expect(events[1]!.data).not.toHaveProperty('quote.provenance.delivery')
  expect(control).toEqual([{ is: 'feeds', modes: new Map([[RELIANCE, 1]]) }])
})

test('the volumes of all trades add up to that of the day, though the vendor tells only some', () => {
  const map = mapper()
  map(snapshot)
  const frames = [
    live({ ltpc: ltpc(1311, 8, 30), vtt: 1030n }),
    live({ ltpc: ltpc(1312, 7, 5), vtt: 1500n }),
    // The volume of the day lags, and comes later.
    live({ ltpc: ltpc(1313, 6, 10), vtt: 1500n }),
    live({ ltpc: ltpc(1313, 6, 10), vtt: 1510n }),
    live({ ltpc: ltpc(1314, 5, 40), vtt: 1550n })
  ]
  const trades = frames
    .flatMap((each) => map(each).events)
    .flatMap((event) => (event.type === 'trade' ? event.data.trade : []))
  expect(trades.map(({ price, size, conditions }) => [price, size, conditions])).toEqual([
    [1311, 30, undefined],
    [1312, 470, ['MERGED']],
    [1313, 10, undefined],
    [1314, 40, undefined]
  ])
  expect(trades[0]).toMatchObject({ tradeDate: '2026-11-30', session: 'regular', fence: 7, source: 'upstox' })
  expect(trades.every((trade) => !('tradeId' in trade))).toBe(true)
})

test('what a frame leaves out stays, and what it tells again is no news', () => {
  const map = mapper()
  map(snapshot)
  expect(map(live({ ltpc: ltpc(1310, 9, 50), marketLevel: { bidAskQuote: [level(1309.5, 1310.5)] } })).events).toEqual(
    []
  )
  const [bbo, ...others] = map(live({ marketLevel: { bidAskQuote: [level(1309, 0)] } })).events
  expect(others).toEqual([])
  expect(bbo!.data).toMatchObject({ bbo: { bid: 1309, bidSize: 10 } })
  expect(bbo!.data).not.toHaveProperty('bbo.ask')
  const spike = map(live({ ltpc: ltpc(1311, 3, 1, 0), vtt: 1001n, marketOHLC: day(1305, 1400, 1302) })).events
  expect(typesOf(spike)).toEqual(['quote_update', 'trade'])
  expect(spike[0]!.data).toMatchObject({ quote: { dayHigh: 1400, previousClose: 1300, bid: 1309 } })
  expect(spike[0]!.data).not.toHaveProperty('quote.volume')
})

test('the opening auction of a day counts whole, where the day before was listened to', () => {
  const map = mapper()
  map(snapshot)
  const nextDay = Date.parse('2026-12-01T03:45:02.000Z')
  const opening = { ltp: 1320, ltt: BigInt(nextDay - 1000), ltq: 7n, cp: 1310 }
  const bytes = frame({
    type: Type.live_feed,
    currentTs: BigInt(nextDay),
    feeds: { [RELIANCE]: share({ ltpc: opening, vtt: 900n }) }
  })
  const trade = map(bytes, nextDay).events.find(({ type }) => type === 'trade')
  expect(trade!.data).toMatchObject({ trade: { size: 900, tradeDate: '2026-12-01' } })
})

test('an index is told as streamed quotes, and trades nothing', () => {
  const map = mapper()
  const index = (ltp: number, secondsAgo: number) =>
    frame({
      type: Type.live_feed,
      feeds: {
        [NIFTY]: {
          requestMode: RequestMode.full_d5,
          FeedUnion: {
            case: 'fullFeed',
            value: {
              FullFeedUnion: {
                case: 'indexFF',
                value: { ltpc: ltpc(ltp, secondsAgo, 0, 24_900), marketOHLC: day(24_950, 25_100, 24_900) }
              }
            }
          }
        }
      }
    })
  expect(typesOf(map(index(25_000, 2)).events)).toEqual(['quote_update'])
  const [next] = map(index(25_010, 1)).events
  expect(next!.data).toMatchObject({
    quote: { symbol: '^NSEI', kind: 'index', price: 25_010, change: 110, provenance: { delivery: 'stream' } }
  })
})

test('the modes without a book or a volume tell the trades that they have', () => {
  const map = mapper()
  const trade = (secondsAgo: number, ltq: number) =>
    frame({
      type: Type.live_feed,
      feeds: { [RELIANCE]: { FeedUnion: { case: 'ltpc', value: ltpc(1310, secondsAgo, ltq) } } }
    })
  expect(typesOf(map(trade(5, 3)).events)).toEqual(['quote_update'])
  expect(map(trade(4, 8)).events[0]!.data).toMatchObject({ trade: { size: 8 } })
  expect(typesOf(map(greeks({ ltpc: ltpc(1310, 3, 2), firstDepth: level(1309, 1311), vtt: 90n })).events)).toEqual([
    'bbo',
    'trade'
  ])
})

test("a contract's open interest and greeks are told as they change, and stay with their instants where a frame has none", () => {
  const map = mapper()
  const figuresAt = (told: Parameters<typeof greeks>[0], secondsLater: number) => {
    const at = NOON + secondsLater * 1000
    return map(greeks(told, at), at).events.flatMap((event) =>
      event.type === 'quote_update' ? [event.data.quote.derivative] : []
    )
  }
  const optionGreeks = { delta: 0.5, gamma: 0.001, theta: -12, vega: 9, rho: 1 }
  const at = (secondsLater: number) => new Date(NOON + secondsLater * 1000).toISOString()
  const told = { openInterestAsOf: at(0), impliedVolatilityAsOf: at(0), greeksAsOf: at(0) }
  const first = { openInterest: 750, impliedVolatility: 0.13, ...optionGreeks, ...told }
  const named = { ltpc: ltpc(1310, 3, 2), oi: 750, iv: 0.13 }
  expect(figuresAt({ ...named, optionGreeks }, 0)).toEqual([first])
  expect(figuresAt({ ltpc: ltpc(1311, 2, 2) }, 1)).toEqual([])
  expect(figuresAt({ optionGreeks: { ...optionGreeks, delta: 0.51 }, oi: 750 }, 1)).toEqual([
    { ...first, delta: 0.51, openInterestAsOf: at(1), greeksAsOf: at(1) }
  ])
  // Twice within a second only where contracts were opened or closed.
  expect(figuresAt({ optionGreeks, oi: 750 }, 1.5)).toEqual([])
  expect(figuresAt({ optionGreeks: { ...optionGreeks, vega: 8 } }, 1.55)).toEqual([])
  expect(figuresAt({ optionGreeks, oi: 825 }, 1.6)).toMatchObject([{ openInterest: 825, delta: 0.5 }])
  expect(figuresAt({ optionGreeks: { ...optionGreeks, delta: 0.4 } }, 3)).toMatchObject([
    { openInterest: 825, openInterestAsOf: at(1.6), impliedVolatilityAsOf: at(0), delta: 0.4, greeksAsOf: at(3) }
  ])
  const wrong = map(greeks({ optionGreeks: { ...optionGreeks, vega: Number.NaN } }))
  expect(wrong.refusals).toMatchObject([{ reason: 'bad_field', detail: expect.stringContaining('vega') }])
})

test('the status of each segment, of the closing auction and of the pre-open session is told', () => {
  const { control, refusals } = mapper()(
    printed({
      type: 'market_info',
      marketInfo: {
        segmentStatus: { NSE_EQ: 'NORMAL_OPEN', NSE_FO: 9 },
        casMarketStatus: { NSE_EQ: { status: 'CAS_LM_START', updatedTime: '1' } }
      }
    })
  )
  expect(control).toEqual([
    {
      is: 'market_info',
      segments: new Map([
        ['NSE_EQ', 'NORMAL_OPEN'],
        ['NSE_FO', 'status 9'],
        ['NSE_EQ, closing auction', 'CAS_LM_START']
      ])
    }
  ])
  expect(refusals).toMatchObject([{ reason: 'unknown_type', kind: 'segmentStatus 9' }])
})

test('what is not known is counted and costs nothing else', () => {
  const known = live({ ltpc: ltpc(1310, 9, 50) })
  // Field 15 of the frame: a varint.
  const withField = Uint8Array.from([...known, 0x78, 0x01])
  const { events, unknownFields } = mapper()(withField)
  expect(typesOf(events)).toEqual(['quote_update'])
  expect(unknownFields).toEqual(['FeedResponse.15'])
  const last = { ltp: 1310, ltt: String(NOON - 9000), ltq: '50' }
  const strange = printed({
    type: 7,
    feeds: { [RELIANCE]: { ltpc: last, requestMode: 9 }, 'NSE_FO|1': { ltpc: last }, [NIFTY]: {} }
  })
  const { events: told, refusals } = mapper()(strange)
  expect(typesOf(told)).toEqual(['quote_update'])
  expect(refusals.map(({ reason, kind }) => [reason, kind])).toEqual([
    ['unknown_type', 'type 7'],
    ['unknown_type', 'requestMode 9'],
    ['bad_symbol', 'NSE_FO'],
    ['unknown_type', 'feed']
  ])
  const impossible = live({ ltpc: { ...ltpc(Number.NaN, 9, 50) } })
  expect(mapper()(impossible).refusals).toMatchObject([{ reason: 'bad_field', detail: 'ltp is NaN' }])
  const later = live({ ltpc: ltpc(1310, -3600, 50) })
  expect(mapper()(later).refusals).toMatchObject([{ reason: 'bad_field', kind: 'fullFeed' }])
})

test('nothing that a broken frame holds is thrown, or told as a price that is none', () => {
  const map = mapper()
  expect(map('text').refusals).toMatchObject([{ reason: 'malformed' }])
  for (let length = 0; length < snapshot.length; length++) {
    const { events, refusals } = map(snapshot.subarray(0, length))
    if (length > 0 && refusals.length === 0) expect(events.every(({ data }) => 'symbol' in data)).toBe(true)
  }
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(snapshot.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
      const spoiled = Uint8Array.from(snapshot)
      for (const [at, byte] of changes) spoiled[at] = byte
      for (const { type, data } of map(spoiled).events) {
        if (type === 'trade') expect(data.trade.price > 0 && Number.isFinite(data.trade.size)).toBe(true)
      }
    }),
    { numRuns: runsOf(200) }
  )
})

test('what is generated is generated of the protocol as it stands here', async () => {
  const protocol = new URL('../../../src/streams/upstox/wire/market-data-feed.proto', import.meta.url)
  const fields: string[] = []
  let inside = ''
  for (const line of (await readFile(protocol, 'utf8')).split('\n')) {
    inside = /^(?:message|enum) (\w+)/.exec(line)?.[1] ?? inside
    const [, name, number] = /(\w+) = (\d+);/.exec(line) ?? []
    if (name !== undefined) fields.push(`${inside}.${name} = ${number}`)
  }
  const { messages, enums } = file_market_data_feed
  const generated = [
    ...messages.flatMap((message) => message.fields.map(({ name, number }) => `${message.name}.${name} = ${number}`)),
    ...enums.flatMap((each) => each.values.map(({ name, number }) => `${each.name}.${name} = ${number}`))
  ]
  expect(generated.toSorted()).toEqual(fields.toSorted())
})
