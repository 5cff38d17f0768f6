import { describe, expect, test } from 'vitest'
import { impossibilityOf } from '../../../src/intake/plausibility.ts'
import { eligibilityOf } from '../../../src/market/trade-conditions.ts'
import type { Trade } from '../../../src/market/trade.ts'
import { mapped, NOON } from './arrivals.ts'

const share = { ev: 'T', sym: 'AAPL', x: 11, i: '52983525029461', z: 3, p: 271.49, s: 100, t: NOON - 20, q: 3_681_328 }
const coin = {
  ev: 'XT',
  pair: 'BTC-USD',
  p: 91_021.9,
  t: NOON - 151,
  s: 0.01616617,
  c: [2],
  i: 14_272_084,
  x: 1,
  r: NOON
}

function tradeIn(market: 'stocks' | 'options' | 'crypto', message: object): Trade {
  const { events, refusals } = mapped(market, [message], market === 'options' ? 'opra' : 'consolidated')
  expect(refusals).toEqual([])
  const [event] = events
  if (event?.type !== 'trade') throw new Error(`no trade but ${event?.type}`)
  return event.data.trade
}

test('a trade keeps its price, its venue, its order and its time', () => {
  expect(tradeIn('stocks', { ...share, pt: NOON - 25 })).toEqual({
    symbol: 'AAPL',
    asOf: '2026-11-30T16:59:59.980Z',
    sequence: 3_681_328,
    tradeDate: '2026-11-30',
    session: 'regular',
    tape: 'C',
    source: 'massive',
    feed: 'consolidated',
    receivedAt: '2026-11-30T17:00:00.000Z',
    price: 271.49,
    size: 100,
    currency: 'USD',
    venue: 'ARCX',
    tradeId: '52983525029461'
  })
})

describe('sizes', () => {
  test('a part of a share does not become nothing, nor a share and a half one', () => {
    expect(tradeIn('stocks', { ...share, s: 0, ds: '0.004213' }).size).toBe(0.004213)
    expect(tradeIn('stocks', { ...share, s: 1, ds: '1.5' }).size).toBe(1.5)
    expect(tradeIn('stocks', { ...share, s: 7, ds: '7.0' }).size).toBe(7)
  })

  test('a size that cannot be read is not replaced by the cut-off one', () => {
    for (const ds of ['', '-1', '1e3', '.5', 'NaN', 4, null]) {
      const { events, refusals } = mapped('stocks', [{ ...share, ds }])
      expect(events).toEqual([])
      expect(refusals).toMatchObject([{ reason: 'bad_field', kind: 'T' }])
    }
  })

  test('a bar has the parts of shares that traded in it', () => {
    const minute = NOON - 120_000
    const bar = { ev: 'AM', sym: 'FCX', v: 4989, o: 78.1, c: 78.08, h: 78.125, l: 78.07, s: minute, e: minute + 60_000 }
    const [event] = mapped('stocks', [{ ...bar, dv: '4989.038360', av: 4_332_125, dav: '4332125.038360' }]).events
    expect(event).toMatchObject({ data: { bar: { volume: 4989.03836 }, state: 'final' } })
    expect(mapped('stocks', [{ ...bar, v: 12 }]).events).toMatchObject([{ data: { bar: { volume: 12 } } }])
  })
})

describe('identity', () => {
  test('trades of two reporting facilities with one id stay two', () => {
    const facilities = [201, 202, 203, 7, undefined]
    const venues = facilities.map((trfi) => tradeIn('stocks', { ...share, x: 4, trfi, trft: NOON - 30 }).venue)
    expect(venues).toEqual(['FINY', 'FINN', 'FINC', '4-7', 'XADF'])
  })

  test('an id is the same whether it comes as a number, as today of coins, or as a text', () => {
    expect(tradeIn('stocks', { ...share, i: 7657 }).tradeId).toBe('7657')
    expect(tradeIn('stocks', { ...share, i: '0007657' }).tradeId).toBe('0007657')
    const text = JSON.stringify([{ ...coin, i: 0 }]).replace('"i":0', '"i":18446744073709551615')
    expect(mapped('crypto', text).events).toMatchObject([{ data: { trade: { tradeId: '18446744073709551615' } } }])
  })

  test('what the vendor does not number is told apart by the order in which it came, and by who counted', () => {
    const { events } = mapped('crypto', [coin, { ...coin, p: 91_022 }], 'composite')
    expect(events).toMatchObject([
      { data: { trade: { sequence: 1, fence: 7 } } },
      { data: { trade: { sequence: 2, fence: 7 } } }
    ])
    expect(tradeIn('stocks', share)).not.toHaveProperty('fence')
  })
})

