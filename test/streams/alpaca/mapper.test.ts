import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Compile } from 'typebox/compile'
import { MarketEvent } from '../../../src/market/event.ts'
import { SessionClock } from '../../../src/market/session-clock.ts'
import { CALENDARS } from '../../../src/market/calendars.ts'
import { tradeKey, replacedTradeKey } from '../../../src/market/trade-key.ts'
import { jsonCodec, msgpackCodec, type Codec } from '../../../src/streams/codec.ts'
import { alpacaMapper } from '../../../src/streams/alpaca/mapper.ts'
import type { AlpacaMarket } from '../../../src/streams/alpaca/endpoints.ts'
import { placeReader } from '../../../src/streams/tick-place.ts'
import { knownRecordings } from '../../support/known-recordings.ts'
import { runsOf } from '../../support/depth.ts'

const clock = new SessionClock(CALENDARS)
const checked = Compile(MarketEvent)
const RECEIVED_AT = Date.parse('2026-11-30T15:00:00.250Z')

type Reading = { market?: AlpacaMarket; codec?: Codec; receivedAt?: number; raw?: boolean }

function mapped(
  messages: unknown,
  { market = 'stocks', codec = jsonCodec, receivedAt = RECEIVED_AT, raw = false }: Reading = {}
) {
  let sequence = 40
  const map = alpacaMapper({ market, feed: 'iex', codec, placeOf: placeReader(clock.hoursOf) })
  const frame = raw ? (messages as string) : codec.encode(messages)
  const result = map(frame, { receivedAt, fence: 7, nextSequence: () => sequence++ })
  for (const event of result.events) expect([...checked.Errors(event)]).toEqual([])
  return result
}

const TRADE = {
  T: 't',
  S: 'AAPL',
  i: 6142,
  x: 'V',
  p: 177.79,
  s: 90,
  c: ['@', 'I'],
  z: 'C',
  t: '2026-11-30T15:00:00.1Z'
}

describe('a trade', () => {
  test('keeps price, size, conditions, venue, both instants and its place in the day', () => {
    const { events } = mapped([{ ...TRADE, t: '2026-11-30T15:00:00.123456789Z' }])
    expect(events).toEqual([
      {
        type: 'trade',
        data: {
          symbol: 'AAPL',
          timestamp: '2026-11-30T15:00:00.123456789Z',
          trade: {
            symbol: 'AAPL',
            price: 177.79,
            size: 90,
            currency: 'USD',
            conditions: ['@', 'I'],
            tradeId: '6142',
            venue: 'IEXG',
            tape: 'C',
            asOf: '2026-11-30T15:00:00.123456789Z',
            receivedAt: '2026-11-30T15:00:00.250Z',
            tradeDate: '2026-11-30',
            session: 'regular',
            source: 'alpaca',
            feed: 'iex',
            fence: 7,
            sequence: 40
          }
        }
      }
    ])
  })

  test('of parts of a share is a trade, and its id may be longer than a double holds', () => {
    const text = JSON.stringify([{ ...TRADE, s: 0.3 }]).replace('6142', '9007199254740993')
    const { events } = mapped(text, { raw: true })
    expect(events[0]).toMatchObject({ data: { trade: { size: 0.3, tradeId: '9007199254740993' } } })
  })

  test('late in the evening belongs to the next day', () => {
    const receivedAt = Date.parse('2026-12-01T02:00:01Z')
    const { events } = mapped([{ ...TRADE, t: '2026-12-01T02:00:00Z' }], { receivedAt })
    expect(events[0]).toMatchObject({ data: { trade: { tradeDate: '2026-12-01' } } })
  })

  test.each([
    ['a price that is text', { p: '177.79' }, 'p is no number'],
    ['no size', { s: undefined }, 's is no number'],
    ['no instant', { t: 'soon' }, 't is no instant'],
    [
      'an instant of a clock that runs ahead',
      { t: '2026-11-30T15:05:00Z' },
      't is 2026-11-30T15:05:00.000Z, which cannot be'
    ],
    [
      'an instant of a clock that was never set',
      { t: '0001-01-01T00:00:00Z' },
      't is 0001-01-01T00:00:00.000Z, which cannot be'
    ],
    ['conditions that are numbers', { c: [1] }, 'c is no list of texts'],
    ['an id that is rounded', { i: 1.5 }, 'i is no text']
  ])('with %s is refused, and the trades beside it are not', (_, wrong, detail) => {
    const { events, refusals } = mapped([TRADE, { ...TRADE, ...wrong }, TRADE])
    expect(events).toHaveLength(2)
    expect(refusals).toEqual([{ reason: 'bad_field', kind: 't', detail }])
  })
})

