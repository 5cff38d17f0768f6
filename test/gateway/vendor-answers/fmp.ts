import { expect } from 'vitest'
import type { BarRequest } from '../../../src/market/bar.ts'
import { barsOf, IN_SESSION, quotesOf, seconds, type Answer, type VendorAnswer } from './vendor-answer.ts'

const ROW = {
  symbol: 'AAPL',
  name: 'Apple',
  price: 200,
  change: 2,
  changePercentage: 1.0101,
  previousClose: 198,
  volume: 1000,
  exchange: 'NASDAQ',
  timestamp: seconds('2026-11-25T15:59:50Z')
}
const DAYS = ['24', '23', '20', '19', '18', '17', '16'].map((day) => `2026-11-${day}`)
const bar = (date: string, close: number, volume: number | string = 100) => ({
  symbol: 'AAPL',
  date,
  open: close,
  high: close * 1.01,
  low: close * 0.99,
  close,
  volume
})

const answered = (
  says: string,
  answers: Record<string, Answer>,
  ask: VendorAnswer['ask'],
  right: object,
  more: Partial<VendorAnswer> = {}
): VendorAnswer => ({ says, vendor: 'fmp', now: IN_SESSION, answers, ask, right, ...more })
const quote = (says: string, row: object, right: object, more: Partial<VendorAnswer> = {}) =>
  answered(says, { '/stable/batch-quote': { body: [{ ...ROW, ...row }] } }, quotesOf('AAPL'), right, more)
const refusal = (says: string, answer: Answer, failed: string) =>
  answered(says, { '/stable/': answer }, quotesOf('AAPL'), { failed })
const series = (
  says: string,
  rows: unknown,
  right: object,
  more: Partial<VendorAnswer> & { request?: Partial<BarRequest>; range?: readonly [string, string] } = {}
) => {
  const { request, range = ['2026-11-16', '2026-11-25'], ...rest } = more
  return answered(says, { '/stable/historical': { body: rows } }, barsOf('AAPL', range, request), right, rest)
}
const dividends = (says: string, rows: object[], right: object, more: Partial<VendorAnswer> = {}) =>
  answered(
    says,
    { '/stable/dividends': { body: rows.map((row) => ({ symbol: 'AAPL', ...row })) } },
    (gateway, ask) => gateway.dividends('AAPL', ask),
    right,
    more
  )
const splits = (says: string, rows: object[], right: object) =>
  answered(
    says,
    { '/stable/splits': { body: rows.map((row) => ({ symbol: 'AAPL', ...row })) } },
    (gateway, ask) => gateway.splits('AAPL', ask),
    right
  )

const QUOTES: VendorAnswer[] = [
  ...[1, 1e3, 1e6, 1e9].map((perSecond) =>
    quote(
      `an instant in ${perSecond} parts of a second is the same instant`,
      { timestamp: ROW.timestamp * perSecond },
      { price: 200, asOf: '2026-11-25T15:59:50.000Z', state: 'live' }
    )
  ),
  quote(
    'a price without an instant that can be read is in doubt',
    { timestamp: '2026-11-25T15:59:50Z' },
    { price: 200, state: 'suspect' }
  ),
  quote(
    'signs and separators are no other numbers',
    { change: '+2.00', changePercentage: '+1.0101%', volume: '1,000.00' },
    { change: 2, changePercent: 1.0101, volume: 1000 }
  ),
  quote('a volume in words is none', { volume: '1.2M' }, { price: 200 }, { absent: ['volume'] }),
  quote('a price with a sign of its currency is no other price', { price: '$200.00' }, { failed: 'bad_payload' }),
  quote('a price of 0 is none', { price: 0 }, { failed: 'not_found' }),
  quote('a share below zero is none', { price: -5 }, { failed: 'not_found' }),
  quote(
    'a change of more than a number can say is refused',
    { change: 200, changePercentage: 1.29e41 },
    { failed: 'rejected_by_quality' }
  ),
  quote(
    'a close of before a split is in doubt',
    { previousClose: 1980, change: -1780, changePercentage: -89.9 },
    { state: 'suspect' }
  ),
  ...['GBp', 'GBX'].map((currency) =>
    answered(
      `London prices in ${currency} are in pounds`,
      {
        '/stable/batch-quote': {
          body: [
            {
              ...ROW,
              symbol: 'VOD.L',
              price: 72.5,
              previousClose: 72.1,
              change: 0.4,
              changePercentage: 0.55,
              exchange: 'LSE'
            }
          ]
        },
        '/stable/profile': { body: [{ symbol: 'VOD.L', companyName: 'Vodafone', currency }] }
      },
      quotesOf('VOD.L'),
      { price: 0.725, currency: 'GBP' }
    )
  )
]

