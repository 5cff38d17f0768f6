import { MINUTE_MS } from '../market/time.ts'
import { movesInSession } from '../market/trade-conditions.ts'
import { figuresOf, isChanged, Reason, tell, type BarChange, type Figures } from './bar-change.ts'
import { addRow, addTrade, clearFigures, clearRow, Field, FIELDS, hasPrice, isEmpty, Published } from './bar-row.ts'
import { dayOfTrade, NO_DAY, timeOfTrade, type BarTrade, type TradeTime } from './bar-trade.ts'
import { BUILT_INTERVALS, DAILY, LENGTHS_MS, startOf } from './intervals.ts'

const LEVELS = BUILT_INTERVALS.length
/** A bar is final so long after its interval: venues report their trades that much later than one another. */
export const GRACE_MS = 2000

/** What a series has in memory: of each interval the newest bar, without what is still below it, and the one before. */
const CURRENT = 0
const PREVIOUS = LEVELS * FIELDS
const SERIES = 2 * LEVELS * FIELDS
/** Of a cell, in which nothing is told: the day of its trades. */
const CELL_DAY = Field.published
/** Fields of a cell: 128 bytes. */
const CELL = 16
const FIRST_CAPACITY = 64

/** A bar that is out of memory, or that a correction concerns: it is made again of all of its trades. */
export type Outdated = {
  readonly series: number
  readonly level: number
  readonly start: number
  readonly reason: Reason
}

export type FlushOptions = {
  /** Up to which instant (epoch milliseconds) the trades of a series can be taken to have come. */
  readonly heardUntil: (series: number) => number
  /** When the regular session of a day (since 1970) ends, epoch milliseconds. */
  readonly endOfDay: (series: number, day: number) => number
  /** Whether bars are told while their interval runs. */
  readonly provisional: boolean
}

/**
 * Makes bars of trades, in event time and in whichever order they come. Each trade is added once. Trades of the newest minute,
 * and those of the one before, cost no look at others. A series is a number, from 0 on: a symbol of a feed.
 */
export class BarBuilder {
  /** Of each series the part of its newest minute that trades are added to; apart, so that those of many series are at hand. */
  #cells = new Float64Array(FIRST_CAPACITY * CELL)
  #rows = new Float64Array(FIRST_CAPACITY * SERIES)
  #series = 0
  /** Series of which something is to be told. */
  readonly #pending = new Set<number>()
  readonly #closed: BarChange[] = []
  readonly #outdated = new Map<string, Outdated>()
  /** Used by one flush at a time. */
  readonly #view = new Float64Array(FIELDS)

