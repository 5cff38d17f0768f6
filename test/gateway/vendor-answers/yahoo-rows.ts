import { expect } from 'vitest'
import { barsOf, IN_SESSION, seconds, SUNDAY, type Answer, type VendorAnswer } from './vendor-answer.ts'
import { DAYS, opening, series, session, sessions, times, TWO_WEEKS, type Row } from './yahoo-chart.ts'

const ROWS: VendorAnswer[] = [
  series(
    'a row of nothing within is told',
    sessions(() => 10).map((row, place): Row => (place === 3 ? [row[0], null, null, null, null, null] : row)),
    { closes: times(8, 10), state: 'closed' },
    { note: /2026-11-19/ }
  ),
  series(
    'a row of nothing at the end costs nothing',
    sessions(() => 10).map((row, place): Row => (place === 8 ? [row[0], null, null, null, null, null] : row)),
    { closes: times(8, 10) }
  ),
  series(
    'a low of 0 costs its day, and is told',
    sessions(() => 10).map((row, place): Row => (place === 3 ? [row[0], 10, 10.1, 0, 10, 100] : row)),
    { closes: times(8, 10) },
    { note: /2026-11-19/ }
  ),
  series(
    'a close above the high costs its day, and is told',
    sessions(() => 10).map((row, place): Row => (place === 2 ? [row[0], 10, 10, 9.9, 10.3, 100] : row)),
    { closes: times(8, 10) },
    { note: /outside low and high/ }
  ),
  series(
    'a last day that is told twice is one day',
    [...sessions(() => 10), ['2026-11-27T18:00:01Z', 10, 10.2, 9.9, 10.1, 1100]],
    { closes: [...times(8, 10), 10.1] },
    { meta: { regularMarketTime: seconds('2026-11-27T18:00:01Z') } }
  ),
  ...[0, 4, 8].map((place) =>
    series(
      `a day that is told twice and not alike is left out, in place ${place}`,
      [...sessions(() => 10), session(DAYS[place]!, 10.8)],
      { closes: times(8, 10), state: 'closed' },
      { note: new RegExp(`tells ${DAYS[place]!} twice and not alike`) }
    )
  ),
  series(
    'a day that is told at midnight too, and not alike, is left out',
    [...sessions(() => 10), ['2026-11-19T05:00:00Z', 11, 11, 11, 11, 100]],
    { closes: times(8, 10) },
    { note: /tells 2026-11-19 twice and not alike/ }
  ),
  series(
    'a minute that is told twice has its volume once',
    [
      ['2026-11-24T14:30:00Z', 10, 10, 10, 10, 100],
      ['2026-11-24T14:30:00Z', 10, 10, 10, 10, 100]
    ],
    { bars: [expect.objectContaining({ volume: 100 })] },
    { range: ['2026-11-24', '2026-11-25'], request: { interval: '1m' } }
  ),
  series('days that come in another order are in order', sessions((place) => 10 + place / 10).toReversed(), {
    closes: DAYS.map((_, place) => 10 + place / 10)
  }),
  ...[1e3, 1e6, 1e9].map((perSecond) =>
    series(
      `days whose instants are told in ${perSecond} parts of a second are the same days`,
      DAYS.map((day): Row => [opening(day) * perSecond, 10, 10, 10, 10, 100]),
      { bars: DAYS.map((start) => expect.objectContaining({ start })), state: 'closed' }
    )
  ),
  series(
    'a day without a session has no bar',
    [...sessions(() => 10), session('2026-11-26', 10, 0), session('2026-11-22', 10, 0)],
    { closes: times(9, 10) },
    { note: /while the exchange was closed/ }
  ),
  series(
    'hours for days are no days',
    ['14', '15', '16', '17'].map((hour): Row => [`2026-11-16T${hour}:30:00Z`, 10, 10, 10, 10, 5]),
    { failed: 'bad_payload' }
  ),
  series(
    'quarters for months are no months',
    [
      ['2026-07-01T04:00:00Z', 10, 10, 10, 10, 5],
      ['2026-10-01T04:00:00Z', 10, 10, 10, 10, 5]
    ],
    { failed: 'bad_payload' },
    { request: { interval: '1mo' }, range: ['2026-07-01', '2026-11-25'], meta: { dataGranularity: '3mo' } }
  ),
  series(
    'one price without a trade for weeks is told',
    Array.from({ length: 12 }, (_, place): Row => [
      `2026-11-${String(place + (place < 5 ? 9 : place < 10 ? 11 : 13)).padStart(2, '0')}T14:30:00Z`,
      3.2,
      3.2,
      3.2,
      3.2,
      0
    ]),
    {},
    { range: ['2026-11-09', '2026-11-25'], note: /repeat one price without a trade/ }
  ),
  series(
    'a series of two companies that had one symbol is told',
    [session('2015-01-05', 10), session('2015-01-06', 10), session('2026-11-23', 12), session('2026-11-24', 12)],
    { state: 'suspect' },
    { range: ['2015-01-01', '2026-11-25'], note: /another company's/ }
  ),
  series(
    'days of a fund that is priced once a week are served, in doubt',
    ['2026-10-16', '2026-10-23', '2026-10-30', '2026-11-06', '2026-11-13', '2026-11-20'].map((day) => session(day, 10)),
    { closes: times(6, 10), state: 'suspect' },
    { meta: { instrumentType: 'MUTUALFUND' }, range: ['2026-10-16', '2026-11-25'], note: /may be of 1wk/ }
  ),
  series(
    'an index that was not told for years is still itself',
    [session('2015-01-05', 10), session('2015-01-06', 10), session('2026-11-23', 12), session('2026-11-24', 12)],
    { closes: [10, 10, 12, 12] },
    {
      symbol: '^OLD',
      meta: { symbol: '^OLD', instrumentType: 'INDEX' },
      range: ['2015-01-01', '2026-11-25'],
      note: 'none'
    }
  ),
  series(
    'a series that ended years ago is told to have ended',
    [session('2022-10-26', 10), session('2022-10-27', 10)],
    { closes: [10, 10] },
    { range: ['2022-10-26', '2026-11-25'], note: /no prices of/ }
  ),
  series(
    'a chart of the successor is not that of a renamed symbol',
    sessions(() => 100),
    { failed: 'bad_payload' },
    { symbol: 'FB', meta: { symbol: 'META' } }
  )
]

const daysFrom = (instants: readonly string[]) => instants.map((instant): Row => [instant, 40, 41, 39, 40, 100])
const starts = (...days: string[]) => ({ bars: days.map((start) => expect.objectContaining({ start })) })

const ZONES: VendorAnswer[] = [
  series(
    'days of Sydney are those of Sydney',
    daysFrom(['2026-11-15T23:00:00Z', '2026-11-16T23:00:00Z']),
    starts('2026-11-16', '2026-11-17'),
    {
      symbol: 'BHP.AX',
      range: ['2026-11-16', '2026-11-18'],
      meta: { currency: 'AUD', exchangeTimezoneName: 'Australia/Sydney' },
      note: 'none'
    }
  ),
  series(
    'days of Auckland are those of Auckland',
    daysFrom(['2026-11-15T21:00:00Z', '2026-11-16T21:00:00Z']),
    starts('2026-11-16', '2026-11-17'),
    {
      symbol: 'AIR.NZ',
      range: ['2026-11-16', '2026-11-18'],
      meta: { currency: 'NZD', exchangeTimezoneName: 'Pacific/Auckland' }
    }
  ),
  series(
    'days of a pair are the same when clocks change',
    daysFrom(['2026-03-27T00:00:00Z', '2026-03-29T23:00:00Z', '2026-03-30T23:00:00Z']),
    starts('2026-03-27', '2026-03-30', '2026-03-31'),
    {
      symbol: 'EURUSD=X',
      range: ['2026-03-27', '2026-04-01'],
      meta: { instrumentType: 'CURRENCY', exchangeTimezoneName: 'Europe/London' }
    }
  ),
  series(
    'weeks of New York are the same when clocks change',
    daysFrom(['2026-03-02T05:00:00Z', '2026-03-09T04:00:00Z', '2026-03-16T04:00:00Z']),
    starts('2026-03-02', '2026-03-09', '2026-03-16'),
    { range: ['2026-03-02', '2026-03-23'], request: { interval: '1wk' } }
  ),
  series(
    'Riyadh has bars of Sundays',
    daysFrom(['2026-11-15T07:00:00Z', '2026-11-16T07:00:00Z']),
    starts('2026-11-15', '2026-11-16'),
    {
      symbol: '2222.SR',
      range: ['2026-11-15', '2026-11-17'],
      meta: { currency: 'SAR', exchangeTimezoneName: 'Asia/Riyadh' }
    }
  ),
  series(
    'coins have bars of weekends, and a day that is missing is told',
    daysFrom(['2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', '2026-11-23T00:00:00Z']),
    starts('2026-11-20', '2026-11-21', '2026-11-23'),
    {
      symbol: 'BTC-USD',
      range: ['2026-11-20', '2026-11-24'],
      meta: { instrumentType: 'CRYPTOCURRENCY', exchangeTimezoneName: 'UTC' },
      note: /2026-11-22/
    }
  ),
  ...[
    { hole: 'a season', before: '2026-08-10', right: { state: 'suspect' }, note: /another coin's/ },
    { hole: 'weeks', before: '2026-10-10', right: { state: 'closed' }, note: /no prices of/ }
  ].map(({ hole, before, right, note }) =>
    series(
      `a coin that is not told of for ${hole} is ${right.state}`,
      daysFrom([before, '2026-11-20', '2026-11-21'].map((day) => `${day}T00:00:00Z`)),
      right,
      {
        symbol: 'LUNA-USD',
        range: [before, '2026-11-22'],
        meta: { instrumentType: 'CRYPTOCURRENCY', exchangeTimezoneName: 'UTC' },
        note
      }
    )
  ),
  series(
    'futures have a session on Sunday evenings',
    daysFrom(['2026-11-20T05:00:00Z', '2026-11-22T05:00:00Z', '2026-11-23T05:00:00Z']),
    starts('2026-11-20', '2026-11-22', '2026-11-23'),
    {
      symbol: 'ES=F',
      range: ['2026-11-20', '2026-11-24'],
      meta: { instrumentType: 'FUTURE', exchangeTimezoneName: 'America/New_York' },
      note: 'none'
    }
  ),
  series(
    'an hour after lunch in Tokyo is one',
    daysFrom(['2026-11-24T02:00:00Z', '2026-11-24T03:30:00Z']),
    starts('2026-11-24T02:00:00.000Z', '2026-11-24T03:30:00.000Z'),
    {
      symbol: '7203.T',
      range: ['2026-11-24', '2026-11-25'],
      request: { interval: '1h' },
      meta: { currency: 'JPY', exchangeTimezoneName: 'Asia/Tokyo' }
    }
  ),
  series(
    'half a day has no bars of the afternoon',
    daysFrom(['2026-11-27T17:50:00Z', '2026-11-27T17:55:00Z', '2026-11-27T19:00:00Z']),
    starts('2026-11-27T17:50:00.000Z', '2026-11-27T17:55:00.000Z'),
    { range: ['2026-11-27', '2026-11-28'], request: { interval: '5m' } }
  ),
  series(
    'the week that runs is not complete',
    daysFrom(['2026-11-16T05:00:00Z', '2026-11-23T05:00:00Z']),
    { bars: [expect.not.objectContaining({ complete: false }), expect.objectContaining({ complete: false })] },
    { now: IN_SESSION, range: ['2026-11-16', '2026-11-26'], request: { interval: '1wk' } }
  )
]

const refusal = (says: string, answer: Answer, failed: string): VendorAnswer => ({
  says,
  vendor: 'yahoo',
  now: SUNDAY,
  answers: { '/v8/finance/chart/': answer },
  ask: barsOf('ACME', TWO_WEEKS),
  right: { failed }
})
const told = (code: string, description: string) => ({ chart: { result: null, error: { code, description } } })

const REFUSALS: VendorAnswer[] = [
  refusal('a web page is no chart', { text: '<html>Will be right back</html>', type: 'text/html' }, 'bad_payload'),
  refusal('nothing is no chart', { text: '' }, 'bad_payload'),
  refusal('half of a chart is none', { text: '{"chart":{"result":[{"meta":{"currency":"US' }, 'bad_payload'),
  refusal(
    'an unknown symbol is one with status 200 too',
    { body: told('Not Found', 'No data found, symbol may be delisted') },
    'not_found'
  ),
  refusal(
    'a range without data is no unknown symbol',
    { status: 400, body: told('Bad Request', "Data doesn't exist for startDate = 1, endDate = 2") },
    'not_covered'
  ),
  refusal(
    'too many requests are that with status 200 too',
    { body: { finance: { result: null, error: { code: 'Too Many Requests', description: 'Rate limited' } } } },
    'rate_limited'
  )
]

export const yahooRowAnswers = [...ROWS, ...ZONES, ...REFUSALS]
