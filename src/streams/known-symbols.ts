/** As many as all US shares and their options of a few days; of more, all are worked out anew. */
const MAX_SYMBOLS = 200_000

/** Keeps what spellings mean, for each comes with every tick. `undefined`: it has no canonical symbol. */
export class KnownSymbols {
  readonly #canonical: (spelling: string) => string | undefined
  readonly #known = new Map<string, string | undefined>()

  constructor(canonical: (spelling: string) => string | undefined) {
    this.#canonical = canonical
  }

  of(spelling: string): string | undefined {
    const known = this.#known.get(spelling)
    if (known !== undefined || this.#known.has(spelling)) return known
    const symbol = this.#canonical(spelling)
    if (this.#known.size >= MAX_SYMBOLS) this.#known.clear()
    this.#known.set(spelling, symbol)
    return symbol
  }
}
