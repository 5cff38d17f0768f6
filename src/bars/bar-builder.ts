import { MINUTE_MS } from '../market/time.ts'
import { figuresOf, isChanged, Reason, tell, type BarChange, type Figures } from './bar-change.ts'
import { addRow, addTrade, clearFigures, clearRow, Field, FIELDS, hasPrice, isEmpty, Told } from './bar-row.ts'
import { NO_DAY, type BarTrade } from './bar-trade.ts'
import { BUILT_INTERVALS, DAILY, LENGTHS_MS, startOf } from './intervals.ts'

const LEVELS = BUILT_INTERVALS.length
/** A bar is final so long after its interval: venues report their trades that much later than one another. */
export const GRACE_MS = 2000

/**
 * What a series has in memory: the cell, which is the part of the newest minute that trades are added to, and of each interval
 * the newest bar, without what is still below it, and the one before.
 */
const CURRENT = FIELDS
const PREVIOUS = CURRENT + LEVELS * FIELDS
const SERIES = PREVIOUS + LEVELS * FIELDS
/** Of the cell, in which nothing is told: the day of its trades. */
const CELL_DAY = Field.told
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
      const grown = new Float64Array(this.#rows.length * 2)
      grown.set(this.#rows)
      this.#rows = grown
    }
    const base = series * SERIES
    for (let at = base; at < base + SERIES; at += FIELDS) clearRow(this.#rows, at, Number.NaN)
    this.#rows[base + CELL_DAY] = NO_DAY
    if (saved) this.#restore(series, saved)
    return series
  }

  add(series: number, trade: BarTrade): void {
    const cell = series * SERIES
    const offset = trade.ms - this.#rows[cell + Field.start]!
    const isInCell = offset >= 0 && offset < MINUTE_MS && this.#rows[cell + CELL_DAY] === trade.day
    if (isInCell || this.#open(cell, offset, trade)) addTrade(this.#rows, cell, trade)
    else this.#addLate(series, trade)
    this.#pending.add(series)
  }

  /** Notes that a trade no longer counts, or counts although it was not added: its bars are outdated until they are rebuilt. */
  invalidate(series: number, trade: Pick<BarTrade, 'ms' | 'day'>, reason: Reason): void {
    const cell = series * SERIES
    const offset = trade.ms - this.#rows[cell + Field.start]!
    if (!(offset < MINUTE_MS)) this.#open(cell, offset, trade)
    this.#openDay(cell, trade.day)
    for (let level = 0; level < LEVELS; level++) {
      const start = startOf(level, trade)
      if (start === NO_DAY) continue
      this.#outdated.set(`${series} ${level} ${start}`, { series, level, start, reason })
    }
    this.#pending.add(series)
  }

  /** The bars that are to be made again. Whoever takes them rebuilds each, and then flushes. */
  takeOutdated(): Outdated[] {
    for (const series of this.#pending) this.#closeCell(series * SERIES)
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
    this.#closeCell(base)
    clearFigures(rows, held, start)
    for (const trade of trades) if (held === previous || this.#isAbove(base, level, trade)) addTrade(rows, held, trade)
    rows[held + Field.toldTrades] = -1
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

  /** What a series must be told to go on elsewhere. */
  save(series: number): Float64Array {
    const base = series * SERIES
    this.#closeCell(base)
    const rows = this.#rows
    const held: number[] = [rows[base + Field.start]!, rows[base + CELL_DAY]!]
    for (let row = 1; row * FIELDS < SERIES; row++) {
      const at = base + row * FIELDS
      const isSettled = row * FIELDS >= PREVIOUS && rows[at + Field.told] === Told.final && !isChanged(rows, at)
      if (isEmpty(rows, at) || isSettled) continue
      held.push(row, ...rows.subarray(at, at + FIELDS))
    }
    return Float64Array.from(held)
  }

  #restore(series: number, saved: Float64Array): void {
    const rows = this.#rows
    const base = series * SERIES
    const start = saved[0]!
    rows[base + Field.start] = start
    rows[base + CELL_DAY] = saved[1]!
    for (let level = 0; level < DAILY; level++) {
      rows[base + CURRENT + level * FIELDS] = Math.floor(start / LENGTHS_MS[level]!) * LENGTHS_MS[level]!
    }
    for (let at = 2; at < saved.length; at += 1 + FIELDS) {
      rows.set(saved.subarray(at + 1, at + 1 + FIELDS), base + saved[at]! * FIELDS)
    }
    this.#pending.add(series)
  }

  /** Lets the cell begin anew for a trade that is not behind the newest minute. */
  #open(cell: number, offset: number, trade: Pick<BarTrade, 'ms' | 'day'>): boolean {
    if (offset < 0) return false
    this.#closeCell(cell)
    const rows = this.#rows
    rows[cell + CELL_DAY] = trade.day
    if (!(offset < MINUTE_MS)) {
      rows[cell + Field.start] = startOf(0, trade)
      for (let level = 0; level < DAILY; level++) {
        const start = startOf(level, trade)
        if (rows[cell + CURRENT + level * FIELDS] !== start) this.#roll(cell, level, start)
      }
    }
    this.#openDay(cell, trade.day)
    return true
  }

  #openDay(base: number, day: number): void {
    const held = this.#rows[base + CURRENT + DAILY * FIELDS]!
    if (day !== NO_DAY && !(day <= held)) this.#roll(base, DAILY, day)
  }

  #closeCell(base: number): void {
    const rows = this.#rows
    if (isEmpty(rows, base)) return
    addRow(rows, base, base + CURRENT)
    const day = base + CURRENT + DAILY * FIELDS
    const cellDay = rows[base + CELL_DAY]!
    if (cellDay === rows[day]) addRow(rows, base, day)
    else if (cellDay !== NO_DAY) this.#addDayBehind(base, cellDay)
    clearFigures(rows, base, rows[base + Field.start]!)
  }

  /** The newest bar of an interval becomes the one before, and another begins. */
  #roll(base: number, level: number, start: number): void {
    const rows = this.#rows
    const [current, previous] = [base + CURRENT + level * FIELDS, base + PREVIOUS + level * FIELDS]
    if (!isEmpty(rows, current)) {
      if (level < DAILY - 1) addRow(rows, current, current + FIELDS)
      if (!isEmpty(rows, previous))
        tell(rows, previous, { series: base / SERIES, level }, { isOver: true, provisional: false }, this.#closed)
      rows.copyWithin(previous, current, current + FIELDS)
    }
    clearRow(rows, current, start)
  }

  /** A trade of a minute before the newest: it is added where a bar is still the newest one, and goes up from there. */
  #addLate(series: number, trade: BarTrade): void {
    const rows = this.#rows
    const base = series * SERIES
    const isOver = (level: number) => rows[base + CURRENT + level * FIELDS] !== startOf(level, trade)
    let level = 0
    for (; level < DAILY && isOver(level); level++) this.#addTradeBehind(base, level, trade)
    if (level < DAILY) addTrade(rows, base + CURRENT + level * FIELDS, trade)
    if (trade.day === NO_DAY) return
    this.#openDay(base, trade.day)
    if (isOver(DAILY)) this.#addTradeBehind(base, DAILY, trade)
    else addTrade(rows, base + CURRENT + DAILY * FIELDS, trade)
  }

  #addTradeBehind(base: number, level: number, trade: BarTrade): void {
    const start = startOf(level, trade)
    const previous = base + PREVIOUS + level * FIELDS
    if (this.#rows[previous] === start) addTrade(this.#rows, previous, trade)
    else this.#outdate(base, level, start)
  }

  /** Adds the cell's trades to a day that is not the newest. */
  #addDayBehind(base: number, day: number): void {
    const previous = base + PREVIOUS + DAILY * FIELDS
    if (this.#rows[previous] === day) addRow(this.#rows, base, previous)
    else this.#outdate(base, DAILY, day)
  }

  #outdate(base: number, level: number, start: number): void {
    const series = base / SERIES
    const key = `${series} ${level} ${start}`
    if (!this.#outdated.has(key)) this.#outdated.set(key, { series, level, start, reason: Reason.late })
  }

  /** Whether a trade of the newest bar of an interval is in none of the shorter ones that are still open. */
  #isAbove(base: number, level: number, trade: BarTrade): boolean {
    if (level === 0 || level === DAILY) return true
    return startOf(level - 1, trade) !== this.#rows[base + CURRENT + (level - 1) * FIELDS]
  }

  /** Whether nothing of the series is left to be told later. */
  #flushSeries(series: number, options: FlushOptions, changes: BarChange[]): boolean {
    const rows = this.#rows
    const base = series * SERIES
    const heardUntil = options.heardUntil(series)
    const { provisional } = options
    const view = this.#view
    this.#closeCell(base)
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
          for (let below = 0; below < level; below++) addRowOf(rows, base + CURRENT + below * FIELDS, view)
        }
        const settled = tell(view, 0, { series, level }, { isOver: isOver(start), provisional }, changes)
        rows.set(view.subarray(Field.told), at + Field.told)
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
  for (const trade of trades) addTrade(row, 0, trade)
  return { figures: hasPrice(row, 0) ? figuresOf(row, 0) : undefined }
}

const joined = new Float64Array(2 * FIELDS)

/** Adds a row of one array to the first one of another. */
function addRowOf(rows: Float64Array, from: number, view: Float64Array): void {
  joined.set(rows.subarray(from, from + FIELDS))
  joined.set(view, FIELDS)
  addRow(joined, 0, FIELDS)
  view.set(joined.subarray(FIELDS))
}
