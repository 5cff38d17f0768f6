import type { PartOrigin, QuoteGroup } from '../market/quote-provenance.ts'

/** Who told something, and of which instant it is. */
export type Origin = Pick<PartOrigin, 'source' | 'feed' | 'asOf'>

type Part = Origin & { readonly groups: QuoteGroup[] }

/** Gathers who told the figures of a quote whose price is of `own`. */
export class PartOrigins {
  readonly #own: Origin
  #parts: Part[] | undefined

  constructor(own: Origin) {
    this.#own = own
  }

  /** Undefined where all is of who told the price. */
  get parts(): PartOrigin[] | undefined {
    return this.#parts
  }

  /** Groups come in the order of their names' list. */
  add(group: QuoteGroup, origin: Origin | undefined): void {
    if (!origin || isSameTeller(origin, this.#own)) return
    const { source, feed, asOf } = origin
    if (this.#parts) {
      for (const part of this.#parts) {
        if (part.asOf !== asOf || !isSameTeller(part, origin)) continue
        if (part.groups.at(-1) !== group) part.groups.push(group)
        return
      }
      this.#parts.push({ source, feed, asOf, groups: [group] })
    } else {
      this.#parts = [{ source, feed, asOf, groups: [group] }]
    }
  }
}

export const isSameTeller = (a: Pick<Origin, 'source' | 'feed'>, b: Pick<Origin, 'source' | 'feed'>): boolean =>
  a.source === b.source && a.feed === b.feed
