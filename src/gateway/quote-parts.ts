import type { Quote } from '../market/quote.ts'
import { FUTURE_TOLERANCE_MS } from './session-state.ts'

/** A session opens within its own range; vendors round the three prices one by one. */
const OPEN_TOLERANCE = 0.001
/** Vendors renew the range of the year less often than the price. */
const YEAR_TOLERANCE = 0.01
/** A price that a year's range is so many times away from is in another unit: shares move by ten, units by a hundred. */
const ANOTHER_UNIT = 50

/** Trading before and after the session does not take a price further than this in one night. */
const EXTENDED_FACTOR = 10

type Part =
  'open' | 'dayHigh' | 'dayLow' | 'yearHigh' | 'yearLow' | 'bid' | 'bidSize' | 'ask' | 'askSize' | 'extendedHours'

/**
 * The quote without the parts that cannot be beside its price or beside each other; what was left out is noted. `now` in
 * epoch milliseconds.
 */
export function withoutImpossibleParts(quote: Quote, now: number): Quote {
  const impossible = [
    crossedBook(quote),
    ...bookInAnotherUnit(quote),
    ...dayInAnotherUnit(quote),
    openOutsideDay(quote),
    ...yearOutsidePrice(quote),
    extendedOutsidePrice(quote, now)
  ].filter((each) => each !== undefined)
  if (impossible.length === 0) return quote
  const left: Quote = { ...quote }
  for (const { parts } of impossible) for (const part of parts) delete left[part]
  const notes = [...(quote.provenance.notes ?? []), ...impossible.map(({ note }) => note)]
  return { ...left, provenance: { ...quote.provenance, notes } }
}

type Impossible = { readonly parts: readonly Part[]; readonly note: string }

function crossedBook({ bid, ask }: Quote): Impossible | undefined {
  if (bid === undefined || ask === undefined || bid <= ask) return undefined
  return { parts: ['bid', 'bidSize', 'ask', 'askSize'], note: `bid ${bid} above ask ${ask}: both dropped` }
}

/** Where nobody offers, vendors have shown bids of a cent and asks of hundreds of thousands. */
function bookInAnotherUnit({ price, ...book }: Quote): Impossible[] {
  if (!(price > 0)) return []
  return (['bid', 'ask'] as const).flatMap((part) => {
    const side = book[part]
    if (side === undefined || (side <= price * ANOTHER_UNIT && side * ANOTHER_UNIT >= price)) return []
    return [{ parts: [part, `${part}Size`], note: `${part} ${side} left out: it cannot be of the price ${price}` }]
  })
}

/** A price below the day's low or above its high is judged by its rule: here the range reaches too far. */
function dayInAnotherUnit({ price, dayLow, dayHigh }: Quote): Impossible[] {
  if (!(price > 0)) return []
  const found: Impossible[] = []
  if (dayHigh !== undefined && dayHigh > price * ANOTHER_UNIT) {
    found.push({ parts: ['dayHigh'], note: `the day's high ${dayHigh} left out: it cannot be of the price ${price}` })
  }
  if (dayLow !== undefined && dayLow * ANOTHER_UNIT < price) {
    found.push({ parts: ['dayLow'], note: `the day's low ${dayLow} left out: it cannot be of the price ${price}` })
  }
  return found
}

function extendedOutsidePrice({ price, extendedHours, ...quote }: Quote, now: number): Impossible | undefined {
  if (!extendedHours) return undefined
  const { price: extended, session, asOf } = extendedHours
  const parts = ['extendedHours'] as const
  if (asOf !== undefined && Date.parse(asOf) < Date.parse(quote.asOf)) {
    return { parts, note: `the price of the ${session} session left out: it is from before the last regular one` }
  }
  if (asOf !== undefined && Date.parse(asOf) > now + FUTURE_TOLERANCE_MS) {
    return { parts, note: `the price of the ${session} session left out: ${asOf} is yet to come` }
  }
  const isFar = price > 0 && !(extended * EXTENDED_FACTOR >= price && extended <= price * EXTENDED_FACTOR)
  return isFar
    ? { parts, note: `the ${session} price ${extended} left out: it cannot be of the price ${price}` }
    : undefined
}

function openOutsideDay({ price, open, ...range }: Quote): Impossible | undefined {
  if (open === undefined) return undefined
  const { dayLow = -Infinity, dayHigh = Infinity } = range
  if (price > 0 && (open > price * ANOTHER_UNIT || open * ANOTHER_UNIT < price)) {
    return { parts: ['open'], note: `open ${open} left out: it cannot be of the price ${price}` }
  }
  if (dayLow > dayHigh) return undefined
  const tolerance = Math.abs(open) * OPEN_TOLERANCE
  if (open >= dayLow - tolerance && open <= dayHigh + tolerance) return undefined
  return { parts: ['open'], note: `open ${open} left out: it lies outside the day's low and high` }
}

function yearOutsidePrice({ price, yearLow, yearHigh }: Quote): Impossible[] {
  // Of what may fall below zero a multiple says nothing.
  if (!(price > 0)) return []
  if (yearLow !== undefined && yearHigh !== undefined && yearLow > yearHigh) {
    return [
      {
        parts: ['yearLow', 'yearHigh'],
        note: `the year's low ${yearLow} and high ${yearHigh} left out: low above high`
      }
    ]
  }
  const found: Impossible[] = []
  if (yearHigh !== undefined && (yearHigh < price * (1 - YEAR_TOLERANCE) || yearHigh > price * ANOTHER_UNIT)) {
    found.push({
      parts: ['yearHigh'],
      note: `the year's high ${yearHigh} left out: it cannot be of the price ${price}`
    })
  }
  if (yearLow !== undefined && (yearLow > price * (1 + YEAR_TOLERANCE) || yearLow * ANOTHER_UNIT < price)) {
    found.push({ parts: ['yearLow'], note: `the year's low ${yearLow} left out: it cannot be of the price ${price}` })
  }
  return found
}
