import type { QuoteProvenance } from '../market/quote-provenance.ts'
import { age, source } from './figures.ts'

/** Where a value that has no line of its own comes from, in words: `alpaca/iex, 3 s old, live, day of yahoo/delayed`. */
export function originOf(provenance: QuoteProvenance, now: number): string {
  const { receivedAt, state, notes = [] } = provenance
  return [source(provenance), `${age(receivedAt, now)} old`, state, ...notes, ...othersOf(provenance)].join(', ')
}

/** Which figures of a quote others than its source told: `book of massive/consolidated`. */
export const othersOf = ({ parts = [] }: QuoteProvenance): string[] =>
  parts.map((part) => `${part.groups.join(' and ')} of ${source(part)}`)
