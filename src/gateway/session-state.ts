import type { HoursOf, MarketHours } from '../market/market-hours.ts'
import type { Provenance, ValueState } from '../market/provenance.ts'
import type { MarketState, Quote } from '../market/quote.ts'
import { regularEnd } from '../market/session.ts'
import { DAY_MS, isoOf } from '../market/time.ts'
import { widestHoursOf } from '../market/widest-hours.ts'

/** No exchange rests for so long: an older price is of what trades no more, or of a vendor that does not look. */
const OUTDATED_MS = 30 * DAY_MS
/** Vendors' clocks and ours differ by seconds, never by minutes. */
export const FUTURE_TOLERANCE_MS = 120_000
/** Exchanges and index providers print closing values for about an hour after the end of a session. */
const CLOSING_PRINTS_MS = 90 * 60_000
/** Of most listings the last trade of a session comes within this time before its end. */
const LAST_TRADE_MS = 15 * 60_000
/** A price of so short a time ago shows that a market trades which its vendor calls closed. */
const JUST_TRADED_MS = 5 * 60_000
/** What a vendor that calls itself delayed lags behind, where it does not say by how much. */
const USUAL_DELAY_SECONDS = 20 * 60

/**
 * The quote with a state, an instant and a market state that agree with the hours of its market, whatever the vendor says:
 * not `live` where the market has shut since, `stale` where the price is older than any market rests, and not as of an
 * instant after its session. `now` in epoch milliseconds. Where the hours or the instant are not known, and where the
 * instant is yet to come, the vendor's word stands; of an exchange without a calendar only nights and weekends are known.
 */
export function inItsHours(quote: Quote, hoursOf: HoursOf, now: number): Quote {
  // The simulated market keeps hours of its own.
  if (quote.provenance.feed === 'sandbox') return quote
  const told = Date.parse(quote.asOf)
  if (!(told <= now + FUTURE_TOLERANCE_MS)) return quote
  if (now - told > OUTDATED_MS) return outdated(quote, Math.floor((now - told) / DAY_MS))
  const hours = widestHoursOf(quote.symbol, hoursOf)
  const session = hours?.sessionBefore(told)
  if (!hours || !session) return quote

  const end = regularEnd(session)
  const isStampedShut = told > end + CLOSING_PRINTS_MS && hours.status(told).phase !== 'pre'
  const asOf = isStampedShut ? end : told
  const hasShut = hours.hasShutSince(session, now)
  const { state: toldState } = quote.provenance
  // A price from the midst of a session that the vendor still calls open is not the last one, however late it is read.
  const isSnapshot = toldState === 'delayed' && quote.marketState === 'regular' && asOf < end - LAST_TRADE_MS
  const isOpen = isOpenAfterAll(quote, hoursOf(quote.symbol), now)
  const state = isOpen
    ? openState(quote.provenance)
    : hasShut && !isSnapshot
      ? shutState(quote.provenance, hours, asOf, now)
      : toldState
  const marketState = isOpen ? 'regular' : marketStateOf(quote.marketState, hours, state, now)
  const isAsTold = !isStampedShut && state === quote.provenance.state && marketState === quote.marketState
  return isAsTold
    ? quote
    : {
        ...withMarketState(quote, marketState),
        asOf: isStampedShut ? isoOf(end) : quote.asOf,
        provenance: noted(
          { ...quote.provenance, state },
          isStampedShut ? [`the vendor stamps the price ${quote.asOf}: asOf is the end of the session before that`] : []
        )
      }
}

/** Whether a price that its vendor calls one of a closed market has just been made in a session that runs by the calendar. */
function isOpenAfterAll(
  { asOf, marketState, provenance }: Quote,
  hours: MarketHours | undefined,
  now: number
): boolean {
  if (!hours || provenance.state !== 'closed' || marketState !== 'closed') return false
  const told = Date.parse(asOf)
  if (now - told > (provenance.delayedBySeconds ?? 0) * 1000 + JUST_TRADED_MS) return false
  return [told, now].every((instant) => hours.status(instant).marketState === 'regular')
}

function openState({ feed, delayedBySeconds = 0 }: Provenance): ValueState {
  return feed === 'delayed' || delayedBySeconds > 0 ? 'delayed' : 'live'
}

/** Of a value without a price's instant (a list, a chain, a series): not live while its market is shut. */
export function whileOpen<T extends { readonly provenance: Provenance }>(
  value: T,
  hours: MarketHours | undefined,
  now: number
): T {
  const isSimulated = value.provenance.feed === 'sandbox'
  if (!hours || isSimulated || hours.status(now).marketState === 'regular') return value
  const state = shutState(value.provenance, hours, -Infinity, now)
  return state === value.provenance.state ? value : { ...value, provenance: { ...value.provenance, state } }
}

function outdated(quote: Quote, days: number): Quote {
  const { marketState, provenance } = quote
  const state = provenance.state === 'suspect' ? 'suspect' : 'stale'
  const isSaidOpen = marketState !== 'closed' && marketState !== 'halted'
  return {
    ...withMarketState(quote, isSaidOpen ? undefined : marketState),
    provenance: noted({ ...provenance, state }, [`the price is ${days} days old`])
  }
}

/** A delayed vendor stays delayed until it has had the time to tell the end of the session, or tells it. */
function shutState(
  { state, delayedBySeconds = USUAL_DELAY_SECONDS }: Provenance,
  hours: MarketHours,
  asOf: number,
  now: number
): ValueState {
  if (state === 'live') return 'closed'
  const newest = hours.sessionBefore(now)
  if (state !== 'delayed' || !newest) return state
  const delayMs = delayedBySeconds * 1000
  if (hours.status(now).marketState === 'regular') {
    return now < newest.regular.open + delayMs + LAST_TRADE_MS ? 'delayed' : 'closed'
  }
  const end = regularEnd(newest)
  return asOf >= end - LAST_TRADE_MS || now >= end + delayMs ? 'closed' : 'delayed'
}

/** `regular` is no word for a market that is shut, nor for a price of a session before the one that runs. */
function marketStateOf(
  told: MarketState | undefined,
  hours: MarketHours,
  state: ValueState,
  now: number
): MarketState | undefined {
  if (told !== 'regular') return told
  const { marketState } = hours.status(now)
  if (marketState !== 'regular') return marketState
  return state === 'closed' ? undefined : told
}

function withMarketState({ marketState: _told, ...quote }: Quote, marketState: MarketState | undefined): Quote {
  return { ...quote, ...(marketState !== undefined && { marketState }) }
}

function noted(provenance: Provenance, notes: readonly string[]): Provenance {
  return notes.length === 0 ? provenance : { ...provenance, notes: [...(provenance.notes ?? []), ...notes] }
}
