import type { Quote } from '../market/quote.ts'

/**
 * Of the quotes of one symbol in one answer the newest, with a note where others say another price; two prices of one
 * instant contradict each other, so that the first is `suspect`. Undefined where there is none.
 */
export function newestOf(quotes: readonly Quote[]): Quote | undefined {
  const [newest, ...others] = quotes.toSorted((one, other) => Date.parse(other.asOf) - Date.parse(one.asOf))
  const different = others.filter(({ price }) => price !== newest?.price)
  if (!newest || different.length === 0) return newest
  const told = different.map(({ price, asOf }) => `${price} of ${asOf}`).join(', ')
  const isContradicted = different.some(({ asOf }) => asOf === newest.asOf)
  const { provenance } = newest
  const notes = [...(provenance.notes ?? []), `the vendor told the symbol twice: beside this price ${told}`]
  return { ...newest, provenance: { ...provenance, ...(isContradicted && { state: 'suspect' }), notes } }
}
