import { expect } from 'vitest'
import { IN_SESSION, seconds, type VendorAnswer } from './vendor-answer.ts'
import {
  chart,
  DAYS,
  dividends,
  opening,
  series,
  session,
  sessions,
  split,
  SPLIT_AT,
  times,
  type Row
} from './yahoo-chart.ts'

const DAY_OF_SPLIT = DAYS[SPLIT_AT]!
const AS_TRADED = { request: { adjusted: 'none' } } as const
const TOTAL_RETURN = { request: { adjusted: 'all' } } as const
const flat = sessions(() => 100)
const twoParts = (before: number, after: number) => sessions((place) => (place < SPLIT_AT ? before : after))

const SPLITS: VendorAnswer[] = [
  series(
    'a reverse split that prices do not follow is told',
    twoParts(0.5, 5.05),
    { state: 'suspect' },
    { events: split(DAY_OF_SPLIT, 1, 10), note: /do not follow the split/ }
  ),
  series(
    'a split of 3 for 2 that prices do not follow is told',
    twoParts(150, 100.5),
    { state: 'suspect' },
    { events: split(DAY_OF_SPLIT, 3, 2) }
  ),
  series(
    'a split that prices were divided by twice is told',
    twoParts(25, 100),
    { state: 'suspect' },
    { events: split(DAY_OF_SPLIT, 4, 1) }
  ),
  series(
    'a spin-off that is told as a split is told where prices do not follow it',
    twoParts(128, 100),
    { state: 'suspect' },
    { events: split(DAY_OF_SPLIT, 1281, 1000) }
  ),
  series(
    'prices as traded before a split of 3 for 2 are half as high again',
    flat,
    { closes: [...times(5, 150), ...times(4, 100)], state: 'closed' },
    { ...AS_TRADED, events: split(DAY_OF_SPLIT, 3, 2) }
  ),
  series(
    'prices as traded before a reverse split are a tenth',
    flat,
    { closes: [...times(5, 10), ...times(4, 100)], state: 'closed' },
    { ...AS_TRADED, events: split(DAY_OF_SPLIT, 1, 10) }
  ),
  series(
    'prices as traded do not know a split that is yet to come',
    flat,
    { closes: times(9, 100), state: 'closed' },
    { ...AS_TRADED, events: split('2026-12-16', 4, 1) }
  ),
  series(
    'prices as traded before the split of today that the vendor has not divided by stay',
    [...DAYS.slice(0, 4).map((day) => session(day, 40)), session('2026-11-25', 10)],
    { closes: [40, 40, 40, 40, 10] },
    { ...AS_TRADED, now: IN_SESSION, range: ['2026-11-16', '2026-11-26'], events: split('2026-11-25', 4, 1) }
  )
]

const PAYOUTS: VendorAnswer[] = [
  series(
    'a total return follows a special payout on the day of a split',
    DAYS.map((day, place) => session(day, place < SPLIT_AT ? 100 : 85.5, 1000, place < SPLIT_AT ? 85 : 85.5)),
    { closes: [...times(5, 85), ...times(4, 85.5)], state: 'closed' },
    { ...TOTAL_RETURN, events: { ...split(DAY_OF_SPLIT, 2, 1), ...dividends([DAY_OF_SPLIT, 15]) } }
  ),
  series(
    'a total return that leaves out a payout is told',
    flat,
    { state: 'suspect' },
    {
      ...TOTAL_RETURN,
      events: dividends([DAY_OF_SPLIT, 5]),
      note: /take 0 % off before 2026-11-23, where 5 % was paid out/
    }
  ),
  series(
    'a total return that takes off a payout twice is told',
    DAYS.map((day, place) => session(day, 100, 1000, place < SPLIT_AT ? 90 : 100)),
    { state: 'suspect' },
    { ...TOTAL_RETURN, events: dividends([DAY_OF_SPLIT, 5]) }
  ),
  series(
    'a total return that takes off what nobody paid is told',
    DAYS.map((day, place) => session(day, 100, 1000, place < SPLIT_AT ? 90 : 100)),
    { state: 'suspect' },
    { ...TOTAL_RETURN, note: /where no payout is listed/ }
  ),
  series(
    'a total return in pounds before one in pence is told',
    DAYS.map((day, place) => session(day, 100, 1000, place < SPLIT_AT ? 0.99 : 100)),
    { state: 'suspect' },
    TOTAL_RETURN
  ),
  series(
    'a total return takes off the gains that a fund pays out',
    DAYS.map((day, place) => session(day, place < SPLIT_AT ? 100 : 90, 0, 90)),
    { closes: times(9, 90), state: 'closed' },
    {
      ...TOTAL_RETURN,
      symbol: 'VFINX',
      meta: { instrumentType: 'MUTUALFUND' },
      events: { ...dividends([DAY_OF_SPLIT, 2]), capitalGains: { one: { date: opening(DAY_OF_SPLIT), amount: 8 } } }
    }
  ),
  series(
    'where no close is adjusted there is no total return',
    DAYS.map((day) => session(day, 10, 1000, null)),
    { failed: 'not_covered' },
    TOTAL_RETURN
  ),
  series(
    'weeks for days are no days to make weeks of',
    ['02', '09', '16'].map((day): Row => [`2026-11-${day}T05:00:00Z`, 10, 10, 10, 10, 100, day === '16' ? 10 : 9.5]),
    { failed: 'bad_payload' },
    {
      request: { adjusted: 'all', interval: '1wk' },
      range: ['2026-11-02', '2026-11-25'],
      events: dividends(['2026-11-09', 0.5])
    }
  )
]

