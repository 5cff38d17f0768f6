import type { Dividend, Dividends } from '../market/corporate-action.ts'
import { impossiblePayout, reasonsOf, withMarks, type PayoutDoubt } from '../market/payout.ts'
import type { Quote } from '../market/quote.ts'
import { factorSize } from '../market/split-power.ts'
import { DAY_MS } from '../market/time.ts'
import { nearFactor, type Doubt, type Judgement } from './quality.ts'

const YEAR_MS = 366 * DAY_MS
/** How far a price may have fallen since a payout of the last year, where the year's high is not known. */
const FALL_OF_A_YEAR = 4
/** The largest special payouts are a hundred times what the same company pays otherwise. */
const BEYOND_OTHERS = 1000
/** Nobody pays more often than once a week: a payout of the same size within so many days may be one that is told twice. */
const TOLD_TWICE_MS = 5 * DAY_MS
/** Payouts further apart are of another company's size, or of another one. */
const COMPARABLE_MS = 400 * DAY_MS
const UNIT_FACTORS = [100, 1000]
const UNIT_TOLERANCE = 0.15

/**
 * Holds payouts against what a share has cost, as far as a price is held, and against each other, and marks those that are
 * in doubt. Not every vendor tells a price beside its payouts. `now` in epoch milliseconds.
 */
export function judgeDividends(list: Dividends, now: number, held?: Quote): Judgement<Dividends> {
  const payouts = list.dividends
  const usual = medianOf(payouts.map(({ amount }) => amount))
  const since = new Date(now - YEAR_MS).toISOString().slice(0, 10)
  const beyondPrice = (payout: Dividend): string | undefined => {
    const price = (payout.exDate >= since ? highestPrice(payout, held) : undefined) ?? Infinity
    const isBeyondOthers = payouts.length > 1 && payout.amount >= usual * BEYOND_OTHERS
    const others = isBeyondOthers
      ? `the payout of ${payout.amount} on ${payout.exDate} is far beyond the others`
      : undefined
    return impossiblePayout(payout.amount, payout.exDate, price) ?? others
  }
  const neighbours = neighboursOf(payouts.filter((payout) => !payout.suspect && !beyondPrice(payout)))
  const found: [rule: string, doubts: readonly PayoutDoubt[]][] = [
    ['payout-beyond-price', payouts.flatMap((payout) => doubtAbout([payout], beyondPrice(payout)))],
    ['payout-told-twice', neighbours.flatMap(toldTwice)],
    ['payout-in-another-unit', neighbours.flatMap((pair) => inAnotherUnit(pair, usual))]
  ]
  const all = found.flatMap(([, doubts]) => doubts)
  const doubts = found
    .filter(([, each]) => each.length > 0)
    .map(([rule, each]): Doubt => ({ rule, severity: 'soft', reason: reasonsOf(each) }))
  return { value: withMarks(list, all), doubts }
}

function doubtAbout(payouts: readonly Dividend[], reason: string | undefined): PayoutDoubt[] {
  return reason === undefined ? [] : [{ exDates: payouts.map(({ exDate }) => exDate), reason }]
}

type Neighbours = { readonly earlier: Dividend; readonly later: Dividend; readonly apartMs: number }

/**
 * Each payout with the one of its kind on the day of such payouts before it, where both are in one currency. What a fund
 * gained in a year is of no size that its income is of.
 */
function neighboursOf(payouts: readonly Dividend[]): Neighbours[] {
  return payouts.flatMap((later, place) => {
    const earlier = payouts
      .slice(place + 1)
      .find((other) => other.exDate < later.exDate && isGain(other) === isGain(later))
    if (!earlier || earlier.currency !== later.currency) return []
    return [{ earlier, later, apartMs: Date.parse(later.exDate) - Date.parse(earlier.exDate) }]
  })
}

function isGain({ kind }: Dividend): boolean {
  return kind === 'capital_gain'
}

function toldTwice({ earlier, later, apartMs }: Neighbours): PayoutDoubt[] {
  if (apartMs > TOLD_TWICE_MS || earlier.amount !== later.amount) return []
  const reason = `the payouts of ${later.amount} on ${earlier.exDate} and on ${later.exDate} may be one that is told twice`
  return doubtAbout([earlier, later], reason)
}

/** Of the two that one is in doubt which is further from what is `usual`. */
function inAnotherUnit({ earlier, later, apartMs }: Neighbours, usual: number): PayoutDoubt[] {
  if (apartMs > COMPARABLE_MS) return []
  const factor = nearFactor(later.amount, earlier.amount, UNIT_FACTORS, UNIT_TOLERANCE)
  if (!factor) return []
  const isEarlier = factorSize(earlier.amount / usual) > factorSize(later.amount / usual)
  const told = `the payout of ${later.amount} on ${later.exDate}`
  const reason = `${told} is about ${factor} times the one of ${earlier.amount} on ${earlier.exDate}: another unit?`
  return doubtAbout([isEarlier ? earlier : later], reason)
}

/** What a share may have cost within the year; undefined where that is not known in the currency of the payout. */
function highestPrice({ currency }: Dividend, held: Quote | undefined): number | undefined {
  if (!held || !(held.price > 0) || held.provenance.state === 'suspect') return undefined
  if (currency !== undefined && held.currency !== undefined && currency !== held.currency) return undefined
  return held.yearHigh === undefined ? held.price * FALL_OF_A_YEAR : Math.max(held.yearHigh, held.price)
}

/** The lower one of two in the middle. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)] ?? NaN
}
