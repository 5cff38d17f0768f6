import type { StandingUpdate } from '../../db/bar-updates.ts'
import type { BboReport } from '../../db/bbo.ts'
import type { HaltReport } from '../../db/halts.ts'
import type { QuarantineEntry } from '../../db/quarantine.ts'
import { providerOfTrades } from '../../src/bars/series-names.ts'
import { impossibilityOfTrade } from '../../src/intake/plausibility.ts'
import { NO_ROW, type LogEntry } from '../../src/log/log-entry.ts'
import type { Position } from '../../src/log/position.ts'
import { RecordKind } from '../../src/log/record.ts'
import type { BarUpdate, BboUpdate, HaltUpdate, TradeCancelled, TradeCorrected } from '../../src/market/event.ts'
import type { Bbo } from '../../src/market/bbo.ts'
import type { Halt } from '../../src/market/halt.ts'
import { Feed } from '../../src/market/provenance.ts'
import { tickOfShape, type Tick } from '../../src/market/tick.ts'
import { DAY_MS, isoOf } from '../../src/market/time.ts'
import type { Trade, TradeCancel, TradeCorrection } from '../../src/market/trade.ts'

/** No session's date is further from its trades. */
const MAX_TRADE_DATE_DISTANCE_MS = 10 * DAY_MS
/** A vendor's clock is ahead of ours by less; what says more is not of now. */
const MAX_AHEAD_MS = 60_000
const MAX_TEXT = 256
/** Of what one batch refuses, so much is shown; all of it is counted. */
const MAX_QUARANTINED = 100
const FEEDS: ReadonlySet<string> = new Set(Feed.enum)
const DATE = /^\d{4}-\d\d-\d\d$/

/** Reports of a symbol whose instrument is not looked up yet. */
export type SymbolReport = { readonly symbol: string } & (
  | { readonly kind: 'trade'; readonly tick: Tick<Trade>; readonly isBackfilled: boolean }
  | { readonly kind: 'correction'; readonly tick: Tick<TradeCorrection> }
  | { readonly kind: 'cancel'; readonly tick: Tick<TradeCancel> }
)

/** That trading in a symbol stopped or went on; its instrument is not looked up yet. */
export type SymbolHalt = Omit<HaltReport, 'instrumentId'> & { readonly symbol: string }

/** A best bid and offer whose instrument is not looked up yet. */
export type SymbolBbo = Omit<BboReport, 'instrumentId'> & { readonly symbol: string }

/** What Postgres may refuse row by row. */
export type Refusable = SymbolReport | SymbolBbo | SymbolHalt | StandingUpdate

/** What is written together: a part of a shard, from one place to another. */
export class Batch {
  readonly reports: SymbolReport[] = []
  readonly bars: StandingUpdate[] = []
  readonly halts: SymbolHalt[] = []
  readonly bbo: SymbolBbo[] = []
  readonly quarantined: QuarantineEntry[] = []
  refused = 0
  bytes = 0
  /** When its first entry was taken, on the clock of performance.now(). */
  since: number | undefined
  /** When its newest entry was appended, epoch milliseconds. */
  appendedAt = 0
  end: Position | undefined
  readonly #keepsBbo: boolean

  /** `keepsBbo`: best bids and offers are written too. */
  constructor({ keepsBbo }: { readonly keepsBbo: boolean }) {
    this.#keepsBbo = keepsBbo
  }

  add(entries: readonly LogEntry[], end: Position, now: number): void {
    this.since ??= now
    this.end = end
    for (const entry of entries) {
      this.bytes += entry.bytes.length
      this.appendedAt = Math.max(this.appendedAt, entry.appendedAt)
      for (let index = 0; index < entry.count; index++) this.#addRecord(entry, index)
    }
  }

  /** Leaves a row of one of its lists out, which Postgres refuses. */
  refuse<Row extends Refusable>(list: Row[], row: Row, rule: string): void {
    list.splice(list.indexOf(row), 1)
    const value = 'tick' in row ? row.tick : row.bar
    const { source } = 'tick' in row ? row.tick : row.provenance
    this.#quarantine(row.symbol, source, rule, value)
  }

