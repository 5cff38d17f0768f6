import { ApiError } from '../errors.ts'
import { exchangeOf } from '../market/calendars.ts'
import type { MarketData } from '../market/market-data.ts'
import type { ExchangeStatus } from '../market/market-status.ts'
import type { Found } from './tool.ts'

/** Where vendors could not renew a value, whoever asks again sooner meets the same failure. */
const AFTER_FAILURE_SECONDS = 30
/** What a delayed price needs beside its delay to get here. */
const ON_ITS_WAY_SECONDS = 60

/** An answer exists and is older than the caller wants. `next` says in words what would help. */
export class TooOld extends ApiError {
  readonly next: string

  constructor(message: string, { next, retryAfterSeconds }: Remedy, details: object) {
    super('TOO_OLD', 503, message, { details, retryAfterSeconds })
    this.next = next
  }
}

type Remedy = { next: string; retryAfterSeconds?: number; marketClosedUntil?: string }
type Market = Pick<MarketData, 'status'>

/** Throws TooOld where an answer is older than the bound: it tells how old, from whom and why, and not the value. */
export function refuseOlder(found: Found<unknown>, maxAgeSeconds: number, market: Market, now = Date.now()): void {
  const { ageSeconds, source, state } = found.label
  if (ageSeconds <= maxAgeSeconds) return
  const remedy = remedyFor(found, maxAgeSeconds, market, now)
  const { marketClosedUntil } = remedy
  throw new TooOld(
    `The newest answer is ${ageSeconds} s old (from ${source}, ${state}); at most ${maxAgeSeconds} s were asked for`,
    remedy,
    { ...found.label, maxAgeSeconds, ...(marketClosedUntil !== undefined && { marketClosedUntil }) }
  )
}

function remedyFor(found: Found<unknown>, maxAgeSeconds: number, market: Market, now: number): Remedy {
  const { label, symbol, freshUntil = 0 } = found
  const { ageSeconds, source, state, asOf, delayedBySeconds = 0 } = label
  if (state === 'stale') {
    const again = `Ask again in ${AFTER_FAILURE_SECONDS} s; explain_quote tells what each vendor says.`
    const next = `No vendor could renew it (see attempts). ${again}`
    return { next, retryAfterSeconds: AFTER_FAILURE_SECONDS }
  }
  const closed = asOf === undefined || symbol === undefined ? undefined : closedExchange(symbol, market)
  if (closed) {
    const { exchange, nextOpen: marketClosedUntil } = closed
    const next = `${exchange} is closed until ${marketClosedUntil}: ask with at least ${ageSeconds} for its last price.`
    return { next, marketClosedUntil }
  }
  if (delayedBySeconds > maxAgeSeconds) {
    const enough = delayedBySeconds + ON_ITS_WAY_SECONDS
    return { next: `${source} tells prices ${delayedBySeconds} s late: ask with at least ${enough}.` }
  }
  const retryAfterSeconds = Math.max(1, Math.ceil((freshUntil - now) / 1000))
  const next = `A newer one can be had in ${retryAfterSeconds} s: ask again then, or with at least ${ageSeconds}.`
  return { next, retryAfterSeconds }
}

/** The exchange of a symbol, where nothing trades at it now. */
function closedExchange(symbol: string, { status }: Market): ExchangeStatus | undefined {
  const exchange = exchangeOf(symbol)
  const told = status().value.exchanges.find((each) => each.exchange === exchange)
  return told?.marketState === 'closed' ? told : undefined
}
