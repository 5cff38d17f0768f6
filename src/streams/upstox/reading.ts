import { withoutAbsent } from '../../market/absent.ts'
import type { PlainFigures } from '../../market/derivative-figures.ts'
import { FieldError } from '../fields.ts'
import type { Feed, LTPC, OHLC, OptionGreeks, Quote } from './wire/market-data-feed_pb.js'

/**
 * What one frame says of one instrument. A frame tells what changed: a part that is absent is as it was told before. Within
 * a part the encoding cannot say "absent", so a price, a quantity or an instant of 0 is none.
 */
export type Reading = {
  readonly last: LastTrade | undefined
  readonly previousClose: number | undefined
  readonly book: Book | undefined
  /** Shares or contracts that traded today. */
  readonly volume: number | undefined
  readonly day: Day | undefined
  /** Open interest and greeks; undefined where the frame tells none. */
  readonly figures: PlainFigures | undefined
}

export type LastTrade = { readonly price: number; readonly at: number; readonly quantity: number }
export type Book = { readonly bid?: Side; readonly ask?: Side }
export type Side = { readonly price: number; readonly size: number | undefined }
export type Day = { readonly open: number; readonly high: number; readonly low: number }

type Parts = {
  readonly ltpc?: LTPC | undefined
  /** The best level; null where the frame has a book without any. */
  readonly level?: Quote | null | undefined
  readonly vtt?: bigint
  readonly ohlc?: readonly OHLC[]
  readonly greeks?: OptionGreeks | undefined
  readonly oi?: number
  readonly iv?: number
}

const DAY = '1d'

/** Throws FieldError where a number is none. */
export function readingOf(feed: Feed): Reading {
  const parts = partsOf(feed)
  const { ltpc, level, vtt = 0n, ohlc = [] } = parts
  return {
    last: ltpc && lastTradeOf(ltpc),
    previousClose: ltpc && optional('cp', ltpc.cp),
    book: level === undefined ? undefined : bookOf(level),
    volume: optional('vtt', Number(vtt)),
    day: dayOf(ohlc),
    figures: figuresOf(parts)
  }
}

function partsOf({ FeedUnion }: Feed): Parts {
  switch (FeedUnion.case) {
    case 'ltpc':
      return { ltpc: FeedUnion.value }
    case 'firstLevelWithGreeks': {
      const { ltpc, firstDepth, vtt, optionGreeks, oi, iv } = FeedUnion.value
      return { ltpc, level: firstDepth, vtt, greeks: optionGreeks, oi, iv }
    }
    case 'fullFeed':
      return partsOfFullFeed(FeedUnion.value)
    default:
      return {}
  }
}

function partsOfFullFeed({ FullFeedUnion }: Extract<Feed['FeedUnion'], { case: 'fullFeed' }>['value']): Parts {
  switch (FullFeedUnion.case) {
    case 'marketFF': {
      const { ltpc, marketLevel, marketOHLC, vtt, optionGreeks, oi, iv } = FullFeedUnion.value
      const level = marketLevel && (marketLevel.bidAskQuote[0] ?? null)
      const figures = { greeks: optionGreeks, oi, iv }
      return { ltpc, level, vtt, ...figures, ...(marketOHLC && { ohlc: marketOHLC.ohlc }) }
    }
    case 'indexFF': {
      const { ltpc, marketOHLC } = FullFeedUnion.value
      return { ltpc, ...(marketOHLC && { ohlc: marketOHLC.ohlc }) }
    }
    default:
      return {}
  }
}

function lastTradeOf({ ltp, ltt, ltq }: LTPC): LastTrade | undefined {
  const price = optional('ltp', ltp)
  const at = optional('ltt', Number(ltt))
  return price === undefined || at === undefined
    ? undefined
    : { price, at, quantity: optional('ltq', Number(ltq)) ?? 0 }
}

function bookOf(level: Quote | null): Book {
  if (!level) return {}
  const bid = sideOf('bid', level.bidP, level.bidQ)
  const ask = sideOf('ask', level.askP, level.askQ)
  return { ...(bid && { bid }), ...(ask && { ask }) }
}

function sideOf(name: string, price: number, quantity: bigint): Side | undefined {
  const known = optional(`${name}P`, price)
  return known === undefined ? undefined : { price: known, size: optional(`${name}Q`, Number(quantity)) }
}

/** Of a day without a trade all prices are 0. */
function dayOf(bars: readonly OHLC[]): Day | undefined {
  const bar = bars.find(({ interval }) => interval === DAY)
  if (!bar) return undefined
  const [open, high, low] = [optional('open', bar.open), optional('high', bar.high), optional('low', bar.low)]
  return open === undefined || high === undefined || low === undefined ? undefined : { open, high, low }
}

/** Shares come with greeks that are all 0: an option whose delta, gamma and vega are is none that anybody prices. */
function figuresOf({ greeks, oi = 0, iv = 0 }: Parts): PlainFigures | undefined {
  const { delta = 0, gamma = 0, theta = 0, vega = 0, rho = 0 } = greeks ?? {}
  const isPriced = [delta, gamma, vega].some((greek) => greek !== 0)
  for (const [name, value] of Object.entries({ delta, gamma, theta, vega, rho })) {
    if (!Number.isFinite(value)) throw new FieldError(name, `is ${value}`)
  }
  const figures = withoutAbsent<PlainFigures>({
    openInterest: optional('oi', oi),
    impliedVolatility: optional('iv', iv),
    ...(isPriced && { delta, gamma, theta, vega, rho })
  })
  return Object.keys(figures).length === 0 ? undefined : figures
}

function optional(field: string, value: number): number | undefined {
  if (value === 0) return undefined
  if (!Number.isFinite(value) || value < 0) throw new FieldError(field, `is ${value}`)
  return value
}
