import { mayFallBelowZero } from '../market/instrument-kind.ts'
import type { HoursOf } from '../market/market-hours.ts'
import type { Provenance } from '../market/provenance.ts'
import type { Quote } from '../market/quote.ts'
import { isRoundedRate } from '../market/rounded-rate.ts'
import { DAY_MS, HOUR_MS } from '../market/time.ts'
import { withoutImpossibleParts } from './quote-parts.ts'
import { FUTURE_TOLERANCE_MS, inItsHours } from './session-state.ts'

/** `hard`: the value is not served and the next provider decides. `soft`: it may be right, so it is served as `suspect`. */
export type Severity = 'hard' | 'soft'

/** A quality rule that a value broke. `reason` is for people. */
export type Doubt = {
  readonly rule: string
  readonly severity: Severity
  readonly reason: string
  /** Hard, but less than impossible: where a second provider says the same, the value is served as `suspect`. */
  readonly mayBeConfirmed?: true
  /** Soft, and of what is missing: the value is right as far as it goes, so it is served with a note and not as `suspect`. */
  readonly isGap?: true
}

/** What the quality gate says of a value: the value without its unusable parts, and why it may be wrong. */
export type Judgement<T> = { readonly value: T; readonly doubts: readonly Doubt[] }

export type QuoteContext = {
  /** Epoch milliseconds. */
  readonly now: number
  /** The value of the symbol that is already had. */
  readonly held?: Quote | undefined
  /** When its market is open. */
  readonly hoursOf: HoursOf
}

/** `evidence` is the held value while it is recent enough to be compared with. */
type Evidence = QuoteContext & { readonly evidence: Quote | undefined }

type QuoteRule = {
  readonly name: string
  readonly severity: Severity
  /** Why the quote breaks the rule, or undefined where it keeps it. */
  readonly broken: (quote: Quote, context: Evidence) => string | undefined
}

/**
 * Reverse splits and redenominations are real: a held value that nobody could renew for longer than this, the longest
 * weekend included, is no longer evidence against a jump.
 */
const EVIDENCE_MS = 5 * DAY_MS
/** Vendors stamp one print some seconds apart: the same price is then the same print. */
const SAME_PRINT_MS = 15_000
/** Shares are split, merged and redenominated between sessions, never within one. */
const OVERNIGHT_MS = 4 * HOUR_MS
/** Vendors refresh the day's range less often than the price. */
const RANGE_TOLERANCE = 0.01
const RANGE_CONTRADICTION = 0.25
const UNIT_FACTORS = [100, 1000]
const UNIT_TOLERANCE = 0.25
const SPLIT_RATIOS = [2, 3, 4, 5, 10, 20]
const SPLIT_TOLERANCE = 0.05
const INVERSION_TOLERANCE = 0.02
const UNUSUAL_PERCENT = 50
/** FMP has printed 1.29e41 as a fund's change of one day. */
const ABSURD_PERCENT = 10_000
const CHANGE_TOLERANCE = 0.005
const PERCENT_POINTS_TOLERANCE = 0.5

