/** TWS's own connection to IBKR's servers. */
const LOST: ReadonlySet<number> = new Set([1100, 2110])
const RESTORED_WITHOUT_DATA = 1101
const RESTORED = 1102
/** A farm is a group of servers that some exchanges' market data comes from; the text ends with its name. */
const FARM_BROKEN = 2103
const FARM_WELL = 2104

/** What becomes of the lines that are there. `doubtful`: some may stay silent. */
export type LinesAre = 'kept' | 'gone' | 'doubtful'

/** Whether TWS itself receives what it tells. While it does not, the connection to it stays. */
export class Interruptions {
  #isCutOff = false
  readonly #brokenFarms = new Set<string>()

  /** Nothing that is asked of TWS now has an answer that counts. */
  get isCutOff(): boolean {
    return this.#isCutOff
  }

  /** Why data may be missing now; undefined where all is well. */
  get text(): string | undefined {
    if (this.#isCutOff) return 'TWS has lost its connection to IBKR'
    if (this.#brokenFarms.size === 0) return undefined
    return `TWS has lost the market data farm ${[...this.#brokenFarms].join(', ')}`
  }

  /** Undefined where the code says nothing of that, or nothing new. */
  said(code: number, text: string): { readonly linesAre: LinesAre } | undefined {
    const farm = text.slice(text.lastIndexOf(':') + 1).trim()
    if (LOST.has(code)) {
      this.#isCutOff = true
      return { linesAre: 'kept' }
    }
    if (code === FARM_BROKEN) {
      this.#brokenFarms.add(farm)
      return { linesAre: 'kept' }
    }
    if (code === FARM_WELL) return this.#brokenFarms.delete(farm) ? { linesAre: 'doubtful' } : undefined
    if (code !== RESTORED && code !== RESTORED_WITHOUT_DATA) return undefined
    this.#isCutOff = false
    return { linesAre: code === RESTORED ? 'kept' : 'gone' }
  }
}
