import type { Bbo } from '../market/bbo.ts'
import type { MarketEvent } from '../market/event.ts'
import type { Quote } from '../market/quote.ts'
import type { Trade } from '../market/trade.ts'
import { mayFallBelowZero } from '../market/instrument-kind.ts'

export type Impossibility = { readonly rule: string; readonly reason: string }

/**
 * Why an event cannot be, by itself: the cheap rules that each tick can afford. What needs other values (another vendor's
 * price, splits) is judged where those are: polls by the gateway, ticks by the composition of quotes.
 */
export function impossibilityOf(event: MarketEvent): Impossibility | undefined {
  switch (event.type) {
    case 'quote_update':
      return priceOf(event.data.quote)
    case 'trade':
    case 'trade_backfill':
      return impossibilityOfTrade(event.data.trade)
    case 'trade_correction':
      return impossibilityOfTrade(event.data.correction)
    case 'bbo':
      return bboOf(event.data.bbo)
    default:
      return undefined
  }
}

function priceOf({ symbol, kind, price }: Pick<Quote, 'symbol' | 'kind' | 'price'>): Impossibility | undefined {
  if (Number.isFinite(price) && (price > 0 || (price < 0 && mayFallBelowZero(symbol, kind)))) return undefined
  return { rule: 'price-not-positive', reason: `price ${price} is not a price` }
}

/** Parts of a share trade: any size above zero can be. */
export function impossibilityOfTrade({
  symbol,
  price,
  size
}: Pick<Trade, 'symbol' | 'price' | 'size'>): Impossibility | undefined {
  if (!(Number.isFinite(size) && size > 0)) return { rule: 'size-not-positive', reason: `size ${size} is not a size` }
  return priceOf({ symbol, price })
}

/** A locked market (bid at the ask) happens; a crossed one is two venues told at different times, or an error. */
function bboOf({ bid, ask, bidSize, askSize }: Bbo): Impossibility | undefined {
  for (const size of [bidSize, askSize]) {
    if (size !== undefined && !(Number.isFinite(size) && size >= 0)) {
      return { rule: 'size-not-positive', reason: `size ${size} is not a size` }
    }
  }
  for (const side of [bid, ask]) {
    if (side !== undefined && !Number.isFinite(side)) {
      return { rule: 'price-not-positive', reason: `price ${side} is not a price` }
    }
  }
  if (bid !== undefined && ask !== undefined && bid > ask) {
    return { rule: 'crossed-market', reason: `bid ${bid} above ask ${ask}` }
  }
  return undefined
}
