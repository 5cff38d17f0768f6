import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { impossiblePayout, type PayoutDoubt } from '../../market/payout.ts'
import { computedPrice, currencyUnit, positive } from '../parse.ts'
import { mapping } from '../../slices.ts'
import { agreedPer, isSplitRatio, oncePer } from '../rows.ts'
import { isRecord, salvage } from '../salvage.ts'
import { instantOf, sessionDate } from './chart-time.ts'
import { withoutFloatNoise, type PriceReader } from './prices.ts'
import { listOf, memberOf, WireNumber, WireText } from './wire.ts'

/**
 * What a payout is of a price in pence: hundredths if it is in pence, ten thousandths if it is in pounds. Around the
 * middle between the two (a small one in pence, or a large one in pounds) it does not tell.
 */
const MIDDLE_YIELD = 0.001
const DOUBT_ABOUT_YIELD = 2

/** What Yahoo tells of an event: its session date, and what it is about. */
export type ChartEvent = { exDate: string; value: number }
export type ChartPayout = ChartEvent & { currency: string | undefined }

export type ChartEvents = {
  splits: ChartEvent[]
  /** Dates of splits that Yahoo tells twice and not alike. */
  contradictedSplits: string[]
  /** Whether there are splits that cannot be read: prices as traded cannot be told then. */
  hasUnreadableSplits: boolean
  dividends: ChartPayout[]
  capitalGains: ChartPayout[]
  /** False where payouts may be off by a factor of 100. */
  hasCertainPayouts: boolean
  /** Payouts of as much as a share cost, or more, and those that may hold another one: what is said of each. */
  doubtedPayouts: PayoutDoubt[]
}

/** The events of a chart, newest first. */
export function* readEvents(result: unknown, timeZone: string, prices: PriceReader): Generator<void, ChartEvents> {
  const events = memberOf(result, 'events')
  const splits = eventsOf(memberOf(events, 'splits'), timeZone).map((event) => ({ ...event, value: splitRatio(event) }))
  const closes = yield* closesOf(result)
  const dividends = yield* payoutsOf(memberOf(events, 'dividends'), timeZone, prices, closes)
  const capitalGains = yield* payoutsOf(memberOf(events, 'capitalGains'), timeZone, prices, closes)
  const once = agreedPer(splits.filter(isTold), ({ exDate }) => exDate)
  const apart = withoutGains(dividends.payouts, capitalGains.payouts, dividends.priceMoves)
  return {
    // One for one changes nothing: Yahoo tells some spin-offs so.
    splits: once.rows.filter(({ value }) => isSplitRatio(value)),
    contradictedSplits: once.contradicted,
    hasUnreadableSplits:
      once.contradicted.length > 0 || splits.filter(isTold).length < countOf(memberOf(events, 'splits')),
    dividends: apart.dividends,
    capitalGains: capitalGains.payouts,
    hasCertainPayouts: dividends.areCertain && capitalGains.areCertain,
    doubtedPayouts: [...dividends.impossible, ...capitalGains.impossible, ...apart.unknown]
  }
}

/** The events of charts that follow each other, oldest first. */
export function joinedEvents(charts: readonly ChartEvents[]): ChartEvents {
  const newestFirst = charts.toReversed()
  return {
    splits: oncePer(
      newestFirst.flatMap(({ splits }) => splits),
      ({ exDate }) => exDate
    ),
    contradictedSplits: newestFirst.flatMap(({ contradictedSplits }) => contradictedSplits),
    hasUnreadableSplits: charts.some(({ hasUnreadableSplits }) => hasUnreadableSplits),
    dividends: oncePerPayout(newestFirst.flatMap(({ dividends }) => dividends)),
    capitalGains: oncePerPayout(newestFirst.flatMap(({ capitalGains }) => capitalGains)),
    hasCertainPayouts: charts.every(({ hasCertainPayouts }) => hasCertainPayouts),
    doubtedPayouts: oncePer(
      newestFirst.flatMap(({ doubtedPayouts }) => doubtedPayouts),
      ({ reason }) => reason
    )
  }
}

/** A regular payout and a special one may go on one day, but two of one size are one that is told twice. */
function oncePerPayout(payouts: readonly ChartPayout[]): ChartPayout[] {
  return oncePer(payouts, ({ exDate, value }) => `${exDate} ${value}`)
}

/** From a gain of such a share of the price on, the day's own move does not hide whether it was paid beside the dividend. */
const LEAST_TELLING_GAIN = 0.03

type PriceMove = { readonly before: number; readonly after: number }

/**
 * Dividends of funds without the capital gains of their day: Yahoo has told both as the dividend, and the gain once more.
 * How far the price fell tells which of the two was paid; `unknown` says where it does not.
 */
function withoutGains(
  dividends: readonly ChartPayout[],
  gains: readonly ChartPayout[],
  moves: ReadonlyMap<string, PriceMove>
): { dividends: ChartPayout[]; unknown: PayoutDoubt[] } {
  const gainsByDate = new Map(gains.map(({ exDate, value }) => [exDate, value]))
  const unknown: PayoutDoubt[] = []
  const apart = dividends.map((payout) => {
    const { exDate, value } = payout
    const gain = gainsByDate.get(exDate)
    if (gain === undefined || gain >= value) return payout
    const { before, after } = moves.get(exDate) ?? { before: Infinity, after: 0 }
    if (gain < before * LEAST_TELLING_GAIN) {
      const reason = `the payout of ${value} on ${exDate} may hold the capital gain of ${gain} of that day`
      unknown.push({ exDates: [exDate], reason })
      return payout
    }
    const isSum = before - after < value + gain / 2
    return isSum ? { ...payout, value: computedPrice(value - gain) } : payout
  })
  return { dividends: apart, unknown }
}