test('a correction and a cancellation name the trade that they replace', () => {
  const t = '2026-11-30T15:00:00.1Z'
  const { events } = mapped([
    TRADE,
    {
      T: 'c',
      S: 'AAPL',
      x: 'V',
      oi: 6142,
      op: 177.79,
      os: 90,
      oc: ['@'],
      ci: 7001,
      cp: 177.8,
      cs: 80,
      cc: ['@'],
      t,
      z: 'C'
    },
    { T: 'x', S: 'AAPL', i: 6142, x: 'V', p: 177.79, s: 90, a: 'E', t, z: 'C' }
  ])
  const [trade, correction, cancel] = events
  if (trade?.type !== 'trade' || correction?.type !== 'trade_correction' || cancel?.type !== 'trade_cancel')
    throw new Error('other events were expected')
  const key = tradeKey('AAPL', trade.data.trade)
  expect(replacedTradeKey('AAPL', correction.data.correction)).toBe(key)
  expect(correction.data.correction).toMatchObject({ price: 177.8, size: 80, tradeId: '7001' })
  expect(replacedTradeKey('AAPL', cancel.data.cancel)).toBe(key)
  expect(cancel.data.cancel.reason).toBe('error')
})

test('a side without orders is missing, and sizes are shares', () => {
  const quote = {
    T: 'q',
    S: 'BRK.B',
    bx: 'V',
    bp: 0,
    bs: 0,
    ax: 'K',
    ap: 480.5,
    as: 35,
    c: ['R'],
    z: 'A',
    t: '2026-11-30T15:00:00Z'
  }
  const { events } = mapped([quote])
  expect(events[0]).toMatchObject({ type: 'bbo', data: { bbo: { ask: 480.5, askSize: 35, askVenue: 'EDGX' } } })
  expect(Object.keys((events[0]!.data as { bbo: object }).bbo)).not.toContain('bid')
  const [before] = mapped([{ ...quote, t: '2025-10-01T15:00:00Z' }]).events
  expect(before).toMatchObject({ data: { bbo: { ask: 480.5 } } })
  expect(Object.keys((before!.data as { bbo: object }).bbo)).not.toContain('askSize')
})

test.each([
  [
    { sc: 'H', sm: 'Trading Halt', rc: 'T1', rm: 'News pending', z: 'C' },
    { status: 'halted', reason: 'News pending', reasonCode: 'T1' }
  ],
  [
    { sc: 'T', sm: 'Trading Resumption', rc: 'C11', rm: '', z: 'C' },
    { status: 'trading', reason: 'Trading Resumption', reasonCode: 'C11' }
  ],
  [{ sc: 'P', sm: 'Volatility Trading Pause', rc: 'LUDP', rm: '', z: 'C' }, { status: 'paused' }],
  [{ sc: '2', sm: 'Trading Halt', rc: 'M', rm: 'LULD pause', z: 'A' }, { status: 'paused' }],
  [{ sc: '2', sm: 'Trading Halt', rc: 'D', rm: 'News released', z: 'A' }, { status: 'halted' }],
  [{ sc: 'Q', sm: 'Quotation Resumption', rc: 'T3', rm: '', z: 'C' }, { status: 'quoting' }]
])('status %j is known', (wire, halt) => {
  const { events } = mapped([{ T: 's', S: 'STRR', t: '2026-11-30T15:00:00Z', ...wire }])
  expect(events[0]).toMatchObject({ type: 'halt', data: { symbol: 'STRR', halt } })
})

test('a short sale restriction is no halt, and a band of prices leaves the status as it is', () => {
  const t = '2026-11-30T15:00:00Z'
  const { events, refusals } = mapped([
    { T: 's', S: 'STRR', sc: 'E', sm: 'Short Sale Restriction', rc: '', rm: '', t, z: 'A' },
    { T: 'l', S: 'STRR', u: 11, d: 9, i: 'B', t, z: 'A' }
  ])
  expect(refusals).toEqual([{ reason: 'unused', kind: 's', detail: 'nothing is made of status E' }])
  expect(events[0]).toMatchObject({ type: 'halt', data: { halt: { limitUp: 11, limitDown: 9 } } })
  expect(Object.keys((events[0]!.data as { halt: object }).halt)).not.toContain('status')
})

