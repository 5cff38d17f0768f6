/** Renewals that are asked for within this time become one load. */
const GATHER_MS = 10

/** Gathers what single requests find stale, so that a dashboard's worth of them is renewed in one batch. */
export class Renewals<Source> {
  readonly #renew: (keys: readonly string[], source: Source) => void
  readonly #gathered = new Map<Source, Set<string>>()

  constructor(renew: (keys: readonly string[], source: Source) => void) {
    this.#renew = renew
  }

  add(key: string, source: Source): void {
    const keys = this.#gathered.get(source)
    if (keys) {
      keys.add(key)
      return
    }
    const gathered = new Set([key])
    this.#gathered.set(source, gathered)
    setTimeout(() => {
      this.#gathered.delete(source)
      this.#renew([...gathered], source)
    }, GATHER_MS).unref()
  }
}