type Close = { readonly instant: number; readonly close: number }

/** Closes in the vendor's unit, oldest first, of incomplete rows too. */
function* closesOf(result: unknown): Generator<void, Close[]> {
  const closes = listOf(memberOf(listOf(memberOf(memberOf(result, 'indicators'), 'quote'))[0], 'close'))
  const known = yield* mapping(listOf(memberOf(result, 'timestamp')), (timestamp, index) => {
    const [instant, close] = [instantOf(timestamp), positive(closes[index])]
    return instant === undefined || close === undefined ? undefined : { instant, close }
  })
  return known.filter((close) => close !== undefined)
}

type DatedEvent = WireEvent & { exDate: string; instant: number }

/** Events are keyed by the row they fall into, which is not their day; `date` is. Newest first. */
function eventsOf(events: unknown, timeZone: string): DatedEvent[] {
  return Object.values(isRecord(events) || Array.isArray(events) ? events : {})
    .flatMap((event) => {
      const wire = salvage(Event, event)
      const instant = instantOf(wire?.date)
      return wire && instant !== undefined ? [{ ...wire, instant, exDate: sessionDate(instant, timeZone) }] : []
    })
    .sort((a, b) => b.exDate.localeCompare(a.exDate))
}

function countOf(events: unknown): number {
  return isRecord(events) || Array.isArray(events) ? Object.keys(events).length : 0
}

function isTold<Event extends { value: number | undefined }>(event: Event): event is Event & { value: number } {
  return event.value !== undefined
}

/** `splitRatio` ("4:1") says the same in words, and is there where the numbers are not. */
function splitRatio({ numerator, denominator, splitRatio: text }: WireEvent): number | undefined {
  const [newText, oldText] = /^([\d.]+)[:/]([\d.]+)$/.exec(text ?? '')?.slice(1) ?? []
  const [newShares, oldShares] = [positive(numerator ?? newText), positive(denominator ?? oldText)]
  return newShares !== undefined && oldShares !== undefined ? newShares / oldShares : undefined
}

type Payouts = {
  payouts: ChartPayout[]
  areCertain: boolean
  impossible: PayoutDoubt[]
  /** Closes in the major unit around the ex-dates. */
  priceMoves: Map<string, PriceMove>
}

/**
 * Payouts in the major unit. Where prices are in pence Yahoo has payouts of some companies in pence and of others in
 * pounds, and does not say so: their size beside the price does. Some events name a currency of their own.
 */
function* payoutsOf(
  events: unknown,
  timeZone: string,
  prices: PriceReader,
  closes: readonly Close[]
): Generator<void, Payouts> {
  const wires = eventsOf(events, timeZone)
  yield
  const priceMoves = new Map<string, PriceMove>()
  const rated: { yield: number; close: number; amount: number; exDate: string; isInPriceUnit: boolean }[] = []
  for (const { amount, instant, exDate, currency } of wires) {
    const at = closes.findIndex((each) => each.instant >= instant)
    const [before, after] = [closes.at(at === -1 ? -1 : Math.max(0, at - 1)), closes[at]]
    if (before && after) {
      priceMoves.set(exDate, { before: before.close / prices.perMajor, after: after.close / prices.perMajor })
    }
    const close = before?.close
    if (close && amount) rated.push({ yield: amount / close, close, amount, exDate, isInPriceUnit: !currency })
    yield
  }
  const yields = rated.map((payout) => payout.yield)
  const impossible = rated.flatMap(({ amount, exDate, close, isInPriceUnit }): PayoutDoubt[] => {
    const reason = isInPriceUnit ? impossiblePayout(amount, exDate, close) : undefined
    return reason === undefined ? [] : [{ exDates: [exDate], reason }]
  })
  const typical = yields.toSorted((a, b) => a - b)[Math.floor(yields.length / 2)]
  const perMajor = typical === undefined || typical >= MIDDLE_YIELD ? prices.perMajor : 1
  const told = wires.flatMap(({ exDate, amount, currency }) => {
    const own = currency ? currencyUnit(currency) : undefined
    const value = positive(amount)
    if (value === undefined || own?.isCertain === false) return []
    const inMajor = Number((withoutFloatNoise(value) / (own?.perMajor ?? perMajor)).toPrecision(12))
    return [{ exDate, value: inMajor, currency: own?.currency ?? prices.currency }]
  })
  const isFarFromMiddle = Math.abs(Math.log((typical ?? MIDDLE_YIELD) / MIDDLE_YIELD)) > Math.log(DOUBT_ABOUT_YIELD)
  const areTold = wires.every(({ currency }) => currency)
  return {
    payouts: oncePerPayout(told),
    impossible,
    priceMoves,
    areCertain: areTold || (prices.isCertain && (prices.perMajor === 1 || isFarFromMiddle))
  }
}

const WireEvent = Type.Object({
  date: Type.Number(), // epoch seconds: the opening of the ex-date's session
  amount: WireNumber,
  currency: WireText, // as a rule absent
  numerator: WireNumber,
  denominator: WireNumber,
  splitRatio: WireText
})
type WireEvent = Static<typeof WireEvent>
const Event = Compile(WireEvent)
