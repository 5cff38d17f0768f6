import { expect } from 'vitest'
import type { BarRequest } from '../../../src/market/bar.ts'
import { barsOf, IN_SESSION, quotesOf, type Answer, type VendorAnswer } from './vendor-answer.ts'

const DAYS = ['16', '17', '18', '19', '20', '23', '24'].map((day) => `2026-11-${day}`)
const EVENT_AT = 3

const answered = (
  says: string,
  answer: Answer,
  ask: VendorAnswer['ask'],
  right: object,
  more: Partial<VendorAnswer> = {}
): VendorAnswer => ({ says, vendor: 'tiingo', now: IN_SESSION, answers: { '/': answer }, ask, right, ...more })
const quote = (says: string, members: object, right: object, more: Partial<VendorAnswer> = {}) => {
  const at = '2026-11-25T10:59:50.123456789-05:00'
  const whole = {
    ticker: 'AAPL',
    timestamp: at,
    lastSaleTimestamp: at,
    tngoLast: 200,
    last: 200,
    lastSize: 100,
    prevClose: 198,
    bidPrice: 199.9,
    bidSize: 100,
    askPrice: 200.1,
    askSize: 200
  }
  return answered(says, { body: [{ ...whole, ...members }] }, quotesOf('AAPL'), right, more)
}
const refusal = (says: string, answer: Answer, failed: string) => answered(says, answer, quotesOf('AAPL'), { failed })

type Told = { close: number | null; adjusted?: number; paid?: unknown; split?: number }
const series = (
  says: string,
  toldAt: (place: number) => Told,
  right: object,
  more: Partial<VendorAnswer> & { adjusted?: BarRequest['adjusted']; also?: object[] } = {}
) => {
  const { adjusted = 'all', also = [], ...rest } = more
  const rows = DAYS.map((day, place) => {
    const { close, adjusted: adjClose = close, paid = 0, split = 1 } = toldAt(place)
    return {
      date: `${day}T00:00:00.000Z`,
      open: close,
      high: close,
      low: close,
      close,
      volume: 1000,
      adjOpen: adjClose,
      adjHigh: adjClose,
      adjLow: adjClose,
      adjClose,
      divCash: paid,
      splitFactor: split
    }
  })
  return answered(
    says,
    { body: [...rows, ...also] },
    barsOf('AAPL', ['2026-11-16', '2026-11-25'], { adjusted }),
    right,
    rest
  )
}
const before = <Value>(place: number, early: Value, late: Value) => (place < EVENT_AT ? early : late)

const QUOTES: VendorAnswer[] = [
  quote(
    'nanoseconds and an offset are an instant',
    {},
    { price: 200, asOf: '2026-11-25T15:59:50.123Z', state: 'live' }
  ),
  quote(
    'a time without an offset is none',
    { timestamp: '2026-11-25T10:59:50', lastSaleTimestamp: '2026-11-25T10:59:50' },
    { failed: 'not_found' }
  ),
  quote(
    'zeros for what there is none of are missing',
    { prevClose: 0, open: 0, high: 0, low: 0 },
    { price: 200 },
    { absent: ['previousClose', 'change', 'open', 'dayHigh', 'dayLow'] }
  ),
  quote(
    'a price of years ago is stale',
    {
      timestamp: '2022-10-27T20:00:00+00:00',
      lastSaleTimestamp: '2022-10-27T20:00:00+00:00',
      bidPrice: null,
      askPrice: null,
      lastSize: null
    },
    { state: 'stale' }
  )
]

const REFUSALS: VendorAnswer[] = [
  refusal('nothing is an unknown symbol', { body: [] }, 'not_found'),
  refusal('an unknown symbol is one with status 200 too', { body: { detail: 'Not found.' } }, 'not_found'),
  refusal(
    'an unknown symbol in plain text is one',
    { text: "Error: Ticker 'AAPL' not found", type: 'text/plain' },
    'not_found'
  ),
  refusal(
    'a limit with status 200 is a limit',
    { body: { detail: 'Error: You have run over your hourly request allocation.' } },
    'rate_limited'
  )
]