describe('conditions', () => {
  const eligible = (z: number, c: number[]) => eligibilityOf(tradeIn('stocks', { ...share, z, c }))

  test('an odd lot, an average price or a trade after hours moves no price, and counts as volume', () => {
    for (const c of [[37], [2], [12], [12, 37], [13], [21], [52], [53]]) {
      for (const z of [1, 2, 3]) expect(eligible(z, c)).toEqual({ last: false, range: false, volume: true })
    }
  })

  test('the official close does not count the shares of the closing print again', () => {
    expect(eligible(3, [15])).toEqual({ last: false, range: false, volume: false })
    expect(eligible(3, [8])).toEqual({ last: true, range: true, volume: true })
  })

  test('a sweep that is exempt from the trade-through rule is a price like any other', () => {
    expect(eligible(3, [14, 41])).toEqual({ last: true, range: true, volume: true })
    expect(tradeIn('stocks', { ...share, c: [41] })).not.toHaveProperty('conditions')
  })

  test('a bunched trade is one at Nasdaq, and an average price the same at both plans under another letter', () => {
    expect(tradeIn('stocks', { ...share, z: 3, c: [4] }).conditions).toEqual(['B'])
    expect(tradeIn('stocks', { ...share, z: 1, c: [2] }).conditions).toEqual(['B'])
    expect(tradeIn('stocks', { ...share, z: 3, c: [2] }).conditions).toEqual(['W'])
  })

  test('a number that is not known is not taken for the letter that looks like it', () => {
    expect(tradeIn('stocks', { ...share, z: 1, c: [6, 5] }).conditions).toEqual(['#6', '#5'])
    expect(eligible(1, [6])).toEqual({ last: false, range: false, volume: true })
  })
})

describe('time', () => {
  const band = (t: number | string) =>
    mapped(
      'stocks',
      JSON.stringify([{ ev: 'LULD', T: 'ATHR', h: 3.63, l: 2.97, i: [15], z: 3, q: 3 }]).replace('}', `,"t":${t}}`)
    )

  test('milliseconds, microseconds and nanoseconds of one field are told apart, to the last digit', () => {
    const asOf = (t: string) => band(t).events.map((event) => event.type === 'halt' && event.data.timestamp)
    expect(asOf('1788877046310003385')).toEqual(['2026-09-08T14:17:26.310003385Z'])
    expect(asOf('1788877046310003')).toEqual(['2026-09-08T14:17:26.310003Z'])
    expect(asOf('1788877046310')).toEqual(['2026-09-08T14:17:26.310Z'])
  })

  test('seconds, and instants that cannot be, are no time of a tick', () => {
    for (const t of [
      1_788_877_046,
      0,
      NOON + 3_600_000,
      '9'.repeat(19),
      '9'.repeat(14),
      1.5,
      '"1788877046310"',
      'null'
    ]) {
      expect(band(t)).toMatchObject({ events: [], refusals: [{ reason: 'bad_field', kind: 'LULD' }] })
    }
  })

  test('a trade at night belongs to the next day, one before the opening to the morning', () => {
    const at = (instant: string) => tradeIn('stocks', { ...share, t: Date.parse(instant) })
    expect(at('2026-11-27T14:00:00Z')).toMatchObject({ tradeDate: '2026-11-27', session: 'pre' })
    expect(at('2026-11-30T02:00:00Z')).toMatchObject({ tradeDate: '2026-11-30' })
  })

  test('a contract keeps the hours of New York, and not of Greenwich', () => {
    const contract = { ev: 'T', sym: 'O:AMC261218C00037000', x: 302, p: 1.54, s: 1, c: [209], q: 9 }
    const late = Date.parse('2026-11-25T00:30:00Z')
    expect(tradeIn('options', { ...contract, t: late })).toMatchObject({ tradeDate: '2026-11-24', venue: 'XCBO' })
    expect(tradeIn('options', { ...contract, t: NOON - 5 })).toMatchObject({ session: 'regular', conditions: ['#209'] })
  })
})