export const QUOTE_RULES: readonly QuoteRule[] = [
  {
    name: 'price-not-positive',
    severity: 'hard',
    broken: (quote) =>
      Number.isFinite(quote.price) &&
      (quote.price > 0 || (quote.price < 0 && mayFallBelowZero(quote.symbol, quote.kind)))
        ? undefined
        : `price ${quote.price} is not a price`
  },
  {
    name: 'unreadable-instant',
    severity: 'hard',
    broken: ({ asOf }) => (Number.isNaN(Date.parse(asOf)) ? 'the instant of the price cannot be read' : undefined)
  },
  {
    name: 'future-instant',
    severity: 'hard',
    broken: ({ asOf }, { now }) => (Date.parse(asOf) > now + FUTURE_TOLERANCE_MS ? `${asOf} is yet to come` : undefined)
  },
  {
    name: 'currency-changed',
    severity: 'hard',
    broken: ({ currency }, { evidence }) =>
      currency && evidence?.currency && currency !== evidence.currency
        ? `currency ${currency} where ${evidence.currency} was held`
        : undefined
  },
  {
    name: 'unit-jump',
    severity: 'hard',
    broken: (quote, { evidence }) =>
      firstReason(references(quote, evidence), ({ price, label }) => {
        const factor = nearFactor(quote.price, price, UNIT_FACTORS, UNIT_TOLERANCE)
        return factor && `price ${quote.price} is about ${factor} times ${label} ${price}: another unit`
      })
  },
  {
    name: 'low-above-high',
    severity: 'hard',
    broken: ({ dayLow, dayHigh }) =>
      dayLow !== undefined && dayHigh !== undefined && dayLow > dayHigh
        ? `low ${dayLow} above high ${dayHigh} of the day`
        : undefined
  },
  {
    name: 'contradicts-day-range',
    severity: 'hard',
    broken: (quote) => outsideRange(quote, RANGE_CONTRADICTION, Infinity)
  },
  {
    name: 'absurd-change',
    severity: 'hard',
    broken: (quote) => changeBeyond(quote, ABSURD_PERCENT, Infinity)
  },
  {
    name: 'outside-day-range',
    severity: 'soft',
    broken: (quote) => outsideRange(quote, RANGE_TOLERANCE, RANGE_CONTRADICTION)
  },
  {
    name: 'split-like-jump',
    severity: 'soft',
    broken: (quote, { evidence }) =>
      firstReason(references(quote, evidence), ({ price, label }) => {
        const ratio = nearFactor(quote.price, price, SPLIT_RATIOS, SPLIT_TOLERANCE)
        return ratio && `price ${quote.price} is about ${ratio} times ${label} ${price}: an unannounced split?`
      })
  },
  {
    name: 'inverted-pair',
    severity: 'soft',
    broken: (quote, { evidence }) =>
      firstReason(references(quote, evidence), ({ price, label }) => {
        const isOwnInverse = Math.abs(price - 1) <= 2 * INVERSION_TOLERANCE
        const isInverse = Math.abs(quote.price * price - 1) <= INVERSION_TOLERANCE
        return quote.symbol.endsWith('=X') && isInverse && !isOwnInverse
          ? `price ${quote.price} is about 1 divided by ${label} ${price}: the pair the other way round?`
          : undefined
      })
  },
  {
    name: 'unusual-change',
    severity: 'soft',
    broken: (quote) => changeBeyond(quote, UNUSUAL_PERCENT, ABSURD_PERCENT)
  },
  {
    name: 'unusual-jump',
    severity: 'soft',
    broken: ({ price }, { evidence }) => {
      const percent = evidence && evidence.price > 0 ? (price / evidence.price - 1) * 100 : 0
      return Math.abs(percent) > UNUSUAL_PERCENT
        ? `price ${price} is ${percent.toPrecision(4)} % from held price ${evidence!.price}`
        : undefined
    }
  },
  { name: 'inconsistent-change', severity: 'soft', broken: inconsistentChange },
  {
    name: 'rounded-rate',
    severity: 'soft',
    broken: (quote) =>
      isRoundedRate(quote.price, quote)
        ? `price ${quote.price} has one digit: it may be off by half of itself`
        : undefined
  }
]

/**
 * Brings a fresh quote in line with the hours of its market, holds it against every rule, and drops its impossible
 * parts. Where a hard rule is broken, the soft ones have nothing to add.
 * A held value that is itself suspect proves nothing, so nothing is held against it. That a quote is older than the held
 * one is no fault of it: which of the two stands is decided where it enters (src/market/order.ts).
 */
export function judgeQuote(told: Quote, { now, held, hoursOf }: QuoteContext): Judgement<Quote> {
  const quote = asOnePrint(inItsHours(told, hoursOf, now), held)
  const trusted = held?.provenance.state === 'suspect' ? undefined : held
  // A price of before the held one is no news, and will not take its place: what came between says nothing against it.
  const isComparable = trusted && now - Date.parse(trusted.asOf) <= EVIDENCE_MS && !isBehind(quote, trusted)
  const evidence = isComparable ? trusted : undefined
  const context = { now, held: trusted, hoursOf, evidence }
  const doubts = QUOTE_RULES.flatMap(({ name, severity, broken }) => {
    const reason = broken(quote, context)
    if (!reason) return []
    const mayBeConfirmed = name === 'currency-changed' || (name === 'unit-jump' && isOfAnotherSession(quote, evidence))
    return [{ rule: name, severity, reason, ...(mayBeConfirmed && { mayBeConfirmed }) }]
  })
  const hard = doubts.filter(({ severity }) => severity === 'hard')
  return { value: withoutImpossibleParts(quote, now), doubts: hard.length > 0 ? hard : doubts }
}

/** The instant of the held quote where both tell the same print: it is confirmed, not told anew. */
function asOnePrint(quote: Quote, held: Quote | undefined): Quote {
  const lagMs = held ? Date.parse(held.asOf) - Date.parse(quote.asOf) : 0
  const isSamePrint = lagMs > 0 && lagMs <= SAME_PRINT_MS && quote.price === held?.price
  return isSamePrint ? { ...quote, asOf: held.asOf } : quote
}

const isBehind = (quote: Quote, held: Quote): boolean => Date.parse(quote.asOf) < Date.parse(held.asOf)

