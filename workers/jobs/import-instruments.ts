import { exchangeNamed } from '../../src/market/exchanges.ts'
import type { MasterExchange } from '../../src/market/instrument-master.ts'
import type { ListedInstrument } from '../../src/market/instrument.ts'
import { lastTradingInstant } from '../../src/market/option-expiry.ts'
import type { SessionClock } from '../../src/market/session-clock.ts'
import { isoOf } from '../../src/market/time.ts'
import { dateIn } from '../../src/market/zoned-time.ts'
import { listedInstrument, MasterRowProblem } from '../../src/providers/upstox/master.ts'
import { masterRows } from '../../src/providers/upstox/master-file.ts'
import { skipped, type Handler, type JobContext, type Run } from '../handler.ts'

const VENDOR = 'upstox'
/** Of one statement. */
const BATCH_ROWS = 5000
/** So many different faults of rows are told. */
const MAX_PROBLEMS = 5

/**
 * Takes over the master files of exchanges, each as a whole or not at all. A file that fails leaves the others alone; the run
 * fails with the reason, to be tried again.
 */
export const importInstruments: Handler<'import-instruments'> = async (payload, context, run) => {
  const { exchanges = context.config.masters.exchanges, acceptsLoss = false } = payload
  if (exchanges.length === 0) return skipped('UPSTOX_MASTERS names no exchange')
  const outcomes: Outcome[] = []
  const reasons: string[] = []
  for (const exchange of exchanges) {
    try {
      outcomes.push(await importExchange(exchange, acceptsLoss, context, run))
    } catch (error) {
      run.signal.throwIfAborted()
      reasons.push(error instanceof Error ? error.message : String(error))
    }
    await run.progress({ done: outcomes.length + reasons.length, total: exchanges.length, exchange })
  }
  const notes = outcomes.map(({ note }) => note)
  if (reasons.length > 0)
    throw new Error([...reasons.map((each) => `${each}; what it listed stays`), ...notes].join('. '))
  return {
    items: outcomes.reduce((sum, { items }) => sum + items, 0),
    failures: outcomes.reduce((sum, { failures }) => sum + failures, 0),
    note: notes.join('. ')
  }
}

type Outcome = { readonly items: number; readonly failures: number; readonly note: string }

async function importExchange(
  exchange: MasterExchange,
  acceptsLoss: boolean,
  { config, stores, clock, now, log }: JobContext,
  { signal }: Run
): Promise<Outcome> {
  const { mic, timeZone } = exchangeNamed(exchange)!
  const readAt = now()
  const day = dateIn(timeZone, readAt)
  const listing = new Listing(exchange, day, clock)
  const rows = masterRows({ baseUrl: config.masters.baseUrl, exchange, signal })
  const { listed, repeated, ...counts } = await stores.masters.import(
    { vendor: VENDOR, mic: mic!, day, readAt, acceptsLoss },
    listing.batches(rows)
  )
  log.info({ exchange, listed, repeated, ...counts, ...listing.leftOut }, 'a master file was imported')
  const told = Object.entries({ ...counts, repeated, ...listing.leftOut }).filter(([, count]) => count > 0)
  return {
    items: listed,
    failures: listing.failures + repeated,
    note: `${exchange}: ${[`${listed} listed`, ...told.map(([what, count]) => `${count} ${what}`)].join(', ')}`
  }
}

/** The rows of a file as instruments, and how many of them are none. */
class Listing {
  readonly #exchange: MasterExchange
  readonly #day: string
  readonly #clock: SessionClock
  readonly #endOf = new Map<string, string | undefined>()
  readonly #problems = new Map<string, number>()
  #expired = 0

  constructor(exchange: MasterExchange, day: string, clock: SessionClock) {
    this.#exchange = exchange
    this.#day = day
    this.#clock = clock
  }

  /** Rows of contracts that ended before the day, and rows by what is wrong with them. */
  get leftOut(): Record<string, number> {
    const told = [...this.#problems].toSorted(([, a], [, b]) => b - a).slice(0, MAX_PROBLEMS)
    return { expired: this.#expired, ...Object.fromEntries(told) }
  }

  get failures(): number {
    return [...this.#problems.values()].reduce((sum, count) => sum + count, 0)
  }

  async *batches(pieces: AsyncIterable<readonly unknown[]>): AsyncGenerator<ListedInstrument[], void> {
    let batch: ListedInstrument[] = []
    for await (const piece of pieces) {
      for (const row of piece) {
        const instrument = this.#read(row)
        if (instrument) batch.push(instrument)
      }
      if (batch.length < BATCH_ROWS) continue
      yield batch
      batch = []
    }
    yield batch
  }

  #read(row: unknown): ListedInstrument | undefined {
    const instrument = listedInstrument(row, this.#exchange)
    if (instrument instanceof MasterRowProblem) {
      const { problem } = instrument
      this.#problems.set(problem, (this.#problems.get(problem) ?? 0) + 1)
      return undefined
    }
    const { expiry } = instrument
    if (expiry === undefined) return instrument
    if (expiry < this.#day) {
      this.#expired++
      return undefined
    }
    const lastTradingAt = this.#lastTradingAt(instrument.symbol, expiry)
    return lastTradingAt === undefined ? instrument : { ...instrument, lastTradingAt }
  }

  /** The same for all contracts of one calendar that expire on one day. */
  #lastTradingAt(symbol: string, expiry: string): string | undefined {
    const key = `${this.#clock.hoursOf(symbol)?.calendar.exchange} ${expiry}`
    if (!this.#endOf.has(key)) {
      const end = lastTradingInstant(symbol, expiry, this.#clock)
      this.#endOf.set(key, end === undefined ? undefined : isoOf(end))
    }
    return this.#endOf.get(key)
  }
}