describe('symbols', () => {
  const symbolOf = (market: 'stocks' | 'options' | 'crypto', ticker: string) => {
    const message = market === 'crypto' ? { ...coin, pair: ticker } : { ...share, sym: ticker, x: 1 }
    const { events, refusals } = mapped(market, [message])
    return events[0]?.type === 'trade' ? events[0].data.symbol : refusals[0]?.reason
  }

  test('a preferred share is not taken for another company', () => {
    expect(symbolOf('stocks', 'BACpL')).toBe('BAC.PRL')
    expect(symbolOf('stocks', 'BRK.B')).toBe('BRK.B')
    expect(symbolOf('stocks', 'ABC.WS')).toBe('ABC.WS')
    for (const ticker of ['bacpl', 'ABCw', 'O:SPY261218C00650000', '', 'A B', '^GSPC', 'BTC-USD', 'AAPL\n']) {
      expect(symbolOf('stocks', ticker)).toBe('bad_symbol')
    }
  })

  test('contracts come with their prefix, coins with and without it', () => {
    expect(symbolOf('options', 'O:SPY261218P00650000')).toBe('SPY261218P00650000')
    expect(symbolOf('options', 'O:AAPL1261218C00150000')).toBe('AAPL1261218C00150000')
    expect(symbolOf('options', 'SPY261218P00650000')).toBe('bad_symbol')
    expect(symbolOf('options', 'AAPL')).toBe('bad_symbol')
    expect(symbolOf('crypto', 'BTC-USD')).toBe('BTC-USD')
    expect(symbolOf('crypto', 'X:BTC-USD')).toBe('BTC-USD')
    expect(symbolOf('crypto', 'AAPL')).toBe('bad_symbol')
  })
})

test('a side without orders is missing, and is no price of 0', () => {
  const quote = {
    ev: 'Q',
    sym: 'AAPL',
    bx: 12,
    bp: 0,
    bs: 0,
    ax: 7,
    ap: 271.5,
    as: 160,
    c: 1,
    i: [604],
    t: NOON,
    q: 5,
    z: 3
  }
  const [event] = mapped('stocks', [quote]).events
  if (event?.type !== 'bbo') throw new Error('no quote')
  expect(event.data.bbo).toMatchObject({
    ask: 271.5,
    askSize: 160,
    askVenue: 'EDGA',
    conditions: ['#604'],
    sequence: 5
  })
  for (const key of ['bid', 'bidSize', 'bidVenue']) expect(event.data.bbo).not.toHaveProperty(key)
})

test('a coin is quoted by one venue, in its own money', () => {
  const quote = {
    ev: 'XQ',
    pair: 'ETH-EUR',
    bp: 3052.79,
    bs: 0.48,
    ap: 3073.19,
    as: 0.601,
    t: NOON - 13,
    x: 23,
    r: NOON
  }
  expect(mapped('crypto', [quote], 'composite').events).toMatchObject([
    { data: { bbo: { symbol: 'ETH-EUR', currency: 'EUR', bidVenue: 'kraken', askVenue: 'kraken', bidSize: 0.48 } } }
  ])
})