test('bars say whether they are final, corrected or running', () => {
  const bar = { S: 'AAPL', o: 1, h: 3, l: 1, c: 2, v: 8547, n: 66, vw: 1.9 }
  const { events } = mapped([
    { T: 'b', ...bar, t: '2026-11-30T14:59:00Z' },
    { T: 'u', ...bar, t: '2026-11-30T14:58:00Z' },
    { T: 'd', ...bar, t: '2026-11-30T05:00:00Z' }
  ])
  expect(events).toMatchObject([
    { data: { interval: '1m', state: 'final', revision: 0, bar: { start: '2026-11-30T14:59:00.000Z', volume: 8547 } } },
    { data: { interval: '1m', state: 'corrected', revision: 1 } },
    { data: { interval: '1d', state: 'provisional', bar: { start: '2026-11-30', complete: false } } }
  ])
})

test('what is new at the vendor is counted and harms nothing', () => {
  const { events, refusals, control } = mapped([
    { T: 'z', S: 'AAPL', new: true },
    { T: 'success', msg: 'connected' },
    { ...TRADE, tks: 'B', future: { a: 1 } },
    { T: 't', S: 'A b c' },
    { T: 'i', S: 'AAPL' },
    { T: '__proto__', S: 'AAPL' },
    7,
    null,
    [TRADE]
  ])
  expect(events).toHaveLength(1)
  expect(control).toEqual([{ T: 'success', msg: 'connected' }])
  expect(refusals.map(({ reason, kind }) => [reason, kind])).toEqual([
    ['unknown_type', 'z'],
    ['bad_symbol', 't'],
    ['unused', 'i'],
    ['unknown_type', '__proto__'],
    ['malformed', undefined],
    ['malformed', undefined],
    ['malformed', undefined]
  ])
})

test.each(['', '{', '[{"T":"t"', '{"T":"t"}', 'null', '[', '"x"', '\u0000'])(
  'the frame %j is refused whole',
  (frame) => {
    const { events, refusals } = mapped(frame, { raw: true })
    expect(events).toEqual([])
    expect(refusals).toEqual([expect.objectContaining({ reason: 'malformed' })])
  }
)

test('MessagePack carries the same, to the nanosecond, and one that is cut off is refused', () => {
  const instant = { ms: Date.parse('2026-11-30T15:00:00.123Z'), ns: 456_789 }
  const message = { ...TRADE, i: 9007199254740993n, t: instant }
  const { events } = mapped([message], { codec: msgpackCodec })
  expect(events[0]).toMatchObject({
    data: { trade: { asOf: '2026-11-30T15:00:00.123456789Z', tradeId: '9007199254740993', price: 177.79, size: 90 } }
  })
  const bytes = msgpackCodec.encode([message]) as Uint8Array
  for (let length = 0; length < bytes.length; length++) {
    const cut = mapped(bytes.subarray(0, length), {
      codec: { ...msgpackCodec, encode: (frame) => frame as Uint8Array }
    })
    expect(cut.events).toEqual([])
    expect(cut.refusals).toHaveLength(1)
  }
})

test.each([
  ['32', [0xd6, 0xff, 0x69, 0x2c, 0x5c, 0x60], '2025-11-30T15:01:52.000Z'],
  ['64', [0xd7, 0xff, 0x1d, 0x6f, 0x34, 0x54, 0x69, 0x2c, 0x5c, 0x60], '2025-11-30T15:01:52.123456789Z']
])('timestamps of %s bits are read as other languages write them', (_, bytes, asOf) => {
  // {"t": …} in a trade, written by hand.
  const rest = msgpackCodec.encode({ ...TRADE, t: null }) as Uint8Array
  const at = rest.indexOf(0xc0)
  const frame = Uint8Array.from([0x91, ...rest.subarray(0, at), ...bytes, ...rest.subarray(at + 1)])
  const { events, refusals } = mapped(frame, { codec: { ...msgpackCodec, encode: () => frame } })
  expect(refusals).toEqual([])
  expect(events[0]).toMatchObject({ data: { trade: { asOf } } })
})

