import type { AuditedSeries, BarAudit, BarDifference } from '../../db/bar-audits.ts'
import type { Stores } from '../../db/stores.ts'
import type { StoredTick } from '../../db/ticks.ts'
import { differenceCause, type AuditedTrade } from '../../src/bars/bar-audit.ts'
import type { Bar } from '../../src/market/bar.ts'
import { regularEnd, type Session } from '../../src/market/session.ts'
import { DAY_MS, MINUTE_MS } from '../../src/market/time.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import type { HistoryWay } from '../../src/streams/history.ts'
import type { AskedHistory } from './asked-history.ts'

/** Trades of one bar that are looked at to find out why it differs: of a day with more, the first ones. */
const MAX_TRADES = 200_000

export type BarAuditorOptions = {
  readonly history: AskedHistory
  readonly stores: Pick<Stores, 'barAudits' | 'ticks' | 'gaps'>
}

type Range = { readonly from: number; readonly until: number; readonly tradeDate: string }

/** Holds bars of own making against those that the vendor calls official. */
export class BarAuditor {
  readonly #options: BarAuditorOptions

  constructor(options: BarAuditorOptions) {
    this.#options = options
  }

  /** Undefined where the vendor sells no such bars. Rejects as the history does, and where Postgres is away. */
  async audit(series: AuditedSeries, session: Session, signal: AbortSignal): Promise<BarAudit | undefined> {
    const range = rangeOf(series, session)
    const official = await this.#official(series, range, signal)
    if (!official) return undefined
    const own = new Map((await this.#options.stores.barAudits.own(series, range)).map((bar) => [bar.start, bar]))
    const [first = ''] = own.keys()
    // Of what was before nobody here says that he listened.
    const starts = [...new Set([...own.keys(), ...official.bars.keys()])].filter((start) => start >= first).toSorted()
    const differences: BarDifference[] = []
    for (const start of starts) {
      signal.throwIfAborted()
      const found = await this.#compare(
        series,
        { start, own: own.get(start), official: official.bars.get(start) },
        range,
        official.way
      )
      if (found) differences.push(found)
    }
    const { tradeDate } = range
    return { ...series, tradeDate, official: official.way.name, compared: starts.length, differences }
  }

  async #compare(
    series: AuditedSeries,
    { start, own, official }: { start: string; own: Bar | undefined; official: Bar | undefined },
    range: Range,
    way: HistoryWay
  ): Promise<BarDifference | undefined> {
    const from = series.interval === '1d' ? range.from : Date.parse(start)
    const end = series.interval === '1d' ? range.until : from + MINUTE_MS
    const audited = { own, official, end, trades: [], isOneVenue: way.venue !== undefined, isInGap: false }
    // Most are the same: for these nobody looks at trades.
    if (differenceCause(audited) === undefined) return undefined
    const { stores } = this.#options
    const gaps = await stores.gaps.within(series.instrumentId, from, end)
    const isInGap = gaps.some(({ source, state }) => source === series.source && state !== 'filled')
    const trades = await this.#trades(series, from, end)
    const cause = differenceCause({ ...audited, trades, isInGap })
    return cause && { start, cause, own, official }
  }

  async #trades({ instrumentId, source, feed, interval }: AuditedSeries, from: number, until: number) {
    const at = (ms: number) => ({ ms, ns: 0 })
    const ticks = await this.#options.stores.ticks.range(instrumentId, {
      from: at(from),
      to: at(until),
      limit: MAX_TRADES,
      all: false
    })
    return ticks
      .filter((tick) => tick.source === source && tick.feed === feed)
      .filter(({ session = 'regular' }) => interval !== '1d' || session === 'regular')
      .map(auditedTrade)
  }

  async #official({ symbol, feed, interval }: AuditedSeries, range: Range, signal: AbortSignal) {
    const { history } = this.#options
    const { from, until } = interval === '1d' ? dayOf(range) : range
    for (const way of history.ways(feed, symbol)) {
      try {
        const bars = new Map<string, Bar>()
        const pages = new Set<string>()
        let page: string | undefined
        do {
          const asked = {
            symbol,
            interval: interval as '1m' | '1d',
            from,
            until,
            way,
            ...(page !== undefined && { page })
          }
          const answer = await history.bars(asked, signal)
          for (const bar of answer.items) bars.set(bar.start, bar)
          page = answer.next
          if (page !== undefined && pages.has(page)) {
            throw new ProviderError(history.name, 'bad_payload', `${history.name} named a page twice`)
          }
          if (page !== undefined) pages.add(page)
        } while (page !== undefined)
        return { way, bars }
      } catch (error) {
        if (!(error instanceof ProviderError) || (error.kind !== 'not_covered' && error.kind !== 'not_found'))
          throw error
      }
    }
    return undefined
  }
}

/** Vendors name a day by its midnight in New York, or by that of UTC. */
const dayOf = ({ tradeDate }: Range) => ({ from: Date.parse(tradeDate), until: Date.parse(tradeDate) + DAY_MS })

/** Of days the regular session; of minutes whatever is part of the day. */
function rangeOf({ interval }: AuditedSeries, session: Session): Range {
  const { date: tradeDate, pre, regular, post } = session
  if (interval === '1d') return { from: (pre ?? regular).open, until: regularEnd(session), tradeDate }
  return { from: (pre ?? regular).open, until: post?.close ?? regularEnd(session), tradeDate }
}

/** What stands has a price and a size. */
const auditedTrade = ({ receivedAt, price, size, ...tick }: StoredTick): AuditedTrade => ({
  ...tick,
  price: price!,
  size: size!,
  receivedAt: Date.parse(receivedAt)
})