const answerOf = (rows: readonly Row[], events?: object) =>
  chart(rows, { ...(events && { events }) })['/v8/finance/chart/']!
const week = (day: string, close: number, adjusted = close): Row => [
  `${day}T04:00:00Z`,
  close,
  close + 1,
  close - 1,
  close,
  100,
  adjusted
]

/** By what the vendor is asked for: it makes weeks that nobody can use, and days from which they can be made. */
const WEEKS: VendorAnswer[] = [
  series(
    'a week in which a payout came ends at the close of its last day, for nothing was paid since',
    [],
    { closes: [23.5], state: 'closed' },
    {
      request: { adjusted: 'all', interval: '1wk' },
      range: ['2022-11-07', '2022-11-12'],
      answers: {
        'interval=1wk': answerOf([week('2022-11-07', 23.5, 23.357)], dividends(['2022-11-10', 0.1425])),
        'interval=1d': answerOf(
          [
            session('2022-11-07', 23, 100, 22.86),
            session('2022-11-08', 23.2, 100, 23.06),
            session('2022-11-09', 23.4, 100, 23.2575),
            session('2022-11-10', 23.3),
            session('2022-11-11', 23.5)
          ],
          dividends(['2022-11-10', 0.1425])
        )
      }
    }
  ),
  series(
    'a range that begins on a Thursday has its weeks from their Mondays, the first one too',
    [],
    { bars: ['2026-09-28', '2026-10-05'].map((start) => expect.objectContaining({ start })), closes: [10, 11] },
    {
      request: { interval: '1wk' },
      range: ['2026-10-01', '2026-10-12'],
      answers: {
        [`period1=${seconds('2026-09-28T04:00:00Z')}`]: answerOf([week('2026-09-28', 10), week('2026-10-05', 11)]),
        '/v8/finance/chart/': answerOf([week('2026-10-01', 10), week('2026-10-08', 11)])
      }
    }
  )
]

const UNITS: VendorAnswer[] = [
  series(
    'a day in pounds among days in pence is told',
    sessions((place) => (place === 3 ? 1 : 100)),
    { state: 'suspect' },
    { note: /another unit/ }
  ),
  series(
    'weeks in pounds before weeks in pence are told',
    twoParts(1, 100),
    { state: 'suspect' },
    { note: /another unit/ }
  ),
  series(
    'a high of a hundred times its day is told',
    sessions(() => 10).map((row, place): Row => (place === 3 ? [row[0], 10, 1000, 9.9, 10, 100] : row)),
    { state: 'suspect' }
  ),
  series(
    'Kuwaiti fils are thousandths of a dinar',
    ['15', '16', '17', '18'].map((day): Row => [`2026-11-${day}T06:00:00Z`, 1000, 1010, 990, 1000, 5]),
    { closes: [1, 1, 1, 1], currency: 'KWD', state: 'closed' },
    {
      symbol: 'NBK.KW',
      range: ['2026-11-15', '2026-11-19'],
      meta: { currency: 'KWF', exchangeTimezoneName: 'Asia/Kuwait' }
    }
  ),
  series(
    'oil below zero is oil below zero',
    [
      ['2020-04-17T04:00:00Z', 19.9, 20, 17.3, 18.27, 100],
      ['2020-04-20T04:00:00Z', 17.73, 17.85, -40.32, -37.63, 200],
      ['2020-04-21T04:00:00Z', -14, 13.86, -16.74, 10.01, 200]
    ],
    { closes: [18.27, -37.63, 10.01] },
    { symbol: 'CL=F', range: ['2020-04-17', '2020-04-23'], meta: { instrumentType: 'FUTURE' } }
  ),
  series(
    'a volume below zero is none, and half a share is half a share',
    [session(DAYS[0]!, 10, -5), session(DAYS[1]!, 10, 100.5)],
    { bars: [expect.not.objectContaining({ volume: expect.anything() }), expect.objectContaining({ volume: 100.5 })] }
  )
]

export const yahooSeriesAnswers = [...SPLITS, ...PAYOUTS, ...WEEKS, ...UNITS]