const REFUSALS: VendorAnswer[] = [
  refusal('an empty object is an unknown symbol', { body: {} }, 'not_found'),
  refusal('null is no answer', { body: null }, 'bad_payload'),
  refusal(
    'a limit with status 200 is a limit',
    { body: { 'Error Message': 'Limit Reach . Please upgrade your plan' } },
    'rate_limited'
  ),
  refusal(
    'a limit within an array is a limit',
    { body: [{ 'Error Message': 'Limit Reach . Please upgrade your plan' }] },
    'rate_limited'
  ),
  refusal(
    'a limit in plain text is a limit',
    { text: 'Limit Reach . Please upgrade your plan', type: 'text/plain' },
    'rate_limited'
  ),
  refusal(
    'a wrong key with status 200 is a wrong key',
    { body: { 'Error Message': 'Invalid API KEY. Please retry' } },
    'unauthorized'
  ),
  refusal('a table in commas is no list', { text: 'symbol,price\nAAPL,200', type: 'text/csv' }, 'bad_payload')
]

const SERIES: VendorAnswer[] = [
  series('a day that is told twice is one', [bar(DAYS[0]!, 200), ...DAYS.map((day) => bar(day, 200))], {
    closes: DAYS.map(() => 200)
  }),
  ...[0, 3, 6].map((place) =>
    series(
      `a day that is told twice and not alike is left out, in place ${place}`,
      [...DAYS.map((day) => bar(day, 200)), bar(`${DAYS[place]!} 00:00:00`, 208)],
      { closes: DAYS.slice(1).map(() => 200), state: 'live' },
      { note: new RegExp(`tells ${DAYS[place]!} twice and not alike`) }
    )
  ),
  series(
    'a day whose volume alone is told in two ways has its prices',
    [bar(DAYS[2]!, 200, 4000), ...DAYS.map((day) => bar(day, 200))],
    {
      closes: DAYS.map(() => 200),
      bars: expect.arrayContaining([expect.not.objectContaining({ start: DAYS[1]!, volume: expect.anything() })])
    },
    { note: /tells 2026-11-20 twice/ }
  ),
  series(
    'an hour that is told twice and not alike is left out',
    [bar('2026-11-24 10:30:00', 200), bar('2026-11-24 09:30:00', 200), bar('2026-11-24 09:30:00', 220)],
    { closes: [200] },
    { request: { interval: '1h' }, range: ['2026-11-24', '2026-11-25'], note: /no prices of 1 bars/ }
  ),
  series(
    'a list that comes wrapped is that list',
    { symbol: 'AAPL', historical: DAYS.map((day) => bar(day, 200)) },
    { closes: DAYS.map(() => 200) }
  ),
  series(
    'a day with a time behind it is that day',
    DAYS.map((day) => bar(`${day} 00:00:00`, 200)),
    { bars: DAYS.toReversed().map((start) => expect.objectContaining({ start })) }
  ),
  series(
    'a day that is spelled as nowhere else is none',
    DAYS.map((day) => bar(`${day.slice(5, 7)}/${day.slice(8)}/2026`, 200)),
    { failed: 'bad_payload' }
  ),
  series(
    'a day without a close is told',
    DAYS.map((day, place) => ({ ...bar(day, 200), ...(place === 2 && { close: null }) })),
    { closes: DAYS.slice(1).map(() => 200) },
    { note: /2026-11-20/ }
  ),
  series(
    'texts with thousand separators are numbers',
    DAYS.map((date) => ({ date, open: '1,200.0', high: '1,210', low: '1,190', close: '1,200', volume: '1,000' })),
    { closes: DAYS.map(() => 1200) }
  ),
  series(
    'a holiday has no bar',
    [bar('2026-11-26', 200, 0), bar('2026-11-25', 200), ...DAYS.map((day) => bar(day, 200))],
    { closes: [...DAYS, ''].map(() => 200) },
    { now: '2026-11-26T16:00:00Z', range: ['2026-11-16', '2026-11-27'], note: /while the exchange was closed/ }
  ),
  series(
    'a jump as by a split that nobody lists is told',
    DAYS.map((day, place) => bar(day, place < 2 ? 50 : 200)),
    { state: 'suspect' },
    { note: /as by a split/ }
  ),
  series(
    'half hours around a change of clocks are those of New York',
    [bar('2026-11-02 09:30:00', 1), bar('2026-10-30 15:30:00', 1)],
    {
      bars: ['2026-10-30T19:30:00.000Z', '2026-11-02T14:30:00.000Z'].map((start) => expect.objectContaining({ start }))
    },
    { request: { interval: '30m' }, range: ['2026-10-30', '2026-11-03'] }
  )
]