test('a price band does not end a halt, and a halt is one', () => {
  const band = { ev: 'LULD', T: 'MSFT', h: 492.99, l: 446.04, i: [16], z: 3, t: NOON, q: 1 }
  const halts = mapped('stocks', [band, { ...band, i: [17] }, { ...band, i: [18], h: 0, l: 0 }]).events.map((event) =>
    event.type === 'halt' ? event.data.halt : undefined
  )
  expect(halts[0]).toMatchObject({ limitUp: 492.99, limitDown: 446.04 })
  expect(halts[0]).not.toHaveProperty('status')
  expect(halts[1]).toMatchObject({ status: 'halted' })
  expect(halts[2]).toMatchObject({ status: 'trading' })
  expect(halts[2]).not.toHaveProperty('limitUp')
})

test('an option trade that OPRA takes back does not count as a further one', () => {
  const told = { ev: 'T', sym: 'O:AMC261218C00037000', x: 302, p: 1.54, s: 3, q: 9, t: NOON }
  for (const id of [201, 203, 205, 207]) {
    expect(mapped('options', [{ ...told, c: [id] }], 'opra').events).toMatchObject([
      {
        type: 'trade_cancel',
        data: { cancel: { replaces: { venue: 'XCBO', price: 1.54, size: 3 }, reason: 'cancel' } }
      }
    ])
  }
})

test('what is delayed says so, and unlisted shares are told from listed ones', () => {
  const minute = NOON - 960_000
  const bar = { ev: 'AM', sym: 'GTE', v: 4110, o: 4.4, c: 4.5, h: 4.5, l: 4.4, s: minute, e: minute + 60_000 }
  expect(mapped('stocks', [share, bar], 'delayed').events).toMatchObject([
    { data: { trade: { feed: 'delayed' } } },
    { data: { provenance: { feed: 'delayed', state: 'delayed', delayedBySeconds: 900 } } }
  ])
  expect(
    mapped('stocks', [
      { ...share, sym: 'RHHBY', x: 62 },
      { ...bar, sym: 'RHHBY', otc: true }
    ]).events
  ).toMatchObject([
    { data: { trade: { feed: 'otc', tape: 'O', venue: 'OOTC' } } },
    { data: { provenance: { feed: 'otc' } } }
  ])
})

test('a bar that cannot be is none', () => {
  const minute = NOON - 120_000
  const bar = { ev: 'AM', sym: 'GTE', v: 4110, o: 4.4, c: 4.5, h: 4.5, l: 4.4, s: minute, e: minute + 60_000 }
  const wrong = [
    { h: 4.45 },
    { l: 4.41 },
    { e: minute + 1000 },
    { s: minute + 1, e: minute + 60_001 },
    { o: 0 },
    { v: -1 }
  ]
  for (const spoilt of wrong) {
    expect(mapped('stocks', [{ ...bar, ...spoilt }])).toMatchObject({ events: [], refusals: [{ reason: 'bad_field' }] })
  }
})

test('one message that is spoilt costs only itself, and each is counted for what it is', () => {
  const { events, control, refusals, unknownFields } = mapped('stocks', [
    share,
    { ...share, p: '271' },
    7,
    { ev: 'status', status: 'success', message: 'subscribed to: T.AAPL' },
    { ev: 'XT', pair: 'BTC-USD' },
    { ev: 'NOI', T: 'AAPL', t: 1_601_318_039_223_013_600, i: 44 },
    { ...share, q: 2, novel: true }
  ])
  expect(events).toHaveLength(2)
  expect(control).toHaveLength(1)
  expect(refusals.map(({ reason, kind }) => [reason, kind])).toEqual([
    ['bad_field', 'T'],
    ['malformed', undefined],
    ['unknown_type', 'XT'],
    ['unused', 'NOI']
  ])
  expect(unknownFields).toEqual(['T.novel'])
})

test('a price of nothing and a size below nothing reach the entrance, which refuses them, or not even that', () => {
  const free = mapped('stocks', [{ ...share, p: 0 }]).events[0]!
  expect(impossibilityOf(free)).toMatchObject({ rule: 'price-not-positive' })
  expect(mapped('stocks', [{ ...share, s: -5 }]).events).toEqual([])
})