test('coins and options are read by their own spellings', () => {
  const t = '2026-11-30T15:00:00Z'
  const coins = mapped([{ T: 't', S: 'BTC/USD', p: 65128.1, s: 0.0012, t, i: 1, tks: 'B' }], { market: 'crypto' })
  expect(coins.events[0]).toMatchObject({ data: { symbol: 'BTC-USD', trade: { currency: 'USD', size: 0.0012 } } })
  const options = mapped([{ T: 't', S: 'AAPL261218C00150000', p: 1.2, s: 3, t, x: 'N', c: 'g' }], { market: 'options' })
  expect(options.events[0]).toMatchObject({ data: { trade: { venue: 'N', conditions: ['g'] } } })
  expect(mapped([{ ...TRADE, S: 'BTC/USD' }]).refusals).toEqual([expect.objectContaining({ reason: 'bad_symbol' })])
})

test('news becomes stories, and one without an address is refused', () => {
  const story = {
    T: 'n',
    id: 39358670,
    headline: 'Broadcom shares are trading higher',
    created_at: '2026-11-30T14:00:00Z',
    url: 'https://www.benzinga.com/a',
    symbols: ['AVGO', 'BTCUSD', 7],
    source: 'benzinga'
  }
  const { news, refusals } = mapped([story, { ...story, url: 'javascript:alert(1)' }], { market: 'news' })
  expect(news).toEqual([
    {
      id: 'alpaca-39358670',
      title: 'Broadcom shares are trading higher',
      url: 'https://www.benzinga.com/a',
      publisher: 'benzinga',
      publishedAt: '2026-11-30T14:00:00.000Z',
      symbols: ['AVGO', 'BTC-USD']
    }
  ])
  expect(refusals).toHaveLength(1)
})

test('whatever a frame holds, nothing is thrown and no event breaks the shape', () => {
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom('AAPL', '2026-11-30T15:00:00Z', 1, 0.5, -1, '@'))
  const kind = fc.constantFrom('t', 'q', 'c', 'x', 's', 'l', 'b', 'u', 'd', 'n', 'i', 'z')
  const members = 'S i x p s c t z bx bp bs ax ap as oi ci cp cs cc a sc rc u d o h l v'.split(' ')
  const message = fc.record(
    { T: kind, ...Object.fromEntries(members.map((name) => [name, field])) },
    { requiredKeys: ['T'] }
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(message, fc.jsonValue()), { maxLength: 5 }), (messages) => {
      const { events, news, control, refusals } = mapped(messages)
      expect(events.length + news.length + control.length + refusals.length).toBe(messages.length)
    }),
    { numRuns: runsOf(150) }
  )
})

describe.skipIf(knownRecordings === undefined)('recorded frames', () => {
  const read = async (name: string) =>
    JSON.parse(await readFile(join(knownRecordings!, 'alpaca', name), 'utf8')) as unknown[]

  test('of a session at the tape of all exchanges all mean something', async () => {
    const frames = (await read('ws-stream/sip-session-transcript-2023-04-06.json')) as string[]
    const all = frames.map((frame) => mapped(frame, { raw: true }))
    expect(all.flatMap(({ refusals }) => refusals)).toEqual([])
    expect(all.flatMap(({ control }) => control)).toHaveLength(3)
    const events = all.flatMap(({ events }) => events)
    expect(events.map(({ type }) => type)).toEqual(['bbo', 'trade', 'trade', 'trade', 'bbo'])
    expect(events[3]).toMatchObject({ data: { trade: { asOf: '2023-04-06T11:54:26.839159730Z', session: 'pre' } } })
  })

  test('of each kind of message become what they mean', async () => {
    const messages = await read('ws-stream/message-shapes-b-t-q-s-x-n.json')
    const now = '2026-11-30T15:00:00Z'
    const dated = messages.map((message) =>
      JSON.parse(JSON.stringify(message).replaceAll('<time replaced by the test>', now))
    )
    const { events, news, refusals } = mapped(dated)
    expect(events.map(({ type }) => type)).toEqual(['bar_update', 'trade', 'bbo', 'halt', 'trade_cancel'])
    expect(news).toHaveLength(1)
    expect(refusals).toEqual([expect.objectContaining({ reason: 'unused', kind: 'o' })])
  })
})