const SERIES: VendorAnswer[] = [
  series(
    'prices before a reverse split of 1 for 8 are eight times',
    (place) => ({ close: before(place, 13, 104), ...(place === EVENT_AT && { split: 0.125 }) }),
    { closes: DAYS.map(() => 104), state: 'live' },
    { adjusted: 'splits' }
  ),
  series(
    'a split that prices do not follow is told',
    (place) => ({ close: 104, ...(place === EVENT_AT && { split: 0.125 }) }),
    { state: 'suspect' },
    { adjusted: 'none', note: /do not follow the split/ }
  ),
  series(
    'a split that is told a day late is told',
    (place) => ({ close: place < EVENT_AT - 1 ? 400 : 100, ...(place === EVENT_AT && { split: 4 }) }),
    { state: 'suspect' },
    { adjusted: 'splits' }
  ),
  series(
    'a total return follows what is paid',
    (place) => ({ close: before(place, 100, 95), adjusted: 95, ...(place === EVENT_AT && { paid: 5 }) }),
    { closes: DAYS.map(() => 95), state: 'live' }
  ),
  series(
    'a total return that leaves out a payout is told',
    (place) => ({ close: 100, ...(place === EVENT_AT && { paid: 5 }) }),
    { state: 'suspect' },
    { note: /where 5 % was paid out/ }
  ),
  series(
    'a total return that takes off what nobody paid is told',
    (place) => ({ close: 100, adjusted: before(place, 90, 100) }),
    { state: 'suspect' },
    { note: /where no payout is listed/ }
  ),
  series(
    'a day without prices is told',
    (place) => ({ close: place === 2 ? null : 100 }),
    { closes: DAYS.slice(1).map(() => 100) },
    { note: /2026-11-18/ }
  ),
  series(
    'a day that is told twice is one',
    () => ({ close: 100 }),
    { closes: DAYS.map(() => 100) },
    {
      adjusted: 'none',
      also: [
        {
          date: '2026-11-24T00:00:00+00:00',
          open: 100,
          high: 100,
          low: 100,
          close: 100,
          volume: 1000,
          divCash: 0,
          splitFactor: 1
        }
      ]
    }
  )
]

const AGAIN = { date: '2026-11-19T00:00:00+00:00', open: 100, high: 100, low: 100, volume: 1000 }

const REPEATED: VendorAnswer[] = [
  series(
    'a day that is told twice and not alike is left out',
    () => ({ close: 100 }),
    { closes: DAYS.slice(1).map(() => 100) },
    { adjusted: 'none', also: [{ ...AGAIN, close: 104, splitFactor: 1 }], note: /tells 2026-11-19 twice and not alike/ }
  ),
  series(
    'of a day with two ratios of a split nothing before it is told',
    (place) => ({ close: before(place, 400, 100), split: place === EVENT_AT ? 4 : 1 }),
    { closes: DAYS.slice(EVENT_AT).map(() => 100) },
    { adjusted: 'splits', also: [{ ...AGAIN, close: 100, splitFactor: 1 }], note: /without a full set of prices/ }
  ),
  answered(
    'a payout that is told with two amounts is in doubt',
    {
      body: [0.25, 0.52].map((divCash) => ({ date: '2026-11-16T00:00:00.000Z', close: 100, splitFactor: 1, divCash }))
    },
    (gateway, ask) => gateway.dividends('AAPL', ask),
    { dividends: [], state: 'suspect' },
    { note: /tells 2026-11-16 twice/ }
  )
]

const OTHERS: VendorAnswer[] = [
  answered(
    'payouts of nothing, less and no number are none, and texts are numbers',
    {
      body: DAYS.map((day, place) => ({
        date: `${day}T00:00:00.000Z`,
        close: 100,
        splitFactor: 1,
        divCash: ['0.25', null, -1][place] ?? 0
      }))
    },
    (gateway, ask) => gateway.dividends('AAPL', ask),
    { dividends: [expect.objectContaining({ exDate: '2026-11-16', amount: 0.25 })] }
  ),
  answered(
    'a listing that trades comes before one that does not',
    {
      body: [
        { ticker: 'TWTR', name: 'Twitter', assetType: 'Stock', isActive: false, countryCode: 'US' },
        { ticker: 'TWTX', name: 'Other', assetType: 'Stock', isActive: true, countryCode: 'US' }
      ]
    },
    (gateway, ask) => gateway.search('twtr', 10, ask),
    { matches: [{ symbol: 'TWTX' }, { symbol: 'TWTR' }] }
  )
]

export const tiingoAnswers = [...QUOTES, ...REFUSALS, ...SERIES, ...REPEATED, ...OTHERS]
