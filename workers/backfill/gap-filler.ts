import type { GapFill, GapInstrument } from '../../db/gap-fills.ts'
import type { Gap } from '../../db/gaps.ts'
import type { Stores } from '../../db/stores.ts'
import type { Intake } from '../../src/intake/intake.ts'
import type { EventLog } from '../../src/log/log.ts'
import { shardOf } from '../../src/log/shard.ts'
import type { Bar } from '../../src/market/bar.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import { DAY_MS, HOUR_MS, isoOf, MINUTE_MS } from '../../src/market/time.ts'
import type { Trade } from '../../src/market/trade.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import type { History, HistoryWay } from '../../src/streams/history.ts'
import { NotNowError, type AskedHistory } from './asked-history.ts'
import { persisted } from './persisted.ts'

/** What a vendor refuses for so long, and so often, it is not going to give: then the gap is unfillable. */
const GIVE_UP_AFTER_MS = 3 * DAY_MS
/** By then it was tried for more than half a day, however long ago the gap was. */
const GIVE_UP_AFTER_TRIES = 10
/** Before the second try; doubles from then on. */
const FIRST_RETRY_MS = MINUTE_MS
const MAX_RETRY_MS = 6 * HOUR_MS
/** Persist reads what was appended within seconds; while it does not run, no gap is filled. */
const PERSISTED_WITHIN_MS = 30_000
/** Of the bars of one gap: a vendor that names further ones without end has none. */
const MAX_BAR_PAGES = 100
const OF_A_GAP = 'fetched for a gap in what was streamed'

export type GapFillerOptions = {
  readonly history: AskedHistory
  readonly stores: Pick<Stores, 'bars' | 'gaps' | 'gapFills' | 'logCursors'>
  readonly eventLog: EventLog
  readonly intake: Pick<Intake, 'accept'>
  readonly now: () => number
  /** How long one gap may be worked on while others wait: then it is taken up again behind them. */
  readonly turnMs: number
}

/** What came of one try. */
export type FillOutcome = { readonly state: 'filled' | 'unfillable' | 'open'; readonly trades: number }

/**
 * Fills gaps of one vendor's streams, instrument by instrument. What it fetched goes through the log to whoever writes trades and
 * makes bars of them; an instrument is done once Postgres has it. Done again after a crash it changes nothing: trades that are
 * held are recognised by their identity.
 */
export class GapFiller {
  readonly #options: GapFillerOptions

  constructor(options: GapFillerOptions) {
    this.#options = options
  }

  /** Rejects with the signal's reason, and where Postgres or the log is away; then the gap is taken up by the next run. */
  async fill(gap: Gap, given: AbortSignal): Promise<FillOutcome> {
    const { stores, turnMs, now } = this.#options
    const { gaps, gapFills } = stores
    const turn = AbortSignal.timeout(turnMs)
    const signal = AbortSignal.any([given, turn])
    if (gap.state === 'open') await gaps.move(gap.id, 'open', 'filling')
    let trades = 0
    try {
      for (const instrument of await gapFills.left(gap)) {
        signal.throwIfAborted()
        const fill = await this.#fillInstrument(gap, instrument, signal)
        await gapFills.done(gap.id, instrument.instrumentId, fill)
        if ('trades' in fill) trades += fill.trades
      }
    } catch (err) {
      const error = turn.aborted && !given.aborted ? new NotNowError('others had their turn', now() + turnMs) : err
      if (!(error instanceof ProviderError || error instanceof NotNowError)) throw error
      return { state: await this.#leave(gap, error), trades }
    }
    return { state: await this.#close(gap), trades }
  }

  async #close({ id }: Gap): Promise<'filled' | 'unfillable'> {
    const { gaps, gapFills } = this.#options.stores
    const { filled, trades, bars, unfillable, reason } = await gapFills.summary(id)
    if (unfillable === 0) {
      const what = bars > 0 ? `${bars} bars of the vendor, which sells no such trades,` : `${trades} trades`
      await gaps.move(id, 'filling', 'filled', `${what} of ${filled} instruments`)
      return 'filled'
    }
    await gaps.move(id, 'filling', 'unfillable', `${unfillable} of ${filled + unfillable} instruments: ${reason}`)
    return 'unfillable'
  }

  /** It is tried again later, unless it was refused for long enough. */
  async #leave({ id, untilAt, tries }: Gap, error: ProviderError | NotNowError): Promise<'open' | 'unfillable'> {
    const { stores, now } = this.#options
    const isRefused = error instanceof ProviderError && error.kind !== 'unavailable'
    const isLongAgo = now() - Date.parse(untilAt!) > GIVE_UP_AFTER_MS
    if (isRefused && isLongAgo && tries + 1 >= GIVE_UP_AFTER_TRIES) {
      await stores.gaps.move(id, 'filling', 'unfillable', error.message)
      return 'unfillable'
    }
    const nextTryAt =
      error instanceof NotNowError ? error.opensAt : now() + Math.min(FIRST_RETRY_MS * 2 ** tries, MAX_RETRY_MS)
    await stores.gaps.postpone(id, isoOf(nextTryAt), error.message)
    return 'open'
  }

