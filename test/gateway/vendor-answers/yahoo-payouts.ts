import { expect } from 'vitest'
import { SUNDAY, type VendorAnswer } from './vendor-answer.ts'
import { chart, DAYS, dividends, opening, session, sessions } from './yahoo-chart.ts'

const payouts = (
  says: string,
  events: object,
  right: object,
  more: Partial<VendorAnswer> & { closes?: number[] } = {}
): VendorAnswer => {
  const { closes = DAYS.map(() => 10), ...rest } = more
  const answers = chart(
    DAYS.map((day, place) => session(day, closes[place]!)),
    { events }
  )
  return {
    says,
    vendor: 'yahoo',
    now: SUNDAY,
    answers,
    ask: (gateway, ask) => gateway.dividends('ACME', ask),
    right,
    ...rest
  }
}
const splits = (says: string, told: object, right: object): VendorAnswer => ({
  says,
  vendor: 'yahoo',
  now: SUNDAY,
  answers: chart(
    sessions(() => 10),
    { events: { splits: told } }
  ),
  ask: (gateway, ask) => gateway.splits('ACME', ask),
  right
})
const paid = (...amounts: [exDate: string, amount: number][]) => ({
  dividends: amounts.map(([exDate, amount]) => expect.objectContaining({ exDate, amount }))
})
const gain = (day: string, amount: number) => ({ capitalGains: { one: { date: opening(day), amount } } })
/** A fund that falls by so much on the sixth day. */
const fallenBy = (fall: number) => DAYS.map((_, place) => (place < 5 ? 40 : 40 - fall))

export const yahooPayoutAnswers: VendorAnswer[] = [
  payouts(
    'payouts of nothing, less and no number are none, and texts are numbers',
    dividends(['2026-11-16', 0], ['2026-11-17', -0.1], ['2026-11-18', null], ['2026-11-19', '0.25']),
    { ...paid(['2026-11-19', 0.25]), state: 'closed' }
  ),
  payouts('a payout that is told twice on one day is one', dividends(['2026-11-16', 0.1], ['2026-11-16', 0.1]), {
    ...paid(['2026-11-16', 0.1]),
    state: 'closed'
  }),
  payouts('a regular payout and a special one of one day are two', dividends(['2026-11-16', 0.1], ['2026-11-16', 1]), {
    ...paid(['2026-11-16', 0.1], ['2026-11-16', 1]),
    state: 'closed'
  }),
  payouts(
    'a payout that is told again two days later is in doubt',
    dividends(['2026-11-16', 0.1], ['2026-11-18', 0.1]),
    { state: 'suspect' },
    { note: /told twice/ }
  ),
  payouts(
    'an old payout of more than the price is marked, and the others are not',
    dividends(['2026-11-16', 0.1], ['2026-11-17', 0.2], ['2023-02-01', 5000]),
    {
      dividends: [
        { exDate: '2026-11-17', amount: 0.2 },
        { exDate: '2026-11-16', amount: 0.1 },
        { exDate: '2023-02-01', amount: 5000, currency: 'USD', kind: 'cash', suspect: true }
      ].map((payout) => ({ currency: 'USD', kind: 'cash', ...payout })),
      state: 'suspect'
    },
    { note: /2023-02-01 is 500 times the price/ }
  ),
  payouts(
    'a payout a week is not told twice',
    dividends(['2026-11-16', 0.1], ['2026-11-23', 0.1]),
    { state: 'closed' },
    { note: 'none' }
  ),
  payouts(
    'a payout in cents among payouts in dollars is in doubt',
    dividends(['2026-11-16', 0.02], ['2026-11-24', 2]),
    { state: 'suspect' },
    { note: /another unit/ }
  ),
  payouts(
    "a fund's dividend that holds the gain of its day is told without it",
    { ...dividends(['2026-11-23', 7.857]), ...gain('2026-11-23', 6.42) },
    { ...paid(['2026-11-23', 1.437], ['2026-11-23', 6.42]), state: 'closed' },
    { closes: fallenBy(7.7) }
  ),
  payouts(
    "a fund's dividend beside a smaller gain stays where the price fell by both",
    { ...dividends(['2026-11-23', 7.5]), ...gain('2026-11-23', 6) },
    { ...paid(['2026-11-23', 7.5], ['2026-11-23', 6]), state: 'closed' },
    { closes: fallenBy(13.2) }
  ),
  payouts(
    "a fund's dividend that may hold a small gain is in doubt",
    { ...dividends(['2026-11-23', 0.5]), ...gain('2026-11-23', 0.4) },
    { state: 'suspect' },
    { closes: fallenBy(0.6), note: /may hold the capital gain/ }
  ),
  splits(
    'splits that cannot be are none',
    {
      a: { date: opening('2026-11-16'), numerator: 0, denominator: 0, splitRatio: '0:0' },
      b: { date: opening('2026-11-17'), numerator: 5, denominator: 0 }
    },
    { splits: [] }
  ),
  splits('splits that come as a list are splits', [{ date: opening('2026-11-16'), numerator: 2, denominator: 1 }], {
    splits: [{ exDate: '2026-11-16', ratio: 2 }]
  }),
  splits(
    'a spin-off of 281 shares for 1000 is 1.281',
    { a: { date: opening('2026-11-16'), numerator: 1281, denominator: 1000 } },
    { splits: [{ exDate: '2026-11-16', ratio: 1.281 }] }
  )
]