  #addRecord(entry: LogEntry, index: number): void {
    const row = entry.row(index)
    if (row === NO_ROW) return
    try {
      switch (entry.kind(index)) {
        case RecordKind.trade:
          return this.#addTrade(
            { kind: 'trade', symbol: entry.textOf(row), tick: entry.trade(index), isBackfilled: entry.isBackfill(row) },
            entry
          )
        case RecordKind.tradeCorrection: {
          const { symbol, correction } = (entry.event(index) as TradeCorrected).data
          return this.#addTrade({ kind: 'correction', symbol, tick: tickOfShape(correction) }, entry)
        }
        case RecordKind.tradeCancel: {
          const { symbol, cancel } = (entry.event(index) as TradeCancelled).data
          return this.#addTrade({ kind: 'cancel', symbol, tick: tickOfShape(cancel) }, entry)
        }
        case RecordKind.halt:
          return this.#addHalt((entry.event(index) as HaltUpdate).data, entry)
        case RecordKind.bbo:
          if (this.#keepsBbo) this.#addBbo((entry.event(index) as BboUpdate).data, entry)
          return
        case RecordKind.bar:
          return this.#addBar((entry.event(index) as BarUpdate).data)
      }
    } catch (error) {
      this.#quarantine(
        entry.textOf(row),
        'log',
        `unreadable: ${(error as Error).message}`.slice(0, MAX_TEXT),
        eventOf(entry, index)
      )
    }
  }

  #addTrade(report: SymbolReport, { appendedAt }: LogEntry): void {
    const { symbol, kind, tick } = report
    const rule = problemOfTick(tick, appendedAt) ?? (kind === 'cancel' ? undefined : problemOfTrade(tick))
    if (rule === undefined && kind !== 'trade') {
      if (isDate(tick.replaces.tradeDate)) this.reports.push(report)
      else this.#quarantine(symbol, tick.source, 'no-trade-date', tick)
    } else if (rule === undefined) this.reports.push(report)
    else this.#quarantine(symbol, tick.source, rule, tick)
  }

  /** A price band alone is not kept. */
  #addHalt({ symbol, halt }: HaltUpdate['data'], { appendedAt }: LogEntry): void {
    const { status } = halt
    if (status === undefined) return
    const tick = tickOfShape(halt)
    const texts = [halt.reason, halt.reasonCode, halt.tape]
    const rule = problemOfTick(tick, appendedAt) ?? (texts.every(isStorable) ? undefined : 'impossible-text')
    if (rule === undefined) this.halts.push({ symbol, tick: { ...tick, status } })
    else this.#quarantine(symbol, halt.source, rule, halt)
  }

  #addBbo({ symbol, bbo }: BboUpdate['data'], { appendedAt }: LogEntry): void {
    const tick = tickOfShape(bbo)
    const rule = problemOfTick(tick, appendedAt) ?? problemOfBbo(bbo)
    if (rule === undefined) this.bbo.push({ symbol, tick })
    else this.#quarantine(symbol, bbo.source, rule, bbo)
  }

  /** Those that were made here are written already. */
  #addBar({ state, ...update }: BarUpdate['data']): void {
    if (state === 'withdrawn' || providerOfTrades(update.provenance.source) !== undefined) return
    const { open, high, low, close, volume = 0 } = update.bar
    const isPossible = [open, high, low, close, volume].every(Number.isFinite) && high >= low && volume >= 0
    if (isPossible) this.bars.push({ ...update, state })
    else this.#quarantine(update.symbol, update.provenance.source, 'impossible-bar', update.bar)
  }

  #quarantine(symbol: string, provider: string, rule: string, value: unknown): void {
    this.refused++
    if (this.quarantined.length >= MAX_QUARANTINED) return
    this.quarantined.push({ symbol, provider, rule, severity: 'hard', value, at: isoOf(Date.now()) })
  }
}

/** What can be read of a record that is no trade. */
function eventOf(entry: LogEntry, index: number): unknown {
  try {
    return entry.event(index).data
  } catch {
    return undefined
  }
}

type AnyTick = Tick<Bbo> | Tick<Trade> | Tick<TradeCorrection> | Tick<TradeCancel> | Tick<Halt>

function problemOfTick(
  { asOf, sequence, tradeDate, source, feed, receivedAt }: AnyTick,
  appendedAt: number
): string | undefined {
  if (!isDate(tradeDate) || Math.abs(Date.parse(tradeDate) - asOf.ms) > MAX_TRADE_DATE_DISTANCE_MS)
    return 'no-trade-date'
  if (asOf.ms > appendedAt + MAX_AHEAD_MS) return 'in-the-future'
  if (!(Number.isSafeInteger(sequence) && sequence >= 0)) return 'no-sequence'
  return source.length > 0 && FEEDS.has(feed) && Number.isFinite(receivedAt) ? undefined : 'no-source'
}

function problemOfTrade(tick: Tick<Trade> | Tick<TradeCorrection>): string | undefined {
  const { tradeId, venue, conditions, tape } = tick
  const texts = [tradeId, venue, tape, ...(conditions ?? [])]
  if (!texts.every(isStorable)) return 'impossible-text'
  return impossibilityOfTrade(tick)?.rule
}

/** Nothing of it may be left that Postgres would refuse: then no batch would be written any more. */
function problemOfBbo(bbo: Bbo): string | undefined {
  const { bid, bidSize, ask, askSize, bidVenue, askVenue, tape, session, source, conditions = [], fence = 0 } = bbo
  if (![bidVenue, askVenue, tape, session, source, ...conditions].every(isStorable)) return 'impossible-text'
  if (!(Number.isSafeInteger(fence) && fence >= 0)) return 'no-sequence'
  return [bid, bidSize, ask, askSize].every((figure) => figure === undefined || Number.isFinite(figure))
    ? undefined
    : 'impossible-quote'
}

const isStorable = (text: string | undefined): boolean =>
  text === undefined || (text.length <= MAX_TEXT && !text.includes('\0'))

let lastDate = ''

/** Of many trades the date is the same. */
function isDate(text: string): boolean {
  if (text === lastDate) return true
  if (!DATE.test(text) || new Date(Date.parse(text)).getUTCDate() !== Number(text.slice(8))) return false
  lastDate = text
  return true
}
