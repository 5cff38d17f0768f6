import { heldRevisions, withdrawBars, writeBarUpdates, type BarName } from '../../db/bar-updates.ts'
import { barStatesOf, openBarStates, saveBarStates, type BarStateKey } from '../../db/bar-states.ts'
import type { CopyTransaction } from '../../db/copy.ts'
import type { InsertedTicks } from '../../db/tick-writes.ts'
import { standingTrades } from '../../db/ticks.ts'
import { BarBuilder, type Outdated } from '../../src/bars/bar-builder.ts'
import { Reason, REASONS, type BarChange, type PublishedBar, type Figures } from '../../src/bars/bar-change.ts'
import { dayOfTrade, timeOfTrade, type BarTrade } from '../../src/bars/bar-trade.ts'
import { BUILT_INTERVALS, DAILY, LENGTHS_MS, startOf } from '../../src/bars/intervals.ts'
import { bytesOf, doublesOf } from '../../src/bars/saved-series.ts'
import { dateOf } from '../../src/bars/series-names.ts'
import type { BarUpdate } from '../../src/market/event.ts'
import { regularEnd, sessionOn } from '../../src/market/session.ts'
import type { SessionClock } from '../../src/market/session-clock.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/market/time.ts'
import { nameOf, updateOf, withdrawalOf } from './bar-telling.ts'

/** Bars that are not final yet are written so often. */
const PROVISIONAL_EVERY_MS = 5000
/** The last place on Earth where a day ends, for listings whose calendar nobody knows. */
const LAST_DAY_END_MS = DAY_MS + 12 * HOUR_MS

/** Of a feed of which nothing came yet: vendors delay by a quarter of an hour. */
const UNKNOWN_OFFSET_MS = -20 * MINUTE_MS

type Series = BarStateKey & { readonly symbol: string }

/**
 * The bars of the trades of one shard, made on from what the last transaction left. Whatever fails after `take`, what is held
 * is to be forgotten: it is loaded again from what was committed.
 */
export class TradeBars {
  readonly #clock: SessionClock
  #builder = new BarBuilder()
  #series: Series[] = []
  readonly #numbers = new Map<string, number>()
  /** By instrument, the series whose trade came last. */
  #lastOf: number[] = []
  /** Series whose state the next transaction writes. */
  readonly #touched = new Set<number>()
  /** By feed: how far behind the log its newest trade was that came soonest; at most 0, ms. */
  readonly #offsets = new Map<string, number>()
  /** Ends of regular sessions, by exchange and day, since provisional bars were written: calendars may be replaced. */
  readonly #dayEnds = new Map<string, number>()
  /** When bars were last written although they were not final, on the log's clock. */
  #provisionalAt = -Infinity

  constructor(clock: SessionClock) {
    this.#clock = clock
  }

  forget(): void {
    this.#builder = new BarBuilder()
    this.#series = []
    this.#numbers.clear()
    this.#lastOf = []
    this.#touched.clear()
    this.#dayEnds.clear()
    this.#provisionalAt = -Infinity
  }