/** A copy of a value that says why it may be wrong, or what it lacks. */
export function withDoubts<T extends { readonly provenance: Provenance }>(value: T, doubts: readonly Doubt[]): T {
  const notes = [...new Set([...(value.provenance.notes ?? []), ...doubts.map(({ reason }) => reason)])]
  const state = doubts.every(({ isGap }) => isGap) ? value.provenance.state : 'suspect'
  return { ...value, provenance: { ...value.provenance, state, notes } }
}

/** What a provider itself calls suspect is doubted as if a rule did: another provider may be sure of it. */
export function withOwnDoubt<T extends { readonly provenance: Provenance }>(judgement: Judgement<T>): Judgement<T> {
  const { value, doubts } = judgement
  const { state, notes = [] } = value.provenance
  if (state !== 'suspect' || doubts.some(({ isGap }) => !isGap)) return judgement
  const reason = notes.at(-1) ?? 'the vendor is not sure of it'
  return { value, doubts: [{ rule: 'told-in-doubt', severity: 'soft', reason }, ...doubts] }
}

/** How far a price lies from another one, in percent of that; undefined where the currencies differ. */
export function quoteDivergence(quote: Quote, reference: Quote): number | undefined {
  if (quote.currency && reference.currency && quote.currency !== reference.currency) return undefined
  return quote.price === reference.price ? 0 : Math.abs(quote.price / reference.price - 1) * 100
}

function isOfAnotherSession({ asOf }: Quote, evidence: Quote | undefined): boolean {
  return !evidence || Date.parse(asOf) - Date.parse(evidence.asOf) >= OVERNIGHT_MS
}

type Reference = { readonly price: number; readonly label: string }

/** The prices that today's price must be of one kind with. A price in another currency tells nothing. */
function references({ currency, previousClose }: Quote, held: Quote | undefined): Reference[] {
  const isComparable = held && (!currency || !held.currency || currency === held.currency)
  return [
    ...(previousClose !== undefined && previousClose > 0 ? [{ price: previousClose, label: 'previous close' }] : []),
    ...(isComparable ? [{ price: held.price, label: 'held price' }] : [])
  ]
}

function firstReason(
  references: readonly Reference[],
  reasonFor: (reference: Reference) => string | undefined
): string | undefined {
  for (const reference of references) {
    const reason = reasonFor(reference)
    if (reason) return reason
  }
  return undefined
}

/** The factor (`100`, or `1/100`) that two prices lie apart by, within a relative tolerance; undefined where none fits. */
export function nearFactor(
  price: number,
  reference: number,
  factors: readonly number[],
  tolerance: number
): string | undefined {
  const ratio = price / reference
  const isNear = (value: number, factor: number) => Math.abs(value / factor - 1) <= tolerance
  for (const factor of factors) {
    if (isNear(ratio, factor)) return String(factor)
    if (isNear(1 / ratio, factor)) return `1/${factor}`
  }
  return undefined
}

function outsideRange({ price, dayLow, dayHigh }: Quote, beyond: number, upTo: number): string | undefined {
  const below = dayLow === undefined ? 0 : (dayLow - price) / Math.abs(dayLow)
  const above = dayHigh === undefined ? 0 : (price - dayHigh) / Math.abs(dayHigh)
  const distance = Math.max(below, above)
  return distance > beyond && distance <= upTo
    ? `price ${price} outside the day's range of ${dayLow ?? '?'} to ${dayHigh ?? '?'}`
    : undefined
}

function changeBeyond(quote: Quote, beyond: number, upTo: number): string | undefined {
  const { price, previousClose, changePercent } = quote
  const derived = previousClose === undefined || previousClose <= 0 ? 0 : (price / previousClose - 1) * 100
  const percent = Math.max(Math.abs(changePercent ?? 0), Math.abs(derived))
  return percent > beyond && percent <= upTo ? `a change of ${percent.toPrecision(4)} % in one session` : undefined
}

function inconsistentChange({ price, previousClose, change, changePercent }: Quote): string | undefined {
  if (previousClose === undefined || previousClose <= 0) return undefined
  const expected = price - previousClose
  if (change !== undefined && Math.abs(change - expected) > CHANGE_TOLERANCE * previousClose + 0.01) {
    return `change ${change} is not price minus previous close`
  }
  const expectedPercent = (expected / previousClose) * 100
  const tolerance = PERCENT_POINTS_TOLERANCE + Math.abs(expectedPercent) * 0.05
  return changePercent !== undefined && Math.abs(changePercent - expectedPercent) > tolerance
    ? `change of ${changePercent} % does not follow from price and previous close`
    : undefined
}