const ACTIONS: VendorAnswer[] = [
  dividends(
    'a payout of a hundred times the one before is in doubt',
    [
      { date: '2026-11-10', adjDividend: 26 },
      { date: '2026-08-10', adjDividend: 0.26 }
    ],
    { state: 'suspect' },
    { note: /another unit/ }
  ),
  dividends(
    'a payout that is told on two days running is in doubt',
    [
      { date: '2026-11-11', adjDividend: 0.26 },
      { date: '2026-11-10', adjDividend: 0.26 }
    ],
    { state: 'suspect' },
    { note: /told twice/ }
  ),
  dividends(
    'a day of zeros is none',
    [
      { date: '2026-11-10', adjDividend: 0.26, paymentDate: '0000-00-00' },
      { date: '', adjDividend: 0.26 }
    ],
    { dividends: [{ exDate: '2026-11-10', amount: 0.26 }], state: 'live' }
  ),
  splits(
    'one for one is no split',
    [
      { date: '2020-08-31', numerator: 4, denominator: 1 },
      { date: '2021-08-31', numerator: 1, denominator: 1 }
    ],
    { splits: [{ exDate: '2020-08-31', ratio: 4 }] }
  ),
  splits(
    'a split that is told with two ratios is in doubt',
    [
      { date: '2020-08-31', numerator: 4, denominator: 1 },
      { date: '2020-08-31', numerator: 5, denominator: 1 },
      { date: '2014-06-09', numerator: 7, denominator: 1 }
    ],
    { splits: [{ exDate: '2014-06-09', ratio: 7 }], state: 'suspect' }
  ),
  splits(
    'texts are numbers, and nothing for nothing is no split',
    [
      { date: '2020-08-31', numerator: '1', denominator: '10' },
      { date: '2020-09-01', numerator: 0, denominator: 0 }
    ],
    { splits: [{ exDate: '2020-08-31', ratio: 0.1 }] }
  )
]

const COMPANIES: VendorAnswer[] = [
  answered(
    'what a company does not tell is missing',
    {
      '/stable/profile': {
        body: [
          {
            symbol: 'AAPL',
            companyName: 'Fish &amp; Chips',
            marketCap: 0,
            fullTimeEmployees: 'N/A',
            website: '',
            ipoDate: '',
            currency: 'USD',
            exchange: 'NASDAQ'
          }
        ]
      }
    },
    (gateway, ask) => gateway.profile('AAPL', ask),
    { name: 'Fish & Chips' },
    { absent: ['marketCap', 'employees', 'website', 'ipoDate'] }
  ),
  answered(
    'statements have numbers, and nothing where there is none',
    {
      '/stable/income-statement': {
        body: [
          {
            symbol: 'AAPL',
            date: '2025-09-27',
            period: 'FY',
            reportedCurrency: 'USD',
            revenue: '391,035,000,000',
            netIncome: 'None',
            operatingIncome: '-'
          }
        ]
      },
      '/stable/': { body: [] }
    },
    (gateway, ask) => gateway.fundamentals('AAPL', ask),
    { statements: [expect.objectContaining({ lines: { revenue: 391_035_000_000 } })] }
  ),
  answered(
    'funds and warrants gain nothing among shares, nor does a percentage without end',
    {
      '/stable/biggest-gainers': {
        body: [
          { symbol: 'FUNDX', name: 'A fund', price: 10, change: 1, changesPercentage: 10, exchange: 'NASDAQ' },
          { symbol: 'ACMEW', name: 'A warrant', price: 0.02, change: 0.01, changesPercentage: 100, exchange: 'NASDAQ' },
          { symbol: 'FAR', name: 'Far', price: 10, change: 10, changesPercentage: 1.29e41, exchange: 'NASDAQ' },
          { symbol: 'GOOD', name: 'Good', price: 12, change: 2, changesPercentage: '20%', exchange: 'NASDAQ' }
        ]
      }
    },
    (gateway, ask) => gateway.movers('gainers', ask),
    { movers: [{ symbol: 'GOOD', changePercent: 20 }] }
  )
]

export const fmpAnswers = [...QUOTES, ...REFUSALS, ...SERIES, ...ACTIONS, ...COMPANIES]
