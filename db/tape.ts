import { formatInstantNs, type InstantNs } from '../src/market/instant-ns.ts'
import type { Instrument } from '../src/market/instrument.ts'
import type { TapeEvent, TapePage, TapePlace, TapeStore } from '../src/market/tape.ts'
import { shapeOfTick } from '../src/market/tick.ts'
import { isoOf } from '../src/market/time.ts'
import type { Trade, TradeCancel, TradeCorrection, TradeReference } from '../src/market/trade.ts'
import type { Database } from './client.ts'
import { present } from './rows.ts'
import type { TickKind } from './schema/ticks.ts'
import { createInstrumentStore } from './instruments.ts'
import { instantOf, microsecondOf, microsOf, tradeDateBound } from './tick-instants.ts'
import { nsOf } from './tick-writes.ts'

/** Trades as they were reported, with their corrections and cancellations at the instants when those came. */
export function createTapeStore({ sql }: Pick<Database, 'sql'>): TapeStore {
  const instruments = createInstrumentStore({ sql })

  async function trades(id: number, after: TapePlace, until: InstantNs, limit: number): Promise<TapeRow[]> {
    const { asOf, sequence, key } = after
    return sql<TapeRow[]>`
      select ${sql.unsafe(COLUMNS)} from ticks
      where instrument_id = ${id} and kind = 'trade' and trade_date between ${tradeDateBound(asOf, -1)}::text::date and ${tradeDateBound(until, 1)}::text::date
        and as_of >= ${microsOf(asOf)}::text::timestamptz and as_of < ${microsOf(until)}::text::timestamptz
        and (as_of, ns, sequence, key) > (${microsOf(asOf)}::text::timestamptz, ${nsOf(asOf)}::int, ${sequence}::bigint, ${key})
      order by as_of, ns, sequence, key limit ${limit}`
  }

  /** What was corrected and cancelled in [from, until): of the time of one page of trades. */
  async function replacing(id: number, from: InstantNs, until: InstantNs): Promise<TapeRow[]> {
    return sql<TapeRow[]>`
      select ${sql.unsafe(COLUMNS)}, held.price as "formerPrice", held.size as "formerSize", held.venue as "formerVenue",
        held.trade_id as "formerTradeId", held.sequence::float8 as "formerSequence", held.fence::float8 as "formerFence"
      from ticks
      left join lateral (
        select former.price, former.size, former.venue, former.trade_id, former.sequence, former.fence from ticks as former
        where former.instrument_id = ticks.instrument_id and former.trade_date = ticks.trade_date and former.key = ticks.replaces
        order by former.corrected_at nulls first limit 1
      ) as held on true
      where instrument_id = ${id} and replaces is not null
        and trade_date between ${tradeDateBound(from, -1)}::text::date and ${tradeDateBound(until, 1)}::text::date
        and corrected_at >= ${microsOf(from)}::text::timestamptz and corrected_at < ${microsOf(until)}::text::timestamptz
      order by corrected_at, sequence, key`
  }

  return {
    /** By the symbol of that day; one of which nothing is known is missing. */
    async find(symbols, at) {
      const found = await instruments.findAsOf(symbols, isoOf(at).slice(0, 10))
      return new Map([...found].map(([symbol, { id, currency }]) => [symbol, { id, symbol, currency }]))
    },

    async page(instrument, after, untilMs, limit): Promise<TapePage> {
      const until = { ms: untilMs, ns: 0 }
      const rows = await trades(instrument.id, after, until, limit)
      const last = rows.length === limit ? rows.at(-1)! : undefined
      // Up to the microsecond of the last trade: what was corrected within it comes with the next page.
      const end = last ? microsecondOf(instantOf(last.micros, 0)) : until
      const corrections = await replacing(instrument.id, microsecondOf(after.asOf), end)
      const events = [...rows, ...corrections].map((row) => eventOf(row, instrument))
      events.sort((a, b) => a.asOf.ms - b.asOf.ms || a.asOf.ns - b.asOf.ns)
      const next = last && { asOf: instantOf(last.micros, last.ns), sequence: last.sequence, key: last.key }
      return { events, next }
    }
  }
}

const COLUMNS = `
  ticks.kind, ticks.key, ticks.trade_date::text as "tradeDate", (extract(epoch from ticks.as_of) * 1000000)::float8 as micros,
  ticks.ns, ticks.sequence::float8 as sequence, ticks.fence::float8 as fence, ticks.price, ticks.size, ticks.venue,
  ticks.conditions, ticks.tape, ticks.trade_id as "tradeId", ticks.session, ticks.feed, ticks.source,
  (extract(epoch from ticks.received_at) * 1000)::float8 as "receivedAt", ticks.reason,
  (extract(epoch from ticks.corrected_at) * 1000000)::float8 as "correctedMicros"`

type TapeRow = Pick<Trade, 'tradeDate' | 'feed' | 'source' | 'sequence'> & {
  [Key in 'fence' | 'price' | 'size' | 'venue' | 'conditions' | 'tape' | 'tradeId' | 'session']: Trade[Key] | null
} & {
  kind: TickKind
  key: string
  micros: number
  ns: number
  /** Epoch milliseconds. */
  receivedAt: number
  reason: string | null
  correctedMicros: number | null
  formerPrice?: number | null
  formerSize?: number | null
  formerVenue?: string | null
  formerTradeId?: string | null
  formerSequence?: number | null
  formerFence?: number | null
}

/** As the vendor's stream told it. */
function eventOf(row: TapeRow, { symbol, currency }: Pick<Instrument, 'symbol' | 'currency'>): TapeEvent {
  const { kind, micros, ns, correctedMicros, tradeDate, sequence, fence, tape, session, feed, source, receivedAt } = row
  const tradedAt = instantOf(micros, ns)
  const asOf = correctedMicros === null ? tradedAt : instantOf(correctedMicros, 0)
  const stamp = present({ symbol, asOf, sequence, fence, tradeDate, session, tape, source, feed, receivedAt })
  const { price, size, venue, conditions, tradeId, reason } = row
  // The table has both of every row that is no cancellation.
  const figures = { price: price!, size: size! }
  const traded = { ...figures, ...present({ currency: currency ?? null, venue, conditions, tradeId }) }
  const timestamp = formatInstantNs(asOf)
  if (kind === 'trade') {
    const trade = shapeOfTick<Trade>({ ...stamp, ...traded })
    return { asOf, event: { type: 'trade', data: { symbol, trade, timestamp } } }
  }
  const replaced = { replaces: referenceOf(row, tradedAt), ...present({ reason }) }
  if (kind === 'cancel') {
    const cancel = shapeOfTick<TradeCancel>({ ...stamp, ...replaced })
    return { asOf, event: { type: 'trade_cancel', data: { symbol, cancel, timestamp } } }
  }
  const correction = shapeOfTick<TradeCorrection>({ ...stamp, ...traded, ...replaced })
  return { asOf, event: { type: 'trade_correction', data: { symbol, correction, timestamp } } }
}

/** What is known of the trade that a row replaces; of one that is not held, when it was traded. */
function referenceOf(row: TapeRow, tradedAt: InstantNs): TradeReference {
  return present({
    tradeDate: row.tradeDate,
    tape: row.tape,
    asOf: formatInstantNs(tradedAt),
    venue: row.formerVenue ?? null,
    tradeId: row.formerTradeId ?? null,
    sequence: row.formerSequence ?? null,
    fence: row.formerFence ?? null,
    price: row.formerPrice ?? null,
    size: row.formerSize ?? null
  })
}
