import type { Feed } from './provenance.ts'
import { QuoteGroup } from './quote-provenance.ts'
import type { Quote } from './quote.ts'

const MEMBERS = {
  price: ['price'],
  reference: ['previousClose', 'change', 'changePercent'],
  day: ['open', 'dayHigh', 'dayLow', 'volume'],
  book: ['bid', 'ask', 'bidSize', 'askSize'],
  year: ['yearHigh', 'yearLow'],
  marketCap: ['marketCap'],
  extendedHours: ['extendedHours'],
  derivative: ['derivative']
} as const satisfies Record<QuoteGroup, readonly (keyof Quote)[]>

/** Their figures are counted from the price, or reach as far as it does: who told it has a part in each. */
const OF_THE_PRICE: ReadonlySet<QuoteGroup> = new Set(['reference', 'day', 'year', 'extendedHours'])

/** Who told something: a provider, by which tape, and the instant that it is of. */
export type Teller = { readonly source: string; readonly feed: Feed; readonly asOf: string }

/** Who told a group of a quote's figures: one or, of what is made of several vendors' figures, each of them. */
export function tellersOf(group: QuoteGroup, { asOf, provenance }: Pick<Quote, 'asOf' | 'provenance'>): Teller[] {
  const { source, feed, parts = [] } = provenance
  const others = parts.filter(({ groups }) => groups.includes(group))
  if (others.length > 0 && !OF_THE_PRICE.has(group)) return others
  return [{ source, feed, asOf }, ...others]
}

/** The quote without the figures that somebody told, or had a part in, of whom `isWanted` is false. */
export function onlyToldBy(quote: Quote, isWanted: (teller: Teller) => boolean): Partial<Quote> {
  const wanted: Partial<Quote> = { ...quote }
  for (const group of QuoteGroup.enum) {
    if (tellersOf(group, quote).every(isWanted)) continue
    for (const member of MEMBERS[group]) delete wanted[member]
  }
  return wanted
}
