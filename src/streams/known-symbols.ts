import { LRUCache } from 'lru-cache'

/** As many as all US shares and their options of a few days; of more, those that were quiet longest are worked out anew. */
const MAX_SYMBOLS = 200_000

/** Keeps what spellings mean, for each comes with every tick. `undefined`: it has no canonical symbol. */
export class KnownSymbols {
  readonly #canonical: (spelling: string) => string | undefined
  readonly #known = new LRUCache<string, { readonly symbol: string | undefined }>({ max: MAX_SYMBOLS })

  constructor(canonical: (spelling: string) => string | undefined) {
    this.#canonical = canonical
  }

  of(spelling: string): string | undefined {
    const known = this.#known.get(spelling)
    if (known) return known.symbol
    const symbol = this.#canonical(spelling)
    this.#known.set(spelling, { symbol })
    return symbol
  }
}