  /** Adds a series and returns its number; with what `save` gave of it, it goes on from there. */
  addSeries(saved?: Float64Array): number {
    const series = this.#series++
    if (this.#series * SERIES > this.#rows.length) {
      this.#rows = grown(this.#rows)
      this.#cells = grown(this.#cells)
    }
    for (let at = series * SERIES; at < (series + 1) * SERIES; at += FIELDS) clearRow(this.#rows, at, Number.NaN)
    clearFigures(this.#cells, series * CELL, Number.NaN)
    this.#cells[series * CELL + CELL_DAY] = NO_DAY
    if (saved) this.#restore(series, saved)
    return series
  }

  /** `reason`: why final bars change by it. */
  add(series: number, trade: BarTrade, reason: Reason = Reason.late): void {
    const cells = this.#cells
    const cell = series * CELL
    const { ms } = trade.asOf
    const day = dayOfTrade(trade)
    const offset = ms - cells[cell + Field.start]!
    const isInCell = offset >= 0 && offset < MINUTE_MS && cells[cell + CELL_DAY] === day
    if (isInCell && cells[cell + Field.trades] !== 0) return addTrade(cells, cell, trade, movesInSession(trade))
    this.#pending.add(series)
    if (isInCell || this.#open(series, offset, { ms, day })) addTrade(cells, cell, trade, movesInSession(trade))
    else this.#addLate(series, trade, { ms, day }, reason)
  }

  /** Notes that a trade no longer counts, or counts although it was not added: its bars are outdated until they are rebuilt. */
  invalidate(series: number, trade: TradeTime, reason: Reason): void {
    const offset = trade.ms - this.#cells[series * CELL + Field.start]!
    if (!(offset < MINUTE_MS)) this.#open(series, offset, trade)
    this.#openDay(series, trade.day)
    for (let level = 0; level < LEVELS; level++) {
      const start = startOf(level, trade)
      if (start === NO_DAY) continue
      this.#outdated.set(`${series} ${level} ${start}`, { series, level, start, reason })
    }
    this.#pending.add(series)
  }

  /** The bars that are to be made again. Whoever takes them rebuilds each, and then flushes. */
  takeOutdated(): Outdated[] {
    for (const series of this.#pending) this.#closeCell(series)
    const outdated = [...this.#outdated.values()]
    this.#outdated.clear()
    return outdated
  }

  /**
   * Makes a bar again of all trades of its interval. Undefined where it is in memory, and told with the others by the next
   * flush; otherwise what the trades come to, whose state and revision the caller knows.
   */
  rebuild({ series, level, start, reason }: Outdated, trades: Iterable<BarTrade>): Rebuilt | undefined {
    const rows = this.#rows
    const base = series * SERIES
    const [current, previous] = [base + CURRENT + level * FIELDS, base + PREVIOUS + level * FIELDS]
    this.#pending.add(series)
    const held = [current, previous].find((at) => rows[at + Field.start] === start)
    if (held === undefined) return rebuilt(trades)
    this.#closeCell(series)
    clearFigures(rows, held, start)
    for (const trade of trades) {
      if (held === previous || this.#isAbove(base, level, trade)) addTrade(rows, held, trade, movesInSession(trade))
    }
    rows[held + Field.publishedTrades] = -1
    rows[held + Field.reason] = reason
    return undefined
  }

  /** What there is to tell, bar by bar in the order of their intervals. */
  flush(options: FlushOptions): BarChange[] {
    const changes = this.#closed.splice(0)
    for (const series of this.#pending) {
      if (this.#flushSeries(series, options, changes)) this.#pending.delete(series)
    }
    return changes
  }

  /** Whether something of a series is left to be told later. */
  isPending(series: number): boolean {
    return this.#pending.has(series)
  }

  /** What a series must be told to go on elsewhere. */
  save(series: number): Float64Array {
    this.#closeCell(series)
    const rows = this.#rows
    const base = series * SERIES
    const cell = series * CELL
    const held: number[] = [this.#cells[cell + Field.start]!, this.#cells[cell + CELL_DAY]!]
    for (let at = 0; at < SERIES; at += FIELDS) {
      const published = rows[base + at + Field.published]
      const isSettled = at >= PREVIOUS && published === Published.final && !isChanged(rows, base + at)
      // All trades of a bar that was told may still be below it.
      const isKnown =
        !isEmpty(rows, base + at) || published !== Published.nothing || rows[base + at + Field.revision] !== 0
      // Which day is the newest, no other row tells.
      const isDay = at === CURRENT + DAILY * FIELDS && !Number.isNaN(rows[base + at + Field.start])
      if ((isKnown && !isSettled) || isDay) held.push(at, ...rows.subarray(base + at, base + at + FIELDS))
    }
    return Float64Array.from(held)
  }

  #restore(series: number, saved: Float64Array): void {
    const rows = this.#rows
    const base = series * SERIES
    const start = saved[0]!
    this.#cells[series * CELL + Field.start] = start
    this.#cells[series * CELL + CELL_DAY] = saved[1]!
    for (let level = 0; level < DAILY; level++) {
      rows[base + CURRENT + level * FIELDS] = Math.floor(start / LENGTHS_MS[level]!) * LENGTHS_MS[level]!
    }
    for (let at = 2; at < saved.length; at += 1 + FIELDS) {
      rows.set(saved.subarray(at + 1, at + 1 + FIELDS), base + saved[at]!)
    }
    this.#pending.add(series)
  }

  /** Lets the cell begin anew for a trade that is not behind the newest minute. */
  #open(series: number, offset: number, time: TradeTime): boolean {
    if (offset < 0) return false
    this.#closeCell(series)
    const cell = series * CELL
    this.#cells[cell + CELL_DAY] = time.day
    if (!(offset < MINUTE_MS)) {
      this.#cells[cell + Field.start] = startOf(0, time)
      for (let level = 0; level < DAILY; level++) {
        const start = startOf(level, time)
        if (this.#rows[series * SERIES + CURRENT + level * FIELDS] !== start) this.#roll(series, level, start)
      }
    }
    this.#openDay(series, time.day)
    return true
  }

  #openDay(series: number, day: number): void {
    const held = this.#rows[series * SERIES + CURRENT + DAILY * FIELDS]!
    if (day !== NO_DAY && !(day <= held)) this.#roll(series, DAILY, day)
  }

  #closeCell(series: number): void {
    const rows = this.#rows
    const cells = this.#cells
    const cell = series * CELL
    if (isEmpty(cells, cell)) return
    addRow(cells, cell, rows, series * SERIES + CURRENT)
    const current = series * SERIES + CURRENT + DAILY * FIELDS
    const previous = series * SERIES + PREVIOUS + DAILY * FIELDS
    const day = cells[cell + CELL_DAY]!
    if (day !== NO_DAY) {
      if (day === rows[current]) addRow(cells, cell, rows, current)
      else if (day === rows[previous]) addRow(cells, cell, rows, previous)
      else this.#outdate(series, DAILY, day, Reason.late)
    }
    clearFigures(cells, cell, cells[cell + Field.start]!)
  }

  /** The newest bar of an interval becomes the one before, and another begins. */
  #roll(series: number, level: number, start: number): void {
    const rows = this.#rows
    const current = series * SERIES + CURRENT + level * FIELDS
    const previous = series * SERIES + PREVIOUS + level * FIELDS
    if (!isEmpty(rows, current)) {
      if (level < DAILY - 1) addRow(rows, current, rows, current + FIELDS)
      if (!isEmpty(rows, previous)) {
        tell(rows, previous, { series, level }, { isOver: true, provisional: false }, this.#closed)
      }
      rows.copyWithin(previous, current, current + FIELDS)
    }
    clearRow(rows, current, start)
  }

  /** A trade of a minute before the newest: it is added where a bar is still the newest one, and goes up from there. */
  #addLate(series: number, trade: BarTrade, time: TradeTime, reason: Reason): void {
    const current = series * SERIES + CURRENT
    const isOver = (level: number) => this.#rows[current + level * FIELDS] !== startOf(level, time)
    const moves = movesInSession(trade)
    let level = 0
    for (; level < DAILY && isOver(level); level++)
      this.#addBehind(series, level, startOf(level, time), trade, moves, reason)
    if (level < DAILY) addTrade(this.#rows, current + level * FIELDS, trade, moves)
    if (time.day === NO_DAY) return
    this.#openDay(series, time.day)
    if (isOver(DAILY)) this.#addBehind(series, DAILY, time.day, trade, moves, reason)
    else addTrade(this.#rows, current + DAILY * FIELDS, trade, moves)
  }

  #addBehind(series: number, level: number, start: number, trade: BarTrade, moves: number, reason: Reason): void {
    const previous = series * SERIES + PREVIOUS + level * FIELDS
    if (this.#rows[previous] !== start) return this.#outdate(series, level, start, reason)
    addTrade(this.#rows, previous, trade, moves)
    this.#rows[previous + Field.reason] = reason
  }

  #outdate(series: number, level: number, start: number, reason: Reason): void {
    const key = `${series} ${level} ${start}`
    if (!this.#outdated.has(key)) this.#outdated.set(key, { series, level, start, reason })
  }

  /** Whether a trade of the newest bar of an interval is in none of the shorter ones that are still open. */
  #isAbove(base: number, level: number, trade: BarTrade): boolean {
    if (level === 0 || level === DAILY) return true
    return startOf(level - 1, timeOfTrade(trade)) !== this.#rows[base + CURRENT + (level - 1) * FIELDS]
  }

  /** Whether nothing of the series is left to be told later. */
  #flushSeries(series: number, options: FlushOptions, changes: BarChange[]): boolean {
    const rows = this.#rows
    const base = series * SERIES
    const heardUntil = options.heardUntil(series)
    const { provisional } = options
    const view = this.#view
    this.#closeCell(series)
    let isSettled = true
    for (let level = 0; level < LEVELS; level++) {
      const isOver = (start: number) => {
        const end = level === DAILY ? options.endOfDay(series, start) : start + LENGTHS_MS[level]!
        return end + GRACE_MS <= heardUntil
      }
      for (const at of [base + PREVIOUS + level * FIELDS, base + CURRENT + level * FIELDS]) {
        const start = rows[at]!
        if (Number.isNaN(start)) continue
        view.set(rows.subarray(at, at + FIELDS))
        if (at < base + PREVIOUS && level < DAILY) {
          for (let below = 0; below < level; below++) addRow(rows, base + CURRENT + below * FIELDS, view, 0)
        }
        const settled = tell(view, 0, { series, level }, { isOver: isOver(start), provisional }, changes)
        rows.set(view.subarray(Field.published), at + Field.published)
        isSettled &&= settled || isEmpty(view, 0)
      }
    }
    return isSettled
  }
}

/** What the trades of an interval come to; undefined where none of them may move the price. */
export type Rebuilt = { readonly figures: Figures | undefined }

function rebuilt(trades: Iterable<BarTrade>): Rebuilt {
  const row = new Float64Array(FIELDS)
  clearRow(row, 0, 0)
  for (const trade of trades) addTrade(row, 0, trade, movesInSession(trade))
  return { figures: hasPrice(row, 0) ? figuresOf(row, 0) : undefined }
}

function grown(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const twice = new Float64Array(array.length * 2)
  twice.set(array)
  return twice
}