  /** Loads the series of a shard that have bars which are not final yet. */
  async resume(tx: CopyTransaction, isOfShard: (symbol: string) => boolean): Promise<void> {
    const open = await openBarStates(tx)
    await this.#know(
      tx,
      open.filter(({ symbol }) => isOfShard(symbol))
    )
  }

  /** Takes what was inserted, and makes anew what of before it changes. `appendedAt`: of the newest of it, epoch ms. */
  async take(tx: CopyTransaction, inserted: InsertedTicks, symbols: ReadonlyMap<number, string>, appendedAt: number) {
    const { trades, changed } = inserted
    const unknown = [
      ...trades.filter(({ instrumentId, tick }) => this.#numberOf(instrumentId, tick) === undefined),
      ...changed
    ].map((each) => {
      const { source, feed } = 'tick' in each ? each.tick : each
      const { instrumentId } = each
      return { instrumentId, source, feed, symbol: symbols.get(instrumentId)! }
    })
    await this.#know(tx, unknown)
    for (const report of trades) {
      if (report.kind !== 'trade') continue
      const { instrumentId, tick, isBackfilled } = report
      const series = this.#numberOf(instrumentId, tick)!
      this.#builder.add(series, tick, isBackfilled ? Reason.backfilled : Reason.late)
      this.#touched.add(series)
      if (!isBackfilled) this.#heard(`${tick.source} ${tick.feed}`, Math.min(0, tick.asOf.ms - appendedAt))
    }
    for (const trade of changed) {
      const series = this.#numbers.get(keyOf(trade))!
      this.#builder.invalidate(
        series,
        { ms: trade.ms, day: dayOfTrade(trade) },
        trade.kind === 'cancel' ? Reason.cancelled : Reason.corrected
      )
      this.#touched.add(series)
    }
  }

  /**
   * Whether bars are to be written by an instant of the log (epoch ms), for time has passed. Looking changes what is held: `write`
   * must follow.
   */
  due(at: number): BarChange[] {
    return this.#flush(at)
  }

  /** Writes what is to be told of bars by an instant of the log, and the states of what was touched. Returns what is to be told. */
  async write(tx: CopyTransaction, at: number, due: BarChange[] = []): Promise<BarUpdate['data'][]> {
    const rebuilt = await this.#rebuild(tx)
    const changes = [...due, ...this.#flush(at)]
    for (const { series } of changes) this.#touched.add(series)
    const told = await this.#tell(tx, changes, at)
    // Bars that are out of memory are held in Postgres, with what was told of them.
    const corrected = await this.#corrected(tx, rebuilt, at)
    told.push(...(await this.#tell(tx, corrected, at)))
    await saveBarStates(
      tx,
      Array.from(this.#touched, (series) => ({
        ...pick(this.#series[series]!),
        isOpen: this.#builder.isPending(series),
        state: bytesOf(this.#builder.save(series))
      }))
    )
    this.#touched.clear()
    return told
  }

  #flush(at: number): BarChange[] {
    const provisional = at - this.#provisionalAt >= PROVISIONAL_EVERY_MS
    if (provisional) {
      this.#provisionalAt = at
      this.#dayEnds.clear()
    }
    return this.#builder.flush({
      heardUntil: (series) => this.#heardUntil(series, at),
      endOfDay: (series, day) => this.#endOfDay(this.#series[series]!.symbol, day),
      provisional
    })
  }

  /** Of trades of an instrument the next one mostly is of the same feed. */
  #numberOf(instrumentId: number, { source, feed }: Pick<BarStateKey, 'source' | 'feed'>): number | undefined {
    const last = this.#lastOf[instrumentId]
    if (last !== undefined) {
      const held = this.#series[last]!
      if (held.source === source && held.feed === feed) return last
    }
    const number = this.#numbers.get(keyOf({ instrumentId, source, feed }))
    if (number !== undefined) this.#lastOf[instrumentId] = number
    return number
  }

  #heard(feed: string, offset: number): void {
    if (offset > (this.#offsets.get(feed) ?? -Infinity)) this.#offsets.set(feed, offset)
  }

  /** A feed tells all it has of an instant once it has told something later, or as much later as it always does. */
  #heardUntil(series: number, at: number): number {
    const { source, feed } = this.#series[series]!
    return at + (this.#offsets.get(`${source} ${feed}`) ?? UNKNOWN_OFFSET_MS)
  }

  async #know(tx: CopyTransaction, keys: readonly Series[]): Promise<void> {
    const unknown = new Map<string, Series>()
    for (const key of keys) if (!this.#numbers.has(keyOf(key))) unknown.set(keyOf(key), key)
    if (unknown.size === 0) return
    const held = new Map((await barStatesOf(tx, [...unknown.values()])).map((row) => [keyOf(row), row.state]))
    for (const [name, key] of unknown) {
      const state = held.get(name)
      this.#numbers.set(name, this.#builder.addSeries(state && doublesOf(state)))
      this.#series.push({ ...pick(key), symbol: key.symbol })
    }
  }

  /** The bars of which the builder does not know what was told. */
  async #rebuild(tx: CopyTransaction): Promise<(Outdated & { figures: Figures | undefined })[]> {
    const rebuilt: (Outdated & { figures: Figures | undefined })[] = []
    const ofHours = new Map<string, readonly BarTrade[]>()
    for (const outdated of this.#builder.takeOutdated()) {
      const { level, start } = outdated
      const key = this.#series[outdated.series]!
      let trades: readonly BarTrade[]
      if (level === DAILY) {
        trades = await standingTrades(tx, key, { tradeDate: dateOf(start) })
      } else {
        // Shorter bars lie in the hour that is made anew with them, mostly.
        const from = Math.floor(start / HOUR_MS) * HOUR_MS
        const hour = `${outdated.series} ${from}`
        const held = ofHours.get(hour) ?? (await standingTrades(tx, key, { from, to: from + HOUR_MS }))
        ofHours.set(hour, held)
        trades = held.filter((trade) => startOf(level, timeOfTrade(trade)) === start)
      }
      const made = this.#builder.rebuild(outdated, trades)
      if (made) rebuilt.push({ ...outdated, ...made })
      this.#touched.add(outdated.series)
    }
    return rebuilt
  }

  /** Bars that were made anew, by what Postgres holds of them. */
  async #corrected(
    tx: CopyTransaction,
    rebuilt: readonly (Outdated & { figures: Figures | undefined })[],
    at: number
  ): Promise<BarChange[]> {
    const places = rebuilt.map(({ series, level, start }) => ({ series, interval: BUILT_INTERVALS[level]!, start }))
    const held = await heldRevisions(
      tx,
      places.map((place) => this.#nameOf(place, at))
    )
    return rebuilt.map(({ figures, reason, level, start, series }, index) => {
      const place = places[index]!
      if (!figures) return { ...place, state: 'withdrawn' }
      const before = held[index]
      if (before && before.state !== 'provisional') {
        const revision = before.state === 'withdrawn' ? before.revision : before.revision + 1
        return { ...place, ...figures, state: 'corrected', revision, reason: REASONS[reason] }
      }
      const lengthMs = LENGTHS_MS[level]
      const end = lengthMs === undefined ? this.#endOfDay(this.#series[series]!.symbol, start) : start + lengthMs
      return { ...place, ...figures, state: end <= this.#heardUntil(series, at) ? 'final' : 'provisional', revision: 0 }
    })
  }

  async #tell(tx: CopyTransaction, changes: readonly BarChange[], at: number): Promise<BarUpdate['data'][]> {
    // One bar may have become final and, within the same time, been corrected: all of it is told, in order.
    const updates = changes
      .filter((change): change is PublishedBar => change.state !== 'withdrawn')
      .map((told) => updateOf(this.#nameOf(told, at), told))
    await writeBarUpdates(tx, updates)
    const gone = changes.filter(({ state }) => state === 'withdrawn').map((place) => this.#nameOf(place, at))
    const said = await withdrawBars(tx, gone)
    return [...updates, ...gone.flatMap((name, index) => withdrawalOf(name, said[index]))]
  }

  #nameOf({ series, interval, start }: Pick<BarChange, 'series' | 'interval' | 'start'>, at: number): BarName {
    return nameOf(this.#series[series]!, { interval, start }, at)
  }

  #endOfDay(symbol: string, day: number): number {
    const calendar = this.#clock.hoursOf(symbol)?.calendar
    const key = `${calendar?.exchange} ${day}`
    const known = this.#dayEnds.get(key)
    if (known !== undefined) return known
    const session = calendar && sessionOn(calendar, dateOf(day))
    const end = session ? regularEnd(session) : day * DAY_MS + LAST_DAY_END_MS
    this.#dayEnds.set(key, end)
    return end
  }
}

const keyOf = ({ instrumentId, source, feed }: BarStateKey): string => `${instrumentId} ${source} ${feed}`
const pick = ({ instrumentId, source, feed }: BarStateKey): BarStateKey => ({ instrumentId, source, feed })
