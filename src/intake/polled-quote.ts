import { withoutAbsent } from '../market/absent.ts'
import { areToldAnew, withNewer } from '../market/derivative-figures.ts'
import type { Quote } from '../market/quote.ts'
import { isSameTeller, type Origin } from './part-origins.ts'

type Identity = Pick<Quote, 'name' | 'kind' | 'mic' | 'exchange'>
type Year = Pick<Quote, 'yearHigh' | 'yearLow'>
type Attributed<Figures> = { readonly figures: Figures; readonly origin: Origin }

/** What vendors that were asked say of a symbol: their newest quote, and what it does not tell as another one told it. */
export class PolledQuote {
  /** As it was told. */
  readonly newest: Quote
  readonly origin: Origin
  readonly identity: Identity
  readonly year: Attributed<Year> | undefined
  readonly marketCap: Attributed<number> | undefined
  readonly derivative: Attributed<NonNullable<Quote['derivative']>> | undefined
  /** Some figure of a contract was told anew. */
  readonly hasNewFigures: boolean

  constructor(quote: Quote, before: PolledQuote | undefined) {
    const { name, kind, mic, exchange, yearHigh, yearLow, marketCap, derivative, asOf, provenance } = quote
    const { source, feed } = provenance
    const origin = { source, feed, asOf }
    this.newest = quote
    this.origin = origin
    this.identity = { ...before?.identity, ...withoutAbsent<Identity>({ name, kind, mic, exchange }) }
    const hasYear = yearHigh !== undefined || yearLow !== undefined
    this.year = hasYear ? { figures: withoutAbsent<Year>({ yearHigh, yearLow }), origin } : before?.year
    this.marketCap = marketCap === undefined ? before?.marketCap : { figures: marketCap, origin }
    const held = before?.derivative
    const isOfOne = held !== undefined && isSameTeller(held.origin, origin)
    this.derivative = derivative
      ? { figures: isOfOne ? withNewer(held.figures, derivative) : derivative, origin }
      : held
    this.hasNewFigures = derivative !== undefined && areToldAnew(derivative, held?.figures)
  }
}
