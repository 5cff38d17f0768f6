import type { Logger } from 'pino'
import type { SelectionConfig } from '../../src/config/selection.ts'
import { nearestFuture, selectDerivatives, type SelectableContract } from '../../src/demand/derivative-selection.ts'
import { isCommodity } from '../../src/market/indian-derivative.ts'

/** How often the price is looked at, and how often what is listed. */
const EVERY_MS = 5000
const READ_EVERY_MS = 300_000

export type SelectedContractsOptions = {
  readonly selection: SelectionConfig
  /** What is listed on underlyings. */
  readonly listed: (underlyings: readonly string[]) => Promise<readonly SelectableContract[]>
  /** The price of an underlying, or of the future that commodities have in its place; undefined, or a rejection, where nobody knows it. */
  readonly spotOf: (symbol: string) => Promise<number | undefined>
  /** Symbols that are to be streamed from now on, in order of importance, and such that no longer are. */
  readonly changed: (added: readonly string[], removed: readonly string[]) => void
  readonly log: Logger
  readonly now: () => number
  /** How often prices are looked at; every five seconds unless told. */
  readonly everyMs?: number
}

/** Keeps the derivatives that the rules select: follows the prices of their underlyings, and what is listed. */
export class SelectedContracts {
  readonly #options: SelectedContractsOptions
  #contracts: readonly SelectableContract[] = []
  #readAt = -Infinity
  #centres: ReadonlyMap<string, number> = new Map()
  #symbols: readonly string[] = []
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: SelectedContractsOptions) {
    this.#options = options
    if (options.selection.rules.length > 0) void this.#keep()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #keep(): Promise<void> {
    try {
      await this.#select()
    } catch (err) {
      this.#options.log.warn({ err }, 'the derivatives to be streamed cannot be selected anew; those before stay')
    }
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#keep(), this.#options.everyMs ?? EVERY_MS)
  }

  async #select(): Promise<void> {
    const { selection, listed, spotOf, changed, log, now } = this.#options
    const underlyings = selection.rules.map(({ underlying }) => underlying)
    // Before the first master file there is nothing, and it comes soon.
    if (this.#contracts.length === 0 || now() - this.#readAt >= READ_EVERY_MS) {
      this.#contracts = await listed(underlyings)
      this.#readAt = now()
    }
    const spots = await Promise.all(
      underlyings.map((symbol) => spotOf(pricedAs(symbol, this.#contracts, now())).catch(() => undefined))
    )
    if (this.#isClosed) return
    const known = underlyings.flatMap((symbol, at) => (spots[at] === undefined ? [] : [[symbol, spots[at]] as const]))
    const { symbols, centres } = selectDerivatives({
      ...selection,
      contracts: this.#contracts,
      spots: new Map(known),
      centres: this.#centres,
      now: now()
    })
    const [before, after] = [new Set(this.#symbols), new Set(symbols)]
    this.#centres = new Map([...this.#centres, ...centres])
    this.#symbols = symbols
    const added = symbols.filter((symbol) => !before.has(symbol))
    const removed = [...before].filter((symbol) => !after.has(symbol))
    if (added.length === 0 && removed.length === 0) return
    log.info(
      { selected: after.size, added: added.length, removed: removed.length },
      'other derivatives are to be streamed'
    )
    changed(added, removed)
  }
}

/** Options on commodities are on futures, and strikes lie around the price of the next one. */
function pricedAs(underlying: string, contracts: readonly SelectableContract[], now: number): string {
  const future = isCommodity(underlying) ? nearestFuture(contracts, underlying, now) : undefined
  return future?.symbol ?? underlying
}