  async #fillInstrument(gap: Gap, instrument: GapInstrument, signal: AbortSignal): Promise<GapFill> {
    const { history, now } = this.#options
    const ways = history.ways(gap.feed, instrument.symbol)
    if (ways.length === 0) return { reason: `${history.name} sells no trades of it of before` }
    const ageMs = now() - Date.parse(gap.untilAt!)
    let refusal: ProviderError | undefined
    for (const way of ways) {
      if (ageMs < way.minAgeMs) {
        const opensAt = Date.parse(gap.untilAt!) + way.minAgeMs
        throw new NotNowError(`${way.name} has nothing younger than ${way.minAgeMs / MINUTE_MS} minutes`, opensAt)
      }
      try {
        return history.trades
          ? { via: way.name, trades: await this.#fetchTrades(history.trades, gap, instrument, way, signal) }
          : { via: way.name, bars: await this.#fetchBars(gap, instrument, way, signal) }
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error
        if (error.kind === 'not_found') return { reason: error.message }
        if (error.kind !== 'not_covered') throw error
        refusal = error
      }
    }
    throw refusal!
  }

  /**
   * Returns how many trades there were. Of what nobody writes down no more than a page is appended. Goes on where an earlier
   * turn ended: not by its page, which vendors forget, but from the last instant that is written down.
   */
  async #fetchTrades(
    ask: NonNullable<History['trades']>,
    gap: Gap,
    instrument: GapInstrument,
    way: HistoryWay,
    signal: AbortSignal
  ): Promise<number> {
    const { history, stores } = this.#options
    const { symbol, instrumentId } = instrument
    const from = Date.parse(gap.fromAt)
    const begun = await stores.gapFills.progress(gap.id, instrumentId, way.name)
    const progress = { via: way.name, trades: begun?.trades ?? 0, reached: begun?.reached ?? from }
    const range = { from: progress.reached, until: Date.parse(gap.untilAt!) }
    const pages = new Set<string>()
    let { trades } = progress
    let page: string | undefined
    do {
      await this.#written(symbol, signal)
      if (progress.reached > range.from) await stores.gapFills.reach(gap.id, instrumentId, progress)
      const asked = { symbol, feed: gap.feed, ...range, way, ...(page !== undefined && { page }) }
      const answer = await ask(asked, signal)
      await this.#append(symbol, answer.items)
      const last = Date.parse(answer.items.at(-1)?.asOf ?? gap.fromAt)
      if (last > progress.reached) {
        progress.reached = last
        progress.trades = trades + answer.items.filter(({ asOf }) => Date.parse(asOf) < last).length
      }
      trades += answer.items.length
      page = answer.next
      if (page !== undefined && pages.has(page))
        throw new ProviderError(history.name, 'bad_payload', `${history.name} named a page twice`)
      if (page !== undefined) pages.add(page)
    } while (page !== undefined)
    if (trades > 0) await this.#written(symbol, signal)
    return trades
  }

  /**
   * The vendor's own bars of each minute that the gap touches, where trades of it cannot be told from those that are held. Those
   * of own making stay as they are: a series of the vendor's is another one. Returns how many there were.
   */
  async #fetchBars(gap: Gap, { symbol }: GapInstrument, way: HistoryWay, signal: AbortSignal): Promise<number> {
    const { history, stores, now } = this.#options
    const from = Math.floor(Date.parse(gap.fromAt) / MINUTE_MS) * MINUTE_MS
    const until = Math.ceil(Date.parse(gap.untilAt!) / MINUTE_MS) * MINUTE_MS
    if (until > now()) throw new NotNowError('the last minute of it is not over', until)
    const bars: Bar[] = []
    let page: string | undefined
    for (let pages = 0; pages < MAX_BAR_PAGES; pages++) {
      const asked = { symbol, interval: '1m', from, until, way, ...(page !== undefined && { page }) } as const
      const answer = await history.bars(asked, signal)
      bars.push(...answer.items)
      page = answer.next
      if (page === undefined) break
    }
    if (page !== undefined) throw new ProviderError(history.name, 'bad_payload', `${history.name} came to no end`)
    const { source, feed } = gap
    const receivedAt = isoOf(now())
    const provenance: Provenance = { source, feed, receivedAt, state: 'closed', attempts: [], notes: [OF_A_GAP] }
    await stores.bars.upsert({ symbol, interval: '1m', adjusted: 'none', bars, provenance })
    return bars.length
  }

  /** Waits until Postgres has what the log holds. Rejects with NotNowError where nobody writes it down. */
  async #written(symbol: string, signal: AbortSignal): Promise<void> {
    const { eventLog, stores, now } = this.#options
    const shard = shardOf(`trades:${symbol}`, eventLog.shards)
    const waiting = { timeoutMs: PERSISTED_WITHIN_MS, signal }
    if (await persisted(shard, { eventLog, logCursors: stores.logCursors }, waiting)) return
    throw new NotNowError('nobody writes what the log holds', now() + FIRST_RETRY_MS)
  }

  async #append(symbol: string, trades: readonly Trade[]): Promise<void> {
    const { intake, eventLog } = this.#options
    await eventLog.room()
    let appended: Promise<void> | undefined
    for (const trade of trades) {
      const verdict = intake.accept({ type: 'trade_backfill', data: { symbol, trade, timestamp: trade.asOf } })
      if (verdict.outcome === 'accepted') appended = verdict.appended
    }
    await appended
  }
}
